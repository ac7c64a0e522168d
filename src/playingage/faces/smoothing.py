"""Steadying landmarks: without lag for live (One-Euro), two-sided for render."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MIN_CUTOFF, _BETA, _SPEED_CUTOFF = 1.2, 4.0, 1.0


class LandmarkFilter:
    """One-Euro filter (Casiez, Roussel, Vogel 2012) over the landmarks of one face.

    Speeds are taken in face sizes a second, so that the filter is the same near and far. Still landmarks are calmed;
    moving ones pass with almost no lag.
    """

    def __init__(self) -> None:
        self._value: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None
        self._time = 0.0

    def __call__(self, landmarks: NDArray[np.float32], seconds: float, size: float) -> NDArray[np.float32]:
        """Filtered landmarks (N x 3, pixels) at time `seconds`, for a face of `size` pixels."""
        value = landmarks.astype(np.float64)
        if self._value is None or self._speed is None or seconds <= self._time:
            self._value, self._speed, self._time = value, np.zeros((1, 3)), seconds
            return landmarks
        step = seconds - self._time
        # The face moves as a whole: its mean motion is taken out before, and put back after, the filter.
        shift = np.add.reduce(value - self._value, keepdims=True) / len(value)
        speed = shift / step / max(size, 1.0)
        self._speed = self._speed + _alpha(_SPEED_CUTOFF, step) * (speed - self._speed)
        cutoff = _MIN_CUTOFF + _BETA * float(np.hypot(*self._speed[0, :2])) * 10
        whole = self._value + shift * _alpha(4 * cutoff, step)
        self._value = whole + _alpha(cutoff, step) * (value - whole)
        self._time = seconds
        return self._value.astype(np.float32)


def _alpha(cutoff: float, step: float) -> float:
    rate = 2 * np.pi * cutoff * step
    return float(rate / (rate + 1))


def smooth_two_sided(window: Sequence[NDArray[np.float32]], middle: int, sigma: float = 1.0) -> NDArray[np.float32]:
    """Gaussian mean over neighbouring frames' landmarks around `window[middle]`, following local motion.

    A weighted straight line is fitted through the window in time, so that steady motion is not dragged; `sigma` is in
    frames.
    """
    times = np.arange(len(window), dtype=np.float64) - middle
    weights = np.exp(-0.5 * (times / sigma) ** 2)
    values = np.stack(window).astype(np.float64)
    total = weights.sum()
    mean_time = (weights * times).sum() / total
    mean = np.tensordot(weights, values, 1) / total
    spread = (weights * (times - mean_time) ** 2).sum()
    if spread < 1e-9:
        return window[middle]
    slope = np.tensordot(weights * (times - mean_time), values, 1) / spread
    return np.asarray(mean - slope * mean_time, np.float32)
