"""What says that a face is a performer's, and where that must be asked anew. Decisions only; figures: docs/faces.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playingage.engine.casting import Cast
from playingage.faces import Face, overlap

SURE = 0.40
"""One embedding nearer than this, or the mean of several, settles who it is."""
BACK = 0.44
"""So does one of a face that was theirs before a gap."""
UNLIKE = 0.60
"""A known face farther than this, again and again, is known no more."""
MARGIN = 0.06
"""By how much a face is nearer to one performer than to any other."""
CHANGED = 0.42
"""A look farther than this from the ones just before on the same track shows another person: one person's, with hands
before the face and turning, stay below 0.3."""
SEVERAL = 3
_MOST_YAW, _MOST_PITCH = 45.0, 35.0
_LEAST_SIZE, _LEAST_CONFIDENCE = 40.0, 0.6
_JUMP, _GROWTH, _TOUCH, _COVER = 0.3, 1.35, 0.05, 0.3


class Embedder(Protocol):
    """What says who a face is: `playingage.faces.FaceIdentity`."""

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], /) -> NDArray[np.float32]:
        """The embedding of the face with these landmarks in a picture."""
        ...


class Break(Enum):
    """How a face goes on from the frame before."""

    NONE = 0
    DOUBT = 1
    """It touches another face."""
    BACK = 2
    """It was covered for a moment."""
    NEW = 3
    """It is new, was away, or has jumped, or a face that lay over it is gone: it may be anybody's."""


Box = tuple[float, float, float, float]


@dataclass(slots=True)
class _Last:
    box: Box
    confidence: float


class Continuity:
    """Follows each face from frame to frame, and says where its track may have passed to another person."""

    def __init__(self) -> None:
        self._last: dict[int, _Last] = {}

    def update(self, faces: Sequence[Face]) -> dict[int, Break]:
        """The next frame's faces to their breaks, by id."""
        boxes = {face.id: face.box for face in faces}
        gone = [last.box for key, last in self._last.items() if key not in boxes]
        found = {face.id: self._break(face, boxes, gone) for face in faces}
        self._last = {face.id: _Last(boxes[face.id], face.confidence) for face in faces}
        return found

    def _break(self, face: Face, boxes: dict[int, Box], gone: list[Box]) -> Break:
        last, box = self._last.get(face.id), boxes[face.id]
        if last is None:
            return Break.NEW
        before, now = _size(last.box), _size(box)
        moved = np.hypot(box[0] + box[2] - last.box[0] - last.box[2], box[1] + box[3] - last.box[1] - last.box[3]) / 2
        if moved > _JUMP * before or not 1 / _GROWTH < now / before < _GROWTH:
            return Break.NEW
        if any(overlap(last.box, other) > _COVER for other in gone):
            return Break.NEW
        if last.confidence == 0 < face.confidence:
            return Break.BACK
        touches = any(overlap(box, other) > _TOUCH for key, other in boxes.items() if key != face.id)
        return Break.DOUBT if touches else Break.NONE


def _size(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1], 1.0)


def usable(face: Face) -> bool:
    """Whether this face, as it is seen now, tells who it is: surely a face, large enough, not turned too far."""
    return (
        face.confidence >= _LEAST_CONFIDENCE and face.size >= _LEAST_SIZE
        and abs(face.pose.yaw) <= _MOST_YAW and abs(face.pose.pitch) <= _MOST_PITCH
    )


class Lineup:
    """The performers of a cast, to be compared with."""

    def __init__(self, cast: Cast) -> None:
        known = [np.asarray(role.identity, np.float32) for role in cast.roles if role.identity is not None]
        if len(known) < len(cast.roles):
            raise ValueError("everybody is not recognised")
        self._known = np.concatenate(known)
        self._first = np.cumsum([0, *(len(identity) for identity in known[:-1])])

    def distances(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """To each performer, as they look at the age at which they look most like this."""
        off = self._known - embedding
        return np.sqrt(np.minimum.reduceat(np.einsum("ij,ij->i", off, off), self._first), dtype=np.float64)


def choose(
    distances: NDArray[np.float64], limit: float, against: NDArray[np.float64] | None = None
) -> int | None:
    """The performer that these distances speak for: nearer than `limit`, and clearly nearer than any other.

    against: for each performer the distance to people who are known not to be them, which must be clearly farther.
    """
    best = int(np.argmin(distances))
    others = np.delete(distances, best)
    if against is not None:
        others = np.append(others, against[best])
    clear = not others.size or float(others.min()) - float(distances[best]) >= MARGIN
    return best if distances[best] < limit and clear else None
