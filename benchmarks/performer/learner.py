"""The one place where the benchmark calls the training: pictures of an archive to a re-ager of that performer."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.performer.archive import Made
from playingage.engine import Reager
from playingage.faces import FaceFinder
from playingage.training.performer.frames import EraFrame, wide_crop


def era_frames(pictures: Sequence[Made], finder: FaceFinder) -> list[EraFrame]:
    """The largest face of each picture, as training wants it; pictures without a found face are left out."""
    frames = []
    for made in pictures:
        rgb = made.rgb()
        faces = finder.find(rgb)
        if not faces:
            continue
        face = max(faces, key=lambda f: f.size)
        crop, points = wide_crop(rgb, face.landmarks)
        eyes = face.points[[33, 133]].mean(axis=0) - face.points[[263, 362]].mean(axis=0)
        frames.append(EraFrame(
            name=made.file.stem, title=f"{made.age:g}", group=made.group, age=made.age, rgb=crop, landmarks=points,
            eye=float(np.hypot(*eyes)), yaw=face.pose.yaw, pitch=face.pose.pitch,
        ))
    return frames


def learned(frames: Callable[[], Sequence[EraFrame]], folder: Path, *, reduced: bool) -> Reager:
    """A re-ager of the model package that training makes in `folder`; one that is there already is taken."""
    raise NotImplementedError("training is not joined yet")
