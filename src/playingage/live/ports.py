"""What live asks of an engine: one frame and one age in, one re-aged frame out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from playingage.frames import Frame


class FaceNote(Protocol):
    """What the monitors say of one face."""

    @property
    def id(self) -> int:
        """Stable as long as the face is followed."""
        ...

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels of the frame."""
        ...

    @property
    def confidence(self) -> float:
        """0..1, that this is a face."""
        ...

    @property
    def strength(self) -> float:
        """0..1, how much of the change is put in: below 1 while the face comes or goes, or turns away."""
        ...

    @property
    def source_age(self) -> float | None:
        """The age that the face was taken to have, in years; None where it is not known."""
        ...

    @property
    def target_age(self) -> float | None:
        """The age that it was taken to, in years; None where it was left alone."""
        ...

    @property
    def name(self) -> str:
        """Of the performer that it was recognised as; empty where nobody is told from others, or it is nobody known."""
        ...

    @property
    def reasons(self) -> Sequence[str]:
        """Why the strength is less than 1, or what else was not as asked: child, pose, size, unsure, ages, unknown."""
        ...


class Reaged(Protocol):
    """One re-aged frame."""

    @property
    def frame(self) -> Frame:
        """The same frame (number, time, size) with changed pixels; the pixels of the input where nothing changed."""
        ...

    @property
    def matte(self) -> NDArray[np.float32] | None:
        """H x W, 0..1: where pixels were changed. None where the engine makes none."""
        ...

    @property
    def faces(self) -> Sequence[FaceNote]:
        """The faces found, changed or not."""
        ...


class Reager(Protocol):
    """Re-ages frames in order; called from one thread only. Any exception counts as a failure of that frame."""

    def process(self, frame: Frame, age: float, /) -> Reaged:
        """The frame with every face at `age` years."""
        ...


@runtime_checkable
class TwoStepReager(Protocol):
    """A re-ager whose two steps may run on two threads: the next frame is looked at while this one is re-aged."""

    def look(self, frame: Frame, /) -> Any:
        """Find what is to be re-aged. Called for every frame captured, in order, from the capture thread."""
        ...

    def reage(self, looked: Any, age: float, /) -> Reaged:
        """The frame that was looked at with every face at `age` years. Called from the engine thread."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A frame on its way to the engine: what `look` found, or what it failed with; neither where there is no `look`."""

    frame: Frame
    looked: Any = None
    error: Exception | None = None
