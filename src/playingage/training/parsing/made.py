"""Rendered people with exact masks: poses, lights, hair styles, beards, hands and things that no portrait has."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from playingage.faces.finder import FaceFinder
from playingage.training.parsing.examples import Example, example_transform, store, stored, to_example
from playingage.training.people import People, Picture
from playingage.training.people.scene import Scene
from playingage.training.people.sitter import BEARDS, Sitter
from playingage.training.split import held_out

LOG = logging.getLogger(__name__)
_PICTURE = 384
_CHUNK = 20
_FARTHER = 0.72
"""The eyes' distance against the scene's: hair and shoulders want room."""
_YAW = 60.0


def made(assets: Path, cache: Path, seeds: range, *, unseen: bool = False) -> list[Example]:
    """Rendered heads of the seeds that may be learned from (or, `unseen`, of those held out); kept in `cache`."""
    chosen = [seed for seed in seeds if held_out(f"made-{seed}") == unseen]
    found: list[Example] = []
    people: People | None = None
    finder: FaceFinder | None = None
    for first in range(0, len(chosen), _CHUNK):
        some = chosen[first : first + _CHUNK]
        path = cache / f"{'unseen' if unseen else 'made'}-{some[0]:05d}-{some[-1]:05d}.npz"
        if not path.exists():
            people = people or People(assets, cache / "assets")
            finder = finder or FaceFinder.load()
            store(path, [e for e in (_example(people, finder, seed) for seed in some) if e is not None])
            LOG.info("rendered heads: %s", path.name)
        found += stored(path)
    return found


def cast(people: People, seed: int) -> tuple[Sitter, Scene, float]:
    """Who, in which shot, at which age: more beards, hands and distance than the seed's own."""
    rng = np.random.default_rng([seed, 0x9A1])
    sitter, scene = people.sitter(seed), people.scene(seed)
    if sitter.sex == "male" and rng.random() < 0.6:
        sitter = replace(sitter, beard=str(rng.choice(BEARDS[1:], p=(0.15, 0.2, 0.35, 0.15, 0.15))))
    if not scene.occluders and rng.random() < 0.35:
        scene = replace(scene, occluders=people.scene(seed + 500_000).occluders)
    gap = scene.eye_gap * _FARTHER * float(rng.uniform(0.8, 1.1))
    scene = replace(scene, eye_gap=gap, shift=(scene.shift[0], float(rng.uniform(-0.06, 0.02))))
    return sitter, scene, float(rng.uniform(18, 85))


def _example(people: People, finder: FaceFinder, seed: int) -> Example | None:
    sitter, scene, age = cast(people, seed)
    picture = people.render(sitter, age, scene, _PICTURE)
    rgb = np.round(picture.rgb * 255).astype(np.uint8)
    faces = [f for f in finder.find(rgb) if abs(f.pose.yaw) < _YAW]
    if not faces:
        return None
    transform = example_transform(max(faces, key=lambda f: f.size).landmarks)
    planes = np.dstack([*masks_of(picture), picture.cover])
    moved = to_example(np.round(planes[..., :4] * 255).astype(np.uint8), transform, outside=0)
    rest = to_example(np.round(planes[..., 4:] * 255).astype(np.uint8), transform, outside=0)
    known = to_example(np.full(rgb.shape[:2], 255, np.uint8), transform, outside=0)
    masks = np.concatenate([moved, rest], axis=2)
    return Example(
        name=f"made-{seed}", kind="made", rgb=to_example(rgb, transform), masks=np.ascontiguousarray(masks[..., :6]),
        known=known, cover=np.ascontiguousarray(masks[..., 6]),
    )


def masks_of(picture: Picture) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """The network's masks, float32 0..1 in the order of `MASKS`, off a rendered picture's."""
    face = picture.skin * picture.head
    neck = picture.skin - face
    return [picture.hair, picture.beard, picture.brows, face, neck, picture.occluder]
