"""468 landmarks and two irises on a face whose place is roughly known: MediaPipe's networks.

Face mesh: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019. Iris:
Ablavatski et al.,
"Real-time Pupil Tracking from Monocular Video for Digital Puppetry", 2020.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.align import halve
from playingage.faces.detector import Detection, network_file
from playingage.faces.face import LANDMARKS, Pose, box_of, side_of
from playingage.runtime import Device, Network

_MESH, _IRIS = 192, 64
_MARGIN = 1.5
"""The mesh wants a square half as large again as the face."""
_LEVEL_PITCH = 9.0
"""A level face leans this far back by the axis from brow to chin (mean of frontal portraits), in degrees."""
_EYES = ((33, 133), (362, 263))


@dataclass(frozen=True, slots=True)
class Region:
    """A rotated square in the frame: centre (x, y), side in pixels, angle in radians (clockwise as seen)."""

    x: float
    y: float
    side: float
    angle: float

    def to_frame(self, size: int) -> NDArray[np.float64]:
        """2 x 3: pixels of a `size` x `size` picture of the region to pixels of the frame."""
        scale = self.side / size
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        half = (size - 1) / 2
        return np.array([[c, -s, self.x - c * half + s * half], [s, c, self.y - s * half - c * half]])


def region_of_detection(found: Detection) -> Region:
    """The square that the mesh wants around a detected face, turned so that the eyes are level."""
    left, top, right, bottom = found.box
    dx, dy = found.eyes[1] - found.eyes[0]
    side = _MARGIN * max(right - left, bottom - top)
    return Region((left + right) / 2, (top + bottom) / 2, side, float(np.arctan2(dy, dx)))


def region_of_landmarks(landmarks: NDArray[np.float32]) -> Region:
    """The square that the mesh wants around known landmarks."""
    dx, dy = landmarks[263, :2] - landmarks[33, :2]
    angle = float(np.arctan2(dy, dx))
    c, s = np.cos(angle), np.sin(angle)
    level = box_of(landmarks[:468, :2] @ np.array([[c, -s], [s, c]]))
    x, y = (level[0] + level[2]) / 2, (level[1] + level[3]) / 2
    return Region(float(c * x - s * y), float(s * x + c * y), _MARGIN * side_of(level), angle)


def pose_of(landmarks: NDArray[np.float32]) -> Pose:
    """Head pose from the mesh's own depth: the axis through the outer eye corners and the one from brow to chin."""
    across = (landmarks[263] - landmarks[33] + landmarks[454] - landmarks[234]).astype(np.float64)
    down = (landmarks[152] - landmarks[10]).astype(np.float64)
    yaw = np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))
    roll = np.degrees(np.arctan2(across[1], across[0]))
    pitch = np.degrees(np.arctan2(-down[2], np.hypot(down[0], down[1]))) + _LEVEL_PITCH
    return Pose(yaw=float(yaw), pitch=float(pitch), roll=float(roll))


class FaceMesh:
    """Landmarks of one face in a region of an RGB uint8 picture."""

    def __init__(self, device: Device) -> None:
        self._mesh = Network(network_file("face_landmark.tflite"), device, precision="f32")
        self._iris = Network(network_file("iris_landmark.tflite"), device, precision="f32")

    def landmarks(
        self, pixels: NDArray[np.uint8], region: Region, *, irises: bool = True
    ) -> tuple[NDArray[np.float32], float]:
        """478 x 3 landmarks in frame pixels and the confidence 0..1 that the region holds a face.

        Without `irises` the ten iris points all lie in the middle of their eye, and two thirds of the time are saved.
        """
        to_frame = region.to_frame(_MESH)
        raw = _run(self._mesh, pixels, to_frame, region.side / _MESH)
        points, logit = sorted(raw, key=lambda value: -value.size)
        found = np.empty((LANDMARKS, 3), np.float32)
        found[:468] = _placed(points, to_frame, region.side / _MESH)
        for index, (a, b) in enumerate(_EYES):
            start = 468 + 5 * index
            found[start : start + 5] = (
                self._iris_points(pixels, found, a, b, region.angle, mirrored=index == 1)
                if irises
                else (found[a] + found[b]) / 2
            )
        return found, float(1 / (1 + np.exp(-np.clip(logit.item(), -80, 80))))

    def _iris_points(
        self, pixels: NDArray[np.uint8], mesh: NDArray[np.float32], a: int, b: int, angle: float, *, mirrored: bool
    ) -> NDArray[np.float32]:
        centre = (mesh[a] + mesh[b]) / 2
        side = max(2.3 * float(np.hypot(*(mesh[b, :2] - mesh[a, :2]))), 4.0)
        to_frame = Region(float(centre[0]), float(centre[1]), side, angle).to_frame(_IRIS)
        if mirrored:  # the network knows one eye; the other is shown to it in a mirror
            to_frame[:, 2] += to_frame[:, 0] * (_IRIS - 1)
            to_frame[:, 0] *= -1
        raw = _run(self._iris, pixels, to_frame, side / _IRIS)
        points = _placed(min(raw, key=lambda value: value.size), to_frame, 1)
        points[:, 2] = centre[2]
        return points


def _run(
    network: Network, pixels: NDArray[np.uint8], to_frame: NDArray[np.float64], shrink: float
) -> list[NDArray[np.float32]]:
    """What a network says of a region; the next run writes over it."""
    given = network.given[0][0]
    np.divide(_picture(pixels, to_frame, given.shape[0], shrink), np.float32(255), out=given)
    return network.run(network.given, borrow=True)


def _placed(local: NDArray[np.float32], to_frame: NDArray[np.float64], depth: float) -> NDArray[np.float32]:
    """Points of a region's picture as N x 3 in the frame; `depth`: frame pixels to one of the picture."""
    found = local.reshape(-1, 3).astype(np.float64)
    found[:, :2] = found[:, :2] @ to_frame[:, :2].T + to_frame[:, 2]
    found[:, 2] *= depth
    return found.astype(np.float32)


def _picture(
    pixels: NDArray[np.uint8], to_frame: NDArray[np.float64], size: int, shrink: float
) -> NDArray[np.uint8]:
    """size x size x 3 of a region; `shrink` is frame pixels to one pixel of the result."""
    if shrink >= 2:
        # Reduce by area first: plain sampling of every third pixel makes landmarks jitter with the grain.
        height, width = pixels.shape[:2]
        corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ to_frame.T
        low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
        high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, low + 1, [width, height])
        from_part = _inverse(to_frame - [[0, 0, low[0]], [0, 0, low[1]]])
        pixels, from_frame = halve(pixels[low[1] : high[1], low[0] : high[0]], from_part, 1 / shrink)
    else:
        from_frame = _inverse(to_frame)
    picture = cv2.warpAffine(pixels, from_frame, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(picture, np.uint8)


def _inverse(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.invertAffineTransform(transform), np.float64)
