"""Synthetic people: seeds, pairs, masks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playingage.training.people import AssetError, People, Picture, scene_of, sitter_of
from playingage.training.people.body import macro_weights
from playingage.training.people.skins import stage_weights

SIZE = 160


@pytest.fixture(scope="module")
def pair(people: People) -> tuple[Picture, Picture]:
    return people.pair(3, 25, 72, SIZE)


def test_a_seed_is_one_person_and_one_shot() -> None:
    assert sitter_of(5) == sitter_of(5) != sitter_of(6)
    assert scene_of(5) == scene_of(5) != scene_of(6)
    assert sum(sitter_of(5).ancestry) == pytest.approx(1)


@pytest.mark.parametrize("age", [8, 10, 17.5, 25, 46, 72, 90])
def test_weights_of_an_age_sum_to_one_and_change_smoothly(age: float) -> None:
    for weights in (list(macro_weights(age).values()), list(stage_weights(age))):
        assert sum(weights) == pytest.approx(1)
    after = macro_weights(age + 0.01)
    assert all(abs(after[k] - w) < 0.01 for k, w in macro_weights(age).items())


def test_absent_assets_are_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="nowhere"):
        People(tmp_path / "nowhere", tmp_path)


def test_same_seed_gives_the_same_bytes(people: People, pair: tuple[Picture, Picture]) -> None:
    again = people.pair(3, 25, 72, SIZE)
    for one, other in zip(pair, again, strict=True):
        assert one.rgb.tobytes() == other.rgb.tobytes()
        assert one.skin.tobytes() == other.skin.tobytes()


def test_pictures_have_the_promised_shapes_and_ranges(pair: tuple[Picture, Picture]) -> None:
    for picture in pair:
        assert picture.rgb.shape == (SIZE, SIZE, 3) and picture.rgb.dtype == np.float32
        for array in (picture.rgb, picture.skin, picture.head, picture.occluder):
            assert array.dtype == np.float32 and array.min() >= 0 and array.max() <= 1
        assert picture.skin.max() == 1 and 0.05 < picture.skin.mean() < 0.5
        assert picture.head.mean() > 0.1


def test_pair_shares_the_pose(people: People) -> None:
    for seed in range(3):
        scene = replace(people.scene(seed), occluders=())
        a, b = (people.render(people.sitter(seed), age, scene, SIZE).head > 0.5 for age in (25, 75))
        assert (a & b).sum() / (a | b).sum() > 0.85


def test_age_changes_skin_and_hair_only(pair: tuple[Picture, Picture]) -> None:
    a, b = pair
    person = np.maximum.reduce([a.skin, a.head, b.skin, b.head])
    elsewhere = person == 0
    change = np.abs(a.rgb - b.rgb).max(2)
    assert change[(a.skin > 0.9) & (b.skin > 0.9)].mean() > 0.02
    # an aged chin throws another shadow on the shirt: cloth may change a little, the background not at all
    assert change[elsewhere].mean() < 0.004
    assert np.array_equal(a.rgb[:40, :6], b.rgb[:40, :6])


def test_an_occluder_is_the_same_at_every_age(people: People) -> None:
    seed = next(s for s in range(200) if any(o.kind == "ball" for o in scene_of(s).occluders))
    a, b = people.pair(seed, 20, 80, SIZE)
    solid = (a.occluder == 1) & (b.occluder == 1)
    assert solid.any() and (a.occluder > 0.5).sum() == pytest.approx((b.occluder > 0.5).sum(), rel=0.1)
    assert np.abs(a.rgb - b.rgb)[solid].mean() < 0.01


def test_ages_out_of_range_are_refused(people: People) -> None:
    with pytest.raises(ValueError, match="outside"):
        people.render(people.sitter(0), 5, people.scene(0), SIZE)
