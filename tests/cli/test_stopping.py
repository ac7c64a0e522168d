"""Ctrl-C, `kill`, a full disk, a closed pipe: right exit codes, and nothing half-written."""

import os
import pty
import resource
import select
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from render.material import moving, placed, write_clip, write_pictures

from cli.conftest import Call, left_in, start
from playingage.cli import stopping
from playingage.cli.output import progress_bar
from playingage.cli.stopping import Stopped, held_back, stop_by_exception

FAST = ("--age", "70", "--size", "256")
_PATIENCE = 120


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory, portrait: NDArray[np.uint8]) -> Path:
    """So long that it is stopped in the midst."""
    return write_clip(tmp_path_factory.mktemp("clip") / "take.mp4", [placed(portrait)] * 2000, options={"crf": "40"})


def _wait_for(folder: Path, process: "subprocess.Popen[str]", least: int) -> None:
    """Until something of `least` bytes (a partial file, or files of a partial folder) is being written in `folder`."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        files = [p for p in folder.rglob("*") if p.is_file()]
        if sum(p.stat().st_size for p in files if p.exists()) >= least:
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing was written: {process.communicate()}")


@pytest.mark.parametrize(
    ("number", "target", "code"),
    [(signal.SIGINT, "aged.mkv", 130), (signal.SIGTERM, "aged.%04d.png", 143)],
)
def test_stopped_in_the_midst(number: int, target: str, code: int, long_clip: Path, tmp_path: Path) -> None:
    process = start("render", long_clip, tmp_path / target, *FAST, "--matte", tmp_path / "m.mkv")
    _wait_for(tmp_path, process, 200_000)
    process.send_signal(number)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == code
    assert "Stopped" in err
    assert "Traceback" not in err
    assert not out
    assert not left_in(tmp_path)


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


def _full(source: Path, target: Path) -> None:
    process = start("render", source, target, *FAST, preexec_fn=_small_files)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert "no space is left" in err
    assert str(target) in err
    assert "Traceback" not in err
    assert not out
    assert not left_in(target.parent)


def test_disk_full_in_the_midst(long_clip: Path, tmp_path: Path) -> None:
    _full(long_clip, tmp_path / "aged.mkv")


def test_disk_full_at_the_end(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    """What is small is only written when it is finished."""
    source = write_clip(tmp_path / "take.mkv", moving(portrait, 3, (640, 480)), "ffv1", "bgr0", tags=(1, 1, 0, 2))
    (tmp_path / "out").mkdir()
    _full(source, tmp_path / "out" / "aged.mov")


def test_full_disk_in_a_sequence(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    source = write_pictures(tmp_path / "plates", moving(portrait, 2, (320, 240)))
    out = tmp_path / "out"
    out.mkdir()
    process = start("render", source, out / "aged.%04d.tif", *FAST, preexec_fn=_small_files)
    _, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert "no space is left" in err
    assert not left_in(out)


def test_closed_pipe(long_clip: Path) -> None:
    with start("inspect", long_clip, "--no-faces") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert not process.stderr.read()
        assert process.wait(_PATIENCE) == 141


def test_results_that_cannot_be_written(long_clip: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = start("inspect", long_clip, "--no-faces", "--json", stdout=full)
        _, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert "standard output" in err
    assert "Traceback" not in err


def test_bar_with_time_left_on_a_terminal(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    source = write_clip(tmp_path / "take.mkv", moving(portrait, 4))
    leader, follower = pty.openpty()
    process = start(
        "render", source, tmp_path / "aged.mkv", *FAST, stdout=follower, stderr=follower, stdin=follower,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm-256color"},
    )
    os.close(follower)
    shown = b""
    while select.select([leader], [], [], _PATIENCE)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        shown += part
    assert process.wait(_PATIENCE) == 0
    text = shown.decode("utf-8", "replace")
    assert "Rendering" in text
    assert "4/4" in text
    assert "left" in text
    assert "re-aged to 70" in text


def test_question_for_consent_on_a_terminal_can_be_answered(
    tmp_path: Path, portrait: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLAYINGAGE_CONSENT")
    source = write_clip(tmp_path / "take.mkv", moving(portrait, 2))
    leader, follower = pty.openpty()
    process = start(
        "render", source, tmp_path / "aged.mkv", *FAST, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    os.write(leader, b"NASA's portrait, public domain\n")
    shown = b""
    while select.select([leader], [], [], _PATIENCE)[0]:
        try:
            shown += os.read(leader, 65536)
        except OSError:
            break
    assert process.wait(_PATIENCE) == 0
    assert b"in which capacity" in shown
    assert b"Consent recorded" in shown


def test_signal_waits_while_held_back(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_state", stopping._Signals())
    stop_by_exception()
    done = []
    with pytest.raises(Stopped) as stopped, held_back(), held_back():
        signal.raise_signal(signal.SIGTERM)
        done.append("all")
    assert done == ["all"]
    assert stopped.value.exit_code == 143
    signal.raise_signal(signal.SIGINT)  # the second one lets the tidying up finish
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL  # the third one would not


def test_a_signal_whose_exception_was_lost_is_not_forgotten(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_state", stopping._Signals())
    stop_by_exception()
    with progress_bar("Rendering", 2) as tell:
        tell(1)
        with suppress(BaseException):  # as a destructor or a library's call back does
            signal.raise_signal(signal.SIGTERM)
        with held_back():
            tell(2)
        with pytest.raises(Stopped) as stopped:
            tell(2)
    assert stopped.value.exit_code == 143
