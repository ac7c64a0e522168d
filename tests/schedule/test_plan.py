"""Ages over a shot, and which entry counts."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage import engine
from playingage.schedule import REGIONS, Entry, FieldError, Key, Offset, Plan, Scene, Schedule
from playingage.schedule.plan import parse_age, written
from schedule.drawn import plans

FILM, NTSC = Fraction(24), Fraction(24000, 1001)
RAMP = Plan(keys=(
    Key(at=Offset.parse("24"), age=20, regions={"eyes": 30}), Key(at=Offset.parse("48"), age=44),
    Key(at=Offset.parse("72"), regions={"eyes": 40}),
))


def test_regions_are_the_engines() -> None:
    assert REGIONS == engine.REGIONS


def test_ages_go_in_a_straight_line_between_keys_and_stay_outside() -> None:
    assert [RAMP.age(frame, FILM) for frame in (0, 24, 30, 36, 48, 49, 10**6)] == [20, 20, 26, 32, 44, 44, 44]
    assert RAMP.regions(0, FILM) == {"eyes": 30}
    assert RAMP.regions(48, FILM) == {"eyes": 35}
    assert RAMP.span == (20, 44)
    assert not RAMP.constant
    assert Plan.of(30, eyes=20).constant
    assert Plan.of(30, eyes=20).regions(5, FILM) == {"eyes": 20}


def test_seconds_are_of_the_clock_and_timecode_counts_labels() -> None:
    keys = {text: Plan(keys=(Key(at=Offset(), age=0), Key(at=Offset.parse(text), age=100))) for text in ("1000f",)}
    assert keys["1000f"].age(500, NTSC) == 50
    assert Offset.parse("1001s").frame(NTSC) == 24000
    assert Offset.parse("00:00:10:12").frame(NTSC) == 252
    assert Offset.parse("00:00:10:12").frame(Fraction(30000, 1001)) == 312
    assert Offset.parse("2,5 sec").frame(FILM) == 60


@pytest.mark.parametrize("text", ["", "2.5", "-1", "1:30", "00:00:10;12", "00:61:00:00", "later", "1e3", "999999s"])
def test_times_that_could_be_something_else_are_refused(text: str) -> None:
    with pytest.raises(FieldError) as error:
        Offset.parse(text)
    assert error.value.field == "at"


@pytest.mark.parametrize(("text", "age"), [("17", 17), ("17.5", 17.5), ("17,5", 17.5), (" 17 years ", 17),
                                           ("17 Years old", 17), ("17y", 17), ("0", 0), ("17 yrs.", 17)])
def test_ages_as_people_write_them(text: str, age: float) -> None:
    assert parse_age(text, "age") == age


@pytest.mark.parametrize("text", ["", "-17", "17-19", "about 17", "40s", "1e1", "nan", "151", "17 19", "1,700,000"])
def test_ages_that_could_mean_two_things_are_refused(text: str) -> None:
    with pytest.raises(FieldError):
        parse_age(text, "age")


@given(st.floats(0, 150))
def test_an_age_is_read_as_it_is_written(age: float) -> None:
    kept = Plan.of(age).age(0, FILM)
    assert parse_age(written(kept), "age") == kept
    assert kept == pytest.approx(age, abs=1e-6)


@given(plans(), st.integers(0, 10**7), st.sampled_from([FILM, NTSC, Fraction(60), Fraction(1)]))
def test_an_age_never_leaves_its_keys(plan: Plan, frame: int, rate: Fraction) -> None:
    if plan.alone:
        assert plan.span is None
        assert plan.regions(frame, rate) == {}
        with pytest.raises(ValueError, match="left alone"):
            plan.age(frame, rate)
        return
    assert plan.span is not None
    low, high = plan.span
    assert low - 1e-9 <= plan.age(frame, rate) <= high + 1e-9
    assert set(plan.regions(frame, rate)) == {name for key in plan.keys for name in key.regions}


@pytest.mark.parametrize("keys", [
    (), (Key(regions={"eyes": 3}),), (Key(age=3), Key(at=Offset(frames=1), age=4)),
    (Key(at=Offset(frames=1), age=4), Key(at=Offset(frames=1), age=4)),
    (Key(at=Offset(frames=1), age=4), Key(at=Offset.parse("1s"), age=4)),
])
def test_keys_that_do_not_fit_are_refused(keys: tuple[Key, ...]) -> None:
    with pytest.raises(FieldError):
        Plan(keys=keys)
    with pytest.raises(FieldError):
        Plan(alone=True, keys=(Key(age=3),))


def entry(age: float | None, scene: str = "*", shot: str = "", take: int | None = None) -> Entry:
    return Entry(performer="tom", scene=scene, shot=shot, take=take, plan=None if age is None else Plan.of(age))


def test_the_most_specific_entry_counts() -> None:
    schedule = Schedule(entries=(
        entry(1), entry(2, "12"), entry(3, "12", "A"), entry(4, "12", "A", 3), entry(5, "12", take=3),
        entry(None, "13"),
    ))

    def age(scene: str, shot: str = "", take: int | None = None) -> float | None:
        plan = schedule.at(scene, shot, take, "tom")
        return None if plan is None else plan.age(0, FILM)

    assert [age("99"), age("12"), age("12", "A"), age("12", "A", 3), age("12", "B", 3), age("12", "B", 2)] == [
        1, 2, 3, 4, 5, 2]
    assert age("13") == 1, "an open row says nothing of ages"
    assert age(" 12", "a", 3) == 4
    assert schedule.at("12", "", None, "ada") is None


@pytest.mark.parametrize("make", [
    lambda: entry(1, shot="A"), lambda: entry(1, take=1), lambda: entry(1, "12", take=0), lambda: entry(None),
    lambda: entry(None, "12", "A"), lambda: Entry(performer="Tom"), lambda: Scene(id="*"), lambda: Scene(id="x" * 33),
    lambda: Scene(id="1", characters=("ANN", "Ann")), lambda: Scene(id="1", characters=("A;B",)),
    lambda: Scene(id="1", extra={"age": 3}), lambda: Scene(id="1", heading="a\nb"),
    lambda: Schedule(entries=(entry(1, "1a"), entry(2, "1A"))), lambda: Schedule(listed=(Scene(id="1"), Scene(id="1"))),
])
def test_things_check_themselves(make: "object") -> None:
    with pytest.raises(FieldError):
        make()  # type: ignore[operator]


def test_scenes_are_those_listed_and_those_with_ages() -> None:
    schedule = Schedule(listed=(Scene(id="2"), Scene(id="1")), entries=(entry(1, "3"), entry(1, "1", "B"), entry(4)))
    assert [(scene.id, scene.shots) for scene in schedule.scenes] == [("2", ()), ("1", ("B",)), ("3", ())]
