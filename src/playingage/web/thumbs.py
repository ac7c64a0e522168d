"""Small pictures of faces for a page: cut about the face, reduced, JPEG; the last ones stay. Any thread may call."""

import threading
from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.archive import FaceRow, Faceset

_SIDE = 3.3
"""Of a small picture, in eye distances of a level face."""
_QUALITY, _LARGE_QUALITY = 84, 92
_MOST_BYTES = 96 << 20
_GREY = (17, 17, 17)


class Thumbnails:
    """JPEGs by face and size; the least lately used go when 96 MiB are full."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, faceset: Faceset, row: FaceRow, size: int) -> bytes:
        """The face as `size` x `size` pixels. Raises FacesetError where its cut cannot be read."""
        key = (row.id, row.hash, size)
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
        made = _jpeg(_face(_eight_bits(faceset.picture(row)), row, size), _QUALITY)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._bytes += len(made)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return made


def whole_cut(faceset: Faceset, row: FaceRow) -> bytes:
    """The cut in its own pixels as a JPEG. Raises FacesetError."""
    return _jpeg(_eight_bits(faceset.picture(row)), _LARGE_QUALITY)


def _face(cut: NDArray[np.uint8], row: FaceRow, size: int) -> NDArray[np.uint8]:
    """The square about the landmarks, level with the picture; grey beyond the cut."""
    low, high = row.landmarks.min(axis=0), row.landmarks.max(axis=0)
    x, y = (low + high) / 2
    side = max(_SIDE * row.eye, 1.15 * float(max(high - low)), 8.0)
    scale = size / side
    if scale < 1:  # by area first, so that nothing aliases
        width, height = (max(1, round(scale * length)) for length in cut.shape[1::-1])
        cut = np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        x, y, scale = x * scale, y * scale, 1.0
    move = np.array([[scale, 0, size / 2 - scale * x], [0, scale, size / 2 - scale * y]], np.float32)
    return np.asarray(cv2.warpAffine(cut, move, (size, size), flags=cv2.INTER_LINEAR, borderValue=_GREY), np.uint8)


def _eight_bits(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    return picture if picture.dtype == np.uint8 else np.asarray(picture >> 8, np.uint8)  # type: ignore[return-value]


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    return data.tobytes()
