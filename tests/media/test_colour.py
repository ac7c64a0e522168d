"""Values of Y'CbCr against the equations of ITU-R BT.601, BT.709 and BT.2020, in both directions, at every depth."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from media.clips import centres, codes, expected, frames_of, info_of, make_clip
from playingage.frames import Colour, Frame
from playingage.media import open_sink, open_source
from playingage.media.pack import Packer, to_codes
from playingage.media.tags import RawTags, colour_from_tags, tags_from_colour
from playingage.media.unpack import Unpacker, narrow, widen

KR_KB = {
    "bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt470bg": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593),
}
NUMBER = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}
RGB = np.array(
    [[1, 1, 1], [0, 0, 0], [0.5, 0.5, 0.5], [0.9, 0.2, 0.1], [0.1, 0.8, 0.2], [0.2, 0.3, 0.9], [1, 0, 0], [0, 0, 1]]
)


def to_ycc(rgb: NDArray[np.float64], matrix: str, bits: int, full: bool) -> NDArray[np.float64]:
    """The code values of Y', Cb, Cr by the book, not rounded."""
    kr, kb = KR_KB[matrix]
    y = rgb @ np.array([kr, 1 - kr - kb, kb])
    cb, cr = (rgb[..., 2] - y) / (2 - 2 * kb), (rgb[..., 0] - y) / (2 - 2 * kr)
    one, top = 1 << (bits - 8), (1 << bits) - 1
    if full:
        return np.stack([y * top, cb * top + 128 * one, cr * top + 128 * one])
    return np.stack([y * 219 * one + 16 * one, cb * 224 * one + 128 * one, cr * 224 * one + 128 * one])


def flat(form: str, ycc: NDArray[np.float64], bits: int) -> av.VideoFrame:
    """A 32 x 32 picture of one colour."""
    frame = av.VideoFrame(32, 32, form)
    for plane, value in zip(frame.planes, ycc, strict=False):
        data = np.asarray(memoryview(plane)).view(np.uint8 if bits == 8 else np.uint16)
        data[:] = round(float(np.clip(value, 0, (1 << bits) - 1)))
    return frame


FORMS = [
    ("yuv420p", 8), ("yuv422p", 8), ("yuv444p", 8), ("yuv420p10le", 10), ("yuv422p10le", 10), ("yuv444p10le", 10),
    ("yuv420p12le", 12), ("yuv444p12le", 12), ("yuv420p16le", 16),
]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", list(KR_KB))
@pytest.mark.parametrize(("form", "bits"), FORMS)
def test_decoding_follows_the_book(form: str, bits: int, matrix: str, full: bool) -> None:
    unpacker = Unpacker()
    colour = Colour(matrix=matrix, full_range=full)
    for rgb in RGB:
        ycc = to_ycc(rgb, matrix, bits, full)
        pixels, alpha = unpacker.unpack(flat(form, ycc, bits), colour)
        assert alpha is None
        assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
        top = 255 if bits == 8 else 65535
        step = 1.0 / 219 if bits == 8 else 2.6 / (219 * (1 << (min(bits, 12) - 8)))
        np.testing.assert_allclose(pixels[16, 16] / top, rgb, atol=1.3 * step)
        np.testing.assert_array_equal(pixels, np.broadcast_to(pixels[16, 16], pixels.shape))


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("full", [False, True])
def test_white_is_white_and_black_is_black(bits: int, full: bool) -> None:
    unpacker = Unpacker()
    for level, value in ((1.0, 65535), (0.0, 0)):
        ycc = to_ycc(np.full(3, level), "bt709", bits, full)
        pixels, _ = unpacker.unpack(flat(f"yuv420p{bits}le", ycc, bits), Colour(full_range=full))
        np.testing.assert_allclose(pixels.astype(int), value, atol=16)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", ["bt709", "smpte170m", "bt2020nc"])
@pytest.mark.parametrize(("form", "bits"), [("yuv420p", 8), ("yuv444p", 8), ("yuv420p10le", 10), ("yuv422p10le", 10)])
def test_encoding_follows_the_book(form: str, bits: int, matrix: str, full: bool) -> None:
    tags = RawTags(primaries=1, transfer=1, matrix=NUMBER[matrix], range=2 if full else 1)
    packer = Packer(form, tags)
    for rgb in RGB:
        pixels = codes(np.tile(rgb, (32, 32, 1)), bits)
        picture = packer.pack(Frame(pixels=pixels, number=0, rate=_rate()))
        assert (picture.colorspace, picture.color_range) == (NUMBER[matrix], 2 if full else 1)
        dtype = np.uint8 if bits == 8 else np.uint16
        values = [int(np.frombuffer(memoryview(p), dtype)[0]) for p in picture.planes]
        wanted = np.clip(to_ycc(rgb, matrix, bits, full), 0, (1 << bits) - 1)
        np.testing.assert_allclose(values, wanted, atol=1.6 if bits == 8 else 3)


def _rate() -> Fraction:
    return Fraction(24)


def test_ten_bit_survives_rgb_and_back() -> None:
    """Every 10-bit grey, and colours, come out of RGB as they went in (to one code of chroma)."""
    colour = Colour()
    tags = tags_from_colour(colour, rgb=False, height=1080)
    frame = av.VideoFrame(877, 32, "yuv444p10le")
    random = np.random.default_rng(0)
    for plane, mid in zip(frame.planes, (0, 512, 512), strict=True):
        rows = np.asarray(memoryview(plane)).view(np.uint16).reshape(32, -1)
        rows[:] = 0
        if mid:
            rows[:, :877] = mid + random.integers(-20, 21, (32, 877))
            rows[0, :877] = mid
        else:
            rows[:, :877] = np.arange(64, 941)
    pixels, _ = Unpacker().unpack(frame, colour)
    again = Packer("yuv444p10le", tags).pack(Frame(pixels=pixels, number=0, rate=_rate(), bits=10))
    inner = slice(100, 780)
    for before, after in zip(frame.planes, again.planes, strict=True):
        old, new = (
            np.frombuffer(memoryview(p), np.uint16).reshape(32, -1)[:, inner].astype(int) for p in (before, after)
        )
        assert np.abs(old - new).max() <= 1
        assert (old == new).mean() > 0.9


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 16])
def test_widening_is_exact_and_invertible(bits: int) -> None:
    every = np.arange(1 << bits, dtype=np.uint16)
    wide = widen(every, bits)
    np.testing.assert_array_equal(wide, np.round(every * (65535 / ((1 << bits) - 1))).astype(np.uint16))
    np.testing.assert_array_equal(narrow(wide, bits), every)
    np.testing.assert_array_equal(to_codes(wide, bits), every)


def test_rgb_of_ten_bits_is_lossless(tmp_path: Path) -> None:
    every = np.resize(np.arange(1024, dtype=np.uint16), (48, 64, 3))
    frame = Frame(pixels=widen(every, 10), number=0, rate=_rate(), bits=10)
    like = info_of(1, bits=10, colour=Colour(matrix="rgb", full_range=True))
    with open_sink(tmp_path / "o.mkv", like) as sink:
        sink.write(frame)
    with open_source(str(tmp_path / "o.mkv")) as source:
        read = source.read()
        assert source.info.pixel_format == "gbrp10le"
    assert read is not None
    np.testing.assert_array_equal(to_codes(read.pixels, 10), every)


@pytest.mark.parametrize(("height", "matrix"), [(1080, "bt709"), (720, "bt709"), (576, "smpte170m")])
def test_untagged_is_noted(height: int, matrix: str) -> None:
    none = RawTags(primaries=2, transfer=2, matrix=2, range=0)
    colour, notes = colour_from_tags(none, rgb=False, floating=False, height=height, still=False)
    assert (colour.matrix, colour.full_range, colour.transfer) == (matrix, False, "bt709")
    assert any("not tagged" in note for note in notes)


def test_an_untagged_small_clip_is_read_as_601(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", tagged=False)
    with open_source(str(path)) as source:
        assert source.info.colour.matrix == "smpte170m"
        assert "the Y'CbCr matrix is not tagged: taken as BT.601" in source.info.notes
        frame = source.read()
    assert frame is not None
    np.testing.assert_allclose(centres(frame.pixels), expected(0), atol=3 / 255)


@pytest.mark.parametrize("name", ["o.mp4", "o.mov"])
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize(
    "colour",
    [
        Colour(),
        Colour(primaries="bt2020", transfer="pq", matrix="bt2020nc"),
        Colour(primaries="bt2020", transfer="hlg", matrix="bt2020nc"),
        Colour(primaries="smpte170m", matrix="smpte170m"),
        Colour(matrix="rgb", full_range=True, transfer="srgb"),
    ],
)
def test_tags_are_carried(tmp_path: Path, colour: Colour, bits: int, name: str) -> None:
    with open_sink(tmp_path / name, info_of(2, bits=bits, colour=colour)) as sink:
        for frame in frames_of(2, bits=bits):
            sink.write(frame)
    with open_source(str(tmp_path / name)) as source:
        found, notes = source.info.colour, source.info.notes
        read = source.read()
    matrix = colour.matrix if colour.matrix != "rgb" else "smpte170m"
    assert (found.primaries, found.transfer, found.matrix) == (colour.primaries, colour.transfer, matrix)
    assert not found.full_range
    assert notes == ()
    assert read is not None
    np.testing.assert_allclose(centres(read.pixels), expected(0), atol=3 / 255)


def test_not_a_number_and_beyond_white_are_limited() -> None:
    values = np.array([[[np.nan, -1.0, 2.0], [0.0, 0.5, 1.0]]], np.float32)
    np.testing.assert_array_equal(to_codes(values, 8), [[[0, 0, 255], [0, 128, 255]]])
    np.testing.assert_array_equal(to_codes(values.astype(np.float16), 16), [[[0, 0, 65535], [0, 32768, 65535]]])
