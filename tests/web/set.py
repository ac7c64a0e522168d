"""A set to put a console on: performers whose faces are told, a schedule, a recorder, somebody who takes pins."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from live.fakes import AGE_ROW, FakeFace, FakeReaged, FakeReager, FakeSource, write_number
from numpy.typing import NDArray

from playingage.core import PlayingAgeError, SettingError
from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live import Direction, Granted, LiveRun, LiveSettings, Pair, PartFacts, SetState, Slate, Told
from playingage.web import MonitorServer, ServerSettings

ADA = PartFacts(
    performer="ada", name="Ada Lovelace", start=40, known=(20, 70), model="ada-3", size=512,
    model_sha256="9f2c4e77a1b0" + "0" * 52,
    grants=(Granted(sha256="3d" * 32, ages=(25, 62), until="2027-01-31T00:00:00+00:00"),),
)
BEN = PartFacts(
    performer="ben", name="Ben Ames", start=30, known=(18, 80), model="ben-1", size=256,
    model_sha256="51d0aa72c3f4" + "0" * 52,
    grants=(Granted(sha256="7a" * 32, ages=(18, 80), until="2027-03-01T00:00:00+00:00"),),
)


@dataclass(frozen=True, kw_only=True)
class FakePlan:
    """From `first` to `last` years over two seconds, or always `first`."""

    first: float
    last: float | None = None
    alone: bool = False

    @property
    def constant(self) -> bool:
        return self.last is None

    def age(self, frames: int, rate: Fraction, /) -> float:
        share = min(1.0, frames / float(rate) / 2)
        return self.first if self.last is None else round(self.first + (self.last - self.first) * share, 2)

    def regions(self, frames: int, rate: Fraction, /) -> Mapping[str, float]:
        return {}


@dataclass(frozen=True, kw_only=True)
class FakeScene:
    id: str
    heading: str = ""
    shots: tuple[str, ...] = ()


class FakeSchedule:
    """Scenes, and who is how old in which; `plans` by scene and performer."""

    sha256 = "5c" * 32

    def __init__(self, scenes: tuple[FakeScene, ...], plans: Mapping[tuple[str, str], FakePlan]) -> None:
        self.scenes, self._plans = scenes, plans

    def at(self, scene: str, shot: str, take: int, performer: str, /) -> FakePlan | None:
        return self._plans.get((scene, performer))


class FakeRecorder:
    """Counts its takes; `told` is laid over what it reports, `fails` is raised by the next roll."""

    def __init__(self) -> None:
        self.takes: list[str] = []
        self.marks: list[str] = []
        self.rolls = False
        self.told: dict[str, Any] = {}
        self.fails: PlayingAgeError | None = None

    def roll(self, slate: Slate, state: SetState) -> None:
        if self.fails is not None:
            raise self.fails
        self.takes.append(str(slate))
        self.rolls = True

    def cut(self) -> None:
        self.rolls = False

    def mark(self, words: str) -> None:
        if not self.takes:
            raise SettingError("there is no take to mark", "Roll first.")
        self.marks.append(words)

    def next_take(self, scene: str, shot: str) -> int:
        place = " ".join(part for part in (scene, shot) if part)
        return 1 + sum(take.startswith(f"{place} take") for take in self.takes)

    def report(self) -> dict[str, Any]:
        state = {"state": "recording" if self.rolls else "idle", "words": "", "frames": 0, "minutes_left": 96.4}
        return {**state, **self.told}


class StageReager(FakeReager):
    """Does to its `faces` what is asked of their performers, and takes an operator's word on who they are."""

    def __init__(self, faces: tuple[FakeFace, ...], names: Mapping[str, str], *, takes: float = 0.0) -> None:
        super().__init__(takes=takes)
        self.faces, self._names = faces, names
        self._pins: dict[int, str] = {}
        self.asks: list[tuple[int, Ask]] = []

    def pin(self, face: int, performer: str | None, /) -> None:
        if face not in {each.id for each in self.faces}:
            raise SettingError(f"face {face} is not in the picture")
        self._pins[face] = performer or ""

    def unpin(self, face: int, /) -> None:
        self._pins.pop(face, None)

    def process(self, frame: Frame, ask: Ask, /) -> FakeReaged:
        if self.fails is not None:
            raise self.fails
        self.asks.append((frame.number, ask))
        faces = tuple(self._done(face, ask) for face in self.faces)
        pixels: NDArray[np.uint8] = frame.pixels.copy()  # type: ignore[assignment]
        write_number(pixels, AGE_ROW, round(10 * max((face.target_age or 0 for face in faces), default=0)))
        return FakeReaged(frame=dataclasses.replace(frame, pixels=pixels), matte=None, faces=faces)

    def _done(self, face: FakeFace, ask: Ask) -> FakeFace:
        pinned = face.id in self._pins
        who = self._pins.get(face.id, face.performer)
        role = ask.roles.get(who)
        if role is None:
            return dataclasses.replace(face, performer="", name="", pinned=pinned, strength=0.0, reasons=("unknown",))
        return dataclasses.replace(
            face, performer=who, name=self._names[who], pinned=pinned, target_age=role.age,
            strength=face.strength * role.look.strength if role.on else 0.0,
            reasons=face.reasons if role.left is None else (str(role.left),),
        )


@dataclass
class Set:
    """A console's set.

    versions: of each pair its frame's number and the version of the on-set state that it was made under. carried: of
    each act its name, the version that it made, and the number of the newest frame captured then.
    """

    source: FakeSource
    reager: StageReager
    recorder: FakeRecorder
    direction: Direction
    run: LiveRun
    server: MonitorServer
    versions: list[tuple[int, int]]
    carried: list[tuple[str, int, int]] = field(default_factory=list)

    def url(self, page: str = "console") -> str:
        return f"{self.server.url.split('?')[0]}{page}"

    def act(self, name: str, **values: Any) -> None:
        self.direction.act(name, values, "somebody else")

    def told(self, told: Told) -> None:
        self.carried.append((told.act, told.state.version, self.run._capture.last_number or 0))


def scenes_of(count: int) -> FakeSchedule:
    """`count` scenes: Ada and Ben as old as the scene's number and 20 or 30; Ben moves in scene 3."""
    scenes = tuple(
        FakeScene(
            id=str(n), heading=f"INT. ROOM {n} - {'NIGHT' if n % 2 else 'DAY'}", shots=("A", "B", "C")[: 1 + n % 3],
        )
        for n in range(1, count + 1)
    )
    plans = {(scene.id, "ada"): FakePlan(first=25 + int(scene.id) % 30) for scene in scenes}
    plans |= {(scene.id, "ben"): FakePlan(first=30 + int(scene.id) % 30) for scene in scenes}
    plans["3", "ben"] = FakePlan(first=30, last=60)
    return FakeSchedule(scenes, plans)


@contextmanager
def open_set(
    parts: tuple[PartFacts, ...] = (ADA, BEN), *, scenes: int = 0, strangers: int = 0, token: str = "",
) -> Iterator[Set]:
    """A running set with its server. strangers: faces of nobody in the cast; scenes: of its schedule, 0 for none."""
    source, recorder = FakeSource(), FakeRecorder()
    faces = tuple(
        FakeFace(id=i + 1, box=(20.0 + i * 120, 60.0, 110.0 + i * 120, 180.0), likeness=0.3,
                 performer=parts[i].performer if i < len(parts) else "")
        for i in range(len(parts) + strangers)
    )
    reager = StageReager(faces, {part.performer: part.name for part in parts})
    schedule = scenes_of(scenes) if scenes else None
    direction = Direction(35, parts=parts, schedule=schedule, recorder=recorder, pinner=reager)
    versions: list[tuple[int, int]] = []

    def saw(pair: Pair) -> None:
        assert pair.state is not None
        versions.append((pair.clean.number, pair.state.version))

    run = LiveRun(source, reager, LiveSettings(log_every=0), direction=direction, listeners=(saw,))
    server = MonitorServer(run, ServerSettings(port=0, token=token))
    made = Set(source, reager, recorder, direction, run, server, versions)
    direction.tellers = (made.told,)
    with run, server:
        yield made
