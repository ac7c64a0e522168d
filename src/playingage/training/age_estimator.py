"""A small network that reads the age of a face in years from its canonical crop, for when nobody says it.

Trained on dated portraits, earlier pictures of the same people, snapshots with a crowd's age band, and the teacher's
pictures.
Legend: B batch, 128 side of the crop; colour display-encoded RGB 0..1; ages in years.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from playingage.training import pairs
from playingage.training.arrays import f32
from playingage.training.portraits import CROP, EYE, WIDE, Portrait

LOG = logging.getLogger(__name__)
SIDE = 128
_CENTRE, _SPAN = 52.0, 18.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorConfig:
    """Steps, batch and rate; `taught` is the share of the teacher's pictures in a batch."""

    steps: int = 2600
    batch: int = 32
    rate: float = 2e-3
    taught: float = 0.35
    widths: tuple[int, ...] = (24, 48, 80, 112, 144)
    seed: int = 3

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, *self.widths) < 1 or self.rate <= 0 or not 0 <= self.taught < 1:
            raise ValueError("steps, batch and widths are at least 1, the rate positive, the taught share below 1")


class AgeNetwork(nn.Module):
    """B x 3 x 128 x 128 to B x 1 years."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for i, width in enumerate(widths):
            step = 2 if i == 0 else 1
            layers += [nn.Conv2d(before, width, 3, stride=step, padding=1, bias=False), nn.BatchNorm2d(width)]
            layers += [nn.ReLU(inplace=True)] + [nn.AvgPool2d(2)] * (i > 0)
            before = width
        self.body = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.4)
        # A face's parts have their places in the canonical crop: the head sees where, not only what.
        self.head = nn.Sequential(nn.Linear(before * 16, 64), nn.ReLU(inplace=True), nn.Linear(64, 1))
        self.register_buffer("slope", torch.ones(1))
        self.register_buffer("offset", torch.zeros(1))

    def forward(self, crop_B3SS: Tensor) -> Tensor:
        """Age in years, B x 1."""
        grey = crop_B3SS.mean(dim=(1, 2, 3), keepdim=True)
        h = self.body((crop_B3SS - grey) * 3)
        raw = self.head(self.drop(h.flatten(1))) * _SPAN + _CENTRE
        result: Tensor = raw * self.slope + self.offset
        return result


def train(portraits: list[Portrait], taught: Path, config: EstimatorConfig, threads: int = 1) -> AgeNetwork:
    """Train on portraits that may be learned from, and on the pairs rendered in `taught`."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(config.seed)
    network = AgeNetwork(config.widths)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = {k: v.clone() for k, v in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=0.05)
    ages = np.array([p.age for p in portraits])
    # Every decade counts alike, a snapshot's band less than a date.
    bins = np.clip((ages // 10).astype(int), 1, 8)
    chance = np.array([{"portrait": 1.0, "wild": 0.7, "earlier": 0.6}[p.kind] for p in portraits])
    chance = chance / np.sqrt(np.bincount(bins)[bins])
    chance /= chance.sum()
    rendered = pairs.load(taught)
    for step in range(config.steps):
        rate = config.rate * min(1.0, (step + 1) / 100) * min(1.0, 2.5 * (1 - step / config.steps))
        for group in optimiser.param_groups:
            group["lr"] = rate
        pictures, truth = [], []
        for _ in range(config.batch):
            picture, age = _draw(portraits, chance, rendered, config.taught, rng)
            pictures.append(_vary(picture, rng))
            truth.append(age)
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        wanted = torch.tensor(truth, dtype=torch.float32)[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            read = network(x)
        loss = functional.smooth_l1_loss(read.float() / 10, wanted / 10)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            keep = min(0.995, step / (step + 10))
            for name, value in network.state_dict().items():
                if value.dtype.is_floating_point:
                    average[name].lerp_(value, 1 - keep)
        if step % 200 == 0:
            LOG.info("age estimator: step %d, loss %.3f", step, float(loss.detach()))
    network.load_state_dict(average)
    network.eval()
    return network


def _draw(
    portraits: list[Portrait], chance: NDArray[np.float64], rendered: pairs.Pairs, taught: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], float]:
    if rng.random() < taught:
        i, t = int(rng.integers(len(rendered.aged))), int(rng.integers(rendered.aged.shape[1]))
        return rendered.aged[i, t], float(rendered.ages[i, 1 + t])
    portrait = portraits[int(rng.choice(len(portraits), p=chance))]
    spread = 3.0 if portrait.kind == "wild" else 0.5
    return portrait.rgb, portrait.age + rng.normal(0, spread)


def crop_of(rgb: NDArray[np.uint8], move: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    """The 128 px canonical crop (H x W x 3, 0..1) of a wide crop, perhaps moved (2 x 3, wide crop to the 256 crop)."""
    if move is None:
        move = np.array([[1, 0, -(WIDE - CROP) / 2], [0, 1, -(WIDE - CROP) / 2]], np.float64)
    crop = cv2.warpAffine(rgb, move, (CROP, CROP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return f32(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)) / np.float32(255)


def _vary(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Moved, mirrored, relit, blurred, with a part hidden: what a camera and the world do."""
    angle, scale = np.radians(rng.normal(0, 4)), np.exp(rng.normal(0, 0.06))
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = linear @ np.diag([rng.choice([-1.0, 1.0]), 1.0])
    offset = np.full(2, (CROP - 1) / 2) - linear @ np.full(2, (WIDE - 1) / 2) + rng.normal(0, 0.06 * EYE, 2)
    crop = crop_of(rgb, np.column_stack([linear, offset]))
    tint = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.07, 3)).astype(np.float32)
    crop = np.clip(crop, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.22))) * tint
    grey = rng.uniform(-0.2, 1.0) if rng.random() < 0.6 else 1.0
    crop += (crop.mean(axis=2, keepdims=True) - crop) * np.float32(grey)
    if rng.random() < 0.5:
        crop = f32(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.3, 1.6)))
    crop += rng.standard_normal(crop.shape, dtype=np.float32) * np.float32(abs(rng.normal(0, 0.02)))
    if rng.random() < 0.4:
        x, y, w, h = (int(v) for v in (*rng.integers(0, SIDE, 2), *rng.integers(10, 50, 2)))
        crop[y : y + h, x : x + w] = rng.uniform(0, 1, 3)
    return np.clip(crop, 0, 1).astype(np.float32)


def read(network: AgeNetwork, portraits: list[Portrait]) -> NDArray[np.float64]:
    """The network's ages of aligned faces."""
    with torch.inference_mode():
        crops = torch.from_numpy(np.stack([crop_of(p.rgb) for p in portraits])).permute(0, 3, 1, 2)
        mirrored = network(crops.flip(3).contiguous())
        both = (network(crops.contiguous()) + mirrored) / 2
        return np.asarray(both.numpy()[:, 0], np.float64)
