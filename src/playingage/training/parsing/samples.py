"""Samples for the parsing network: examples on other grounds, with hands and hats, moved, relit, recoloured, degraded.

Legend: W = 240 side of an example, S = 192 side of a sample, M masks. Pictures are float32, display-encoded, 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from playingage.models.parsing import MASKS, SIDE
from playingage.training.arrays import Array, f32
from playingage.training.occluders import occlude
from playingage.training.parsing.examples import U8, WIDE, Example

EYE = SIDE / 6.4
EYES = (WIDE / 2, (WIDE - SIDE) / 2 + 0.42 * SIDE)
"""Where the eyes' middle lies in an example, x and y."""
_HAIR, _BEARD, _FRONT = MASKS.index("hair"), MASKS.index("beard"), MASKS.index("front")
_NEAR = 150
"""Side of five eye distances, for which the occluders are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplesConfig:
    """Chances (0..1) of what is done to a sample; `cut` is the share of portraits among the rendered, `neighbour` the
    chance of another head on a new ground.
    """

    cut: float = 0.55
    ground: float = 0.5
    neighbour: float = 0.3
    occluded: float = 0.3
    hat: float = 0.08
    recoloured: float = 0.35
    blurred: float = 0.4
    small: float = 0.25
    grain: float = 0.5
    jpeg: float = 0.4
    grey: float = 0.06

    def __post_init__(self) -> None:
        chances = (self.cut, self.ground, self.neighbour, self.occluded, self.hat, self.recoloured, self.blurred,
                   self.small, self.grain, self.jpeg, self.grey)
        if not all(0 <= c <= 1 for c in chances):
            raise ValueError("chances lie between 0 and 1")


class HeadSamples:
    """Random samples of examples: `cut` from portraits, `made` rendered; `grounds` are pictures to stand before;
    `glasses` names the portraits that wear some.
    """

    def __init__(
        self, cut: Sequence[Example], made: Sequence[Example], grounds: Sequence[Array], config: SamplesConfig,
        glasses: Sequence[str] = (),
    ) -> None:
        self.glasses = frozenset(glasses)
        self.cut, self.made, self.grounds, self.config = list(cut), list(made), list(grounds), config
        # A beard is rare: who wears one comes twice as often.
        weight = np.array([1.0 + (e.masks[..., _BEARD] > 128).any() for e in self.cut])
        self.chance = weight / max(weight.sum(), 1e-9)

    def batch(self, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Heads B x 3 x S x S, masks B x M x S x S and their weights, the same shape."""
        drawn = [self.sample(rng) for _ in range(size)]
        heads, masks, weights = (
            torch.from_numpy(np.stack([np.ascontiguousarray(d[k].transpose(2, 0, 1)) for d in drawn])) for k in range(3)
        )
        return heads, masks, weights

    def sample(self, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """One sample: S x S x 3, and S x S x M masks and weights."""
        c = self.config
        from_cut = bool(self.cut) and (not self.made or rng.random() < c.cut)
        if from_cut:
            example = self.cut[int(rng.choice(len(self.cut), p=self.chance))]
        else:
            example = self.made[int(rng.integers(len(self.made)))]
        rgb, masks = _one(example.rgb), _one(example.masks)
        weight = np.repeat(_one(example.known)[..., None], len(MASKS), axis=2)
        if from_cut:
            if example.name in self.glasses:
                _forget_glasses(weight)
            _forget_beards_end(weight, example.masks[..., _BEARD])
        if rng.random() < c.recoloured:
            rgb = _recoloured(rgb, masks[..., _HAIR] + masks[..., _BEARD], rng)
        if rng.random() < c.ground:
            rgb = self._before_ground(rgb, _one(example.cover), rng)
        rgb, masks, weight = self._cover(rgb, masks, weight, rng)
        move = _move(rng)
        rgb, masks, weight = (_warp(x, move) for x in (rgb, masks, weight))
        return self._degrade(_light(rgb, rng, c.grey), rng), masks, weight

    def _before_ground(self, rgb: Array, cover: Array, rng: np.random.Generator) -> Array:
        soft = f32(cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.5, 1.2)))[..., None]
        ground = self._ground(rng)
        if rng.random() < self.config.neighbour:
            ground = self._neighbour(ground, rng)
        return rgb * soft + ground * (1 - soft)

    def _neighbour(self, ground: Array, rng: np.random.Generator) -> Array:
        """Somebody else's head beside or behind this one: it is none of ours."""
        some = self.made if not self.cut or rng.random() < 0.4 else self.cut
        other = some[int(rng.integers(len(some)))]
        scale = rng.uniform(0.5, 1.15)
        shift = EYE * rng.choice((-1, 1)) * rng.uniform(2.2, 3.6), EYE * rng.normal(0, 0.8)
        linear = np.diag([scale * rng.choice((-1.0, 1.0)), scale])
        place = np.array(EYES) + shift
        move = np.column_stack([linear, place - linear @ np.array(EYES)])
        picture, cover = (
            f32(cv2.warpAffine(_one(x), move, (WIDE, WIDE), borderMode=cv2.BORDER_CONSTANT))
            for x in (other.rgb, np.minimum(other.cover, other.known))
        )
        share = cover[..., None]
        return f32(ground * (1 - share) + picture * share)

    def _ground(self, rng: np.random.Generator) -> Array:
        """A flat tone, a gradient, or a piece of another picture, sharp or far out of focus."""
        tone = np.clip(rng.uniform(0, 1) + rng.normal(0, 0.12, (2, 3)), 0, 1)
        ramp = np.linspace(0, 1, WIDE, dtype=np.float32)[:, None, None]
        ground = np.ascontiguousarray(np.broadcast_to(f32(tone[0] * (1 - ramp) + tone[1] * ramp), (WIDE, WIDE, 3)))
        if self.grounds and rng.random() < 0.7:
            picture = self.grounds[int(rng.integers(len(self.grounds)))]
            side = int(rng.uniform(0.3, 1.0) * min(picture.shape[:2]))
            y, x = (int(rng.integers(0, n - side + 1)) for n in picture.shape[:2])
            piece = picture[y : y + side, x : x + side][:: rng.choice((-1, 1)), :: rng.choice((-1, 1))]
            ground = f32(cv2.resize(np.ascontiguousarray(piece), (WIDE, WIDE), interpolation=cv2.INTER_CUBIC))
            # Sharp grounds show other people's hair: turned upside down or out of focus they are just things.
            ground = f32(cv2.GaussianBlur(ground, (0, 0), np.exp(rng.uniform(0.4, 2.8))))
        if rng.random() < 0.35:
            for _ in range(int(rng.integers(1, 12))):
                a, b = (tuple(int(v) for v in rng.integers(0, WIDE, 2)) for _ in range(2))
                colour = tuple(float(v) for v in np.clip(rng.uniform(0, 1) + rng.normal(0, 0.1, 3), 0, 1))
                if rng.random() < 0.5:
                    cv2.rectangle(ground, a, b, colour, -1 if rng.random() < 0.6 else int(rng.integers(1, 6)))
                else:
                    cv2.line(ground, a, b, colour, int(rng.integers(1, 14)), cv2.LINE_AA)
        return np.clip(ground, 0, 1)

    def _cover(
        self, rgb: Array, masks: Array, weight: Array, rng: np.random.Generator
    ) -> tuple[Array, Array, Array]:
        """Hands, things, spectacles and hats, which are in front of everything else."""
        c = self.config
        covers: list[tuple[Array, Array]] = []
        if rng.random() < c.occluded:
            some = self.made if not self.cut or rng.random() < 0.4 else self.cut
            other = some[int(rng.integers(len(some)))]
            left, top = int(EYES[0] - _NEAR / 2), int(EYES[1] - _NEAR / 2 + 0.32 * EYE)
            near = slice(top, top + _NEAR), slice(left, left + _NEAR)
            colour, cover = occlude(_NEAR, (_NEAR / 2, _NEAR * 0.52), _one(other.rgb[near]), rng)
            whole, place = np.zeros((WIDE, WIDE, 3), np.float32), np.zeros((WIDE, WIDE), np.float32)
            whole[near], place[near] = colour, cover
            covers.append((whole, place))
        if rng.random() < c.hat:
            covers.append((self._ground(rng), _hat(rng)))
        for colour, plane in covers:
            cover = np.clip(plane, 0, 1)
            share = cover[..., None]
            rgb, masks = rgb * (1 - share) + colour * share, masks * (1 - share)
            masks[..., _FRONT] = np.maximum(masks[..., _FRONT], cover)
            weight = np.maximum(weight, share)
        return rgb, masks, weight

    def _degrade(self, rgb: Array, rng: np.random.Generator) -> Array:
        c = self.config
        if rng.random() < c.blurred:
            rgb = f32(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.3, 1.6)))
        if rng.random() < c.small:
            side = int(rng.uniform(40, 140))
            little = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
            rgb = f32(cv2.resize(little, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR))
        if rng.random() < c.grain:
            rgb = rgb + rng.standard_normal(rgb.shape, dtype=np.float32) * np.float32(abs(rng.normal(0, 0.025)))
        if rng.random() < c.jpeg:
            plain = np.asarray(np.clip(rgb * 255, 0, 255), np.uint8)
            coded = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])[1]
            rgb = f32(cv2.imdecode(coded, cv2.IMREAD_COLOR)) / np.float32(255)
        return f32(np.clip(rgb, 0, 1))


def _one(stored: U8) -> Array:
    return f32(stored) * np.float32(1 / 255)


def _forget_glasses(weight: Array) -> None:
    """Where the frames of a portrait's glasses are is not known: nothing is learned of things before the eyes."""
    x, y = EYES
    top, left = int(y - 0.6 * EYE), int(x - 1.4 * EYE)
    weight[top : top + int(1.3 * EYE), left : left + int(2.8 * EYE), _FRONT] = 0


def _forget_beards_end(weight: Array, beard: U8) -> None:
    """Below the jaw a portrait's beard was not looked for: nothing is learned there of beard and neck."""
    if (beard > 128).sum() < 100:
        return
    reach = np.ones((int(0.7 * EYE), int(0.3 * EYE)), np.uint8)
    near = cv2.dilate((beard > 64).astype(np.uint8), reach, anchor=(reach.shape[1] // 2, reach.shape[0] - 1))
    end = (near > 0) & (beard < 64)
    weight[end, _BEARD] = 0
    weight[end, MASKS.index("neck")] = 0


def _recoloured(rgb: Array, hair: Array, rng: np.random.Generator) -> Array:
    """The hair lighter or darker, with more or less of its colour: the same strands, another person's shade."""
    grey = rgb @ f32((0.3, 0.59, 0.11))
    mean = float((grey * hair).sum() / max(float(hair.sum()), 1.0))
    if hair.sum() < 50:
        return rgb
    wanted = rng.uniform(0.06, 0.8)
    keep = rng.uniform(0, 1.2)
    tint = np.array((1.0, rng.uniform(0.75, 1.0), rng.uniform(0.5, 1.05)))
    level = grey[..., None] + (rgb - grey[..., None]) * np.float32(keep)
    gain = (wanted / max(mean, 0.03)) ** rng.uniform(0.5, 1.0)
    other = np.clip(level * np.float32(min(gain, 5.0)) * f32(tint), 0, 1)
    share = np.clip(hair, 0, 1)[..., None]
    return f32(rgb * (1 - share) + other * share)


def _hat(rng: np.random.Generator) -> Array:
    """A cap, a hat or a scarf about the crown, W x W 0..1."""
    plane = np.zeros((WIDE, WIDE), np.float32)
    brim = EYES[1] - EYE * rng.uniform(0.5, 1.2)
    half, height = EYE * rng.uniform(1.15, 1.6), EYE * rng.uniform(1.3, 2.2)
    tilt = float(rng.normal(0, 6))
    middle = EYES[0] + rng.normal(0, 0.1 * EYE)
    cv2.ellipse(plane, (int(middle), int(brim)), (int(half), int(height)), tilt, 180, 360, 1.0, -1, cv2.LINE_AA)
    if rng.random() < 0.6:
        axes = (int(half * rng.uniform(1.0, 1.9)), int(EYE * rng.uniform(0.1, 0.5)))
        cv2.ellipse(plane, (int(middle), int(brim)), axes, tilt, 0, 360, 1.0, -1, cv2.LINE_AA)
    return f32(cv2.GaussianBlur(plane, (0, 0), 0.7))


def _move(rng: np.random.Generator) -> NDArray[np.float64]:
    """2 x 3: example to sample, turned, scaled, shifted, perhaps mirrored."""
    angle = np.radians(rng.normal(0, 5) if rng.random() < 0.9 else rng.uniform(-30, 30))
    scale = np.exp(rng.normal(0, 0.08))
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = linear @ np.diag([rng.choice((-1.0, 1.0)), 1.0])
    middle = np.full(2, (SIDE - 1) / 2) + rng.normal(0, 4, 2)
    return np.column_stack([linear, middle - linear @ np.full(2, (WIDE - 1) / 2)])


def _warp(picture: Array, move: NDArray[np.float64]) -> Array:
    border = cv2.BORDER_REPLICATE if picture.shape[2] == 3 else cv2.BORDER_CONSTANT
    done = [
        cv2.warpAffine(picture[..., k : k + 3], move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=border)
        for k in range(0, picture.shape[2], 3)
    ]
    return f32(np.concatenate(done, axis=2))


def _light(rgb: Array, rng: np.random.Generator, grey_chance: float) -> Array:
    """Exposure, contrast, tint, saturation, side light: what cameras and lamps do."""
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.09, 3))
    gamma = float(np.exp(rng.normal(0, 0.3)))
    angle, side = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 0.3))
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    ramp = f32(1 + side * (np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]))
    grey = 1.0 if rng.random() < grey_chance else max(-0.3, float(rng.normal(0, 0.25)))
    lift = max(0.0, float(rng.normal(0, 0.04)))
    mix = (((1 - grey) * np.eye(3) + grey / 3) @ np.diag(gain)) * (1 - lift)
    lit = f32(cv2.pow(np.clip(rgb, 0, 1), gamma)) * ramp[..., None]
    return f32(np.clip(cv2.transform(lit, np.column_stack([mix, np.full(3, lift)]).astype(np.float32)), 0, 1))
