"""The performer's network as it is exported, in the forms of `training.exported`.

The tables are mixed on the mean face by how far each age is each era, and read where the trunk places each pixel.
Legend as there; K eras.
"""

import torch
from torch import Tensor
from torch.nn import functional

from playingage.training.exported import Exported, at_places, read, stretched, window
from playingage.training.network import GATE_YEARS, GRID, stretch
from playingage.training.network import at_size as default_at_size
from playingage.training.performer.network import PerformerReager, at, factors, hat_weights, tinted

_PART = (0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 1, 2, 2)
"""Which of shape, colour and detail each channel of the exported plan belongs to."""


class PerformerExported(Exported):
    """A performer's network in its exported form, for one crop: see `Exported`."""

    ages: Tensor
    untold: Tensor
    smooth: Tensor
    detail: Tensor

    def __init__(self, trained: PerformerReager) -> None:
        super().__init__(trained.default)
        tables = trained.tables
        values = {
            "ages": tables.ages, "untold": tables.told_by_channel(list(_PART)),
            "smooth": tables.smooth, "detail": trained.sized_detail(),
        }
        with torch.no_grad():
            for name, value in values.items():
                self.register_buffer(name, value.detach().clone(), persistent=False)

    def apart(self, source_11GG: Tensor, target_11GG: Tensor) -> Tensor:
        """2 x K x G x G: how much more of each era the target is than the source, and how much the source is."""
        before = hat_weights(source_11GG, self.ages)
        return torch.cat([hat_weights(target_11GG, self.ages) - before, before])

    def years(self, source_11GG: Tensor, target_11GG: Tensor, apart: Tensor | None) -> Tensor:
        """F x GG: years that are left to the default, by channel of the plan."""
        assert apart is not None
        first, last = self.ages[:1], self.ages[-1:]
        ends = [functional.relu(age - last) - functional.relu(first - age) for age in (source_11GG, target_11GG)]
        beyond = (ends[1] - ends[0]).reshape(1, -1)
        # The last column: how much of a year beyond the archive counts.
        inside = self.untold[:, :-1] @ apart[0].reshape(len(self.ages), -1)
        return (inside + self.untold[:, -1:] * beyond) / GATE_YEARS

    def placed(self, parts: list[Tensor], apart: Tensor | None) -> tuple[list[Tensor], tuple[Tensor, Tensor] | None]:
        """The plan's parts with the performer's own; change of colour on the grid, and of detail at S x W."""
        assert apart is not None
        place, warp, coarse, middle, maps = parts
        eras, size = len(self.ages), self.size
        mixed = (apart[0].reshape(eras, 1, GRID, GRID) * self.smooth).sum(dim=0, keepdim=True)
        shape, colour, louder = torch.split(at(mixed, place), [2, 3, 3], dim=1)
        gain = factors(louder)
        fine, half, quarter = torch.split(gain - 1, 1, dim=1)
        middle = middle + torch.cat([half, torch.zeros_like(half)], dim=1)
        maps = maps + torch.cat([fine, torch.zeros_like(maps[:, 1:])], dim=1)
        wide = stretch(apart.reshape(1, 2 * eras, GRID, GRID), size).reshape(2, eras, size, size)
        both = (wide * self.detail[None]).sum(dim=1)[None]
        change, own = torch.split(read(both, at_places(place, self.identity, size)), 1, dim=1)
        kept = stretched(1 - gain[:, 1:].mean(dim=1, keepdim=True), size)
        return [place, warp - shape, coarse + quarter, middle, maps], (colour, change + own * kept)

    def tinted(self, crop_13SS: Tensor, delta_13SW: Tensor, shades: tuple[Tensor, Tensor] | None) -> Tensor:
        """The default's result times the performer's factor."""
        assert shades is not None
        colour, detail = shades
        return tinted(window(crop_13SS), delta_13SW, stretched(colour, self.size), detail)


def at_size(trained: PerformerReager, size: int) -> PerformerReager:
    """The same weights at another size."""
    default = trained.default
    return PerformerReager(default_at_size(default, size, default.trunk.emphasis), trained.tables).eval()
