"""Colour and detail of an archive's eras on the mean face: what stays when light and moment are averaged out.

Legend: N frames, K eras, G grid (64), T detail (512). Logarithms of display values throughout.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from playingage.faces.region import EYE_LEFT, EYE_RIGHT
from playingage.training.arrays import Array, f32
from playingage.training.network import GRID
from playingage.training.performer.eras import Era, Prior, belief
from playingage.training.performer.frames import FULL, EraFrame, Unwrapped, enlarged, mean_face
from playingage.training.portraits import CROP, WIDE
from playingage.training.teacher.bands import blur
from playingage.training.teacher.statistics import BROWS, LIPS

COARSE = (1.5, 3.0, 6.0)
"""Standard deviations between the bands of colour, in cells of the grid."""
FINE = (1.0, 2.0, 4.0)
"""Standard deviations between the bands of detail, in pixels of the mean face at 512."""
LUMA = f32([0.3, 0.59, 0.11])
_COLOUR = Prior(signal=0.0015, noise=0.006)
_LEVEL = Prior(signal=0.0008, noise=0.03)
_DETAIL = Prior(signal=0.0008, noise=0.003)
"""Squares of log display values."""
_GAIN = Prior(signal=0.03, noise=0.06)
"""Squares of logarithms of amplitudes."""
_FLOOR = 2e-5
"""Square of log display values below which an octave holds rounding and grain only."""
_SOFTNESS = 0.7
"""How far a frame's blur, as lids and lips show it, is taken out of its detail's amplitude."""
_SEEN = 0.4
_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pictures:
    """As in `Atlas`, with the shares of colour and detail, K each."""

    colour: Array
    detail: Array
    gain: Array
    colour_share: Array
    detail_share: Array


_Bands = list[tuple[Array, Array]]
"""Bands of a frame, each with where it counts."""


@dataclass(frozen=True, slots=True, eq=False)
class _Small:
    """What of a frame lies on the grid: bands of colour G x G x 3, amplitudes G x G x 3; and its softness, 3."""

    colour: _Bands
    amplitude: Array
    believed: Array
    softness: Array


def measure(frames: Sequence[EraFrame], views: list[Unwrapped], eras: tuple[Era, ...]) -> Pictures:
    """Colour, detail and amplitudes of each era, as far as they can be believed."""
    usual, levels = _usual(views)
    freedom = len(frames) - len(eras)
    small = [_small(view, usual, frame.eye) for view, frame in zip(views, frames, strict=True)]
    softness = np.stack([each.softness for each in small])
    softness = f32((softness - softness.mean(axis=0)) * _SOFTNESS)
    means = f32(np.stack([levels[list(era.frames)].mean(axis=0) for era in eras]))
    spread = [((levels[list(era.frames)] - mean) ** 2).mean() for era, mean in zip(eras, means, strict=True)]
    level, _ = belief(means, f32(np.mean(spread)), eras, np.ones_like(means), freedom, _LEVEL)

    def gain(i: int) -> _Bands:
        return [(f32(small[i].amplitude - softness[i]), small[i].believed)]

    colour, colour_share = _eras_of_bands(eras, lambda i: small[i].colour, freedom, _COLOUR, smooth=4.0)
    # Of all frames these would not fit into memory: they are worked out in each round.
    detail, detail_share = _eras_of_bands(
        eras, lambda i: _detail(views[i], usual, frames[i].eye), freedom, _DETAIL, smooth=24.0)
    gains, _ = _eras_of_bands(eras, gain, freedom, _GAIN, smooth=4.0)
    gains = f32(gains * _plain_skin()[None, ..., None])
    colour = f32(colour + level[:, None, None, :] * _face_grid()[None, ..., None])
    return Pictures(
        colour=f32(colour.transpose(0, 3, 1, 2)), detail=detail, gain=f32(gains.transpose(0, 3, 1, 2)),
        colour_share=colour_share, detail_share=detail_share,
    )


def _small(view: Unwrapped, usual: Array, eye: float) -> _Small:
    rest, seen = _rest(view, usual)
    grid, weight = _gridded(rest, seen)
    whole = f32(f32(view.log) @ LUMA)
    octaves = _bands(f32(whole - blur(whole, 12.0)), FINE)[1:]
    sharp = _edges()
    softness = [0.5 * np.log(float((octave**2 * sharp).sum() / sharp.sum()) + _FLOOR) for octave in octaves]
    return _Small(
        colour=[(band, weight) for band in _bands(f32(grid * weight[..., None]), COARSE)],
        amplitude=np.stack([_amplitude(octave, seen, weight) for octave in octaves], axis=-1),
        believed=f32(weight * float(np.mean(_resolved(eye)[1:]))), softness=f32(softness),
    )


def _detail(view: Unwrapped, usual: Array, eye: float) -> _Bands:
    """Bands of the detail of lightness, T x T."""
    rest, seen = _rest(view, usual)
    grid, _ = _gridded(rest, seen)
    light = rest @ LUMA - cv2.resize(f32(grid @ LUMA), (FULL, FULL), interpolation=cv2.INTER_LINEAR)
    bands = _bands(f32(light * seen), FINE)
    return [(band, f32(seen * share)) for band, share in zip(bands, _resolved(eye), strict=True)]


def _resolved(eye: float) -> list[float]:
    """How far a source with so many pixels from eye to eye shows each band of detail, 0..1."""
    return [float(np.clip(sigma * eye / (CROP / 2) * 2 - 0.5, 0, 1)) for sigma in (0.5, *FINE)]


def _amplitude(octave: Array, seen: Array, weight: Array) -> Array:
    """G x G: half the logarithm of the local mean square."""
    square = cv2.resize(f32(octave * octave * seen), (GRID, GRID), interpolation=cv2.INTER_AREA)
    local = blur(f32(square), 1.5) / np.maximum(blur(weight, 1.5), 0.05)
    return f32(0.5 * np.log(local + _FLOOR))


@cache
def _edges() -> Array:
    """T x T, 0 or 1: about lids and lips, whose edges are as sharp at every age."""
    mean, area = mean_face(), np.zeros((WIDE, WIDE), np.uint8)
    for outline in (EYE_LEFT, EYE_RIGHT, LIPS):
        cv2.polylines(area, [np.round(mean.points[list(outline)]).astype(np.int32)], True, 1, 5)
    return f32(enlarged(f32(area), FULL) > 0.5)


def _usual(views: list[Unwrapped]) -> tuple[Array, Array]:
    """(mean picture of all frames T x T x 3, level of each frame N x 3)."""
    levels = np.zeros((len(views), 3), np.float32)
    usual = np.zeros((FULL, FULL, 3), np.float32)
    for _ in range(_ROUNDS):
        total, weight = np.zeros_like(usual), np.zeros((FULL, FULL), np.float32)
        for i, view in enumerate(views):
            seen, log = f32(view.seen) / 255, f32(view.log)
            levels[i] = ((log - usual) * seen[..., None]).sum(axis=(0, 1)) / max(float(seen.sum()), 1.0)
            total += (log - levels[i]) * seen[..., None]
            weight += seen
        usual = f32(total / np.maximum(weight, 1e-3)[..., None])
    return usual, f32(levels - levels.mean(axis=0))


def _rest(view: Unwrapped, usual: Array) -> tuple[Array, Array]:
    """What is special in a frame, and where it is seen: T x T x 3 log, T x T 0..1."""
    seen = f32(view.seen) / 255
    rest = f32(view.log) - usual
    rest -= (rest * seen[..., None]).sum(axis=(0, 1)) / max(float(seen.sum()), 1.0)
    return f32(np.clip(rest, -1.5, 1.5)), f32(seen)


def _gridded(rest: Array, seen: Array) -> tuple[Array, Array]:
    """Masked means on the grid: G x G x 3, and the share seen G x G."""
    weight = f32(cv2.resize(seen, (GRID, GRID), interpolation=cv2.INTER_AREA))
    total = f32(cv2.resize(rest * seen[..., None], (GRID, GRID), interpolation=cv2.INTER_AREA))
    return f32(total / np.maximum(weight, 0.05)[..., None]), weight


def _bands(picture: Array, sigmas: tuple[float, ...]) -> list[Array]:
    """Bands that sum to `picture`, each of what the band before left over."""
    bands, rest = [], picture
    for sigma in sigmas:
        low = blur(rest, sigma)
        bands.append(rest - low)
        rest = low
    return [*bands, rest]


def _eras_of_bands(
    eras: tuple[Era, ...], bands_of: Callable[[int], _Bands], freedom: float,
    prior: Prior, smooth: float,
) -> tuple[Array, Array]:
    """(sum over bands of the eras' means as far as believed, K x ..., share K)."""
    measured = [_robust(era, bands_of) for era in eras]
    total: Array | None = None
    energy, believed = np.zeros(len(eras)), np.zeros(len(eras))
    for b in range(len(measured[0][0])):
        mean, scatter, seen = (f32(np.stack([era[part][b] for era in measured])) for part in range(3))
        noise = f32(blur(f32(scatter.mean(axis=0)), smooth))
        extra = (1,) * (mean.ndim - 3)
        there = np.broadcast_to(seen.reshape(*seen.shape, *extra), mean.shape)
        drawn, share = belief(mean, noise, eras, there, freedom, prior, lambda value: f32(blur(value, smooth)))
        drawn = drawn * np.clip(there / _SEEN, 0, 1)
        total = drawn if total is None else total + drawn
        # Where little is seen an era's mean is mostly noise, which would pass for much that is not known.
        strength = (drawn / np.maximum(share, 1e-3)) ** 2 * (there > _SEEN)
        axes = tuple(range(1, mean.ndim))
        energy += strength.sum(axis=axes)
        believed += (strength * share).sum(axis=axes)
    assert total is not None
    known: Array = f32(believed / np.maximum(energy, 1e-9))
    return f32(total), known


def _robust(
    era: Era, bands_of: Callable[[int], _Bands]
) -> tuple[list[Array], list[Array], list[Array]]:
    """(mean, mean square about it, share seen) per band of an era's frames; a frame far off at a place counts less."""
    mean: list[Array] = []
    scatter: list[Array] = []
    seen: list[Array] = []
    for turn in range(_ROUNDS if len(era.frames) > 2 else 1):
        sums: list[list[Array]] = []
        for i in era.frames:
            for b, (value, weight) in enumerate(bands_of(i)):
                w = weight[..., None] if value.ndim == 3 else weight
                if turn:
                    off = (value - mean[b]) ** 2
                    w = w / (1 + off / (4 * np.maximum(scatter[b], 1e-6)))
                parts = [value * w, value * value * w, w + np.zeros_like(value)]
                if b == len(sums):
                    sums.append(parts)
                else:
                    sums[b] = [have + part for have, part in zip(sums[b], parts, strict=True)]
        mean = [f32(s[0] / np.maximum(s[2], 1e-3)) for s in sums]
        scatter = [f32(np.maximum(s[1] / np.maximum(s[2], 1e-3) - m * m, 0)) for s, m in zip(sums, mean, strict=True)]
        if not turn:
            seen = [f32(np.clip(_one(s[2]) / len(era.frames), 0, 1)) for s in sums]
    return mean, scatter, seen


def _one(weight: Array) -> Array:
    return weight[..., 0] if weight.ndim == 3 else weight


def _plain_skin() -> Array:
    """G x G, 0..1: the mesh without brows, lids and lips, whose edges say nothing of wrinkles."""
    mean, area = mean_face(), np.zeros((WIDE, WIDE), np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(mean.points[:468]).astype(np.int32)), 1)
    area = np.asarray(cv2.erode(area, np.ones((9, 9), np.uint8)), np.uint8)
    for outline in (EYE_LEFT, EYE_RIGHT, LIPS, *BROWS):
        hull = cv2.convexHull(np.round(mean.points[list(outline)]).astype(np.int32))
        cv2.fillConvexPoly(area, hull, 0)
        cv2.polylines(area, [hull], True, 0, 7)
    soft = blur(f32(area), 3.0)
    return f32(cv2.resize(enlarged(soft, CROP), (GRID, GRID), interpolation=cv2.INTER_AREA))


def _face_grid() -> Array:
    """G x G, 0..1: the face, softly, so that a change of the whole face's level ends before hair and ground."""
    mean = mean_face()
    hull = np.zeros((WIDE, WIDE), np.float32)
    oval = cv2.convexHull(np.round(mean.points[:468]).astype(np.int32))
    cv2.fillConvexPoly(hull, oval, 1.0)
    soft = blur(blur(f32(cv2.dilate(hull, np.ones((9, 9), np.uint8))), 8.0), 6.0)
    return f32(cv2.resize(enlarged(soft, CROP), (GRID, GRID), interpolation=cv2.INTER_AREA))
