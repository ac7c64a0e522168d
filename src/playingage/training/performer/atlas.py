"""A performer's face at every age, worked out from the archive: shape, colour and detail of each era on the mean face.

In the logarithm of the picture a frame is the era's skin plus the frame's light plus what the moment adds. Light and
moment average out over many frames of an era; how far they have is measured band by band, and what cannot be told from
them is left to the default re-ager (`Atlas.share`).
Legend: N frames, K eras, G grid (64), T detail (512), P landmarks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from playingage.faces.align import similarity
from playingage.faces.region import EYE_LEFT, EYE_RIGHT
from playingage.training.arrays import Array, f32
from playingage.training.geometry import Points, full_points
from playingage.training.network import GRID
from playingage.training.performer.acts import acts_of, at_rest
from playingage.training.performer.eras import Era, Prior, belief, eras_of
from playingage.training.performer.frames import FULL, EraFrame, Unwrapped, enlarged, mean_face, unwrap
from playingage.training.portraits import CROP, WIDE
from playingage.training.teacher.bands import blur
from playingage.training.teacher.statistics import LIPS

COARSE = (1.5, 3.0, 6.0)
"""Standard deviations between the bands of colour, in cells of the grid."""
FINE = (1.0, 2.0, 4.0)
"""Standard deviations between the bands of detail, in pixels of the mean face at 512."""
LUMA = f32([0.3, 0.59, 0.11])
_SHAPE = Prior(signal=0.8, noise=1.5)
"""Square pixels of WIDE: a landmark moves by about a pixel over decades, and by more from frame to frame."""
_COLOUR = Prior(signal=0.0015, noise=0.006)
_LEVEL = Prior(signal=0.0008, noise=0.03)
_DETAIL = Prior(signal=0.0008, noise=0.003)
"""Squares of log display values."""
_SEEN = 0.4
_SKULL = (127, 356, 234, 454, 10, 168, 6, 33, 263, 133, 362, 197, 54, 284, 21, 251, 162, 389)
_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atlas:
    """`ages` K years. `shape` K x 2 x G x G: where each place of the mean face lies off its mean over eras, in parts of
    half the crop's side. `colour` K x 3 x G x G and `detail` K x T x T: logarithms. `share` K x 3: how far shape,
    colour and detail of that era are known, 0..1.
    """

    ages: Array
    shape: Array
    colour: Array
    detail: Array
    share: Array


def survey(frames: Sequence[EraFrame], tell: Callable[[int], None] = lambda _: None) -> Atlas:
    """Work the atlas out; `tell` is called with the number of frames looked at. Raises ValueError without frames."""
    if not frames:
        raise ValueError("nothing to learn from")
    eras = eras_of(frames)
    views: list[Unwrapped] = []
    for i, frame in enumerate(frames):
        views.append(unwrap(frame))
        tell(i + 1)
    shape, shape_share = _shapes(frames, views, eras)
    colour, detail, colour_share, detail_share = _pictures(frames, views, eras)
    return Atlas(
        ages=f32([era.age for era in eras]), shape=shape, colour=colour, detail=detail,
        share=np.stack([shape_share, colour_share, detail_share], axis=1),
    )


def _shapes(frames: Sequence[EraFrame], views: list[Unwrapped], eras: tuple[Era, ...]) -> tuple[Array, Array]:
    """(K x 2 x G x G, share K): landmarks without pose and expression, which act alike in every era."""
    acts = [acts_of(view.shape, frame.yaw, frame.pitch) for frame, view in zip(frames, views, strict=True)]
    index = np.zeros(len(frames), np.int64)
    for k, era in enumerate(eras):
        index[list(era.frames)] = k
    rest = at_rest(np.stack([view.shape for view in views]), np.array(acts), index)
    means = np.stack([rest[index == k].mean(axis=0) for k in range(len(eras))])
    scatter = float(((rest - means[index]) ** 2).mean())
    means, freedom = _on_skull(f32(means)), len(frames) - len(eras)
    drawn, share = belief(means, f32(scatter), eras, np.ones_like(means), freedom, _SHAPE)
    fields = np.stack([_field(points) for points in drawn])
    return f32(fields), f32(share.mean(axis=(1, 2)))


def _on_skull(means: Array) -> Array:
    """K x P x 2: the eras' landmarks brought to one skull, which does not grow: its sides, brow, bridge and eyes.

    The crop's own alignment also goes by nose and mouth, which sink.
    """
    middle = means.mean(axis=0)
    turned = []
    for shape in means:
        transform = similarity(shape[list(_SKULL)], middle[list(_SKULL)])
        turned.append(shape @ transform[:, :2].T + transform[:, 2])
    return f32(np.stack(turned))


def _field(moved: Points) -> Array:
    """2 x G x G in parts of half the crop's side: displacements of P landmarks over the mean face, little at lids and
    lips, which the performance moves.
    """
    mean = mean_face()
    face = moved.copy()
    for outline, keep, reach in ((EYE_LEFT, 0.3, 7.0), (EYE_RIGHT, 0.3, 7.0), (LIPS, 0.3, 9.0)):
        anchor = mean.points[list(outline)]
        distance = np.sqrt(((mean.points[:468, None] - anchor[None]) ** 2).sum(axis=-1)).min(axis=1)
        centre = face[list(outline)].mean(axis=0)
        weight = np.exp(-((distance / reach) ** 2))[:, None]
        face = face * (1 - weight) + weight * (keep * face + (1 - keep) * 0.6 * centre)
    whole = np.zeros_like(mean.points)
    whole[:468] = face
    rings = full_points(f32(mean.points[:468] + face))[468:540] - mean.points[468:540]
    whole[468:504] = rings[:36] * 0.6
    side = np.arange(WIDE, dtype=np.float64)
    x, y = np.meshgrid(side, side)
    field = f32(np.nan_to_num(LinearNDInterpolator(mean.points.astype(np.float64), whole)(x, y)))
    smooth = np.stack([enlarged(blur(np.ascontiguousarray(field[..., i]), 2.5), CROP) for i in range(2)], axis=-1)
    small = cv2.resize(smooth, (GRID, GRID), interpolation=cv2.INTER_AREA) * (2 / CROP)
    return f32(small.transpose(2, 0, 1))


def _pictures(
    frames: Sequence[EraFrame], views: list[Unwrapped], eras: tuple[Era, ...]
) -> tuple[Array, Array, Array, Array]:
    """(colour K x 3 x G x G, detail K x T x T, share of colour K, share of detail K)."""
    usual, levels = _usual(views)
    freedom = len(frames) - len(eras)

    def coarse(view: Unwrapped, level: Array) -> Iterator[tuple[Array, Array]]:
        rest, seen = _rest(view, usual, level)
        colour, weight = _gridded(rest, seen)
        for band in _bands(colour * weight[..., None], COARSE):
            yield band, weight

    def fine(view: Unwrapped, level: Array, eye: float) -> Iterator[tuple[Array, Array]]:
        rest, seen = _rest(view, usual, level)
        colour, weight = _gridded(rest, seen)
        light = rest @ LUMA - cv2.resize(f32(colour @ LUMA), (FULL, FULL), interpolation=cv2.INTER_LINEAR)
        bands = _bands(f32(light * seen), FINE)
        for band, sigma in zip(bands, (0.5, *FINE), strict=True):
            resolved = np.clip(sigma * eye / (CROP / 2) * 2 - 0.5, 0, 1)
            yield band, f32(seen * resolved)

    level_means = np.stack([levels[list(era.frames)].mean(axis=0) for era in eras])
    scatter = np.mean([((levels[list(e.frames)] - m) ** 2).mean() for e, m in zip(eras, level_means, strict=True)])
    level, _ = belief(f32(level_means), f32(scatter), eras, np.ones_like(level_means), freedom, _LEVEL)
    colour, colour_share = _eras_of_bands(
        eras, lambda i: list(coarse(views[i], levels[i])), freedom, _COLOUR, smooth=4.0)
    detail, detail_share = _eras_of_bands(
        eras, lambda i: list(fine(views[i], levels[i], frames[i].eye)), freedom, _DETAIL, smooth=24.0)
    colour = f32(colour + level[:, None, None, :] * _face_grid()[None, ..., None])
    return f32(colour.transpose(0, 3, 1, 2)), detail, colour_share, detail_share


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


def _rest(view: Unwrapped, usual: Array, level: Array) -> tuple[Array, Array]:
    """What is special in a frame, and where it is seen: T x T x 3 log, T x T 0..1."""
    seen = f32(view.seen) / 255
    rest = f32(view.log) - usual
    rest -= (rest * seen[..., None]).sum(axis=(0, 1)) / max(float(seen.sum()), 1.0)
    return np.clip(rest, -1.5, 1.5), seen


def _gridded(rest: Array, seen: Array) -> tuple[Array, Array]:
    """Masked means on the grid: G x G x 3, and the share seen G x G."""
    weight = f32(cv2.resize(seen, (GRID, GRID), interpolation=cv2.INTER_AREA))
    total = f32(cv2.resize(rest * seen[..., None], (GRID, GRID), interpolation=cv2.INTER_AREA))
    return f32(total / np.maximum(weight, 0.05)[..., None]), weight


def _bands(picture: Array, sigmas: tuple[float, ...]) -> list[Array]:
    bands, rest = [], picture
    for sigma in sigmas:
        low = blur(rest, sigma)
        bands.append(rest - low)
        rest = low
    return [*bands, rest]


def _eras_of_bands(
    eras: tuple[Era, ...], bands_of: Callable[[int], list[tuple[Array, Array]]], freedom: float,
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
    return f32(total), f32(believed / np.maximum(energy, 1e-9))


def _robust(
    era: Era, bands_of: Callable[[int], list[tuple[Array, Array]]]
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
                    for have, part in zip(sums[b], parts, strict=True):
                        have += part
        mean = [f32(s[0] / np.maximum(s[2], 1e-3)) for s in sums]
        scatter = [f32(np.maximum(s[1] / np.maximum(s[2], 1e-3) - m * m, 0)) for s, m in zip(sums, mean, strict=True)]
        if not turn:
            seen = [f32(np.clip(_one(s[2]) / len(era.frames), 0, 1)) for s in sums]
    return mean, scatter, seen


def _one(weight: Array) -> Array:
    return weight[..., 0] if weight.ndim == 3 else weight


def _face_grid() -> Array:
    """G x G, 0..1: the face, softly, so that a change of the whole face's level ends before hair and ground."""
    mean = mean_face()
    hull = np.zeros((WIDE, WIDE), np.float32)
    oval = cv2.convexHull(np.round(mean.points[:468]).astype(np.int32))
    cv2.fillConvexPoly(hull, oval, 1.0)
    soft = blur(blur(f32(cv2.dilate(hull, np.ones((9, 9), np.uint8))), 8.0), 6.0)
    return f32(cv2.resize(enlarged(soft, CROP), (GRID, GRID), interpolation=cv2.INTER_AREA))
