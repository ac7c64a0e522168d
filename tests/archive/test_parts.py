"""What is measured on faces, who is told apart, what is kept, and what is said to be missing."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from archive.footage import ADA, BEN, EYE, Shot, write_clip
from archive.material import make_faceset, make_row
from playingage.archive.bars import Bars, bars_of
from playingage.archive.choose import bin_of, choose
from playingage.archive.coverage import document_of, eras_of, missing
from playingage.archive.expression import expression_of, eye_distance, upright
from playingage.archive.people import Company, Known, Seen, judge, known_of, people_in
from playingage.archive.quality import canonical, detail_of, hash_of, is_combed, light_of, luma
from playingage.archive.report import page
from playingage.archive.scan import scan
from playingage.archive.settings import IngestSettings
from playingage.archive.tracks import Gatherer, box_of
from playingage.archive.view import as_seen, as_stored
from playingage.faces import Face, FaceFinder, Pose
from playingage.faces.identity import SAME
from playingage.frames import Frame
from playingage.media import open_stored

F32 = NDArray[np.float32]


@pytest.fixture(scope="session")
def face(portrait: NDArray[np.uint8]) -> Face:
    return FaceFinder.load().find(portrait)[0]


def crop_of(pixels: NDArray[np.uint8], face: Face) -> tuple[F32, F32]:
    return canonical(pixels, face.landmarks)


def test_light_from_a_side_and_from_above_is_told(portrait: NDArray[np.uint8], face: Face) -> None:
    height, width = portrait.shape[:2]
    x = np.linspace(-1, 1, width)[None, :, None]
    y = np.linspace(-1, 1, height)[:, None, None]

    def lit(field: NDArray[np.float64]) -> NDArray[np.uint8]:
        return np.clip(portrait * field, 0, 255).astype(np.uint8)

    plain = light_of(*crop_of(portrait, face))
    right, left = light_of(*crop_of(lit(0.7 + 0.5 * x), face)), light_of(*crop_of(lit(0.7 - 0.5 * x), face))
    above, below = light_of(*crop_of(lit(0.8 - 0.5 * y), face)), light_of(*crop_of(lit(0.8 + 0.5 * y), face))
    assert left.side < plain.side - 0.15 and right.side > plain.side + 0.15
    assert below.top < plain.top < above.top
    dark = light_of(*crop_of((portrait // 3).astype(np.uint8), face))
    assert dark.level == pytest.approx(plain.level / 3, rel=0.1) and dark.side == pytest.approx(plain.side, abs=0.05)
    mirrored = portrait[:, ::-1].copy()
    assert light_of(*crop_of(mirrored, FaceFinder.load().find(mirrored)[0])).side == pytest.approx(-plain.side, abs=0.1)


def test_blur_lowers_sharpness_and_grain_does_not_raise_it(portrait: NDArray[np.uint8], face: Face) -> None:
    def measured(pixels: NDArray[np.uint8]) -> tuple[float, float]:
        return detail_of(luma(pixels), face.landmarks, eye_distance(face.landmarks))

    sharp, quiet = measured(portrait)
    values = [measured(np.asarray(cv2.GaussianBlur(portrait, (0, 0), s), np.uint8))[0] for s in (0.7, 1.5, 3.0)]
    assert sharp > 0.4 and [sharp, *values] == sorted([sharp, *values], reverse=True) and values[-1] < 0.1
    grain = np.random.default_rng(1).normal(0, 6, portrait.shape[:2])[..., None]
    grainy, noise = measured(np.clip(portrait + grain, 0, 255).astype(np.uint8))
    assert noise == pytest.approx(6 / 255, rel=0.3) and quiet < 0.015
    assert grainy == pytest.approx(sharp, abs=0.2)


def test_fields_of_two_moments_are_combed(portrait: NDArray[np.uint8]) -> None:
    plane = luma(portrait)
    moved = np.roll(plane, 6, axis=1)
    woven = plane.copy()
    woven[1::2] = moved[1::2]
    assert is_combed(woven) and not is_combed(plane) and not is_combed(moved)


def test_the_hash_is_the_same_for_small_changes_and_another_for_another_face(
    portrait: NDArray[np.uint8], face: Face
) -> None:
    first = hash_of(crop_of(portrait, face)[0])
    brighter = hash_of(crop_of(np.clip(portrait * 1.1, 0, 255).astype(np.uint8), face)[0])
    blurred = hash_of(crop_of(np.asarray(cv2.GaussianBlur(portrait, (0, 0), 2), np.uint8), face)[0])
    mirrored = portrait[:, ::-1].copy()
    other = hash_of(crop_of(mirrored, FaceFinder.load().find(mirrored)[0])[0])
    assert (first ^ brighter).bit_count() <= 4 and (first ^ blurred).bit_count() <= 8
    assert (first ^ other).bit_count() > 12


def test_letterbox_and_pillarbox_are_noticed(portrait: NDArray[np.uint8]) -> None:
    picture = np.maximum(cv2.resize(portrait, (640, 480)), 40).astype(np.uint8)
    boxed = picture.copy()
    boxed[:60], boxed[-62:] = 4, 6
    assert bars_of(picture) == Bars()
    assert bars_of(boxed) == Bars(top=60, bottom=62)
    boxed[:, :80] = boxed[:, -80:] = 3
    assert bars_of(boxed) == Bars(80, 60, 80, 62)
    assert bars_of(np.full((480, 640, 3), 5, np.uint8)) is None
    assert "letterbox of 60 and 62 lines" in str(bars_of(boxed))


def test_a_mouth_that_opens_and_eyes_that_close_are_measured(face: Face) -> None:
    rest = expression_of(face.landmarks, face.pose)
    assert rest.name == "smile"  # as the portrait does
    points = face.landmarks.copy()
    points[[14, 87, 178, 88, 95, 317, 402, 318, 324], 1] += 0.35 * eye_distance(points)
    assert expression_of(points, face.pose).mouth_open > rest.mouth_open + 0.3
    closed = face.landmarks.copy()
    for upper, lower in ((159, 145), (386, 374)):
        closed[upper] = closed[lower]
    blink = expression_of(closed, face.pose)
    assert blink.eyes_open == 0 and blink.name == "blink"
    straight = upright(face.landmarks, face.pose)
    assert abs(straight[263, 1] - straight[33, 1]) < 0.05 and abs(straight[263, 2] - straight[33, 2]) < 0.2


def test_the_cut_holds_the_upright_crop_of_a_tilted_head(face: Face) -> None:
    left, top, width, height = box_of(face, 4000, 4000)
    eye = eye_distance(face.landmarks)
    assert width >= 5 * eye - 1 or left == 0
    assert top >= 0 and height <= 5 * eye * 1.5


@pytest.mark.parametrize("transfer", ["bt709", "linear", "pq"])
def test_whole_numbers_are_stored_as_they_are_and_floats_display_encoded(transfer: str) -> None:
    deep = np.random.default_rng(0).integers(0, 65535, (8, 9, 3), np.uint16)
    for pixels in (deep, (deep >> 8).astype(np.uint8)):
        stored, how = as_stored(pixels, transfer)
        assert np.array_equal(stored, pixels) and stored.dtype == pixels.dtype and how == transfer
    bright = np.full((4, 4, 3), 0.1, np.float32)
    stored, how = as_stored(bright, "linear")
    assert how == "srgb" and stored.dtype == np.uint16 and stored[0, 0, 0] == pytest.approx(0.3492 * 65535, abs=50)
    assert as_seen(bright, "linear")[0, 0, 0] == 89


def frames_of(path: Path, start: int = 0) -> list[tuple[int, bool]]:
    with open_stored(str(path)) as source:
        source.skip(start)
        return [(sight.frame.number, sight.begins) for sight in scan(source, 4.0)]


def test_shots_are_found_and_are_the_same_begun_at_any_of_them(tmp_path: Path) -> None:
    shots = [Shot(((ADA, 0.3),), 20), Shot(((BEN, 0.5),), 15, level=20), Shot(((ADA, 0.6),), 31, level=160)]
    path = write_clip(tmp_path / "film.mkv", [*shots, Shot((), 12)])
    whole = frames_of(path)
    begins = [number for number, first in whole if first]
    assert begins == [0, 20, 35, 66]
    steps = [range(a, b, 3) for a, b in pairwise([*begins, 78])]
    assert [number for number, _ in whole] == [number for step in steps for number in step]
    for start in begins:
        assert frames_of(path, start) == [each for each in whole if each[0] >= start]


def test_skipping_gives_the_same_frames_as_reading(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", [Shot(((ADA, 0.3),), 20)])
    with open_stored(str(path)) as plain, open_stored(str(path)) as skipping:
        frames = list(plain)
        skipping.skip(7)
        frame = skipping.read()
        assert frame is not None and frame.number == 7 and np.array_equal(frame.pixels, frames[7].pixels)
        skipping.skip(500)
        assert skipping.read() is None
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"p.{i:02}.png"), np.full((4, 4, 3), i, np.uint8))
    with open_stored(str(tmp_path / "p.%02d.png")) as pictures:
        pictures.skip(2)
        frame = pictures.read()
        assert frame is not None and frame.number == 2 and frame.pixels[0, 0, 0] == 2 and pictures.read() is None


def test_a_running_shot_is_held_within_its_bounds(mean_face: F32) -> None:
    settings = IngestSettings(samples=5, memory=5 * 130 * 130 * 3)
    gatherer = Gatherer(settings)
    pixels = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    for number in range(40):
        points = (mean_face * EYE + [320, 240, 0]).astype(np.float32)
        turned = Face(id=1, landmarks=points, pose=Pose(yaw=-40 + 2 * number, pitch=0, roll=0), confidence=1.0)
        gatherer.add(Frame(pixels=pixels, number=number, rate=Fraction(24)), pixels, [turned])
    (track,) = gatherer.tracks.values()
    assert track.seen == 40 and 2 <= len(track.samples) <= 5
    yaws = sorted(sample.pose.yaw for sample in track.samples)
    assert yaws[0] < -20 and yaws[-1] > 20  # the variety stays


def vector(*parts: float) -> F32:
    found = np.zeros(128, np.float32)
    found[: len(parts)] = parts
    return found


def seen(track: int, *parts: float, shot: int = 0, beside: tuple[int, ...] = (), frames: int = 10) -> Seen:
    return Seen(track=track, shot=shot, frames=frames, embedding=vector(*parts), beside=beside)


SETTINGS = IngestSettings()
KNOWN = Known().and_([vector(0.0), vector(0.05)])


def test_the_nearer_one_of_a_picture_is_the_performer() -> None:
    verdicts = judge([seen(0, 0.3, beside=(1,)), seen(1, 0.45, 0.1, beside=(0,)), seen(2, 1.2)], KNOWN, SETTINGS)
    assert [verdicts[i].who for i in range(3)] == ["performer", "other", "other"]


def test_between_same_and_other_a_person_has_to_decide() -> None:
    verdicts = judge([seen(0, 0.6)], KNOWN, SETTINGS)
    assert verdicts[0].who == "doubtful" and "0.5" in verdicts[0].reason
    # as near to somebody else in the footage as to the references
    verdicts = judge([seen(0, 0.0, 0.5), seen(1, 0.0, 0.95), seen(2, 0.0, 1.0)], KNOWN, SETTINGS)
    assert verdicts[0].who == "doubtful" and "somebody else" in verdicts[0].reason


def test_sure_tracks_speak_for_the_performer_at_that_age() -> None:
    far = seen(1, 0.3, 0.55)
    assert judge([far], KNOWN, SETTINGS)[1].who != "performer"
    assert judge([far, seen(0, 0.3, 0.3)], KNOWN, SETTINGS)[1].who == "performer"


def test_people_are_counted_and_one_cannot_be_in_a_picture_twice() -> None:
    tracks = [seen(0, 0.0), seen(1, 0.1), seen(2, 1.0), seen(3, 0.05, beside=(0,))]
    groups = people_in(tracks, 0.5)
    assert sorted(len(group) for group in groups) == [1, 1, 2]
    company = Company(0.75)
    assert not company.more_than_one([seen(0, 0.0), seen(1, 0.3)])
    assert not company.more_than_one([seen(2, 0.2), seen(3, 1.0, frames=1)])  # once only: may be no face
    assert company.more_than_one([seen(4, 1.0)])
    assert Company(0.75).more_than_one([seen(0, 0.0, beside=(1,)), seen(1, 0.0, beside=(0,))])


def test_known_faces_near_in_age_are_references_and_those_the_program_took_of_this_title_are_not() -> None:
    rows = [
        make_row(0, age=30.0, identity=vector(1.0)), make_row(1, age=60.0, identity=vector(2.0)),
        make_row(2, age=30.0, identity=vector(3.0), title="This"),
        make_row(3, age=31.0, identity=vector(4.0), title="This", state="accepted"),
        make_row(4, age=30.0, identity=vector(5.0), state="rejected"),
    ]
    known = known_of([vector(9.0)], rows, "This", 32.0, 15.0)
    assert [sorted(group[:, 0].tolist()) for group in known.groups] == [[9.0], [1.0, 4.0]]
    assert known.sha256 != known_of([vector(8.0)], rows, "This", 32.0, 15.0).sha256


def test_choosing_keeps_every_kind_the_best_first_and_no_duplicates() -> None:
    rows = [make_row(i, yaw=2.0, sharpness=0.1 * i, hash=0) for i in range(8)]  # one and the same
    rows += [make_row(10 + i, yaw=-60 + 15.0 * i, hash=(0xF0F0 << (4 * i)) & ((1 << 64) - 1)) for i in range(9)]
    chosen = choose(rows, 100, 10)
    assert sum(row.hash == 0 for row in chosen) == 1 and max(r.sharpness for r in chosen) == pytest.approx(0.7)
    assert {row.id for row in chosen} >= {f"face-{10 + i:04}" for i in (0, 1, 2, 6, 7, 8)}
    shuffled = list(rows)
    np.random.default_rng(1).shuffle(shuffled)
    assert {row.id for row in choose(shuffled, 100, 10)} == {row.id for row in chosen}
    few = choose(rows, 5, 10)
    assert len(few) == 5 == len({bin_of(row) for row in few})  # one of each kind before a second of any


def test_what_is_missing_is_told_in_words() -> None:
    assert "no faces yet" in missing(eras_of([]))[0]
    young = [
        make_row(i, age=22.0, eye=150.0, yaw=30.0 * (i % 3 - 1), pitch=20.0 * (i % 3 - 1),
                 light_side=0.5 * (i % 3 - 1), expression=("neutral", "smile", "talk")[i % 3]) for i in range(30)
    ]
    old = [make_row(100 + i, age=51.0, eye=40.0, yaw=-30.0) for i in range(20)]
    alone = [make_row(200, age=70.0)]
    rejected = [make_row(300 + i, age=90.0, state="rejected") for i in range(30)]
    eras = eras_of([*young, *old, *alone, *rejected])
    assert [era.name for era in eras] == ["20 to 24", "50 to 54", "70 to 74"]
    said = " ".join(missing(eras))
    assert "At 70 to 74 there is one face" in said and "Between 25 and 49 there is nothing" in said
    assert "At 50 to 54 look for" in said and "the head turned to the picture's right" in said and "smiles" in said
    assert "At 50 to 54 faces are small" in said and "At 20 to 24" not in said
    assert document_of(eras)["eras"][1]["yaw"] == {"left": 0, "half left": 20, "front": 0, "half right": 0, "right": 0}


def test_the_page_shows_counts_pictures_and_titles_and_needs_nothing_else(tmp_path: Path) -> None:
    rows = tuple(make_row(i, age=22.0 + i, title="<b>Film</b>", yaw=10.0 * i) for i in range(4))
    faceset = make_faceset(tmp_path, rows)
    (tmp_path / rows[3].file).unlink()
    html = page(faceset, "Ada & Co")
    assert "Ada &amp; Co" in html and "<b>Film" not in html and "&lt;b&gt;Film" in html
    assert html.count("data:image/jpeg;base64,") == 3 and "cut is missing" in html
    assert "http" not in html.replace("http-equiv", "") and "<script" not in html
    assert "20 to 24" in html and "25 to 29" in html


def test_settings_that_make_no_sense_are_refused() -> None:
    wrong: list[Callable[[], IngestSettings]] = [
        lambda: IngestSettings(looks=0), lambda: IngestSettings(most=0), lambda: IngestSettings(same=3.0),
        lambda: IngestSettings(samples=1), lambda: IngestSettings(doubt=-0.1),
    ]
    for each in wrong:
        with pytest.raises(ValueError):
            each()
    assert IngestSettings().same == SAME
    assert IngestSettings().sha256 != replace(IngestSettings(), looks=5).sha256
