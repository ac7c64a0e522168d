"""The on-set state: what is asked of each frame, by schedule and by hand, and what an act may not do."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from playingage.core import SettingError
from playingage.engine import Reason
from playingage.frames import Frame
from playingage.live import Direction, Granted, PartFacts, SetState, Slate

RATE = Fraction(24)


@dataclass(frozen=True)
class Ramp:
    """From one age to another within 48 frames."""

    first: float
    last: float
    alone: bool = False

    @property
    def constant(self) -> bool:
        return self.first == self.last

    def age(self, frames: int, rate: Fraction, /) -> float:
        return self.first + (self.last - self.first) * min(frames, 48) / 48

    def regions(self, frames: int, rate: Fraction, /) -> Mapping[str, float]:
        return {}


@dataclass(frozen=True)
class Place:
    id: str
    heading: str = ""
    shots: tuple[str, ...] = ()


class Plans:
    sha256 = "f" * 64
    scenes = (Place("1", "INT. HOUSE - DAY", ("A", "B")), Place("2"), Place("3"))

    def at(self, scene: str, shot: str, take: int, performer: str, /) -> Ramp | None:
        return {
            ("1", "ada"): Ramp(20, 20), ("2", "ada"): Ramp(20, 68), ("2", "ben"): Ramp(0, 0, alone=True),
            ("3", "ada"): Ramp(90, 90),
        }.get((scene, performer))


class Tape:
    """A recorder that remembers."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails = False

    def roll(self, slate: Slate, state: SetState, /) -> None:
        if self.fails:
            raise SettingError("no room")
        self.done.append(f"roll {slate}")

    def cut(self) -> None:
        self.done.append("cut")

    def mark(self, words: str, /) -> None:
        self.done.append(words)

    def next_take(self, scene: str, shot: str, /) -> int:
        return 4 if scene == "2" else 1

    def report(self) -> dict[str, Any]:
        return {"state": "idle"}


ADA_GRANT = Granted(sha256="a" * 64, ages=(18, 70))
ADA = PartFacts(performer="ada", name="Ada", start=40, known=(18, 85), grants=(ADA_GRANT,))
BEN = PartFacts(performer="ben", name="Ben", follows=True, known=(18, 85), grants=(Granted(ages=(25, 85)),))


def frame(number: int) -> Frame:
    return Frame(pixels=np.zeros((2, 2, 3), np.uint8), number=number, rate=RATE)


@pytest.fixture
def set_up() -> Direction:
    return Direction(50, parts=(ADA, BEN), schedule=Plans(), recorder=Tape())


def test_the_schedule_asks_then_the_start_then_everybodys_age(set_up: Direction) -> None:
    orders = set_up.orders(frame(0))
    assert str(orders.state.slate) == "1 A take 1"
    assert {who: (ask.age, ask.left) for who, ask in orders.ask.roles.items()} == {"ada": (20, None), "ben": (50, None)}
    assert [each.age_from for each in orders.state.performers] == ["schedule", "start"]
    set_up.act("scene", {"scene": "99"}, "test")
    assert set_up.orders(frame(1)).ask.roles["ada"].age == 40
    set_up.set_age(61)
    assert [ask.age for ask in set_up.orders(frame(2)).ask.roles.values()] == [40, 61]


def test_a_scene_changes_all_at_once_and_ends_what_was_set_by_hand(set_up: Direction) -> None:
    set_up.act("age", {"performer": "ada", "age": 33}, "test")
    set_up.act("strength", {"performer": "ada", "strength": 0.5}, "test")
    assert set_up.orders(frame(0)).ask.roles["ada"].age == 33
    state = set_up.act("next", {}, "test")
    assert (state.slate.scene, state.slate.take) == ("2", 4)
    ada, ben = state.performers
    assert (ada.age, ada.age_from, ada.strength, ada.keyed) == (20, "schedule", 0.5, True)
    assert (ben.age, ben.stopped) == (None, "LEFT AS THEY ARE")
    assert set_up.orders(frame(0)).ask.roles["ben"].left is Reason.UNASKED


def test_keys_run_from_the_frame_at_which_the_take_rolled(set_up: Direction) -> None:
    set_up.act("scene", {"scene": "2"}, "test")
    ages = [set_up.orders(frame(number)).ask.roles["ada"].age for number in (5, 6)]
    set_up.act("roll", {}, "test")
    ages += [set_up.orders(frame(number)).ask.roles["ada"].age for number in (100, 101, 124, 148, 300)]
    assert ages == [20, 20, 20, 21, 44, 68, 68]
    assert set_up.state.rolled_at == 100
    assert set_up.act("cut", {}, "test").slate.take == 5
    assert set_up.orders(frame(301)).ask.roles["ada"].age == 20
    assert isinstance(set_up.recorder, Tape) and set_up.recorder.done == ["roll 2 take 4", "cut"]


def test_an_age_without_a_grant_is_not_asked(set_up: Direction) -> None:
    state = set_up.act("scene", {"scene": "3"}, "test")
    assert state.performers[0].stopped == "AGE NOT GRANTED"
    assert set_up.orders(frame(0)).ask.roles["ada"].left is Reason.GRANT
    for values in ({"age": 71}, {"age": 17}):
        with pytest.raises(SettingError, match="age not granted"):
            set_up.act("age", {"performer": "ada", **values}, "test")
    with pytest.raises(SettingError, match="age not granted"):
        set_up.act("regions", {"performer": "ada", "regions": {"eyes": 71}}, "test")
    set_up.act("age", {"performer": "ada", "age": 70}, "test")
    assert set_up.orders(frame(1)).ask.roles["ada"].left is None


def test_a_grant_taken_back_stops_and_a_new_one_resumes(set_up: Direction) -> None:
    versions = [set_up.state.version]
    set_up.listeners.append(lambda state: versions.append(state.version))
    set_up.stop("ada", "NO GRANT IN FORCE")
    set_up.stop("ada", "NO GRANT IN FORCE")
    assert set_up.orders(frame(0)).ask.roles["ada"].left is Reason.GRANT
    set_up.act("on", {"performer": "ada", "on": True}, "test")
    assert set_up.orders(frame(0)).ask.roles["ada"].left is Reason.GRANT
    set_up.resume("ada", (Granted(sha256="b" * 64, ages=(18, 85), until="2027-01-01"),))
    now = set_up.orders(frame(1))
    assert now.ask.roles["ada"].left is None
    assert (now.state.performers[0].grant, now.state.performers[0].ages) == ("b" * 64, (18, 85))
    set_up.resume("ada", (Granted(sha256="b" * 64, ages=(18, 85), until="2027-01-01"),))
    assert versions == [1, 2, 3, 4]


def test_emergency_asks_for_the_clean_picture(set_up: Direction) -> None:
    set_up.act("emergency", {"on": True}, "test")
    assert set_up.orders(frame(0)).ask.clean and set_up.state.emergency
    set_up.act("emergency", {"on": False}, "test")
    assert not set_up.orders(frame(1)).ask.clean


def test_nothing_moves_while_a_take_rolls(set_up: Direction) -> None:
    set_up.act("roll", {}, "test")
    for name, values in (("next", {}), ("scene", {"scene": "2"}), ("shot", {"shot": "B"}), ("take", {"take": 2}),
                         ("roll", {})):
        with pytest.raises(SettingError, match="rolls"):
            set_up.act(name, values, "test")
    set_up.act("age", {"performer": "ada", "age": 50}, "test")
    set_up.act("emergency", {"on": True}, "test")


def test_a_recorder_without_room_does_not_roll(set_up: Direction) -> None:
    assert isinstance(set_up.recorder, Tape)
    set_up.recorder.fails = True
    with pytest.raises(SettingError, match="no room"):
        set_up.act("roll", {}, "test")
    assert not set_up.state.rolling


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("fly", {}), ("age", {"performer": "cleo", "age": 30}), ("age", {"performer": ["ada"], "age": 30}),
        ("age", {"performer": "ada", "age": "30"}), ("age", {"performer": "ada", "age": float("nan")}),
        ("age", {"age": 200}), ("strength", {"performer": "ada", "strength": 2}), ("on", {"performer": "ada"}),
        ("regions", {"performer": "ada", "regions": {"nose": 30}}), ("regions", {"performer": "ada", "regions": [1]}),
        ("take", {"take": 0}), ("take", {"take": "2"}), ("take", {"take": True}), ("scene", {}),
        ("scene", {"scene": "x" * 40}), ("scene", {"scene": "1\n2"}), ("shot", {"shot": 7}), ("cut", {}),
        ("previous", {}), ("emergency", {"on": 1}), ("pin", {"face": 1, "performer": "ada"}), ("mark", {}),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    set_up: Direction, name: str, values: dict[str, Any]
) -> None:
    before = set_up.state
    with pytest.raises(SettingError):
        set_up.act(name, values, "test")
    assert set_up.state == before


def test_every_act_is_told_with_whose_it_was(set_up: Direction) -> None:
    told: list[tuple[str, str]] = []
    set_up.tellers = (lambda each: told.append((each.act, each.by)),)
    set_up.act("next", {}, "Director")
    assert told == [("next", "Director")]


def test_what_was_asked_comes_back_after_a_start_anew(set_up: Direction) -> None:
    set_up.act("scene", {"scene": "2"}, "test")
    set_up.act("age", {"performer": "ada", "age": 33}, "test")
    set_up.act("on", {"performer": "ben", "on": False}, "test")
    set_up.act("emergency", {"on": True}, "test")
    again = Direction(50, parts=(ADA, BEN), schedule=Plans(), recorder=Tape(), restore=set_up.state.document)
    assert replace(again.state, version=0, notice="") == replace(set_up.state, version=0, notice="")


def test_without_performers_everybody_is_asked_for_one_age() -> None:
    direction = Direction(35)
    direction.act("age", {"age": 60}, "test")
    assert direction.orders(frame(0)).ask.age == 60 and direction.state.performers == ()
    with pytest.raises(SettingError, match="nobody is told from others"):
        direction.act("pin", {"face": 1, "performer": None}, "test")


def test_a_slow_disk_holds_up_neither_a_frame_nor_an_emergency(set_up: Direction) -> None:
    assert isinstance(set_up.recorder, Tape)
    entered, go_on = threading.Event(), threading.Event()

    def slow(slate: Slate, state: SetState, /) -> None:
        entered.set()
        assert go_on.wait(30)

    set_up.recorder.roll = slow  # type: ignore[method-assign]
    rolling = threading.Thread(target=lambda: set_up.act("roll", {}, "test"))
    rolling.start()
    assert entered.wait(30)
    assert not set_up.orders(frame(7)).ask.clean
    set_up.act("emergency", {"on": True}, "test")
    assert set_up.orders(frame(8)).ask.clean
    assert not set_up.state.rolling
    go_on.set()
    rolling.join()
    assert set_up.orders(frame(9)).state.rolled_at == 9


def test_a_sweep_overrules_nobody(set_up: Direction) -> None:
    set_up.act("age", {"performer": "ada", "age": 30, "was": None}, "mirror")
    set_up.act("age", {"performer": "ada", "age": 31, "was": 30}, "mirror")
    set_up.act("age", {"performer": "ada", "age": 60}, "console")
    with pytest.raises(SettingError, match="another age was set meanwhile"):
        set_up.act("age", {"performer": "ada", "age": 32, "was": 31}, "mirror")
    set_up.act("next", {}, "console")
    with pytest.raises(SettingError, match="meanwhile"):
        set_up.act("age", {"performer": "ada", "age": 32, "was": 31}, "mirror")
    with pytest.raises(SettingError, match="meanwhile"):
        set_up.act("age", {"age": 32, "was": 31}, "mirror")
    set_up.act("age", {"age": 32, "was": 50}, "mirror")


def test_of_several_grants_the_one_that_covers_the_age_counts(set_up: Direction) -> None:
    young, old = Granted(sha256="1" * 64, ages=(18, 30)), Granted(sha256="2" * 64, ages=(60, 70))
    set_up.resume("ada", (young, old))

    def ask(**values: Any) -> str:
        set_up.act("age", {"performer": "ada", **values}, "test")
        return set_up.orders(frame(0)).state.performers[0].grant

    assert (ask(age=25), ask(age=65)) == (young.sha256, old.sha256)
    with pytest.raises(SettingError, match="age not granted"):
        ask(age=45)
    set_up.act("regions", {"performer": "ada", "regions": {"eyes": 25}}, "test")
    assert set_up.state.performers[0].stopped == "AGE NOT GRANTED"
    assert set_up.state.performers[0].ages == (18, 70)
