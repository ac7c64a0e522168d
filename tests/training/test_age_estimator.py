import numpy as np
import pytest

torch = pytest.importorskip("torch")

from playingage.training import age_estimator  # noqa: E402
from playingage.training.age_estimator import AgeNetwork, EstimatorConfig, calibration, crop_of  # noqa: E402
from playingage.training.age_features import FEATURES, Features  # noqa: E402
from playingage.training.portraits import WIDE, Portrait  # noqa: E402

SMALL = EstimatorConfig(views=1, steps=60, batch=32, kept=8, hidden=8, members=2, young=0)


def face(name: str, age: float, kind: str = "portrait") -> Portrait:
    """Lines that grow stronger with the age, over a shade of its own."""
    rng = np.random.default_rng(sum(name.encode()))
    wave = np.sin(np.arange(WIDE) * 0.8 + rng.uniform(0, 6)) * age * 0.3
    shade = np.linspace(60, rng.uniform(170, 190), WIDE)
    picture = shade[None, :, None] + wave[:, None, None] + rng.normal(0, 3, (WIDE, WIDE, 1)) + np.zeros(3)
    return Portrait(
        name=name, sex="F", age=age, kind=kind, rgb=np.clip(picture, 0, 255).astype(np.uint8),
        landmarks=np.zeros((478, 2), np.float32), yaw=0.0,
    )


def faces(prefix: str, kind: str = "portrait") -> list[Portrait]:
    return [face(f"{prefix}{i}", 10 + 5 * i, kind) for i in range(14)]


def test_ages_of_unseen_faces_are_read_and_the_same_seed_gives_the_same() -> None:
    network = age_estimator.train(faces("a"), faces("made-", "made"), SMALL)
    again = age_estimator.train(faces("a"), faces("made-", "made"), SMALL)
    unseen = [face("z", 15), face("y", 45), face("x", 75)]
    young, middle, old = age_estimator.read(network, unseen)
    assert young + 5 < middle < old - 5
    assert np.array_equal(age_estimator.read(again, unseen), [young, middle, old])


def test_features_hardly_depend_on_exposure() -> None:
    features = Features()
    bright, other = (torch.from_numpy(crop_of(face(n, 40).rgb)).permute(2, 0, 1)[None] for n in ("a", "b"))
    here, darker = features(bright), features(bright * 0.85)
    assert here.shape == (1, FEATURES)
    assert float((here - darker).abs().mean()) < 0.5 * float((here - features(other)).abs().mean())


def test_calibration_stretches_half_way_about_the_middle() -> None:
    truth = np.array([20.0, 35, 50, 65, 80])
    slope, offset = calibration(50 + 0.25 * (truth - 50) + 4, truth)
    assert slope == pytest.approx(2) and slope * 54 + offset == pytest.approx(50)


def test_a_network_reads_one_age_per_crop() -> None:
    assert AgeNetwork(8, 8, 2).eval()(torch.zeros(3, 3, 128, 128)).shape == (3, 1)


@pytest.mark.parametrize("wrong", [{"members": 1}, {"kept": 0}, {"made": 1.0}, {"young": -1}, {"rate": 0.0}])
def test_unfit_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        EstimatorConfig(**wrong)  # type: ignore[arg-type]
