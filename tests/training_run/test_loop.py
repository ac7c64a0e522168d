"""What a run does on its way: learning, averages, early end, trouble, several processes."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

torch = pytest.importorskip("torch")

from playingage.core import DeviceError, SettingError  # noqa: E402
from playingage.training.run import RunSettings, TrainingError, checkpoint  # noqa: E402
from playingage.training.run.folder import RunFolder  # noqa: E402
from playingage.training.run.launch import launched  # noqa: E402
from training_run.tiny import TinyLearner, make_loop, rows, run, settings, stop_after  # noqa: E402

_PATIENCE = 120
ROOT = Path(__file__).parents[1]


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    return found


def test_it_learns_and_keeps_the_log(tmp_path: Path) -> None:
    learner = TinyLearner()
    outcome = run(tmp_path, learner, settings(steps=120, held_out_every=40))
    assert outcome.ended == "steps" and outcome.step == 120
    held = [row["held_out"] for row in rows(tmp_path) if "held_out" in row]
    assert held[-1] < 0.05 * held[0]
    assert outcome.best == (120, held[-1])
    line = next(row for row in rows(tmp_path) if "loss" in row)
    assert line["loss"] == pytest.approx(line["terms"]["fit"] + line["terms"]["small"])
    assert sorted(path.name for path in (tmp_path / "previews").iterdir())[-1] == "0000120.png"
    assert int(learner.module.seen) == 480


def test_a_preview_is_the_picture_that_the_learner_drew(tmp_path: Path) -> None:
    run(tmp_path, chosen=settings(steps=1))
    first = cv2.imread(str(tmp_path / "previews" / "0000000.png"), cv2.IMREAD_COLOR_RGB)
    assert first is not None
    assert first.shape == (40, 120, 3) and first[0, 0].tolist() == [200, 40, 20]


def test_the_rate_follows_the_schedule_and_groups_keep_their_ratio(tmp_path: Path) -> None:
    made = settings(steps=100, warm=10, fall=0.5)
    assert made.factor(0) == pytest.approx(0.1)
    assert made.factor(30) == 1
    assert made.factor(75) == pytest.approx(0.5)
    assert made.factor(99) == pytest.approx(0.02)
    run(tmp_path, chosen=settings(steps=100, warm=10, fall=0.5, log_every=1))
    rates = {row["step"]: row["rate"] for row in rows(tmp_path) if "rate" in row}
    assert rates[1] == pytest.approx(0.01) and rates[31] == pytest.approx(0.1) and rates[76] == pytest.approx(0.05)


def test_it_ends_early_and_the_best_average_is_exported(tmp_path: Path) -> None:
    """The held-out line is flatter than the learned one: on the way to y = 2x + 1 they part again."""
    learner = TinyLearner(worse=0.3)
    chosen = settings(steps=400, patience=3)
    loop = make_loop(tmp_path, learner, chosen)
    with RunFolder(tmp_path).alone():
        loop.begin()
        outcome = loop.run()
        own = float(learner.module.a.detach())
        with loop.exporting():
            package = learner.export(tmp_path, "f" * 64)
        assert float(learner.module.a.detach()) == own
    assert outcome.ended == "early" and outcome.step < 400 and outcome.best is not None
    held = {row["step"]: row["held_out"] for row in rows(tmp_path) if "held_out" in row}
    step, loss = outcome.best
    assert held[step] == loss == min(held.values()) and outcome.step == step + 15
    exported = json.loads((package / "model.json").read_text(encoding="utf-8"))
    assert exported["a"] < own - 0.2
    assert status(tmp_path)["state"] == "exporting"


def test_an_early_end_stands_when_the_command_is_given_again(tmp_path: Path) -> None:
    chosen = settings(steps=400, patience=3)
    first = run(tmp_path, TinyLearner(worse=0.3), chosen)
    before, learner = rows(tmp_path), TinyLearner(worse=0.3)
    again = run(tmp_path, learner, chosen)
    assert (again.ended, again.step, again.best) == (first.ended, first.step, first.best)
    assert rows(tmp_path) == before and not learner.asked


def test_without_held_out_frames_all_steps_are_done(tmp_path: Path) -> None:
    outcome = run(tmp_path, TinyLearner(held_out=0), settings(patience=1))
    assert outcome.ended == "steps" and outcome.best is None
    assert not [row for row in rows(tmp_path) if "held_out" in row]


def test_the_seed_decides(tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "other", TinyLearner(), settings(seed=8))  # the same samples, other dropout
    assert rows(tmp_path / "one") != rows(tmp_path / "other")


def test_bf16_learns_too_and_its_weights_stay_float32(tmp_path: Path) -> None:
    learner = TinyLearner()
    outcome = run(tmp_path, learner, settings(steps=60, precision="bf16-mixed"))
    assert outcome.best is not None and outcome.best[1] < 0.5
    assert learner.module.a.dtype == torch.float32


def test_a_loss_that_is_no_number_ends_the_run_before_it_is_saved(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="at step 8 the gradient is no longer a number"):
        run(tmp_path, TinyLearner(spoil=7), settings(log_every=1))
    assert status(tmp_path)["state"] == "failed"
    state, _ = checkpoint.newest(tmp_path)
    assert state is not None and state["step"] == 6
    assert torch.isfinite(state["module"]["a"]).all()


def test_an_error_of_the_thread_that_makes_samples_is_raised(tmp_path: Path) -> None:
    class Broken(TinyLearner):
        def batch(self, step: int) -> dict[str, Any]:
            if step == 3:
                raise TrainingError("a cut cannot be read")
            return super().batch(step)

    with pytest.raises(TrainingError, match="a cut cannot be read"):
        run(tmp_path, Broken())
    assert "a cut cannot be read" in status(tmp_path)["words"]


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    class Wider(TinyLearner):
        def __init__(self) -> None:
            super().__init__()
            self.module.c = torch.nn.Parameter(torch.zeros(3))

    run(tmp_path, asked=stop_after(4))
    with pytest.raises(TrainingError, match="of another network"):
        run(tmp_path, Wider())


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"precision": "fp8"}, {"accelerator": "tpu"}, {"size": 300}, {"seed": -1}, {"fall": 0.0},
     {"average": 1.0}, {"patience": -1}, {"devices": 0}],
)
def test_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        RunSettings(**wrong)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_card_that_is_not_there_is_an_error_not_a_processor() -> None:
    with pytest.raises(DeviceError, match="no graphics card"):
        launched(settings(accelerator="cuda"))


def _in_small_files(folder: Path, limit: int) -> "subprocess.Popen[str]":
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "training_run.tiny", str(folder)], cwd=ROOT, text=True, preexec_fn=small,  # noqa: PLW1509
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


def test_a_full_disk_while_saving_leaves_the_older_checkpoints(tmp_path: Path) -> None:
    run(tmp_path, asked=stop_after(7))
    before = {path.name: path.read_bytes() for path in tmp_path.glob("checkpoint*")}
    assert len(before) == 2
    _, err = _in_small_files(tmp_path, min(map(len, before.values())) - 100).communicate(timeout=_PATIENCE)
    assert "no space is left on the disk" in err
    assert "TrainingError" in err
    assert {path.name: path.read_bytes() for path in tmp_path.glob("checkpoint*")} == before
    assert not list(tmp_path.rglob("*.tmp"))
    assert run(tmp_path).ended == "steps"


def test_a_full_disk_while_the_checkpoint_itself_is_written(tmp_path: Path) -> None:
    run(tmp_path, asked=stop_after(7))
    before = {path.name: path.read_bytes() for path in tmp_path.glob("checkpoint*")}
    state, _ = checkpoint.newest(tmp_path)
    assert state is not None
    code = (
        "import resource, sys; from pathlib import Path; from playingage.training.run import checkpoint\n"
        "folder = Path(sys.argv[1]); state, _ = checkpoint.newest(folder)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); checkpoint.write(folder, state)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], text=True, capture_output=True, check=False)
    assert "checkpoint.pt: cannot be written, no space is left on the disk" in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.glob("checkpoint*")} == before
    assert not list(tmp_path.rglob("*.tmp"))


def test_two_processes_under_torchrun(tmp_path: Path) -> None:
    """About 15 s: two processes learn together over gloo; the first one alone writes."""
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m",
            "training_run.tiny", str(tmp_path / "run")]
    done = subprocess.run(line, cwd=ROOT, text=True, capture_output=True, check=False, timeout=_PATIENCE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count("steps 30") == 2
    state, _ = checkpoint.newest(tmp_path / "run")
    assert state is not None and state["step"] == 30 and int(state["module"]["seen"]) == 120
    written = [row["step"] for row in rows(tmp_path / "run") if "loss" in row]
    assert written == [4, 8, 12, 16, 20, 24, 28, 30]
    assert "unused" not in done.stderr
    assert not list((tmp_path / "run").rglob("*.tmp"))
