"""The default re-ager as something that can go on learning: its weights read back from the package that ships.

The exported network is the trained one in another form (`training.exported`): some layers were turned into sums and
products of themselves, all of which can be undone. `check_against` compares what is read back with what the package
does.
"""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from playingage.core import ModelError
from playingage.models import ModelPackage, default_package
from playingage.training.export import check_form, compare_network, sample_crop
from playingage.training.exported import ORDER, TAPS, Exported, window_side
from playingage.training.network import GRID, WORK, Emphasis, NetworkConfig, Reager, bilinear

_EMPHASIS = Emphasis(older=1.9, younger=1.6, lines=0.9)
"""What the shipped package's recipe scales outside of its weights; the comparison would show another."""
_LIMIT = 2 / 255
_OUTSIDE = -8.0
"""Logit of the matte at the crop's sides, which the package leaves out."""


def default_reager(package: ModelPackage | None = None) -> Reager:
    """The network of a default package (256 px is taken when none is given) at 256 px, in float32.

    Raises ModelError when the package holds a network of another form.
    """
    package = package or default_package(256)
    model = onnx.load_model_from_string(package.contents["reager.onnx"])
    stored = {i.name.removesuffix("_half"): numpy_helper.to_array(i) for i in model.graph.initializer}
    values = {name: torch.from_numpy(value.astype(np.float32)) for name, value in stored.items()
              if value.dtype in (np.float16, np.float32)}
    try:
        network = _network(values)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(f"{package.path}: reager.onnx is not a network that can go on learning: {error}",
                         "Take a default package of this release.") from error
    return network


def check_against(package: ModelPackage, network: Reager) -> None:
    """Raise ModelError when the network does otherwise than the default package of its size."""
    exported = Exported(network).eval()
    crop, ages = sample_crop(network.size), torch.full((1, 1, GRID, GRID), 0.6)
    check_form(network, exported, crop)
    for target in (ages - 0.3, ages + 0.2):
        compare_network(exported, [crop, ages, target], package.path / "reager.onnx", _LIMIT)


def _network(values: dict[str, Tensor]) -> Reager:
    stem, textures = values["trained.trunk.stem.0.weight"], values["trained.textures"]
    widths = tuple(values[f"trained.trunk.down.{i}.0.weight"].shape[0] for i in range(3))
    edge, places = values["trained.trunk.edge.0.weight"].shape[0], stem.shape[1] - 3 * 16 - 3
    config = NetworkConfig(widths=widths, depth=2, textures=textures.shape[1], edge=edge, places=places)
    network = Reager(config)
    network.trunk.emphasis = _EMPHASIS
    state = network.state_dict()
    for name in state:
        if f"trained.{name}" in values:
            state[name] = values[f"trained.{name}"]
    back = torch.argsort(torch.tensor(ORDER))
    state["trunk.smooth.weight"] = values["weight"][:-1][back]
    state["trunk.smooth.bias"] = values["bias"][:-1][back]
    state["trunk.habit"] = values["habit"][:-1][back].reshape(1, -1, GRID, GRID)
    enlarge = torch.linalg.pinv(torch.from_numpy(bilinear(32, GRID)))
    state["trunk.where"] = enlarge @ values["where"].permute(0, 3, 1, 2) @ enlarge.T
    side = window_side(WORK)
    matte = functional.pad(values["usual_matte"][:, 1:], (side, side), value=_OUTSIDE)
    state["trunk.usual_matte"] = matte
    _joined(state, values, "up", "trunk.up.0", slice(0, widths[1]))
    _joined(state, values, "join", "trunk.join", slice(edge, edge + widths[0]))
    network.load_state_dict(state)
    return network


def _joined(state: dict[str, Tensor], values: dict[str, Tensor], name: str, block: str, coarse: slice) -> None:
    """Undo `exported._Join`: the block's first convolution from its two parts, and what follows it."""
    undo = torch.linalg.pinv(TAPS)
    repeating = (undo @ values[f"{name}.repeating"] @ undo.T).transpose(0, 1)
    own = values[f"{name}.own"]
    state[f"{block}.0.weight"] = torch.cat([own[:, : coarse.start], repeating, own[:, coarse.start :]], dim=1)
    state[f"{block}.0.bias"] = values[f"{name}.bias"]
    for key, value in values.items():
        if key.startswith(f"{name}.rest."):
            layer, kind = key.removeprefix(f"{name}.rest.").split(".")
            state[f"{block}.{int(layer) + 1}.{kind}"] = value
