"""What the re-ager is asked to get right: the change itself, its octaves, the matte, and the maps inside the plan."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from playingage.training.network import Plan

_SOFT = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Weights of the terms; each term's unit is given where it is computed."""

    change: float = 1.0
    octaves: float = 2.0
    matte: float = 0.05
    place: float = 2.0
    warp: float = 2.0
    donors: float = 0.01
    lines: float = 0.1
    outside: float = 0.15

    def __post_init__(self) -> None:
        if min(self.change, self.octaves, self.matte, self.place, self.warp, self.donors, self.lines,
               self.outside) < 0:
            raise ValueError("weights of losses are not negative")


def losses(
    delta_B3HH: Tensor, matte_B1HH: Tensor, plan: Plan, truth: dict[str, Tensor], config: LossConfig
) -> dict[str, Tensor]:
    """Every term, weighted, by name. `matte` holds logits; `truth` is a batch of `data.Sample`."""
    weight = truth["weight"] * (config.outside + truth["matte"])
    error = delta_B3HH * torch.sigmoid(matte_B1HH) - truth["delta"]
    known = truth["known"]
    matte = functional.binary_cross_entropy_with_logits(matte_B1HH, truth["matte"].clamp(0, 1))
    return {
        "change": config.change * (_penalty(error) * weight).mean(),
        "octaves": config.octaves * _octaves(error, weight),
        "matte": config.matte * matte,
        "place": config.place * ((plan.place - truth["place"]).abs() * known).mean(),
        "donors": -config.donors * (truth["donors"] * torch.log(plan.donors + 1e-4)).sum(dim=1).mean(),
        "lines": config.lines * ((plan.lines - truth["lines"]).abs() * known).mean(),
        "warp": config.warp * ((plan.warp - truth["warp"]).abs() * known).mean(),
    }


def _penalty(error: Tensor) -> Tensor:
    """Absolute error, rounded off near 0 (display units)."""
    return 2 * (torch.sqrt(error * error + _SOFT**2) - _SOFT)


def _octaves(error_B3HH: Tensor, weight_B1HH: Tensor) -> Tensor:
    """The error's Laplacian pyramid in lightness (display units): blurred lines cost as much as wrong shades."""
    level = error_B3HH[:, 0:1] * 0.3 + error_B3HH[:, 1:2] * 0.59 + error_B3HH[:, 2:3] * 0.11
    weight = weight_B1HH
    total = level.new_zeros(())
    for _ in range(3):
        small = functional.avg_pool2d(level, 2)
        band = level - functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + (_penalty(band) * weight).mean()
        level, weight = small, functional.avg_pool2d(weight, 2)
    return total
