"""What a drawn archive teaches is what was drawn; and the package does it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import playingage
from playingage.faces.placing import mean_landmarks, place_of
from playingage.models import CropReager, ModelPackage, default_package
from playingage.runtime import choose_device
from playingage.training.network import GRID, WORK
from playingage.training.performer import EraFrame, LearnerConfig, PerformerLearner, learn
from playingage.training.performer.acts import ACTS, at_rest, effects
from playingage.training.performer.atlas import Atlas, survey
from playingage.training.performer.calibrate import continued
from playingage.training.performer.default import check_against, default_reager
from playingage.training.performer.eras import Prior, belief, eras_of
from playingage.training.performer.frames import crop_of, small_landmarks
from playingage.training.performer.network import PerformerReager, Tables
from playingage.training.performer.samples import Samples
from playingage.training.portraits import CROP, WIDE

from .drawn import AGES, archive, face, moment

STILL = np.array([[1, 0, -(WIDE - CROP) / 2], [0, 1, -(WIDE - CROP) / 2]], np.float32)


@pytest.fixture(scope="module")
def frames() -> list[EraFrame]:
    return archive(5)


@pytest.fixture(scope="module")
def atlas(frames: list[EraFrame]) -> Atlas:
    return survey(frames)


def test_the_default_read_back_does_what_its_package_does() -> None:
    check_against(default_package(256), default_reager().eval())


def test_eras_are_the_ages_that_were_drawn(frames: list[EraFrame]) -> None:
    eras = eras_of(frames)
    assert [era.age for era in eras] == list(AGES)
    assert [len(era.frames) for era in eras] == [5, 5, 5] and eras[0].count == 5


def test_frames_of_one_shot_count_for_little_more_than_one() -> None:
    several = [face(30, moment(i)) for i in range(4)]
    one = [EraFrame(**{name: getattr(f, name) for name in EraFrame.__slots__} | {"group": "shot"}) for f in several]
    assert eras_of(several)[0].count == 4
    assert 1 < eras_of(one)[0].count < 1.5


def test_the_atlas_finds_what_was_drawn(atlas: Atlas) -> None:
    at = (200 - 32) // 4, (110 - 32) // 4  # the cheek's middle on the grid
    darker = (atlas.colour[2] - atlas.colour[0])[:, at[0], at[1]]
    away = (atlas.colour[2] - atlas.colour[0])[:, at[0], GRID - 1 - at[1]]
    assert (darker < away - 0.1).all()
    crease = (atlas.detail[2] - atlas.detail[0])[2 * (225 - 32) - 3 : 2 * (225 - 32) + 4, 2 * (147 - 32)]
    assert crease.min() < -0.08
    nose = (atlas.shape[2] - atlas.shape[0])[1] * CROP / 2
    assert nose.max() == pytest.approx(4, abs=1.6)
    assert 0 < np.abs(nose[:8]).max() + 1e-6 < 1  # the brow does not sink


def test_what_is_known_grows_with_the_frames(atlas: Atlas) -> None:
    few = survey(archive(1))
    assert (few.share < atlas.share).all()
    assert (few.share >= 0).all() and (atlas.share <= 1).all()


def test_one_era_tells_no_difference() -> None:
    alone = survey([face(30, moment(i)) for i in range(3)])
    tables = alone.shape, alone.colour, alone.detail, alone.gain
    assert max(float(np.abs(table).max()) for table in tables) < 1e-6


def test_belief_lies_between_nothing_and_all() -> None:
    eras = eras_of(archive(2))
    means = np.array([[0.0], [1.0], [2.0]], np.float32)
    sure, known = belief(means, np.float32(1e-6), eras, np.ones_like(means), 3, Prior(signal=1, noise=1e-6))  # type: ignore[arg-type]
    unsure, _ = belief(means, np.float32(50.0), eras, np.ones_like(means), 3, Prior(signal=0.01, noise=50))  # type: ignore[arg-type]
    assert np.allclose(sure[:, 0], [-1, 0, 1], atol=0.01) and (known > 0.99).all()
    assert np.abs(unsure).max() < 0.1


def test_pose_is_taken_out_of_landmarks() -> None:
    rng = np.random.default_rng(1)
    acts = np.zeros((6, len(ACTS)))
    acts[:, 0] = rng.uniform(-2, 2, 6)  # turned by up to 20 degrees
    mean = np.tile(moment_points(), (6, 1, 1)) + (acts @ effects()).reshape(6, 468, 2)
    rest = at_rest(np.asarray(mean, np.float32), acts, np.zeros(6, np.int64))
    assert np.abs(rest - moment_points()).max() < 0.05 < np.abs(mean - moment_points()).max()


def moment_points() -> NDArray[np.float32]:
    return mean_landmarks()


def test_a_place_is_where_landmarks_say() -> None:
    frame = face(65, moment(3))
    points = small_landmarks(frame)
    place = place_of(points, STILL, CROP)
    for index in (4, 50, 280, 152, 10):
        at = points[index] - 32
        cell = np.round(at / 4 - 0.375).astype(int)
        found = at + place[:, cell[1], cell[0]] * CROP / 2
        assert np.hypot(*(found - (moment_points()[index] - 32))) < 1.2


@pytest.fixture(scope="module")
def network(atlas: Atlas) -> PerformerReager:
    return PerformerReager(default_reager().eval(), Tables(continued(atlas), (0.0, 0.0, 0.0))).eval()


def taken(network: PerformerReager, frame: EraFrame, age: float) -> NDArray[np.float32]:
    crop = torch.from_numpy(crop_of(frame).transpose(2, 0, 1).copy())[None]
    ages = [torch.full((1, 1, GRID, GRID), years / 100) for years in (frame.age, age)]
    place = torch.from_numpy(place_of(small_landmarks(frame), STILL, CROP))[None]
    with torch.inference_mode():
        delta, _ = network(crop, *ages, place)
    return np.asarray((crop + delta)[0].permute(1, 2, 0).numpy(), np.float32)


def test_a_moment_at_another_age_comes_near_to_what_is_drawn(network: PerformerReager) -> None:
    now = moment(999)
    before, truth = face(65, now), crop_of(face(25, now))
    asked, given, done = (_marks(picture) for picture in (truth, crop_of(before), taken(network, before, 25)))
    assert (np.abs(asked - given) > 0.1).all()
    assert (np.abs(done - asked) < 0.45 * np.abs(given - asked)).all()


def _marks(crop: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithms of cheek against other cheek, and of the crease against the skin beside it."""
    lightness = crop.mean(axis=2)
    cheek = np.log(lightness[160:176, 70:86].mean() / lightness[160:176, 170:186].mean())
    places = (100, 185), (115, 190)
    along = [lightness[y - 3 : y + 4, x].min() / lightness[y - 12 : y - 8, x].mean() for x, y in places]
    return np.array([cheek, float(np.log(np.mean(along)))])


def test_equal_ages_change_nothing(network: PerformerReager) -> None:
    frame = face(45, moment(5))
    assert np.abs(taken(network, frame, 45) - crop_of(frame)).max() < 1e-5


def test_where_the_archive_ends_the_default_goes_on(atlas: Atlas) -> None:
    tables = Tables(atlas)
    years = [tables.years(torch.full((1, 1, 1, 1), age / 100))[0, :, 0, 0] * 100 for age in (25.0, 65.0, 80.0)]
    assert torch.allclose(years[2] - years[1], torch.tensor(15.0), atol=1e-3)
    assert bool((years[1] - years[0] < 25).all())  # of forty years


def test_batches_are_functions_of_seed_and_step(frames: list[EraFrame]) -> None:
    one, two = Samples(frames, 2, 7), Samples(frames, 2, 7)
    one.batch(0)
    assert all(torch.equal(a, b) for a, b in zip(one.batch(5).values(), two.batch(5).values(), strict=True))
    assert not torch.equal(one.batch(5)["crop"], one.batch(6)["crop"])


@pytest.mark.parametrize("size", [256, 512])
def test_the_package_does_what_the_network_does(tmp_path: Path, size: int) -> None:
    folder = learn(archive(2), tmp_path / "drawn.pamodel", steps=1, config=LearnerConfig(size=size, batch=1))
    package = ModelPackage.load(folder)
    reager = CropReager(package, choose_device("CPU", precision="f32"))
    assert reager.wants_place and package.spec.size == size
    frame = face(65, moment(8))
    place = place_of(small_landmarks(frame), STILL, CROP)
    delta, matte = reager(crop_of(frame, size), 65.0, 25.0, place)
    assert np.abs(delta).max() > 0.02 and 0 <= matte.min() <= matte.max() <= 1
    same, _ = reager(crop_of(frame, size), 65.0, 65.0, place)
    assert np.abs(same).max() < 1e-4
    playingage.load(model=folder)  # and the engine takes it
    assert package.spec.sizes == ((512, 256) if size == 512 else (256,))
    if size == 512:  # the smaller network that it holds does the same, more coarsely
        small = CropReager(package, choose_device("CPU", precision="f32"), 256)
        coarse, _ = small(crop_of(frame, 256), 65.0, 25.0, place)
        assert np.corrcoef(coarse.ravel(), delta[::2, ::2].ravel())[0, 1] > 0.8


def test_a_tenth_of_a_large_archive_is_held_out() -> None:
    some = archive(10)
    learner = PerformerLearner(some, LearnerConfig(batch=2), None, "drawn")
    told = learner.describe()
    assert len(told["held_out"]) == 3 and {frame.name for frame in some} > set(told["held_out"])
    assert not {frame.name for frame in learner.learned} & set(told["held_out"])
    terms = [learner.module(batch) for batch in learner.held_out()]
    assert all(torch.isfinite(value) for each in terms for value in each.values())
    sheet = learner.preview()
    assert sheet.dtype == np.uint8 and sheet.ndim == 3 and sheet.std() > 5
    assert "| 45 |" in learner.card()


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="size"):
        LearnerConfig(size=300)
    with pytest.raises(ValueError, match="nothing"):
        survey([])
    assert WORK == CROP
