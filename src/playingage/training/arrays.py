"""The one array type of the training pictures, and the cast that OpenCV's loosely typed results need."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def f32(value: Any) -> Array:
    """`value` as float32, without a copy where it is that already."""
    return np.asarray(value, np.float32)
