"""Writes the trained parsing network as `parse.onnx`, as the engine wants it."""

from pathlib import Path

from playingage.models.parsing import SIDE
from playingage.training.export import compare_network, sample_crop, write_network
from playingage.training.parsing.network import Masks, ParseNetwork

_LIMIT = 0.02
"""Largest difference of a mask (0..1) between the file and the trained network."""


def export_parser(network: ParseNetwork, path: Path) -> Path:
    """Write and compare; the path. Batch normalisation is folded into the convolutions by the run time."""
    masks, head = Masks(network).eval(), sample_crop(SIDE)
    write_network(masks, (head,), ["head"], ["masks"], path)
    compare_network(masks, [head], path, _LIMIT)
    return path
