"""What a performer's tables are asked to get right: be like the archive on the mean face, and stay near the atlas.

Legend: B batch, H = 256, G = 64, K eras. Logarithms of display values throughout.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from playingage.training.network import GRID, WORK
from playingage.training.performer.frames import EPSILON
from playingage.training.performer.network import PerformerReager

_SOFT = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveConfig:
    """Weights of the terms. `stay` holds the tables to the atlas, the more the fewer frames there are."""

    colour: float = 1.0
    detail: float = 1.0
    stay: float = 30.0

    def __post_init__(self) -> None:
        if min(self.colour, self.detail, self.stay) < 0:
            raise ValueError("weights of losses are not negative")


class Objective(nn.Module):
    """The module that learns: a batch of `samples` to weighted terms. The default's own weights stay as they are."""

    def __init__(self, reager: PerformerReager, config: ObjectiveConfig) -> None:
        super().__init__()
        self.reager = reager
        self.config = config
        reager.default.requires_grad_(False)
        for name, value in reager.tables.named_parameters():
            self.register_buffer(f"start_{name}", value.detach().clone())

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted terms by name."""
        crop = batch["crop"]
        delta, _ = self.reager(crop, batch["source"], batch["target"], batch["place"])
        after = torch.log((crop + delta).clamp(min=0).float() + EPSILON)
        there = functional.grid_sample(after, batch["there"].float(), padding_mode="border", align_corners=False)
        seen = batch["seen"]
        ours, theirs = (_apart(picture, seen) for picture in (there, batch["like"]))
        stay = [
            ((value - getattr(self, f"start_{name}")) ** 2).mean() / (getattr(self, f"start_{name}") ** 2).mean()
            .clamp(min=1e-8)
            for name, value in self.reager.tables.named_parameters()
        ]
        weight = self.config
        return {
            "colour": weight.colour * _mean(_soft(ours[0] - theirs[0]), ours[2]),
            "detail": weight.detail * _mean(_soft(ours[1] - theirs[1]), seen),
            "stay": weight.stay * 1e-3 * torch.stack(stay).mean(),
        }


def _apart(log_B3HH: Tensor, seen_B1HH: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(colour B3GG without what is smooth, detail of lightness B1HH, seen B1GG)."""
    step = WORK // GRID
    small = functional.avg_pool2d(seen_B1HH, step)
    colour = functional.avg_pool2d(log_B3HH * seen_B1HH, step) / small.clamp(min=0.05)
    light = log_B3HH[:, 0:1] * 0.3 + log_B3HH[:, 1:2] * 0.59 + log_B3HH[:, 2:3] * 0.11
    coarse = colour[:, 0:1] * 0.3 + colour[:, 1:2] * 0.59 + colour[:, 2:3] * 0.11
    detail = light - functional.interpolate(coarse, scale_factor=step, mode="bilinear", align_corners=False)
    wide = functional.avg_pool2d(small, 17, 1, 8)
    smooth = functional.avg_pool2d(colour * small, 17, 1, 8) / wide.clamp(min=0.02)
    return (colour - smooth) * (small > 0.05), detail * seen_B1HH, small


def _soft(error: Tensor) -> Tensor:
    return torch.sqrt(error * error + _SOFT**2) - _SOFT


def _mean(value: Tensor, weight: Tensor) -> Tensor:
    return (value * weight).mean() / weight.mean().clamp(min=1e-3)
