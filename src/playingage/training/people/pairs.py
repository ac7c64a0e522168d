"""Pictures of made-up people, alone or in pairs that differ in nothing but the age."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playingage.training.people import props
from playingage.training.people.assets import F32, Assets, unpacked
from playingage.training.people.backdrop import backdrop
from playingage.training.people.body import HEAD_CENTRE
from playingage.training.people.painter import Painter, lamp_matrix
from playingage.training.people.scene import Scene, scene_of
from playingage.training.people.sitter import Sitter, sitter_of
from playingage.training.people.stage import Stage, charts

YOUNGEST, OLDEST = 8.0, 90.0
_SHADE_VERSION = 2


@dataclass(frozen=True)
class Picture:
    """`rgb` (H, W, 3) float32, display-encoded sRGB, 0..1. Masks (H, W) float32 0..1: `skin` is visible skin of face,
    ears and neck with brows, without eyes, mouth and hair; `head` is all that is seen of the head; `occluder` is what
    stands before it; `hair` (of the head), `beard` and `brows` are what is seen of each; `cover` is
    all that is not backdrop.
    """

    rgb: F32
    skin: F32
    head: F32
    occluder: F32
    hair: F32
    beard: F32
    brows: F32
    cover: F32
    age: float


class People:
    """Sitters and pictures of them. Belongs to the thread that made it; each worker process makes its own.

    `source` is the folder or archive of the MakeHuman assets; `cache` a folder for what is unpacked or computed once.
    """

    def __init__(self, source: Path, cache: Path) -> None:
        self.assets = Assets(unpacked(source, cache))
        self.painter = Painter()
        self.stage = Stage(self.assets, self.painter, _shade(self.assets, self.painter, cache))

    def sitter(self, seed: int) -> Sitter:
        """The person of this seed."""
        return sitter_of(seed)

    def scene(self, seed: int) -> Scene:
        """The shot of this seed."""
        return scene_of(seed)

    def render(self, sitter: Sitter, age: float, scene: Scene, size: int = 640) -> Picture:
        """A picture of the sitter at `age` (8..90 years) in the scene, `size` x `size` pixels."""
        if not YOUNGEST <= age <= OLDEST:
            raise ValueError(f"age {age} is outside {YOUNGEST:g}..{OLDEST:g}")
        staged = self.stage.staged(sitter, age, scene)
        colour, masks, strands = self.painter.paint(staged.parts, staged.to_clip, staged.to_lamp, staged.common, size)
        front = colour.astype(np.float32) / np.float32(255)
        rgb = np.clip(front[..., :3] + backdrop(scene.seed, size) * (1 - front[..., 3:]), 0, 1)
        skin, head, occluder = _planes(masks)
        hair, beard, brows = _planes(strands)
        cover: F32 = np.ascontiguousarray(front[..., 3])
        return Picture(np.asarray(rgb, np.float32), skin, head, occluder, hair, beard, brows, cover, age)

    def pair(self, seed: int, age_a: float, age_b: float, size: int = 640) -> tuple[Picture, Picture]:
        """The same person in the same shot at two ages."""
        sitter, scene = self.sitter(seed), self.scene(seed)
        return self.render(sitter, age_a, scene, size), self.render(sitter, age_b, scene, size)


def _planes(masks: NDArray[np.uint8]) -> list[F32]:
    shares = masks.astype(np.float32) * np.float32(1 / 255)
    return [np.ascontiguousarray(shares[..., k]) for k in range(3)]


def _shade(assets: Assets, painter: Painter, cache: Path) -> F32:
    """Share of the sky (n) that each base point sees on the relaxed mesh, 0..1, from shadow maps of 96 far lamps."""
    path = cache / f"shade-{_SHADE_VERSION}.npy"
    if path.is_file():
        stored: F32 = np.load(path, allow_pickle=False)
        return stored
    surface, points = charts(assets)["all"], assets.base.points
    normals = props.normals(points, surface.vertex[surface.tris])
    seen, total = np.zeros(len(points)), np.zeros(len(points))
    k = np.arange(96) + 0.5
    up, turn = 1 - 2 * k / 96, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - up**2)
    for towards in np.stack((flat * np.cos(turn), up, flat * np.sin(turn)), 1).astype(np.float32):
        matrix = lamp_matrix(towards, HEAD_CENTRE)
        depth = painter.depth(points, surface, matrix)
        at = (points + 0.015 * normals) @ matrix[:3, :3].T + matrix[:3, 3]
        at = at * 0.5 + 0.5
        inside = ((at[:, :2] > 0) & (at[:, :2] < 1)).all(1)
        pixel = np.clip((at[:, :2] * depth.shape[0]).astype(np.int32), 0, depth.shape[0] - 1)
        clear = ~inside | (at[:, 2] <= depth[pixel[:, 1], pixel[:, 0]] + 0.004)
        weight = np.maximum(normals @ towards, 0)
        seen += weight * clear
        total += weight
    shade = (0.08 + 0.92 * np.clip(seen / np.maximum(total, 1e-6), 0, 1)).astype(np.float32)
    cache.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".part")
    with fresh.open("wb") as file:
        np.save(file, shade)
    fresh.replace(path)
    return shade
