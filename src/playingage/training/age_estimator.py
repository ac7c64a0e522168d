"""A small network that reads the age of a face in years from its canonical crop, for when nobody says it.

Fixed features (`age_features`), the directions in which they vary most, and several small networks after them, each
of which has not seen a part of the people: what it reads of those calibrates the whole. Learned from dated portraits,
earlier pictures of the same people, snapshots with a crowd's age band, and rendered people from 8 years on. Nothing is
learned from the teacher's pictures, so that what is read off re-aged faces is not taught.
Legend: B batch, 128 side of the crop, F features, K directions; colour display-encoded RGB 0..1; ages in years.
"""

import logging
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from playingage.training.age_features import FEATURES, Features
from playingage.training.arrays import f32
from playingage.training.portraits import CROP, EYE, WIDE, Portrait, person_of

LOG = logging.getLogger(__name__)
SIDE = 128
_BINS = (2.0, 92.0, 31)
_SPREAD = {"wild": 6.0}
_USUAL_SPREAD = 3.0
_SHARE = {"portrait": 1.0, "wild": 0.8, "earlier": 0.6}


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorConfig:
    """What the estimator learns from and how.

    views: varied views of each real picture. kept, hidden, members: directions K, width and number of the networks.
    made: the share of rendered people in a batch. young: seeds of people from 8 to 25 years that are tried.
    """

    views: int = 8
    steps: int = 600
    batch: int = 128
    rate: float = 2e-3
    kept: int = 256
    hidden: int = 64
    members: int = 5
    made: float = 0.35
    young: int = 330
    seed: int = 3

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.kept, self.hidden) < 1 or min(self.views, self.young) < 0:
            raise ValueError("steps, batch, kept and hidden are at least 1, views and young not negative")
        if self.members < 2:
            raise ValueError("at least 2 members: each leaves people to the others")
        if self.rate <= 0 or not 0 <= self.made < 1:
            raise ValueError("the rate is positive, the share of rendered people from 0 to below 1")


class Member(nn.Module):
    """B x K to B x 31: how likely each age is (Rothe et al., "DEX: Deep EXpectation of apparent age", 2015)."""

    def __init__(self, kept: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(kept, hidden), nn.GELU(), nn.Dropout(0.5), nn.Linear(hidden, _BINS[2])
        )

    def forward(self, x_BK: Tensor) -> Tensor:
        """Logits."""
        result: Tensor = self.layers(x_BK)
        return result


class AgeNetwork(nn.Module):
    """B x 3 x 128 x 128 to B x 1 years."""

    bins: Tensor
    slope: Tensor
    offset: Tensor

    def __init__(self, kept: int, hidden: int, members: int) -> None:
        super().__init__()
        self.features = Features()
        self.project = nn.Linear(FEATURES, kept).requires_grad_(False)
        self.members = nn.ModuleList(Member(kept, hidden) for _ in range(members))
        self.register_buffer("bins", torch.linspace(*_BINS))
        self.register_buffer("slope", torch.ones(1))
        self.register_buffer("offset", torch.zeros(1))

    def forward(self, crop_B3SS: Tensor) -> Tensor:
        """Age in years, B x 1."""
        x = self.project(self.features(crop_B3SS))
        raw = torch.stack([self.expected(member(x)) for member in self.members]).mean(dim=0)
        result: Tensor = raw[:, None] * self.slope + self.offset
        return result

    def expected(self, logits_BA: Tensor) -> Tensor:
        """The mean age of a distribution, B."""
        return (logits_BA.softmax(dim=1) * self.bins).sum(dim=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Views:
    """All views of all faces, M: x M x K; age, chance and spread (years) M; of which face, M; plain: not varied."""

    x: Tensor
    age: NDArray[np.float64]
    chance: NDArray[np.float64]
    spread: NDArray[np.float64]
    face: NDArray[np.intp]
    plain: NDArray[np.bool_]


def train(portraits: list[Portrait], made: list[Portrait], config: EstimatorConfig, threads: int = 1) -> AgeNetwork:
    """Train on portraits that may be learned from, and on rendered people."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(config.seed)
    network = AgeNetwork(config.kept, config.hidden, config.members)
    faces = portraits + made
    views = _views(network, faces, len(portraits), config, rng)
    names = [person_of(face) for face in faces]
    number = {name: i % config.members for i, name in enumerate(rng.permutation(sorted(set(names))))}
    part = np.array([number[name] for name in names])
    outside = np.zeros(len(faces))
    for k, member in enumerate(network.members):
        assert isinstance(member, Member)
        _fit(network, member, views, part[views.face] != k, config, rng)
        LOG.info("age estimator: %d of %d networks trained", k + 1, config.members)
        unseen = views.plain & (part[views.face] == k)
        with torch.inference_mode():
            read_off = network.expected(member(views.x[torch.from_numpy(unseen)])).numpy()
        np.add.at(outside, views.face[unseen], read_off / 2)
    real = slice(0, len(portraits))
    slope, offset = calibration(outside[real], np.array([p.age for p in portraits]))
    network.slope.fill_(slope)
    network.offset.fill_(offset)
    LOG.info("age estimator: read as %.2f of what the networks say, %+.1f years", slope, offset)
    return network.eval()


def calibration(outside: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset for readings of faces that were not learned from, against the pull to the middle.

    Stretched half way (in ratio) to where readings spread as the true ages do: measured over decades of age that
    count alike this errs about as little as the whole way, and far less over all faces.
    """
    slope = float(np.sqrt(truth.std() / outside.std()))
    return slope, float(truth.mean() - slope * outside.mean())


def _views(
    network: AgeNetwork, faces: list[Portrait], real: int, config: EstimatorConfig, rng: np.random.Generator
) -> _Views:
    """Features of every view, and `network.project` set to the directions in which they vary most."""
    found, face = [], []
    for i, portrait in enumerate(faces):
        crop = crop_of(portrait.rgb)
        pictures = [crop, np.ascontiguousarray(crop[:, ::-1])]
        pictures += [_vary(portrait.rgb, rng) for _ in range(config.views if i < real else 1)]
        with torch.inference_mode():
            found.append(network.features(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()))
        face += [i] * len(pictures)
    x, index = torch.cat(found).clone(), np.array(face)
    _set_directions(network.project, x)
    with torch.no_grad():
        x = network.project(x)
    plain = np.concatenate([np.arange(len(f)) < 2 for f in found])
    ages = np.array([p.age for p in faces])
    chance = np.array([_SHARE.get(p.kind, 1.0) for p in faces])
    bins = np.clip((ages // 8).astype(int), 1, 10)
    # Ages count nearly alike, and what is rendered its share.
    for group, share in ((slice(0, real), 1 - config.made), (slice(real, None), config.made)):
        chance[group] /= np.sqrt(np.bincount(bins[group], minlength=11)[bins[group]])
        chance[group] *= share / max(chance[group].sum(), 1e-9)
    chance = chance / np.bincount(index)
    spread = np.array([_SPREAD.get(p.kind, _USUAL_SPREAD) for p in faces])
    return _Views(x=x, age=ages[index], chance=chance[index], spread=spread[index], face=index, plain=plain)


def _set_directions(project: nn.Linear, x_MF: Tensor) -> None:
    """Principal components of the standardised features; the strong ones are toned down to their root."""
    mean, deviation = x_MF.mean(dim=0), x_MF.std(dim=0) + 1e-3
    z = (x_MF - mean) / deviation
    _, values, directions = torch.svd_lowrank(z, q=project.out_features + 16, niter=2)
    scale = (values / len(z) ** 0.5).clamp_min(1e-3)[: project.out_features].rsqrt()
    weight = (directions[:, : project.out_features] * scale).T / deviation
    project.weight.copy_(weight)
    project.bias.copy_(-weight @ mean)


def _fit(
    network: AgeNetwork, member: Member, views: _Views, allowed: NDArray[np.bool_], config: EstimatorConfig,
    rng: np.random.Generator,
) -> None:
    """Train one member on the allowed views: ages as a distribution, pairs of faces mixed (Zhang et al., mixup)."""
    member.train()
    optimiser = torch.optim.AdamW(member.parameters(), lr=config.rate, weight_decay=0.1)
    average = {k: v.clone() for k, v in member.state_dict().items()}
    chance = np.where(allowed, views.chance, 0)
    chance /= chance.sum()
    draws = rng.choice(len(chance), (config.steps, config.batch), p=chance)
    for step, i in enumerate(draws):
        for group in optimiser.param_groups:
            group["lr"] = config.rate * min(1.0, (step + 1) / 50) * min(1.0, 2 * (1 - step / config.steps))
        spread = views.spread[i]
        age = _tensor(views.age[i] + rng.normal(0, spread / 2))
        share = _tensor(rng.beta(0.3, 0.3, len(i)))
        other = torch.from_numpy(rng.permutation(len(i)))
        x = views.x[torch.from_numpy(i)]
        logits = member(share[:, None] * x + (1 - share[:, None]) * x[other])
        likely = torch.softmax(-((network.bins - age[:, None]) ** 2) / (2 * _tensor(spread)[:, None] ** 2), dim=1)
        likely = share[:, None] * likely + (1 - share[:, None]) * likely[other]
        wanted = share * age + (1 - share) * age[other]
        loss = functional.smooth_l1_loss(network.expected(logits) / 10, wanted / 10)
        loss = loss + 0.3 * functional.cross_entropy(logits, likely)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        keep = min(0.99, step / (step + 10))
        with torch.no_grad():
            for name, value in member.state_dict().items():
                average[name].lerp_(value, 1 - keep)
    member.load_state_dict(average)
    member.eval()


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(f32(values))


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
