"""A run that was stopped, killed or damaged goes on as if it had not been."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from playingage.training.run import TrainingError, checkpoint  # noqa: E402
from training_run.tiny import TinyLearner, rows, run, settings, stop_after  # noqa: E402

_PATIENCE = 60


def whole(tmp_path: Path) -> list[dict[str, Any]]:
    run(tmp_path / "whole")
    return rows(tmp_path / "whole")


def weights(folder: Path) -> dict[str, Any]:
    state, said = checkpoint.newest(folder)
    assert state is not None and not said
    return {**state["module"], **{f"average.{name}": value for name, value in state["average"].items()}}


def assert_same_end(one: Path, other: Path) -> None:
    assert rows(one) == rows(other)
    first, second = weights(one), weights(other)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert names(one / "previews") == names(other / "previews")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_stopped_twice_gives_the_same_as_undisturbed(tmp_path: Path) -> None:
    expected = whole(tmp_path)
    folder = tmp_path / "stopped"
    assert run(folder, asked=stop_after(7)).ended == "stopped"
    assert run(folder, asked=stop_after(10)).step == 17
    notes: list[str] = []
    assert run(folder, note=notes.append).ended == "steps"
    assert notes == ["Going on from step 17."]
    assert rows(folder) == expected
    assert_same_end(tmp_path / "whole", folder)
    assert [row["step"] for row in expected if "loss" in row] == [4, 8, 12, 16, 20, 24, 28, 30]
    assert [row["step"] for row in expected if "held_out" in row] == [0, 5, 10, 15, 20, 25, 30]


def test_what_was_logged_after_the_checkpoint_is_cut_away(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(folder, asked=stop_after(9))
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"step":12,"loss":99}\n{"step":13,"lo')
    (folder / "previews" / "0000010.png").write_bytes(b"of a step that is learned anew")
    run(folder)
    assert rows(folder) == whole(tmp_path)
    assert_same_end(tmp_path / "whole", folder)


def test_samples_of_a_step_are_asked_by_its_number(tmp_path: Path) -> None:
    first, second = TinyLearner(), TinyLearner()
    run(tmp_path, first, asked=stop_after(5))
    run(tmp_path, second)
    assert first.asked[:5] == [0, 1, 2, 3, 4]
    assert second.asked[:25] == list(range(5, 30))


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    root = Path(__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-m", "training_run.tiny", str(folder), *arguments], cwd=root, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


def test_killed_at_random_moments(tmp_path: Path) -> None:
    folder, drawn = tmp_path / "killed", random.Random(5)
    kills = 0
    for _ in range(3):
        process = start(folder, "--pause", "0.02")
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(drawn.uniform(0.05, 0.7))
        process.kill()
        kills += process.wait(_PATIENCE) == -9
        process.stdout.close()
        process.stderr.close()
    assert kills == 3
    process = start(folder)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] == "steps 30"
    run(tmp_path / "whole")
    assert_same_end(tmp_path / "whole", folder)
    assert not list(folder.rglob("*.tmp"))


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "flipped", "empty"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(how: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(folder, asked=stop_after(8))
    newest = folder / checkpoint.NEWEST
    if how == "flipped":
        inside = newest.read_bytes()
        state = torch.load(newest, weights_only=True)
        state["state"]["module"]["a"] += 1e-6  # whole to torch, but not what was saved
        torch.save(state, newest)
        assert newest.read_bytes() != inside
    else:
        newest.write_bytes(newest.read_bytes()[: {"cut": 900, "empty": 0}[how]])
    notes: list[str] = []
    run(folder, note=notes.append)
    assert "checkpoint.pt is damaged" in notes[0] and "of step 6" in notes[0]
    assert_same_end_after_damage(tmp_path, folder)


def assert_same_end_after_damage(tmp_path: Path, folder: Path) -> None:
    run(tmp_path / "whole")
    assert_same_end(tmp_path / "whole", folder)


def test_a_save_cut_off_between_its_two_renames(tmp_path: Path) -> None:
    run(tmp_path / "run", asked=stop_after(8))
    (tmp_path / "run" / checkpoint.NEWEST).unlink()
    notes: list[str] = []
    run(tmp_path / "run", note=notes.append)
    assert "is missing: the last save was cut off" in notes[0]
    assert_same_end_after_damage(tmp_path, tmp_path / "run")


def test_both_checkpoints_damaged_is_an_error_that_loses_nothing(tmp_path: Path) -> None:
    run(tmp_path, asked=stop_after(8))
    for name in (checkpoint.NEWEST, checkpoint.BEFORE):
        damage(tmp_path / name)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:500])
    before = {path.name: path.read_bytes() for path in tmp_path.glob("checkpoint*")}
    log = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(TrainingError, match="no checkpoint can be read") as error:
        run(tmp_path)
    assert "--fresh" in error.value.do
    assert {path.name: path.read_bytes() for path in tmp_path.glob("checkpoint*")} == before
    assert (tmp_path / "log.jsonl").read_bytes() == log


def test_a_checkpoint_of_another_release_is_refused(tmp_path: Path) -> None:
    run(tmp_path, asked=stop_after(4))
    stored = torch.load(tmp_path / checkpoint.NEWEST, weights_only=True)
    torch.save(stored | {"version": 2}, tmp_path / checkpoint.NEWEST)
    with pytest.raises(TrainingError, match="version 2; this program reads version 1"):
        run(tmp_path)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    run(tmp_path, asked=stop_after(4))
    state, _ = checkpoint.newest(tmp_path)
    assert state is not None
    checkpoint.write(tmp_path, state | {"identity": "2" * 64})
    with pytest.raises(TrainingError, match="other settings or another archive"):
        run(tmp_path)


def test_a_checkpoint_holds_no_code(tmp_path: Path) -> None:
    """Someone else's checkpoint cannot run anything: it is read as weights only."""
    run(tmp_path, asked=stop_after(4))
    torch.save({"format": checkpoint.FORMAT, "version": 1, "sha256": "", "state": {"step": Path("x")}},
               tmp_path / checkpoint.NEWEST)
    (tmp_path / checkpoint.BEFORE).unlink()
    with pytest.raises(TrainingError, match="is damaged"):
        run(tmp_path)


def test_two_trainings_in_one_folder(tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--pause", "0.3")
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        end = time.monotonic() + _PATIENCE
        while not (tmp_path / "run" / "status.json").exists() and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(TrainingError, match="another training is working here"):
            run(tmp_path / "run", chosen=settings())
    finally:
        process.kill()
        process.communicate()
