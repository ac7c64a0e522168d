"""What an evaluation measures, concludes and writes down, without the command line."""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.core import SettingError, UnreadableError
from playingage.engine import Engine, Reager
from playingage.faces import FaceFinder
from playingage.review.evaluation import bars, sheets, summary
from playingage.review.evaluation.judge import Judge, JudgeError, Verdict, read_answer
from playingage.review.evaluation.measures import Before, Measures, aligned, error_in
from playingage.review.evaluation.people import Person, chosen, listed_people, people_of
from playingage.review.evaluation.pictures import Job, PictureStore, read_picture
from playingage.review.evaluation.statistics import line, slope, spread, through_zero
from playingage.review.evaluation.stills import Result, Stills, requests_of
from playingage.review.evaluation.truth import truth_cases

Portrait = NDArray[np.uint8]


@pytest.fixture(scope="module")
def before(portrait: Portrait, engine: Engine) -> Before:
    finder = FaceFinder(engine.device)
    return Before(portrait, finder.find(portrait)[0], finder.mesh)


def result(
    name: str = "a", shift: float = 20.0, moved: float | None = 16.0, *, age: float = 50.0, sex: str = "F",
    tone: float = 45.0, identity: float = 0.3, sharpness: float = 1.0, changed: float = 5.0,
) -> Result:
    """One result as a judge would have it."""
    verdict = None if moved is None else Verdict(
        age_in=50, age_out=50 + moved, identity=identity, eyes=1.0, mouth=1.5, sharpness=sharpness
    )
    measures = Measures(
        changed=changed, eyes=0.5, mouth=0.6, sharpness=0.9, outside_mean=0.0, outside_most=0.0
    )
    return Result(
        person=Person(name=name, age=age, path=Path(name), sex=sex), shift=shift, source_age=age, verdict=verdict,
        target_age=age + shift, tone=tone, box=(0, 0, 9, 9), milliseconds=30, measures=measures, read_in=50,
        read_out=50 + 0.5 * shift, sha256="",
    )


def stills(*results: Result, coarse: float | None = 0.9) -> Stills:
    return Stills(results=results, left_out=(), coarse={r.shift: coarse for r in results})


def test_the_same_picture_is_not_changed_at_all(before: Before) -> None:
    found = before.measure(before.picture)
    assert found == Measures(changed=0, eyes=0, mouth=0, sharpness=1, outside_mean=0, outside_most=0)


def test_blur_noise_and_a_moved_mouth_are_told_apart(before: Before) -> None:
    picture = before.picture
    blurred = before.measure(np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8))
    assert blurred.sharpness is not None and blurred.sharpness < 0.2
    noise = np.random.default_rng(1).normal(0, 12, picture.shape)
    noisy = before.measure(np.clip(picture + noise, 0, 255).astype(np.uint8))
    assert noisy.sharpness is not None and noisy.sharpness > 3
    box = before.face.box
    x, y = np.meshgrid(*(np.arange(512, dtype=np.float32),) * 2)
    near = np.exp(-((x - (box[0] + box[2]) / 2) ** 2 + (y - box[3] + 25) ** 2) / 900).astype(np.float32)
    lowered = before.measure(np.asarray(cv2.remap(picture, x, y - 9 * near, cv2.INTER_LINEAR), np.uint8))
    assert lowered.mouth > 1.5 * lowered.eyes and lowered.mouth > 2


def test_what_changed_outside_the_head_is_seen(before: Before) -> None:
    changed = before.picture.copy()
    changed[-1, 0] ^= 64
    found = before.measure(changed)
    assert (found.outside_most, found.changed) == (64, 0)


def test_a_darker_skin_has_a_smaller_angle(portrait: Portrait, engine: Engine) -> None:
    finder = FaceFinder(engine.device)
    face = finder.find(portrait)[0]
    tones = [Before((portrait * share).astype(np.uint8), face, finder.mesh).tone() for share in (1.0, 0.7, 0.4)]
    assert tones[0] > tones[1] > tones[2]
    assert -90 < tones[2] < tones[0] < 90


def test_alignment_takes_turn_scale_and_shift_out() -> None:
    points = np.random.default_rng(2).normal(0, 50, (20, 2))
    turned = 1.3 * points @ np.array([[0.8, 0.6], [-0.6, 0.8]]) + (7, -3)
    assert np.abs(aligned(turned, points) - points).max() < 1e-9


def test_errors_count_where_the_weight_is() -> None:
    one = np.zeros((4, 4, 3), np.uint8)
    other = one.copy()
    other[0] = 100
    weight = np.zeros((4, 4), np.float32)
    weight[:2] = 1
    assert error_in(one, other, weight) == pytest.approx((100 / 2**0.5, 50))
    assert error_in(one, other, np.roll(weight, 2, axis=0)) == (0, 0)


def test_slopes_and_their_errors() -> None:
    x = np.array([-20.0, -10, 0, 10, 20])
    assert line(x, 0.8 * x + 3) == pytest.approx(0.8)
    assert through_zero(x, 0.8 * x) == pytest.approx(0.8)
    assert np.isnan(line(np.array([5.0, 5]), np.array([1.0, 2])))
    people = ["a", "b", "c", "d"]
    exact = slope(through_zero, [10, 20, 10, 20], [8, 16, 8, 16], people)
    assert exact.people == 4
    assert exact.value == pytest.approx(0.8)
    assert exact.error == pytest.approx(0, abs=1e-9)
    spread_out = slope(through_zero, [10, 10, 10, 10], [4, 6, 10, 12], people)
    assert spread_out.error == pytest.approx(np.std([0.4, 0.6, 1.0, 1.2], ddof=1) / 2)  # a plain mean's, as it must be
    assert slope(through_zero, [10, 10], [4, 6], ["a", "b"]).error is None
    assert spread([None]) is None
    found = spread([1.0, None, 3.0])
    assert found is not None and (found.n, found.mean) == (2, 2.0)
    assert found.error == pytest.approx(1.0)


def test_the_figures_of_a_good_re_ager_pass() -> None:
    shifts = (-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0)
    good = stills(*(result(f"p{k}", shift, 0.8 * shift + k - 1, changed=abs(shift) / 6)
                    for shift in shifts for k in range(3)))
    settled = {each.bar.key: each for each in bars.settle(summary.measured(good))}
    assert {key for key, each in settled.items() if each.status == "miss"} == {"people"}  # three are too few
    assert {key for key, each in settled.items() if each.status == "not measured"} == {
        "truth_error", "truth_baseline", "flicker", "age_over_shot",
    }
    assert settled["moved_older"].value == settled["moved_younger"].value == "0.80"
    assert settled["monotonic"].value == "8.0 years"


@pytest.mark.parametrize(("key", "spoiled"), [
    ("moved_older", result(shift=30, moved=12.0)),
    ("moved_least", result(moved=9.0)), ("monotonic", result(shift=30, moved=5.0)),
    ("recognised_20", result(identity=0.6)), ("recognised_30", result(shift=30, moved=24, identity=0.6)),
    ("texture_older", result(sharpness=8.0)), ("texture_younger", result(shift=-20, moved=-16, sharpness=0.07)),
    ("request_zero", result(shift=0, moved=0, changed=1.5)),
])
def test_each_fault_misses_its_bar(key: str, spoiled: Result) -> None:
    good = [result(shift=shift, moved=0.8 * shift, changed=0) for shift in (-20.0, 0.0, 10.0, 20.0, 30.0)]
    assert {each.bar.key: each.status for each in bars.settle(summary.measured(stills(*good)))}[key] == "pass"
    bad = stills(*(spoiled if each.shift == spoiled.shift else each for each in good))
    assert {each.bar.key: each.status for each in bars.settle(summary.measured(bad))}[key] == "miss"


def test_without_a_judge_own_measures_stand_in_and_ages_are_not_measured() -> None:
    measured = summary.measured(stills(result(moved=None), result(shift=0, moved=None)))
    assert set(measured) == {"people", "request_zero", "eyes", "mouth", "texture_older"}
    assert "own measure" in measured["eyes"].detail and measured["eyes"].value == 0.5


def test_groups_fare_apart() -> None:
    found = summary.by_group(stills(
        result("a", sex="F", age=35, tone=60), result("b", sex="M", moved=8, age=75, tone=-40, identity=0.7),
        result("c", sex="", age=55, tone=20),
    ))
    by = {entry["group"]: entry for entry in found}
    assert set(by) == {
        "women", "men", "not said", "under 40", "50 to 59", "70 and over", "darker third (under 20°)",
        "middle third (20° to 60°)", "lighter third (from 60°)",
    }
    assert by["women"]["moved"]["older"].value == pytest.approx(0.8) and by["women"]["recognised"] == 1
    assert by["darker third (under 20°)"]["moved"]["older"].value == pytest.approx(0.4)
    assert by["70 and over"]["recognised"] == 0 and by["men"]["moved"]["younger"] is None


def test_a_list_may_say_the_skin_tone_itself() -> None:
    said = [result(name, tone=angle) for name, angle in (("a", 10), ("b", 50))]
    said = [replace(r, person=replace(r.person, tone=words)) for r, words in zip(said, ("V", "II"), strict=True)]
    found = [entry["group"] for entry in summary.by_group(stills(*said)) if entry["by"] == "skin tone"]
    assert found == ["II", "V"]


def test_bars_are_told_without_flattery() -> None:
    bar = next(bar for bar in bars.BARS if bar.key == "moved_older")
    assert bars.Settled(bar=bar, measured=bars.Measured(value=0.6961)).value == "0.696"
    assert bars.Settled(bar=bar, measured=bars.Measured(value=float("nan"))).status == "miss"
    assert bars.Settled(bar=bar, measured=None).status == "not measured"
    assert len({each.key for each in bars.BARS}) == len(bars.BARS)
    with pytest.raises(ValueError, match="no bars beauty"):
        bars.settle({"beauty": bars.Measured(value=1)})


def test_the_worst_are_shown_first_and_nobody_twice() -> None:
    found = sheets.furthest(stills(
        result("a", identity=0.2), result("b", identity=0.6), result("b", shift=30, identity=0.7), result("c", moved=1),
    ))
    alike = [worst for worst in found if worst.what == "least like the person"]
    assert [(worst.result.person.name, worst.figure) for worst in alike] == [
        ("b", "identity distance 0.70"), ("c", "identity distance 0.30"),
    ]
    least = next(worst for worst in found if worst.what == "moves least")
    assert (least.result.person.name, least.figure) == ("c", "5% of the years asked")


def test_lists_of_people(tmp_path: Path) -> None:
    listing = tmp_path / "portraits.csv"
    listing.write_text("person,sex,age_years,file\n" + "".join(f"p{n},F,{30 + n},x/p{n}.jpg\n" for n in range(40)))
    people = listed_people(listing)
    assert len(people) == 40 and people[3] == Person(name="p3", age=33, path=tmp_path / "x" / "p3.jpg", sex="F")
    held = people_of([listing], only_held_out=True)
    assert 0 < len(held) < 40 and all(person.held_out for person in held)
    assert set(chosen(people, 5)) < set(chosen(people, 9)) < set(people)
    assert chosen(people, None) == chosen(people[::-1], 100)
    assert people_of([listing], only_held_out=False) == people
    with pytest.raises(SettingError, match="p0 is in two lists"):
        people_of([listing, listing], only_held_out=False)


@pytest.mark.parametrize(("text", "complaint"), [
    ("name,file,age\na,a.png,old\n", "line 2: 'old' is no age"), ("name,file,age\na,,30\n", "no file is named"),
    ("name,file,age\na,a.png,30\na,b.png,30\n", "line 3: a is there twice"), ("name,file,age\n", "nobody is in it"),
    ("name,file,age\na,a.png,nan\n", "no age in years"),
])
def test_lists_that_cannot_be(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(text)
    with pytest.raises(SettingError, match=complaint):
        listed_people(tmp_path / "people.csv")


def test_lists_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="does not exist"):
        listed_people(tmp_path / "nowhere.csv")
    (tmp_path / "picture.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UnreadableError, match="cannot be read as a list"):
        listed_people(tmp_path / "picture.csv")


def test_requests_stay_within_the_ages() -> None:
    shifts = (-30.0, -10.0, 0.0, 10.0, 30.0)
    assert requests_of(40, shifts, (18, 85)) == [-10, 0, 10, 30]
    assert requests_of(60, shifts, (10, 95)) == [-30, -10, 0, 10]  # the model may know more than is asked
    assert requests_of(40, shifts, (35, 60)) == [0, 10]


def test_a_picture_is_made_once_and_anew_when_anything_differs(
    tmp_path: Path, portrait: Portrait, engine: Engine
) -> None:
    reager = Reager(engine)
    face = reager.find(portrait)[0]
    job = Job(shift="+20", name="a", source="hash", source_age=42, target_age=62)
    first = PictureStore(tmp_path, reager).made(job, portrait, face)
    path = tmp_path / "+20" / "out" / "a.png"
    assert (read_picture(path) == first.picture).all() and (first.picture != portrait).any()
    stamp = path.stat().st_mtime_ns
    again = PictureStore(tmp_path, reager).made(job, portrait, face)
    assert (again.sha256, again.milliseconds, path.stat().st_mtime_ns) == (first.sha256, first.milliseconds, stamp)
    for other in (replace(job, source="another"), replace(job, target_age=63), replace(job, source_age=41)):
        PictureStore(tmp_path, reager).made(other, portrait, face)
        assert path.stat().st_mtime_ns != stamp
        stamp = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:-9])  # damaged
    with (tmp_path / "made.jsonl").open("ab") as log:
        log.write(b'{"shift": "+20", "na')  # as a power cut leaves it
    mended = PictureStore(tmp_path, reager).made(replace(job, source_age=41), portrait, face)
    assert (read_picture(path) == mended.picture).all()


def test_judges_commands_and_answers(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    judge = Judge.from_line(f"{sys.executable} '{tmp_path / 'judge.py'}' --fast", None)
    assert judge.command == (sys.executable, str(tmp_path / "judge.py"), "--fast")
    assert judge.weights == tmp_path / "weights"
    for line_, complaint in (("", "is empty"), ("'open", "is no command"), ("nowhere/judge", "no program")):
        with pytest.raises(SettingError, match=complaint):
            Judge.from_line(line_, None)
    with pytest.raises(SettingError, match="is no folder"):
        Judge.from_line(sys.executable, tmp_path / "nowhere")
    for program, complaint in (
        ("print(1)", "is no object"), ("print('so so')", "did not print JSON: 'so so"),
        ("raise SystemExit('no weights here')", "ended with 1"),
    ):
        with pytest.raises(JudgeError, match=complaint):
            Judge.from_line(f'{sys.executable} -c "{program}"', None).ask("stills")
    face = {"name": "a", "age_in": 40, "age_out": 55, "id_distance": None}
    answer = read_answer({"n": 1, "age": {"coarse_share": None}, "faces": [face]}, ["a", "b"])
    assert answer.verdicts["a"].shift == 15 and answer.verdicts["a"].identity is None and set(answer.verdicts) == {"a"}
    assert read_answer({"n": 0, "skipped": {}}, ["a"]).verdicts == {}
    with pytest.raises(JudgeError, match="age_out"):
        read_answer({"n": 1, "age": {}, "faces": [{"name": "a", "age_in": 40}]}, ["a"])


@pytest.mark.parametrize(("text", "complaint"), [
    ("name,file,age,target_age\na,a.png,30,50\n", "line 2: no truth"),
    ("name,file,age,target_age,truth\na,a.png,30,50,b.png\na,a.png,30,50,b.png\n", "a name is there twice"),
    ("name,file,age,target_age,truth\n", "nothing is in it"),
    ("name,file,age,target_age,truth,baseline_x\na,a.png,30,50,b.png,c.png\nb,a.png,30,50,b.png,\n", "same baselines"),
])
def test_truth_that_cannot_be(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text(text)
    with pytest.raises(SettingError, match=complaint):
        truth_cases(tmp_path / "truth.csv")
