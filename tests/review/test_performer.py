"""A performer's model reviewed: what is held out, each measure on changes that are known, the whole report."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from archive.material import make_row
from numpy.typing import NDArray
from playwright.sync_api import Browser
from render.material import moving, write_clip

from playingage.archive import FaceRow, Faceset
from playingage.core import SettingError
from playingage.engine import Engine, Reager
from playingage.faces import Face
from playingage.faces.region import EYE_LEFT, EYE_RIGHT
from playingage.media import open_source
from playingage.review.performer import (
    FORMAT,
    VERSION,
    WAYS,
    Reader,
    Real,
    Result,
    ReviewSettings,
    held_out_rows,
    review,
)
from playingage.review.performer.clips import Performance
from playingage.review.performer.figures import against, by_way
from playingage.review.performer.held_out import by_hash
from playingage.review.performer.measures import Kept, cosine, likeness
from playingage.review.performer.sheets import coverage_at, reasons
from playingage.review.performer.stills import Cuts, Stills, Yardstick, measure_archive
from review.archives import archive_of, pictures_of, record_of

Picture = NDArray[np.uint8]
DOCS = Path(__file__).parents[2] / "docs"


@contextmanager
def quiet(what: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None


@pytest.fixture(scope="module")
def reader(engine: Engine) -> Reader:
    return Reader(engine)


@pytest.fixture(scope="module")
def face(reader: Reader, portrait: Picture) -> Face:
    return reader.finder.find(portrait)[0]


@pytest.fixture(scope="module")
def faceset(tmp_path_factory: pytest.TempPathFactory, portrait: Picture, engine: Engine) -> Faceset:
    return archive_of(tmp_path_factory.mktemp("archive"), pictures_of(portrait, engine, 2), engine)


def shown(row: FaceRow, **more: Any) -> FaceRow:
    return replace(row, **more)


# What is held out.


def test_training_says_what_it_held_out(tmp_path: Path) -> None:
    rows = [make_row(i) for i in range(9)]
    found, held = held_out_rows(rows, record_of(tmp_path / "record.json", ["face-0002", "face-0007", "gone"]))
    assert [row.id for row in found] == ["face-0002", "face-0007"] and held.surely
    (tmp_path / "record.json").write_text(json.dumps({"held_out": ["face-0001"]}))
    assert [row.id for row in held_out_rows(rows, tmp_path / "record.json")[0]] == ["face-0001"]


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "no record"), ('{"learner": {}}', "names no held-out"), ('{"held_out": []}', "training held none out")],
)
def test_without_its_word_a_hash_chooses_and_it_is_said(tmp_path: Path, text: str | None, why: str) -> None:
    record = None
    if text is not None:
        record = tmp_path / "record.json"
        record.write_text(text)
    rows = [make_row(i, state="rejected" if i == 3 else "kept") for i in range(400)]
    found, held = held_out_rows(rows, record)
    assert why in held.how and not held.surely
    assert [row.id for row in found] == [row.id for row in rows if by_hash(row.id) and row.used]
    assert 50 < len(found) < 110


@pytest.mark.parametrize("text", ["{", "[]", '{"held_out": "all"}', '{"held_out": [3]}'])
def test_a_damaged_record_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(SettingError, match=r"record\.json"):
        held_out_rows([make_row(1)], tmp_path / "record.json")


def test_nothing_held_out_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no face was held out"):
        held_out_rows([make_row(1)], record_of(tmp_path / "record.json", ["of another archive"]))


# The real faces.


def test_eras_are_ages_that_lie_together() -> None:
    ages = (31, 30, 44, 33.5, 45.5, 70)
    eras = Real([make_row(i, age=float(age)) for i, age in enumerate(ages)]).eras()
    assert [(era.age, len(era.rows)) for era in eras] == [(30.5, 2), (33.5, 1), (44.75, 2), (70, 1)]


def test_real_faces_near_an_age_are_of_other_tracks_than_the_input() -> None:
    rows = [make_row(i, age=40.0 + i, track=i // 2, shot=0) for i in range(6)]
    real = Real(rows)
    assert [row.id for row in real.near_age(42.0)] == [row.id for row in rows]  # within three years: all
    assert [row.track for row in real.near_age(42.0, rows[0])] == [1, 1, 2, 2]
    assert [row.id for row in real.near_age(44.5)] == [row.id for row in rows[2:]]


def test_those_in_the_nearest_pose_and_light_are_shown_different_tracks_first() -> None:
    rows = [make_row(i, age=60.0, yaw=float(yaw), track=track, shot=0, light=0.5)
            for i, (yaw, track) in enumerate(((-30, 1), (28, 2), (27, 2), (0, 3), (10, 4)))]
    to = make_row(9, age=30.0, yaw=29.0, track=9, light=0.5)
    assert [row.yaw for row in Real(rows).most_like(to, 60.0, 3)] == [28, 10, 0]
    assert Real(rows).most_like(to, 80.0, 3) == ()


def test_inputs_differ_and_each_era_has_its_share() -> None:
    rows = [make_row(i, age=30.0 if i < 40 else 60.0, yaw=float(-40 + 2 * (i % 40)), pitch=0.0) for i in range(60)]
    covered = make_row(99, age=30.0, occlusion=0.9)
    chosen = Real([*rows, covered]).inputs(10)
    assert len(chosen) == 10 and sum(row.age == 30.0 for row in chosen) == 5
    assert covered.id not in {row.id for row in chosen}
    yaws = sorted(row.yaw for row in chosen if row.age == 30.0)
    assert yaws[0] <= -38 and yaws[-1] >= 38, "the extremes are in it"


# The measures.


def warped(picture: Picture, face: Face, outlines: tuple[tuple[int, ...], ...], shift: tuple[float, float]) -> Picture:
    """What lies about some outlines moved by `shift` eye distances, fading out around them."""
    eye = float(np.hypot(*(face.points[[33, 133]].mean(axis=0) - face.points[[263, 362]].mean(axis=0))))
    mask = np.zeros(picture.shape[:2], np.float32)
    for outline in outlines:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(face.points[list(outline)]).astype(np.int32)), 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.06 * eye)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    moved = cv2.remap(picture, x - soft * shift[0] * eye, y - soft * shift[1] * eye, cv2.INTER_CUBIC)
    return np.asarray(moved, np.uint8)


def test_nothing_done_is_everything_kept(reader: Reader, portrait: Picture, face: Face) -> None:
    kept = reader.kept(portrait, portrait, face)
    assert (kept.mouth, kept.eyes, kept.smile, kept.gaze) == (0, 0, 0, 0)


def test_turned_eyes_show_as_gaze(reader: Reader, portrait: Picture, face: Face) -> None:
    irises = (tuple(range(468, 473)), tuple(range(473, 478)))
    kept = reader.kept(portrait, warped(portrait, face, irises, (0.06, 0.0)), face)
    assert kept.gaze is not None and kept.gaze > 1 and kept.gaze > 3 * max(kept.mouth, kept.smile, kept.eyes)


def test_a_closing_mouth_shows_as_mouth(reader: Reader, portrait: Picture, face: Face) -> None:
    lower = ((78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 405, 17, 181),)
    kept = reader.kept(portrait, warped(portrait, face, lower, (0.0, -0.12)), face)
    assert kept.mouth > 3 and kept.mouth > 3 * kept.eyes and (kept.gaze or 0) < 1


def test_narrowed_eyes_show_as_eyes(reader: Reader, portrait: Picture, face: Face) -> None:
    narrowed = portrait
    for outline in (EYE_LEFT, EYE_RIGHT):
        points = face.points[list(outline)]
        middle, wide = points.mean(axis=0), float(np.ptp(points[:, 0]))
        y, x = np.mgrid[: portrait.shape[0], : portrait.shape[1]].astype(np.float32)
        soft = np.exp(-(((x - middle[0]) / (0.6 * wide)) ** 4) - ((y - middle[1]) / (0.45 * wide)) ** 4)
        narrowed = np.asarray(cv2.remap(narrowed, x, y + soft * 1.2 * (y - middle[1]), cv2.INTER_CUBIC), np.uint8)
    kept = reader.kept(portrait, narrowed, face)
    assert kept.eyes > 0.5, "the mesh takes part of what was done to one eye for a turn of the whole face"


def test_likeness_is_the_most_similar_real_picture() -> None:
    one, other = np.zeros((2, 128), np.float32)
    one[0], other[:2] = 1.4, (1.0, 1.0)
    rows = [make_row(1, identity=other), make_row(2, identity=(one + 0.1 * other).astype(np.float32))]
    found = likeness(one, rows)
    assert found is not None and found.like == "face-0002" and found.similarity > 0.99 and found.distance < 0.2
    assert cosine(one, other) == pytest.approx(0.5**0.5) and likeness(one, ()) is None


# The whole on stills.


@pytest.fixture(scope="module")
def stills(faceset: Faceset, reader: Reader, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stills:
    from playingage.review.evaluation.pictures import PictureStore

    folder = tmp_path_factory.mktemp("pictures")
    stores = {way: PictureStore(folder / way, Reager(engine)) for way in WAYS[:2]}
    engines = {"model": engine, "default": engine}
    return measure_archive(Real(faceset.rows), Cuts(faceset, reader), engines, stores, reader, 6, (18, 130), quiet)


def test_what_made_the_archive_is_like_it_and_doing_nothing_is_not(stills: Stills) -> None:
    assert len(stills.results) == 6 * 2 * 3 and not stills.left_out and len(stills.real) == 6
    figures = by_way(stills.results)
    for name in ("similarity", "age_error"):
        assert figures["model"][name].mean == pytest.approx(figures["default"][name].mean)
    assert figures["model"]["similarity"].mean > figures["nothing"]["similarity"].mean
    assert figures["model"]["age_error"].mean < 0.95 * figures["nothing"]["age_error"].mean
    gain = against(stills, "nothing")
    assert gain["similarity"]["better"] > 0.6 and gain["age_error"]["mean"].mean > 1
    nothing = figures["nothing"]
    assert nothing["changed"].mean == nothing["gaze"].mean == nothing["mouth"].mean == 0
    assert nothing["sharpness"].median == 1
    assert all(each.similarity is not None and each.similarity > 0.9 for each in stills.real)


def test_no_age_beyond_the_grant_is_asked(
    faceset: Faceset, reader: Reader, engine: Engine, tmp_path: Path
) -> None:
    from playingage.review.evaluation.pictures import PictureStore

    stores = {way: PictureStore(tmp_path / way, Reager(engine)) for way in WAYS[:2]}
    found = measure_archive(Real(faceset.rows), Cuts(faceset, reader), dict.fromkeys(WAYS[:2], engine), stores, reader,
                            3, (18, 60), quiet)
    assert {each.target_age for each in found.results} == {25, 42}
    assert ("era 70", "the grant does not cover that age") in found.left_out


def test_one_era_alone_cannot_be_reviewed(faceset: Faceset, reader: Reader, engine: Engine) -> None:
    alone = Real([row for row in faceset.rows if row.age == 42])
    with pytest.raises(SettingError, match="no held-out frame can be taken to another era"):
        measure_archive(alone, Cuts(faceset, reader), {"model": engine}, {}, reader, 3, (18, 99), quiet)


def test_reasons_name_what_is_unusual(engine: Engine) -> None:
    row = make_row(1, yaw=40.0, eye=30.0, occlusion=0.3, light=0.1, sharpness=0.1)
    result = Result(way="model", face=row.id, source_age=20, target_age=70, read_age=50, similarity=None, distance=None,
                    like=None, kept=Kept(mouth=0, eyes=0, smile=0, gaze=None), sharpness=1, changed=1, taken=0.5)
    said = "; ".join(reasons(result, row, engine))
    for words in ("50% of the change", "turned 40°", "small: 30 px", "30% of the face is covered", "soft", "dark",
                  "50 years"):
        assert words in said
    plain = make_row(2, yaw=0.0, pitch=0.0, eye=90.0)
    assert reasons(replace(result, taken=1.0, target_age=30), plain, engine) == ()
    assert coverage_at(engine, 40) is None


# The report.


@pytest.fixture(scope="module")
def clip(portrait: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "a take#1.mkv"
    return write_clip(path, moving(portrait, 9, (256, 200)), "ffv1", "bgr0")


def test_the_report_with_clips_goes_on_and_plays(
    faceset: Faceset, engine: Engine, clip: Path, tmp_path: Path, browser: Browser
) -> None:
    settings = ReviewSettings(count=3, performances=(Performance(clip=clip, ages=(70.0,), source_age=42.0),))
    record = record_of(tmp_path / "record.json", [row.id for row in faceset.rows])

    def run() -> Any:
        return review(faceset, "Ada", engine, engine, tmp_path / "out", settings, quiet, record=record,
                      extra={"grant": "f" * 64})

    done = run()
    out = tmp_path / "out"
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix in (".png", ".mkv")}
    assert len(made) == 2 * 3 * 2 + 2
    run()
    assert made == {path: path.stat().st_mtime_ns for path in made}, "nothing is made twice"

    document = json.loads((out / "review.json").read_bytes())
    assert (document["format"], document["version"], document["grant"]) == (FORMAT, VERSION, "f" * 64)
    assert document["held_out"] == {"faces": 6, "how": "named by training in record.json", "surely": True}
    model, _, nothing = document["clips"]
    assert model["way"] == "model" and model["looked_at"] >= 1 and model["similarity"]["mean"] > 0.5
    assert model["extra_flicker"] is not None and nothing["change_flicker"] == 0
    assert model["age_error"]["mean"] < nothing["age_error"]["mean"]
    with open_source(str(out / "clips" / model["shown"])) as source:
        frames = list(source)
    third = frames[0].width // 3
    left, middle, right = (frames[4].pixels[:, i * third : (i + 1) * third].astype(int) for i in range(3))
    apart = np.abs(right - middle).mean(), np.abs(right - left).mean()
    assert 2 * apart[0] < apart[1], f"as it is, default, model: {apart}"

    page = done.report.read_text()
    assert "Not surely held out" not in page and "not ArcFace" in page and done.headline in page
    view = browser.new_page(viewport={"width": 390, "height": 844})
    view.goto(done.report.as_uri())
    played = view.evaluate(
        """async () => { const v = document.querySelector("video"); await v.play();
        await new Promise((r) => setTimeout(r, 200)); return [v.videoWidth, v.error]; }"""
    )
    assert played == [frames[0].width, None]
    assert view.evaluate("document.documentElement.scrollWidth") <= 390
    assert view.evaluate("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
    view.close()


def test_a_clip_of_somebody_else_is_refused(
    faceset: Faceset, engine: Engine, clip: Path, tmp_path: Path
) -> None:
    strangers = [shown(row, identity=np.roll(row.identity, 40)) for row in faceset.rows]
    settings = ReviewSettings(count=3, performances=(Performance(clip=clip, ages=(70.0,)),))
    with pytest.raises(SettingError, match="not recognised"):
        review(faceset.with_rows(strangers), "Ada", engine, engine, tmp_path, settings, quiet,
               record=record_of(tmp_path / "record.json", [row.id for row in strangers]))


def test_settings_check_themselves(tmp_path: Path, clip: Path) -> None:
    for count in (0, 5000):
        with pytest.raises(SettingError, match="--count"):
            ReviewSettings(count=count)
    with pytest.raises(SettingError, match="is not there"):
        Performance(clip=tmp_path / "none.mov", ages=(30.0,))
    with pytest.raises(SettingError, match="twice"):
        Performance(clip=clip, ages=(30.0, 30.0))


def test_the_format_page_names_exactly_the_fields(
    faceset: Faceset, engine: Engine, tmp_path: Path
) -> None:
    done = review(faceset, "Ada", engine, engine, tmp_path, ReviewSettings(count=3), quiet,
                  record=record_of(tmp_path / "record.json", [row.id for row in faceset.rows]),
                  extra={"production": "p", "grant": "g"})
    text = (DOCS / "formats" / "review.md").read_text(encoding="utf-8")

    def fields(heading: str) -> set[str]:
        section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))

    document = done.document
    assert fields("Fields of review.json") == set(document)
    assert fields("A way") == set(document["ways"]["model"])
    assert fields("A result") == set(document["results"][0])
    assert isinstance(Yardstick, type) and set(document["ways"]) == set(WAYS)
