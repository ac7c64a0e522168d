"""The parsing network: a small U-Net on a fourth of the crop's side, and a finer branch for the edges.

Legend of shapes: B batch, S = 192 side of the head crop, M masks. Colour: display-encoded RGB, 0..1.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from playingage.models.parsing import MASKS

_LEAK = 0.1


class _Block(nn.Sequential):
    def __init__(self, *widths: int) -> None:
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(_LEAK)]
        super().__init__(*layers)


class ParseNetwork(nn.Module):
    """B x 3 x S x S to logits B x M x S x S."""

    def __init__(self, widths: tuple[int, ...] = (32, 48, 64, 96), edge: int = 16) -> None:
        super().__init__()
        self.stem = _Block(48, widths[0], widths[0])
        self.down = nn.ModuleList(_Block(a, b, b) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_Block(a + b, a, a) for a, b in pairwise(widths))
        self.edge = _Block(12, edge)
        self.join = _Block(edge + widths[0], 2 * edge)
        self.last = nn.Conv2d(2 * edge, 4 * len(MASKS), 3, padding=1)
        nn.init.constant_(self.last.bias, -2.0)  # type: ignore[arg-type]

    def forward(self, head_B3SS: Tensor) -> Tensor:
        """Logits of every mask."""
        even = (head_B3SS - 0.5) * 3
        kept = [self.stem(functional.pixel_unshuffle(even, 4))]
        for block in self.down:
            kept.append(block(functional.avg_pool2d(kept[-1], 2)))
        h = kept.pop()
        for block in reversed(self.up):
            h = block(torch.cat([_twice(h), kept.pop()], dim=1))
        edges = self.edge(functional.pixel_unshuffle(even, 2))
        out: Tensor = functional.pixel_shuffle(self.last(self.join(torch.cat([edges, _twice(h)], dim=1))), 2)
        return out


class Masks(nn.Module):
    """The network as it is exported: masks 0..1."""

    def __init__(self, network: ParseNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, head: Tensor) -> Tensor:
        """B x M x S x S, 0..1."""
        return torch.sigmoid(self.network(head))


def _twice(value: Tensor) -> Tensor:
    return functional.interpolate(value, scale_factor=2, mode="bilinear", align_corners=False)
