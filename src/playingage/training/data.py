"""Training samples: rendered pairs, moved, relit, degraded, occluded, with constant or painted age maps.

Legend: H = 256 crop side, HHC picture of the crop; everything float32, colour display-encoded 0..1, ages years / 100.
What is done to the picture is done to the truth; grain and compression only to what the network sees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from playingage.training import pairs
from playingage.training.arrays import Array, f32
from playingage.training.occluders import occlude
from playingage.training.portraits import CROP, WIDE
from playingage.training.teacher.apply import furrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Chances (0..1) and amounts of what is done to a sample. `age_noise` years of error in the given source age."""

    same_age: float = 0.08
    painted_age: float = 0.15
    occluded: float = 0.3
    blurred: float = 0.35
    grain: float = 0.6
    jpeg: float = 0.4
    grey: float = 0.04
    turn: float = 2.5
    scale: float = 0.035
    shift: float = 0.014
    age_noise: float = 2.0

    def __post_init__(self) -> None:
        chances = (self.same_age, self.painted_age, self.occluded, self.blurred, self.grain, self.jpeg, self.grey)
        if not all(0 <= c <= 1 for c in chances) or min(self.turn, self.scale, self.shift, self.age_noise) < 0:
            raise ValueError("chances lie between 0 and 1, amounts are not negative")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One sample, channels first. `delta` 3HH truth; `matte` 1HH; `weight` 1HH where the delta counts.

    `place` 2GG and `warp` 2GG are what the network's plan should hold (its units), `known` 1GG where that is known;
    `donors` D shares and `lines` 1GG, how strongly lines are laid on, likewise.
    """

    crop: Array
    source: Array
    target: Array
    delta: Array
    matte: Array
    weight: Array
    place: Array
    warp: Array
    known: Array
    donors: Array
    lines: Array


class PairSamples:
    """Endless random samples of rendered pairs from several folders, each with its share; one seed, one sequence."""

    def __init__(self, folders: Sequence[tuple[Path, float]], config: DataConfig) -> None:
        self.sources = [pairs.load(folder, whole=True) for folder, _ in folders]
        self.shares = np.array([share for _, share in folders]) / sum(share for _, share in folders)
        self.pairs = self.sources[0]
        self.config = config

    def sample(self, rng: np.random.Generator) -> Sample:
        """Draw one sample."""
        self.pairs = self.sources[int(rng.choice(len(self.sources), p=self.shares))]
        p, c = self.pairs, self.config
        i = int(rng.integers(len(p.rgb)))
        crop = p.rgb[i].astype(np.float32) / 255
        true_age = float(p.ages[i, 0])
        ages, truth, warp = self._target(i, crop, rng)
        matte = p.matte[i].astype(np.float32) / 255
        cover = np.zeros((WIDE, WIDE), np.float32)
        if rng.random() < c.occluded:
            other = p.rgb[int(rng.integers(len(p.rgb)))].astype(np.float32) / 255
            colour, cover = occlude(WIDE, (WIDE / 2, WIDE * 0.52), other, rng)
            crop = crop + (colour - crop) * cover[..., None]
            truth = truth + (colour - truth) * cover[..., None]
        matte = matte * (1 - cover)
        move = self._move(rng)
        lines = np.maximum(furrowed(ages * 100) - furrowed(true_age), 0) * (1 - cover)
        lines = _warp(lines * f32(cv2.resize(p.skin[i].astype(np.float32) / 255, (WIDE, WIDE))), move)
        place = _warp(f32(cv2.resize(p.place[i].astype(np.float32), (WIDE, WIDE))), move)
        shift = _warp(f32(cv2.resize(warp, (WIDE, WIDE))), move) @ move[:, :2].T.astype(np.float32)
        crop, truth, matte, ages = (_warp(x, move) for x in (crop, truth, matte, ages))
        crop, truth = self._light((crop, truth), rng)
        delta = (truth - crop) * matte[..., None]
        seen = self._degrade(crop, rng)
        own = np.stack(np.meshgrid(*(np.arange(CROP, dtype=np.float32),) * 2), axis=-1)
        noise = rng.normal(0, c.age_noise) / 100
        source = np.full((CROP, CROP), true_age / 100, np.float32)
        same = np.abs(ages - source) < 1e-6
        target = np.where(same, source + noise, ages + noise * 0.5)
        return Sample(
            crop=_first(seen), source=(source + np.float32(noise))[None], target=target[None].astype(np.float32),
            delta=_first(delta), matte=matte[None], weight=np.full((1, CROP, CROP), p.trust[i], np.float32),
            place=_first(_to_grid(place - (WIDE - CROP) / 2 - own)), warp=_first(_to_grid(shift)),
            known=_small(f32(matte > 0.02))[None],
            donors=p.donors[i], lines=_small(lines)[None],
        )

    def _target(self, i: int, crop: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """(age map HW years/100, picture HW3, warp 80 x 80 x 2) of one age or of two ages that flow into each other."""
        p, c = self.pairs, self.config

        def pick() -> tuple[float, Array, Array]:
            if rng.random() < c.same_age:
                return float(p.ages[i, 0]), crop, np.zeros((WIDE // 4, WIDE // 4, 2), np.float32)
            t = int(rng.integers(p.aged.shape[1]))
            return float(p.ages[i, 1 + t]), p.aged[i, t].astype(np.float32) / 255, p.warp[i, t].astype(np.float32)

        age, picture, warp = pick()
        ages = np.full((WIDE, WIDE), age / 100, np.float32)
        if rng.random() < c.painted_age:
            age2, picture2, warp2 = pick()
            share = _smooth_mask(rng)
            ages = ages + (age2 / 100 - ages) * share
            picture = picture + (picture2 - picture) * share[..., None]
            warp = warp + (warp2 - warp) * cv2.resize(share, (WIDE // 4, WIDE // 4))[..., None]
        return ages, picture, warp

    def _move(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """2 x 3: wide crop to the 256 crop, jittered."""
        c = self.config
        angle = np.radians(rng.normal(0, c.turn / 2))
        scale = np.exp(rng.normal(0, c.scale / 2))
        linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = np.full(2, (CROP - 1) / 2) + rng.normal(0, c.shift * CROP / 2, 2)
        offset = middle - linear @ np.full(2, (WIDE - 1) / 2)
        return np.column_stack([linear, offset])

    def _light(self, both: tuple[Array, Array], rng: np.random.Generator) -> tuple[Array, Array]:
        """The same exposure, contrast, tint, side light and focus for picture and truth."""
        c = self.config
        gain = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.06, 3))
        gamma = np.exp(rng.normal(0, 0.18))
        angle, side = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 0.22))
        axis = np.linspace(-1, 1, CROP, dtype=np.float32)
        ramp = f32(1 + side * (np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]))
        lift = max(0.0, rng.normal(0, 0.03))
        grey = 1.0 if rng.random() < c.grey else max(0.0, rng.normal(0, 0.25))
        # Exposure, tint, saturation and lift are one affine map of the colour.
        mix = ((1 - grey) * np.eye(3) + grey / 3) @ np.diag(gain) * (1 - lift)
        affine = np.column_stack([mix, np.full(3, lift)]).astype(np.float32)
        powered = [f32(cv2.pow(np.clip(x, 0, 1, out=x), gamma)) * ramp[..., None] for x in both]
        lit = [f32(cv2.transform(x, affine)) for x in powered]
        if rng.random() < c.blurred:
            sigma = rng.uniform(0.4, 2.2)
            lit = [f32(cv2.GaussianBlur(x, (0, 0), sigma)) for x in lit]
        return np.clip(lit[0], 0, 1), np.clip(lit[1], 0, 1)

    def _degrade(self, clean: Array, rng: np.random.Generator) -> Array:
        """Grain and compression, which only the network sees."""
        c, crop = self.config, clean.copy()
        if rng.random() < c.grain:
            grain = f32(rng.standard_normal(crop.shape, dtype=np.float32))
            if rng.random() < 0.5:
                grain = f32(cv2.GaussianBlur(grain, (0, 0), 0.8)) * 2
            crop += grain * np.float32(abs(rng.normal(0, 0.018)))
        if rng.random() < c.jpeg:
            quality = int(rng.integers(35, 95))
            plain = np.asarray(np.clip(crop * 255, 0, 255), np.uint8)
            coded = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            crop = f32(cv2.imdecode(coded, cv2.IMREAD_COLOR)) / np.float32(255)
        return f32(np.clip(crop, 0, 1))


def _warp(picture: Array, move: NDArray[np.float64]) -> Array:
    flags = cv2.INTER_LINEAR
    return f32(cv2.warpAffine(picture, move, (CROP, CROP), flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _small(plane: Array) -> Array:
    """HH to GG."""
    return f32(cv2.resize(plane, (CROP // 4, CROP // 4), interpolation=cv2.INTER_AREA))


def _to_grid(pixels: Array) -> Array:
    """HH2 displacements in pixels of the 256 crop to GG2 in parts of half its side, as grid_sample wants them."""
    return f32(cv2.resize(pixels, (CROP // 4, CROP // 4), interpolation=cv2.INTER_AREA)) * np.float32(2 / CROP)


def _first(picture: Array) -> Array:
    return np.ascontiguousarray(f32(picture.transpose(2, 0, 1)))


def _smooth_mask(rng: np.random.Generator) -> Array:
    """HW 0..1, smooth: a half plane or a soft blob."""
    x, y = np.meshgrid(*(np.linspace(-1, 1, WIDE, dtype=np.float32),) * 2)
    angle = rng.uniform(0, 2 * np.pi)
    distance = x * np.cos(angle) + y * np.sin(angle) + rng.normal(0, 0.2)
    if rng.random() < 0.5:
        distance = np.hypot(x - rng.normal(0, 0.3), y - rng.normal(0, 0.3)) - rng.uniform(0.15, 0.5)
    return f32(1 / (1 + np.exp(-distance * rng.uniform(6, 25))))


def batches(samples: PairSamples, size: int, seed: int) -> Iterator[dict[str, torch.Tensor]]:
    """Endless batches of samples as tensors, one entry per field of `Sample`."""
    rng = np.random.default_rng(seed)
    while True:
        drawn = [samples.sample(rng) for _ in range(size)]
        yield {f.name: torch.from_numpy(np.stack([getattr(s, f.name) for s in drawn])) for f in fields(Sample)}
