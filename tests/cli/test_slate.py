"""`render --slate`: the schedule's ages, frame by frame, under the grants, recorded with the schedule's hash."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from people import embedding_of, stranger_of
from render.material import read_all

from cli.conftest import Call, left_in
from cli.test_performers import Faces, Picture, Set, make_set
from playingage.cli.planned import Slating
from playingage.core import SettingError
from playingage.media import open_source
from playingage.render import marks_in
from playingage.schedule import Entry, Key, Offset, Plan, Scene, Schedule

RAMP = Plan(keys=(Key(at=Offset(frames=0), age=20), Key(at=Offset(frames=2), age=70, regions={"eyes": 40})))


@pytest.fixture(scope="module")
def faces(portrait: Picture) -> Faces:
    other = stranger_of(portrait)
    return {"ada": (portrait, embedding_of(portrait)), "ben": (other, embedding_of(other))}


@pytest.fixture
def stage(tmp_path: Path, faces: Faces) -> Set:
    made = make_set(tmp_path, faces)
    entries = (
        Entry(performer="ada", scene="12", shot="A", plan=RAMP),
        Entry(performer="ben", scene="12", plan=Plan(alone=True)),
        Entry(performer="ada", scene="13", plan=Plan.of(50)), Entry(performer="ben", scene="13"),
        Entry(performer="ada", scene="14", plan=Plan.of(75)),
    )
    schedule = Schedule(listed=(Scene(id="12"), Scene(id="13"), Scene(id="14")), entries=entries)
    schedule.save(made.production.folder / "schedule" / "schedule.toml")
    return made


def test_keys_are_followed_frame_by_frame(call: Call, stage: Set, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []

    def rendered(name: str, *more: object) -> list[NDArray[Any]]:
        out = tmp_path / name / "a.%03d.png"
        done = call("render", stage.plates, out, "-P", stage.production.folder, *more, "--json")
        assert done.code == 0, done.err
        told.append(json.loads(done.out))
        return [frame.pixels for frame in read_all(out)]

    keyed = rendered("keyed", "--slate", "12/A/3")
    regions = ("--region", "eyes=40")
    constant = {age: rendered(str(age), "--performer", f"ada={age}", *regions) for age in (20, 45, 70)}
    for frame, age in enumerate((20, 45, 70)):
        assert np.array_equal(keyed[frame], constant[age][frame])
    assert not np.array_equal(constant[20][1], constant[45][1])
    sha256 = Schedule.load(stage.production.folder / "schedule" / "schedule.toml").sha256
    assert (told[0]["schedule"], told[0]["slate"]) == (sha256, "12/A/3")
    assert [(each["performer"], each["ages"], each["keyed"]) for each in told[0]["performers"]] == [
        ("ada", [20, 70], True)]
    first = stage.events("render")[0]
    assert (first["performer"], first["schedule"], first["slate"]) == ("ada", sha256, "12/A/3")
    with open_source(str(tmp_path / "keyed" / "a.%03d.png")) as opened:
        assert f"schedule={sha256}; slate=12/A/3" in marks_in(opened.info.metadata)[0]
    assert (told[1]["schedule"], told[1]["slate"]) == (None, None)


@pytest.mark.parametrize(("arguments", "words"), [
    (("--slate", "13"), "says no age of ben in 13"), (("--slate", "14"), "age 75 is not in it (20 to 70)"),
    (("--slate", "12"), "says no age of ada in 12"), (("--slate", "99"), "asks nothing of anybody in 99"),
    (("--slate", "12/A/x"), "no scene, shot and take"), (("--schedule", "a.csv"), "Name the shot"),
    (("--slate", "12/A", "--schedule", "absent.csv"), "cannot be read"),
    (("--slate", "12/A", "--performer", "ben"), "asks nothing of anybody in 12/A"),
])
def test_what_the_schedule_does_not_say_is_not_rendered(
    call: Call, stage: Set, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    before = left_in(tmp_path)
    done = call("render", stage.plates, tmp_path / "a.%03d.png", "-P", stage.production.folder, *arguments)
    assert done.code == 2
    assert words in done.err
    assert left_in(tmp_path) == before and stage.events("render") == []


def test_an_age_by_hand_counts_before_the_schedule(call: Call, stage: Set, tmp_path: Path) -> None:
    done = call("render", stage.plates, tmp_path / "a.%03d.png", "-P", stage.production.folder, "--slate", "13",
                "--performer", "all", "--performer", "ben=30", "--json")
    assert done.code == 0, done.err
    assert {each["performer"]: each["age"] for each in json.loads(done.out)["performers"]} == {"ada": 50, "ben": 30}


def test_slates_as_they_are_written() -> None:
    assert str(Slating.parse(" 12 / A / 3 ")) == "12/A/3"
    assert Slating.parse("12//3") == Slating(scene="12", take=3)
    assert str(Slating.parse("12")) == "12"
    for wrong in ("", "/A", "12/A/0", "12/A/3/4"):
        with pytest.raises(SettingError):
            Slating.parse(wrong)
