"""How a frame's numbers mean light, and the invertible view in which the networks see it.

The networks were trained on display-encoded Rec.709/sRGB pictures. A frame keeps its own encoding on the whole
way; only the crop that a network sees goes through `to_view`, and the changed crop comes back through `from_view`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TRANSFERS = ("bt709", "srgb", "linear", "pq", "hlg", "gamma22", "gamma28", "unknown")
PRIMARIES = ("bt709", "bt2020", "smpte170m", "bt470bg", "p3d65", "acescg", "unknown")
MATRICES = ("bt709", "smpte170m", "bt470bg", "bt2020nc", "rgb", "unknown")
DISPLAY_ENCODED = ("bt709", "srgb", "gamma22", "gamma28", "unknown", "hlg")
"""Transfers whose numbers already are what a display shows, near enough for the networks."""
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 32
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_PQ_WHITE = 203 / 10000
"""Diffuse white of HDR pictures: 203 cd/m2 of PQ's 10000 (ITU-R BT.2408)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """The colour tags of a picture, as FFmpeg and OCIO tell them apart.

    `full_range` is that of the stored Y'CbCr; pixels of a `Frame` are always full-range RGB.
    """

    primaries: str = "bt709"
    transfer: str = "bt709"
    matrix: str = "bt709"
    full_range: bool = False

    def __post_init__(self) -> None:
        for name, known in (("primaries", PRIMARIES), ("transfer", TRANSFERS), ("matrix", MATRICES)):
            if getattr(self, name) not in known:
                raise ValueError(f"colour {name} {getattr(self, name)!r} is not one of {', '.join(known)}")


def to_view(rgb: NDArray[np.float32], transfer: str) -> NDArray[np.float32]:
    """Encoded RGB (float32, nominal 0..1) to the networks' display-encoded view. Monotone and invertible.

    SDR and HLG signals already are display-like and pass unchanged. `linear` is encoded with the sRGB curve
    (IEC 61966-2-1), mirrored below 0 and continued above 1. `pq` (SMPTE ST 2084) becomes
    gamma 2.4 relative to 203 cd/m2.
    """
    if transfer in DISPLAY_ENCODED:
        return rgb
    if transfer == "linear":
        size = np.abs(rgb)
        high = 1.055 * np.power(np.maximum(size, 0.0031308), 1 / 2.4) - 0.055
        return (np.sign(rgb) * np.where(size <= 0.0031308, 12.92 * size, high)).astype(np.float32)
    if transfer == "pq":
        root = np.power(np.clip(rgb, 0, None), 1 / _PQ_M2)
        light = np.power(np.maximum(root - _PQ_C1, 0) / np.maximum(_PQ_C2 - _PQ_C3 * root, 1e-6), 1 / _PQ_M1)
        return np.power(light / _PQ_WHITE, 1 / 2.4).astype(np.float32)
    raise ValueError(f"no view for transfer {transfer!r}")


def from_view(view: NDArray[np.float32], transfer: str) -> NDArray[np.float32]:
    """The inverse of `to_view`: display-encoded float32 RGB back to the frame's own encoding."""
    if transfer in DISPLAY_ENCODED:
        return view
    if transfer == "linear":
        size = np.abs(view)
        high = np.power((size + 0.055) / 1.055, 2.4)
        return (np.sign(view) * np.where(size <= 0.04045, size / 12.92, high)).astype(np.float32)
    if transfer == "pq":
        light = np.power(np.clip(view, 0, None), 2.4) * _PQ_WHITE
        root = np.power(light, _PQ_M1)
        return np.power((_PQ_C1 + _PQ_C2 * root) / (1 + _PQ_C3 * root), _PQ_M2).astype(np.float32)
    raise ValueError(f"no view for transfer {transfer!r}")
