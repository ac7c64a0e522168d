"""The operator's word on who a face is, and what is learnt from it for the rest of the session. Decisions only."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playingage.faces import Face

_SAMPLES = 12
_NEW = 0.12
"""A sample is kept where it is farther than this from those that are: it shows the face in another way."""
_MOST = 64
_LEAST_SIZE, _LEAST_CONFIDENCE = 56.0, 0.9

Vector = NDArray[np.float32]


def teaches(face: Face) -> bool:
    """Whether a face shows well enough that its embedding may stand for the person: blurs are all alike."""
    return face.confidence >= _LEAST_CONFIDENCE and face.size >= _LEAST_SIZE


@dataclass(slots=True, eq=False)
class Person:
    """Somebody that the operator spoke of.

    role: in the cast; None: nobody's, or not told. barred: roles that they do not have. told: whether it was said who
    they are, and not only who they are not. samples: embeddings of them.
    """

    role: int | None
    barred: frozenset[int]
    told: bool = True
    samples: list[Vector] = field(default_factory=list)

    def distance(self, embedding: Vector) -> float:
        """To the nearest sample; infinite without one."""
        if not self.samples:
            return np.inf
        return float(np.linalg.norm(np.stack(self.samples) - embedding, axis=1).min())

    def learn(self, embedding: Vector) -> None:
        """Keep it if it shows them in another way than before; the first few ways are enough."""
        if len(self.samples) < _SAMPLES and self.distance(embedding) > _NEW:
            self.samples.append(embedding)


class Pins:
    """Everybody that was spoken of; at most 64, the oldest are forgotten first."""

    def __init__(self, roles: int) -> None:
        self._roles = frozenset(range(roles))
        self._people: list[Person] = []

    def tell(self, role: int | None, person: Person | None = None) -> Person:
        """Somebody who has this role, or None of them. `person`: of whom something else was said before."""
        person = person or self._add()
        person.role, person.told = role, True
        person.barred = self._roles - {role}
        return person

    def bar(self, role: int, person: Person | None = None) -> Person:
        """Somebody who does not have this role; who they are is not told."""
        person = person or self._add()
        person.role, person.told, person.barred = None, False, frozenset({role})
        return person

    def forget(self, person: Person) -> None:
        """What was said of somebody is taken back."""
        if person in self._people:
            self._people.remove(person)

    def near(self, embedding: Vector) -> NDArray[np.float64]:
        """Distance to those who have each role."""
        people = [(person, () if person.role is None else (person.role,)) for person in self._people]
        return self._nearest(people, embedding)

    def against(self, embedding: Vector) -> NDArray[np.float64]:
        """Distance to those who do not have each role."""
        return self._nearest([(person, person.barred) for person in self._people], embedding)

    def find(self, role: int | None, embedding: Vector, limit: float) -> Person | None:
        """Who was told to have this role (None: nobody's) and is nearer than `limit`."""
        told = [(person.distance(embedding), person) for person in self._people if person.told and person.role == role]
        far, found = min(told, key=lambda each: each[0], default=(np.inf, None))
        return found if far < limit else None

    def _add(self) -> Person:
        person = Person(None, frozenset())
        self._people = [*self._people[-_MOST + 1 :], person]
        return person

    def _nearest(self, people: Iterable[tuple[Person, Collection[int]]], embedding: Vector) -> NDArray[np.float64]:
        found = np.full(len(self._roles), np.inf)
        for person, roles in people:
            for role in roles:
                found[role] = min(found[role], person.distance(embedding))
        return found
