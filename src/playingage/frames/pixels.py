"""Array types and the exact step between a frame's numbers and float32."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""H x W float32."""
Image = NDArray[np.float32]
"""H x W x 3 float32 RGB."""
Picture = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float16] | NDArray[np.float32]
"""H x W x 3 RGB as a frame carries it."""


def full_scale(dtype: "np.dtype[Any]") -> float:
    """The number that means nominal white: 255, 65535, or 1.0 for floats."""
    return {"uint8": 255.0, "uint16": 65535.0}.get(dtype.name, 1.0)
