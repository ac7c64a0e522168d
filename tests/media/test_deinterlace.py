"""Interlaced sources made whole pictures: openly, with the right times, and only where that is asked for."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph
from numpy.typing import NDArray

from media.clips import make_clip
from playingage.core import SettingError, Timecode
from playingage.media import open_source, open_stored

WIDTH, HEIGHT, COUNT = 128, 96, 12


def field(time: int) -> NDArray[np.uint8]:
    """The picture at field `time` as H x W grey: a bar that moves four pixels a field."""
    pixels = np.full((HEIGHT, WIDTH), 60, np.uint8)
    at = (4 * time) % (WIDTH - 16)
    pixels[:, at : at + 16] = 190
    return pixels


def woven(number: int, top_first: bool) -> NDArray[np.uint8]:
    """Frame `number`: its two fields in alternate lines."""
    first, second = field(2 * number), field(2 * number + 1)
    pixels = first.copy() if top_first else second.copy()
    pixels[1::2] = (second if top_first else first)[1::2]
    return pixels


def make_interlaced(
    path: Path, *, rate: Fraction = Fraction(25), codec: str = "libx264", form: str = "yuv420p", top_first: bool = True,
    flagged: bool = True, timecode: str = "",
) -> Path:
    options = {"preset": "ultrafast", "crf": "4"}
    if flagged:
        options["flags"] = "+ildct+ilme"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, form
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        if timecode:
            stream.metadata["timecode"] = timecode
        if codec != "libx264":
            stream.codec_context.bit_rate = 8_000_000
        graph = Graph()
        base = f"video_size={WIDTH}x{HEIGHT}:pix_fmt={form}:time_base={rate.denominator}/{rate.numerator}"
        entry = graph.add("buffer", base + ":colorspace=1:range=1")
        mark = graph.add("setfield", "mode=" + ("prog" if not flagged else "tff" if top_first else "bff"))
        out = graph.add("buffersink")
        graph.link_nodes(entry, mark, out).configure()
        for number in range(COUNT):
            grey = woven(number, top_first)
            frame = av.VideoFrame.from_ndarray(np.repeat(grey[:, :, None], 3, axis=2), format="rgb24")
            ready = frame.reformat(format=form, dst_colorspace=1, dst_color_range=1)
            ready.pts, ready.time_base = number, 1 / rate
            entry.push(ready)
            marked = out.pull()
            assert isinstance(marked, av.VideoFrame)
            container.mux(stream.encode(marked))
        container.mux(stream.encode(None))
    return path


def away(pixels: NDArray[np.generic], time: int) -> float:
    """Mean distance to the whole picture at field `time`, in grey levels of 255, middle lines."""
    grey = pixels[:, :, 1].astype(np.float64) / (1 if pixels.dtype == np.uint8 else 257)
    return float(np.abs(grey - field(time))[8:-8].mean())


def read(path: Path, way: str | None = None, **options: str) -> list[NDArray[np.generic]]:
    with open_source(str(path), deinterlace=way, **options) as source:  # type: ignore[arg-type]
        return [frame.pixels for frame in source]


@pytest.mark.parametrize("top_first", [True, False])
def test_each_frame_becomes_the_whole_picture_of_its_first_field(tmp_path: Path, top_first: bool) -> None:
    path = make_interlaced(tmp_path / "a.mp4", top_first=top_first)
    pictures = read(path, "auto")
    assert len(pictures) == COUNT
    for number in range(2, COUNT - 2):
        errors = [away(pictures[number], time) for time in range(2 * number - 1, 2 * number + 3)]
        assert np.argmin(errors) == 1
        assert errors[1] < 4
        assert errors[1] < 0.4 * min(errors[0], errors[2])
    torn = read(path, "off")
    assert np.abs(torn[5][:, :, 1].astype(int) - woven(5, top_first)).mean() < 3


def test_each_field_becomes_a_picture_at_twice_the_rate(tmp_path: Path) -> None:
    path = make_interlaced(tmp_path / "a.mov", timecode="01:00:00:24")
    with open_source(str(path), deinterlace="fields") as source:
        info = source.info
        frames = list(source)
    assert (info.rate, info.frames, info.deinterlaced) == (Fraction(50), 2 * COUNT, "bwdif, a picture a field")
    assert [frame.number for frame in frames] == list(range(2 * COUNT))
    first = Timecode.parse("01:00:00:48", Fraction(50))
    assert [frame.timecode for frame in frames] == [first + n for n in range(2 * COUNT)]
    for time in range(4, 2 * COUNT - 4):
        errors = [away(frames[time].pixels, time + step) for step in (-1, 0, 1)]
        assert np.argmin(errors) == 1


@pytest.mark.parametrize(
    ("codec", "form", "name"),
    [("libx264", "yuv422p10le", "a.mov"), ("mpeg2video", "yuv422p", "a.mxf"), ("ffv1", "yuv420p", "a.mkv")],
)
def test_depths_and_containers(tmp_path: Path, codec: str, form: str, name: str) -> None:
    path = make_interlaced(tmp_path / name, codec=codec, form=form, flagged=codec != "ffv1")
    pictures = read(path, "on")
    assert len(pictures) == COUNT
    assert pictures[0].dtype == (np.uint16 if "10" in form else np.uint8)
    assert away(pictures[5], 10) < 5 or away(pictures[5], 11) < 5
    assert abs(float(pictures[5][50, 0, 0]) / (257 if "10" in form else 1) - 60) < 3


def test_it_is_said_and_done_only_where_asked(tmp_path: Path) -> None:
    path = make_interlaced(tmp_path / "a.mp4")
    with open_source(str(path)) as source:
        assert source.info.interlaced
        assert source.info.deinterlaced == ""
        assert any("not separated" in note for note in source.info.notes)
    with open_source(str(path), realtime=True) as source:
        assert source.info.deinterlaced == "bwdif, a picture a frame"
        assert "interlaced: deinterlaced by bwdif, a picture a frame" in source.info.notes
    plain = make_clip(tmp_path / "b.mp4")
    with open_source(str(plain), deinterlace="auto") as auto, open_source(str(plain)) as off:
        assert auto.info == off.info
        for one, other in zip(auto, off, strict=True):
            np.testing.assert_array_equal(one.pixels, other.pixels)
    with open_source(str(plain), deinterlace="on") as source:
        assert any("taken as interlaced" in note for note in source.info.notes)
    for way in ("yadif", ""):
        with pytest.raises(SettingError, match="is not known"):
            open_source(str(plain), deinterlace=way or " ")
    with pytest.raises(SettingError, match="has no fields"):
        open_source("pattern:64x48@25", deinterlace="on")


def test_a_loop_and_a_skip_keep_count(tmp_path: Path) -> None:
    path = make_interlaced(tmp_path / "a.mp4")
    with open_source(str(path), loop=True, deinterlace="auto") as source:
        seen = [frame for frame, _ in zip(source, range(2 * COUNT + 3), strict=False)]
    assert [frame.number for frame in seen] == list(range(2 * COUNT + 3))
    np.testing.assert_array_equal(seen[3].pixels, seen[COUNT + 3].pixels)
    with open_stored(str(path), deinterlace="auto") as stored:
        stored.skip(5)
        frame = stored.read()
        assert frame is not None
        assert frame.number == 5
        np.testing.assert_array_equal(frame.pixels, seen[5].pixels)
