"""JPEGs put together of strips: the very pixels of one encoded in one piece, wherever the seams lie."""

import io

import av
import cv2
import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playingage.live.strips import ROWS, encode, encode_strips, join


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 200), grey=st.booleans(), quality=st.integers(60, 98),
       seed=st.integers(0, 99))
def test_strips_decode_as_one_piece(height: int, width: int, grey: bool, quality: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 1 if grey else 3), np.uint8)
    joined = join(encode_strips(pixels, quality), width, height, grey=grey)
    space = "GRAY" if grey else "RGB"
    whole = simplejpeg.decode_jpeg(encode(pixels, quality), colorspace=space)
    assert np.array_equal(simplejpeg.decode_jpeg(joined, colorspace=space), whole)


def test_other_decoders_read_them_too() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (300, 200, 3), np.uint8)
    joined = join(encode_strips(pixels, 92), 200, 300, grey=False)
    whole = encode(pixels, 92)
    first, second = (np.asarray(cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR))
                     for each in (joined, whole))
    assert np.array_equal(first, second)
    assert np.array_equal(planes(joined), planes(whole))


def planes(jpeg: bytes) -> NDArray[np.uint8]:
    """What FFmpeg makes of it: Y'CbCr."""
    with av.open(io.BytesIO(jpeg), "r", format="mjpeg") as opened:
        return np.asarray(next(opened.decode(video=0)).to_ndarray(format="yuvj420p"), np.uint8)


@pytest.mark.parametrize("row", [0, ROWS - 1, ROWS, 3 * ROWS + 7, 299])
def test_only_what_differs_is_encoded_again(row: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (300, 160, 3), np.uint8)
    other = pixels.copy()
    other[row, 80] = 255 - other[row, 80]
    strips = encode_strips(pixels, 92)
    again = encode_strips(other, 92, pixels, strips)
    assert [a is b for a, b in zip(strips, again, strict=True)] == [i != row // ROWS for i in range(5)]
    decoded = simplejpeg.decode_jpeg(join(again, 160, 300, grey=False))
    assert np.array_equal(decoded, simplejpeg.decode_jpeg(encode(other, 92)))
