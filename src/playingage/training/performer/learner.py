"""All that is learned of a performer, behind the port that the training's loop drives (`training.run.ports`).

The atlas is worked out first, from all frames that are not held out; steps of learning then fit the tables to what the
engine makes of them, against the archive.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn, optim

from playingage.models.identity import Likeness
from playingage.training.arrays import f32
from playingage.training.network import SIZES
from playingage.training.performer.atlas import Atlas, survey
from playingage.training.performer.calibrate import continued, likeness
from playingage.training.performer.default import default_reager
from playingage.training.performer.eras import eras_of
from playingage.training.performer.export import Subject, coverage, export
from playingage.training.performer.frames import EraFrame, crop_of
from playingage.training.performer.network import PerformerReager, Tables
from playingage.training.performer.objective import Objective, ObjectiveConfig
from playingage.training.performer.samples import Samples

_SPARE = 10
"""An archive with fewer frames is learned from whole; of others one frame in ten is held out."""
_HELD_OUT = 48
_SHOWN = 5
_MANY = 100
"""Frames at which learning has half of its pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerConfig:
    """size: side of the crop in pixels. batch: samples a step. rate: of Adam, for colours; detail learns slower."""

    size: int = 512
    batch: int = 4
    rate: float = 2e-4
    seed: int = 7
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)

    def __post_init__(self) -> None:
        if self.size not in SIZES or self.batch < 1 or self.rate <= 0:
            raise ValueError("size is 256, 512 or 1024, batch at least 1, and the rate positive")


class PerformerLearner:
    """Learns one performer's tables. See the port for who calls what."""

    def __init__(
        self, frames: Sequence[EraFrame], config: LearnerConfig, subject: Subject | None, name: str,
        likenesses: Sequence[Likeness] = (), tell: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.config = config
        self.held_out_names = held_out_names(frames)
        self.learned = [frame for frame in frames if frame.name not in self.held_out_names]
        spare = [frame for frame in frames if frame.name in self.held_out_names]
        default = default_reager().eval()
        self.atlas: Atlas = survey(self.learned, tell)
        self.like_others = likeness(self.learned, self.atlas, default)
        network = PerformerReager(default, Tables(continued(self.atlas), self.like_others))
        self._objective = Objective(network, config.objective)
        self._samples = Samples(self.learned, config.batch, config.seed)
        self._held_out = Samples(spare, config.batch, config.seed).every(_HELD_OUT) if spare else []
        self._subject, self._name, self._likenesses = subject, name, likenesses

    @property
    def module(self) -> nn.Module:
        """The objective over the performer's network."""
        return self._objective

    @property
    def network(self) -> PerformerReager:
        """What is learned."""
        return self._objective.reager

    def optimiser(self) -> optim.Optimizer:
        """Adam over the tables, each at a pace of its own: one pixel's detail is known less surely than its colour.

        Of few frames little more can be learned than the atlas has, and much that is chance: the pace is slower.
        """
        tables, seen = self.network.tables, len(self.learned)
        rate = self.config.rate * seen / (seen + _MANY)
        paces = [(tables.gain, 1.0), (tables.colour, 1.0), (tables.detail, 0.1), (tables.shape, 0.1)]
        groups = [{"params": [value], "lr": rate * pace} for value, pace in paces]
        return optim.Adam(groups, betas=(0.9, 0.99))

    def batch(self, step: int) -> dict[str, Tensor]:
        """The step's samples."""
        return self._samples.batch(step)

    def held_out(self) -> Iterator[dict[str, Tensor]]:
        """Held-out frames, each taken to the next era."""
        return iter(self._held_out)

    def preview(self) -> NDArray[np.uint8]:
        """A row for some frames: as it is, and at each era's age."""
        eras = eras_of(self.learned)
        network, rows = self.network, []
        for era in eras[:: max(1, len(eras) // _SHOWN)][-_SHOWN:]:
            best = min(era.frames, key=lambda i: abs(self.learned[i].yaw))
            sample = Samples([self.learned[best]], 1, 0).batch(0)
            device = next(network.parameters()).device
            row = [crop_of(self.learned[best])]
            for other in eras:
                target = torch.full_like(sample["source"], other.age / 100)
                given = [v.to(device) for v in (sample["crop"], sample["source"], target, sample["place"])]
                with torch.no_grad():
                    delta, matte = network(*given)
                picture = (given[0] + delta * matte).clamp(0, 1)[0].float().cpu().numpy().transpose(1, 2, 0)
                row.append(f32(picture))
            rows.append(np.hstack(row))
        sheet = np.round(np.clip(np.vstack(rows), 0, 1) * 255).astype(np.uint8)
        wide = min(1.0, 1600 / sheet.shape[1])
        return np.asarray(cv2.resize(sheet, None, fx=wide, fy=wide, interpolation=cv2.INTER_AREA), np.uint8)

    def describe(self) -> dict[str, Any]:
        """Settings, coverage, eras, and which frames are held out."""
        eras = eras_of(self.learned)
        shares = self.atlas.share.round(3).tolist()
        known = [{"age": round(era.age, 2), "frames": len(era.frames), "views": round(era.count, 1),
                  "known": dict(zip(("shape", "colour", "detail"), share, strict=True))}
                 for era, share in zip(eras, shares, strict=True)]
        return {
            "settings": asdict(self.config), "coverage": coverage(self.network), "eras": known,
            "like_others": dict(zip(("shape", "colour", "detail"), self.like_others, strict=True)),
            "held_out": sorted(self.held_out_names),
        }

    def export(self, folder: Path, record: str) -> Path:
        """Write the model package into `folder`."""
        return export(self.network, self.config.size, self._subject, self._likenesses, self._name, record,
                      self.card(), folder)

    def card(self) -> str:
        """The model card, Markdown."""
        told = self.describe()
        eras = "\n".join(f"| {e['age']:.0f} | {e['frames']} | " + " | ".join(
            f"{e['known'][part]:.0%}" for part in ("shape", "colour", "detail")) + " |" for e in told["eras"])
        low = [f"{age:.0f}" for age, weight in told["coverage"] if weight < 0.5]
        whose = self._subject.name if self._subject else "nobody (made for measuring)"
        return (
            f"# {self._name}\n\nA performer's own model: {whose}. For use within the grant that model.json "
            "names by hash, and nowhere else.\n\nIt lays the difference between eras of the performer's own archive on "
            "the picture; where the archive does not speak, the default's knowledge of people at large is taken.\n\n"
            f"| age | frames | shape known | colour known | detail known |\n|---|---|---|---|---|\n{eras}\n\n"
            f"Mostly the default's knowledge at: {', '.join(low) or 'no age'}.\n"
        )


def held_out_names(frames: Sequence[EraFrame]) -> frozenset[str]:
    """A tenth of each era's frames, by the hash of their names; of few frames none."""
    if len(frames) < 3 * _SPARE:
        return frozenset()
    chosen: list[str] = []
    for era in eras_of(frames):
        names = sorted((frames[i].name for i in era.frames), key=lambda n: hashlib.sha256(n.encode()).digest())
        chosen += names[: len(names) // _SPARE]
    return frozenset(chosen)
