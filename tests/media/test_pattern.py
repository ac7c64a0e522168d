"""The test pattern and the number in it."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import SettingError
from playingage.media import PatternSettings, PatternSource, open_source, read_number
from playingage.media.pattern import _bits


@pytest.mark.parametrize("size", [(64, 32), (96, 54), (853, 481), (1920, 1080), (360, 640)])
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_numbers_are_read_back(size: tuple[int, int], bits: int) -> None:
    with PatternSource(PatternSettings(width=size[0], height=size[1], bits=bits, frames=40)) as source:
        assert [read_number(frame.pixels) for frame in source] == list(range(40))


@pytest.mark.parametrize("width", [1280, 960, 640, 320])
def test_numbers_survive_scaling_and_jpeg(width: int) -> None:
    with PatternSource(PatternSettings(frames=6)) as source:
        for frame in source:
            small = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24").reformat(
                width=width, height=width * 9 // 16, format="yuvj420p", dst_color_range=2
            )
            encoder = av.CodecContext.create("mjpeg", "w")
            assert isinstance(encoder, av.VideoCodecContext)
            encoder.width, encoder.height, encoder.pix_fmt = small.width, small.height, "yuvj420p"
            encoder.time_base, encoder.options = Fraction(1, 24), {"qmin": "10", "qmax": "10"}
            small.pts = 0
            packet = (encoder.encode(small) + encoder.encode(None))[0]
            decoder = av.CodecContext.create("mjpeg", "r")
            assert isinstance(decoder, av.VideoCodecContext)
            (again,) = decoder.decode(packet) + decoder.decode(None)
            assert read_number(again.to_ndarray(format="rgb24")) == frame.number


@given(st.integers(0, 2**24 - 1))
def test_every_number_has_its_own_blocks(number: int) -> None:
    row = np.repeat(_bits(number), 4) * 255
    assert read_number(np.broadcast_to(row[None, :, None], (32, 128, 3)).astype(np.uint8)) == number


def test_other_pictures_give_no_number() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        assert read_number(random.integers(0, 256, (64, 128, 3), dtype=np.uint8)) is None
    for level in (0, 255):
        assert read_number(np.full((64, 128, 3), level, np.uint8)) is None
    assert read_number(np.full((1, 1, 3), 255, np.uint8)) is None


def test_settings_from_an_address() -> None:
    parse = PatternSettings.parse
    assert parse("pattern:") == PatternSettings()
    assert parse("pattern:1280x720@25") == PatternSettings(width=1280, height=720, rate=Fraction(25))
    assert parse("pattern:@29.97?frames=7").rate == Fraction(30000, 1001)
    assert parse("pattern:64x64@24000/1001?bits=10&frames=2") == PatternSettings(
        width=64, height=64, rate=Fraction(24000, 1001), bits=10, frames=2
    )
    for bad in ("pattern:x", "pattern:64x64@1/0", "pattern:64x64?color=red", "pattern:10x10", "pattern:?bits=9"):
        with pytest.raises(SettingError):
            parse(bad)


def test_it_is_endless_and_moves() -> None:
    with open_source("pattern:96x64") as source:
        assert source.info.frames is None
        first, second = source.read(), source.read()
    assert first is not None
    assert second is not None
    assert (first.pixels[8:] != second.pixels[8:]).any()
    assert str(second.timecode) == "01:00:00:01"
