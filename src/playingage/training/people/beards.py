"""Where a beard grows: its density on the points of the relaxed base mesh (dm), for each kind of beard."""

import numpy as np
from numpy.typing import NDArray

from playingage.training.people.assets import F32

# Upper edge of a full beard along the cheek, by distance from the face's middle.
_ACROSS = (0.0, 0.20, 0.34, 0.46, 0.62, 0.74, 0.80, 0.95)
_CHEEK = (6.77, 6.77, 6.74, 6.66, 6.68, 6.86, 7.10, 7.10)
_SOFT = 0.035
_STRENGTH = {"none": 0.0, "shadow": 0.22, "stubble": 0.5, "full": 1.0, "goatee": 1.0, "moustache": 1.0}


def strength(kind: str) -> float:
    """How dense a beard of this kind is where it grows, 0..1."""
    return _STRENGTH[kind]


def density(points: F32, kind: str) -> F32:
    """(n) 0..1 on the base points (n, 3): 1 inside the beard's outline, soft at its edge."""
    if kind == "none":
        return np.zeros(len(points), np.float32)
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    inside = _step(np.interp(x, _ACROSS, _CHEEK) - y)
    # before the ears, and down to the middle of the neck
    inside *= _step(z - 0.45) * _step(0.8 - x) * _step(y - np.interp(z, (0.4, 1.1), (6.15, 5.95)))
    lips = np.sqrt((x / 0.27) ** 2 + ((y - 6.605) / 0.085) ** 2)
    inside *= np.where(z > 1.2, np.clip((lips - 0.95) / 0.15, 0, 1), 1)
    if kind == "goatee":
        inside *= _step(0.35 - x) * _step(y - 6.1)
    elif kind == "moustache":
        inside *= _step(0.36 - x) * _step(y - 6.62)
    return inside.astype(np.float32)


def _step(distance: NDArray[np.floating]) -> F32:
    t = np.clip(0.5 + distance / (2 * _SOFT), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
