"""Learning to parse heads: seeded, resumable, with the portraits left out on which the cut and the network disagree."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from playingage.faces.finder import FaceFinder
from playingage.models.parsing import MASKS, SIDE
from playingage.training.arrays import Array, f32
from playingage.training.parsing.cut import cut
from playingage.training.parsing.examples import WIDE, Example, store, stored
from playingage.training.parsing.made import made
from playingage.training.parsing.network import ParseNetwork
from playingage.training.parsing.samples import HeadSamples, SamplesConfig
from playingage.training.portraits import entries
from playingage.training.split import held_out

LOG = logging.getLogger(__name__)
_MUCH = 1500
"""Pixels of hair from which an overlap tells something: of a wreath around a bald head masks differ easily."""
_WEIGHTS = (1.0, 1.5, 1.0, 0.7, 0.5, 1.3)
"""How much each of `MASKS` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsingConfig:
    """Steps, batch and rate; `made` seeds of rendered people. `beards` names who among the portraits wears one, by kind
    ("full", "goatee", "moustache"), `glasses` those with glasses, `left_out` those whose cut looks wrong. After `doubt`
    of the steps portraits are dropped on which the network's hair and the cut's overlap by less than `agree`
    (intersection over union).
    """

    steps: int = 2600
    batch: int = 12
    rate: float = 2e-3
    made: int = 1000
    doubt: float = 0.6
    agree: float = 0.4
    seed: int = 11
    threads: int = 1
    save_every: int = 200
    beards: dict[str, tuple[str, ...]] = field(default_factory=dict)
    glasses: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    samples: SamplesConfig = field(default_factory=SamplesConfig)

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.threads, self.save_every) < 1 or self.rate <= 0 or self.made < 0:
            raise ValueError("steps, batch, threads, save_every are at least 1, the rate positive, made not negative")
        if not (0 < self.doubt <= 1 and 0 <= self.agree <= 1):
            raise ValueError("doubt and agree lie between 0 and 1")
        if any(held_out(name) for names in self.beards.values() for name in names):
            raise ValueError("a portrait named for its beard is held out from training")


def parse_network(config: ParsingConfig, data: Path, out: Path) -> ParseNetwork:
    """The trained network: read from `out/parse.pt`, or trained first, going on from where a stopped run was."""
    path = out / "parse.pt"
    if not path.exists():
        samples = heads(config, data, out)
        network = train(samples, config, out / "parse.part.pt")
        partial = path.with_suffix(".part")
        torch.save(network.state_dict(), partial)
        partial.replace(path)
    return load(path)


def load(path: Path) -> ParseNetwork:
    """A trained network, for evaluation."""
    network = ParseNetwork()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


def heads(config: ParsingConfig, data: Path, out: Path) -> HeadSamples:
    """What is learned from; kept under `out/heads`."""
    folder = out / "heads"
    rendered = made(data / "makehuman.tar.xz", folder, range(config.made)) if config.made else []
    path = folder / "cut.npz"
    listed = [e for e in entries(data) if not held_out(e.person)]
    if not path.exists():
        finder = FaceFinder.load()
        kind = {name: kind for kind, names in config.beards.items() for name in names}
        taken = [e for e in listed if e.kind == "portrait"]
        store(path, [x for e in taken if (x := cut(e, finder, beard=kind.get(e.name, "none"))) is not None])
    pictures = [cv2.imread(str(e.path)) for e in listed if e.kind == "wild"]
    grounds = [f32(p[..., ::-1]) / np.float32(255) for p in pictures if p is not None]
    portraits = [example for example in stored(path) if example.name not in config.left_out]
    return HeadSamples(portraits, rendered, grounds, config.samples, config.glasses)


def train(samples: HeadSamples, config: ParsingConfig, checkpoint: Path) -> ParseNetwork:
    """Train from scratch or from `checkpoint`; the averaged network."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    network = ParseNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=0.02)
    average = {k: v.detach().clone() for k, v in network.state_dict().items()}
    step, dropped = 0, None
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, dropped = state["average"], state["step"], state["dropped"]
    if dropped:
        samples = _without(samples, dropped)
    began, first, total = time.monotonic(), step, 0.0
    with ThreadPoolExecutor(1) as pool:

        def ask(number: int) -> "object":
            # A batch depends on its step alone, so that a stopped run goes on as if it had not been.
            return pool.submit(samples.batch, config.batch, np.random.default_rng([config.seed, number]))

        following = ask(step)
        while step < config.steps:
            batch = following.result()  # type: ignore[attr-defined]
            if dropped is None and step >= config.doubt * config.steps:
                dropped = doubtful(_averaged(average), samples.cut, config.agree)
                LOG.info("parsing: %d of %d portraits dropped: %s", len(dropped), len(samples.cut), dropped)
                samples = _without(samples, dropped)
            following = ask(step + 1)
            total += _learn(network, optimiser, batch, _rate(step, config))
            step += 1
            _follow(average, network, min(0.998, step / (step + 10)))
            if step % 50 == 0:
                pace = (step - first) * config.batch / (time.monotonic() - began)
                LOG.info("parsing: step %d, loss %.4f, %.1f samples/s", step, total / 50, pace)
                total = 0.0
            if step % config.save_every == 0:
                partial = checkpoint.with_suffix(".tmp")
                torch.save({"network": network.state_dict(), "optimiser": optimiser.state_dict(), "average": average,
                            "step": step, "dropped": dropped}, partial)
                partial.replace(checkpoint)
    return _averaged(average)


def _learn(
    network: ParseNetwork, optimiser: torch.optim.Optimizer, batch: tuple[Tensor, Tensor, Tensor], rate: float
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    head, masks, weights = batch
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(head.contiguous(memory_format=torch.channels_last))
    loss = parse_loss(logits.float(), masks, weights)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def parse_loss(logits: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of every pixel, and per picture and mask what the Dice coefficient lacks, where something is."""
    share = torch.tensor(_WEIGHTS)[None, :, None, None]
    entropy = functional.binary_cross_entropy_with_logits(logits, masks, weights * share)
    found = torch.sigmoid(logits) * weights
    wanted = masks * weights
    both, either = (found * wanted).sum((2, 3)), (found + wanted).sum((2, 3))
    there = (wanted.sum((2, 3)) > 20).float()
    dice = (1 - (2 * both + 20) / (either + 20)) * there * share[..., 0, 0]
    return entropy + 0.1 * dice.sum() / there.sum().clamp(min=1)


def _rate(step: int, config: ParsingConfig) -> float:
    left = (config.steps - step) / (0.7 * config.steps)
    return config.rate * min(1.0, (step + 1) / 100, max(left, 0.01))


def _follow(average: dict[str, Tensor], network: ParseNetwork, keep: float) -> None:
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                average[name].lerp_(value, 1 - keep)


def _averaged(average: dict[str, Tensor]) -> ParseNetwork:
    network = ParseNetwork()
    network.load_state_dict(average)
    return network.eval()


def _without(samples: HeadSamples, names: list[str]) -> HeadSamples:
    kept = [e for e in samples.cut if e.name not in names]
    return HeadSamples(kept, samples.made, samples.grounds, samples.config, tuple(samples.glasses))


def parsed(network: ParseNetwork, examples: Sequence[Example]) -> Array:
    """The network's masks of upright examples, N x S x S x M, averaged with the mirror image's."""
    edge = (WIDE - SIDE) // 2
    inner = slice(edge, edge + SIDE)
    done = []
    with torch.inference_mode():
        for e in examples:
            head = torch.from_numpy(f32(e.rgb[inner, inner]) / np.float32(255)).permute(2, 0, 1)[None]
            both = torch.sigmoid(network(head)) + torch.sigmoid(network(head.flip(3))).flip(3)
            done.append((both[0] / 2).permute(1, 2, 0).numpy())
    return f32(np.stack(done)) if done else np.zeros((0, SIDE, SIDE, len(MASKS)), np.float32)


def overlap(found: Array, example: Example, mask: str) -> tuple[float, float]:
    """Intersection and union in pixels of the network's mask (S x S) and an example's, both cut at one half."""
    edge = (WIDE - SIDE) // 2
    inner = slice(edge, edge + SIDE)
    known = example.known[inner, inner] > 128
    a, b = (found > 0.5) & known, (example.masks[inner, inner, MASKS.index(mask)] > 127) & known
    return float((a & b).sum()), float((a | b).sum())


def doubtful(network: ParseNetwork, examples: Sequence[Example], agree: float) -> list[str]:
    """Names of examples on whose hair the network and the mask overlap too little; a little hair does not matter."""
    out = []
    for example, masks in zip(examples, parsed(network, examples), strict=True):
        both, either = overlap(masks[..., 0], example, "hair")
        if either > _MUCH and both < agree * either:
            out.append(example.name)
    return out
