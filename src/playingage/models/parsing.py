"""The parsing network of a package: what a head's pixels belong to."""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import ModelError
from playingage.frames.pixels import Image
from playingage.models.package import ModelPackage
from playingage.runtime import Device, Network

FILE = "parse.onnx"
MASKS = ("hair", "beard", "brows", "face", "neck", "front")
"""What the planes of the result mean: hair of the head; beard, moustache, stubble; brows; skin of the face with the
ears; skin of the neck; things before the face, such as hands, objects and the frames of glasses."""
SIDE = 192


class HeadParser:
    """Head crop -> six soft masks. Belongs to one thread."""

    size = SIDE

    @classmethod
    def of(cls, package: ModelPackage, device: Device) -> "HeadParser | None":
        """The package's parser, or None where it has none, as older packages."""
        return cls(package, device) if FILE in package.contents else None

    def __init__(self, package: ModelPackage, device: Device) -> None:
        self._network = Network(package.contents[FILE], device, name=f"{package.path}/{FILE}")
        if self._network.inputs != {"head": (1, 3, SIDE, SIDE)} or self._network.outputs != {
            "masks": (1, len(MASKS), SIDE, SIDE)
        }:
            raise ModelError(f"{package.path}: {FILE} does not have the input and output of the protocol")

    def __call__(self, head: Image) -> NDArray[np.float32]:
        """6 x S x S, 0..1, in the order of `MASKS`, of a head crop S x S x 3 (RGB, display-encoded, 0..1).

        The next call writes over them.
        """
        planes = self._network.given[0]
        if head.shape != (SIDE, SIDE, 3) or head.dtype != planes.dtype:
            raise ValueError(f"a head crop is {SIDE} x {SIDE} x 3 of float32, not {head.shape} of {head.dtype}")
        cv2.split(head, mv=list(planes[0]))
        return np.asarray(self._network.run([planes], borrow=True)[0][0])
