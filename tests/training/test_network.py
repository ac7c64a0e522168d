import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from playingage.training.network import GRID, Emphasis, NetworkConfig, Reager, at_size, stretch  # noqa: E402

SMALL = NetworkConfig(widths=(8, 16), depth=1, textures=2, places=2, edge=4)


def trained(seed: int = 0) -> Reager:
    """A small network whose every part does something."""
    torch.manual_seed(seed)
    network = Reager(SMALL)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(torch.randn_like(value) * 0.02)
    return network.eval()


def crop_and_ages(size: int, source: float, target: float) -> tuple[Tensor, Tensor, Tensor]:
    coarse = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(4))
    crop = functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)
    return crop, torch.full((1, 1, size, size), source), torch.full((1, 1, size, size), target)


@pytest.mark.parametrize("size", [256, 512])
def test_shapes_and_ranges(size: int) -> None:
    with torch.inference_mode():
        delta, matte = at_size(trained(), size)(*crop_and_ages(size, 0.4, 0.7))
    assert delta.shape == (1, 3, size, size)
    assert matte.shape == (1, 1, size, size)
    assert float(matte.min()) >= 0 and float(matte.max()) <= 1
    assert float(delta.abs().max()) > 1e-3


@pytest.mark.parametrize("size", [256, 512])
def test_equal_ages_change_nothing(size: int) -> None:
    with torch.inference_mode():
        delta, _ = at_size(trained(), size)(*crop_and_ages(size, 0.53, 0.53))
    assert float(delta.abs().max()) == 0.0


def test_equal_ages_in_one_half_change_nothing_there() -> None:
    crop, source, target = crop_and_ages(256, 0.4, 0.7)
    target[..., :128] = 0.4
    with torch.inference_mode():
        delta, _ = trained()(crop, source, target)
    assert float(delta[..., :128].abs().max()) == 0.0
    assert float(delta[..., 140:].abs().max()) > 1e-3


def test_small_differences_of_age_give_small_changes() -> None:
    network = trained()
    sizes = []
    for target in (0.404, 0.42, 0.6):
        with torch.inference_mode():
            sizes.append(float(network(*crop_and_ages(256, 0.4, target))[0].abs().mean()))
    assert sizes[0] < 0.35 * sizes[1] < 0.35 * sizes[2]


def test_both_sizes_do_the_same() -> None:
    network = trained()
    with torch.no_grad():  # what changes from pixel to pixel is lost on the way to twice the size and back
        network.trunk.sharp.weight.zero_()
    with torch.inference_mode():
        large = at_size(network, 512)(*crop_and_ages(512, 0.4, 0.7))[0]
        crop = functional.avg_pool2d(crop_and_ages(512, 0.4, 0.7)[0], 2)
        small = at_size(network, 256)(crop, *crop_and_ages(256, 0.4, 0.7)[1:])[0]
    difference = (functional.avg_pool2d(large, 2) - small).abs().mean()
    assert float(difference) < 0.25 * float(small.abs().mean())


def test_emphasis_acts_on_its_own_direction_only() -> None:
    network = trained()
    older, younger = crop_and_ages(256, 0.4, 0.7), crop_and_ages(256, 0.7, 0.4)
    with torch.inference_mode():
        plain, strong = at_size(network, 256), at_size(network, 256, Emphasis(older=1.5, lines=2.0))
        assert float(strong(*older)[0].abs().mean()) > 1.2 * float(plain(*older)[0].abs().mean())
        assert torch.equal(strong(*younger)[0], plain(*younger)[0])
    with pytest.raises(ValueError, match="positive"):
        Emphasis(younger=0.0)


@pytest.mark.parametrize("size", [128, 256, 512])
def test_stretch_is_bilinear_interpolation(size: int) -> None:
    value = torch.rand(2, 3, GRID, GRID)
    wanted = functional.interpolate(value, size=(size, size), mode="bilinear", align_corners=False)
    assert np.allclose(stretch(value, size), wanted, atol=1e-6)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="256, 512, 1024"):
        Reager(SMALL, 300)
    with pytest.raises(ValueError, match="two widths"):
        NetworkConfig(widths=(8,))
    with pytest.raises(ValueError, match="at least 1"):
        NetworkConfig(textures=0)
