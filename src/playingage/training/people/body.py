"""The sitter's points at an age and in a pose: morphs, expression, alignment of the ages, turn of the head."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from playingage.training.people.assets import F32, Assets
from playingage.training.people.scene import Scene
from playingage.training.people.sitter import ANCESTRIES, Sitter

# Ages that the assets' "child", "young" and "old" bodies stand for, and the age of the shared shoulders and framing.
CHILD, YOUNG, OLD, REFERENCE = 11.0, 24.0, 82.0, 35.0
LEFT_EYE, RIGHT_EYE = slice(14598, 14670), slice(14670, 14742)  # eyeball helpers of the base mesh
NECK = np.array((0.0, 6.0, 0.1), np.float32)
HEAD_CENTRE = np.array((0.0, 7.22, 0.55), np.float32)

# What the years add beyond the macro morphs: morph, age at which it starts, age at which it is whole, weight.
CUES: tuple[tuple[str, float, float, float], ...] = (
    ("head/head-age-incr", 35, 85, 0.45), ("head/head-age-decr", 20, 9, 0.35),
    ("ears/l-ear-scale-incr", 35, 90, 0.55), ("ears/l-ear-lobe-incr", 40, 90, 0.6),
    ("nose/nose-scale-vert-incr", 35, 90, 0.35), ("nose/nose-point-down", 40, 90, 0.4),
    ("nose/nose-width3-incr", 35, 90, 0.3),
    ("mouth/mouth-angles-down", 40, 85, 0.5), ("mouth/mouth-upperlip-volume-decr", 35, 85, 0.6),
    ("mouth/mouth-upperlip-height-decr", 40, 85, 0.35), ("mouth/mouth-lowerlip-volume-decr", 40, 85, 0.5),
    ("mouth/mouth-laugh-lines-in", 30, 75, 0.5), ("mouth/mouth-lowerlip-volume-incr", 22, 9, 0.2),
    ("eyes/l-eye-bag-incr", 38, 80, 0.6), ("eyes/l-eye-bag-out", 45, 85, 0.4),
    ("eyes/l-eye-eyefold-down", 38, 85, 0.5), ("eyes/l-eye-eyefold-angle-down", 45, 85, 0.45),
    ("eyes/l-eye-height2-decr", 50, 90, 0.3), ("eyes/l-eye-corner2-down", 45, 90, 0.25),
    ("eyebrows/eyebrows-trans-down", 45, 90, 0.3),
    ("cheek/l-cheek-trans-down", 40, 85, 0.45), ("cheek/l-cheek-inner-decr", 45, 90, 0.35),
    ("cheek/l-cheek-volume-decr", 55, 90, 0.35), ("cheek/l-cheek-volume-incr", 20, 9, 0.25),
    ("chin/chin-jaw-drop-incr", 45, 90, 0.35), ("neck/neck-double-incr", 38, 78, 0.55),
    ("forehead/forehead-temple-decr", 50, 90, 0.35), ("mouth/mouth-cupidsbow-decr", 40, 85, 0.4),
)


def ramp(x: float, start: float, whole: float) -> float:
    """0 before `start`, 1 from `whole` on (either may be the larger), linear between."""
    return float(np.clip((x - start) / (whole - start), 0.0, 1.0))


def smooth(x: F32, low: float, high: float) -> F32:
    """Smooth step of an array from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def macro_weights(age: float) -> dict[str, float]:
    """Weights of the child, young and old bodies at an age; they sum to 1 and change by straight lines."""
    if age <= YOUNG:
        child = min((YOUNG - age) / (YOUNG - CHILD), 1.2)
        return {"child": child, "young": 1 - child, "old": 0.0}
    old = min((age - YOUNG) / (OLD - YOUNG), 1.1)
    return {"child": 0.0, "young": 1 - old, "old": old}


def rotation(yaw: float, pitch: float, roll: float) -> F32:
    """3x3 turn by degrees: yaw about y, then pitch about x, then roll about z in the sitter's own axes."""
    y, p, r = np.radians((yaw, pitch, roll))
    cy, sy, cp, sp, cr, sr = np.cos(y), np.sin(y), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    about_y = np.array(((cy, 0, sy), (0, 1, 0), (-sy, 0, cy)))
    about_x = np.array(((1, 0, 0), (0, cp, -sp), (0, sp, cp)))
    about_z = np.array(((cr, sr, 0), (-sr, cr, 0), (0, 0, 1)))
    return np.asarray(about_y @ about_x @ about_z, np.float32)


def height(points: F32) -> F32:
    """How far up the head a point lies (dm), along an axis on which chin and nape are level."""
    return np.asarray(points[:, 1] + np.float32(0.22) * points[:, 2], np.float32)


class Bodies:
    """Shapes of sitters on one set of assets."""

    def __init__(self, assets: Assets) -> None:
        self.assets = assets
        self.aligned = lru_cache(16)(self._aligned)

    def raw(self, sitter: Sitter, age: float) -> F32:
        """Base points (n, 3) of the sitter at an age, relaxed, where the assets put them."""
        points = self.assets.base.points.copy()
        for ancestry, share in zip(ANCESTRIES, sitter.ancestry, strict=True):
            for stage, weight in macro_weights(age).items():
                # The assets' "universal" morphs of average muscle and weight are empty: these carry everything.
                self.assets.morph(points, f"macrodetails/{ancestry}-{sitter.sex}-{stage}", share * weight)
        for name, weight in sitter.morphs:
            self.assets.morph(points, name, weight)
        for name, start, whole, weight in CUES:
            amount = weight * ramp(age, start, whole) * (sitter.ageing if whole > start else 1.0)
            self.assets.morph(points, name, amount)
            if "/l-" in name:
                self.assets.morph(points, name.replace("/l-", "/r-"), amount)
        return points

    def _aligned(self, sitter: Sitter, age: float) -> F32:
        """As `raw`, scaled and moved so that the eyes lie where they lie in the assets at every age.

        The scale is shared between eyes and skull: a child keeps its larger eyes and smaller jaw. Below the neck the
        body is the sitter's at REFERENCE, so that the shoulders do not change with the age of the face.
        """
        points = _on_eyes(self.raw(sitter, age), self.assets.base.points)
        if age == REFERENCE:
            return points
        shared = self.aligned(sitter, REFERENCE)
        above = smooth(height(shared), 5.9, 6.5)[:, None]
        return np.asarray(shared + above * (points - shared), np.float32)

    def expressed(self, sitter: Sitter, age: float, scene: Scene) -> F32:
        """Aligned points with the scene's expression."""
        points = self.aligned(sitter, age).copy()
        for name, weight in scene.expression:
            self.assets.morph(points, f"expression/units/{sitter.dominant}/{name}", weight)
        return points


def _on_eyes(points: F32, base: F32) -> F32:
    def centres(p: F32) -> tuple[F32, F32]:
        return p[LEFT_EYE].mean(0), p[RIGHT_EYE].mean(0)

    def skull(p: F32) -> float:
        upper = p[:13380][base[:13380, 1] > 7.3]
        return float(np.ptp(upper[:, 0]) + np.ptp(upper[:, 2]))

    (left, right), (to_left, to_right) = centres(points), centres(base)
    by_eyes = float(np.linalg.norm(to_left - to_right) / np.linalg.norm(left - right))
    scale = np.float32(by_eyes**0.7 * (skull(base) / skull(points)) ** 0.3)
    return np.asarray((points - (left + right) / 2) * scale + (to_left + to_right) / 2, np.float32)


@dataclass(frozen=True)
class Pose:
    """Turns points (n, 3) of a relaxed sitter into the scene's pose: shoulders less, head more, the neck between."""

    head: tuple[float, float, float]
    body_yaw: float

    @classmethod
    def of(cls, scene: Scene) -> "Pose":
        """The pose of a scene."""
        return cls((scene.yaw, scene.pitch, scene.roll), scene.body_yaw)

    def __call__(self, points: F32) -> F32:
        """Posed points; the share of the head's turn depends on where a point lies on the relaxed sitter."""
        share = smooth(height(points), 5.7, 6.75)
        steps = np.linspace(0, 1, 9)  # turns blend along the neck: interpolate between nine of them
        body = np.array((self.body_yaw, 0.0, 0.0))
        turns = np.stack([rotation(*(body + t * (np.array(self.head) - body))) for t in steps])
        at = share * 8
        k = np.minimum(at.astype(np.int32), 7)
        f = (at - k)[:, None, None]
        turn = turns[k] * (1 - f) + turns[k + 1] * f
        return np.asarray(np.einsum("nij,nj->ni", turn, points - NECK) + NECK, np.float32)
