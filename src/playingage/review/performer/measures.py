"""What became of one face: who it is, how old it reads, and whether expression and gaze are kept.

Legend: P landmarks; distances in percent of the eye distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playingage.archive import FaceRow
from playingage.engine import Engine, Reager
from playingage.faces import Face, FaceFinder
from playingage.faces.identity import FaceIdentity, distance
from playingage.faces.mesh import region_of_landmarks
from playingage.review.evaluation.measures import Rgb, aligned, eye_distance
from playingage.review.motion.measure import gaps

_CORNERS, _LIPS = (61, 291), (0, 17)
_IRISES = ((468, 33, 133), (473, 362, 263))
_SHUT = 0.12
"""Opening by width below which an eye shows no iris to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """By how much expression and gaze changed, percent of the eye distance.

    mouth, eyes: of their openings. smile: of the corners of the mouth, against the middle of the lips. gaze: of the
    irises against the corners of their eyes, None where the eyes are shut.
    """

    mouth: float
    eyes: float
    smile: float
    gaze: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """The most similar of some real faces: cosine similarity, Euclidean distance, and its id."""

    similarity: float
    distance: float
    like: str


class Reader:
    """Reads faces. `plain`: the engine of the default networks, whose estimator reads every age. For one thread."""

    def __init__(self, plain: Engine) -> None:
        self._ages = Reager(plain)
        self._identity = FaceIdentity(plain.device)
        self.finder = FaceFinder(plain.device)

    def age(self, picture: Rgb, face: Face) -> float:
        """Apparent age in years of a face of a picture."""
        return self._ages.read_age(picture, face)

    def embedding(self, picture: Rgb, face: Face) -> NDArray[np.float32]:
        """128 numbers that tell who it is."""
        return self._identity.embed(picture, face.landmarks)

    def kept(self, before: Rgb, after: Rgb, face: Face) -> Kept:
        """Compare a face before and after; landmarks of both are found from one and the same region."""
        region = region_of_landmarks(face.landmarks)
        was, is_ = (
            self.finder.mesh.landmarks(picture, region)[0][:, :2].astype(np.float64) for picture in (before, after)
        )
        is_ = aligned(is_, was)
        unit = 100 / eye_distance(was)
        opened, opens = (gaps(points.astype(np.float32)) for points in (was, is_))
        gazes = [float(np.hypot(*(_gaze(is_, eye) - _gaze(was, eye)))) * unit
                 for eye, gap in zip(_IRISES, opened, strict=False) if _open(was, eye, float(gap))]
        return Kept(
            mouth=float(abs(opens[2] - opened[2])) * unit, eyes=float(np.abs(opens[:2] - opened[:2]).mean()) * unit,
            smile=float(np.hypot(*(_smile(is_) - _smile(was)).T).mean()) * unit,
            gaze=float(np.mean(gazes)) if gazes else None,
        )

    def in_cut(self, picture: Rgb, row: FaceRow) -> Face | None:
        """The row's face in its cut; None where it is not found again."""
        found = self.finder.find(picture)
        off = [float(np.hypot(*(face.points - row.landmarks).mean(axis=0))) for face in found]
        if not off or min(off) > row.eye:
            return None
        return found[int(np.argmin(off))]


def likeness(embedding: NDArray[np.float32], real: Sequence[FaceRow]) -> Likeness | None:
    """The highest similarity of a face to some real ones; None where there are none."""
    if not real:
        return None
    best = max(real, key=lambda row: cosine(embedding, row.identity))
    return Likeness(similarity=cosine(embedding, best.identity), distance=distance(embedding, best.identity),
                    like=best.id)


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cosine of the angle between two embeddings, -1 to 1."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    return float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)


def _gaze(points: NDArray[np.float64], eye: tuple[int, int, int]) -> NDArray[np.float64]:
    """Where the iris is from the middle between the eye's corners, pixels."""
    iris, a, b = eye
    return np.asarray(points[iris] - (points[a] + points[b]) / 2)


def _open(points: NDArray[np.float64], eye: tuple[int, int, int], gap: float) -> bool:
    _, a, b = eye
    return gap > _SHUT * float(np.hypot(*(points[a] - points[b])))


def _smile(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """2 x 2: the corners of the mouth from the middle of the lips, pixels."""
    return np.asarray(points[list(_CORNERS)] - points[list(_LIPS)].mean(axis=0))
