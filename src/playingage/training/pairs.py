"""Shows every face that may be learned from at many ages, once, and keeps the pictures on disk for the trainer.

Files, all .npy, F faces, T ages: `rgb` F x WIDE x WIDE x 3 uint8; `matte` F x WIDE x WIDE uint8 (255: may change);
`place` F x 160 x 160 x 2 float16 (where on the mean face, pixels of the wide crop);
`aged` F x T x WIDE x WIDE x 3 uint8; `ages` F x (1 + T) float32, the true age first;
`warp` F x T x 80 x 80 x 2 float16 (pixels, from the aged picture's place to the original's);
`donors` F x D float32 (whose lines a face gets, shares); `skin` F x 80 x 80 uint8 (255: takes lines in full);
`trust` F float32, 0..1, how far the teacher may be believed: it knows frontal faces.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import face_region, neck_region
from playingage.training.arrays import f32
from playingage.training.geometry import MeanShape
from playingage.training.portraits import WIDE, Portrait
from playingage.training.teacher.apply import Strength, Subject, apply, prepare
from playingage.training.teacher.bands import blur
from playingage.training.teacher.statistics import Statistics

NAMES = ("rgb", "matte", "place", "aged", "ages", "warp", "donors", "skin", "trust")
AGES = (18.0, 85.0)
_FAR_YAW = 42.0
_BROWS = (127, 70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 356)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsConfig:
    """How many ages per face and again per mirror image; which snapshots are frontal enough (degrees of yaw)."""

    ages: int = 6
    wild_yaw: float = 30.0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.ages < 2 or not 0 < self.wild_yaw < 90:
            raise ValueError("at least 2 ages per face, and a yaw between 0 and 90 degrees")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """The files of the module's docstring."""

    rgb: NDArray[np.uint8]
    matte: NDArray[np.uint8]
    place: NDArray[np.float16]
    aged: NDArray[np.uint8]
    ages: NDArray[np.float32]
    warp: NDArray[np.float16]
    donors: NDArray[np.float32]
    skin: NDArray[np.uint8]
    trust: NDArray[np.float32]


def load(folder: Path, *, whole: bool = False) -> Pairs:
    """The rendered pairs of `folder`: memory-mapped, or `whole` in memory (1.6 GB), which random reading wants."""
    mode: Literal["r"] | None = None if whole else "r"
    return Pairs(**{name: np.load(folder / f"{name}.npy", mmap_mode=mode) for name in NAMES})


def render(
    portraits: list[Portrait], statistics: Statistics, strength: Strength, config: PairsConfig, folder: Path,
    heads: NDArray[np.uint8] | None = None,
) -> Pairs:
    """Render every portrait, frontal snapshot and made person, and their mirror images, at `config.ages` ages each into
    `folder`, unless done.

    `heads` F x WIDE x WIDE uint8 tells for each face where the head is seen (255) and where something covers it.
    """
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        usable = [
            i for i, p in enumerate(portraits)
            if p.kind in ("portrait", "made") or (p.kind == "wild" and abs(p.yaw) < config.wild_yaw)
        ]
        rng = np.random.default_rng(config.seed)
        count, ages = 2 * len(usable), config.ages
        out = {
            "rgb": _create(folder, "rgb", (count, WIDE, WIDE, 3), np.uint8),
            "matte": _create(folder, "matte", (count, WIDE, WIDE), np.uint8),
            "place": _create(folder, "place", (count, WIDE // 2, WIDE // 2, 2), np.float16),
            "aged": _create(folder, "aged", (count, ages, WIDE, WIDE, 3), np.uint8),
            "ages": _create(folder, "ages", (count, 1 + ages), np.float32),
            "warp": _create(folder, "warp", (count, ages, WIDE // 4, WIDE // 4, 2), np.float16),
            "donors": _create(folder, "donors", (count, len(statistics.donors)), np.float32),
            "skin": _create(folder, "skin", (count, WIDE // 4, WIDE // 4), np.uint8),
            "trust": _create(folder, "trust", (count,), np.float32),
        }
        # Mirrored here and not while training: lines on the mean face must not be mirrored with the picture.
        for i, (index, flip) in enumerate((index, flip) for index in usable for flip in (False, True)):
            portrait = mirrored(portraits[index], statistics.mean) if flip else portraits[index]
            subject = prepare(portrait, statistics)
            out["rgb"][i] = portrait.rgb
            matte = matte_of(portrait, subject)
            if heads is not None:
                head = heads[index].astype(np.float32) / 255
                matte = matte * (head[:, ::-1] if flip else head)
            out["matte"][i] = np.round(matte * 255)
            out["donors"][i] = subject.donors
            out["skin"][i] = lines_of(subject)
            out["trust"][i] = np.clip((_FAR_YAW - abs(portrait.yaw)) / 8, 0, 1)
            to_mean = np.clip(subject.to_mean, -WIDE, 2 * WIDE)
            out["place"][i] = cv2.resize(to_mean, (WIDE // 2, WIDE // 2), interpolation=cv2.INTER_AREA)
            out["ages"][i, 0] = portrait.age
            for t, age in enumerate(_ages(portrait.age, ages, rng)):
                picture, places = apply(subject, age, statistics, strength)
                out["aged"][i, t] = np.round(picture * 255)
                out["ages"][i, 1 + t] = age
                warp = np.clip(places - _grid(), -24, 24)
                out["warp"][i, t] = cv2.resize(warp, (WIDE // 4, WIDE // 4), interpolation=cv2.INTER_AREA)
        for array in out.values():
            array.flush()
        (folder / "done").touch()
    return load(folder)


def mirrored(portrait: Portrait, mean: MeanShape) -> Portrait:
    """The picture's mirror image, its landmarks numbered as on any face."""
    flipped = portrait.landmarks * f32([-1, 1]) + f32([WIDE - 1, 0])
    irises = np.r_[473:478, 468:473][: len(flipped) - 468]
    return replace(portrait, rgb=np.ascontiguousarray(portrait.rgb[:, ::-1]), yaw=-portrait.yaw,
                   landmarks=f32(flipped[np.r_[mean.mirror, irises]]))


def lines_of(subject: Subject) -> NDArray[np.uint8]:
    """80 x 80, 255 where new lines are laid on in full."""
    small = cv2.resize(subject.keep * subject.skin, (WIDE // 4, WIDE // 4), interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(small * 255), np.uint8)


def matte_of(portrait: Portrait, subject: Subject) -> NDArray[np.float32]:
    """HW 0..1: face from the hairline to the jaw and the neck's skin below, without eyeballs, the mouth's inside and
    spectacles' frames.
    """
    still = np.eye(2, 3, dtype=np.float32)
    region = face_region(portrait.landmarks, still, WIDE)
    wide = np.clip(blur(f32(cv2.dilate(region, np.ones((13, 13), np.uint8))), 2.0) * 1.5, 0, 1)
    wide = wide * (1 - _forehead(portrait.landmarks) * _fringe(subject))
    neck = neck_region(portrait.landmarks, still, WIDE) * subject.skin
    return f32(np.maximum(wide, neck) * subject.keep)


def _forehead(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """HW 0..1: what lies above the brows."""
    up = (landmarks[10] - landmarks[152]) / np.hypot(*(landmarks[10] - landmarks[152]))
    brows = landmarks[list(_BROWS)] + up * 8
    area = np.zeros((WIDE, WIDE), np.float32)
    outline = np.concatenate([brows, brows[::-1] + up * 120])
    cv2.fillPoly(area, [np.round(outline).astype(np.int32)], 1.0)
    return blur(area, 3.0)


def _fringe(subject: Subject) -> NDArray[np.float32]:
    """HW 0..1: what is darker than this face's skin or of another colour; highlights on a forehead are skin."""
    light = subject.work[..., 0]
    middle = np.median(light[subject.skin > 0.8]) if (subject.skin > 0.8).any() else np.median(light)
    return f32((1 - subject.skin) * np.clip((middle + 12 - light) / 12, 0, 1))


def _grid() -> NDArray[np.float32]:
    axis = np.arange(WIDE, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis), axis=-1)


def _ages(age: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One age from each of `count` equal parts of the range: every distance is seen."""
    edges = np.linspace(*AGES, count + 1)
    return np.asarray(rng.uniform(edges[:-1], edges[1:]))


def _create(folder: Path, name: str, shape: tuple[int, ...], kind: type) -> "np.memmap":
    return np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=shape)
