"""The benchmark of performers: its measures say what they should, and its truth differs in nothing but the age."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.performer.archive import AGES, NOW, Made, Plan, listed, make, read
from benchmarks.performer.compare import Found, Performance, store, stored, true_way
from benchmarks.performer.figures import flip, psnr, rank, ssim
from benchmarks.performer.table import DEFAULT, LEARNED, NOTHING, PASTE, bars
from benchmarks.performer.ways import Pasted, nothing
from playingage.training.people import People

SEED = 40927
PLAN = Plan(frames=1, stills=1, shot=3)


@pytest.fixture(scope="module")
def made(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    pytest.importorskip("moderngl")
    folder = tmp_path_factory.mktemp("performer")

    @cache
    def people() -> People:
        return People(data_dir / "makehuman.tar.xz", folder / "assets")

    return make(people, SEED, PLAN, folder / "made")


def _noisy(seed: int, spread: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    values = np.random.default_rng(seed).normal(120, spread, (64, 64, 3))
    return np.asarray(np.clip(cv2.GaussianBlur(values, (0, 0), 2) * 3 - 240, 0, 255), np.uint8)


def test_psnr_is_that_of_the_weighed_pixels() -> None:
    one = np.full((20, 20, 3), 100, np.uint8)
    other, weight = one.copy(), np.zeros((20, 20), np.float32)
    other[:10] += 10
    other[10:] += 100
    weight[:10] = 1
    assert psnr(one, other, weight) == pytest.approx(20 * np.log10(255 / 10))
    assert psnr(one, one, weight) == 99


def test_ssim_of_flat_pictures_is_the_formula_and_of_equal_ones_is_1() -> None:
    one, other = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert ssim(one, other).mean() == pytest.approx(expected, abs=1e-4)
    picture = _noisy(1, 40)
    assert ssim(picture, picture).min() == pytest.approx(1, abs=1e-6)
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)
    assert ssim(picture, blurred).mean() < ssim(picture, np.asarray(cv2.GaussianBlur(picture, (0, 0), 1))).mean() < 1


def test_flip_grows_with_the_difference() -> None:
    picture = _noisy(2, 40)
    one, two = (flip(picture, np.asarray(np.clip(picture.astype(int) + step, 0, 255), np.uint8)) for step in (8, 40))
    assert flip(picture, picture).max() == 0
    assert 0 < one.mean() < two.mean() < 1


def test_rank_counts_who_is_nearer() -> None:
    known = {"a": np.zeros(128, np.float32), "b": np.full(128, 0.1, np.float32), "c": np.ones(128, np.float32)}
    result = np.full(128, 0.12, np.float32)
    assert [rank(result, known, name) for name in "abc"] == [2, 1, 3]


def _found(way: str, psnr: float, **changed: float) -> list[Found]:
    plain = Found(way=way, age=0, frames=1, psnr=psnr, ssim=psnr / 100, flip=1 / psnr, head_psnr=psnr, head_ssim=0.9,
                  landmarks=1.0, distance=1 / psnr, person=1, nearest=1)
    return [replace(plain, age=age, **changed) for age in AGES]  # type: ignore[arg-type]


def test_bars_are_met_or_missed_each_by_itself() -> None:
    base = {NOTHING: _found(NOTHING, 25), DEFAULT: _found(DEFAULT, 24), PASTE: _found(PASTE, 20)}
    assert all(bar.met for bar in bars({1: base | {LEARNED: _found(LEARNED, 27)}}))
    missed = [bar.what for bar in bars({1: base | {LEARNED: _found(LEARNED, 25.5)}}) if not bar.met]
    assert len(missed) == 1 and "at least 2 dB" in missed[0]
    moved = [bar.what for bar in bars({1: base | {LEARNED: _found(LEARNED, 27, landmarks=1.6)}}) if not bar.met]
    assert len(moved) == 2 and all("landmarks" in what for what in moved)
    other = [bar.what for bar in bars({1: base | {LEARNED: _found(LEARNED, 27, nearest=2)}}) if not bar.met]
    assert len(other) == 1 and "own ages" in other[0]
    stranger = [bar.what for bar in bars({1: base | {LEARNED: _found(LEARNED, 27, person=2)}}) if not bar.met]
    assert len(stranger) == 1 and "of all people, identity" in stranger[0]


def test_figures_are_kept_for_what_they_were_made_with(tmp_path: Path) -> None:
    found = _found(DEFAULT, 24)
    store(tmp_path / "f" / "x.json", "key", found)
    assert stored(tmp_path / "f" / "x.json", "key") == found
    assert stored(tmp_path / "f" / "x.json", "another") is None
    assert stored(tmp_path / "absent.json", "key") is None


def test_a_face_that_the_default_learned_from_is_refused(tmp_path: Path) -> None:
    def never() -> People:
        raise AssertionError("rendered although it must not be")

    with pytest.raises(ValueError, match="not held out"):
        make(never, 40000, PLAN, tmp_path)
    with pytest.raises(ValueError, match="no more stills"):
        Plan(frames=1, stills=2)


def test_the_truth_differs_from_the_performance_in_the_person_alone(made: list[Made]) -> None:
    assert len(made) == len(AGES) * PLAN.frames + PLAN.shot * (1 + len(AGES))
    shots = {(m.age, m.frame): m for m in made if m.kind in ("performance", "truth")}
    here, young = shots[NOW, 0], shots[20.0, 0]
    assert here.masks is not None and young.masks is not None
    head = np.maximum(read(here.masks), read(young.masks))[..., 1]
    away = cv2.dilate(head, np.ones((41, 41), np.uint8)) == 0
    away[away.shape[0] // 2 :] = False  # shoulders are in the light that the head leaves
    assert away.sum() > 50_000
    assert np.array_equal(here.rgb()[away], young.rgb()[away])
    skin = (read(here.masks)[..., 0] > 200) & (read(young.masks)[..., 0] > 200)
    assert np.abs(here.rgb().astype(int) - young.rgb())[skin].mean() > 3


def test_what_is_there_is_not_rendered_again(made: list[Made]) -> None:
    def never() -> People:
        raise AssertionError("rendered again")

    folder = made[0].file.parents[1]
    assert make(never, SEED, PLAN, folder) == listed(folder) == made


def test_a_perfect_result_is_perfect_and_a_paste_is_not(made: list[Made], tmp_path: Path) -> None:
    performance = Performance(made, {})
    (truth,) = performance.measure("truth", true_way(performance), tmp_path, ages=(20.0,))
    (none,) = performance.measure(NOTHING, nothing, tmp_path, ages=(20.0,))
    pasted = Pasted([m for m in made if m.kind == "archive"], performance.finder)
    (paste,) = performance.measure(PASTE, pasted, tmp_path, ages=(20.0,))
    assert truth.psnr == 99 and truth.ssim > 0.999 and truth.flip == 0 and truth.nearest == 1
    assert none.landmarks == 0 < paste.landmarks and none.nearest > 1
    assert max(none.psnr, paste.psnr) < 30


def test_a_paste_of_the_very_frame_changes_little(made: list[Made]) -> None:
    performance = Performance(made, {})
    _, rgb, face = performance.frames[0]
    shot = next(m for m in made if m.kind == "performance" and m.frame == 0)
    same = Pasted([replace(shot, age=20.0)], performance.finder)(rgb, face, 20.0)
    assert psnr(rgb, same, np.ones(rgb.shape[:2], np.float32)) > 38
