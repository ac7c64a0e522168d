"""Takes: recorded, read back, named, counted; the live picture never waits for them."""

import json
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from live.fakes import read_number
from live.shooting import (
    BOX,
    GRANT,
    HEIGHT,
    MODEL,
    RATE,
    SMALL,
    WIDTH,
    done,
    pair,
    picture,
    recorder,
    shoot,
    state,
    wait,
)
from playingage.core import SettingError, Timecode, sha256_file
from playingage.live.pair import View
from playingage.live.state import Slate
from playingage.live.takes import (
    PICTURES,
    RecorderSettings,
    Take,
    TakeError,
    TakeUse,
    is_recording,
    take_folders,
)
from playingage.live.takes.writer import TakeWriter


def psnr(a: Any, b: Any) -> float:
    error = np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_a_take_holds_every_frame_and_what_was_done_to_it(tmp_path: Path) -> None:
    with recorder(tmp_path / "takes") as made:
        shoot(made, range(100, 148))
        assert made.report()["state"] == "idle" and made.report()["last"] == "12_A_001"
    assert [each.name for each in take_folders(tmp_path / "takes")] == ["12_A_001"]
    with Take.open(tmp_path / "takes" / "12_A_001") as take:
        assert (take.ended, take.sealed, take.torn, take.verify()) == ("cut", True, 0, [])
        assert [frame.number for frame in take.frames] == list(range(100, 148))
        assert [frame.position for frame in take.frames] == list(range(48))
        assert take.frames[0].timecode == str(Timecode(86500, RATE)) and take.slate == "12 A take 1"
        assert (take.rate, take.size, take.seconds) == (RATE, (WIDTH, HEIGHT), 2.0)
        face = take.frames[5].faces[0]
        assert (face["performer"], face["target_age"], face["box"]) == ("ada", 35.0, [float(each) for each in BOX])
        assert take.frames[5].note["asked"] == {"ada": 35.0} and take.frames[5].note["words"] == "AT AGE 35"
        assert take.states[2]["performers"][0]["grant"] == GRANT
        assert take.document["performers"] == [{"performer": "ada", "name": "Ada", "model": "ada-1",
                                                "model_sha256": MODEL, "grant": GRANT, "ages": [18.0, 90.0]}]
        assert take.document["counts"] == {
            "frames": 48, "positions": 48, "not_kept_up": 0, "not_kept_up_numbers": [], "missing": 0,
            "missing_numbers": [], "torn": 0, "late": 0,
            "first": 100, "last": 147,
        }
        for index in (0, 17, 47):
            clean, aged, matte = (take.pixels(index, each) for each in PICTURES)
            assert read_number(clean, 0) == 100 + index and psnr(clean, picture(100 + index)) > 38
            left, top, right, bottom = BOX
            outside = np.ones(clean.shape[:2], bool)
            outside[top - 16 : bottom + 16, left - 16 : right + 16] = False
            assert np.array_equal(clean[outside], aged[outside])
            assert aged[90, 150].astype(int).sum() - clean[90, 150].astype(int).sum() > 100
            assert matte[90, 150] > 250 and matte[10, 10] == 0


def test_any_player_opens_the_clips_with_their_rate_colour_and_timecode(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    with recorder(tmp_path) as made:
        shoot(made, range(40), rate=rate, timecode=Timecode.parse("10:00:00;00", rate))
    for name in PICTURES:
        told = probe(tmp_path / "12_A_001" / f"{name}.mkv")
        stream = told["streams"][0]
        assert (stream["codec_name"], stream["r_frame_rate"]) == ("mjpeg", "30000/1001")
        assert (stream["color_space"], stream["color_range"]) == ("bt470bg", "pc")  # as JFIF says
        assert (stream["color_primaries"], stream["color_transfer"]) == ("bt709", "bt709")
        assert told["format"]["tags"]["TIMECODE"] == "10:00:00;00"
        assert abs(float(told["format"]["duration"]) - 40 * 1001 / 30000) < 0.05
        assert stream["nb_read_frames"] == "40"


def test_players_show_the_colours_that_were_recorded(tmp_path: Path) -> None:
    """The error of colour, decoded as the tags say: no more than what JPEG itself loses."""
    patches = np.array([[180, 60, 60], [60, 170, 70], [60, 70, 180], [128, 128, 128], [235, 235, 235], [20, 20, 20],
                        [220, 170, 140], [90, 60, 45]], np.uint8)
    shown = np.repeat(np.repeat(patches[None], HEIGHT, 0), WIDTH // 8, 1)
    with recorder(tmp_path) as made:
        shoot(made, range(4), pixels=shown, same=True)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(tmp_path / "12_A_001" / "clean.mkv"), "-frames:v", "1", "-f", "rawvideo",
         "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    told = np.frombuffer(decoded, np.uint8).reshape(HEIGHT, WIDTH, 3)
    middle = slice(WIDTH // 16, None, WIDTH // 8)
    off = np.abs(told[90, middle].astype(int) - patches)
    assert off.max() <= 4, off


def test_the_numbers_of_frames_that_never_came_are_kept(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        for number in (10, 11, 14, 15, 3, 4):  # two were lost, then the source began to count anew
            wait(lambda: made.waiting < 4)
            made(replace(pair(number, rolling), captured=number / 24 if number > 9 else 1 + number / 24))
        made.cut()
        made(pair(5, state(3, rolling=False)))
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        assert [frame.position for frame in take.frames] == [0, 1, 4, 5, 17, 18]
        assert take.document["counts"]["missing_numbers"] == [[12, 13]]
        assert [read_number(take.pixels(i, "clean"), 0) for i in range(6)] == [10, 11, 14, 15, 3, 4]
    with av.open(str(tmp_path / "12_A_001" / "aged.mkv")) as opened:
        times = [float(frame.time or 0) for frame in opened.decode(video=0)]
    assert np.allclose(np.array(times) * 24, [0, 1, 4, 5, 17, 18], atol=0.02)


def test_the_clean_picture_of_a_frame_that_the_engine_had_no_time_for_is_kept(tmp_path: Path) -> None:
    rolling = state(2)
    with recorder(tmp_path) as made:
        made.late(pair(99).clean)  # nothing rolls
        made.roll(rolling.slate, state(1, rolling=False))
        made(pair(100, rolling))
        made.late(pair(101).clean)
        made.late(pair(103).clean)  # while the engine works on 102
        made(pair(102, rolling))
        made(pair(104, rolling, matte=False, same=True))
        made.late(pair(105).clean)
        made.late(pair(104).clean)  # of which a pair was made: while the engine stood still
        made(pair(106, rolling))
        made.late(pair(107).clean)  # after the last that rolled
        made.cut()
        made(pair(108, state(3, rolling=False)))
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        assert [frame.number for frame in take.frames] == [100, 101, 102, 103, 104, 105, 106]
        assert [frame.note["view"] for frame in take.frames] == ["aged", "late"] * 3 + ["aged"]
        assert [frame.note.get("held_from") for frame in take.frames] == [None, 100, None, 102, None, 104, None]
        assert [read_number(take.pixels(index, "clean"), 0) for index in range(7)] == list(range(100, 107))
        assert [read_number(take.pixels(index, "aged"), 0) for index in range(7)] == [100, 100, 102, 102, 104, 104, 106]
        assert take.jpeg(1, "aged") == take.jpeg(0, "aged")
        assert take.pixels(1, "matte").max() == 0
        assert take.frames[1].note["words"] == "ENGINE LATE"
        assert take.document["counts"]["late"] == 3
        assert take.document["counts"]["missing"] == 0
        assert not take.verify()


def test_only_so_many_frames_wait_for_a_slow_engine(tmp_path: Path) -> None:
    rolling = state(2)
    with recorder(tmp_path) as made:
        made.roll(rolling.slate, state(1, rolling=False))
        made(pair(100, rolling))
        wait(lambda: made.report()["frames"] == 1)
        for number in range(101, 121):
            made.late(pair(number).clean)
        wait(lambda: made.waiting == 0)
        made(pair(121, rolling))
        wait(lambda: made.waiting == 0)
        made.cut()
        made(pair(122, state(3, rolling=False)))
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        kept = [frame.number for frame in take.frames]
        counts = take.document["counts"]
        assert kept[0] == 100
        assert kept[1:] == [*range(113, 113 + len(kept) - 1)]
        assert counts["not_kept_up"] + len(kept) == 22


def test_only_pairs_that_rolled_are_kept(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        made(pair(1, state(1, rolling=False)))  # was on its way already
        made(pair(2, rolling))
        made(pair(3, rolling))
        made.cut()
        made(pair(4, rolling))  # likewise
        made(pair(5, state(3, rolling=False)))
        made(pair(6, rolling))
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        assert [frame.number for frame in take.frames] == [2, 3, 4]


def test_a_cut_ends_the_take_though_no_picture_comes_any_more(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        made.roll(state(2).slate, state(2))
        made(pair(1, state(2)))
        made.cut()
        wait(lambda: made.report()["state"] == "idle")
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        assert take.ended == "cut" and len(take.frames) == 1


def test_the_same_slate_again_takes_the_next_number(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        assert made.next_take("12", "A") == 1
        for _ in range(3):
            shoot(made, range(4))
        assert made.next_take("12", "A") == 4 and made.next_take("12", "B") == 1 and made.next_take("1", "2_A") == 1
    names = [each.name for each in take_folders(tmp_path)]
    assert names == ["12_A_001", "12_A_002", "12_A_003"]
    document = json.loads((tmp_path / "12_A_003" / "take.json").read_text())
    assert document["slate"]["take"] == 3 and document["asked_take"] == 1


@pytest.mark.parametrize(
    ("slate", "name"),
    [(Slate(scene="12", shot="A", take=3), "12_A_003"), (Slate(scene="", take=1), "0_001"),
     (Slate(scene="../../etc", shot="B/C", take=12), "etc_B-C_012"), (Slate(scene="Ä 7", shot=".", take=1), "7_001")],
)
def test_names_of_folders(tmp_path: Path, slate: Slate, name: str) -> None:
    with recorder(tmp_path / "takes") as made:
        made.roll(slate, state(1))
        assert made.report()["take"] == name and (tmp_path / "takes" / name).is_dir()


def test_a_take_without_frames_leaves_nothing(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        made.roll(state(2).slate, state(2))
        made.cut()
        wait(lambda: made.report()["state"] == "idle")
        done(made)
        assert made.report()["words"] == "NO FRAME CAME: NOTHING WAS RECORDED"
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_are_the_same_are_encoded_once_and_none_is_black(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        made(pair(1, rolling, same=True, matte=False, view=View.NO_FACE))
        made(replace(pair(2, rolling, matte=False, view=View.FAILED), aged=None))
        made.cut()
        made(pair(3, state(3, rolling=False)))
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        assert take.jpeg(0, "clean") == take.jpeg(0, "aged") and take.pixels(0, "matte").max() == 0
        assert take.pixels(1, "aged").max() == 0 and take.frames[1].note["view"] == "failed"


def test_the_live_picture_never_waits_and_what_is_not_kept_up_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = threading.Event()
    real = TakeWriter.add

    def slow(self: TakeWriter, encoded: Any) -> None:  # the disk hangs: every write waits
        hold.wait(10)
        real(self, encoded)

    monkeypatch.setattr(TakeWriter, "add", slow)
    with recorder(tmp_path, RecorderSettings(waiting=2, behind=3, reserve=0)) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        longest = 0.0
        for number in range(40):
            given, begun = pair(number, rolling), time.perf_counter()
            made(given)
            longest = max(longest, time.perf_counter() - begun)
            time.sleep(0.01)
        assert longest < 2, "the disk's ten seconds are not waited for"
        report = made.report()
        assert report["dropped"] >= 30 and "FRAMES NOT RECORDED" in report["words"]
        hold.set()
        made.cut()
        made(pair(40, state(3, rolling=False)))
        done(made)
    with Take.open(tmp_path / "12_A_001") as take:
        counts = take.document["counts"]
        kept = {frame.number for frame in take.frames}
        assert len(kept) + counts["not_kept_up"] == 40 and kept | set(counts["not_kept_up_numbers"]) == set(range(40))


def test_many_frames_do_not_wait_in_memory(tmp_path: Path) -> None:
    """Paced as a camera, nothing is dropped at this small size."""
    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        for number in range(60):
            made(pair(number, rolling))
            time.sleep(1 / 48)
        made.cut()
        made(pair(60, state(3, rolling=False)))
        done(made)
        assert made.report()["dropped"] == 0
    with Take.open(tmp_path / "12_A_001") as take:
        assert len(take.frames) == 60


def test_a_take_is_read_while_it_is_recorded(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        for number in range(20):
            wait(lambda: made.waiting < 4)
            made(pair(number, rolling))
        wait((tmp_path / "12_A_001" / "take.json").is_file)
        wait(lambda: made.report()["frames"] == 20)
        assert is_recording(tmp_path / "12_A_001")
        with Take.open(tmp_path / "12_A_001") as take:
            assert take.recording and take.ended == "rolling" and take.torn == 0 and len(take.frames) >= 8
            assert read_number(take.pixels(5, "clean"), 0) == 5
    with Take.open(tmp_path / "12_A_001") as take:
        assert (take.ended, len(take.frames)) == ("stopped", 20)  # by the end of the program
    assert not is_recording(tmp_path / "12_A_001")


def test_marks_stay_with_their_frames(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        with pytest.raises(SettingError, match="no take"):
            made.mark("too early")
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        for number in range(6):
            made(pair(number, rolling))
        made.mark("good smile")
        made.cut()
        made(pair(6, state(3, rolling=False)))
        done(made)
        made.mark("print this one")
        done(made)
        with pytest.raises(SettingError, match="words"):
            made.mark("  ")
    with Take.open(tmp_path / "12_A_001") as take:
        assert [(mark["words"], mark["number"]) for mark in take.marks] == [("good smile", 5), ("print this one", 5)]
        assert take.verify() == []  # they are no part of what is hashed


def test_the_ledger_gets_a_line_for_each_performer_and_grant(tmp_path: Path) -> None:
    uses: list[TakeUse] = []
    with recorder(tmp_path, record=uses.extend) as made:
        rolling = state(2)
        made.roll(rolling.slate, rolling)
        other = replace(state(3), performers=(replace(rolling.performers[0], grant="c" * 64),))
        for number in range(4):
            made(pair(number, rolling, age=30.0 + number))
        for number in range(4, 6):
            made(pair(number, other, age=40.0))
        made(pair(6, other, strength=0.0))
        made(pair(7, other, view=View.FAILED))
        made(pair(8, other, performer="", name=""))
        made.cut()
        made(pair(9, state(4, rolling=False)))
        done(made)
    assert [(use.performer, use.grant[0], use.frames, use.ages) for use in uses] == [
        ("ada", "a", 4, (30.0, 33.0)), ("ada", "c", 2, (40.0, 40.0))]
    assert uses[0].package == MODEL and uses[0].slate == "12 A take 1" and uses[0].ended == "cut"
    assert {use.sha256 for use in uses} == {sha256_file(tmp_path / "12_A_001" / "take.json")}
    assert (uses[0].first, uses[0].last) == (str(Timecode(86400, RATE)), str(Timecode(86403, RATE)))


def test_what_is_altered_later_is_found(tmp_path: Path) -> None:
    with recorder(tmp_path) as made:
        shoot(made, range(8))
    clip = tmp_path / "12_A_001" / "aged.mkv"
    data = bytearray(clip.read_bytes())
    with Take.open(tmp_path / "12_A_001") as take:
        offset, length, _ = take.frames[3].at["aged"]
    data[offset + length // 2] ^= 1
    clip.write_bytes(data)
    with Take.open(tmp_path / "12_A_001") as take:
        assert take.verify() == ["aged.mkv is altered: its SHA-256 is not the one that take.json names",
                                 "frame 3 of aged.mkv is damaged"]


@pytest.mark.parametrize(
    ("change", "match"),
    [({"version": 2}, "version 2"), ({"format": "other"}, "no take"), ({"picture": {}}, "damaged")],
)
def test_another_version_is_refused_and_unknown_fields_are_kept(
    tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    with recorder(tmp_path) as made:
        shoot(made, range(3))
    file = tmp_path / "12_A_001" / "take.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "more": [1]}))
    with Take.open(tmp_path / "12_A_001") as take:
        assert take.document["more"] == [1]
    file.write_text(json.dumps({**document, **change}))
    with pytest.raises(TakeError, match=match):
        Take.open(tmp_path / "12_A_001")
    with pytest.raises(TakeError, match="is no take"):
        Take.open(tmp_path)


def test_times_are_those_of_the_day(tmp_path: Path) -> None:
    with recorder(tmp_path, now=lambda: datetime(2026, 11, 21, 9, 30, tzinfo=UTC)) as made:
        shoot(made, range(3))
    document = json.loads((tmp_path / "12_A_001" / "take.json").read_text())
    assert document["rolled"] == document["cut"] == "2026-11-21T09:30:00.000+00:00"


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"quality": 100}, {"waiting": 0}, {"sync_every": 2.0}):
        with pytest.raises(SettingError):
            RecorderSettings(**wrong)


def test_lines_stand_in_order_with_what_lies_where(tmp_path: Path) -> None:
    with recorder(tmp_path, SMALL) as made:
        shoot(made, range(30))
    lines = [json.loads(line) for line in (tmp_path / "12_A_001" / "frames.jsonl").read_text().splitlines()]
    assert [line["index"] for line in lines] == list(range(30))
    for name in PICTURES:
        data = (tmp_path / "12_A_001" / f"{name}.mkv").read_bytes()
        ends = [(line["at"][name][0], sum(line["at"][name][:2])) for line in lines]
        assert all(data[a : a + 2] == b"\xff\xd8" and data[b - 2 : b] == b"\xff\xd9" for a, b in ends)
        assert all(b <= c for (_, b), (c, _) in pairwise(ends))


def probe(path: Path) -> dict[str, Any]:
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path)],
        capture_output=True, check=True)
    assert told.stderr == b""
    value: dict[str, Any] = json.loads(told.stdout)
    return value
