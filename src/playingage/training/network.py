"""The re-ager's network: a small U-Net that decides, and fixed arithmetic that does it to the picture itself.

The trunk works on a 64 x 64 grid for both sizes. It predicts smooth maps: where each place lies on the mean face, a
warp of the picture, gains of the picture's own detail, how far its lines are filled or deepened, a change of colour,
how strongly new lines are laid on; and for the whole face, whose lines: shares of older faces' wrinkles. A finer branch
adds sharp change and a matte. Warp and gains act on the picture at its own size, so that pores and grain are moved and
kept, never painted; wrinkles live in textures of the mean face, so that they stay lines and stay on the skin. The 512
variant is the same weights read at half size.

Legend of shapes: B batch, C channels, S side of the crop (256 or 512), H = 256 working side, G = 64 grid, D donors.
Colour: display-encoded RGB, 0..1. Ages: years / 100. Displacements: parts of half the crop's side.
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

GRID = 64
WORK = 256
SIZES = (WORK, 2 * WORK, 4 * WORK)
GATE_YEARS = 0.25
"""Ages apart by this much (in years / 100) scale the change by one."""
VIVID = 0.7
"""Several donors' lines laid over each other keep nearly the contrast of one: a mean would fade."""
_FINE = 2
_LEAK = 0.2
"""Slope below zero. Without one, and without normalisation, half of the channels died in the first hundred steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Widths of the trunk from fine to coarse, convolutions per level, textures of lines on the mean face.

    `edge`: width of the finer branch that draws the matte and the sharp part of the change.
    """

    widths: tuple[int, ...] = (48, 80, 112)
    depth: int = 2
    textures: int = 16
    edge: int = 16
    places: int = 8
    """Channels of a learned map that tells the trunk where in the crop it is."""

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or any(w < 1 for w in self.widths):
            raise ValueError("the trunk wants at least two widths, all positive")
        if min(self.depth, self.textures, self.places, self.edge) < 1:
            raise ValueError("depth, textures, places and edge are at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emphasis:
    """Factors on the learned change of an exported network, for older and for younger.

    `lines` strengthens the donors' wrinkles when getting older: lines that cannot be placed to the pixel are learned
    too faintly, whatever the loss. `shape`, `light`, `chroma` and `fill` scale the warp, the two parts of the change of
    colour, and the filling or deepening of own lines, both ways. `choice` makes the shares of donors more decided: the
    network hedges where it cannot tell, and lines of many faces at once are no one's.
    """

    older: float = 1.0
    younger: float = 1.0
    lines: float = 1.0
    shape: float = 1.0
    light: float = 1.0
    chroma: float = 1.0
    fill: float = 1.0
    choice: float = 1.0

    def __post_init__(self) -> None:
        if min(getattr(self, factor.name) for factor in fields(self)) <= 0:
            raise ValueError("factors are positive")


class _Block(nn.Sequential):
    def __init__(self, width_in: int, width: int, depth: int) -> None:
        layers: list[nn.Module] = []
        for i in range(depth):
            layers += [nn.Conv2d(width if i else width_in, width, 3, padding=1), nn.LeakyReLU(_LEAK, inplace=True)]
        super().__init__(*layers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What the trunk decided, each B x C x G x G except `fine` and `matte` (logits), which are B x 1 x H x H.

    `place` 2 (offset to the mean face), `warp` 2, `gain` 3, `colour` 3, `lines` 1 (strength of the donors' lines),
    `fill` 1 (share of the face's own dark lines that is filled; below 0 they deepen), `donors` B x D shares that sum to
    1. All but `place`, `donors` and `matte` are gated by the years.
    """

    place: Tensor
    warp: Tensor
    gain: Tensor
    colour: Tensor
    lines: Tensor
    fill: Tensor
    donors: Tensor
    fine: Tensor
    matte: Tensor


class Trunk(nn.Module):
    """Crop at 256 px and age maps on the grid to a `Plan`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        widths, edge = config.widths, config.edge
        self.config = config
        self.emphasis = Emphasis()
        self.sizes = [2, 2, 3, 3, 1, 1]
        # What is done to the average face, to which the trunk adds what this face needs.
        self.habit = nn.Parameter(torch.zeros(1, sum(self.sizes), GRID, GRID))
        self.usual_matte = nn.Parameter(torch.zeros(1, 1, WORK, WORK))
        self.where = nn.Parameter(torch.randn(1, config.places, 32, 32) * 0.3)
        self.stem = _Block(3 * 16 + 3 + config.places, widths[0], 1)
        self.down = nn.ModuleList(
            _Block(widths[max(i - 1, 0)], w, config.depth if i else max(config.depth - 1, 1))
            for i, w in enumerate(widths)
        )
        self.up = nn.ModuleList(
            _Block(widths[i] + widths[i + 1], widths[i], config.depth) for i in range(len(widths) - 1)
        )
        self.edge = _Block(3 * 4, edge, 1)
        self.join = _Block(edge + widths[0], 2 * edge, 1)
        self.smooth = nn.Conv2d(widths[0], sum(self.sizes), 3, padding=1)
        self.sharp = nn.Conv2d(2 * edge, 2 * _FINE**2, 3, padding=1)
        self.lender = nn.Sequential(nn.Linear(widths[-1], 64), nn.LeakyReLU(_LEAK), nn.Linear(64, config.textures))
        _start(self)
        for head in (self.smooth, self.sharp):
            nn.init.normal_(head.weight, std=0.003)

    def forward(
        self, crop_BCHH: Tensor, source_B1GG: Tensor, target_B1GG: Tensor, years_B3GG: Tensor | None = None
    ) -> Plan:
        """Decide. `crop` B x 3 x 256 x 256 RGB 0..1; ages B x 1 x 64 x 64.

        `years`: steps of shape, colour and detail, of `GATE_YEARS`, where they are not the whole step between the ages.
        """
        step = (target_B1GG - source_B1GG) / GATE_YEARS
        where = grow(self.where, GRID // 32).expand(crop_BCHH.shape[0], -1, -1, -1)
        even = (crop_BCHH - 0.5) * 2
        ages = [source_B1GG * 4 - 2, target_B1GG * 4 - 2, step]
        h = self.stem(torch.cat([functional.pixel_unshuffle(even, 4), *ages, where], dim=1))
        kept = []
        for i, block in enumerate(self.down):
            h = block(functional.avg_pool2d(h, 2) if i else h)
            kept.append(h)
        for i in reversed(range(len(self.up))):
            h = self.up[i](torch.cat([grow(h, 2), kept[i]], dim=1))
        donors = torch.softmax(self.lender(kept[-1].mean(dim=(2, 3))), dim=1)
        place, warp, gain, colour, lines, fill = torch.split(self.smooth(h) + self.habit, self.sizes, dim=1)
        edges = self.edge(functional.pixel_unshuffle(even, 2))
        sharp = self.sharp(self.join(torch.cat([edges, grow(h, 2)], dim=1)))
        fine, matte = torch.split(functional.pixel_shuffle(sharp, _FINE), 1, dim=1)
        years = step.expand(-1, 3, -1, -1) if years_B3GG is None else years_B3GG
        older, younger = functional.relu(years) * self.emphasis.older, functional.relu(-years) * self.emphasis.younger
        shape, shade, detail = torch.split(older - younger, 1, dim=1)
        return Plan(place=place, warp=warp * shape * 0.1, gain=gain * detail, colour=colour * shade, donors=donors,
                    lines=lines * older[:, 2:] * self.emphasis.lines, fill=fill * detail,
                    fine=fine * stretch(detail, WORK), matte=matte + self.usual_matte)


def _start(trunk: nn.Module) -> None:
    """He et al., "Delving deep into rectifiers", 2015: without normalisation signals must keep their size."""
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, _LEAK)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class Reager(nn.Module):
    """The protocol: crop and age maps to an RGB change and a matte, at 256, 512 or 1024 px.

    The moved picture is read by linear interpolation: cubic kept a tenth more of the skin's sharpness, and cost a fifth
    of the whole network's time.
    """

    identity_full: Tensor
    identity_work: Tensor

    def __init__(self, config: NetworkConfig, size: int = WORK) -> None:
        super().__init__()
        if size not in SIZES:
            raise ValueError(f"the network works at {', '.join(map(str, SIZES))} px, not {size}")
        self.size = size
        self.trunk = Trunk(config)
        self.textures = nn.Parameter(torch.zeros(1, config.textures, WORK, WORK))
        self.register_buffer("identity_full", identity(size), persistent=False)
        self.register_buffer("identity_work", identity(WORK), persistent=False)

    def plan(self, crop_BCSS: Tensor, source_B1SS: Tensor, target_B1SS: Tensor) -> Plan:
        """The trunk's decisions for crops at the network's size."""
        half = functional.avg_pool2d(crop_BCSS, self.size // WORK) if self.size != WORK else crop_BCSS
        step = self.size // GRID
        ages = [functional.avg_pool2d(age, step) for age in (source_B1SS, target_B1SS)]
        plan: Plan = self.trunk(half, *ages)
        return plan

    def act(self, crop_BCSS: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
        """Carry the plan out: (delta B x 3 x S x S, matte logits B x 1 x S x S)."""
        moved = displaced(crop_BCSS, self.identity_full, stretch(plan.warp, self.size))
        half = functional.avg_pool2d(moved, self.size // WORK) if self.size != WORK else moved
        light_B1HH = half[:, 0:1] * 0.3 + half[:, 1:2] * 0.59 + half[:, 2:3] * 0.11
        # One interpolation for all maps: run times pad few channels to many.
        maps = torch.cat([plan.place, plan.colour, plan.gain[:, :1], plan.lines], dim=1)
        place, colour, gain, lines = torch.split(grow(maps, WORK // GRID), [2, 3, 1, 1], dim=1)
        shade = plan.fine + displaced(self.lent(plan.donors), self.identity_work, place) * lines
        change = colour + shade * (half + 0.08) * tint(half) + _detail(light_B1HH, gain, plan)
        matte = plan.matte
        if self.size != WORK:
            both = torch.cat([change, matte], dim=1)
            for _ in range(SIZES.index(self.size)):
                both = grow(both, 2)
            change, matte = torch.split(both, [3, 1], dim=1)
        return moved - crop_BCSS + change, matte

    def lent(self, donors_BD: Tensor) -> Tensor:
        """B x 1 x H x H: the donors' lines on the mean face by their shares, as relative lightness."""
        shares = donors_BD / torch.linalg.vector_norm(donors_BD, dim=1, keepdim=True) ** VIVID
        lines: Tensor = shares @ self.textures.flatten(2)[0]
        return lines.view(-1, 1, WORK, WORK)

    def forward(self, crop_BCSS: Tensor, source_B1SS: Tensor, target_B1SS: Tensor) -> tuple[Tensor, Tensor]:
        """(delta, matte 0..1): `crop + delta * matte` is the face at the target age; delta is 0 at equal ages."""
        delta, matte = self.act(crop_BCSS, self.plan(crop_BCSS, source_B1SS, target_B1SS))
        gate = torch.clamp((target_B1SS - source_B1SS).abs() * 400, 0, 1)
        return delta * gate, torch.sigmoid(matte)


def tint(picture: Tensor) -> Tensor:
    """1 x 3 x 1 x 1: light scattered in the skin fills its creases with red, so blue and green fall off more."""
    return torch.tensor([0.82, 1.04, 1.1], dtype=picture.dtype, device=picture.device).view(1, 3, 1, 1)


def _detail(light_B1HH: Tensor, finest_B1HH: Tensor, plan: Plan) -> Tensor:
    """Change of three octaves of lightness by their gains, and of dark lines by `fill`: B x 1 x H x H."""
    half = functional.avg_pool2d(light_B1HH, 2)
    quarter = functional.avg_pool2d(half, 2)
    eighth = functional.avg_pool2d(quarter, 2)
    coarse = (quarter - stretch(eighth, WORK // 4)) * plan.gain[:, 2:3]
    middle = (half - stretch(quarter, WORK // 2)) * stretch(plan.gain[:, 1:2], WORK // 2)
    lines = functional.relu(stretch(eighth, WORK // 2) - half) * stretch(plan.fill, WORK // 2)
    fine = (light_B1HH - stretch(half, WORK)) * finest_B1HH
    return fine + stretch(middle + lines + stretch(coarse, WORK // 2), WORK)


def stretch(value: Tensor, size: int) -> Tensor:
    """Bilinear enlargement to `size` square as two matrix products: for few channels the faster way everywhere."""
    matrix = torch.from_numpy(bilinear(value.shape[-1], size)).to(value.device)
    return matrix @ value @ matrix.T


@cache
def bilinear(before: int, after: int) -> NDArray[np.float32]:
    """after x before: the weights of half-pixel-centred linear interpolation."""
    place = np.clip((np.arange(after) + 0.5) * (before / after) - 0.5, 0, before - 1)
    low = np.minimum(place.astype(int), before - 2)
    matrix = np.zeros((after, before), np.float32)
    matrix[np.arange(after), low] = 1 - (place - low)
    matrix[np.arange(after), low + 1] = place - low
    return matrix


def grow(value: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement of many channels."""
    return functional.interpolate(value, scale_factor=factor, mode="bilinear", align_corners=False)


def displaced(picture: Tensor, places_1SS2: Tensor, offset_B2SS: Tensor) -> Tensor:
    """The picture read at `identity` places, each moved by its offset."""
    places = places_1SS2 + offset_B2SS.permute(0, 2, 3, 1)
    return functional.grid_sample(picture, places, mode="bilinear", padding_mode="border", align_corners=False)


def identity(size: int) -> Tensor:
    """1 x size x size x 2: every pixel's own place in -1..1."""
    axis = (torch.arange(size, dtype=torch.float32) + 0.5) * (2 / size) - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None]


def at_size(trained: Reager, size: int, emphasis: Emphasis | None = None) -> Reager:
    """The same weights at another size, as they are exported."""
    other = Reager(trained.trunk.config, size)
    other.trunk.emphasis = emphasis or Emphasis()
    other.load_state_dict(trained.state_dict())
    _emphasise(other.trunk, other.trunk.emphasis)
    return other


def _emphasise(trunk: Trunk, emphasis: Emphasis) -> None:
    """Scale what the smooth head gives (warp, colour's light and chroma, fill), and the logits of donors."""
    luma = torch.tensor([0.3, 0.59, 0.11]).expand(3, 3)
    mix = torch.eye(sum(trunk.sizes))
    mix[2:4] *= emphasis.shape
    mix[7:10, 7:10] = emphasis.chroma * torch.eye(3) + (emphasis.light - emphasis.chroma) * luma
    mix[11] *= emphasis.fill
    assert trunk.smooth.bias is not None
    with torch.no_grad():
        trunk.smooth.weight.copy_(torch.einsum("ij,jchw->ichw", mix, trunk.smooth.weight))
        trunk.smooth.bias.copy_(mix @ trunk.smooth.bias)
        for value in trunk.lender[-1].parameters():
            value.mul_(emphasis.choice)
        trunk.habit.copy_(torch.einsum("ij,bjhw->bihw", mix, trunk.habit))
