"""Writes the trained parsing network as `parse.onnx`, as the engine wants it."""

from pathlib import Path

from playingage.models.parsing import SIDE
from playingage.training.export import _compare, _export, _test_crop
from playingage.training.parsing.network import Masks, ParseNetwork

_LIMIT = 0.02
"""Largest difference of a mask (0..1) between the file and the trained network."""


def export_parser(network: ParseNetwork, path: Path) -> Path:
    """Write and compare; the path. Batch normalisation is folded into the convolutions by the run time."""
    masks, head = Masks(network).eval(), _test_crop(SIDE)
    _export(masks, (head,), ["head"], ["masks"], path)
    _compare(masks, [head], path, _LIMIT)
    return path
