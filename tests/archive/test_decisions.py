"""The journal of decisions: nothing acknowledged is lost, nothing damaged is taken, folding may be done again."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archive.material import make_faceset, make_row
from playingage.archive import Faceset, FacesetError
from playingage.archive.decisions import (
    FILE,
    OF_ROW,
    SETTABLE,
    Change,
    Decision,
    Journal,
    decided,
    fold,
    load_decided,
    read_decisions,
)
from playingage.archive.files import locked

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "decisions.md"
KEPT, GONE = {"state": "kept", "reason": ""}, {"state": "rejected", "reason": ""}


def decision(number: int, *faces: str, to: dict[str, str] | None = None) -> Decision:
    change = Change(faces=faces, set=to or GONE, was=KEPT)
    return Decision(number=number, at="2026-11-21T14:00:00+00:00", by="a page", changes=(change,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_faceset(tmp_path, tuple(make_row(i) for i in range(4)))
    return tmp_path


def test_decisions_come_back_in_order_with_unknown_fields(folder: Path) -> None:
    with Journal(folder, "ada") as journal:
        assert journal.next_number == 1
        journal.append(decision(1, "face-0001"))
        journal.append(Decision(number=2, at="now", by="b", changes=(), undoes=1, extra={"later": [1]}))
    with Journal(folder, "ada") as journal:
        assert journal.next_number == 3 and journal.decisions[1].extra == {"later": [1]}
        assert journal.decisions[0] == decision(1, "face-0001") and journal.decisions[1].undoes == 1
    assert len(read_decisions(folder, "ada")) == 2


def test_no_journal_means_no_decisions(tmp_path: Path) -> None:
    assert read_decisions(tmp_path, "ada") == ()


def test_a_line_cut_off_by_a_kill_is_taken_away_and_writing_goes_on(folder: Path) -> None:
    with Journal(folder, "ada") as journal:
        journal.append(decision(1, "face-0001"))
    with (folder / FILE).open("ab") as file:
        file.write(decision(2, "face-0002").line()[:-20])
    assert len(read_decisions(folder, "ada")) == 1
    with Journal(folder, "ada") as journal:
        journal.append(decision(2, "face-0003"))
    assert [d.changes[0].faces for d in read_decisions(folder, "ada")] == [("face-0001",), ("face-0003",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"number":1}\n', "line 2 is no decision"),
        (b"nonsense\n", "line 2 is no decision"),
        (decision(1, "x").line().replace(b'"rejected"', b'"perhaps"'), "line 2 is no decision: state"),
        (decision(1, "x").line().replace(b'{"reason":"","state":"kept"}', b'{"age":0}'), "age cannot be 0"),
    ],
)
def test_damage_is_said_with_its_line_and_nothing_is_changed(folder: Path, text: bytes, said: str) -> None:
    Journal(folder, "ada").close()
    with (folder / FILE).open("ab") as file:
        file.write(text)
    before = (folder / FILE).read_bytes()
    for read in (lambda: Journal(folder, "ada"), lambda: read_decisions(folder, "ada"), lambda: fold(folder)):
        with pytest.raises(FacesetError, match=said):
            read()
    assert (folder / FILE).read_bytes() == before


@pytest.mark.parametrize(
    ("head", "said"),
    [({"version": 2}, "version 2"), ({"format": "x"}, "does not begin"), ({"performer": "bob"}, "about 'bob'")],
)
def test_a_journal_of_another_kind_is_refused(folder: Path, head: dict[str, object], said: str) -> None:
    whole = {"format": "playingage-decisions", "version": 1, "performer": "ada"}
    (folder / FILE).write_text(json.dumps(whole | head) + "\n")
    with pytest.raises(FacesetError, match=said):
        Journal(folder, "ada")


def test_one_program_at_a_time_writes(folder: Path) -> None:
    with Journal(folder, "ada"), pytest.raises(FacesetError, match="open in another"):
        Journal(folder, "ada")
    Journal(folder, "ada").close()


def test_a_full_disk_adds_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with Journal(folder, "ada") as journal:
        journal.append(decision(1, "face-0001"))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(FacesetError, match="disk is full"):
                journal.append(decision(2, "face-0002"))
        journal.append(decision(2, "face-0003"))
    assert [d.changes[0].faces for d in read_decisions(folder, "ada")] == [("face-0001",), ("face-0003",)]


def test_what_was_acknowledged_outlives_a_kill(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from playingage.archive.decisions import *\n"
        "journal = Journal(Path(sys.argv[1]), 'ada')\n"
        "for n in range(1, 100000):\n"
        "    c = Change(faces=(f'face-{n % 4:04d}',), set={'state': 'accepted'}, was={'state': 'kept'})\n"
        "    journal.append(Decision(number=n, at='now', by='x', changes=(c,))); print(n, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    acknowledged = max(int(line) for line in told if line.endswith("\n"))
    kept = [d.number for d in read_decisions(folder, "ada")]
    assert acknowledged >= 25 and kept[: acknowledged] == list(range(1, acknowledged + 1))
    assert fold(folder) == 4 and {row.state for row in Faceset.load(folder).rows} == {"accepted"}


def test_the_last_word_holds(folder: Path) -> None:
    later = Decision(number=2, at="now", by="x", changes=(Change(faces=("a",), set={"age": 40.5}, was={"age": 31.5}),))
    assert decided([decision(1, "a", "b"), later]) == {"a": {**GONE, "age": 40.5}, "b": GONE}


def test_folding_may_be_done_again_and_after_faces_came_back(folder: Path) -> None:
    with Journal(folder, "ada") as journal:
        journal.append(decision(1, "face-0001", "face-0002", "gone"))
    assert [row.state for row in Faceset.load(folder).rows] == ["kept"] * 4
    assert [row.id for row in load_decided(folder).used] == ["face-0000", "face-0003"]
    assert (fold(folder), fold(folder)) == (2, 0)
    faceset = Faceset.load(folder)
    assert [row.state for row in faceset.rows] == ["kept", "rejected", "rejected", "kept"] and faceset.rows[1].decided
    faceset.with_rows([make_row(1, state="rejected", reason="blurred"), make_row(9)]).save()  # as an ingest would
    assert fold(folder) == 1
    assert [(row.state, row.reason) for row in Faceset.load(folder).rows] == [("rejected", ""), ("kept", "")]


def test_folding_waits_for_nobody(folder: Path) -> None:
    with Journal(folder, "ada") as journal:
        journal.append(decision(1, "face-0001"))
    with locked(folder), pytest.raises(FacesetError, match="another program"):
        fold(folder)


def test_the_page_says_what_the_code_reads() -> None:
    text = PAGE.read_text(encoding="utf-8")

    def rows(heading: str) -> dict[str, str]:
        lines = text.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
        cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
        return {cell[0].strip("`"): cell[1] for cell in cells}

    head, example = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert json.loads(head) == {"format": "playingage-decisions", "version": 1, "performer": "ada"}
    parsed = Decision.parse(example.encode())
    assert parsed.line().decode() == example and not parsed.extra
    fields = rows("Fields of a decision")
    assert {name for name, needed in fields.items() if needed == "required"} == set(json.loads(example))
    for name in json.loads(example):
        with pytest.raises(KeyError):
            Decision.parse(json.dumps({k: v for k, v in json.loads(example).items() if k != name}).encode())
    assert set(fields) == set(json.loads(Decision(number=2, at="", by="", changes=(), undoes=1).line()))
    assert set(rows("What can be set")) == set(SETTABLE) == {*OF_ROW, "note"}
