"""One contract for every sink."""

import resource
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.clips import RATE, frames_of, info_of
from playingage.core import SettingError, UnwritableError
from playingage.frames import Frame, Pixels
from playingage.media import open_sink, open_source

COUNT = 4


@dataclass(frozen=True)
class Case:
    """An output: its name, the depth written, how far values may move (0..1), and the codec asked for."""

    name: str
    bits: int = 8
    tolerance: float = 0.0
    codec: str | None = None
    count: int = COUNT
    rate: Fraction = RATE
    size: tuple[int, int] = (64, 48)
    read_bits: int | None = None


CASES = {
    "h264.mp4": Case("o.mp4", tolerance=4 / 255),
    "h264.mov": Case("o.mov", tolerance=4 / 255),
    "h264 odd": Case("o.mp4", tolerance=4 / 255, size=(63, 49)),
    "hevc.mp4": Case("o.mp4", 10, 4 / 255),
    "hevc odd": Case("o.mp4", 10, 4 / 255, size=(63, 49)),
    "hevc of 8 bits": Case("o.mov", 8, 4 / 255, "hevc", read_bits=10),
    "h264 of 10 bits": Case("o.mp4", 10, 4 / 255, "h264", read_bits=8),
    "prores.mov": Case("o.mov", 10, 3 / 255),
    "prores odd": Case("o.mov", 10, 3 / 255, size=(63, 49)),
    "ffv1.mkv": Case("o.mkv"),
    "ffv1 16.mkv": Case("o.mkv", 16),
    "ffv1 10.mkv": Case("o.mkv", 10, read_bits=16),
    "png": Case("o.%04d.png", rate=Fraction(24)),
    "png16": Case("o.####.png", 16, rate=Fraction(24)),
    "tiff": Case("o.%04d.tif", rate=Fraction(24)),
    "tiff16": Case("o.%04d.tiff", 16, rate=Fraction(24)),
    "folder": Case("shots", 16, rate=Fraction(24)),
    "one png": Case("o.png", 16, count=1, rate=Fraction(24)),
    "one tif": Case("o.tif", count=1, rate=Fraction(24)),
    "one jpg": Case("o.jpg", tolerance=4 / 255, count=1, rate=Fraction(24)),
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


def frames(case: Case) -> list[Frame]:
    return frames_of(case.count, bits=case.bits, size=case.size)


def inner(pixels: Pixels) -> NDArray[np.float64]:
    """Values 0..1 away from the quadrants' edges, where chroma of half resolution blurs."""
    values: NDArray[np.float64] = pixels.astype(np.float64) / (255 if pixels.dtype == np.uint8 else 65535)
    height, width = pixels.shape[:2]
    keep_rows = [y for y in range(4, height - 4) if abs(y - height // 2) > 4]
    keep_columns = [x for x in range(4, width - 4) if abs(x - width // 2) > 4]
    return values[np.ix_(keep_rows, keep_columns)]


def test_what_is_written_is_read_again(case: Case, tmp_path: Path) -> None:
    target = tmp_path / case.name
    given = frames(case)
    with open_sink(target, info_of(case.count, bits=case.bits, size=case.size), codec=case.codec) as sink:
        for frame in given:
            sink.write(frame)
            assert not target.exists()
            assert not [p for p in tmp_path.iterdir() if not p.name.startswith(".")]
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
    with open_source(str(target)) as source:
        info, read = source.info, list(source)
    assert len(read) == case.count
    assert (info.width, info.height) == case.size
    assert info.rate == case.rate
    deep = case.read_bits or (10 if case.bits == 10 else case.bits)
    assert info.bits == deep
    for before, after in zip(given, read, strict=True):
        if case.tolerance:
            away = np.abs(inner(after.pixels) - inner(before.pixels))
            assert away.mean() < case.tolerance / 4
            assert np.percentile(away, 99) < 3 * case.tolerance
        else:
            np.testing.assert_array_equal(after.pixels, before.pixels)


def test_abandon_leaves_nothing(case: Case, tmp_path: Path) -> None:
    sink = open_sink(tmp_path / case.name, info_of(case.count, bits=case.bits, size=case.size), codec=case.codec)
    sink.write(frames(case)[0])
    sink.abandon()
    sink.abandon()
    assert list(tmp_path.iterdir()) == []


def test_an_exception_leaves_nothing(case: Case, tmp_path: Path) -> None:
    info = info_of(case.count, bits=case.bits, size=case.size)
    with pytest.raises(KeyboardInterrupt), open_sink(tmp_path / case.name, info, codec=case.codec) as sink:
        sink.write(frames(case)[0])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_existing_output_is_kept_unless_told(case: Case, tmp_path: Path) -> None:
    info = info_of(case.count, bits=case.bits, size=case.size)
    for overwrite in (False, True):
        with open_sink(tmp_path / case.name, info, codec=case.codec, overwrite=overwrite) as sink:
            for frame in frames(case):
                sink.write(frame)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    with pytest.raises(UnwritableError, match="already there"):
        open_sink(tmp_path / case.name, info, codec=case.codec)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_missing_folder(case: Case, tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match="does not exist"):
        open_sink(tmp_path / "none" / "deeper" / case.name, info_of(case.count, bits=case.bits), codec=case.codec)


def test_no_frame_is_no_output(case: Case, tmp_path: Path) -> None:
    sink = open_sink(tmp_path / case.name, info_of(case.count, bits=case.bits, size=case.size), codec=case.codec)
    with pytest.raises(UnwritableError, match="no frame"):
        sink.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["size", "depth"])
def test_frames_that_differ_are_refused(case: Case, tmp_path: Path, change: str) -> None:
    info = info_of(case.count, bits=case.bits, size=case.size)
    sink = open_sink(tmp_path / case.name, info, codec=case.codec)
    if change == "size":
        other = frames_of(1, bits=case.bits, size=(32, 32))[0]
    else:
        other = frames_of(1, bits=16 if case.bits == 8 else 8, size=case.size)[0]
    with pytest.raises(UnwritableError, match=r"is 32x32|does not fit"):
        sink.write(other)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_taken_after_the_end(case: Case, tmp_path: Path) -> None:
    sink = open_sink(tmp_path / case.name, info_of(case.count, bits=case.bits, size=case.size), codec=case.codec)
    for frame in frames(case):
        sink.write(frame)
    sink.finish()
    sink.finish()
    sink.abandon()
    with pytest.raises(UnwritableError):
        sink.write(frames(case)[0])
    with open_source(str(tmp_path / case.name)) as source:
        assert sum(1 for _ in source) == case.count


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.%04d.png", "o.tif"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    """A limit on file size stands for a full disk: both fail in the middle of a write."""
    random = np.random.default_rng(0)
    count = 1 if name == "o.tif" else 12
    noise = [
        Frame(pixels=random.integers(0, 256, (240, 320, 3), dtype=np.uint8), number=n, rate=RATE) for n in range(count)
    ]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(UnwritableError, match="no space"), open_sink(
            tmp_path / name, info_of(count, size=(320, 240))
        ) as sink:
            for frame in noise:
                sink.write(frame)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("o.avi", {}, "avi cannot be written"),
        ("o.exr", {}, "it can be read, not written"),
        ("o.mp4", {"codec": "vhs"}, "codec 'vhs' is not known"),
        ("o.mp4", {"codec": "prores"}, "does not hold prores"),
        ("o.mov", {"codec": "prores", "crf": 12}, "crf"),
        ("o.%04d.png", {"codec": "h264"}, "are for clips"),
        ("o.png", {}, "holds one picture"),
        ("o.%04d.%04d.png", {}, "one number field"),
    ],
)
def test_wrong_wishes_are_refused(tmp_path: Path, name: str, more: dict[str, object], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        open_sink(tmp_path / name, info_of(4), **more)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "o.mp4", info_of(4, bits=10, alpha=True), codec="h264")
    assert sink.notes == ("10 bits are reduced to 8 in H.264", "H.264 does not keep alpha")
    sink.abandon()


def test_pictures_can_be_published_one_by_one(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "o.%04d.png", info_of(4), publish_each=True, first_number=1001)
    for frame in frames_of(2):
        sink.write(frame)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o.1001.png", "o.1002.png"]
    sink.abandon()
    assert len(list(tmp_path.iterdir())) == 2
