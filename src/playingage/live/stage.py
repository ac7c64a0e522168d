"""What is asked of the live picture, from which frame on: by the schedule, by hand, within the grants.

Decisions only: no I/O and no clock. Any thread may call; the state is replaced whole, never changed.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from playingage.core import SettingError
from playingage.engine import Ask, Look, Reason, RoleAsk
from playingage.frames import Frame
from playingage.live.parts import LEFT, NO_AGE, Granted, Hand, PartFacts
from playingage.live.ports import Pinner, Plan, Recorder, Schedule
from playingage.live.state import AgeFrom, PerformerNow, SceneNow, SetState, Slate

log = logging.getLogger(__name__)
@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is asked of one frame, and the state that asks it."""

    ask: Ask
    state: SetState


class _Nothing:
    """The recorder of a set on which nothing is recorded."""

    def roll(self, slate: Slate, state: SetState) -> None:
        pass

    def cut(self) -> None:
        pass

    def mark(self, words: str) -> None:
        pass

    def next_take(self, scene: str, shot: str) -> int:
        return 1

    def report(self) -> dict[str, Any]:
        return {"state": "none", "words": "", "take": None}


class Stage:
    """The on-set state, and what follows from it for each frame.

    age: asked of everybody where no performers are told apart; youngest, oldest: what may be asked then. look: theirs.
    parts: the performers. schedule: what they are asked for, scene by scene. recorder: rolls and cuts. pinner: takes
    an operator's word on who is who. restore: `SetState.document` of an earlier run.
    """

    def __init__(
        self, age: float, *, youngest: float = 18.0, oldest: float = 90.0, look: Look | None = None,
        parts: Sequence[PartFacts] = (), schedule: Schedule | None = None, recorder: Recorder | None = None,
        pinner: Pinner | None = None, restore: Mapping[str, Any] | None = None,
    ) -> None:
        self.listeners: list[Callable[[SetState], None]] = []
        self.recorder: Recorder = recorder or _Nothing()
        self.pinner, self.schedule = pinner, schedule
        self.youngest, self.oldest = youngest, oldest
        self._look = look or Look()
        self.lock, self.slating = threading.RLock(), threading.RLock()
        self._parts = {part.performer: part for part in parts}
        self._hands = {part.performer: Hand(strength=part.look.strength) for part in parts}
        scenes = _scenes(schedule)
        first = Slate(scene=scenes[0].scene, shot=next(iter(scenes[0].shots), "")) if scenes else Slate()
        self._elapsed, self._rate = 0, Fraction(24)
        self._state = SetState(
            version=0, slate=first, age=age, scenes=scenes, schedule="" if schedule is None else schedule.sha256,
        )
        if restore is not None:
            self._restore(restore)
        slate = self._state.slate
        self._state = replace(self._state, version=1, slate=self.fresh_take(slate.scene, slate.shot))

    @property
    def state(self) -> SetState:
        """As things stand at the newest frame."""
        with self.lock:
            return replace(self._state, performers=tuple(self._now(part)[0] for part in self._parts.values()))

    @property
    def age(self) -> float:
        """The age asked of everybody, in years."""
        return self._state.age

    def set_age(self, age: float) -> None:
        """Ask for another age of everybody who is not asked for one of their own; in years, and not checked."""
        with self.lock:
            self.change(replace(self._state, age=age))

    def orders(self, frame: Frame) -> Orders:
        """What is asked of this frame; in order. A take's first frame is the first after it rolled."""
        with self.lock:
            if self._state.rolling and self._state.rolled_at is None:
                self.change(replace(self._state, rolled_at=frame.number))
            begun = self._state.rolled_at
            self._elapsed = max(0, frame.number - begun) if self._state.rolling and begun is not None else 0
            self._rate = frame.rate
            both = [self._now(part) for part in self._parts.values()]
            state = replace(self._state, performers=tuple(now for now, _ in both))
            roles = {now.performer: ask for now, ask in both}
            return Orders(
                ask=Ask(age=state.age, look=self._look, roles=roles, clean=state.emergency), state=state,
            )

    def use(self, schedule: Schedule) -> None:
        """The schedule was changed: another one holds from the next frame on. Slate and hands stay."""
        scenes, sha256 = _scenes(schedule), schedule.sha256
        with self.lock:
            self.schedule = schedule
            self.change(replace(self._state, scenes=scenes, schedule=sha256, notice="SCHEDULE CHANGED"))

    def say(self, notice: str) -> None:
        """Tell all consoles something."""
        with self.lock:
            self.change(replace(self._state, notice=notice))

    def stop(self, performer: str, why: str) -> None:
        """From the next frame on nothing is done to a performer, whatever is asked; `why` in words."""
        with self.lock:
            if self.hand(performer).stopped != why:
                log.warning("%s is left as they are: %s", performer, why)
                self.set_hand(performer, replace(self.hand(performer), stopped=why), f"{self.name(performer)}: {why}")

    def resume(self, performer: str, grants: tuple[Granted, ...]) -> None:
        """Grants in force are there, the one that was signed last comes last."""
        with self.lock:
            part = self._parts[performer]
            if grants == part.grants and not self.hand(performer).stopped:
                return
            self._parts[performer] = replace(part, grants=grants)
            self.set_hand(performer, replace(self.hand(performer), stopped=""), f"{part.name}: GRANT IN FORCE")

    # What acts change; the lock is held.

    @property
    def current(self) -> SetState:
        """The state without its performers."""
        return self._state

    def hand(self, performer: object) -> Hand:
        """What is set by hand for a performer. Raises SettingError."""
        self.part(performer)
        return self._hands[str(performer)]

    def part(self, performer: object) -> PartFacts:
        """Who they are. Raises SettingError."""
        found = self._parts.get(performer) if isinstance(performer, str) else None
        if found is None:
            known = ", ".join(self._parts) or "nobody"
            raise SettingError(f"there is no performer {performer!r} in this picture's cast", f"Known: {known}.")
        return found

    def name(self, performer: str) -> str:
        """For people."""
        return self._parts[performer].name

    def set_hand(self, performer: str, hand: Hand, notice: str = "") -> None:
        """Replace it and tell everybody."""
        self._hands[performer] = hand
        self.change(replace(self._state, notice=notice or self._state.notice))

    def new_hands(self) -> None:
        """Ages by hand end with their scene; strength, switches and grants stay."""
        self._hands = {each: replace(hand, age=None, regions=None) for each, hand in self._hands.items()}

    def change(self, state: SetState) -> None:
        """The next version; everybody is told."""
        self._state = replace(state, version=self._state.version + 1)
        told = self.state
        for listener in tuple(self.listeners):  # a page may go meanwhile
            listener(told)

    def fresh_take(self, scene: str, shot: str) -> Slate:
        """The slate of the next take of a shot."""
        return Slate(scene=scene, shot=shot, take=self.recorder.next_take(scene, shot))

    def _now(self, part: PartFacts) -> tuple[PerformerNow, RoleAsk]:
        hand, slate = self._hands[part.performer], self._state.slate
        plan = None if self.schedule is None else self.schedule.at(slate.scene, slate.shot, slate.take, part.performer)
        age, age_from = self._asked(part, hand, plan)
        regions = dict(part.look.regions) if plan is None else plan.regions(self._elapsed, self._rate)
        if hand.regions is not None:
            regions = dict(hand.regions)
        stopped = hand.stopped
        if not stopped and age is None:
            stopped = LEFT if plan is not None and plan.alone else NO_AGE
        if not stopped and age is not None:
            stopped = part.why_not(age, *regions.values())
        grant = part.grant_for(*(() if age is None else (age, *regions.values())))
        now = PerformerNow(
            performer=part.performer, name=part.name, model=part.model, model_sha256=part.model_sha256, size=part.size,
            grant=grant.sha256, grant_until=grant.until, ages=part.ages, known=part.known, granted=part.granted,
            age=age, age_from=age_from, planned=self._asked(part, replace(hand, age=None), plan)[0],
            keyed=age_from == "schedule" and plan is not None and not plan.constant, regions=regions,
            strength=hand.strength, on=hand.on, stopped=stopped,
        )
        left = None
        if not hand.on:
            left = Reason.OFF
        elif stopped:
            left = Reason.UNASKED if stopped in (NO_AGE, LEFT) else Reason.GRANT
        look = replace(part.look, strength=hand.strength, regions=regions)
        return now, RoleAsk(age=part.ages[0] if age is None else age, look=look, left=left)

    def _asked(self, part: PartFacts, hand: Hand, plan: Plan | None) -> tuple[float | None, AgeFrom]:
        if hand.age is not None:
            return hand.age, "hand"
        if plan is not None:
            return (None, "schedule") if plan.alone else (plan.age(self._elapsed, self._rate), "schedule")
        if part.follows:
            return self._state.age, "start"
        return (None, "none") if part.start is None else (part.start, "start")

    @property
    def follows(self) -> bool:
        """Whether the age asked of everybody means anybody."""
        return not self._parts or any(part.follows for part in self._parts.values())

    def _restore(self, document: Mapping[str, Any]) -> None:
        """Take over what an earlier run was asked: slate, ages by hand, strengths, switches, emergency."""
        slate, age = document.get("slate") or {}, document.get("age")
        place = Slate(scene=str(slate.get("scene", "")), shot=str(slate.get("shot", "")))
        known = age if isinstance(age, int | float) and self.youngest <= age <= self.oldest else self._state.age
        self._state = replace(
            self._state, slate=place, age=float(known), emergency=document.get("emergency") is True,
            notice="STARTED AGAIN",
        )
        for each in document.get("performers") or ():
            part = self._parts.get(each.get("performer"))
            if part is None:
                continue
            own = each.get("age") if each.get("age_from") == "hand" else None
            self._hands[part.performer] = Hand(
                age=None if own is None or part.why_not(own) else float(own), strength=float(each["strength"]),
                on=each.get("on") is not False,
            )


def _scenes(schedule: Schedule | None) -> tuple[SceneNow, ...]:
    return () if schedule is None else tuple(
        SceneNow(scene=scene.id, heading=scene.heading, shots=tuple(scene.shots)) for scene in schedule.scenes
    )
