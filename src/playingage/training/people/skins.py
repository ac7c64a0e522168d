"""Skins of one class of people at three stages of life, brought to one tone, cut to the charts that are drawn."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.training.people.assets import F32, AssetError
from playingage.training.people.sitter import Sitter

U8 = NDArray[np.uint8]
STAGES = ("young", "middleage", "old")
STAGE_AGES = (21.0, 47.0, 72.0)
SIZE = 2048
# The head's chart in the 2048 texture: left, top, width, height in pixels.
CHART = (1304, 360, 744, 1400)
_FACE = (slice(860, 1240), slice(1500, 1960))  # rows and columns of the face alone, where tone is measured


@dataclass(frozen=True)
class Skin:
    """Textures of one class: for each stage, `head` (1400, 744, 4) is the head's chart (sRGB; relief in alpha, 128 is
    level) and `body` (512, 512, 3) the whole texture; `scalp` (700, 372) is 255 where hair is painted on the skin.
    """

    head: tuple[U8, U8, U8]
    body: tuple[U8, U8, U8]
    scalp: U8


def stage_weights(age: float) -> tuple[float, float, float]:
    """Weights of the young, middle-aged and old skin at an age; old goes to 1.2 to deepen what it shows."""
    a, b, c = STAGE_AGES
    if age <= b:
        middle = float(np.clip((age - a) / (b - a), 0, 1))
        return (1 - middle, middle, 0.0)
    old = min((age - b) / (c - b), 1.2)
    return (0.0, 1 - old, old)


def _read(path: Path) -> U8:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise AssetError(f"cannot read the skin {path}")
    return np.asarray(image[..., ::-1], np.uint8)


def _matched(image: U8, like: U8) -> U8:
    """`image` with the tone curve of `like` (any sizes): channel by channel, equal quantiles become equal."""
    small = cv2.resize(image, like.shape[1::-1], interpolation=cv2.INTER_AREA)
    out = np.empty_like(image)
    q = np.linspace(0, 100, 65)
    for c in range(3):
        a = np.percentile(small[..., c], q)
        b = np.percentile(like[..., c], q)
        a, keep = np.unique(a, return_index=True)
        table = np.clip(np.interp(np.arange(256), a, b[keep]), 0, 255).astype(np.uint8)
        out[..., c] = cv2.LUT(np.ascontiguousarray(image[..., c]), table)
    return out


def _log(image: U8) -> F32:
    return np.log(np.maximum(image.astype(np.float32) / 255, 0.01)).astype(np.float32)


def _unlog(image: F32) -> U8:
    return np.clip(np.exp(image) * 255 + 0.5, 0, 255).astype(np.uint8)


class Skins:
    """Reads skins from the folder of assets. A class that lacks a stage or a fine version borrows from a near one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._classes: dict[tuple[str, str, int], Skin] = {}

    def of(self, sitter: Sitter) -> Skin:
        """The skin of the sitter's class."""
        variant = sitter.skin_variant % 2 if sitter.dominant == "caucasian" else 0
        key = (sitter.sex, sitter.dominant, variant)
        if key not in self._classes:
            self._classes[key] = self._load(*key)
        return self._classes[key]

    def _full(self, stage: str, ancestry: str, sex: str, variant: int = 0) -> U8 | None:
        """One skin at 2048 pixels, or None; a skin that exists only small gets the pores of its fine relative."""
        name = f"{stage}_{ancestry}_{sex}"
        small_path = self._root / "skins-512" / f"{name}{'_2' if variant else ''}.png"
        fine_path = self._root / "skins-2048" / f"{name}.jpg"
        if not small_path.is_file():
            return None
        small = _read(small_path)
        if fine_path.is_file() and not variant:
            return _matched(_read(fine_path), small)
        big = _log(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC).astype(np.uint8))
        relative = self._root / "skins-2048" / f"{stage}_{ancestry}_male.jpg"
        if not relative.is_file():
            relative = self._root / "skins-2048" / f"{stage}_caucasian_male.jpg"
        fine = _log(_read(relative))
        return _unlog(big + 0.7 * (fine - cv2.GaussianBlur(fine, (0, 0), 2.5)))

    def _load(self, sex: str, ancestry: str, variant: int) -> Skin:
        young = self._full("young", ancestry, sex, variant)
        if young is None:
            raise AssetError(f"no young skin for {ancestry} {sex}")
        base = _log(young)
        logs = [base]
        for before, stage in pairwise(STAGES):
            own = self._full(stage, ancestry, sex)
            if own is not None:
                step = _log(own)
            else:  # what the years do to the nearest class that has both stages, laid on this one's earlier stage
                later, earlier = self._full(stage, "caucasian", sex), self._full(before, "caucasian", sex)
                assert later is not None and earlier is not None
                change = _log(later) - _log(earlier)
                step = np.asarray(logs[-1] + change - cv2.GaussianBlur(change, (0, 0), 60), np.float32)
            logs.append(step + 0.9 * (base[_FACE].mean((0, 1)) - step[_FACE].mean((0, 1))))
        x, y, w, h = CHART
        heads, bodies = [], []
        for step in logs:
            grey = step.mean(2)
            fine = cv2.GaussianBlur(grey, (0, 0), 1.2) - cv2.GaussianBlur(grey, (0, 0), 10)
            relief = np.clip(128 + 300 * fine, 0, 255)
            full = _unlog(step)
            heads.append(np.dstack((full, relief.astype(np.uint8)))[y : y + h, x : x + w].copy())
            bodies.append(cv2.resize(full, (512, 512), interpolation=cv2.INTER_AREA).astype(np.uint8))
        return Skin((heads[0], heads[1], heads[2]), (bodies[0], bodies[1], bodies[2]), self._scalp())

    def _scalp(self) -> U8:
        """Where hair is painted: the dark part of a skin whose hair is dark, without eyes and nostrils."""
        small = _read(self._root / "skins-512" / "young_african_female.png")
        x, y, w, h = (v // 4 for v in CHART)
        dark = (small[..., 0] < 60).astype(np.uint8)[y : y + h, x : x + w]
        count, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
        keep = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] > 1500]
        mask = np.isin(labels, keep).astype(np.uint8) * 255
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), np.uint8)
        big = cv2.resize(mask, (w * 2, h * 2), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.GaussianBlur(big, (0, 0), 4), np.uint8)
