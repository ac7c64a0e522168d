"""The Python interface: `playingage.load()` gives a `Reager`, a call re-ages a picture."""

import warnings
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from playingage.engine.borders import Reason
from playingage.engine.engine import AgeRequest, Engine
from playingage.engine.look import Look, LookFields
from playingage.engine.view import view_uint8
from playingage.faces import Face, FaceFinder
from playingage.frames import Colour, Frame
from playingage.frames.pixels import Plane
from playingage.models import ModelPackage, default_package
from playingage.rights import Grant
from playingage.runtime import choose_device

T = TypeVar("T", np.uint8, np.uint16, np.float16, np.float32)
Age = float | Plane
_BITS = {np.dtype(np.uint8): 8, np.dtype(np.uint16): 16, np.dtype(np.float16): 16, np.dtype(np.float32): 32}


class Reager:
    """Re-ages every face of single pictures with the engine that live and render use. Made by `playingage.load`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._finder = FaceFinder(engine.device)

    @overload
    def __call__(
        self, image: NDArray[T], *, age: Age, source_age: Age | None = None, transfer: str = "bt709",
        faces: Sequence[Face] | None = None, return_matte: Literal[False] = False, **look: Unpack[LookFields],
    ) -> NDArray[T]: ...

    @overload
    def __call__(
        self, image: NDArray[T], *, age: Age, source_age: Age | None = None, transfer: str = "bt709",
        faces: Sequence[Face] | None = None, return_matte: Literal[True], **look: Unpack[LookFields],
    ) -> tuple[NDArray[T], Plane]: ...

    def __call__(
        self, image: NDArray[T], *, age: Age, source_age: Age | None = None, transfer: str = "bt709",
        faces: Sequence[Face] | None = None, return_matte: bool = False, **look: Unpack[LookFields],
    ) -> NDArray[T] | tuple[NDArray[T], Plane]:
        """Re-age a picture, or each picture of a batch on its own.

        image: RGB, H x W x 3, or N x H x W x 3; uint8 0..255, uint16 0..65535, float16 or float32 with 1.0 at white.
        age: playing age in years, or an H x W map of ages (float32), so that parts of a face differ.
        source_age: the age in the picture, likewise; None reads it off each face.
        transfer: how numbers mean light: "bt709" or "srgb" (display-encoded), "linear", "pq" or "hlg".
        faces: only these faces (from `find`); None takes all. Not for batches.
        return_matte: also give the matte, float32 H x W (or N x H x W) from 0 to 1.
        strength, regions, keep_moles, grey_hair, grey_beard: as in `Look`.

        Returns an array of the shape and dtype of `image` (and the matte). Where the matte is 0, the output is
        bit-identical. Raises SettingError for ages that the model does not know, ValueError or TypeError for an unfit
        array. Warns of a face that reads as a child, and leaves it as it is.
        """
        if not isinstance(image, np.ndarray):
            raise TypeError(f"image wants a numpy array, not {type(image).__name__}")
        wanted = Look(**look)
        if image.ndim == 4:
            if faces is not None:
                raise ValueError("faces cannot be given for a batch")
            pairs = [self._one(one, age, source_age, wanted, transfer, None) for one in image]
            out = np.stack([pair[0] for pair in pairs]) if pairs else image.copy()
            mattes = np.stack([pair[1] for pair in pairs]) if pairs else np.zeros(image.shape[:3], np.float32)
            return (out, mattes) if return_matte else out
        out, matte = self._one(image, age, source_age, wanted, transfer, faces)
        return (out, matte) if return_matte else out

    def find(self, image: NDArray[Any], *, transfer: str = "bt709") -> list[Face]:
        """The faces of a picture (H x W x 3), the surest first."""
        return self._finder.find(view_uint8(_frame(image, transfer)))

    def read_age(self, image: NDArray[Any], face: Face, *, transfer: str = "bt709") -> float:
        """The apparent age in years of a face of a picture."""
        return self.engine.read_age(_frame(image, transfer), face)

    def _one(
        self, image: NDArray[T], age: Age, source_age: Age | None, look: Look, transfer: str,
        faces: Sequence[Face] | None,
    ) -> tuple[NDArray[T], Plane]:
        self.engine.check_age(age)
        if source_age is not None:
            self.engine.check_source_age(source_age)
        frame = _frame(image, transfer)
        found = self._finder.find(view_uint8(frame)) if faces is None else faces
        done = self.engine.apply(frame, [self._request(frame, face, age, source_age, look) for face in found])
        done.frame.pixels.setflags(write=True)
        return done.frame.pixels, done.matte  # type: ignore[return-value]

    def _request(self, frame: Frame, face: Face, age: Age, source_age: Age | None, look: Look) -> AgeRequest:
        if source_age is not None:
            return AgeRequest(face=face, source_age=source_age, target_age=age, look=look)
        apparent = self.engine.apparent_age(frame, face)
        read = self.engine.reading_reasons(apparent)
        if Reason.CHILD in read:
            words = f"face {face.id} reads as a child and is left as it is; give source_age if it is an adult"
            warnings.warn(words, stacklevel=4)
        known = float(np.clip(apparent, *self.engine.ages))
        return AgeRequest(face=face, source_age=known, target_age=age, look=look, read=read)


def _frame(image: NDArray[Any], transfer: str) -> Frame:
    if image.dtype not in _BITS:
        raise TypeError(f"image wants uint8, uint16, float16 or float32, not {image.dtype}")
    return Frame(
        pixels=np.ascontiguousarray(image).view(), number=0, rate=Fraction(24), colour=Colour(transfer=transfer),
        bits=_BITS[image.dtype],
    )


def load(
    model: str | Path = "default", *, size: int = 512, device: str = "CPU", precision: str | None = None,
    threads: int = 1, grant: Grant | None = None,
) -> Reager:
    """A re-ager, ready to call.

    model: "default", or the path of a model package. size: 512 or 256 pixels for the default. device: an OpenVINO
    device.
    precision: "bf16" or "f32"; None takes bf16 where the device has it. threads: for one picture.
    grant: for a performer's own model, from `Production.grant`.
    Raises ModelError, GrantError or DeviceError.
    """
    package = default_package(size) if model == "default" else ModelPackage.load(Path(model), grant)
    return Reager(Engine(package, choose_device(device, precision=precision, threads=threads)))
