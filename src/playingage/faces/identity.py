"""Who a face is: 128 numbers that lie near each other for pictures of one person.

The network is dlib's face recognition ResNet v1 (Davis King, public domain; after He et al., 2016), learned with a
metric loss: faces of one person less than 0.6 apart.
"""

import numpy as np
from numpy.typing import NDArray

from playingage.faces.align import similarity, warp_crop, warp_planes
from playingage.faces.detector import network_file
from playingage.runtime import Device, Network

NETWORK = "dlib-resnet-v1"
"""The name under which embeddings are stored: those of another network cannot be compared."""
LENGTH = 128
SAME = 0.55
"""Embeddings nearer than this are of one person; measured, see docs/faces.md."""
CHIP = 150
# Mesh index -> mean place in the crop of `CHIP` pixels that dlib cuts: corners of the eyes and base of the nose,
# measured on portraits in which dlib's own five points were found; symmetrised.
_POINTS: dict[int, tuple[float, float]] = {
    263: (112.3, 45.9), 362: (88.2, 47.1), 33: (34.7, 45.9), 133: (58.8, 47.1), 2: (73.5, 84.8),
}


class FaceIdentity:
    """Maps faces to embeddings. Belongs to one thread."""

    def __init__(self, device: Device) -> None:
        self._network = Network(network_file("identity.onnx"), device)

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """The embedding (128 float32, about 1.4 long) of the face with these landmarks (468+ x 2 or 3) in frame pixels.

        pixels: RGB uint8 H x W x 3, display-encoded.
        """
        planes = warp_planes(pixels, _to_chip(landmarks), CHIP)
        return np.asarray(self._network.run([planes[None]])[0][0], np.float32)


def identity_chip(pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The face as the network wants it: float32 `CHIP` x `CHIP` x 3, 0..255, cut as dlib does (padding 0.25)."""
    return warp_crop(pixels, _to_chip(landmarks), CHIP)


def _to_chip(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frame pixels to the chip's: 2 x 3."""
    return similarity(landmarks[list(_POINTS), :2], np.array(list(_POINTS.values()), np.float64))


def distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Euclidean distance of two embeddings: of one person mostly below `SAME`, of two people about 0.8."""
    return float(np.linalg.norm(np.subtract(a, b, dtype=np.float64)))
