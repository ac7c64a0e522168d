"""A performer's network: the default re-ager, and tables of what the performer's face was at each age.

Where each pixel lies on the face is told by its landmarks. Between two ages that the archive knows, the difference of
the tables is laid on the picture: shape as a warp, colour and detail as factors, so that light, expression and gaze
stay the performance's. For years that the archive does not know the default's change is taken instead, part by part
(`untold`). Ages between eras are interpolated.

Legend: B batch, K eras, G grid (64), H = 256, T side of the detail tables, S side of the crop. Colour: display-encoded
RGB, 0..1. Ages: years / 100. Displacements: parts of half the crop's side.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from playingage.training.arrays import Array, f32
from playingage.training.network import GATE_YEARS, WORK, Reager, displaced, identity, stretch
from playingage.training.performer.atlas import Atlas
from playingage.training.performer.frames import EPSILON

LOUDEST = 0.3
"""Largest rise of the logarithm of an octave's amplitude; it may fall by four times that."""
DEEPEST = 1.5
"""Largest change of the logarithm that tables may ask."""
PARTS = 3
"""Shape, colour and detail have their own share of knowledge."""


class Tables(nn.Module):
    """The atlas as parameters, with what is not told by it."""

    ages: Tensor
    untold: Tensor
    like_others: Tensor

    def __init__(self, atlas: Atlas, like_others: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
        super().__init__()
        self.register_buffer("ages", torch.from_numpy(atlas.ages / 100))
        self.register_buffer("untold", torch.from_numpy(untold_years(atlas)))
        self.register_buffer("like_others", torch.tensor(like_others).view(1, PARTS, 1, 1))
        self.shape = nn.Parameter(torch.from_numpy(atlas.shape.copy()))
        self.colour = nn.Parameter(torch.from_numpy(atlas.colour.copy()))
        self.detail = nn.Parameter(torch.from_numpy(atlas.detail.copy()))
        self.gain = nn.Parameter(torch.from_numpy(atlas.gain.copy()))

    @property
    def smooth(self) -> Tensor:
        """K x 8 x G x G: shape, colour, gain."""
        return torch.cat([self.shape, self.colour, self.gain], dim=1)

    def weights(self, age_B1GG: Tensor) -> Tensor:
        """B x K x G x G: how much of each era an age is, by linear interpolation; the nearest era beyond the ends."""
        return hat_weights(age_B1GG, self.ages)

    def years(self, age_B1GG: Tensor) -> Tensor:
        """B x 3 x G x G: of shape, colour and detail, how many years (/ 100) up to this age the archive leaves to the
        default.
        """
        inside = torch.einsum("bkyx,kp->bpyx", self.weights(age_B1GG), self.untold)
        first, last = self.ages[0], self.ages[-1]
        outside = functional.relu(age_B1GG - last) - functional.relu(first - age_B1GG)
        return (inside + outside) * self.like_others

    def told_by_channel(self, parts: list[int]) -> Tensor:
        """F x (K + 1): for channels that belong to `parts`, `untold` and what a year beyond the archive counts."""
        ends = torch.ones_like(self.untold[:1])
        return (torch.cat([self.untold, ends]) * self.like_others.view(1, PARTS)).T[parts]


def hat_weights(age_B1GG: Tensor, ages_K: Tensor) -> Tensor:
    """B x K x G x G: piecewise linear weights of the eras, which sum to 1."""
    eras = len(ages_K)
    if eras == 1:
        return torch.ones_like(age_B1GG)
    gap = (ages_K[1:] - ages_K[:-1]).view(1, -1, 1, 1)
    rising = torch.clamp((age_B1GG - ages_K[:-1].view(1, -1, 1, 1)) / gap, 0, 1)
    before = torch.cat([torch.ones_like(age_B1GG), rising], dim=1)
    after = torch.cat([rising, torch.zeros_like(age_B1GG)], dim=1)
    return before - after


def untold_years(atlas: Atlas) -> Array:
    """K x 3: years / 100 from the first era to each that are left to the default, for shape, colour and detail."""
    share = np.sqrt(np.maximum(atlas.share[1:] * atlas.share[:-1], 0))
    gaps = np.diff(atlas.ages)[:, None] / 100 * (1 - share)
    return f32(np.concatenate([np.zeros((1, PARTS)), np.cumsum(gaps, axis=0)]))


class PerformerReager(nn.Module):
    """Crop and age maps to an RGB change and a matte, at 256, 512 or 1024 px, as `Reager` does."""

    def __init__(self, default: Reager, tables: Tables) -> None:
        super().__init__()
        self.default = default
        self.tables = tables

    @property
    def size(self) -> int:
        """Side of the crop in pixels."""
        return self.default.size

    def forward(
        self, crop_BCSS: Tensor, source_B1GG: Tensor, target_B1GG: Tensor, place_B2GG: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(delta, matte 0..1): `crop + delta * matte` is the face at the target age. Ages on the grid, G x G.

        `place`: how far off each cell lies on the mean face (`faces.placing`), which the trunk only guesses.
        """
        default, tables, size = self.default, self.tables, self.size
        half = functional.avg_pool2d(crop_BCSS, size // WORK) if size != WORK else crop_BCSS
        years = (tables.years(target_B1GG) - tables.years(source_B1GG)) / GATE_YEARS
        plan = replace(default.trunk(half, source_B1GG, target_B1GG, years), place=place_B2GG)
        before = tables.weights(source_B1GG)
        apart = tables.weights(target_B1GG) - before
        smooth = torch.einsum("bkyx,kcyx->bcyx", apart, tables.smooth)
        shape, colour, louder = torch.split(at(smooth, plan.place), [2, 3, 3], dim=1)
        gain = factors(louder)
        # A place that moves is read from where it was.
        plan = replace(plan, warp=plan.warp - shape, gain=plan.gain + gain - 1)
        delta, matte = default.act(crop_BCSS, plan)
        detail = self._detail(apart, before, place_B2GG, gain)
        delta = tinted(crop_BCSS, delta, stretch(colour, size), detail)
        return delta, torch.sigmoid(matte)

    def sized_detail(self) -> Tensor:
        """K x S x S: the tables of detail at the crop's size."""
        table = self.tables.detail
        if table.shape[-1] == self.size:
            return table
        if table.shape[-1] > self.size:
            return functional.avg_pool2d(table[None], table.shape[-1] // self.size)[0]
        return functional.interpolate(table[None], size=self.size, mode="bicubic", align_corners=False)[0]

    def _detail(self, apart_BKGG: Tensor, before_BKGG: Tensor, place_B2GG: Tensor, gain_B3GG: Tensor) -> Tensor:
        """B x 1 x S x S: change of detail, logarithm, on top of what the gains do to the detail that is there."""
        table = self.sized_detail()[None]
        both = [(stretch(weights, self.size) * table).sum(dim=1, keepdim=True) for weights in (apart_BKGG, before_BKGG)]
        change, own = torch.split(at(torch.cat(both, dim=1), stretch(place_B2GG, self.size)), 1, dim=1)
        return change + own * (1 - stretch(gain_B3GG[:, 1:].mean(dim=1, keepdim=True), self.size))


def factors(louder: Tensor) -> Tensor:
    """Factors on octaves of detail from differences of logarithms."""
    return torch.exp(torch.clamp(louder, -4 * LOUDEST, LOUDEST))


def tinted(crop: Tensor, delta: Tensor, colour_B3SS: Tensor, detail_B1SS: Tensor) -> Tensor:
    """The change `delta` of a crop with a factor laid on its result, given as logarithms."""
    factor = torch.exp(torch.clamp(colour_B3SS + detail_B1SS, -DEEPEST, DEEPEST))
    return (crop + delta + EPSILON).clamp(min=EPSILON / 4) * factor - EPSILON - crop


def at(maps: Tensor, place_B2YX: Tensor) -> Tensor:
    """Maps on the mean face read where each pixel lies on it."""
    return displaced(maps, identity(maps.shape[-1]).to(maps), place_B2YX)
