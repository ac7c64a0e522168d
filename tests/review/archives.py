"""A small archive with truth: NASA's portrait as it is, and as the small default re-ager makes it at other ages.

A model that is that re-ager so reaches the archive's pictures; doing nothing does not.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from archive.material import make_row
from numpy.typing import NDArray
from production import make_production

from playingage.archive import FaceRow, Faceset
from playingage.core import sha256_file
from playingage.engine import Engine, Reager
from playingage.faces import Face, FaceFinder
from playingage.faces.identity import FaceIdentity
from playingage.models import PACKAGES
from playingage.production import Production

Picture = NDArray[np.uint8]
AGES = (25.0, 42.0, 70.0)
NOW = 42.0
"""The portrait's own age."""


def pictures_of(portrait: Picture, engine: Engine, count: int) -> list[tuple[float, Picture]]:
    """At each age, with different light: (age, picture)."""
    reager, found = Reager(engine), []
    for age in AGES:
        made = portrait if age == NOW else reager(portrait, age=age, source_age=NOW)
        for i in range(count):
            found.append((age, np.clip(made.astype(np.float32) * (0.9 + 0.06 * i), 0, 255).astype(np.uint8)))
    return found


def archive_of(
    folder: Path, pictures: Sequence[tuple[float, Picture]], engine: Engine, performer: str = "ada"
) -> Faceset:
    """A stored faceset; each picture is a shot of its own."""
    finder, identity = FaceFinder(engine.device), FaceIdentity(engine.device)
    rows = []
    for i, (age, picture) in enumerate(pictures):
        face = finder.find(picture)[0]
        file = f"crops/{age:.0f}/{i:04d}.png"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / file), picture[..., ::-1])
        rows.append(row_of(i, age, file, picture, face, identity.embed(picture, face.landmarks)))
    document = {"titles": {row.title: {"age": row.age} for row in rows}}
    return Faceset(folder=folder, performer=performer, grant="5" * 64, rows=tuple(rows), document=document).save()


def row_of(
    number: int, age: float, file: str, picture: Picture, face: Face, identity: NDArray[np.float32]
) -> FaceRow:
    """The row of a whole picture as a cut."""
    eye = float(np.hypot(*(face.points[[33, 133]].mean(axis=0) - face.points[[263, 362]].mean(axis=0))))
    return make_row(
        number, title=f"Film of {age:.0f}", age=age, file=file, left=0, top=0, width=picture.shape[1],
        height=picture.shape[0], eye=eye, yaw=face.pose.yaw, pitch=face.pose.pitch, roll=face.pose.roll,
        landmarks=face.points.copy(), identity=identity, shot=number, track=number, light=float(picture.mean()) / 255,
    )


def record_of(path: Path, held_out: Sequence[str]) -> Path:
    """A training's record that names what it held out, as the training writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": "playingage-run-record", "version": 1,
                                "learner": {"held_out": list(held_out)}}))
    return path


def production_with(
    folder: Path, pictures: Sequence[tuple[float, Picture]], engine: Engine, **granted: object
) -> Production:
    """Ada's production with her archive and a model that is the small default re-ager under her name."""
    made = make_production(folder, ("ada", "bob"), **granted)  # type: ignore[arg-type]
    faceset = archive_of(made.archive("ada"), pictures, engine)
    path = made.models("ada") / "main.pamodel"
    path.parent.mkdir(parents=True)
    shutil.copytree(PACKAGES / "default-256.pamodel", path)
    document = json.loads((path / "model.json").read_bytes())
    document |= {"name": "ada-main", "performer": "ada", "performer_name": "Ada", "production": made.id,
                 "grant": made.grant("ada").sha256, "coverage": [[25, 1.0], [42, 1.0], [70, 0.3]]}
    (path / "model.json").write_text(json.dumps(document))
    made.ledger.append("train", performer="ada", grant=made.grant("ada"), package=sha256_file(path / "model.json"))
    record_of(made.runs("ada") / "main" / "record.json", [row.id for row in faceset.rows])
    return made
