"""A learner of two numbers, behind the real port; and a command that trains it in a process of its own."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn, optim

from playingage.training.run.folder import RunFolder
from playingage.training.run.launch import first_process, launched
from playingage.training.run.loop import Loop, Outcome
from playingage.training.run.page import Facts
from playingage.training.run.settings import RunSettings

IDENTITY = "1" * 64


class Line(nn.Module):
    """y = ax + b, with dropout, so that what is random takes part."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(1))
        self.b = nn.Parameter(torch.zeros(1))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.idle = nn.Parameter(torch.ones(1))  # takes part in nothing, as some do in a phase of a learner
        self.drop = nn.Dropout(0.2)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if self.training:
            self.seen += len(batch["x"])
        error = self.drop(self.a * batch["x"] + self.b - batch["y"])
        return {"fit": (error**2).mean(), "small": 1e-3 * (self.a**2).sum()}


class TinyLearner:
    """Learns y = 2x + 1. held_out: batches; worse: the truth of the held-out ones, which may be another.

    pause: seconds that making a batch takes, from that of step `slow` on.
    """

    def __init__(
        self, *, seed: int = 7, held_out: int = 2, worse: float = 2.0, pause: float = 0.0, described: Any = None,
        spoil: int | None = None, slow: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self._module = Line()
        self._seed, self._held_out, self._worse, self._pause, self._spoil = seed, held_out, worse, pause, spoil
        self._slow = slow
        self._described = {"settings": {"kind": "tiny"}} if described is None else described
        self.asked: list[int] = []

    @property
    def module(self) -> Line:
        return self._module

    def optimiser(self) -> optim.Optimizer:
        return optim.Adam(self._module.parameters(), lr=0.1)

    def batch(self, step: int) -> dict[str, Tensor]:
        self.asked.append(step)
        if step >= self._slow:
            time.sleep(self._pause)
        x = torch.rand(4, generator=torch.Generator().manual_seed(self._seed * 1009 + step))
        y = 2 * x + 1
        return {"x": x, "y": y * float("nan") if step == self._spoil else y}

    def held_out(self) -> Iterator[dict[str, Tensor]]:
        for i in range(self._held_out):
            x = torch.linspace(0, 1, 3 + i)
            yield {"x": x, "y": self._worse * x + 1}

    def preview(self) -> NDArray[np.uint8]:
        assert not self._module.training
        sheet = np.full((40, 120, 3), (200, 40, 20), np.uint8)
        sheet[:, : int(60 * float(self._module.a.detach().clamp(0, 2)))] = (20, 160, 60)
        return sheet

    def describe(self) -> dict[str, Any]:
        return dict(self._described)

    def export(self, folder: Path, record: str) -> Path:
        assert not self._module.training
        package = folder / "package"
        package.mkdir()
        weights = {"a": float(self._module.a), "b": float(self._module.b)}
        (package / "model.json").write_text(json.dumps({"record": record, **weights}), encoding="utf-8")
        return package


def settings(**other: Any) -> RunSettings:
    """Those of a short run on the processor."""
    short: dict[str, Any] = {
        "steps": 30, "warm": 3, "accelerator": "cpu", "log_every": 4, "held_out_every": 5, "preview_every": 10,
        "save_every": 3, "patience": 0, "average": 0.9,
    }
    return RunSettings(**{**short, **other})


def make_loop(folder: Path, learner: TinyLearner, chosen: RunSettings, **other: Any) -> Loop:
    """A loop in a folder that nobody else uses."""
    facts = Facts(performer="Ada <Lovelace>", name="main", steps=chosen.steps, device="CPU")
    return Loop(learner, RunFolder(folder), chosen, launched(chosen)[0], facts, identity=IDENTITY, **other)


def run(folder: Path, learner: TinyLearner | None = None, chosen: RunSettings | None = None, **other: Any) -> Outcome:
    """One session of a run."""
    made = RunFolder(folder)
    with made.alone() if first_process() else nullcontext():
        loop = make_loop(folder, learner or TinyLearner(), chosen or settings(), **other)
        loop.begin()
        return loop.run()


def stop_after(steps: int) -> Callable[[], bool]:
    """Asks to stop once so many steps of this session are done."""
    calls = iter(range(steps))
    return lambda: next(calls, None) is None


def rows(folder: Path) -> list[dict[str, Any]]:
    """The log without what depends on the clock."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "samples_per_s"} for line in lines]


def main() -> None:
    """Train in this process: FOLDER [--pause SECONDS] [--devices N]."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--devices", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("ready", flush=True)
    outcome = run(given.folder, TinyLearner(pause=given.pause), settings(devices=given.devices))
    print(outcome.ended, outcome.step, flush=True)


if __name__ == "__main__":
    main()
