"""The re-ager protocol over a package's networks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import ModelError
from playingage.frames.pixels import Image, Plane
from playingage.models.package import ModelPackage
from playingage.runtime import Device, Network

PLACE_GRID = 64


class CropReager:
    """Crop + source age map + target age map -> change + matte, at the package's native size or one that it holds too.

    `wants_place`: whether the network is also told where each cell of the crop lies on the mean face.
    """

    def __init__(self, package: ModelPackage, device: Device, size: int | None = None) -> None:
        size = size or package.spec.size
        if size not in package.spec.sizes:
            raise ModelError(
                f"{package.path}: holds no network of {size} pixels, but of {', '.join(map(str, package.spec.sizes))}",
                "Leave the size out, or train the model again: packages of this release hold 256 pixels too.",
            )
        self.size = size
        file = package.spec.smaller.get(size, "reager.onnx")
        self._network = Network(package.contents[file], device, name=f"{package.path}/{file}")
        # Ages may come on a coarser grid, and columns at the sides that never change be left out of the result.
        self._ages = self._network.inputs.get("source_age", (0,))[-1]
        self._width = self._network.outputs.get("delta", (0,))[-1]
        ages = (1, 1, self._ages, self._ages)
        whole = 0 < self._ages <= size and size % self._ages == 0
        inside = 0 < self._width <= size and (size - self._width) % 2 == 0
        inputs = {"crop": (1, 3, size, size), "source_age": ages, "target_age": ages}
        self.wants_place = "place" in self._network.inputs
        if self.wants_place:
            inputs["place"] = (1, 2, PLACE_GRID, PLACE_GRID)
        outputs = {"delta": (1, 3, size, self._width), "matte": (1, 1, size, self._width)}
        if not (whole and inside and self._network.inputs == inputs and self._network.outputs == outputs):
            raise ModelError(f"{package.path}: {file} does not have the inputs and outputs of the protocol")

    def __call__(
        self, crop: Image, source_age: Plane | float, target_age: Plane | float,
        place: NDArray[np.float32] | None = None,
    ) -> tuple[Image, Plane]:
        """Change (S x S x 3, to be added to the crop) and matte (S x S, 0..1).

        `crop` is S x S x 3 float32 RGB, display-encoded 0..1, taken without a copy where its channels lie apart, as
        those of the change do; ages are in years, one number or S x S. `place` is 2 x 64 x 64 as `faces.place_of` gives
        it, for a network that wants it.
        """
        planes = np.ascontiguousarray(crop.transpose(2, 0, 1), np.float32)[None]
        given = {"crop": planes, "source_age": self._map(source_age), "target_age": self._map(target_age)}
        if place is not None:
            given["place"] = place[None]
        out = self._network.run([given[name] for name in self._network.inputs], borrow=True)
        named = dict(zip(self._network.outputs, out, strict=True))
        side = (self.size - self._width) // 2
        result = np.empty((4, self.size, self.size), np.float32)
        result[..., :side] = result[..., self.size - side :] = 0
        result[:3, :, side : self.size - side] = named["delta"][0]
        result[3, :, side : self.size - side] = named["matte"][0, 0]
        return result[:3].transpose(1, 2, 0), result[3]

    def _map(self, age: Plane | float) -> NDArray[np.float32]:
        shape = (1, 1, self._ages, self._ages)
        if not isinstance(age, np.ndarray):
            return np.full(shape, age / 100, np.float32)
        # A whole factor: the mean of the pixels that a place of the grid covers.
        small = cv2.resize(np.asarray(age, np.float32), shape[2:], interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(small.reshape(shape) / 100, np.float32)


class AgeReader:
    """Reads the apparent age of a face off its crop."""

    def __init__(self, package: ModelPackage, device: Device) -> None:
        self.size = package.spec.age_size
        self._network = Network(
            package.contents["age.onnx"], device, precision="f32", name=f"{package.path}/age.onnx"
        )

    def __call__(self, crop: Image) -> float:
        """Age in years of a canonical crop (`size` x `size` x 3 float32 RGB, display-encoded 0..1)."""
        planes = np.ascontiguousarray(crop.transpose(2, 0, 1))[None]
        return float(self._network.run([planes])[0].item())
