"""The one place where the benchmark calls the training: pictures of an archive to a re-ager of that performer."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.performer.archive import Made
from playingage.core import sha256_bytes, sha256_file
from playingage.engine import Reager, load
from playingage.faces import FaceFinder
from playingage.training import performer
from playingage.training.performer import EraFrame, learn, wide_crop


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


def code() -> str:
    """Hash of what the training of performers is made of."""
    folder = Path(performer.__path__[0])
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".csv"))
    return sha256_bytes("".join(sha256_file(path) for path in files).encode())
