"""One contract for every source."""

import functools
import gc
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media.clips import RATE, centres, codes, expected, frames_of, info_of, make_clip, picture
from playingage.core import UnreadableError
from playingage.media import Source, SourceInfo, open_sink, open_source, read_number

COUNT = 6


@dataclass(frozen=True)
class Case:
    """How to make the source, and what must come out of it."""

    make: Callable[[Path], str]
    rate: Fraction = RATE
    dtype: type[np.generic] = np.uint8
    bits: int = 8
    tolerance: float = 3 / 255
    pattern: bool = False
    count: int = COUNT
    known_count: bool = True
    realtime: bool = False


def clip(name: str, encoder: str, form: str, **more: Any) -> Callable[[Path], str]:
    return lambda folder: str(make_clip(folder / name, encoder, form, count=COUNT, **more))


def pictures(name: str, bits: int = 8, count: int = COUNT) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        target = folder / name
        with open_sink(target, info_of(count, bits=bits)) as sink:
            for frame in frames_of(count, bits=bits):
                sink.write(frame)
        return str(target)

    return make


def exr(folder: Path) -> str:
    import av

    context = av.CodecContext.create("exr", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.time_base = 64, 48, "gbrpf32le", Fraction(1, 24)
    pixels = picture(0).astype(np.float32)
    frame = av.VideoFrame.from_ndarray(pixels, format="gbrpf32le", channel_last=True)
    path = folder / "one.exr"
    path.write_bytes(b"".join(bytes(p) for p in [*context.encode(frame), *context.encode(None)]))
    return str(path)


CASES = {
    "h264.mp4": Case(clip("a.mp4", "libx264", "yuv420p")),
    "h264.ts": Case(clip("a.ts", "libx264", "yuv420p")),
    "h264 4:4:4 odd": Case(clip("odd.mp4", "libx264", "yuv444p", size=(63, 49))),
    "hevc10.mp4": Case(clip("a.mp4", "libx265", "yuv420p10le"), dtype=np.uint16, bits=10),
    "prores.mov": Case(clip("a.mov", "prores_aw", "yuv422p10le"), dtype=np.uint16, bits=10),
    "ffv1 rgb.mkv": Case(clip("a.mkv", "ffv1", "bgr0"), tolerance=0.51 / 255),
    "ffv1 12.mkv": Case(clip("a.mkv", "ffv1", "gbrp12le"), dtype=np.uint16, bits=12, tolerance=1.5 / 255),
    "vp9.webm": Case(clip("a.webm", "libvpx-vp9", "yuv420p", options={"crf": "4", "b": "0"}), known_count=False),
    "mjpeg.avi": Case(clip("a.avi", "mjpeg", "yuvj444p", tagged=False, options={"q": "1"}), tolerance=9 / 255),
    "png sequence": Case(pictures("shot.%04d.png"), rate=Fraction(24), tolerance=0.51 / 255),
    "png folder": Case(pictures("shot"), rate=Fraction(24), tolerance=0.51 / 255),
    "png16": Case(pictures("s.###.png", 16), Fraction(24), np.uint16, 16, tolerance=1e-4),
    "tiff16": Case(pictures("s.%03d.tif", 16), Fraction(24), np.uint16, 16, tolerance=1e-4),
    "one png": Case(pictures("one.png", count=1), Fraction(24), tolerance=0.51 / 255, count=1),
    "one jpg": Case(pictures("one.jpg", count=1), Fraction(24), tolerance=4 / 255, count=1),
    "exr": Case(exr, Fraction(24), np.float32, 32, tolerance=1e-6, count=1),
    "pattern": Case(lambda _: f"pattern:96x64@24000/1001?frames={COUNT}", pattern=True),
    "pattern 10 bit": Case(
        lambda _: f"pattern:96x64@23.976?frames={COUNT}&bits=10", dtype=np.uint16, bits=10, pattern=True
    ),
    "real time": Case(clip("a.mp4", "libx264", "yuv420p"), realtime=True),
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def source(case: Case, tmp_path: Path) -> Iterator[Source]:
    with open_source(case.make(tmp_path), realtime=case.realtime) as opened:
        yield opened


def check(case: Case, info: SourceInfo, number: int, pixels: Any) -> None:
    assert pixels.dtype == case.dtype
    assert pixels.shape == (info.height, info.width, 3)
    assert pixels.flags.c_contiguous
    assert not pixels.flags.writeable
    if case.pattern:
        assert read_number(pixels) == number
    else:
        np.testing.assert_allclose(centres(pixels), expected(number), atol=case.tolerance)


def test_gives_every_frame_once_and_then_none_for_ever(case: Case, source: Source) -> None:
    info = source.info
    assert info.rate == case.rate
    assert info.bits == case.bits
    assert info.frames == (case.count if case.known_count else None)
    for number in range(case.count):
        frame = source.read()
        assert frame is not None
        assert (frame.number, frame.rate, frame.bits) == (number, case.rate, case.bits)
        assert frame.seconds == number / case.rate
        assert (frame.captured is not None) == case.realtime
        check(case, info, number, frame.pixels)
    assert [source.read() for _ in range(3)] == [None, None, None]


def test_closes_twice_and_then_reads_nothing(source: Source) -> None:
    assert source.read() is not None
    source.close()
    source.close()
    assert source.read() is None


def test_iterates(case: Case, source: Source) -> None:
    assert [frame.number for frame in source] == list(range(case.count))


@pytest.mark.parametrize("name", ["gone.mp4", "gone.png", "gone.%04d.png", "nofolder/gone.####.exr"])
def test_missing_files_are_unreadable(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableError, match="gone"):
        open_source(str(tmp_path / name))


@pytest.mark.parametrize("name", ["x.mp4", "x.mov", "x.png", "x.jpg", "x.exr", "x.tif", "x"])
@pytest.mark.parametrize(
    "content", [b"", b"hello world\n" * 99, b"\x89PNG\r\n\x1a\n" + b"\0" * 30, b"\xff\xd8\xff\xe0junk"]
)
def test_rubbish_is_unreadable_and_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=str(path)) as caught:
        open_source(str(path))
    assert caught.value.do


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_reads_over_http_from_a_real_server(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.ts", count=COUNT)
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open_source(f"http://127.0.0.1:{server.server_port}/a.ts", timeout_s=5) as source:
            frames = list(source)
            assert source.read() is None
        server.shutdown()
    assert [f.number for f in frames] == list(range(COUNT))
    assert all(f.captured is not None for f in frames)
    np.testing.assert_allclose(centres(frames[3].pixels), expected(3), atol=3 / 255)


def test_deep_codes_go_in_and_out(tmp_path: Path) -> None:
    """The helper of these tests is right itself."""
    assert codes(picture(0), 16).max() == round(0.9 * 65535)


def test_pictures_do_not_wait_for_the_collector(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", count=12)
    gc.collect()
    gc.disable()
    try:
        with open_source(str(made)) as source:
            assert sum(1 for _ in source) == 12
            pictures = [each for each in gc.get_objects() if type(each) is av.VideoFrame]
        assert len(pictures) <= 2
    finally:
        gc.enable()
