"""A performer's face at every age, worked out from the archive: shape, colour and detail of each era on the mean face.

In the logarithm of the picture a frame is the era's skin plus the frame's light plus what the moment adds. Light and
moment average out over many frames of an era; how far they have is measured band by band, and what cannot be told from
them is left to the default re-ager (`Atlas.share`).
Legend: N frames, K eras, G grid (64), T detail (512), P landmarks.
"""

from collections.abc import Callable, Sequence
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
from playingage.training.performer.frames import EraFrame, Unwrapped, enlarged, mean_face, unwrap
from playingage.training.performer.pictures import measure
from playingage.training.portraits import CROP, WIDE
from playingage.training.teacher.bands import blur
from playingage.training.teacher.statistics import LIPS

_SHAPE = Prior(signal=0.8, noise=1.5)
"""Square pixels of WIDE: a landmark moves by about a pixel over decades, and by more from frame to frame."""
_SKULL = (127, 356, 234, 454, 10, 168, 6, 33, 263, 133, 362, 197, 54, 284, 21, 251, 162, 389)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atlas:
    """`ages` K years. `shape` K x 2 x G x G: where each place of the mean face lies off its mean over eras, in parts of
    half the crop's side. `colour` K x 3 x G x G and `detail` K x T x T: logarithms. `gain` K x 3 x G x G: logarithm of
    the amplitude of three octaves of detail, from fine to coarse, which light and expression show otherwise in every
    frame. `share` K x 3: how far shape, colour and detail of that era are known, 0..1.
    """

    ages: Array
    shape: Array
    colour: Array
    detail: Array
    gain: Array
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
    pictures = measure(frames, views, eras)
    return Atlas(
        ages=f32([era.age for era in eras]), shape=shape, colour=pictures.colour, detail=pictures.detail,
        gain=pictures.gain, share=np.stack([shape_share, pictures.colour_share, pictures.detail_share], axis=1),
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
