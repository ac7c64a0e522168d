from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from playingage.faces.finder import FaceFinder
from playingage.training.data import DataConfig, PairSamples
from playingage.training.geometry import full_points, sample
from playingage.training.pairs import PairsConfig, render
from playingage.training.portraits import CROP, EYE, WIDE, Portrait, align, entries, split
from playingage.training.split import held_out
from playingage.training.teacher import bands
from playingage.training.teacher.apply import Strength, apply, prepare
from playingage.training.teacher.statistics import Statistics, bare_faces, fit


@pytest.fixture(scope="module")
def portraits(data_dir: Path) -> list[Portrait]:
    finder = FaceFinder.load()
    chosen = [e for e in entries(data_dir) if e.kind == "portrait" and not held_out(e.person)][:36]
    return [p for p in (align(e, finder) for e in chosen) if p is not None]


@pytest.fixture(scope="module")
def statistics(portraits: list[Portrait]) -> Statistics:
    _, bare, _ = bare_faces(portraits)
    donors = {sex: [p.name for p in sorted(bare, key=lambda p: -p.age) if p.sex == sex][:2] for sex in ("F", "M")}
    return fit(portraits, donors)


def test_an_unfit_donor_is_refused(portraits: list[Portrait]) -> None:
    with pytest.raises(ValueError, match="nobody"):
        fit(portraits, {"F": ["nobody"], "M": []})


def test_split_is_by_person_and_stable(data_dir: Path) -> None:
    listed = list(entries(data_dir))
    unseen = {e.person for e in listed if held_out(e.person)}
    portraits = [e for e in listed if e.kind == "portrait"]
    assert 60 <= sum(e.person in unseen for e in portraits) <= 90
    assert held_out("held-out-2") == held_out("held-out-2")
    earlier = [e for e in listed if e.kind == "earlier"]
    assert any(e.person in unseen for e in earlier)


def test_faces_lie_on_the_template(portraits: list[Portrait]) -> None:
    assert len(portraits) >= 34
    for portrait in portraits:
        left, right = portrait.landmarks[[33, 133]].mean(axis=0), portrait.landmarks[[263, 362]].mean(axis=0)
        assert abs(np.hypot(*(right - left)) / EYE - 1) < 0.15
        middle = (left + right) / 2 - (WIDE - CROP) / 2
        assert np.abs(middle / CROP - (0.5, 0.42)).max() < 0.04
    learn, unseen = split(portraits)
    assert len(learn) == len(portraits) and not unseen


def test_bands_add_up() -> None:
    plane = np.random.default_rng(1).normal(0, 10, (64, 64)).astype(np.float32)
    parts, rest = bands.split(plane)
    assert np.allclose(sum(parts) + rest, plane, atol=1e-4)
    rgb = np.random.default_rng(2).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert np.abs(bands.from_work(bands.to_work(rgb)) * 255 - rgb).max() < 1.0


def test_maps_to_the_mean_face_and_back(portraits: list[Portrait], statistics: Statistics) -> None:
    points = full_points(portraits[0].landmarks)
    there, back = statistics.mean.to_image(points), statistics.mean.from_image(points)
    again = sample(there, back)
    y, x = np.mgrid[100:220, 110:210]
    assert np.abs(again[100:220, 110:210] - np.stack([x, y], axis=-1)).mean() < 0.5


def test_teacher_ages_the_skin_and_leaves_the_eyes(portraits: list[Portrait], statistics: Statistics) -> None:
    portrait = portraits[0]
    subject = prepare(portrait, statistics)
    same, places = apply(subject, portrait.age, statistics, Strength())
    assert np.abs(same * 255 - portrait.rgb).mean() < 0.6
    older, moved = apply(subject, portrait.age + 25, statistics, Strength())
    younger, _ = apply(subject, portrait.age - 25, statistics, Strength())
    x, y = portrait.landmarks[468].astype(int)
    assert np.abs(moved[y, x] - (x, y)).max() < 2.0
    change = np.abs(older - same).mean(axis=2)
    assert change[130:230, 120:200].mean() > 0.004
    assert np.abs(older - younger).mean() > np.abs(older - same).mean()
    assert places.shape == (WIDE, WIDE, 2)


def test_samples_are_seeded_and_whole(portraits: list[Portrait], statistics: Statistics, tmp_path: Path) -> None:
    render(portraits[:3], statistics, Strength(), PairsConfig(ages=2), tmp_path)
    source = [(tmp_path, 1.0)]
    samples = PairSamples(source, DataConfig())
    first = [samples.sample(np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(first[0].crop, first[1].crop)
    rng = np.random.default_rng(6)
    for _ in range(8):
        s = samples.sample(rng)
        assert s.crop.shape == (3, CROP, CROP) and s.crop.dtype == np.float32
        assert s.crop.min() >= 0 and s.crop.max() <= 1
        assert s.matte.min() >= -1e-5 and s.matte.max() <= 1 + 1e-5
        assert np.isfinite(s.place).all() and np.isfinite(s.warp).all()
        assert np.abs(s.delta * (s.matte < 1e-6)).max() < 1e-5
    never = PairSamples(source, DataConfig(same_age=1.0, painted_age=0.0)).sample(np.random.default_rng(1))
    assert np.abs(never.delta).max() < 1e-6
    assert np.array_equal(never.source, never.target)


def test_a_held_out_donor_is_refused() -> None:
    from dataclasses import replace

    from playingage.training.__main__ import load_recipe

    recipe = load_recipe(Path(__file__).parents[2] / "recipes" / "default_reager.py")
    unseen = next(f"X{i}" for i in range(1000) if held_out(f"X{i}"))
    with pytest.raises(ValueError, match="held out"):
        replace(recipe, donors={"F": [unseen], "M": []})
