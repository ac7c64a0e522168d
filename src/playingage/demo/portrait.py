"""A still portrait as an endless 1080p24 camera picture.

The head turns by parallax: every pixel of it moves sideways and up by its depth, which the face mesh gives inside the
face and a
smooth fall-off gives around it. The camera drifts as a hand-held one does. Fine grain is laid over, as a sensor's.
"""

import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import Timecode
from playingage.faces import Face, FaceFinder
from playingage.frames import Colour, Frame, Origin
from playingage.media.base import SourceBase
from playingage.media.ports import SourceInfo

SITTER_AGE = 42.0
"""Eileen Collins, born in November 1956, in NASA's portrait of early 1999; years."""
PORTRAIT = Path(__file__).parent / "astronaut.jpg"
_WIDTH, _HEIGHT, _RATE = 1920, 1080, Fraction(24)
_MARGIN = 1.16
"""How much larger than the frame the moved picture is, so that no border shows."""
_WORK = 0.5
"""The head is moved at this part of the frame's size: the portrait has no finer detail, and time is saved."""
_TURN, _NOD = 17.0, 6.0
_GRAIN = 2.0
_GRAIN_OFFSET = 6
"""Grain is stored without a sign, so that one saturating addition lays it on; the picture is darkened by as much."""


class PortraitSource(SourceBase):
    """The portrait in motion. With `realtime` frames come at 24 a second, late ones are skipped; `frames` ends it."""

    def __init__(self, *, realtime: bool = True, frames: int | None = None) -> None:
        self._canvas, face = _canvas()
        self._depth, self._box = _depth(self._canvas, face)
        height, width = self._depth.shape
        self._y, self._x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._grain = _grain()
        self._realtime, self._frames = realtime, frames
        self._number, self._start = 0, 0.0
        self._closed = False

    @property
    def info(self) -> SourceInfo:
        """1920 x 1080, 24 frames a second, 8-bit Rec.709."""
        return SourceInfo(
            name="demo", width=_WIDTH, height=_HEIGHT, rate=_RATE, codec="portrait", frames=self._frames,
            timecode=Timecode(0, _RATE),
        )

    def read(self) -> Frame | None:
        """The next frame; None after `close` or the last of `frames`."""
        if self._closed or (self._frames is not None and self._number >= self._frames):
            return None
        if self._realtime:
            now = time.monotonic()
            self._start = self._start or now
            self._number = max(self._number, int((now - self._start) * _RATE))
        number = self._number
        self._number += 1
        pixels = self._picture(float(number / _RATE))
        captured = None
        if self._realtime:
            # As from a camera: the picture is there, whole, at its time.
            time.sleep(max(0.0, self._start + float((number + 1) / _RATE) - time.monotonic()))
            captured = time.monotonic()
        return Frame(
            pixels=pixels, number=number, rate=_RATE, colour=Colour(), origin=Origin(name="demo"),
            timecode=Timecode(number, _RATE), captured=captured,
        )

    def _picture(self, seconds: float) -> NDArray[np.uint8]:
        yaw = _TURN * (0.75 * _wave(seconds, 7.3) + 0.25 * _wave(seconds, 3.1))
        pitch = _NOD * _wave(seconds, 5.9)
        left, top, right, bottom = self._box
        part = self._canvas[top:bottom, left:right]
        # Seen from afar, a turn by an angle moves a point sideways by its depth times the angle's sine.
        across = cv2.scaleAdd(self._depth, float(np.sin(np.radians(yaw))), self._x)
        along = cv2.scaleAdd(self._depth, float(np.sin(np.radians(pitch))), self._y)
        canvas = self._canvas.copy()
        canvas[top:bottom, left:right] = cv2.remap(part, across, along, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT)
        shake = np.array([_drift(seconds, 0), _drift(seconds, 1)]) * (0.011 * _HEIGHT)
        angle, zoom = 0.9 * _drift(seconds, 2), (1 + 0.012 * _wave(seconds, 11.0)) / _WORK
        height, width = canvas.shape[:2]
        move = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
        move[:, 2] += shake - ((width - _WIDTH) / 2, (height - _HEIGHT) / 2)
        moved = cv2.warpAffine(canvas, move, (_WIDTH, _HEIGHT), flags=cv2.INTER_LINEAR)
        start = int(seconds * 24) * 7919 % _HEIGHT
        return np.asarray(cv2.add(moved, self._grain[start : start + _HEIGHT]), np.uint8)

    def close(self) -> None:
        """Stop; `read` gives None from now on."""
        self._closed = True


def _canvas() -> tuple[NDArray[np.uint8], Face]:
    """The portrait enlarged and cut to a wide frame with margins, and its face in that picture."""
    data = np.frombuffer(PORTRAIT.read_bytes(), np.uint8)
    portrait = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
    width, height = round(_WIDTH * _MARGIN * _WORK), round(_HEIGHT * _MARGIN * _WORK)
    side = round(width * 1.07)
    large = np.asarray(cv2.resize(portrait, (side, side), interpolation=cv2.INTER_LANCZOS4), np.uint8)
    soft = cv2.GaussianBlur(large, (0, 0), 0.8)
    large = np.asarray(cv2.addWeighted(large, 1.7, soft, -0.7, 0), np.uint8)
    canvas = np.maximum(large[:height, :width], _GRAIN_OFFSET) - np.uint8(_GRAIN_OFFSET)
    return canvas, FaceFinder.load().find(canvas)[0]


def _depth(canvas: NDArray[np.uint8], face: Face) -> tuple[NDArray[np.float32], tuple[int, int, int, int]]:
    """Depth towards the camera in pixels around the head, smooth and 0 at the rim, and the box it covers."""
    left, top, right, bottom = face.box
    size = face.size
    height, width = canvas.shape[:2]
    box = (
        max(0, int(left - 0.9 * size)), max(0, int(top - 1.0 * size)),
        min(width, int(right + 0.9 * size)), min(height, int(bottom + 0.9 * size)),
    )
    points = face.landmarks[:468] - (box[0], box[1], 0)
    near = points[:, 2].max() - points[:, 2]
    shape = (box[3] - box[1], box[2] - box[0])
    # Scattered depths to a smooth field: weighted sums of blurred points (Shepard's method with a Gaussian kernel).
    total, weight = np.zeros(shape, np.float32), np.full(shape, 1e-7, np.float32)
    for (px, py, _), depth in zip(points.astype(int), near, strict=True):
        if 0 <= py < shape[0] and 0 <= px < shape[1]:
            total[py, px] += depth
            weight[py, px] += 1
    sigma = 0.055 * size
    field = cv2.GaussianBlur(total, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    inside = cv2.GaussianBlur((cv2.GaussianBlur(weight, (0, 0), sigma) > 2e-5).astype(np.float32), (0, 0), 0.14 * size)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    cx, cy = points[:, 0].mean(), points[:, 1].mean() - 0.12 * size
    far = np.clip(1 - ((x - cx) / (0.85 * size)) ** 2 - ((y - cy) / (0.98 * size)) ** 2, 0, 1)
    head = np.sqrt(far) * 0.35 * size
    mixed = cv2.GaussianBlur(np.asarray(field * inside + head * (1 - inside), np.float32), (0, 0), 0.05 * size)
    rim = np.minimum.outer(_edge(shape[0]), _edge(shape[1])) * np.clip(far * 4, 0, 1)
    return np.asarray(mixed * cv2.GaussianBlur(rim.astype(np.float32), (0, 0), 0.03 * size), np.float32), box


def _edge(length: int) -> NDArray[np.float64]:
    ramp: NDArray[np.float64] = np.clip(np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.1 * length), 0, 1)
    return ramp


def _grain() -> NDArray[np.uint8]:
    noise = np.random.default_rng(1999).normal(0, _GRAIN, (2 * _HEIGHT, _WIDTH, 1)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 0.7)[..., None] * 1.8
    return np.repeat(np.clip(np.rint(soft + _GRAIN_OFFSET), 0, 255), 3, axis=2).astype(np.uint8)


def _wave(seconds: float, period: float) -> float:
    return float(np.sin(2 * np.pi * seconds / period))


def _drift(seconds: float, axis: int) -> float:
    """A slow wander between -1 and 1 whose periods do not meet."""
    phases = np.array([0.3, 1.7, 4.1]) * (axis + 1)
    return float(np.sin(2 * np.pi * seconds / np.array([2.7, 4.9, 8.3]) + phases) @ np.array([0.25, 0.35, 0.4]))
