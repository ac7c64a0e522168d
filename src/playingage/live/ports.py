"""What live asks of others: an engine, a schedule, a recorder, and whoever tells faces apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live.state import SetState, Slate


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
    def performer(self) -> str:
        """Id of the performer that it was recognised as; empty as `name` is."""
        ...

    @property
    def likeness(self) -> float | None:
        """Distance to that performer, smaller is likelier; None where it is not known."""
        ...

    @property
    def pinned(self) -> bool:
        """Whether an operator said who it is."""
        ...

    @property
    def reasons(self) -> Sequence[str]:
        """Why the strength is less than 1, or what else was not as asked.

        child, pose, size, unsure, ages, unknown, off, unasked, grant.
        """
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


@runtime_checkable
class Follower(Protocol):
    """A listener of pairs that goes on when none come: it is told where to ask how source and engine do.

    It also gets the pairs that are made while the engine stands still, from the capture thread.
    """

    def follow(self, state: Callable[[], dict[str, Any]], /) -> None:
        """`state` is `LiveRun.state`."""
        ...


@runtime_checkable
class FrameKeeper(Protocol):
    """A listener of pairs that also wants the frames of which none is made, as the engine had no time for them."""

    def late(self, frame: Frame, /) -> None:
        """Such a frame, from the capture thread; the pairs of frames before it may still come. Must be quick."""
        ...


class Reager(Protocol):
    """Re-ages frames in order; called from one thread only. Any exception counts as a failure of that frame."""

    def process(self, frame: Frame, ask: Ask, /) -> Reaged:
        """The frame with its faces as they are asked for."""
        ...


@runtime_checkable
class TwoStepReager(Protocol):
    """A re-ager whose two steps may run on two threads: the next frame is looked at while this one is re-aged."""

    def look(self, frame: Frame, /) -> Any:
        """Find what is to be re-aged. Called for every frame captured, in order, from the capture thread."""
        ...

    def reage(self, looked: Any, ask: Ask, /) -> Reaged:
        """The frame that was looked at with its faces as they are asked for. Called from the engine thread."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A frame on its way to the engine: what `look` found, or what it failed with; neither where there is no `look`."""

    frame: Frame
    looked: Any = None
    error: Exception | None = None


class Plan(Protocol):
    """What a schedule asks of one performer in one shot."""

    @property
    def alone(self) -> bool:
        """Whether they are to be left as the camera gives them."""
        ...

    @property
    def constant(self) -> bool:
        """Whether nothing changes within the shot."""
        ...

    def age(self, frames: int, rate: Fraction, /) -> float:
        """Playing age in years so many frames into the take, at `rate` frames a second."""
        ...

    def regions(self, frames: int, rate: Fraction, /) -> Mapping[str, float]:
        """Likewise of parts of the face."""
        ...


class PlannedScene(Protocol):
    """A scene of a schedule."""

    @property
    def id(self) -> str:
        """Its number, as on the slate."""
        ...

    @property
    def heading(self) -> str:
        """As in the script."""
        ...

    @property
    def shots(self) -> Sequence[str]:
        """Its shots in order, as on the slate."""
        ...


class Schedule(Protocol):
    """Scenes in order, and which age who has in them."""

    @property
    def scenes(self) -> Sequence[PlannedScene]:
        """In order."""
        ...

    @property
    def sha256(self) -> str:
        """Its hash."""
        ...

    def at(self, scene: str, shot: str, take: int, performer: str, /) -> Plan | None:
        """What is asked of a performer; None where it says nothing."""
        ...


class Recorder(Protocol):
    """Keeps takes. It is also a listener of pairs, and takes those whose state rolls."""

    def roll(self, slate: Slate, state: SetState, /) -> None:
        """Make ready for a take. Raises PlayingAgeError where that cannot be; nothing rolls then."""
        ...

    def cut(self) -> None:
        """The take ends with the last pair that rolled."""
        ...

    def mark(self, words: str, /) -> None:
        """Keep words with the newest frame of the take. Raises SettingError where there is none."""
        ...

    def next_take(self, scene: str, shot: str, /) -> int:
        """The number of the next take of a shot: one more than the highest that is kept."""
        ...

    def report(self) -> dict[str, Any]:
        """Plain values for the consoles: `state` (idle, recording, stopped, none), `words`, `take`, frames, space."""
        ...


class Pinner(Protocol):
    """Takes an operator's word on who is who; any thread may call. Raises SettingError for a face that is not there."""

    def pin(self, face: int, performer: str | None, /) -> None:
        """The face shows this performer; None: nobody of the cast."""
        ...

    def unpin(self, face: int, /) -> None:
        """The program decides again."""
        ...
