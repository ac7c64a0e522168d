"""The weights that are learned, their running average, and the best of it: everything that a checkpoint holds.

Each process has a trainer; all learn the same from the sum of their gradients. What is random in the module is seeded
anew at every step, so that a run which was stopped sees what an undisturbed one does.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from playingage.training.run.errors import TrainingError
from playingage.training.run.ports import Batch, Learner
from playingage.training.run.settings import RunSettings

Terms = dict[str, float]
"""Terms of the loss by name; their sum is `loss`."""
LOSS = "loss"
_YOUNG = 10
"""The average begins as a plain one over so many steps."""


class Trainer:
    """Learns step by step. `step` counts the finished ones."""

    def __init__(self, learner: Learner, settings: RunSettings, fabric: Fabric) -> None:
        self.learner, self.settings, self.fabric = learner, settings, fabric
        self.step = 0
        self.best: tuple[int, float] | None = None
        self.stale = 0
        self._optimiser = learner.optimiser()
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._wrapped, self._stepping = fabric.setup(learner.module, self._optimiser)
        self._average = {name: value.detach().clone() for name, value in learner.module.state_dict().items()}
        self._best: dict[str, Tensor] = {}
        self._sums: dict[str, Tensor] = {}
        self._counted = 0

    def learn(self, batch: Batch) -> None:
        """One step. Raises TrainingError when the gradient is no longer a number."""
        factor = self.settings.factor(self.step)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._seed()
        self.learner.module.train()
        terms = self._wrapped(self.fabric.to_device(dict(batch)))
        total = torch.stack([value.float() for value in terms.values()]).sum()
        self._optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(total + self._nothing() if self.fabric.world_size > 1 else total)
        length = self.fabric.clip_gradients(
            self._wrapped, self._stepping, max_norm=self.settings.clip, error_if_nonfinite=False
        )
        if length is None or not bool(torch.isfinite(length)):
            raise TrainingError(
                f"at step {self.step + 1} the gradient is no longer a number",
                "Start anew with --fresh and another --seed, or with --precision 32-true.",
            )
        self._stepping.step()
        self.step += 1
        self._follow()
        for name, value in (*terms.items(), (LOSS, total)):
            self._sums[name] = value.detach().double().cpu() + self._sums.get(name, 0)
        self._counted += 1

    @property
    def rate(self) -> float:
        """The first group's learning rate."""
        return float(self._optimiser.param_groups[0]["lr"])

    def told(self) -> Terms:
        """Means of the terms since the last call, over all processes, which must all call it."""
        names = list(self._sums)
        means = torch.stack([self._sums[name] for name in names]) / self._counted
        if self.fabric.world_size > 1:
            means = torch.as_tensor(self.fabric.all_reduce(means.to(self.fabric.device), reduce_op="mean")).cpu()
        self._sums, self._counted = {}, 0
        return dict(zip(names, means.tolist(), strict=True))

    def look(self) -> Terms | None:
        """Means of the terms on the held-out frames with the averaged weights; None where there are none."""
        sums: dict[str, float] = {}
        count = 0
        with self.averaged():
            for batch in self.learner.held_out():
                samples = len(next(iter(batch.values())))
                with self.fabric.autocast():
                    terms = self.learner.module(self.fabric.to_device(dict(batch)))
                for name, value in terms.items():
                    sums[name] = sums.get(name, 0.0) + float(value) * samples
                count += samples
        if not count:
            return None
        means = {name: value / count for name, value in sums.items()}
        return {**means, LOSS: sum(means.values())}

    def judge(self, held_out: float) -> bool:
        """Keep the averaged weights if they are the best so far; whether there is still hope of better ones."""
        if self.best is None or held_out < self.best[1]:
            self.best, self.stale = (self.step, held_out), 0
            self._best = {name: value.cpu().clone() for name, value in self._average.items()}
        else:
            self.stale += 1
        return not self.settings.patience or self.stale < self.settings.patience

    @contextmanager
    def averaged(self, *, best: bool = False) -> Iterator[None]:
        """The learner's module with the averaged weights, or the best of them, for looking only."""
        module = self.learner.module
        own = {name: value.detach().clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self._best if best and self._best else self._average)
        module.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            module.load_state_dict(own)
            module.train()

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "step": self.step, "module": self.learner.module.state_dict(), "average": self._average,
            "optimiser": self._optimiser.state_dict(), "best_weights": self._best,
            "best": None if self.best is None else list(self.best), "stale": self.stale, "sums": self._sums,
            "counted": self._counted,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state. Raises TrainingError where it is of another network."""
        module = self.learner.module
        try:
            module.load_state_dict(state["module"])
            self._optimiser.load_state_dict(state["optimiser"])
            for name, value in self._average.items():
                value.copy_(state["average"][name])
        except (KeyError, ValueError, RuntimeError) as error:
            raise TrainingError(
                f"the checkpoint is of another network: {str(error).partition(chr(10))[0]}",
                "Start anew with --fresh, or under another --name.",
            ) from error
        self.step, self.stale, self._counted = int(state["step"]), int(state["stale"]), int(state["counted"])
        self.best = None if state["best"] is None else (int(state["best"][0]), float(state["best"][1]))
        self._best, self._sums = state["best_weights"], state["sums"]

    def _nothing(self) -> Tensor:
        """Zero, of which every parameter is a part: processes that learn together wait for the gradient of each."""
        parts = [value.sum() * 0 for value in self.learner.module.parameters() if value.requires_grad]
        return torch.stack(parts).sum()

    def _follow(self) -> None:
        keep = min(self.settings.average, self.step / (self.step + _YOUNG))
        with torch.no_grad():
            for name, value in self.learner.module.state_dict().items():
                if value.is_floating_point():
                    self._average[name].lerp_(value, 1 - keep)
                else:
                    self._average[name].copy_(value)

    def _seed(self) -> None:
        drawn = np.random.SeedSequence((self.settings.seed, self.step, self.fabric.global_rank)).generate_state(1)
        seed = int(drawn[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
