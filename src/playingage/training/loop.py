"""The trainer: seeded, resumable, one process that learns and others that prepare samples.

The learner's thread owns the network, on a processor or a graphics card; each preparing process owns the pairs and a
bounded queue (it waits when the queue is full; its exception reaches the learner). Queues are read in turn, so that the
sequence of samples depends on the seed alone. A checkpoint is written under a temporary name and renamed.
"""

import itertools
import json
import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Full
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from playingage.training.data import DataConfig, PairSamples, batches
from playingage.training.losses import LossConfig, losses
from playingage.training.network import GRID, Plan, Reager
from playingage.training.portraits import CROP

LOG = logging.getLogger(__name__)
Folders = Sequence[tuple[Path, float]]
_QUEUE = 6
_KNOWN_PACE = 0.15
"""What starts from the teacher's averages would gather noise at the trunk's pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """Steps, batch, rates. The rate climbs for `warm` steps, stays, and falls straight over the last `fall` share.

    `device` as torch names it ("cpu", "cuda"); `workers` processes prepare samples, about 25 a second each.
    """

    steps: int = 5000
    batch: int = 4
    rate: float = 1e-3
    warm: int = 200
    fall: float = 0.6
    average: float = 0.998
    seed: int = 7
    threads: int = 2
    device: str = "cpu"
    workers: int = 1
    save_every: int = 200

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.threads, self.workers, self.save_every) < 1 or not 0 < self.fall <= 1:
            raise ValueError("steps, batch, threads, workers and save_every are at least 1, and fall lies in 0..1")
        if self.rate <= 0 or not 0 <= self.average < 1:
            raise ValueError("the rate is positive and the averaging factor below 1")


def rate_at(step: int, config: LoopConfig) -> float:
    """Learning rate of a step."""
    left = (config.steps - step) / max(1.0, config.fall * config.steps)
    return config.rate * min(1.0, (step + 1) / config.warm, max(left, 0.01))


class Trainer:
    """Network, running average, optimiser and step: everything that a checkpoint holds."""

    def __init__(self, network: Reager, config: LoopConfig, loss: LossConfig) -> None:
        self.network = network.to(device=config.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.config, self.loss = config, loss
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        network.textures.requires_grad_(False)
        known = [network.trunk.habit, network.trunk.usual_matte]
        rest = [p for p in network.parameters() if p.requires_grad and all(p is not k for k in known)]
        self.optimiser = torch.optim.AdamW(
            [{"params": rest, "pace": 1.0}, {"params": known, "pace": _KNOWN_PACE, "weight_decay": 0.0}],
            lr=config.rate, betas=(0.9, 0.99), weight_decay=1e-4,
        )
        self.step = 0

    def learn(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """One step; the weighted terms of the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.step, self.config) * group["pace"]
        batch = {name: value.to(self.config.device, non_blocking=True) for name, value in batch.items()}
        delta, matte, plan = run(self.network, batch)
        terms = losses(delta, matte, plan, batch, self.loss)
        total = torch.stack(list(terms.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(self.config.average, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)
        return {name: float(value.detach()) for name, value in terms.items()}

    def save(self, path: Path) -> None:
        """Write the checkpoint at once or not at all."""
        partial = path.with_suffix(".part")
        torch.save({"step": self.step, "network": self.network.state_dict(), "average": self.average,
                    "optimiser": self.optimiser.state_dict()}, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True, map_location=self.config.device)
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def run(network: Reager, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Plan]:
    """(delta, matte logits, plan): the trunk in bf16, the arithmetic on the picture in float32."""
    ages = [functional.avg_pool2d(batch[name], CROP // GRID) for name in ("source", "target")]
    crop = batch["crop"].contiguous(memory_format=torch.channels_last)
    with torch.autocast(crop.device.type, torch.bfloat16):
        low: Plan = network.trunk(crop, *ages)
    plan = Plan(**{name: getattr(low, name).float() for name in Plan.__slots__})
    # Lines a pixel beside their place would be paled by the picture's losses; what lays them has losses of its own.
    laid = replace(plan, place=plan.place.detach(), lines=plan.lines.detach(), donors=plan.donors.detach())
    delta, matte = network.act(batch["crop"], laid)
    return delta, matte, plan


def averaged(trainer: Trainer) -> Reager:
    """The network with its running-average weights, which is what is exported, on the processor."""
    network = Reager(trainer.network.trunk.config)
    network.load_state_dict({name: value.cpu() for name, value in trainer.average.items()})
    return network.eval()


def _prepare(folders: Folders, config: DataConfig, batch: int, seed: int, queue: Any) -> None:
    torch.set_num_threads(1)
    import cv2

    cv2.setNumThreads(1)
    try:
        for tensors in batches(PairSamples(folders, config), batch, seed):
            if not _offer(queue, {name: value.numpy() for name, value in tensors.items()}):
                return
    except Exception as error:
        queue.put(repr(error))


def _offer(queue: Any, item: Any) -> bool:
    """Put `item` into the full queue as soon as there is room; False when the learner is gone."""
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        try:
            queue.put(item, timeout=5)
            return True
        except Full:
            continue
    return False


def prepared(
    folders: Folders, config: DataConfig, batch: int, seed: int, workers: int = 1
) -> Iterator[dict[str, Tensor]]:
    """Batches made by other processes, in turn, each at most `_QUEUE` ahead."""
    context = multiprocessing.get_context("spawn")
    queues: list[Any] = [context.Queue(maxsize=_QUEUE) for _ in range(workers)]
    made_by = [
        context.Process(target=_prepare, args=(folders, config, batch, seed + 7919 * i, queue), daemon=True)
        for i, queue in enumerate(queues)
    ]
    for worker in made_by:
        worker.start()
    try:
        for queue in itertools.cycle(queues):
            item = queue.get(timeout=300)
            if isinstance(item, str):
                raise RuntimeError(f"preparing samples failed: {item}")
            yield {name: torch.from_numpy(value) for name, value in item.items()}
    finally:
        for worker in made_by:
            worker.terminate()
            worker.join()


def train(trainer: Trainer, folders: Folders, data: DataConfig, out: Path) -> None:
    """Train to the configured number of steps, going on from `out/checkpoint.pt` when it is there."""
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
        LOG.info("going on from step %d", trainer.step)
    config = trainer.config
    torch.set_num_threads(config.threads)
    sums: dict[str, float] = {}
    began, first = time.monotonic(), trainer.step
    stream = prepared(folders, data, config.batch, config.seed * 1_000_003 + trainer.step,
                      config.workers)
    try:
        while trainer.step < config.steps:
            for name, value in trainer.learn(next(stream)).items():
                sums[name] = sums.get(name, 0.0) + value / 50
            if trainer.step % 50 == 0:
                pace = (trainer.step - first) * config.batch / (time.monotonic() - began)
                row = {"step": trainer.step, "samples_per_s": round(pace, 1)}
                row |= {k: round(v, 6) for k, v in sums.items()}
                with (out / "log.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                LOG.info("%s", row)
                sums = {}
            if trainer.step % config.save_every == 0 or trainer.step == config.steps:
                trainer.save(checkpoint)
    finally:
        stream.close()  # type: ignore[attr-defined]


