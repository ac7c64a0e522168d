"""Who is who in a live picture: at most one embedding a frame, and nobody is taken for a performer on doubt."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playingage.engine.casting import Cast
from playingage.engine.recognition import (
    BACK,
    SEVERAL,
    SURE,
    UNLIKE,
    Break,
    Continuity,
    Embedder,
    Lineup,
    choose,
    usable,
)
from playingage.faces import Face, FaceIdentity

_HELD = 6
"""Embeddings of a face whose mean is compared."""
_CHECK, _CLOSE_CHECK, _RECHECK = 1.0, 0.2, 0.08
"""Seconds until a known face is looked at again: as a rule, near another face, after one look that spoke against it."""
_SOON, _LATER = 0.15, 0.5
_SOON_LOOKS = 8
_STRIKES = 3
_FADE_IN = 0.2
_INCUMBENT = 0.05
_REMEMBER = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """The role that a face has (its place in the cast; None: nobody's) and how far it has come in, 0..1."""

    role: int | None
    strength: float


@dataclass(slots=True)
class _Record:
    """What is known of one track. `was`: its role before a break, not proven again since."""

    embeddings: deque[NDArray[np.float32]] = field(default_factory=lambda: deque(maxlen=_HELD))
    role: int | None = None
    was: int | None = None
    score: float = np.inf
    strength: float = 0.0
    strikes: int = 0
    looks: int = 0
    due: float = -np.inf
    looked: float = -np.inf
    doubt: bool = False
    fresh: bool = True
    seen: float = 0.0

    def part(self, role: int, score: float) -> None:
        self.role, self.score, self.was, self.strikes, self.doubt = role, score, None, 0, False

    def forget(self, was: int | None) -> None:
        """Undecided again; `was` needs less to come back."""
        self.role, self.was, self.score, self.strength = None, was, np.inf, 0.0
        self.strikes = self.looks = 0
        self.doubt = False
        self.embeddings.clear()


class Recogniser:
    """Gives the roles of a cast to tracked faces. `update` takes frames in order of time; belongs to one thread."""

    def __init__(self, cast: Cast, identity: Embedder | None = None) -> None:
        self._lineup = Lineup(cast)
        self._identity = FaceIdentity(cast.device) if identity is None else identity
        self._continuity = Continuity()
        self._records: dict[int, _Record] = {}
        self._time: float | None = None

    def update(self, pixels: NDArray[np.uint8], faces: Sequence[Face], seconds: float) -> tuple[Part, ...]:
        """The parts of the faces (with ids that are never given twice) of an RGB frame, uint8 H x W x 3, in order."""
        step = 0.0 if self._time is None else max(0.0, seconds - self._time)
        self._time = seconds
        breaks = self._continuity.update(faces)
        for face in faces:
            self._follow(face.id, breaks[face.id], seconds)
        self._look(pixels, faces, seconds)
        self._settle(faces, seconds)
        parts = tuple(self._part(self._records[face.id], step) for face in faces)
        self._records = {
            key: record for key, record in self._records.items() if abs(seconds - record.seen) <= _REMEMBER
        }
        return parts

    def _follow(self, face_id: int, found: Break, seconds: float) -> None:
        record = self._records.setdefault(face_id, _Record())
        record.seen = seconds
        if found is Break.NEW:
            record.forget(record.role if record.role is not None else record.was)
            record.due, record.fresh = -np.inf, True
        elif found is Break.DOUBT:
            record.due = min(record.due, record.looked + _CLOSE_CHECK)
            record.doubt = True

    def _look(self, pixels: NDArray[np.uint8], faces: Sequence[Face], seconds: float) -> None:
        """One face of those that are due: first who is undecided, then who has waited longest."""
        waiting = [
            (self._records[face.id].role is not None, self._records[face.id].due, face.id, face)
            for face in faces if self._records[face.id].due <= seconds and usable(face)
        ]
        if not waiting:
            return
        face = min(waiting, key=lambda each: each[:3])[3]
        embedding = self._identity.embed(pixels, face.landmarks)
        record = self._records[face.id]
        record.embeddings.append(embedding)
        record.looks += 1
        record.looked = seconds
        if record.role is None:
            self._decide(record, embedding, seconds)
        else:
            self._check(record, record.role, embedding, seconds)

    def _decide(self, record: _Record, embedding: NDArray[np.float32], seconds: float) -> None:
        now = self._lineup.distances(embedding)
        mean = self._lineup.distances(np.mean(record.embeddings, axis=0))
        found = choose(now, SURE)
        if found is None and record.was is not None and choose(now, BACK) == record.was:
            found = record.was
        if found is None and len(record.embeddings) >= SEVERAL:
            found = choose(mean, SURE)
        if found is not None:
            record.part(found, float(mean[found]))
            record.due = seconds + _CHECK
        else:
            wait = 0.0 if record.looks < SEVERAL else _SOON if record.looks < _SOON_LOOKS else _LATER
            record.due = seconds + wait

    def _check(self, record: _Record, role: int, embedding: NDArray[np.float32], seconds: float) -> None:
        now = self._lineup.distances(embedding)
        other = choose(now, SURE)
        if now[role] <= UNLIKE and other in (None, role):
            record.score = float(self._lineup.distances(np.mean(record.embeddings, axis=0))[role])
            record.strikes, record.doubt = 0, False
            record.due = seconds + _CHECK
            return
        record.strikes += 1
        record.due = seconds + _RECHECK
        if record.doubt or record.strikes >= _STRIKES:
            # What was seen before the doubt says nothing of who this is now.
            record.forget(role if record.strikes < _STRIKES else None)
            record.due = seconds

    def _settle(self, faces: Sequence[Face], seconds: float) -> None:
        """A performer is one face at a time: the likeliest; who has the role already needs a little less."""
        by_role: dict[int, list[tuple[bool, float, int]]] = {}
        for face in faces:
            record = self._records[face.id]
            if record.role is not None:
                score = record.score - (_INCUMBENT if record.strength > 0 else 0.0)
                by_role.setdefault(record.role, []).append((face.confidence == 0, score, face.id))
        for claims in by_role.values():
            for _, _, face_id in sorted(claims)[1:]:
                self._records[face_id].forget(None)
                self._records[face_id].due = seconds + _LATER

    @staticmethod
    def _part(record: _Record, step: float) -> Part:
        if record.role is None:
            record.strength = 0.0
        else:
            # Who is known in their first frame is there at once, as far as the tracker lets them.
            record.strength = 1.0 if record.fresh else min(1.0, record.strength + step / _FADE_IN)
        record.fresh = False
        return Part(record.role, record.strength)
