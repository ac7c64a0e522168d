from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from torch.nn import functional  # noqa: E402

from playingage.core import DeviceError  # noqa: E402
from playingage.runtime import Network, choose_device  # noqa: E402
from playingage.training import export  # noqa: E402
from playingage.training.exported import SIDE, Exported, fade  # noqa: E402
from playingage.training.network import GRID, Emphasis, NetworkConfig, Reager, at_size  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = NetworkConfig(widths=(8, 16), depth=1, textures=3, places=2, edge=4)


def trained(size: int, emphasis: Emphasis | None = None) -> Reager:
    """A small network whose every part does something, with lines as sharp as they can be."""
    torch.manual_seed(3)
    network = Reager(SMALL)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(torch.randn_like(value) * 0.03)
        network.textures.mul_(3)
        network.trunk.habit.add_(functional.interpolate(torch.randn(1, 12, 5, 5) * 0.3, size=(GRID, GRID)))
    return at_size(network, size, emphasis).eval()


@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize(("source", "target"), [(0.3, 0.7), (0.7, 0.3)])
def test_the_exported_form_is_the_trained_network(size: int, source: float, target: float) -> None:
    network = trained(size, Emphasis(older=1.2, younger=0.9, lines=1.5))
    crop = export.sample_crop(size)
    ages = [torch.full((1, 1, size, size), age) for age in (source, target)]
    side = size * SIDE // GRID
    with torch.inference_mode():
        delta, matte = (value[..., side:-side] for value in network(crop, *ages))
        small, seen = Exported(network)(crop, *(age[..., :GRID, :GRID] for age in ages))
    inner = slice(2 * side, -2 * side)  # the border reaches some places of the grid inwards
    ends = torch.from_numpy(np.outer(fade(size, size), fade(size, small.shape[-1])))
    assert float(delta.abs().max()) > 20 / 255
    assert float((small - delta)[..., inner, inner].abs().max()) < 1e-4
    assert float((seen - matte)[..., inner, inner].abs().max()) < 1e-4
    # Where the matte ends the network sees less of what is beside it.
    assert float((delta * matte * ends - small * seen).abs().max()) < 0.05 * delta.abs().max()


def test_the_matte_ends_before_the_window_does() -> None:
    for size in (256, 512):
        ramp = fade(size, size * 7 // 8)
        assert ramp[0] == ramp[-1] == 0 and ramp[size // 16] == 1
        assert np.array_equal(ramp, ramp[::-1])


@pytest.mark.parametrize("size", [256, 512])
def test_lines_stay_in_their_places_in_bf16(size: int, tmp_path: Path) -> None:
    """Rounded to bf16, the places that a texture is read at would be off by up to half a pixel."""
    try:
        device = choose_device("CPU", precision="bf16")
    except DeviceError:
        pytest.skip("no bf16 on this machine")
    exported = Exported(trained(size))
    ages = torch.full((1, 1, GRID, GRID), 0.3)
    values = (export.sample_crop(size), ages, ages + 0.4)
    names = ["crop", "source_age", "target_age"], ["delta", "matte"]
    export.write_network(exported, values, *names, tmp_path / "n.onnx")
    with torch.inference_mode():
        delta = exported(*values)[0].numpy()
    found = Network(tmp_path / "n.onnx", device).run([value.numpy() for value in values])[0]
    assert np.abs(found - delta).mean() < 0.02 * np.abs(delta).mean()
