"""Who is who in a live picture: few embeddings a frame, and nobody is taken for a performer on doubt.

The operator's word goes before what embeddings say, as long as the track surely shows the same face; what is learnt
meanwhile tells that person again after a crossing, a turn or an absence.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playingage.engine.casting import Cast
from playingage.engine.pins import Person, Pins, teaches
from playingage.engine.recognition import (
    BACK,
    CHANGED,
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
from playingage.faces import Face, FaceIdentity, overlap

_HELD = 6
"""Embeddings of a face whose mean is compared."""
_SOON, _LATER = 0.15, 0.5
_SOON_LOOKS = 8
_STRIKES = 3
_A_WHILE = 0.4
_COVERED, _COVERED_LOOKS = 0.25, 10
"""A face that touches another and looks this different from just before is being covered by it."""
_FADE_IN = 0.2
_INCUMBENT = 0.05
_REMEMBER = 5.0
_WORDS = 64
"""Words of the operator that wait for the next frame; the oldest goes first."""
_TEACHES = 0.5
"""A pinned face that is farther than this from what was learnt of the person teaches nothing more of them."""

Seen = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Of an embedding the distance to each role, and to those who are known not to have it."""


@dataclass(frozen=True, slots=True)
class Part:
    """The role that a face has (its place in the cast; None: nobody's) and how far it has come in, 0..1.

    likeness: distance to that role, or to the nearest; None before a look. pinned: the operator said who it is.
    """

    role: int | None
    strength: float
    likeness: float | None = field(default=None, compare=False)
    pinned: bool = False


@dataclass(slots=True)
class _Record:
    """What is known of one track. `was`: its role before a break, not proven again since.

    person: of whom the operator spoke, where this is them; said: on this very track. hidden: somebody is before it now.
    """

    embeddings: deque[NDArray[np.float32]] = field(default_factory=lambda: deque(maxlen=_HELD))
    role: int | None = None
    was: int | None = None
    person: Person | None = None
    said: bool = False
    score: float = np.inf
    likeness: float | None = None
    strength: float = 0.0
    strikes: int = 0
    looks: int = 0
    due: float = -np.inf
    looked: float = -np.inf
    doubt: bool = False
    fresh: bool = True
    hidden: bool = False
    covered: int = 0
    seen: float = 0.0
    face: Face | None = None

    def part(self, role: int, score: float) -> None:
        self.role, self.score, self.was, self.strikes, self.doubt = role, score, None, 0, False

    def forget(self, was: int | None) -> None:
        """Undecided again; `was` needs less to come back."""
        self.role, self.was, self.score, self.strength = None, was, np.inf, 0.0
        self.person, self.said = None, False
        self.strikes = self.looks = 0
        self.doubt = False
        self.embeddings.clear()

    def changed(self, embedding: NDArray[np.float32], limit: float) -> bool:
        """Whether a look is farther than this from those just before."""
        before = np.mean(self.embeddings, axis=0) if self.embeddings else embedding
        return float(np.linalg.norm(before - embedding)) > limit

    @property
    def taken(self) -> bool:
        """Whether it is taken for somebody, who may be nobody of the cast by the operator's word."""
        return self.role is not None or self.held

    @property
    def pinned(self) -> bool:
        return self.person is not None and self.person.told

    @property
    def held(self) -> bool:
        """Whether the operator said on this track who it is."""
        return self.said and self.pinned


@dataclass(frozen=True, slots=True)
class _Word:
    """What the operator said of a face. taken_back: nothing any more."""

    face: int
    role: int | None
    taken_back: bool = False


class Recogniser:
    """Gives the roles of a cast to tracked faces. `update` takes frames in order of time; belongs to one thread.

    `pin` and `unpin` may be called from any.
    """

    def __init__(self, cast: Cast, identity: Embedder | None = None) -> None:
        self._lineup = Lineup(cast)
        self._roles = len(cast.roles)
        self._pins = Pins(self._roles)
        self._words: deque[_Word] = deque(maxlen=_WORDS)
        self._identity = FaceIdentity(cast.device) if identity is None else identity
        self._continuity = Continuity()
        self._records: dict[int, _Record] = {}
        self._shown: frozenset[int] = frozenset()
        self._time: float | None = None

    @property
    def shown(self) -> frozenset[int]:
        """Ids of the faces of the last frame."""
        return self._shown

    def pin(self, face_id: int, role: int | None) -> None:
        """The operator's word: this face has that role, or none at all. It holds from the next look on.

        No other face has the role then. It is kept while the track surely shows the same face; what is learnt of the
        face tells it again later. A later word on the same face corrects an earlier one. A face that is gone is let be.
        """
        if role is not None and not 0 <= role < self._roles:
            raise ValueError(f"there is no role {role}")
        self._words.append(_Word(face_id, role))

    def unpin(self, face_id: int) -> None:
        """What was said of this face is taken back, and what was learnt from it is forgotten."""
        self._words.append(_Word(face_id, None, taken_back=True))

    def update(self, pixels: NDArray[np.uint8], faces: Sequence[Face], seconds: float) -> tuple[Part, ...]:
        """The parts of the faces (with ids that are never given twice) of an RGB frame, uint8 H x W x 3, in order."""
        step = 0.0 if self._time is None else max(0.0, seconds - self._time)
        self._time = seconds
        for _ in range(len(self._words)):
            self._obey(self._words.popleft())
        breaks = self._continuity.update(faces)
        for face in faces:
            self._follow(face, breaks[face.id], seconds)
        self._look(pixels, faces, seconds)
        self._settle(faces, seconds)
        parts = tuple(self._part(self._records[face.id], step) for face in faces)
        self._records = {
            key: record for key, record in self._records.items() if abs(seconds - record.seen) <= _REMEMBER
        }
        self._shown = frozenset(face.id for face in faces)
        return parts

    def _obey(self, word: _Word) -> None:
        record = self._records.get(word.face)
        if record is None:
            return
        person, said = record.person, record.said
        record.due = -np.inf
        if word.taken_back:
            self._take_back(record)
            return
        if record.role != word.role:
            record.forget(None)
        record.role, record.said = word.role, True
        # What was learnt from this track moves with its person: a wrong word is corrected for good.
        record.person = self._pins.tell(word.role, person if said else None)
        record.strikes, record.doubt = 0, False
        if word.role is not None:
            for key, other in self._records.items():
                if other is not record and other.role == word.role:
                    self._put_off(key, other, record, word.role)

    def _take_back(self, record: _Record) -> None:
        """What the operator said no longer counts: whoever it was said of is what embeddings alone say."""
        person = record.person
        if person is None:
            return
        self._pins.forget(person)
        for other in self._records.values():
            if other.person is person:
                mean = self._compare(np.mean(other.embeddings, axis=0)) if other.embeddings else None
                other.person, other.said, other.due = None, False, -np.inf
                if mean is None or choose(mean[0], SURE, mean[1]) != other.role:
                    other.forget(other.role)

    def _put_off(self, key: int, other: _Record, chosen: _Record, role: int) -> None:
        """Another face had the role that the operator gave to `chosen`: seen beside it, it is somebody else."""
        embeddings, person, said = list(other.embeddings), other.person, other.said
        apart = other.face is not None and chosen.face is not None and not overlap(other.face.box, chosen.face.box)
        other.forget(None)
        other.due = -np.inf
        if apart and key in self._shown:
            other.person, other.said = self._pins.bar(role, person if said else None), True
            for embedding in embeddings:
                other.person.learn(embedding)

    def _follow(self, face: Face, found: Break, seconds: float) -> None:
        record = self._records.setdefault(face.id, _Record())
        record.seen, record.face, record.hidden = seconds, face, False
        if found is Break.NEW:
            self._let_go(record, record.role if record.role is not None else record.was)
            record.due, record.fresh = -np.inf, True
        elif found is Break.BACK and not usable(face):
            self._let_go(record, record.role if record.role is not None else record.was)
        elif found is not Break.NONE:
            record.doubt = True

    def _let_go(self, record: _Record, was: int | None) -> None:
        """The track may show another face now: what was learnt must tell who it is."""
        if record.said and record.person is not None and not record.person.samples:
            self._pins.forget(record.person)
        record.forget(was)

    def _look(self, pixels: NDArray[np.uint8], faces: Sequence[Face], seconds: float) -> None:
        """Of those who are undecided one that is due; of those who are known one, and all that are in doubt."""
        shown = [(self._records[face.id], face) for face in faces if usable(face)]
        due = [(record.due, face.id, face) for record, face in shown if not record.taken and record.due <= seconds]
        known = [(record.looked, face.id, face) for record, face in shown if record.taken]
        chosen = [min(each, key=lambda one: one[:2])[2] for each in (due, known) if each]
        doubted = [face for record, face in shown if record.taken and record.doubt]
        for face in {each.id: each for each in (*chosen, *doubted)}.values():
            self._look_at(self._records[face.id], face, self._identity.embed(pixels, face.landmarks), seconds)
        for face in faces:
            record = self._records[face.id]
            if face.confidence == 0 and record.role is not None:
                # A lost face fades where it was heading: not on the one who has come before it.
                record.hidden = record.doubt or self._gone(record, record.role, pixels, face)

    def _gone(self, record: _Record, role: int, pixels: NDArray[np.uint8], face: Face) -> bool:
        """Whether something else is seen where a lost face should be."""
        embedding = self._identity.embed(pixels, face.landmarks)
        return record.changed(embedding, CHANGED) or bool(self._compare(embedding)[0][role] > UNLIKE)

    def _look_at(self, record: _Record, face: Face, embedding: NDArray[np.float32], seconds: float) -> None:
        later = seconds - record.looked > _A_WHILE
        # Who comes back from the side looks less alike.
        if record.taken and record.changed(embedding, UNLIKE if later else CHANGED):
            # Another person within the same track: what was known of it says nothing of them.
            self._let_go(record, record.role)
            record.fresh = True
        elif later and record.taken:
            record.embeddings.clear()
        elif record.doubt and record.role is not None and record.changed(embedding, _COVERED):
            # Nothing is learnt of it until it looks as before, or for a while does not.
            record.hidden, record.covered, record.looked = True, record.covered + 1, seconds
            if record.covered <= _COVERED_LOOKS:
                return
            self._let_go(record, record.role)
        record.covered = 0
        record.embeddings.append(embedding)
        record.looks += 1
        record.looked = seconds
        now = self._compare(embedding)
        record.likeness = float(now[0].min() if record.role is None else now[0][record.role])
        if record.held:
            self._hold(record, face, embedding, now, seconds)
        elif record.role is None:
            self._decide(record, face, embedding, now, seconds)
        else:
            self._check(record, record.role, now, seconds)

    def _compare(self, embedding: NDArray[np.float32]) -> Seen:
        near = np.minimum(self._lineup.distances(embedding), self._pins.near(embedding))
        return near, self._pins.against(embedding)

    def _decide(
        self, record: _Record, face: Face, embedding: NDArray[np.float32], now: Seen, seconds: float
    ) -> None:
        mean = self._compare(np.mean(record.embeddings, axis=0))
        found = choose(now[0], SURE, now[1])
        if found is None and record.was is not None and choose(now[0], BACK, now[1]) == record.was:
            found = record.was
        if found is None and len(record.embeddings) >= SEVERAL:
            found = choose(mean[0], SURE, mean[1])
        if found is not None:
            record.part(found, float(mean[0][found]))
            record.likeness = record.score
            record.person, record.said = self._pins.find(found, embedding, SURE), False
            return
        if not record.said:
            record.person = self._pins.find(None, embedding, SURE)
        elif record.person is not None and teaches(face) and not record.doubt:
            record.person.learn(embedding)
        wait = 0.0 if record.looks < SEVERAL else _SOON if record.looks < _SOON_LOOKS else _LATER
        record.due = seconds + wait

    def _check(self, record: _Record, role: int, now: Seen, seconds: float) -> None:
        near, against = now
        if near[role] <= UNLIKE and near[role] < against[role] and choose(near, SURE, against) in (None, role):
            record.score = float(self._compare(np.mean(record.embeddings, axis=0))[0][role])
            record.likeness = record.score
            record.strikes, record.doubt = 0, False
        else:
            self._strike(record, seconds)

    def _hold(self, record: _Record, face: Face, embedding: NDArray[np.float32], now: Seen, seconds: float) -> None:
        """A face of whom the operator said who it is: is it still the same, and what does it teach?"""
        person, role = record.person, record.role
        assert person is not None
        near, against = now
        far = person.distance(embedding) if role is None else min(person.distance(embedding), float(near[role]))
        if not person.samples and not record.doubt:
            far = 0.0  # the operator's word is all there is
        elif far > UNLIKE or choose(near, SURE, against) not in (None, role):
            self._strike(record, seconds)
            return
        if far < _TEACHES and teaches(face) and not record.doubt:
            person.learn(embedding)
            record.likeness = None if role is None else float(self._compare(embedding)[0][role])
        record.score, record.strikes, record.doubt = far, 0, False

    def _strike(self, record: _Record, seconds: float) -> None:
        """A look spoke against what a face is taken for."""
        record.strikes += 1
        if record.doubt or record.strikes >= _STRIKES:
            # What was seen before the doubt says nothing of who this is now.
            self._let_go(record, record.role if record.strikes < _STRIKES else None)
            record.due = seconds

    def _settle(self, faces: Sequence[Face], seconds: float) -> None:
        """A performer is one face at a time: the likeliest; who has the role already needs a little less."""
        by_role: dict[int, list[tuple[bool, bool, float, int]]] = {}
        for face in faces:
            record = self._records[face.id]
            if record.role is not None:
                score = record.score - (_INCUMBENT if record.strength > 0 else 0.0)
                by_role.setdefault(record.role, []).append((face.confidence == 0, not record.held, score, face.id))
        for claims in by_role.values():
            for *_, face_id in sorted(claims)[1:]:
                self._let_go(self._records[face_id], None)
                self._records[face_id].due = seconds + _LATER

    @staticmethod
    def _part(record: _Record, step: float) -> Part:
        if record.role is None or record.hidden:
            record.strength = 0.0
        else:
            # Who is known in their first frame is there at once, as far as the tracker lets them.
            record.strength = 1.0 if record.fresh else min(1.0, record.strength + step / _FADE_IN)
        record.fresh = False
        return Part(record.role, record.strength, record.likeness, record.pinned)
