"""Samples of a performer's archive: a frame, an age to take it to, and a frame of that age to be like.

No frame of the other age shows the same moment, so results and archive are compared on the mean face, after what is
smooth (light) is taken out of both. Legend: B batch, H = 256, G = 64.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from playingage.faces.placing import place_of
from playingage.training.arrays import Array, f32
from playingage.training.geometry import full_points
from playingage.training.network import GRID, WORK
from playingage.training.performer.eras import Era, eras_of
from playingage.training.performer.frames import EraFrame, crop_of, enlarged, mean_face, small_landmarks, unwrap
from playingage.training.portraits import CROP, WIDE

_STILL = np.array([[1, 0, -(WIDE - CROP) / 2], [0, 1, -(WIDE - CROP) / 2]], np.float32)
_NEAR = 4
"""Of so many frames of the other era, the likest in pose and expression, one is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A frame made ready: crop 3HH 0..1, its places 2GG, where the mean face's pixels are in it HH2 (-1..1), its
    picture on the mean face (log, 3HH) and where that is seen (1HH).
    """

    crop: Array
    place: Array
    there: Array
    log: Array
    seen: Array
    act: Array


class Samples:
    """Batches as functions of seed and step. Frames are made ready once, on first use."""

    def __init__(self, frames: Sequence[EraFrame], batch: int, seed: int) -> None:
        self._frames = tuple(frames)
        self.eras: tuple[Era, ...] = eras_of(frames)
        self._batch, self._seed = batch, seed
        self._ready: dict[int, _Ready] = {}

    def batch(self, step: int) -> dict[str, Tensor]:
        """`crop` B3HH, `source` and `target` B1GG (years / 100), `place` B2GG, `there` BHH2, `like` B3HH, `seen` B1HH.
        """
        rng = np.random.default_rng([self._seed, step])
        rows = []
        for _ in range(self._batch):
            k, j = rng.choice(len(self.eras), 2, replace=False) if len(self.eras) > 1 else (0, 0)
            rows.append(self._sample(int(rng.choice(self.eras[k].frames)), int(j), rng))
        return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}

    def every(self, limit: int) -> list[dict[str, Tensor]]:
        """The same batches every time, of up to `limit` frames taken to the next era."""
        rng = np.random.default_rng([self._seed, 1 << 30])
        chosen = [(i, k) for k, era in enumerate(self.eras) for i in era.frames]
        chosen = [chosen[i] for i in sorted(rng.permutation(len(chosen))[:limit])]
        rows = [self._sample(i, (k + 1) % len(self.eras), rng) for i, k in chosen]
        groups = [rows[i : i + self._batch] for i in range(0, len(rows), self._batch)]
        return [{n: torch.from_numpy(np.stack([row[n] for row in group])) for n in group[0]} for group in groups]

    def _sample(self, index: int, era: int, rng: np.random.Generator) -> dict[str, Array]:
        frame, ready = self._frames[index], self._of(index)
        others = [i for i in self.eras[era].frames if i != index] or list(self.eras[era].frames)
        tried = [int(i) for i in rng.choice(others, min(_NEAR, len(others)), replace=False)]
        other = min(tried, key=lambda i: float(np.abs(self._of(i).act - ready.act).mean()))
        like = self._of(other)
        ages = [np.full((1, GRID, GRID), years / 100, np.float32) for years in (frame.age, self._frames[other].age)]
        return {"crop": ready.crop, "source": ages[0], "target": ages[1], "place": ready.place, "there": ready.there,
                "like": like.log, "seen": f32(ready.seen * like.seen)}

    def _of(self, index: int) -> _Ready:
        if index not in self._ready:
            self._ready[index] = _made_ready(self._frames[index])
        return self._ready[index]


def _made_ready(frame: EraFrame) -> _Ready:
    points = small_landmarks(frame)
    there = enlarged(mean_face().to_image(full_points(points)), CROP) - (WIDE - CROP) / 2
    view = unwrap(frame, WORK)
    return _Ready(
        crop=np.ascontiguousarray(crop_of(frame).transpose(2, 0, 1)), place=place_of(points, _STILL, CROP),
        there=f32((there + 0.5) * (2 / CROP) - 1), log=np.ascontiguousarray(f32(view.log).transpose(2, 0, 1)),
        seen=f32(f32(view.seen) / 255)[None], act=f32(np.concatenate([points[::16, 0], points[::16, 1]])),
    )
