"""The performer's network as it is exported, in the forms of `training.exported`.

The tables are mixed on the mean face by how far each age is each era, and read where the trunk places each pixel.
Legend as there; K eras.
"""

import torch
from torch import Tensor
from torch.nn import functional

from playingage.training.exported import Exported, at_places, read, stretched, window
from playingage.training.network import GATE_YEARS, GRID, Reager, stretch
from playingage.training.performer.network import PerformerReager, at, hat_weights, tinted

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
            "smooth": torch.cat([tables.shape, tables.colour], dim=1), "detail": trained.sized_detail(),
        }
        with torch.no_grad():
            for name, value in values.items():
                self.register_buffer(name, value.detach().clone(), persistent=False)

    def apart(self, source_11GG: Tensor, target_11GG: Tensor) -> Tensor:
        """1 x K x G x G: how much more of each era the target is than the source."""
        return hat_weights(target_11GG, self.ages) - hat_weights(source_11GG, self.ages)

    def years(self, source_11GG: Tensor, target_11GG: Tensor) -> Tensor:
        """F x GG: years that are left to the default, by channel of the plan."""
        first, last = self.ages[:1], self.ages[-1:]
        apart = self.apart(source_11GG, target_11GG).reshape(len(self.ages), -1)
        ends = [functional.relu(age - last) - functional.relu(first - age) for age in (source_11GG, target_11GG)]
        beyond = (ends[1] - ends[0]).reshape(1, -1)
        # The last column: how much of a year beyond the archive counts.
        return (self.untold[:, :-1] @ apart + self.untold[:, -1:] * beyond) / GATE_YEARS

    def placed(
        self, warp_12GG: Tensor, place_12GG: Tensor, apart: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
        """The warp with the performer's own; change of colour on the grid, and of detail at S x W."""
        assert apart is not None
        eras = len(self.ages)
        mixed = (apart.reshape(eras, 1, GRID, GRID) * self.smooth).sum(dim=0, keepdim=True)
        shape, colour = torch.split(at(mixed, place_12GG), [2, 3], dim=1)
        size = self.size
        wide = stretch(apart.reshape(eras, 1, GRID, GRID), size).reshape(1, eras, size, size)
        change = (wide * self.detail[None]).sum(dim=1, keepdim=True)
        return warp_12GG - shape, (colour, read(change, at_places(place_12GG, self.identity, size)))

    def tinted(self, crop_13SS: Tensor, delta_13SW: Tensor, shades: tuple[Tensor, Tensor] | None) -> Tensor:
        """The default's result times the performer's factor."""
        assert shades is not None
        colour, detail = shades
        return tinted(window(crop_13SS), delta_13SW, stretched(colour, self.size), detail)


def at_size(trained: PerformerReager, size: int) -> PerformerReager:
    """The same weights at another size."""
    default = Reager(trained.default.trunk.config, size)
    default.trunk.emphasis = trained.default.trunk.emphasis
    default.load_state_dict(trained.default.state_dict())
    return PerformerReager(default, trained.tables).eval()
