"""Where faces are in a frame: MediaPipe's BlazeFace networks (Bazarevsky et al., 2019) on tiles of the frame."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import ModelError
from playingage.faces.face import overlap
from playingage.runtime import Device, Network

NETWORKS = Path(__file__).parent / "networks"
_MIN_SCORE = 0.5
_SAME_FACE = 0.3


def network_file(name: str) -> Path:
    """A network that the build put beside the code. Raises ModelError where it is missing."""
    path = NETWORKS / name
    if not path.is_file():
        raise ModelError(f"{path} is missing: the package was not built", "Install it with `pip install .`.")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A found face in frame pixels: box (left, top, right, bottom), both eyes (2 x 2), score 0..1."""

    box: tuple[float, float, float, float]
    eyes: NDArray[np.float32]
    score: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the frame in pixels, `size` x `size` from (x, y); may reach past the border."""

    x: int
    y: int
    size: int


def whole(height: int, width: int) -> Tile:
    """The square that holds the whole frame, centred."""
    size = max(height, width)
    return Tile((width - size) // 2, (height - size) // 2, size)


def tiles(height: int, width: int) -> list[Tile]:
    """Overlapping squares as high as the frame's short side, then half as high; none for a frame under 256 pixels."""
    found = []
    short = min(height, width)
    for size in (short, short // 2):
        if size < 256 or (size == short and max(height, width) < 1.2 * short):
            continue
        step = size * 2 // 3
        xs = [*range(0, max(width - size, 0), step), max(width - size, 0)]
        ys = [*range(0, max(height - size, 0), step), max(height - size, 0)]
        found += [Tile(x, y, size) for y in ys for x in xs]
    return found


def _anchors(grids: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    """Anchor centres 0..1 for (cells a side, anchors a cell) pairs; N x 2 as x, y."""
    parts = []
    for cells, each in grids:
        centre = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(centre, centre)
        parts.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), each, axis=0))
    return np.concatenate(parts)


class FaceDetector:
    """Finds faces from about a fifteenth of a tile's side up to all of it, tilted to about 45 degrees."""

    def __init__(self, device: Device) -> None:
        self._near = Network(network_file("face_detection_back.tflite"), device, precision="f32")
        self._far = Network(network_file("face_detection_full_range_sparse.tflite"), device, precision="f32")
        self._near_anchors = _anchors(((16, 2), (8, 6)))
        self._far_anchors = _anchors(((48, 1),))

    def detect(
        self, pixels: NDArray[np.uint8], parts: list[Tile], *, near: bool = True, far: bool = True
    ) -> list[Detection]:
        """Faces in the given parts of an RGB picture (uint8 H x W x 3), best first, each once.

        `near` and `far` choose the network for large faces, the one for small faces, or both.
        """
        found: list[Detection] = []
        for part in parts:
            if near:
                found += self._detect_tile(pixels, part, self._near, self._near_anchors, 256)
            if far:
                found += self._detect_tile(pixels, part, self._far, self._far_anchors, 192)
        return _once(found)

    def _detect_tile(
        self, pixels: NDArray[np.uint8], part: Tile, network: Network, anchors: NDArray[np.float32], side: int
    ) -> list[Detection]:
        picture, scale, origin = _square(pixels, part, side)
        raw = network.run([picture[None].astype(np.float32) / 127.5 - 1])
        boxes, logits = (raw[0], raw[1]) if raw[0].shape[-1] == 16 else (raw[1], raw[0])
        scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80)))
        keep = scores >= _MIN_SCORE
        values = boxes[0][keep].reshape(-1, 8, 2) / side
        values[:, 0] += anchors[keep]
        values[:, 2:] += anchors[keep][:, None]
        values *= side / scale
        values[:, [0, *range(2, 8)]] += origin
        found = []
        for row, score in zip(values, scores[keep], strict=True):
            (x, y), (w, h) = row[0], np.abs(row[1])
            if min(w, h) >= 8:
                box = float(x - w / 2), float(y - h / 2), float(x + w / 2), float(y + h / 2)
                found.append(Detection(box=box, eyes=row[2:4].astype(np.float32), score=float(score)))
        return found


def _square(
    pixels: NDArray[np.uint8], part: Tile, side: int
) -> tuple[NDArray[np.uint8], float, NDArray[np.float32]]:
    """The tile as side x side pixels, black outside the frame; with its scale and origin in the frame."""
    height, width = pixels.shape[:2]
    x0, y0 = max(part.x, 0), max(part.y, 0)
    x1, y1 = min(part.x + part.size, width), min(part.y + part.size, height)
    scale = side / part.size
    inside = pixels[y0:y1, x0:x1]
    w, h = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    small = cv2.resize(inside, (min(w, side), min(h, side)), interpolation=cv2.INTER_AREA)
    picture = np.zeros((side, side, 3), np.uint8)
    left = min(round((x0 - part.x) * scale), side - small.shape[1])
    top = min(round((y0 - part.y) * scale), side - small.shape[0])
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    return picture, scale, np.array([x0 - left / scale, y0 - top / scale], np.float32)


def _once(found: list[Detection]) -> list[Detection]:
    """The best of overlapping detections, its place the score-weighted mean of those that agree (as BlazeFace does)."""
    kept: list[Detection] = []
    rest = sorted(found, key=lambda d: -d.score)
    while rest:
        best = rest[0]
        same = [d for d in rest if overlap(best.box, d.box) > _SAME_FACE]
        rest = [d for d in rest if overlap(best.box, d.box) <= _SAME_FACE]
        weights = np.array([d.score for d in same])
        box = np.average([d.box for d in same], axis=0, weights=weights)
        eyes = np.average([d.eyes for d in same], axis=0, weights=weights).astype(np.float32)
        kept.append(Detection(box=(box[0], box[1], box[2], box[3]), eyes=eyes, score=best.score))
    return kept
