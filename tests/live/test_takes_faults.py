"""Takes and what befalls them: power cuts, torn files, full and failing disks."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live.fakes import read_number
from live.shooting import done, pair, recorder, shoot, state, wait
from playingage.core import PlayingAgeError, Timecode
from playingage.live.takes import (
    PICTURES,
    RecorderSettings,
    Take,
    TakeError,
    TakeUse,
    disk,
    recover,
    recover_all,
    take_folders,
    uses_of,
)
from playingage.live.takes.names import FRAMES_FILE, STATES_FILE, TAKE_FILE
from playingage.live.takes.shelf import Shelf
from playingage.media.motion_jpeg import JpegClipWriter
from playingage.rights.chain import LedgerError

NAME = "12_A_001"
SHOOTS_FOR_EVER = """
    import sys, time
    from pathlib import Path
    from live.shooting import pair, recorder, state
    with recorder(Path(sys.argv[1])) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        begun = time.monotonic()
        for number in range(100000):
            time.sleep(max(0, begun + number / 24 - time.monotonic()))
            made(pair(number, rolling))
            print(number, flush=True)
"""


def begin(folder: Path) -> "subprocess.Popen[str]":
    """A process that records until it is killed, and says which frame it has handed over."""
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(tests)}
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(SHOOTS_FOR_EVER), str(folder)],
                            stdout=subprocess.PIPE, text=True, env=environment)


def kill_after(process: "subprocess.Popen[str]", frames: int) -> int:
    """Kill it as a power cut would; the last frame that it handed over."""
    assert process.stdout is not None
    last = -1
    for line in process.stdout:
        last = int(line)
        if last >= frames:
            break
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    process.stdout.close()
    return last


def test_a_killed_program_loses_no_more_than_the_last_second(tmp_path: Path) -> None:
    last = kill_after(begin(tmp_path), 72)
    with Take.open(tmp_path / NAME) as take:
        assert take.ended == "power cut" and not take.recording
        assert last - 24 <= take.frames[-1].number <= last + 2
        assert [frame.number for frame in take.frames] == list(range(len(take.frames)))
        assert all(read_number(take.pixels(i, "clean"), 0) == i for i in (0, len(take.frames) - 1))
        kept = len(take.frames)
    for name in PICTURES:  # any player shows it up to there
        told = subprocess.run(
            ["ffprobe", "-v", "quiet", "-count_packets", "-show_entries", "stream=nb_read_packets,r_frame_rate", "-of",
             "json", str(tmp_path / NAME / f"{name}.mkv")], capture_output=True, check=True)
        stream = json.loads(told.stdout)["streams"][0]
        assert int(stream["nb_read_packets"]) >= kept and stream["r_frame_rate"] == "24/1"
    before = {path.name: path.read_bytes() for path in (tmp_path / NAME).iterdir() if path.name != TAKE_FILE}
    uses: list[TakeUse] = []
    assert recover(tmp_path / NAME, uses.extend) and not recover(tmp_path / NAME, uses.extend)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / NAME).iterdir() if path.name != TAKE_FILE}
    with Take.open(tmp_path / NAME) as take:
        assert take.ended == "power cut" and take.sealed and "was not closed" in take.document["words"]
        assert take.verify() == [] or take.verify() == [f"{take.torn} lines of {FRAMES_FILE} are no whole frames"]
    assert [use.performer for use in uses] == ["ada"] and uses[0].ended == "power cut" and uses[0].frames == kept


def test_the_next_start_recovers_by_itself_and_says_so(tmp_path: Path) -> None:
    process = begin(tmp_path)
    try:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 24:
            pass
        assert recover_all(tmp_path) == []  # one that is being recorded is nobody's to recover
    finally:
        kill_after(process, 24)
    uses: list[TakeUse] = []
    with recorder(tmp_path, record=uses.extend) as made:
        wait(lambda: "RECOVERED" in made.report()["words"])
        assert made.report()["words"] == f"TAKE {NAME} RECOVERED AFTER A POWER CUT"
        shoot(made, range(5))
    assert [each.name for each in take_folders(tmp_path)] == [NAME, "12_A_002"]
    assert [use.take for use in uses] == [NAME, "12_A_002"]


@pytest.fixture(scope="module")
def open_take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take as it stands on the disk while it is recorded."""
    folder = tmp_path_factory.mktemp("torn")
    with recorder(folder / "live") as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        for number in range(12):
            wait(lambda: made.waiting < 4)
            made(pair(number, rolling, size=(320, 180)))
        wait(lambda: made.report()["frames"] == 12)
        time.sleep(0.7)
        shutil.copytree(folder / "live" / NAME, folder / NAME)
    return folder / NAME


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_anywhere_all_whole_frames_before_are_there(
    open_take: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """Any of the files ends at any byte, or is zeros from there on, as disks leave it."""
    with Take.open(open_take) as whole:
        places = [frame.at for frame in whole.frames]
        jpegs = [[whole.jpeg(i, name) for name in PICTURES] for i in range(len(places))]
    lines = (open_take / FRAMES_FILE).read_bytes().split(b"\n")[:-1]
    name = data.draw(st.sampled_from([*(f"{each}.mkv" for each in PICTURES), FRAMES_FILE, STATES_FILE]))
    size = (open_take / name).stat().st_size
    at = data.draw(st.integers(0, size))
    zeros = data.draw(st.booleans())
    folder = tmp_path / "torn" / NAME
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(open_take, folder)
    kept = (folder / name).read_bytes()[:at]
    (folder / name).write_bytes(kept + bytes(size - at if zeros else 0))
    if name == STATES_FILE:
        expected = len(places)
    elif name == FRAMES_FILE:
        ends = [sum(len(line) + 1 for line in lines[: i + 1]) for i in range(len(lines))]
        expected = sum(end <= at for end in ends)
    else:
        ends = [place[name[:-4]][0] + place[name[:-4]][1] for place in places]
        expected = sum(end <= at for end in ends)
    with Take.open(folder) as take:
        assert len(take.frames) == expected
        for i in range(expected):
            assert [take.jpeg(i, each) for each in PICTURES] == jpegs[i]
    assert recover(folder)
    with Take.open(folder) as take:
        assert take.sealed and len(take.frames) == expected and take.damaged() == []


def test_a_take_that_lost_its_take_file_says_so(open_take: Path, tmp_path: Path) -> None:
    shutil.copytree(open_take, tmp_path / NAME)
    (tmp_path / NAME / TAKE_FILE).write_bytes(b'{"format":')
    with pytest.raises(TakeError, match="not JSON"):
        Take.open(tmp_path / NAME)
    (tmp_path / NAME / TAKE_FILE).unlink()
    assert take_folders(tmp_path) == ()


@pytest.mark.logs_errors
def test_recording_stops_before_the_disk_is_full_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    free = [5_000_000_000]
    with recorder(tmp_path, RecorderSettings(reserve=1_000_000_000), space=lambda folder: free[0]) as made:
        assert made.report()["minutes_left"] == pytest.approx(4e9 / 24e6 / 60, abs=0.1)
        assert "SPACE FOR 3 MINUTES LEFT" in made.report()["words"]
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        for number in range(10):
            made(pair(number, rolling))
            time.sleep(0.02)
        free[0] = 999_999_999
        wait(lambda: made.report()["state"] == "stopped")
        assert made.report()["words"].startswith("RECORDING STOPPED: DISK FULL")
        made(pair(10, rolling))  # the live picture goes on
        made.cut()
        made(pair(11, state(3, rolling=False)))
        done(made)
        with pytest.raises(TakeError, match="DISK FULL"):
            made.roll(rolling.slate, rolling)
        free[0] = 50_000_000_000
        shoot(made, range(4), take=2)
        assert made.report()["state"] == "idle" and made.report()["words"] == ""
    assert "recording stopped: disk full" in caplog.text
    with Take.open(tmp_path / NAME) as take:
        assert take.ended == "disk full" and len(take.frames) == 10 and take.verify() == []


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    ("number", "ended"), [(errno.ENOSPC, "disk full"), (errno.EIO, "unwritable"), (errno.EDQUOT, "disk full")]
)
def test_a_disk_that_fails_stops_the_recording_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, ended: str
) -> None:
    real, calls = os.pwrite, [0]

    def failing(handle: int, data: Any, offset: int) -> int:
        calls[0] += 1
        if calls[0] > 40:
            raise OSError(number, os.strerror(number))
        return real(handle, data, offset)

    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        monkeypatch.setattr(os, "pwrite", failing)
        for index in range(30):
            made(pair(index, rolling))
            time.sleep(0.005)
        wait(lambda: made.report()["state"] == "stopped")
        monkeypatch.setattr(os, "pwrite", real)
        made.cut()
        made(pair(30, state(3, rolling=False)))
        done(made)
        shoot(made, range(4), take=2)
        assert made.report()["state"] == "idle"
    with Take.open(tmp_path / NAME) as take:
        assert take.ended == ended and 8 <= len(take.frames) <= 20 and take.damaged() == []
        assert read_number(take.pixels(len(take.frames) - 1, "aged"), 0) == len(take.frames) - 1


def test_a_small_disk_really_fills_up(tmp_path: Path) -> None:
    """On a disk of 3 MB of its own, where the system lets us make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        script = """
            import sys, logging
            from pathlib import Path
            from live.shooting import done, pair, recorder, state, wait
            from playingage.live.takes import RecorderSettings
            with recorder(Path(sys.argv[1]), RecorderSettings(reserve=0), space=lambda folder: 1 << 40) as made:
                rolling = state(2)
                made.roll(rolling.slate, rolling)
                for number in range(400):
                    wait(lambda: made.waiting < 4)
                    made(pair(number, rolling))
                wait(lambda: made.report()["state"] == "stopped")
                made.cut()
                made(pair(400, state(3, rolling=False)))
                done(made)
                print(made.report()["words"])
        """
        told = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(disk)], capture_output=True,
                              text=True, check=False, timeout=60,
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])})
        assert "RECORDING STOPPED: DISK FULL" in told.stdout, told.stderr
        with Take.open(disk / NAME) as take:
            assert len(take.frames) > 30 and take.damaged() == []
            last = len(take.frames) - 1
            assert read_number(take.pixels(last, "clean"), 0) == last
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_written_is_refused_before_it_rolls(tmp_path: Path) -> None:
    (tmp_path / "takes").write_text("a file, no folder")
    with recorder(tmp_path / "takes") as made:
        with pytest.raises(TakeError, match="cannot be kept"):
            made.roll(state(2).slate, state(2))
        assert made.report()["state"] == "idle"


@pytest.mark.logs_errors
@pytest.mark.parametrize("change", [{"size": (640, 360)}, {"rate": Fraction(25)}])
def test_a_picture_of_another_size_or_rate_ends_the_take(tmp_path: Path, change: dict[str, Any]) -> None:
    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        made(pair(0, rolling))
        made(pair(1, rolling, **change))
        wait(lambda: made.report()["state"] == "stopped")
        assert made.report()["words"] == "RECORDING STOPPED: THE PICTURE CHANGED ITS SIZE OR RATE"
    with Take.open(tmp_path / NAME) as take:
        assert take.ended == "picture changed" and len(take.frames) == 1


@pytest.mark.logs_errors
def test_what_the_ledger_refuses_is_said_and_tried_again_at_the_next_start(tmp_path: Path) -> None:
    def refuse(uses: Any) -> None:
        raise LedgerError("ledger.jsonl: is missing", "Take it from a backup.")

    with recorder(tmp_path, record=refuse) as made:
        shoot(made, range(4))
        assert made.report()["words"] == f"TAKE {NAME} IS NOT IN THE LEDGER: ledger.jsonl: is missing"
    with Take.open(tmp_path / NAME) as take:
        assert take.closed and not take.sealed
    uses: list[TakeUse] = []
    with recorder(tmp_path, record=uses.extend) as made:
        wait(lambda: bool(uses))
    with Take.open(tmp_path / NAME) as take:
        assert take.sealed and take.ended == "cut" and uses[0].sha256 == take.sha256


@pytest.mark.logs_errors
@pytest.mark.parametrize("broken", ["_take", "_tend"])
def test_a_recorder_that_breaks_says_so_and_the_live_picture_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A fault of our own in the disk thread: nothing waits for it, and the end comes in time."""
    with recorder(tmp_path, RecorderSettings(waiting=2, behind=2, reserve=0)) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)

        def fail(*_: Any) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr(made._disk, broken, fail)
        for number in range(30):
            made(pair(number, rolling))
            time.sleep(0.005)
        wait(lambda: made.report()["state"] == "stopped")
        assert "RECORDING STOPPED: THE RECORDER BROKE" in made.report()["words"]
        with pytest.raises(TakeError, match="the recorder broke"):
            made.roll(rolling.slate, rolling)
        begun = time.monotonic()
        monkeypatch.setattr(disk, "_PATIENCE", 0.3)
    assert time.monotonic() - begun < 30


def test_positions_grow(tmp_path: Path) -> None:
    writer = JpegClipWriter(tmp_path / "a.mkv", width=16, height=16, rate=Fraction(24), colour=pair(0).clean.colour,
                            timecode=str(Timecode(0, Fraction(24))))
    writer.add(b"\xff\xd8\xff\xd9", 3)
    with pytest.raises(ValueError, match="does not follow"):
        writer.add(b"\xff\xd8\xff\xd9", 3)
    writer.close()
    with pytest.raises(PlayingAgeError, match="cannot be written"):
        JpegClipWriter(tmp_path / "a.mkv", width=16, height=16, rate=Fraction(24), colour=pair(0).clean.colour)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
                    max_leaves=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_take_whose_texts_are_altered_is_read_or_refused_in_words(
    open_take: Path, tmp_path: Path, data: st.DataObject
) -> None:
    folder = tmp_path / "altered" / NAME
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(open_take, folder)
    name = data.draw(st.sampled_from([TAKE_FILE, FRAMES_FILE, STATES_FILE]))
    first, *rest = [json.dumps(json.loads((folder / name).read_bytes()))] if name == TAKE_FILE else (
        (folder / name).read_text().splitlines())
    document = json.loads(first)
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(JSON)
    (folder / name).write_text("\n".join([json.dumps(document), *rest]) + "\n")
    shelf = Shelf(folder.parent)
    try:
        with Take.open(folder) as take:
            for index in range(len(take.frames)):
                take.jpeg(index, "clean")
            take.verify()
            uses_of(take, "")
        json.dumps(shelf.sheet(NAME))
    except PlayingAgeError as error:
        assert error.what
    finally:
        shelf.close()
    assert shelf.glances()[0]["name"] == NAME
