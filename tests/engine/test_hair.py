"""Hair, beard and brows turn grey, or get colour back; nothing else does."""

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.core import ModelError, canonical_json
from playingage.engine import Engine, Look, Reager
from playingage.engine.hair import grey_share, regrey
from playingage.engine.heads import SIDE, Head, HeadMasks, head_side, uncovered
from playingage.faces import head_transform, template_transform
from playingage.models import MASKS, PACKAGES, ModelPackage
from playingage.runtime import choose_device

Portrait = NDArray[np.uint8]
Plane = NDArray[np.float32]
Image = NDArray[np.float32]
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
BROWN, WHITE, SKIN, WALL = (0.24, 0.15, 0.09), (0.62, 0.61, 0.60), (0.72, 0.54, 0.47), (0.2, 0.3, 0.85)
GREYED = "the package has no parsing network"


def head(hair: tuple[float, float, float], *, noise: float = 0.0, masked: bool = True, front: bool = False) -> Head:
    """A head of flat parts: a cap of hair with strands above a face, before a blue wall."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    cap = ((x - 0.5) / 0.22) ** 2 + ((y - 0.3) / 0.2) ** 2 < 1
    face = (((x - 0.5) / 0.15) ** 2 + ((y - 0.48) / 0.2) ** 2 < 1) & ~cap
    crop = np.empty((SIDE, SIDE, 3), np.float32)
    crop[:] = WALL
    crop[face] = SKIN
    strands = 1 + 0.25 * np.sin(x * 400)
    crop[cap] = (np.array(hair, np.float32) * strands[..., None])[cap]
    crop += np.random.default_rng(1).normal(0, noise, crop.shape).astype(np.float32) if noise else 0
    masks = np.zeros((len(MASKS), SIDE, SIDE), np.float32)
    masks[MASKS.index("hair")] = cv2.GaussianBlur((cap & masked).astype(np.float32), (0, 0), 2)
    masks[MASKS.index("face")] = face
    if front:
        masks[MASKS.index("front"), :, : SIDE // 2] = 1
    return Head(crop=crop, masks=HeadMasks(masks))


def after(one: Head, source: float, target: float, look: Look | None = None) -> Image:
    done = regrey(one, source, target, look or Look())
    return one.crop if done is None else np.asarray(one.crop + done[0] * done[1][..., None], np.float32)


def inside(picture: Image) -> Image:
    """The middle of the cap."""
    return picture[50:90, 100:156]


def test_the_share_of_grey_grows_with_the_years() -> None:
    shares = [grey_share(float(age)) for age in range(18, 86)]
    assert all(a < b for a, b in pairwise(shares))
    assert shares[0] < 0.02 and shares[-1] > 0.93


def test_brown_hair_turns_grey_and_its_strands_stay() -> None:
    one = head(BROWN)
    old = inside(after(one, 35, 82))
    assert np.ptp(old.mean((0, 1))) < 0.045, "grey hair has next to no colour"
    assert (old @ LUMA).mean() > 2.2 * (inside(one.crop) @ LUMA).mean()
    assert (old @ LUMA).std() > 0.03
    some = inside(after(one, 35, 60))
    assert (inside(one.crop) @ LUMA).mean() < (some @ LUMA).mean() < (old @ LUMA).mean()


def test_white_hair_stays_white_and_gets_dark_for_younger() -> None:
    one = head(WHITE)
    assert np.abs(inside(after(one, 60, 85)) - inside(one.crop)).mean() < 0.05
    young = inside(after(one, 75, 35))
    assert (young @ LUMA).mean() < 0.6 * (inside(one.crop) @ LUMA).mean()
    assert young[..., 0].mean() > young[..., 2].mean(), "brown, not blue"
    assert np.ptp(young.mean((0, 1))) < 0.12, "nobody's own colour is invented"


def test_dark_hair_does_not_change_for_younger() -> None:
    one = head(BROWN)
    assert np.abs(inside(after(one, 60, 30)) - inside(one.crop)).max() < 0.02


def test_the_wall_keeps_its_colour() -> None:
    one = head(BROWN)
    assert np.abs(after(one, 35, 82) - one.crop)[one.masks.plane("hair") < 0.02].max() < 0.02
    blue = (one.crop[..., 2] > 0.8) & (one.masks.plane("hair") < 0.6)
    assert np.abs(after(one, 35, 82) - one.crop)[blue].max() < 0.15, "a halo"


def test_noise_of_dark_hair_is_not_blown_up() -> None:
    black = (0.03, 0.028, 0.03)
    calm, noisy = head(black), head(black, noise=0.01)
    grain = inside(after(noisy, 30, 80)) - inside(after(calm, 30, 80))
    fine = grain - cv2.GaussianBlur(grain, (0, 0), 3)
    assert fine.std() < 0.035


def test_bald_heads_and_what_is_in_front_stay() -> None:
    assert regrey(head(SKIN, masked=False), 40, 80, Look()) is None
    one = head(BROWN, front=True)
    change = np.abs(after(one, 35, 82) - one.crop).max(axis=2)
    assert change[:, : SIDE // 2 - 2].max() == 0 and change[:, SIDE // 2 + 2 :].max() > 0.2


def test_a_smaller_crop_gives_the_same_change() -> None:
    assert (head_side(256), head_side(512)) == (192, 256)
    for hair, source, target in ((BROWN, 35.0, 80.0), (WHITE, 75.0, 35.0)):
        large = head(hair)
        planes = np.stack([cv2.resize(plane, (192, 192), interpolation=cv2.INTER_AREA) for plane in large.masks.planes])
        crop = np.asarray(cv2.resize(large.crop, (192, 192), interpolation=cv2.INTER_AREA), np.float32)
        small = Head(crop=crop, masks=HeadMasks(np.asarray(planes, np.float32)))
        there = [after(one, source, target) - one.crop for one in (large, small)]
        reduced = cv2.resize(there[0], (192, 192), interpolation=cv2.INTER_AREA)
        assert np.abs(reduced).mean() > 0.02
        assert np.abs(reduced - there[1]).mean() < 0.06 * np.abs(reduced).mean()
        # Hair as a whole, without its strands.
        wide = [cv2.GaussianBlur(each, (0, 0), 4)[40:66, 75:117] for each in (np.asarray(reduced), there[1])]
        assert np.abs(wide[0] - wide[1]).max() < 0.01


def test_a_look_says_how_much() -> None:
    one = head(BROWN)
    none, half, whole = (inside(after(one, 35, 82, Look(grey_hair=amount))) if amount else inside(one.crop)
                         for amount in (0.0, 0.5, 1.0))
    assert regrey(one, 35, 82, Look(grey_hair=0)) is None
    assert np.allclose(half - none, 0.5 * (whole - none), atol=1e-4)


def test_ages_may_differ_over_the_head() -> None:
    ages = np.full((SIDE, SIDE), 35, np.float32)
    ages[:, SIDE // 2 :] = 82
    one = head(BROWN)
    done = regrey(one, 35.0, ages, Look())
    assert done is not None
    assert np.abs(done[0][50:90, :120]).max() < 0.01 < np.abs(done[0][50:90, 140:]).mean()


def test_small_changes_of_the_picture_change_little() -> None:
    one = head(BROWN)
    moved = replace(one, crop=np.asarray(one.crop * np.float32(1.01), np.float32))
    assert np.abs(after(one, 35, 75) * 1.01 - after(moved, 35, 75)).max() < 0.02


@pytest.fixture(scope="module")
def reager(engine: Engine) -> Reager:
    if "parse.onnx" not in engine.package.contents:
        pytest.skip(GREYED)
    return Reager(engine)


def test_hair_of_a_portrait_turns_grey(reager: Reager, portrait: Portrait) -> None:
    out, matte = reager(portrait, age=80, source_age=40, return_matte=True)
    kept, low = reager(portrait, age=80, source_age=40, return_matte=True, grey_hair=0, grey_beard=0)
    hair = np.s_[22:40, 195:245]  # above what the re-ager itself touches
    assert np.ptp(out[hair].mean((0, 1))) < 0.6 * np.ptp(portrait[hair].mean((0, 1)))
    assert matte[hair].mean() > 0.6 and not low[hair].any()
    assert np.array_equal(kept[hair], portrait[hair])
    for corner in (np.s_[:40, :100], np.s_[330:, :]):
        assert np.array_equal(out[corner], portrait[corner]) and not matte[corner].any()


def test_pictures_without_colour_stay_so(reager: Reager, portrait: Portrait) -> None:
    grey = np.asarray(np.repeat(cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2), np.uint8)
    assert np.ptp(reager(grey, age=80, source_age=40).astype(int), axis=2).max() <= 1


def test_packages_without_a_parser_load_and_grey_nothing(portrait: Portrait, tmp_path: Path) -> None:
    folder = shutil.copytree(PACKAGES / "default-256.pamodel", tmp_path / "old.pamodel")
    document = json.loads((folder / "model.json").read_bytes())
    document["files"].pop("parse.onnx", None)
    (folder / "model.json").write_bytes(canonical_json(document))
    old = Reager(Engine(ModelPackage.load(folder), choose_device("CPU")))
    out, matte = old(portrait, age=80, source_age=40, return_matte=True)
    assert matte.max() > 0.5 and np.array_equal(out[:40], portrait[:40])


def test_another_network_is_no_parser(tmp_path: Path, reager: Reager) -> None:
    contents = {**reager.engine.package.contents, "parse.onnx": reager.engine.package.contents["age.onnx"]}
    with pytest.raises(ModelError, match=r"parse\.onnx"):
        Engine(replace(reager.engine.package, contents=contents), reager.engine.device)


def test_covered_skin_is_not_bare(portrait: Portrait, reager: Reager) -> None:
    face = reager.find(portrait)[0]
    to_head, to_face = head_transform(face.landmarks, SIDE), template_transform(face.landmarks, 256)
    nose = face.points[4] @ to_head[:, :2].T + to_head[:, 2]
    masks = np.zeros((len(MASKS), SIDE, SIDE), np.float32)
    cv2.circle(masks[MASKS.index("front")], (round(float(nose[0])), round(float(nose[1]))), 12, 1.0, -1)
    blank = Head(crop=np.zeros((SIDE, SIDE, 3), np.float32), masks=HeadMasks(masks))
    bare = uncovered(blank, to_head, to_face, 256)
    at = face.points[4] @ to_face[:, :2].T + to_face[:, 2]
    assert bare[round(float(at[1])), round(float(at[0]))] < 0.05
    assert bare[10, 10] == 1 and 0.9 < bare.mean() < 1


def test_a_mouth_and_eyes_that_are_taken_for_hair_stay_as_they_are(engine: Engine, portrait: Portrait) -> None:
    class SeesHairEverywhere:
        """Takes the whole head for hair, and no place for anything else."""

        size = SIDE

        def __call__(self, crop: Image) -> NDArray[np.float32]:
            masks = np.zeros((len(MASKS), SIDE, SIDE), np.float32)
            masks[MASKS.index("hair")] = 1
            masks[MASKS.index("face"), 100:200, 100:156] = 1
            return masks

    blind = Engine(engine.package, engine.device)
    blind._parser = SeesHairEverywhere()  # type: ignore[assignment]
    face = Reager(engine).find(portrait)[0]
    out = Reager(blind)(portrait, age=80, source_age=40, faces=[face]).astype(int)
    changed = np.abs(out - portrait).mean(axis=2)
    assert changed[20:60, 180:260].mean() > 5, "the hair turned grey"
    for pupil in (468, 473):
        x, y = face.points[pupil].round().astype(int)
        assert changed[y - 1 : y + 2, x - 1 : x + 2].max() < 3
