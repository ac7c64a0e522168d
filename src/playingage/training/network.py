"""The re-ager's network: a small U-Net that decides what to do, and fixed arithmetic that does it to the picture itself.

The trunk works on a 128 x 128 grid for both sizes. It predicts smooth maps: where each place lies on the mean face, a warp of the
picture, gains of the picture's own detail, a change of colour, how much of each learned texture to lay on, and a
matte. Warp and gains act on the picture at its own size, so that pores and grain are moved and kept, never painted; wrinkles
live in textures of the mean face, so that they stay lines and stay on the skin. The 512 variant is the same weights read at half size.

Legend of shapes: B batch, C channels, S side of the crop (256 or 512), H = 256 working side, G = 128 grid, K textures.
Colour: display-encoded RGB, 0..1. Ages: years / 100. Displacements: parts of half the crop's side (as grid_sample wants them).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

GRID = 128
WORK = 256
GATE_YEARS = 0.25
"""Ages apart by this much (in years / 100) scale the change by one."""
_FINE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Widths of the trunk from fine to coarse, convolutions per level, number of textures on the mean face."""

    widths: tuple[int, ...] = (32, 64, 96, 128)
    depth: int = 2
    textures: int = 8
    places: int = 8
    """Channels of a learned map that tells the trunk where in the crop it is."""

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or any(w < 1 for w in self.widths):
            raise ValueError("the trunk wants at least two widths, all positive")
        if min(self.depth, self.textures, self.places) < 1:
            raise ValueError("depth, textures and places are at least 1")


class _Block(nn.Sequential):
    def __init__(self, width_in: int, width: int, depth: int) -> None:
        layers: list[nn.Module] = []
        for i in range(depth):
            layers += [nn.Conv2d(width if i else width_in, width, 3, padding=1), nn.ReLU(inplace=True)]
        super().__init__(*layers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What the trunk decided, each B x C x G x G except `fine` and `matte` (logits), which are B x 1 x H x H.

    `place` 2 (offset to the mean face), `warp` 2, `gain` 3, `colour` 3, `mix` K. All but `place` and `matte` are already gated.
    """

    place: Tensor
    warp: Tensor
    gain: Tensor
    colour: Tensor
    mix: Tensor
    fine: Tensor
    matte: Tensor


class Trunk(nn.Module):
    """Crop at 256 px and age maps on the grid to a `Plan`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        widths = config.widths
        self.config = config
        self.where = nn.Parameter(torch.randn(1, config.places, 32, 32) * 0.1)
        self.stem = _Block(3 * 4 + 3 + config.places, widths[0], 1)
        self.down = nn.ModuleList(
            _Block(widths[max(i - 1, 0)], w, config.depth if i else max(config.depth - 1, 1)) for i, w in enumerate(widths)
        )
        self.up = nn.ModuleList(
            _Block(widths[i] + widths[i + 1], widths[i], config.depth) for i in range(len(widths) - 1)
        )
        self.sizes = (2, 2, 3, 3, config.textures)
        self.smooth = nn.Conv2d(widths[0], sum(self.sizes), 3, padding=1)
        self.sharp = nn.Conv2d(widths[0], 2 * _FINE**2, 3, padding=1)
        for head in (self.smooth, self.sharp):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(self, crop_BCHH: Tensor, source_B1GG: Tensor, target_B1GG: Tensor) -> Plan:
        """Decide. `crop` B x 3 x 256 x 256 RGB 0..1; ages B x 1 x 128 x 128."""
        step = (target_B1GG - source_B1GG) / GATE_YEARS
        where = functional.interpolate(self.where, size=(GRID, GRID), mode="bilinear", align_corners=False)
        where = where.expand(crop_BCHH.shape[0], -1, -1, -1)
        given = [functional.pixel_unshuffle(crop_BCHH - 0.5, 2), source_B1GG * 2 - 1, target_B1GG * 2 - 1, step, where]
        h = self.stem(torch.cat(given, dim=1))
        kept = []
        for i, block in enumerate(self.down):
            h = block(functional.avg_pool2d(h, 2) if i else h)
            kept.append(h)
        for i in reversed(range(len(self.up))):
            h = functional.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
            h = self.up[i](torch.cat([h, kept[i]], dim=1))
        place, warp, gain, colour, mix = torch.split(self.smooth(h), self.sizes, dim=1)
        fine, matte = torch.split(functional.pixel_shuffle(self.sharp(h), _FINE), 1, dim=1)
        wide = functional.interpolate(step, scale_factor=2, mode="bilinear", align_corners=False)
        return Plan(place=place, warp=warp * step * 0.1, gain=gain * step, colour=colour * step, mix=mix * step,
                    fine=fine * wide, matte=matte)


class Reager(nn.Module):
    """The protocol: crop and age maps to an RGB change and a matte, at 256 or 512 px."""

    identity_S: Tensor
    identity_H: Tensor

    def __init__(self, config: NetworkConfig, size: int = WORK) -> None:
        super().__init__()
        if size not in (WORK, 2 * WORK):
            raise ValueError(f"the network works at {WORK} and {2 * WORK} px, not {size}")
        self.size = size
        self.trunk = Trunk(config)
        self.textures = nn.Parameter(torch.zeros(1, config.textures, WORK, WORK))
        self.register_buffer("identity_S", _identity(size), persistent=False)
        self.register_buffer("identity_H", _identity(WORK), persistent=False)

    def plan(self, crop_BCSS: Tensor, source_B1SS: Tensor, target_B1SS: Tensor) -> Plan:
        """The trunk's decisions for crops at the network's size."""
        half = functional.avg_pool2d(crop_BCSS, 2) if self.size != WORK else crop_BCSS
        step = self.size // GRID
        plan: Plan = self.trunk(half, functional.avg_pool2d(source_B1SS, step), functional.avg_pool2d(target_B1SS, step))
        return plan

    def act(self, crop_BCSS: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
        """Carry the plan out: (delta B x 3 x S x S, matte logits B x 1 x S x S)."""
        up = self.size // GRID
        warp = _grow(plan.warp, up)
        moved = _read(crop_BCSS, self.identity_S, warp)
        half = functional.avg_pool2d(moved, 2) if self.size != WORK else moved
        light_B1HH = half[:, 0:1] * 0.3 + half[:, 1:2] * 0.59 + half[:, 2:3] * 0.11
        change = self._detail(light_B1HH, plan.gain)
        texture = _read(self.textures.expand(moved.shape[0], -1, -1, -1), self.identity_H, _grow(plan.place, 2))
        shade = plan.fine + (texture * _grow(plan.mix, 2)).sum(dim=1, keepdim=True)
        change = change + _grow(plan.colour, 2) + shade * (half + 0.08)
        matte = plan.matte
        if self.size != WORK:
            change, matte = _grow(change, 2), _grow(matte, 2)
        return moved - crop_BCSS + change, matte

    def forward(self, crop_BCSS: Tensor, source_B1SS: Tensor, target_B1SS: Tensor) -> tuple[Tensor, Tensor]:
        """(delta, matte 0..1): `crop + delta * matte` is the face at the target age. Delta is 0 where the ages are equal."""
        delta, matte = self.act(crop_BCSS, self.plan(crop_BCSS, source_B1SS, target_B1SS))
        gate = torch.clamp((target_B1SS - source_B1SS).abs() * 400, 0, 1)
        return delta * gate, torch.sigmoid(matte)

    def _detail(self, light_B1HH: Tensor, gain_B3GG: Tensor) -> Tensor:
        """Change of three octaves of lightness by their gains: B x 1 x H x H."""
        fine = light_B1HH
        parts = []
        for k in range(3):
            coarse = functional.avg_pool2d(fine, 2)
            gain = gain_B3GG[:, k : k + 1]
            gain = _grow(gain, 2) if k == 0 else gain if k == 1 else functional.avg_pool2d(gain, 2)
            parts.append((fine - _grow(coarse, 2)) * gain)
            fine = coarse
        return parts[0] + _grow(parts[1] + _grow(parts[2], 2), 2)


def _grow(value: Tensor, factor: int) -> Tensor:
    return functional.interpolate(value, scale_factor=factor, mode="bilinear", align_corners=False)


def _read(picture: Tensor, identity: Tensor, offset_B2SS: Tensor) -> Tensor:
    places = identity + offset_B2SS.permute(0, 2, 3, 1)
    return functional.grid_sample(picture, places, mode="bilinear", padding_mode="border", align_corners=False)


def _identity(size: int) -> Tensor:
    """1 x size x size x 2: every pixel's own place in -1..1."""
    axis = (torch.arange(size, dtype=torch.float32) + 0.5) * (2 / size) - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None]


def at_size(trained: Reager, size: int) -> Reager:
    """The same weights at another size."""
    other = Reager(trained.trunk.config, size)
    other.load_state_dict(trained.state_dict())
    return other
