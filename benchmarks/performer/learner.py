"""The one place where the benchmark calls the training: pictures of an archive to a re-ager of that performer."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.performer.archive import Made
from playingage.core import sha256_bytes, sha256_file
from playingage.engine import Reager, load
from playingage.faces import FaceFinder
from playingage.frames.pixels import Image, Plane
from playingage.training import performer
from playingage.training.network import GRID
from playingage.training.performer import EraFrame, LearnerConfig, PerformerLearner, learn, wide_crop
from playingage.training.performer.exported import at_size
from playingage.training.performer.network import PerformerReager


def era_frames(pictures: Sequence[Made], finder: FaceFinder) -> list[EraFrame]:
    """The largest face of each picture, as training wants it; pictures without a found face are left out."""
    frames = []
    for made in pictures:
        rgb = made.rgb()
        faces = finder.find(rgb)
        if not faces:
            continue
        face = max(faces, key=lambda f: f.size)
        crop, points = wide_crop(rgb, face.points)
        eyes = face.points[[33, 133]].mean(axis=0) - face.points[[263, 362]].mean(axis=0)
        frames.append(EraFrame(
            name=made.file.stem, title=f"{made.age:g}", group=made.group, age=made.age, rgb=crop, landmarks=points,
            eye=float(np.hypot(*eyes)), yaw=face.pose.yaw, pitch=face.pose.pitch,
        ))
    return frames


def learned(frames: Callable[[], Sequence[EraFrame]], folder: Path, *, steps: int,
            tell: Callable[[int], None] = lambda _: None) -> Reager:
    """A re-ager of the model package that training makes in `folder`; one of the same code and steps is taken as it is.

    `tell` hears of each frame made ready and each step done.
    """
    path = folder / f"{code()[:12]}-{steps}.pamodel"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        learn(frames(), path, steps=steps, tell=tell)
    return load(path)


class _Plain:
    """A learned network as torch runs it, in place of the exported one (which is the same to 1/255)."""

    wants_place = True

    def __init__(self, network: PerformerReager, size: int) -> None:
        self.size, self._network = size, at_size(network, size)

    def __call__(self, crop: Image, source_age: Plane | float, target_age: Plane | float, place: NDArray[np.float32]
                 ) -> tuple[Image, Plane]:
        """As `models.CropReager`; ages are numbers here."""
        source, target = (torch.full((1, 1, GRID, GRID), float(np.mean(age)) / 100)
                          for age in (source_age, target_age))
        with torch.inference_mode():
            planes = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1), np.float32))[None]
            delta, matte = self._network(planes, source, target, torch.from_numpy(place)[None])
        return np.ascontiguousarray(delta[0].numpy().transpose(1, 2, 0)), matte[0, 0].numpy()


def surveyed(frames: Sequence[EraFrame]) -> Reager:
    """A re-ager of what training knows before its first step, without the half minute that a package takes to write."""
    learner = PerformerLearner(frames, LearnerConfig(), None, "performer")
    reager = load(size=512)
    reager.engine._reager = _Plain(learner.network, 512)  # type: ignore[assignment]
    return reager


def code() -> str:
    """Hash of what the training of performers is made of."""
    folder = Path(performer.__path__[0])
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".csv"))
    return sha256_bytes("".join(sha256_file(path) for path in files).encode())
