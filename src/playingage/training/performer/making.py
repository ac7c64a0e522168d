"""From a faceset, or from pictures at hand, to a learner and a package."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from playingage.archive.faceset import Faceset
from playingage.archive.row import FaceRow
from playingage.core import SettingError
from playingage.models.identity import Likeness
from playingage.training.performer.eras import eras_of
from playingage.training.performer.export import Subject
from playingage.training.performer.frames import EraFrame, wide_crop
from playingage.training.performer.learner import LearnerConfig, PerformerLearner

MOST = 320
"""Frames that are learned from: more of the same light and pose add nothing, and memory stays bounded."""
_LIKENESSES = 6
"""Embeddings kept per era."""


def frames_of(
    faceset: Faceset, rows: Sequence[FaceRow], tell: Callable[[int], None] = lambda _: None
) -> list[EraFrame]:
    """The rows' faces as wide crops. Raises FacesetError for a damaged cut."""
    frames = []
    for i, row in enumerate(rows):
        picture = faceset.picture(row)
        if picture.dtype == np.uint16:
            picture = np.asarray(np.round(picture / 257), np.uint8)
        crop, landmarks = wide_crop(np.asarray(picture, np.uint8), row.landmarks)
        frames.append(EraFrame(
            name=row.id, title=row.title, group=f"{row.title}/{row.source}/{row.shot}", age=row.age, rgb=crop,
            landmarks=landmarks, eye=row.eye * (0.5 + 0.5 * row.sharpness), yaw=row.yaw, pitch=row.pitch,
        ))
        tell(i + 1)
    return frames


def chosen_rows(rows: Sequence[FaceRow], most: int = MOST) -> list[FaceRow]:
    """Up to `most` rows: every era alike, from each its shots in turn, the sharpest and least covered faces first."""
    eras: dict[int, dict[str, list[FaceRow]]] = {}
    for row in sorted(rows, key=lambda r: (r.occlusion > 0.25, -r.sharpness * min(r.eye, 128.0), r.id)):
        shots = eras.setdefault(round(row.age / 3), {})
        shots.setdefault(f"{row.title}/{row.source}/{row.shot}", []).append(row)
    queues = [[row for turn in _turns(list(shots.values())) for row in turn] for shots in eras.values()]
    chosen = [row for turn in _turns(queues) for row in turn][:most]
    return sorted(chosen, key=lambda r: r.id)


def _turns(queues: list[list[FaceRow]]) -> list[list[FaceRow]]:
    longest = max((len(queue) for queue in queues), default=0)
    return [[queue[i] for queue in queues if i < len(queue)] for i in range(longest)]


def likenesses_of(rows: Sequence[FaceRow], frames: Sequence[EraFrame]) -> list[Likeness]:
    """What the performer is recognised by: of each era the embeddings nearest to its median, and the frontal ones."""
    by_id = {row.id: row for row in rows}
    found = []
    for era in eras_of(frames):
        own = [by_id[frames[i].name] for i in era.frames]
        middle = np.median(np.stack([row.identity for row in own]), axis=0)
        own.sort(key=lambda row: float(np.linalg.norm(row.identity - middle)) + abs(row.yaw) / 200)
        found += [Likeness(embedding=row.identity, age=float(row.age)) for row in own[:_LIKENESSES]]
    return found


def make_learner(
    faceset: Faceset, rows: Sequence[FaceRow], subject: Subject, name: str, config: LearnerConfig,
    tell: Callable[[int], None] = lambda _: None,
) -> PerformerLearner:
    """A learner of these rows of a faceset; `tell` is called with the number of frames made ready.

    Raises SettingError for too few frames, FacesetError for a damaged cut.
    """
    if not rows:
        raise SettingError(f"{faceset.folder}: holds no face to learn from", "Ingest footage, or accept faces in it.")
    chosen = chosen_rows(rows)
    frames = frames_of(faceset, chosen)
    return PerformerLearner(frames, config, subject, name, likenesses_of(chosen, frames), tell)


def learn(
    frames: Sequence[EraFrame], out: Path, *, steps: int, config: LearnerConfig | None = None,
    subject: Subject | None = None, name: str = "performer", likenesses: Sequence[Likeness] = (),
    tell: Callable[[int], None] = lambda _: None,
) -> Path:
    """Learn from frames at hand, without a production, on this machine's processor: the package folder `out`.

    With 0 steps the package holds the atlas as it was worked out. For measuring; a performer's model is made by
    `playingage train`, which keeps records and goes on after a stop.
    """
    import torch

    learner = PerformerLearner(frames, config or LearnerConfig(), subject, name, likenesses, tell)
    optimiser = learner.optimiser()
    rates = [group["lr"] for group in optimiser.param_groups]
    for step in range(steps):
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * min(1.0, (step + 1) / 20, max(0.01, (steps - step) / (0.6 * steps)))
        total = torch.stack(list(learner.module(learner.batch(step)).values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        tell(step + 1)
    learner.module.eval()
    return learner.export(out, "0" * 64)
