from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from playingage.training.__main__ import main  # noqa: E402
from playingage.training.loop import LoopConfig, Trainer, averaged, rate_at  # noqa: E402
from playingage.training.losses import LossConfig  # noqa: E402
from playingage.training.network import NetworkConfig, Reager  # noqa: E402

SMALL = NetworkConfig(widths=(8, 16), depth=1, textures=2, places=2, edge=4)
LOOP = LoopConfig(steps=20, batch=1, warm=2, threads=1)


def batch(seed: int) -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(seed)
    shapes = {"crop": (3, 256), "delta": (3, 256), "matte": (1, 256), "weight": (1, 256), "place": (2, 64),
              "warp": (2, 64), "known": (1, 64), "lines": (1, 64)}
    made = {name: torch.rand(1, c, s, s, generator=g) for name, (c, s) in shapes.items()}
    made["delta"] = made["delta"] * 0.02
    made["donors"] = torch.tensor([[0.7, 0.3]])
    return made | {"source": torch.full((1, 1, 256, 256), 0.4), "target": torch.full((1, 1, 256, 256), 0.6)}


def trainer() -> Trainer:
    torch.manual_seed(1)
    return Trainer(Reager(SMALL), LOOP, LossConfig())


def test_learning_lowers_the_loss() -> None:
    one = trainer()
    totals = [sum(one.learn(batch(3)).values()) for _ in range(12)]
    assert totals[-1] < 0.9 * totals[0]


def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole, first, second = trainer(), trainer(), trainer()
    for step in range(3):
        whole.learn(batch(step))
    first.learn(batch(0))
    first.save(tmp_path / "checkpoint.pt")
    second.load(tmp_path / "checkpoint.pt")
    assert second.step == 1
    for step in (1, 2):
        second.learn(batch(step))
    for name, value in averaged(whole).state_dict().items():
        assert np.allclose(value, averaged(second).state_dict()[name], atol=1e-6), name
    assert not list(tmp_path.glob("*.part"))


def test_rate_climbs_stays_and_falls() -> None:
    config = LoopConfig(steps=100, warm=10, fall=0.5, rate=1e-3)
    assert rate_at(0, config) == pytest.approx(1e-4)
    assert rate_at(30, config) == pytest.approx(1e-3)
    assert rate_at(75, config) == pytest.approx(5e-4)
    assert 0 < rate_at(99, config) < 1e-4


def test_wrong_arguments_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = str(Path(__file__).parents[2] / "recipes" / "default_reager.py")
    assert main([str(tmp_path), "--recipe", str(tmp_path / "none.py"), "--data", str(tmp_path)]) == 2
    assert "Give a recipe" in capsys.readouterr().err
    assert main([str(tmp_path), "--recipe", recipe, "--data", str(tmp_path)]) == 2
    assert "--data" in capsys.readouterr().err
    (tmp_path / "checkpoint.pt").touch()
    assert main([str(tmp_path), "--recipe", recipe, "--data", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = Path(__file__).parents[2] / "recipes" / "default_reager.py"
    wanted = [str(tmp_path / "run"), "--recipe", str(recipe), "--data", str(tmp_path), "--device", "nothing"]
    assert main(wanted) == 2
    assert "nothing: torch cannot use it" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
