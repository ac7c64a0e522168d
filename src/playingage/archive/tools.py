"""The networks that footage is looked at with, and the performer's reference pictures read by them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playingage.archive.errors import IngestError
from playingage.archive.expression import eye_distance
from playingage.archive.people import F32
from playingage.archive.view import as_seen
from playingage.archive.watch import Tools
from playingage.faces import FaceFinder, FaceTracker, face_region, head_transform, warp_crop
from playingage.faces.identity import FaceIdentity
from playingage.faces.tracker import TrackerSettings
from playingage.media import open_stored
from playingage.models import default_package
from playingage.models.parsing import MASKS, SIDE, HeadParser
from playingage.runtime import Device

_CLEARLY_LARGER = 1.5
_FRONT = MASKS.index("front")


def load_tools(device: Device) -> Tools:
    """All networks on one device. Raises DeviceError or ModelError."""
    package = default_package(256)
    parser = HeadParser.of(package, device)
    assert parser is not None, "the default packages have a parser"
    settings = TrackerSettings(smooth=False, search_every=0.0, detect_every=0.3, remember=1.0, max_faces=12)
    return Tools(
        follow=FaceTracker(device, settings), identify=FaceIdentity(device), hidden=HiddenPart(parser),
    )


@dataclass(frozen=True, slots=True)
class HiddenPart:
    """How much of a face is behind something, by the parsing network."""

    parser: HeadParser

    def __call__(self, pixels: NDArray[np.uint8], landmarks: F32) -> float:
        """0..1, of a uint8 RGB picture and landmarks 478 x 3 in it."""
        transform = head_transform(landmarks, SIDE)
        head = warp_crop(pixels, transform, SIDE) / np.float32(255)
        front = self.parser(head)[_FRONT]
        face = face_region(landmarks, transform, SIDE)
        return float((front * face).sum() / max(float(face.sum()), 1.0))


def read_references(paths: Iterable[Path], device: Device) -> tuple[F32, ...]:
    """The embedding of the one face in each picture. Raises IngestError for a picture with none or several."""
    finder: FaceFinder | None = None
    found: list[F32] = []
    for path in paths:
        if finder is None:
            finder, identity = FaceFinder(device), FaceIdentity(device)
        with open_stored(str(path)) as source:
            frame = source.read()
        assert frame is not None, "a picture that opens has a frame"
        view = as_seen(frame.pixels, frame.colour.transfer)
        faces = sorted(finder.find(view), key=lambda face: -eye_distance(face.landmarks))
        if not faces:
            raise IngestError(f"{path}: no face is found in this reference picture", "Take another, or crop it closer.")
        if len(faces) > 1 and eye_distance(faces[0].landmarks) < _CLEARLY_LARGER * eye_distance(faces[1].landmarks):
            raise IngestError(
                f"{path}: this reference picture shows {len(faces)} faces of about one size",
                "Crop it, so that the performer is alone in it.",
            )
        found.append(identity.embed(view, faces[0].landmarks))
    return tuple(found)
