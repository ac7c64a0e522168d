"""`playingage takes` on takes of a folder, and of a production with its ledger."""

import json
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest
from live.shooting import recorder, shoot
from live.test_takes_faults import begin, kill_after

from cli.conftest import Call, start
from playingage.live.takes import Take
from playingage.production import Production


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "takes"
    with recorder(folder) as made:
        shoot(made, range(10))
        shoot(made, range(20, 44))
        made.mark("print it")
    return folder


def test_listed_and_shown_for_people_and_programs(call: Call, shot: Path) -> None:
    told = call("takes", "list", "--takes", shot)
    assert told.code == 0 and [line.split()[0] for line in told.out.splitlines()] == ["12_A_002", "12_A_001"]
    listed = json.loads(call("takes", "list", "--takes", shot, "--json").out)
    assert [(each["frames"], each["ended"], each["sealed"]) for each in listed] == [
        (24, "cut", True), (10, "cut", True)]
    told = call("takes", "show", "12_A_002", "--takes", shot)
    assert "ada at 35 in 24 frames, package bbbbbbbbbbbb, grant aaaaaaaaaaaa" in told.out
    assert "print it" in told.out
    shown = json.loads(call("takes", "show", "12_A_002", "--takes", shot, "--json").out)
    assert shown["uses"][0]["ages"] == [35.0, 35.0] and shown["marks"][0]["number"] == 43


def test_what_was_altered_is_named(call: Call, shot: Path, tmp_path: Path) -> None:
    assert call("takes", "verify", "--takes", shot).code == 0
    shutil.copytree(shot, tmp_path / "takes")
    with (tmp_path / "takes" / "12_A_001" / "frames.jsonl").open("ab") as file:
        file.write(b"{}\n")
    told = call("takes", "verify", "--takes", tmp_path / "takes")
    assert told.code == 2 and "12_A_001: frames.jsonl is altered" in told.err and "12_A_002" not in told.err
    assert call("takes", "verify", "12_A_002", "--takes", tmp_path / "takes").code == 0


def test_a_power_cut_is_recovered_into_the_ledger(call: Call, tmp_path: Path) -> None:
    production = Production.create(tmp_path / "film", "Film")
    kill_after(begin(production.folder / "takes"), 48)
    told = call("takes", "verify", "--production", production.folder)
    assert told.code == 2 and "was not closed" in told.err
    told = call("takes", "recover", "--production", production.folder)
    assert told.code == 0 and "1 of 1 takes recovered: 12_A_001" in told.out
    (entry,) = [each for each in production.entries() if each.event == "take"]
    with Take.open(production.folder / "takes" / "12_A_001") as take:
        assert entry.performer == "ada" and entry.details["sha256"] == take.sha256
        assert entry.details["frames"] == len(take.frames) and entry.details["ended"] == "power cut"
    assert "0 of 1" in call("takes", "recover", "--production", production.folder).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("show", "12_A_009"), "is no take"), (("verify", "12_A_009"), "there is no take '12_A_009'")],
)
def test_what_is_not_there_is_refused(call: Call, shot: Path, arguments: tuple[str, ...], words: str) -> None:
    told = call("takes", *arguments, "--takes", shot)
    assert told.code == 2 and words in told.err and "Traceback" not in told.err
    assert call("takes", "list", "--takes", shot / "nowhere").code == 2


def test_played_without_a_camera(shot: Path) -> None:
    process = start("takes", "play", "--takes", shot, "--port", 0, "--no-open")
    try:
        assert process.stderr is not None
        address = process.stderr.readline().split(": ")[1].split()[0]
        with urllib.request.urlopen(address + "api/takes", timeout=60) as answer:
            assert [take["name"] for take in json.load(answer)["takes"]] == ["12_A_002", "12_A_001"]
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"playback.js" in answer.read()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
