"""Reads the real pictures and brings every face to one wide canonical crop, once, into a cache.

The wide crop is `pa-4eye-1` with half an eye distance more on every side (5 x 5 eye distances), so that the trainer can
shift, turn and scale inside it. Legend of shapes: N people, P landmarks.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import UnreadableError
from playingage.faces.align import template_transform, warp_crop
from playingage.faces.finder import FaceFinder
from playingage.training.split import held_out

CROP = 256
"""Side of the canonical crop, four eye distances, in pixels of the training pictures."""
WIDE = 320
"""Side of the wide crop, five eye distances, at the same scale."""
EYE = CROP / 4
"""Eye distance in pixels of the training pictures."""
Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One picture in the lists: who, how old, where. `sex` is "F" or "M"; `kind` "portrait", "wild" or "earlier"."""

    name: str
    person: str
    sex: str
    age: float
    kind: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Portrait:
    """An aligned face: `rgb` uint8 WIDE x WIDE x 3 (display-encoded), landmarks 478 x 2 in its pixels."""

    name: str
    sex: str
    age: float
    kind: str
    rgb: Rgb
    landmarks: NDArray[np.float32]
    yaw: float


def entries(data: Path) -> Iterator[Entry]:
    """Everything listed in the data folder's portraits.csv, wild.csv and earlier.csv (the colour pictures)."""
    for row in _rows(data / "portraits.csv"):
        yield Entry(name=row["person"], person=row["person"], sex=row["sex"], age=float(row["age_years"]),
                    kind="portrait", path=data / row["file"])
    for row in _rows(data / "wild.csv"):
        name = Path(row["file"]).stem
        yield Entry(name=name, person=name, sex=row["sex"][0], age=float(row["age_band_mid_years"]), kind="wild",
                    path=data / row["file"])
    for row in _rows(data / "earlier.csv"):
        if row["colour_file"]:
            born, taken = row["born"].split("-"), row["taken_not_after"].split("-")
            age = float(taken[0]) - float(born[0]) + (float(taken[1]) - float(born[1])) / 12
            yield Entry(name=Path(row["colour_file"]).stem, person=row["person"], sex=row["sex"], age=age,
                        kind="earlier", path=data / row["colour_file"])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(entry: Entry) -> Rgb:
    """The listed picture, RGB; a small one enlarged. Raises UnreadableError."""
    stored = cv2.imread(str(entry.path), cv2.IMREAD_COLOR)
    if stored is None:
        raise UnreadableError(f"{entry.path}: cannot be read as a picture", "Check the data folder.")
    picture = np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), np.uint8)
    if min(picture.shape[:2]) < 200:  # small pictures are enlarged first: the detector wants some pixels
        enlarged = cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
        picture = np.asarray(enlarged, np.uint8)
    return np.ascontiguousarray(picture)


def align(entry: Entry, finder: FaceFinder) -> Portrait | None:
    """The largest face of a listed picture in the wide crop, or None when no face is found."""
    picture = read(entry)
    faces = finder.find(picture)
    if not faces:
        return None
    face = max(faces, key=lambda f: f.size)
    transform = wide_transform(face.landmarks)
    rgb = np.clip(warp_crop(picture, transform, WIDE) + 0.5, 0, 255).astype(np.uint8)
    points = (face.points @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
    return Portrait(name=entry.name, sex=entry.sex, age=entry.age, kind=entry.kind, rgb=rgb, landmarks=points,
                    yaw=face.pose.yaw)


def wide_transform(landmarks: NDArray[np.float32], size: int = WIDE) -> NDArray[np.float32]:
    """Frame pixels to pixels of the wide crop at `size`, a multiple of WIDE: 2 x 3."""
    transform = template_transform(landmarks, size * CROP // WIDE).copy()
    transform[:, 2] += size * (WIDE - CROP) / WIDE / 2
    return transform


def aligned(data: Path, cache: Path) -> list[Portrait]:
    """All faces of the data folder, aligned; kept in `cache` (one .npz), which is read when it is there."""
    if not cache.exists():
        finder = FaceFinder.load()
        found = [p for p in (align(entry, finder) for entry in entries(data)) if p is not None]
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(".part.npz")
        np.savez(
            partial, rgb=np.stack([p.rgb for p in found]), landmarks=np.stack([p.landmarks for p in found]),
            age=np.array([p.age for p in found]), yaw=np.array([p.yaw for p in found]),
            name=np.array([p.name for p in found]), sex=np.array([p.sex for p in found]),
            kind=np.array([p.kind for p in found]),
        )
        partial.rename(cache)
    with np.load(cache) as stored:
        s = {key: stored[key] for key in stored.files}
    return [
        Portrait(name=str(s["name"][i]), sex=str(s["sex"][i]), age=float(s["age"][i]), kind=str(s["kind"][i]),
                 rgb=s["rgb"][i], landmarks=s["landmarks"][i], yaw=float(s["yaw"][i]))
        for i in range(len(s["age"]))
    ]


def person_of(portrait: Portrait) -> str:
    """The person's id: an earlier picture is named PERSON_colour."""
    return portrait.name.removesuffix("_colour") if portrait.kind == "earlier" else portrait.name


def split(portraits: list[Portrait]) -> tuple[list[Portrait], list[Portrait]]:
    """(to learn from, held out)."""
    learn = [p for p in portraits if not held_out(person_of(p))]
    return learn, [p for p in portraits if held_out(person_of(p))]
