"""What an artist asks besides the age: parts of the face, and marks that stay."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.core import SettingError
from playingage.engine import REGIONS, Engine, Look, Reager
from playingage.engine.marks import Marks, find_marks
from playingage.engine.regions import region_maps, with_regions
from playingage.faces import Face, template_transform, warp_crop

Portrait = NDArray[np.uint8]
Image = NDArray[np.float32]
SIDE = 512


@pytest.fixture(scope="module")
def reager(engine: Engine) -> Reager:
    return Reager(engine)


@pytest.fixture(scope="module")
def face(reager: Reager, portrait: Portrait) -> Face:
    return reager.find(portrait)[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"strength": 1.5}, "strength 1.5"), ({"strength": float("nan")}, "strength"), ({"strength": -0.1}, "strength"),
        ({"regions": {"nose": 40}}, "region 'nose'"), ({"regions": {"eyes": -1}}, "region eyes"),
        ({"regions": {"eyes": float("nan")}}, "region eyes"), ({"grey_hair": 2}, "grey hair 2"),
        ({"grey_beard": -1}, "grey beard -1"),
    ],
)
def test_a_look_checks_itself(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        Look(**wrong)


def test_a_look_cannot_be_changed_from_outside() -> None:
    mine = {"eyes": 60.0}
    look = Look(regions=mine)
    mine["eyes"] = 20.0
    assert look.regions == {"eyes": 60.0} and look == Look(regions={"eyes": 60})
    with pytest.raises(TypeError):
        look.regions["eyes"] = 1.0  # type: ignore[index]


def maps_of(face: Face) -> dict[str, Image]:
    return region_maps(face.landmarks, template_transform(face.landmarks, SIDE), SIDE)


def test_regions_cover_what_they_are_named_after(face: Face) -> None:
    maps, transform = maps_of(face), template_transform(face.landmarks, SIDE)
    crop = np.round(face.points @ transform[:, :2].T + transform[:, 2]).astype(int)
    assert set(maps) == set(REGIONS)
    for name, index in (("eyes", 159), ("eyes", 386), ("eyes", 230), ("brow", 9), ("brow", 10), ("cheeks", 50),
                        ("cheeks", 280), ("mouth", 0), ("mouth", 199)):
        x, y = crop[index]
        assert maps[name][y, x] > 0.75, (name, index)
        assert sum(maps[other][y, x] for other in REGIONS if other != name) < 0.25
    assert maps["neck"][-1].min() > 0.99 and maps["brow"][0, 128:384].min() > 0.99
    tip = crop[4]
    assert sum(plane[tip[1], tip[0]] for plane in maps.values()) < 0.2, "the nose follows the age of the face"


def test_regions_are_soft_and_never_more_than_all(face: Face) -> None:
    maps = maps_of(face)
    assert sum(maps.values()).max() <= 1 + 1e-5  # type: ignore[union-attr]
    for plane in maps.values():
        steps = max(float(np.abs(np.diff(plane, axis=axis)).max()) for axis in (0, 1))
        assert plane.min() >= 0 and steps < 0.05, "a border could be seen"


def test_regions_are_the_same_on_both_sides(reager: Reager, portrait: Portrait, face: Face) -> None:
    mirrored = maps_of(reager.find(np.ascontiguousarray(portrait[:, ::-1]))[0])
    for name, plane in maps_of(face).items():
        assert np.abs(plane - mirrored[name][:, ::-1]).mean() < 0.02, name


def test_age_in_a_region(face: Face) -> None:
    transform = template_transform(face.landmarks, SIDE)
    eyes = maps_of(face)["eyes"]
    ages = with_regions(40, {"eyes": 60}, face.landmarks, transform, SIDE)
    assert isinstance(ages, np.ndarray)
    assert np.allclose(ages, 40 + 20 * eyes, atol=1e-3)
    base = np.linspace(30, 50, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    over = with_regions(base, {"eyes": 60}, face.landmarks, transform, SIDE)
    assert np.allclose(over, base + eyes * (60 - base), atol=1e-3)
    assert with_regions(40, {}, face.landmarks, transform, SIDE) == 40


def test_a_region_alone_changes_nothing_else(reager: Reager, portrait: Portrait, face: Face) -> None:
    out, matte = reager(portrait, age=42, source_age=42, regions={"eyes": 75}, return_matte=True)
    lip, brow = round(float(face.points[0, 1])), round(float(face.points[105, 1]))
    assert not matte[lip:].any() and np.array_equal(out[lip:], portrait[lip:])
    assert matte[brow:lip].max() > 0.5
    whole = reager(portrait, age=75, source_age=42).astype(int)
    but = reager(portrait, age=75, source_age=42, regions={"mouth": 42}).astype(int)
    left, right = (round(float(face.points[index, 0])) for index in (61, 291))
    mouth = np.s_[lip : lip + 25, left:right]
    assert np.abs(but - portrait)[mouth].mean() < 0.4 * np.abs(whole - portrait)[mouth].mean()
    assert np.abs(but - whole)[:brow].max() <= 3


def test_a_region_of_unknown_age_is_refused(reager: Reager, portrait: Portrait) -> None:
    with pytest.raises(SettingError, match="region neck: age 12 is outside"):
        reager(portrait, age=40, regions={"neck": 12})


def spotted(portrait: Portrait, face: Face) -> tuple[Image, NDArray[np.float32]]:
    """The canonical crop with a mole and a wrinkle painted on the cheeks, and its transform."""
    transform = template_transform(face.landmarks, SIDE)
    crop = warp_crop(portrait, transform, SIDE) / np.float32(255)
    ink = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(ink, (330, 290), 6, 1.0, -1, cv2.LINE_AA)
    cv2.line(ink, (150, 260), (200, 275), 1.0, 3, cv2.LINE_AA)
    return crop * (1 - np.float32(0.4) * cv2.GaussianBlur(ink, (0, 0), 1.2)[..., None]), transform


def working_points(face: Face, transform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The landmarks in a working crop of 256 pixels."""
    return np.asarray((face.points @ transform[:, :2].T + transform[:, 2] + 0.5) / 2 - 0.5, np.float32)


def test_a_change_that_wipes_detail_leaves_the_mole_and_takes_the_wrinkle(portrait: Portrait, face: Face) -> None:
    crop, transform = spotted(portrait, face)
    wiped = np.asarray(cv2.GaussianBlur(crop, (0, 0), 12), np.float32) - crop
    spared = wiped.copy()
    Marks.of(crop, face.landmarks, transform).spare(spared)
    kept = crop + spared

    def depth(picture: Image, x: int, y: int) -> float:
        around = picture[y - 20 : y + 21, x - 20 : x + 21].mean(axis=2)
        return float(np.median(around) - picture[y - 2 : y + 3, x - 2 : x + 3].mean())

    assert depth(crop + wiped, 330, 290) < 0.5 * depth(crop, 330, 290), "the change is no test"
    assert depth(kept, 330, 290) > 0.85 * depth(crop, 330, 290)
    assert depth(kept, 175, 268) < 0.5 * depth(crop, 175, 268)


def test_no_marks_in_eyes_brows_nostrils_and_mouth(portrait: Portrait, face: Face) -> None:
    crop, transform = spotted(portrait, face)
    points = working_points(face, transform)
    found = find_marks(crop, points, 2)
    assert found.shape == (256, 256) and found.min() >= 0 and found.max() <= 1
    assert found[145, 165] > 0.9
    for index in (468, 473, 105, 334, 98, 327, 13, 61, 291):  # irises, brows, nostrils, lips and their corners
        x, y = np.round(points[index]).astype(int)
        assert found[y, x] < 0.05, index


def test_marks_are_steady_under_grain(portrait: Portrait, face: Face) -> None:
    crop, transform = spotted(portrait, face)
    points = working_points(face, transform)
    rng = np.random.default_rng(3)
    grainy = [
        find_marks(np.clip(crop + rng.normal(0, 3 / 255, crop.shape).astype(np.float32), 0, 1), points, 2)
        for _ in range(4)
    ]
    inside = np.s_[75:215, 70:185]  # the face
    assert np.std([each[inside] for each in grainy], axis=0).mean() < 0.01
    assert np.ptp([each[145, 165] for each in grainy]) < 0.02


def test_marks_are_kept_unless_told(reager: Reager, portrait: Portrait, face: Face) -> None:
    picture = portrait.copy()
    cv2.circle(picture, (247, 122), 2, (95, 60, 45), -1, cv2.LINE_AA)
    outs = [reager(picture, age=20, source_age=42, keep_moles=keep).astype(int) for keep in (True, False)]
    around = np.s_[119:126, 244:251]
    assert (outs[0] != outs[1])[around].any()
    assert not (outs[0] != outs[1])[300:].any()
