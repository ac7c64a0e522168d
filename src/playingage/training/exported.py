"""The re-ager as it is exported: the weights and the function of `Reager`, in the form that run times on CPUs do fast.

A run time spends its time in convolutions, which stay as they are, and in moving numbers about, which is what changes
here. Measured with OpenVINO on one thread (docs/performance.md):
- Enlarging few channels is a product with a small matrix for blocks of columns, and sums of shifted rows.
- Pixels go straight to the order that convolutions want, without a planar picture in between.
- Ages come on the grid, where the trunk wants them; nothing is as large as the crop but the picture and the change.
- Donors are mixed before they are read, so that one channel is read.
- Columns at the crop's sides, which no face reaches, are left out of everything but the trunk; the matte ends before
  them, and so does it before the crop's upper and lower border.
- A convolution of a bilinear enlargement is, but for the border, the enlargement by repetition convolved and then
  smoothed; repeated pixels have four different neighbours instead of nine.
- Where a texture is read is a product that ends in float32: places of eight bits would make lines jagged.

Legend of shapes: S side of the crop (256, 512 or 1024), H = 256, G = 64 grid, W columns of the window at the scale of
the rows beside it, F channels of the plan. The batch is always 1. Units as in `network`.
"""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from playingage.training.network import GATE_YEARS, GRID, VIVID, WORK, Reager, bilinear, grow, tint

SIDE = 4
"""Columns of the grid left out on either side. In 203 faces turned up to 43 degrees none reached into them."""
_ACROSS = GRID - 2 * SIDE
_FADE = (6, 12)
"""Pixels of 256, counted from the window's border, between which the matte rises from none to all."""
_BLOCKS = 7
"""Blocks across the window: short rows and few of their neighbours make the small matrices."""
ORDER = (0, 1, 2, 3, 6, 5, 11, 4, 7, 8, 9, 10)
"""The plan's channels (place, warp, gain, colour, lines, fill) sorted by what becomes of them, so that parts lie
together: place, warp, coarse gain, middle gain, fill, fine gain, colour, lines."""
_PARTS = [2, 2, 1, 2, 6]
TAPS = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
"""Which rows of a 3 x 3 kernel meet the same pixel once pixels are repeated: 4 x 3."""
_PLACE, _WARP, _LINES, _ONE = slice(0, 2), slice(2, 4), 11, 12


class Exported(nn.Module):
    """A trained `Reager` in its exported form, for one crop: (delta 1 x 3 x S x W, matte 1 x 1 x S x W).

    Takes the crop 1 x 3 x S x S and ages 1 x 1 x G x G. What lies left and right of the window does not change.
    """

    weight: Tensor
    bias: Tensor
    habit: Tensor
    by_years: Tensor
    by_older: Tensor
    always: Tensor
    where: Tensor
    usual_matte: Tensor
    identity: Tensor
    across: Tensor
    down: Tensor

    def __init__(self, trained: Reager) -> None:
        super().__init__()
        self.trained = trained
        self.size = trained.size
        trunk = trained.trunk
        widths, edge = trunk.config.widths, trunk.config.edge
        # Only where features are finest: what differs at the border reaches farther inwards from coarser ones.
        self.up = _Join(trunk.up[0], slice(0, widths[1]))
        self.join = _Join(trunk.join, slice(edge, edge + widths[0]))
        with torch.no_grad():
            for name, value in _constants(trained).items():
                self.register_buffer(name, value.clone(), persistent=False)

    def forward(
        self, crop_13SS: Tensor, source_11GG: Tensor, target_11GG: Tensor, place_12GG: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(delta, matte 0..1) of the window: `crop + delta * matte` is the face at the target age.

        `place`, where it is given, stands for what the trunk makes out itself.
        """
        apart = self.apart(source_11GG, target_11GG)
        even = (_reduced(crop_13SS, self.size // WORK) - 0.5) * 2
        ages = [source_11GG * 4 - 2, target_11GG * 4 - 2, (target_11GG - source_11GG) / GATE_YEARS]
        fine_1CGG, donors = self._trunk(even, ages)
        plan = self._plan(fine_1CGG, self.years(source_11GG, target_11GG, apart))
        place, warp, coarse, middle, maps = torch.split(plan, _PARTS, dim=1)
        place = place if place_12GG is None else place_12GG
        parts, shades = self.placed([place, warp, coarse, middle, maps], apart)
        place, warp, coarse, middle, maps = parts
        sharp, matte = torch.split(self._sharp(even, fine_1CGG), 1, dim=1)
        moved = read(crop_13SS, at_places(warp, self.identity, self.size))
        half = _reduced(moved, self.size // WORK)
        finest, colour, lines, years = torch.split(_stretch(maps), [1, 3, 1, 1], dim=1)
        shade = sharp * years + read(self._lent(donors), _rows_last(place)) * lines
        light = half[:, 0:1] * 0.3 + half[:, 1:2] * 0.59 + half[:, 2:3] * 0.11
        change = colour + shade * (half + 0.08) * tint(half) + _detail(light, finest, window(coarse), window(middle))
        both = _enlarged(torch.cat([change, matte], dim=1), self.size // WORK)
        change, matte = torch.split(both, [3, 1], dim=1)
        delta = self.tinted(crop_13SS, change + moved - window(crop_13SS), shades)
        return delta, torch.sigmoid(matte) * self.across * self.down

    def apart(self, source_11GG: Tensor, target_11GG: Tensor) -> Tensor | None:
        """What a performer's tables add between the ages; the default has none."""
        return None

    def years(self, source_11GG: Tensor, target_11GG: Tensor, apart: Tensor | None) -> Tensor:
        """1 x GG, or F x GG where parts of the plan differ: years between the ages, of `GATE_YEARS`."""
        return ((target_11GG - source_11GG) / GATE_YEARS).reshape(1, -1)

    def placed(self, parts: list[Tensor], apart: Tensor | None) -> tuple[list[Tensor], tuple[Tensor, Tensor] | None]:
        """The plan's parts (place, warp, coarse, middle, maps) with a performer's own, and their change of colour and
        detail.
        """
        return parts, None

    def tinted(self, crop_13SS: Tensor, delta_13SW: Tensor, shades: tuple[Tensor, Tensor] | None) -> Tensor:
        """The change with a performer's own laid on."""
        return delta_13SW

    def _trunk(self, even_13HH: Tensor, ages: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The finest level's features 1 x C x G x G, and the donors' shares 1 x D."""
        trunk = self.trained.trunk
        grid = [_unshuffle(even_13HH, WORK // GRID), *(age.reshape(1, GRID, GRID, 1) for age in ages), self.where]
        h = trunk.stem(torch.cat(grid, dim=-1).permute(0, 3, 1, 2))
        kept = []
        for i, block in enumerate(trunk.down):
            h = block(functional.avg_pool2d(h, 2) if i else h)
            kept.append(h)
        for i in reversed(range(1, len(trunk.up))):
            h = trunk.up[i](torch.cat([grow(h, 2), kept[i]], dim=1))
        return self.up(h, kept[0]), torch.softmax(trunk.lender(kept[-1].mean(dim=(2, 3))), dim=1)

    def _plan(self, fine_1CGG: Tensor, step: Tensor) -> Tensor:
        """All smooth maps, gated, sorted by `ORDER`, and the gate itself behind them: 1 x F x G x G."""
        emphasis = self.trained.trunk.emphasis
        older = functional.relu(step) * emphasis.older
        years = older - functional.relu(-step) * emphasis.younger
        # As F x GG: broadcasting along channels that lie innermost is slow.
        maps = functional.conv2d(fine_1CGG, self.weight, self.bias, padding=1).reshape(_ONE + 1, -1) + self.habit
        gated = maps * (years * self.by_years + older * self.by_older + self.always)
        return gated.reshape(1, -1, GRID, GRID)

    def _sharp(self, even_13HH: Tensor, fine_1CGG: Tensor) -> Tensor:
        """The sharp part of the change, not yet gated, and the matte's logits: 1 x 2 x H x W."""
        trunk = self.trained.trunk
        edges = trunk.edge(_unshuffle(window(even_13HH), 2).permute(0, 3, 1, 2))
        both: Tensor = trunk.sharp(self.join(window(fine_1CGG), edges))
        rows, columns = both.shape[2:]
        apart = both.permute(0, 2, 3, 1).reshape(rows, columns, 2, 2, 2).permute(2, 0, 3, 1, 4)
        return apart.reshape(1, 2, 2 * rows, 2 * columns) + self.usual_matte

    def _lent(self, donors_1D: Tensor) -> Tensor:
        shares = donors_1D / torch.linalg.vector_norm(donors_1D, dim=1, keepdim=True) ** VIVID
        lines: Tensor = shares @ self.trained.textures.flatten(2)[0]
        return lines.reshape(1, 1, WORK, WORK)


class _Join(nn.Module):
    """A block over coarse features, enlarged by 2, and a picture's own: as `block(cat)`, but for the border.

    Enlarging by repetition and then convolving is one transposed convolution; smoothing its result is what makes the
    enlargement bilinear. At the border that takes nothing for what lies beyond, where the block repeats it.
    """

    repeating: Tensor
    smoothing: Tensor
    own: Tensor

    def __init__(self, block: nn.Module, coarse: slice) -> None:
        super().__init__()
        first, *rest = block.children()
        assert isinstance(first, nn.Conv2d)
        self.bias = first.bias
        self.rest = nn.Sequential(*rest)
        row = torch.tensor([0.25, 0.5, 0.25])
        with torch.no_grad():
            repeating = (TAPS @ first.weight[:, coarse] @ TAPS.T).transpose(0, 1).clone()
            own = torch.cat([first.weight[:, : coarse.start], first.weight[:, coarse.stop :]], dim=1)
        self.register_buffer("repeating", repeating, persistent=False)
        self.register_buffer("own", own, persistent=False)
        smoothing = torch.outer(row, row).expand(first.out_channels, 1, 3, 3).clone()
        self.register_buffer("smoothing", smoothing, persistent=False)

    def forward(self, coarse_1CYX: Tensor, own_1DYX: Tensor) -> Tensor:
        """Coarse features and own ones of twice their size."""
        enlarged = functional.conv_transpose2d(coarse_1CYX, self.repeating, stride=2, padding=1)
        smooth = functional.conv2d(enlarged, self.smoothing, padding=1, groups=enlarged.shape[1])
        done: Tensor = self.rest(functional.conv2d(own_1DYX, self.own, self.bias, padding=1) + smooth)
        return done


def fade(size: int, length: int) -> NDArray[np.float32]:
    """What the matte is multiplied with across a `length` of pixels: 0 at both ends, 1 inside."""
    place = (np.arange(length) + 0.5) * (WORK / size)
    nearest = np.minimum(place, place[::-1])
    return np.asarray(np.clip((nearest - _FADE[0]) / (_FADE[1] - _FADE[0]), 0, 1), np.float32)


def _constants(trained: Reager) -> dict[str, Tensor]:
    """What can be worked out before: the plan's layer in its new order, gates, places, the window's parts."""
    trunk, order = trained.trunk, list(ORDER)
    weight, bias, habit = trunk.smooth.weight[order], trunk.smooth.bias, trunk.habit[0, order]
    assert bias is not None
    gates = torch.zeros(3, _ONE + 1, 1)
    gates[0], gates[0, _WARP] = 1.0, 0.1
    gates[0, _PLACE] = gates[0, _LINES] = 0.0
    gates[1, _LINES] = trunk.emphasis.lines
    gates[2, _PLACE] = 1.0
    nothing = torch.zeros(1, 1, WORK, _ACROSS * WORK // GRID)
    return {
        # One more channel that is always 1: gated, it is the gate that the sharp change needs at H.
        "weight": torch.cat([weight, torch.zeros_like(weight[:1])]),
        "bias": torch.cat([bias[order], torch.ones(1)]),
        "habit": torch.cat([habit, torch.zeros_like(habit[:1])]).flatten(1),
        "by_years": gates[0], "by_older": gates[1], "always": gates[2],
        "where": grow(trunk.where, GRID // 32).permute(0, 2, 3, 1),
        "usual_matte": torch.cat([nothing, window(trunk.usual_matte)], dim=1),
        "identity": window(trained.identity_full.permute(0, 3, 1, 2)).permute(0, 2, 3, 1),
        "across": torch.from_numpy(fade(trained.size, trained.size * _ACROSS // GRID)),
        "down": torch.from_numpy(fade(trained.size, trained.size))[:, None],
    }


def window(value: Tensor) -> Tensor:
    """The columns that a face can reach, of anything that is as wide as the crop."""
    return value[..., _inner(value.shape[-1])]


def _inner(width: int) -> slice:
    side = window_side(width)
    return slice(side, width - side)


def window_side(width: int) -> int:
    """Columns left out on either side of something `width` columns wide."""
    return SIDE * width // GRID


def at_places(offset_12GG: Tensor, identity_1SW2: Tensor, size: int) -> Tensor:
    """1 x S x W x 2: places of the window, moved by an offset from the grid."""
    return _columns_last(offset_12GG, size) + identity_1SW2


def stretched(maps_1CGG: Tensor, size: int) -> Tensor:
    """Maps from the grid to the window at `size` (256, 512 or 1024): 1 x C x S x W."""
    return _enlarged(_stretch(maps_1CGG), size // WORK)


def _unshuffle(value_1CYX: Tensor, factor: int) -> Tensor:
    """As pixel_unshuffle, channels last: 1 x Y/f x X/f x (C f f)."""
    _, channels, rows, columns = value_1CYX.shape
    parts = value_1CYX.reshape(channels, rows // factor, factor, columns // factor, factor).permute(1, 3, 0, 2, 4)
    return parts.reshape(1, rows // factor, columns // factor, channels * factor * factor)


def read(picture: Tensor, places: Tensor) -> Tensor:
    """The picture at places in -1..1."""
    return functional.grid_sample(picture, places, mode="bilinear", padding_mode="border", align_corners=False)


def _detail(light_11HW: Tensor, finest_11HW: Tensor, coarse_11GW: Tensor, middle_12GW: Tensor) -> Tensor:
    """As the training's: octaves of lightness by their gains, dark lines by `fill` (second of `middle`)."""
    half = functional.avg_pool2d(light_11HW, 2)
    quarter = functional.avg_pool2d(half, 2)
    eighth = functional.avg_pool2d(quarter, 2)
    coarse = (quarter - _enlarge(eighth, 2)) * coarse_11GW
    smooth, gain, fill, low = torch.split(_enlarge(torch.cat([quarter, middle_12GW, coarse], dim=1), 2), 1, dim=1)
    lines = functional.relu(_enlarge(eighth, 4) - half) * fill
    mean, rest = torch.split(_double(torch.cat([half, (half - smooth) * gain + lines + low], dim=1)), 1, dim=1)
    return (light_11HW - mean) * finest_11HW + rest


def _reduced(value_1CYX: Tensor, factor: int) -> Tensor:
    """Means over squares of 1, 2 or 4 pixels a side."""
    while factor > 1:
        value_1CYX, factor = _halve(value_1CYX), factor // 2
    return value_1CYX


def _enlarged(value_1CYX: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement of something large by 1, 2 or 4."""
    while factor > 1:
        value_1CYX, factor = _double(value_1CYX), factor // 2
    return value_1CYX


def _halve(value_1CYX: Tensor) -> Tensor:
    """Means of 2 x 2 pixels."""
    _, channels, rows, columns = value_1CYX.shape
    pairs = value_1CYX.reshape(1, channels, -1, 64) @ _constant(_halving())
    pairs = pairs.reshape(channels, rows // 2, 2, columns // 2)
    return (pairs[:, :, 0] + pairs[:, :, 1])[None]


def _enlarge(value_1CYX: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement of something small."""
    rows, columns = value_1CYX.shape[2:]
    wide = value_1CYX @ _constant(bilinear(columns, factor * columns).T)
    return _constant(bilinear(rows, factor * rows)) @ wide


def _double(value_1CYX: Tensor) -> Tensor:
    """Bilinear enlargement by 2 of something large."""
    _, channels, rows, columns = value_1CYX.shape
    near, far = value_1CYX * 0.75, value_1CYX * 0.25
    above = near + torch.cat([far[:, :, :1], far[:, :, :-1]], dim=2)
    below = near + torch.cat([far[:, :, 1:], far[:, :, -1:]], dim=2)
    tall = torch.stack([above, below], dim=3).reshape(1, channels, 2 * rows, columns)
    wide = columns // _BLOCKS
    edges = [max(0, i * wide - 1) for i in range(_BLOCKS)], [min(columns, i * wide + 1) for i in range(1, _BLOCKS + 1)]
    parts = [tall[..., low:high] for low, high in zip(*edges, strict=True)]
    blocks = torch.cat([tall[..., :1], *parts, tall[..., -1:]], dim=-1).reshape(1, channels, -1, wide + 2)
    return (blocks @ _constant(_across(wide, 2))).reshape(1, channels, 2 * rows, 2 * columns)


def _stretch(maps_1CGG: Tensor) -> Tensor:
    """Maps from the grid to the window at H: 1 x C x H x W."""
    blocks = _constant(bilinear(GRID, WORK)) @ (maps_1CGG @ _constant(_overlapping()))
    wide = _ACROSS // _BLOCKS
    blocks = blocks.reshape(1, maps_1CGG.shape[1], -1, wide + 2) @ _constant(_across(wide, WORK // GRID))
    return blocks.reshape(1, maps_1CGG.shape[1], WORK, -1)


def _columns_last(offset_12GG: Tensor, size: int) -> Tensor:
    """An offset from the grid to the window at `size`, as places are given: 1 x S x W x 2."""
    lying = offset_12GG.permute(0, 2, 3, 1).reshape(GRID, -1) @ _constant(_pairs(_overlapping()))
    wide = _ACROSS // _BLOCKS
    blocks = (_constant(bilinear(GRID, size)) @ lying).reshape(-1, 2 * (wide + 2))
    return (blocks @ _constant(_pairs(_across(wide, size // GRID)))).reshape(1, size, -1, 2)


def _rows_last(offset_12GG: Tensor) -> Tensor:
    """Places at H and their offset from the grid: 1 x H x W x 2, float32 to the end.

    A product with a float32 constant before it is what run times leave in float32; so the places themselves are rows of
    it (at H they are exact in bf16).
    """
    columns = bilinear(GRID, WORK).T[:, _inner(WORK)]
    lying = offset_12GG.permute(0, 2, 3, 1).reshape(GRID, -1) @ _constant(_pairs(columns))
    axis = ((np.arange(WORK) + 0.5) * (2 / WORK) - 1).astype(np.float32)
    # Last rows of the second factor: every column's own place, and where to put the row's, which the first one has.
    across, down = np.kron(axis[_inner(WORK)], [[1, 0]]), np.kron(np.ones(columns.shape[1]), [[0, 1]])
    rows = np.column_stack([bilinear(GRID, WORK), np.ones_like(axis), axis])
    places = _constant(rows) @ torch.cat([lying, _constant(np.concatenate([across, down]))])
    return places.reshape(1, WORK, -1, 2)


def _constant(value: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(value, np.float32))


@cache
def _halving() -> NDArray[np.float32]:
    """64 x 32: quarters of neighbouring columns' sums."""
    return np.repeat(np.eye(32, dtype=np.float32) * np.float32(0.25), 2, axis=0)


@cache
def _overlapping() -> NDArray[np.float32]:
    """G x (blocks * (wide + 2)): copies the window's columns into blocks, each with its two neighbours."""
    wide = _ACROSS // _BLOCKS
    columns = [SIDE + i * wide + k for i in range(_BLOCKS) for k in range(-1, wide + 1)]
    return np.eye(GRID, dtype=np.float32)[:, columns]


@cache
def _across(wide: int, factor: int) -> NDArray[np.float32]:
    """(wide + 2) x (wide * factor): a block with its neighbours to its enlargement."""
    return bilinear(wide + 2, (wide + 2) * factor)[factor:-factor].T


def _pairs(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same matrix for x and y that lie side by side."""
    return np.asarray(np.kron(matrix, np.eye(2)), np.float32)
