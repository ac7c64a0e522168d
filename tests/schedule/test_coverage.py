"""What a schedule leaves open, and the strip that shows it."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from playingage.schedule import Entry, Key, Offset, Part, Plan, Scene, Schedule, Shot
from playingage.schedule.chart import Heading, colour_of, draw_page, label_of
from playingage.schedule.coverage import Facts, lay_out, weight_at
from schedule.drawn import schedules

CAST = (Part(character="ANN", performer="ada"), Part(character="BEN", performer="ben"))
RAMP = Plan(keys=(Key(at=Offset(frames=0), age=20), Key(at=Offset(frames=48), age=60)))
KNOWN = Facts(name="Ada", granted={"live": [(20, 50), (55, 80)], "render": [(20, 80)]}, model=(18, 75),
              coverage=((20, 0.9), (40, 0.1), (60, 0.9)))


def entry(age: float | Plan | None, scene: str, shot: str = "", performer: str = "ada") -> Entry:
    plan = age if isinstance(age, Plan) or age is None else Plan.of(age)
    return Entry(performer=performer, scene=scene, shot=shot, plan=plan)


def found(schedule: Schedule, facts: dict[str, Facts] | None = None) -> list[str]:
    return [f"{each.kind} {each.told}" for each in lay_out(schedule, facts).findings]


def test_who_is_in_a_scene_and_has_no_age_is_a_gap() -> None:
    scenes = (Scene(id="1", characters=("ANN", "BEN")), Scene(id="2", characters=("ANN",)), Scene(id="3"))
    schedule = Schedule(listed=scenes, cast=CAST, entries=(entry(30, "1"), entry(None, "3", performer="ben")))
    assert found(schedule) == ["gap ben: scenes 1, 3: has no age", "gap ada: scene 2: has no age"]
    assert lay_out(schedule).failing
    default = Entry(performer="ben", plan=Plan.of(40))
    assert found(Schedule(listed=scenes, cast=CAST, entries=(entry(30, "1"), entry(3, "2"), default))) == []


def test_a_scene_whose_every_shot_has_an_age_has_no_gap() -> None:
    scene = Scene(id="1", characters=("ANN",), details=(Shot(id="A"), Shot(id="B")))
    one = Schedule(listed=(scene,), cast=CAST, entries=(entry(30, "1", "A"),))
    assert found(one) == ["gap ada: scene 1: has no age in shot B"]
    both = Schedule(listed=(scene,), cast=CAST, entries=(entry(30, "1", "A"), entry(31, "1", "B")))
    assert found(both) == []
    assert [slot.label for slot in lay_out(both).slots] == ["", "A", "B"]


@pytest.mark.parametrize(("asked", "words"), [
    (24, []), (Plan(alone=True), []),
    (52, ["grant ada: scene 1: age 52: grants in force for live cover 20 to 50 or 55 to 80"]),
    (Plan.of(24, eyes=19), ["grant ada: scene 1: ages 19 to 24: grants in force for live cover 20 to 50 or 55 to 80",
                            "grant ada: scene 1: ages 19 to 24: grants in force for render cover 20 to 80"]),
    (78, ["model ada: scene 1: age 78: their model knows 18 to 75"]),
    (38, ["weak ada: scene 1: age 38: their own footage says little there (18%)"]),
])
def test_ages_are_held_against_grants_and_model(asked: float | Plan, words: list[str]) -> None:
    assert found(Schedule(entries=(entry(asked, "1"),)), {"ada": KNOWN}) == words


def test_a_ramp_is_weak_where_it_passes_through() -> None:
    facts = Facts(name="Ada", granted={"live": [(0, 99)]}, model=(18, 75), coverage=KNOWN.coverage)
    assert found(Schedule(entries=(entry(RAMP, "1"),)), {"ada": facts}) == [
        "weak ada: scene 1: ages 20 to 60: their own footage says little there (10%)"]


def test_who_is_unknown_or_without_grant_or_model() -> None:
    schedule = Schedule(entries=(entry(30, "1"), entry(30, "1", performer="ben")))
    assert found(schedule, {"ada": Facts(name="Ada", refused={"live": "no grant"}, no_model="none trained")}) == [
        "unknown ben: scene 1: is no performer of the production", "grant ada: scene 1: no grant",
        "model ada: scene 1: none trained"]


def test_remarks_do_not_fail() -> None:
    schedule = Schedule(listed=(Scene(id="1", characters=("COP",)),), entries=(entry(30, "2"),), extra={"Eye": "x"})
    strip = lay_out(schedule)
    assert [each.kind for each in strip.findings] == ["remark"] * 3
    assert not strip.failing
    assert "Eye" in strip.findings[-1].words


def test_weights_between_ages() -> None:
    assert [weight_at(KNOWN.coverage, age) for age in (0, 20, 30, 40, 99)] == pytest.approx(
        [0.9, 0.9, 0.5, 0.1, 0.9])
    assert weight_at((), 30) is None


def test_labels_and_colours() -> None:
    assert [label_of(plan) for plan in (Plan.of(17), Plan.of(17.25), Plan(alone=True), RAMP)] == [
        "17", "17.2", "alone", "20–60"]
    assert len({colour_of(age) for age in range(5, 91, 5)}) == 18
    assert colour_of(0) == colour_of(5)


def svgs(page: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_the_page_has_all_scenes_and_no_script() -> None:
    listed = tuple(Scene(id=str(number), heading="<b>INT.", characters=("ANN",)) for number in range(1, 121))
    entries = tuple(entry(20 + number % 60, str(number)) for number in range(2, 121))
    schedule = Schedule(listed=listed, cast=CAST, entries=entries)
    page = draw_page(lay_out(schedule), Heading(title="The Long <Year>"))
    drawn = [(node[-1].tail if len(node) else node.text) or "" for svg in svgs(page) for node in svg.iter("text")]
    assert {str(number) for number in range(1, 121)} <= set(drawn)
    assert "<script" not in page and "style=" not in page and "<b>INT" not in page and "<Year>" not in page
    assert "?" in drawn


@settings(max_examples=40, deadline=None)
@given(schedules)
def test_any_schedule_can_be_drawn(schedule: Schedule) -> None:
    strip = lay_out(schedule, {"ada": KNOWN})
    page = draw_page(strip, Heading(title="a"))
    parser = HTMLParser()
    parser.feed(page)
    assert svgs(page)
