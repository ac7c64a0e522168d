"""Rendered people as further faces for the teacher: poses, lights and hands that no portrait has, with exact masks.

Only single pictures are taken: their ageing is the teacher's, learned from real faces, so that all samples agree.
"""

import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.finder import FaceFinder
from playingage.training.people import People
from playingage.training.portraits import WIDE, Portrait, wide_transform
from playingage.training.split import held_out

LOG = logging.getLogger(__name__)
_PICTURE = 448
_YAW = 55.0
_CHUNK = 20
YOUNG_SEED = 10000
"""First seed of the rendered people from whom the age estimator learns what is young."""
YOUNG_AGES = (8.0, 25.0)
"""Years of those people."""


def made_people(
    assets: Path, cache: Path, count: int, *, first_seed: int = 0, ages: tuple[float, float] = (20, 82)
) -> tuple[list[Portrait], NDArray[np.uint8]]:
    """`count` seeds' people of `ages` in wide crops, and for each WIDE x WIDE uint8 where the head is seen (255).

    Seeds that are held out, and pictures without a found face, are left out. Kept in `cache` in pieces.
    """
    cache.mkdir(parents=True, exist_ok=True)
    seeds = [seed for seed in range(first_seed, first_seed + count) if not held_out(f"made-{seed}")]
    portraits: list[Portrait] = []
    heads: list[NDArray[np.uint8]] = []
    people: People | None = None
    finder: FaceFinder | None = None
    for first in range(0, len(seeds), _CHUNK):
        path = cache / f"{first:05d}.npz"
        if not path.exists():
            people = people or People(assets, cache / "assets")
            finder = finder or FaceFinder.load()
            _store(path, [
                made for seed in seeds[first : first + _CHUNK] if (made := _make(people, finder, seed, ages))
            ])
        found = _stored(path)
        portraits += [portrait for portrait, _ in found]
        heads += [head for _, head in found]
    return portraits, np.stack(heads) if heads else np.zeros((0, WIDE, WIDE), np.uint8)


def _make(
    people: People, finder: FaceFinder, seed: int, ages: tuple[float, float]
) -> tuple[Portrait, NDArray[np.uint8]] | None:
    rng = np.random.default_rng([seed, 77])
    age = float(rng.uniform(*ages))
    picture = people.render(people.sitter(seed), age, people.scene(seed), _PICTURE)
    rgb = np.round(picture.rgb * 255).astype(np.uint8)
    faces = [f for f in finder.find(rgb) if abs(f.pose.yaw) < _YAW]
    if not faces:
        return None
    face = max(faces, key=lambda f: f.size)
    transform = wide_transform(face.landmarks)
    crop = np.asarray(cv2.warpAffine(rgb, transform, (WIDE, WIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    seen = picture.head * (1 - picture.occluder)
    head = cv2.warpAffine(seen, transform, (WIDE, WIDE), borderMode=cv2.BORDER_REPLICATE)
    points = (face.points @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
    sex = "F" if people.sitter(seed).sex == "female" else "M"
    name = f"made-{seed}"
    portrait = Portrait(
        name=name, sex=sex, age=age, kind="made", rgb=crop, landmarks=points, yaw=face.pose.yaw
    )
    return portrait, np.round(head * 255).astype(np.uint8)


def _store(path: Path, made: list[tuple[Portrait, NDArray[np.uint8]]]) -> None:
    partial = path.with_suffix(".part.npz")
    np.savez(
        partial, rgb=np.array([p.rgb for p, _ in made]), head=np.array([h for _, h in made]),
        landmarks=np.array([p.landmarks for p, _ in made]), age=np.array([p.age for p, _ in made]),
        yaw=np.array([p.yaw for p, _ in made]), sex=np.array([p.sex for p, _ in made]),
        name=np.array([p.name for p, _ in made]),
    )
    partial.replace(path)
    LOG.info("made people: %s holds %d", path.name, len(made))


def _stored(path: Path) -> list[tuple[Portrait, NDArray[np.uint8]]]:
    with np.load(path) as stored:
        s = {key: stored[key] for key in stored.files}
    return [
        (Portrait(name=str(s["name"][i]), sex=str(s["sex"][i]), age=float(s["age"][i]), kind="made", rgb=s["rgb"][i],
                  landmarks=s["landmarks"][i], yaw=float(s["yaw"][i])), s["head"][i])
        for i in range(len(s["age"]))
    ]
