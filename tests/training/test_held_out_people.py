"""The recipe that makes truth to measure against: who is shown, and the baseline."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.faces import FaceFinder, warp_crop
from playingage.training.portraits import WIDE, Portrait, wide_transform


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    path = Path(__file__).parents[2] / "recipes" / "held_out_people.py"
    spec = importlib.util.spec_from_file_location("held_out_people", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["held_out_people"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def aligned(portrait: NDArray[np.uint8]) -> Portrait:
    face = FaceFinder.load().find(portrait)[0]
    transform = wide_transform(face.landmarks)
    crop = np.clip(warp_crop(portrait, transform, WIDE) + 0.5, 0, 255).astype(np.uint8)
    points = (face.points @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
    return Portrait(name="a", sex="F", age=30, kind="portrait", rgb=crop, landmarks=points, yaw=0)


def of_age(portrait: Portrait, age: float, sex: str = "F") -> Portrait:
    """The same face, its lower half darker and its chin lower with the years."""
    shade = np.ones((WIDE, 1, 1), np.float32)
    shade[WIDE // 2 :] -= (age - 30) / 200
    points = portrait.landmarks.copy()
    points[152, 1] += (age - 30) / 10
    return Portrait(name=f"{sex}{age}", sex=sex, age=age, kind="portrait", landmarks=points, yaw=0,
                    rgb=(portrait.rgb * shade).astype(np.uint8))


def test_everybody_is_asked_within_the_ages_and_every_shift_equally_often(recipe: ModuleType) -> None:
    asked = [recipe.asked(seed, number) for number, seed in enumerate(range(7, 607))]
    assert all(20 <= one.age <= 80 and 20 <= one.target <= 80 for one in asked)
    shifts = [round(one.target - one.age) for one in asked]
    assert {shift: shifts.count(shift) for shift in set(shifts)} == dict.fromkeys((-30, -20, -10, 10, 20, 30), 100)
    assert recipe.asked(3, 0) == recipe.asked(3, 0)


def test_prototypes_lay_the_difference_of_mean_faces_onto_a_face(recipe: ModuleType, aligned: Portrait) -> None:
    prototypes = recipe.Prototypes([of_age(aligned, age) for age in (30, 40, 50, 60, 70)])
    assert np.abs(prototypes.shown(aligned, 30)).max() < 0.02  # the warp's rounding only
    change = prototypes.shown(aligned, 70)
    cheek, brow = (slice(195, 215), slice(130, 190)), (slice(95, 110), slice(130, 190))
    assert change[cheek].mean() < change[brow].mean() - 0.02
    assert np.abs(change[:20]).max() == 0  # beyond the face nothing is laid on
    young, old = prototypes.at("F", 30)[0], prototypes.at("F", 70)[0]
    assert old[152, 1] - young[152, 1] == pytest.approx(4, abs=1)
