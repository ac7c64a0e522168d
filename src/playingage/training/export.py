"""Writes a trained network as a model package folder: model.json, reager.onnx, age.onnx, card.md.

Weights are kept as float16 where that is exact enough (a Cast follows each); what is exported is run again and
compared.
"""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from playingage.core import ModelError, canonical_json, sha256_bytes, sha256_file
from playingage.faces.align import TEMPLATE
from playingage.models.parsing import FILE as PARSER
from playingage.models.parsing import MASKS
from playingage.runtime import Network, choose_device
from playingage.training.age_estimator import SIDE, AgeNetwork
from playingage.training.exported import Exported
from playingage.training.network import GRID, Emphasis, Reager, at_size
from playingage.training.pairs import AGES

LOG = logging.getLogger(__name__)
OPSET = 18
FORM_LIMIT = 2.5 / 255
"""Of 0..1, at the worst pixel of a picture that is mostly noise; it lies where the matte ends below the neck."""
_KEEP_FLOAT = 4096
"""Constants smaller than this stay float32; so do the sampling grids, which float16 cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageInfo:
    """What the package says of itself. `record` is the SHA-256 of training_record.json."""

    name: str
    created: str
    licence: str
    record: str
    card: str

    def __post_init__(self) -> None:
        if not self.name or len(self.record) != 64:
            raise ValueError("a package has a name and the SHA-256 of its training record")


def export_package(
    reager: Reager, age: AgeNetwork, size: int, info: PackageInfo, folder: Path,
    emphasis: Emphasis | None = None, parser: Path | None = None,
) -> dict[str, Any]:
    """Write the package `folder` at `size` (256 or 512) px; what its model.json says. `parser` is a `parse.onnx`."""
    folder.mkdir(parents=True, exist_ok=True)
    sized = at_size(reager, size, emphasis).eval()
    exported = Exported(sized).eval()
    ages = torch.full((1, 1, GRID, GRID), 0.4)
    crop = sample_crop(size)
    check_form(sized, exported, crop)
    values = crop, ages, ages + 0.2
    write_network(exported, values, ["crop", "source_age", "target_age"], ["delta", "matte"], folder / "reager.onnx")
    compare_network(exported, list(values), folder / "reager.onnx", 1 / 255)
    small = functional.interpolate(crop, size=(SIDE, SIDE), mode="bilinear", antialias=True)
    write_network(age.eval(), (small,), ["crop"], ["age"], folder / "age.onnx")
    compare_network(age, [small], folder / "age.onnx", 0.5)
    (folder / "card.md").write_text(info.card, encoding="utf-8")
    names = ["age.onnx", "card.md", "reager.onnx"]
    if parser is not None:
        names.append(PARSER)
        (folder / PARSER).write_bytes(parser.read_bytes())
    files = {name: sha256_file(folder / name) for name in names}
    grid, width = [1, 1, GRID, GRID], exported.across.shape[-1]
    model = {
        "format": "pamodel", "version": 1, "name": info.name, "created": info.created, "size": size,
        "inputs": {"crop": [1, 3, size, size], "source_age": grid, "target_age": grid},
        "outputs": {"delta": [1, 3, size, width], "matte": [1, 1, size, width]},
        "template": TEMPLATE, "ages": [int(a) for a in AGES], "colour": "display-encoded Rec.709 full range",
        "licence": info.licence, "performer": None, "grant": None, "training_record_sha256": info.record,
        "age_estimator": {"file": "age.onnx", "size": SIDE, "input": "crop", "output": "age"}, "files": files,
    }
    if parser is not None:
        model["parser"] = {"file": PARSER, "input": "head", "output": "masks", "masks": list(MASKS)}
    (folder / "model.json").write_bytes(canonical_json(model))
    return model


def sample_crop(size: int) -> Tensor:
    """A smooth picture with some grain: what a crop's spectrum is like."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, 3, size // 16, size // 16, generator=generator)
    smooth = functional.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=False)
    return (smooth + 0.02 * torch.randn(1, 3, size, size, generator=generator)).clamp(0, 1)


def check_form(trained: Reager, exported: Exported, crop: Tensor) -> None:
    """Raise ModelError when the exported form changes the crop otherwise than the trained one, by over `FORM_LIMIT`.

    Towards the crop's border, where the exported matte ends, the trained one is made to end too.
    """
    source, target = torch.full((1, 1, GRID, GRID), 0.35), torch.full((1, 1, GRID, GRID), 0.65)
    side = (trained.size - exported.across.shape[-1]) // 2
    ends = functional.pad(exported.across, (side, side)) * exported.down
    with torch.inference_mode():
        wide = [functional.interpolate(age, size=crop.shape[2:]) for age in (source, target)]
        delta, matte = trained(crop, *wide)
        small, seen = (functional.pad(value, (side, side)) for value in exported(crop, source, target))
    error = float((delta * matte * ends - small * seen).abs().max())
    LOG.info("exported form: largest difference %.2g", error)
    if not error <= FORM_LIMIT:
        raise ModelError(f"the exported form differs from the trained one by {error:.3g}, more than {FORM_LIMIT:.3g}")


def write_network(
    module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str], path: Path
) -> None:
    """Write a module as ONNX, for values shaped as in `example`, with nothing of this machine in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's exporter, of torch's own parts
        program = torch.onnx.export(
            module, example, dynamo=True, opset_version=OPSET, input_names=inputs, output_names=outputs, verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _halve(model.graph)
    for node in model.graph.node:  # exporter's notes name files of the machine
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _halve(graph: onnx.GraphProto) -> None:
    """Store large float32 weights as float16 followed by a Cast; sampling grids (values up to 1, exact places) stay."""
    casts = []
    for weight in graph.initializer:
        value = numpy_helper.to_array(weight)
        is_grid = value.ndim == 4 and value.shape[-1] == 2
        if value.dtype != np.float32 or value.size < _KEEP_FLOAT or is_grid:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(value.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT, name=f"{name}_cast"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def compare_network(module: nn.Module, values: list[Tensor], path: Path, limit: float) -> None:
    """Raise ModelError when OpenVINO's float32 result of the file is farther than `limit` from torch's."""
    with torch.inference_mode():
        wanted = module(*values)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    found = Network(path, choose_device("CPU"), precision="f32").run([v.numpy() for v in values])
    for a, b in zip(wanted, found, strict=True):
        error = float(np.abs(a.numpy() - b).max())
        LOG.info("%s: largest difference from torch %.2g", path.name, error)
        if not error <= limit:
            raise ModelError(f"{path}: differs from the trained network by {error:.3g}, more than {limit:.3g}")


def record_hash(record: dict[str, Any], path: Path) -> str:
    """Write the training record as canonical JSON; its SHA-256."""
    data = canonical_json(record)
    path.write_bytes(data)
    return sha256_bytes(data)
