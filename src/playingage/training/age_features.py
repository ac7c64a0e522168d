"""What an age is read from: strength and direction of lines at three scales, and colour, on a grid over the crop.

Fixed filters in the manner of Guo et al., "Human age estimation using bio-inspired features" (CVPR 2009): with a few
hundred faces to learn from, learned filters do worse. Legend: B batch, S side of the crop (128), G cells of the grid.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from playingage.training.arrays import f32

_CELLS = 8
_DIRECTIONS = 8
_WAVES = ((3.2, 1.5), (5.0, 2.2))
_REACH = 4
_SCALES = 3
_LINES = _SCALES * 2 * _DIRECTIONS * len(_WAVES)
FEATURES = (_LINES + 3) * _CELLS**2
"""Numbers per face: every kind of line, light and two of colour in each cell."""


class Features(nn.Module):
    """B x 3 x S x S crops (display-encoded, 0..1) to B x FEATURES; nothing in it is learned."""

    bank: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bank", _bank())

    def forward(self, crop_B3SS: Tensor) -> Tensor:
        """Hardly dependent on exposure and contrast, as long as there is some."""
        grey = (crop_B3SS * crop_B3SS.new_tensor([0.3, 0.59, 0.11])[:, None, None]).sum(dim=1, keepdim=True)
        grey = grey - grey.mean(dim=(2, 3), keepdim=True)
        grey = grey / ((grey * grey).mean(dim=(2, 3), keepdim=True).sqrt() + 0.05)
        parts = []
        for scale in range(_SCALES):
            # The magnitude of the finest lines is smooth enough for every second pixel.
            step = 2 if scale == 0 else 1
            lines = functional.conv2d(functional.pad(grey, (_REACH,) * 4, mode="reflect"), self.bank, stride=step)
            even, odd = lines[:, 0::2], lines[:, 1::2]
            cell = (crop_B3SS.shape[2] >> max(scale, 1)) // _CELLS
            strength = functional.avg_pool2d((even * even + odd * odd + 1e-6).sqrt(), cell)
            parts += [(strength + 0.01).log().flatten(1), functional.avg_pool2d(functional.relu(even), cell).flatten(1)]
            grey = functional.avg_pool2d(grey, 2)
        mean = crop_B3SS.mean(dim=(2, 3), keepdim=True) + 0.02
        colour = ((functional.avg_pool2d(crop_B3SS, crop_B3SS.shape[2] // _CELLS) + 0.02) / mean).log()
        light = colour.mean(dim=1, keepdim=True)
        parts += [light.flatten(1), (colour - light)[:, ::2].flatten(1)]
        return torch.cat(parts, dim=1)


def _bank() -> Tensor:
    """Pairs of even and odd Gabor filters without a mean, N x 1 x 9 x 9."""
    axis = torch.arange(-_REACH, _REACH + 1, dtype=torch.float64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    filters = []
    for length, spread in _WAVES:
        for direction in range(_DIRECTIONS):
            turn = math.pi * direction / _DIRECTIONS
            across, along = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
            window = torch.exp(-(across**2 + 0.35 * along**2) / (2 * spread**2))
            for phase in (0.0, math.pi / 2):
                wave = window * torch.cos(2 * math.pi * across / length + phase)
                wave = wave - window * wave.sum() / window.sum()
                filters.append(wave / wave.abs().sum())
    return torch.from_numpy(f32(torch.stack(filters).numpy()))[:, None]
