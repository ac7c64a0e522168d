"""Whatever is done to the ledger is found and named; what a power cut leaves is told from that."""

import json
import multiprocessing
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playingage.core import canonical_json, sha256_bytes
from playingage.production import Ledger, LedgerError
from playingage.rights.chain import Chain, Head, examine

GRANT = "a" * 64
EVENTS = ("grant-filed", "ingest", "train", "load", "render")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / "ledger.jsonl")
    made.begin("f" * 32, "The Long Year")
    for event in EVENTS:
        made.append(event, performer="ada", grant=GRANT, frames=24, note="Szene 3, „außen“")
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Bytes of a ledger of six lines, and of its head."""
    made = Ledger(tmp_path_factory.mktemp("l") / "ledger.jsonl")
    made.begin("f" * 32, "The Long Year")
    for event in EVENTS:
        made.append(event, performer="ada", grant=GRANT, frames=24)
    return made.file.read_bytes(), made.head_file.read_bytes()


def changed(data: bytes, number: int) -> bytes:
    return data.replace(f'"number":{number},'.encode(), f'"number":{number},"extra":1,'.encode())


def test_lines_are_chained_and_numbered(ledger: Ledger) -> None:
    entries = ledger.entries()
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.before for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert entries[2].details == {"frames": 24, "note": "Szene 3, „außen“"}
    lines = ledger.file.read_bytes().splitlines()
    assert [sha256_bytes(line) for line in lines] == [entry.hash for entry in entries]
    assert ledger.append("live", performer="ada") == ledger.entries()[-1].hash


def test_fields_of_its_own_and_values_that_are_no_json_are_refused(ledger: Ledger) -> None:
    before = ledger.file.read_bytes()
    with pytest.raises(ValueError, match="'before' of its own"):
        ledger.append("load", before="x")
    with pytest.raises(ValueError, match="Out of range"):
        ledger.append("load", loss=float("nan"))
    assert ledger.file.read_bytes() == before


@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_a_changed_line_is_named(whole: tuple[bytes, bytes], number: int) -> None:
    lines = whole[0].split(b"\n")
    lines[number - 1] = lines[number - 1].replace(b'"version":1', b'"version":1,"x":2')
    lines[number - 1] = canonical_json(json.loads(lines[number - 1]))
    faults = examine(b"\n".join(lines), whole[1]).faults
    assert len(faults) == 1 and faults[0].startswith(f"number {number} was changed")


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_missing_line_is_named(whole: tuple[bytes, bytes], number: int) -> None:
    lines = whole[0].splitlines(keepends=True)
    del lines[number - 1]
    assert examine(b"".join(lines), whole[1]).faults == (f"number {number} is missing",)


def test_lines_cut_off_at_the_end_are_named(whole: tuple[bytes, bytes]) -> None:
    lines = whole[0].splitlines(keepends=True)
    assert examine(b"".join(lines[:4]), whole[1]).faults == ("numbers 5 to 6 are missing: cut off at the end",)
    assert examine(b"", whole[1]).faults == ("numbers 1 to 6 are missing: cut off at the end",)


def test_reordered_and_repeated_lines_are_named(whole: tuple[bytes, bytes]) -> None:
    lines = whole[0].splitlines(keepends=True)
    swapped = [*lines[:2], lines[3], lines[2], *lines[4:]]
    assert examine(b"".join(swapped), whole[1]).faults == ("number 3 stands behind number 4: lines were reordered",)
    assert examine(b"".join([*lines, lines[2]]), whole[1]).faults == ("number 3 appears twice",)


def test_a_line_put_in_between_is_named(whole: tuple[bytes, bytes], ledger: Ledger) -> None:
    lines = whole[0].splitlines(keepends=True)
    foreign = ledger.file.read_bytes().splitlines(keepends=True)[3]
    faults = examine(b"".join([*lines[:3], foreign, *lines[3:]]), whole[1]).faults
    assert any("number 4 appears twice" in fault for fault in faults)
    words = b"these are words\n"
    assert any("line 4: is altered" in fault for fault in
               examine(b"".join([*lines[:3], words, *lines[3:]]), whole[1]).faults)


def test_a_head_that_is_missing_changed_or_old_is_named(whole: tuple[bytes, bytes]) -> None:
    assert "ledger.head is missing" in examine(whole[0], None).faults[0]
    assert "not JSON" in examine(whole[0], b"x").faults[0]
    old = Head(count=3, hash="0" * 64)
    assert any("knows 3 lines, but there are 6" in fault for fault in examine(whole[0], old.data).faults)


@settings(max_examples=400, deadline=None)
@given(place=st.floats(0, 1), flip=st.integers(1, 255), head=st.booleans())
def test_any_changed_byte_is_found(whole: tuple[bytes, bytes], place: float, flip: int, head: bool) -> None:
    assert examine(*whole).faults == ()
    parts = [bytearray(part) for part in whole]
    part = parts[1 if head else 0]
    part[int(place * (len(part) - 1))] ^= flip
    assert examine(bytes(parts[0]), bytes(parts[1])).faults


@settings(max_examples=200, deadline=None)
@given(order=st.permutations(range(6)), keep=st.sets(st.integers(0, 5)))
def test_any_other_choice_or_order_of_lines_is_found(
    whole: tuple[bytes, bytes], order: list[int], keep: set[int]
) -> None:
    lines = whole[0].splitlines(keepends=True)
    chosen = [place for place in order if place in keep]
    assert bool(examine(b"".join(lines[place] for place in chosen), whole[1]).faults) == (chosen != list(range(6)))


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300), head=st.none() | st.binary(max_size=100))
def test_whatever_stands_there_is_looked_at_without_a_fault_of_ours(data: bytes, head: bytes | None) -> None:
    assert isinstance(examine(data, head), Chain)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), flip=st.integers(1, 255), head=st.booleans())
def test_nothing_is_appended_to_a_ledger_that_does_not_end_as_it_was_left(
    tmp_path: Path, whole: tuple[bytes, bytes], place: float, flip: int, head: bool
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    last = whole[0].rstrip(b"\n").rfind(b"\n") + 1
    data, top = bytearray(whole[0]), bytearray(whole[1])
    if head:
        top[int(place * (len(top) - 1))] ^= flip
    else:
        data[last + int(place * (len(data) - last - 1))] ^= flip
    ledger.file.write_bytes(data)
    ledger.head_file.write_bytes(top)
    with pytest.raises(LedgerError):
        ledger.append("load")
    assert ledger.file.read_bytes() == data


def test_an_unfinished_line_is_reported_kept_and_confirmed(ledger: Ledger) -> None:
    before = ledger.file.read_bytes()
    ledger.file.write_bytes(before + b'{"before":"12')  # the power went while number 7 was written
    chain = ledger.examine()
    assert chain.faults == () and chain.notes == ("line 7 is unfinished (13 bytes): a power cut, or the file was cut "
                                                  "off",)
    ledger.append("load", performer="ada")
    chain = ledger.examine()
    assert [entry.number for entry in chain.entries] == [1, 2, 3, 4, 5, 6, 7]
    assert chain.faults == ()
    assert chain.notes == ("line 7 is unfinished, as a power cut leaves it; line 8 confirms it",)
    data = ledger.file.read_bytes()
    for other in (data.replace(b'{"before":"12\n', b""), data.replace(b'{"before":"12\n', b'{"before":"13\n')):
        ledger.file.write_bytes(other)
        assert ledger.examine().faults


def test_a_kill_between_line_and_head_is_no_fault(ledger: Ledger) -> None:
    head = ledger.head_file.read_bytes()
    ledger.append("load", performer="ada")
    ledger.head_file.write_bytes(head)
    chain = ledger.examine()
    assert chain.faults == () and "one line behind" in chain.notes[0]
    ledger.append("load", performer="ada")
    assert ledger.examine().notes == () and len(ledger.entries()) == 8


def test_a_clock_set_back_is_noted(tmp_path: Path) -> None:
    times = iter([datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)])
    ledger = Ledger(tmp_path / "ledger.jsonl", lambda: next(times))
    ledger.begin("f" * 32, "x")
    ledger.append("load")
    assert ledger.examine().faults == () and "a clock was set back" in ledger.examine().notes[0]


def test_absent_and_unwritable_ledgers(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="is missing"):
        Ledger(tmp_path / "no" / "ledger.jsonl").append("load")
    with pytest.raises(LedgerError, match="exists already"):
        ledger.begin("f" * 32, "x")
    ledger.head_file.unlink()
    with pytest.raises(LedgerError, match="is missing"):
        ledger.append("load")


def write_many(file: Path, count: int) -> None:
    for number in range(count):
        Ledger(file).append("load", performer="ada", by=os.getpid(), n=number)


def test_several_programs_append_at_once(ledger: Ledger) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(ledger.file, 15)) for _ in range(3)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):  # whoever looks meanwhile sees no half-written state
        assert ledger.examine().faults == ()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    assert len(ledger.entries()) == 6 + 45 and ledger.examine().notes == ()


def test_killed_anywhere_while_appending_loses_no_line_that_was_confirmed(ledger: Ledger) -> None:
    lucky = random.Random(4)
    confirmed = len(ledger.entries())
    program = f"""
import os, pathlib
from playingage.production import Ledger
ledger = Ledger(pathlib.Path({str(ledger.file)!r}))
while True:
    ledger.append("load", performer="ada")
    os.write(1, b".")
"""
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, bufsize=0) as child:
            assert child.stdout is not None
            for _ in range(lucky.randrange(1, 12)):
                confirmed += len(child.stdout.read(1))
            child.kill()
            confirmed += len(child.stdout.read())
        chain = ledger.examine()
        assert chain.faults == () and len(chain.entries) - confirmed in (0, 1)
        confirmed = len(chain.entries)


def test_a_full_disk_leaves_the_ledger_as_it_was(ledger: Ledger) -> None:
    before = ledger.file.read_bytes()
    program = f"""
import pathlib, resource, signal
from playingage.production import Ledger, LedgerError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 40}, resource.RLIM_INFINITY))
try:
    Ledger(pathlib.Path({str(ledger.file)!r})).append("load", performer="ada")
except LedgerError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large; nothing was done" in done.stdout
    assert ledger.file.read_bytes() == before and ledger.examine().notes == ()


def test_a_line_may_name_very_many_files(ledger: Ledger) -> None:
    ledger.append("ingest", performer="ada", files=[f"{number:064x}" for number in range(30_000)])
    assert len(ledger.entries()[-1].details["files"]) == 30_000
