"""Faces in a row before a recogniser, with embeddings told beforehand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playingage.engine import Cast, Engine, Part, Recogniser, Role
from playingage.faces import Face, Pose

BLANK = np.zeros((8, 8, 3), np.uint8)
RATE = 24
Vector = NDArray[np.float32]


def unit(axis: int, length: float = 1.0) -> Vector:
    made = np.zeros(128, np.float32)
    made[axis] = length
    return made


ADA, BEN = unit(0), unit(1)


def off(person: Vector, distance: float, axis: int = 5) -> Vector:
    """A picture of somebody, this far from how they are known."""
    return person + unit(axis, distance)


STRANGER = unit(9)
BETWEEN = np.asarray((ADA + BEN) / 2, np.float32)


class Told:
    """Embeds what is told: by the place of the face in the frame."""

    def __init__(self) -> None:
        self.who: dict[int, Vector | list[Vector]] = {}
        self.looks: list[int] = []

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], /) -> Vector:
        place = int(landmarks[:, 0].mean() // 300)
        self.looks.append(place)
        who = self.who[place]
        return who[len(self.looks) % len(who)] if isinstance(who, list) else who


def face(
    place: int = 0, *, id: int | None = None, yaw: float = 0.0, confidence: float = 1.0, shift: float = 0.0,
    size: float = 100.0,
) -> Face:
    points = np.zeros((478, 3), np.float32)
    points[:, 0] = 300 * place + 100 + shift + np.linspace(0, size, 478)
    points[:, 1] = 50 + np.linspace(0, size, 478)
    return Face(
        id=place + 1 if id is None else id, landmarks=points, pose=Pose(yaw=yaw, pitch=0, roll=0),
        confidence=confidence,
    )


class Scene:
    """A recogniser, frame by frame."""

    def __init__(self, engine: Engine) -> None:
        self.told = Told()
        roles = (
            Role(engine=engine, performer="ada", name="Ada", identity=ADA[None]),
            Role(engine=engine, performer="ben", name="Ben", identity=BEN[None]),
        )
        self.recogniser = Recogniser(Cast(roles=roles), self.told)
        self._number = 0

    def show(self, *faces: Face, frames: int = 1) -> tuple[Part, ...]:
        """The parts after so many frames like this."""
        parts: tuple[Part, ...] = ()
        for _ in range(frames):
            parts = self.recogniser.update(BLANK, faces, self._number / RATE)
            self._number += 1
        return parts

    def run(self, faces: Sequence[Face], frames: int) -> list[tuple[Part, ...]]:
        return [self.show(*faces) for _ in range(frames)]
