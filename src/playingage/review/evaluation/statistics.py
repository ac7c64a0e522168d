"""Lines and means with honest errors. Pure arithmetic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean with its standard error (None for one value), median, 5th and 95th percentile, of `n` values."""

    n: int
    mean: float
    error: float | None
    median: float
    p05: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A slope and its standard error by leaving out one person at a time; None for fewer than three people."""

    value: float
    error: float | None
    people: int


def spread(values: Sequence[float | None]) -> Spread | None:
    """Of the values that are there; None where there are none."""
    there = np.array([value for value in values if value is not None], np.float64)
    if not there.size:
        return None
    low, middle, high = np.percentile(there, [5, 50, 95])
    error = float(there.std(ddof=1) / len(there) ** 0.5) if len(there) > 1 else None
    return Spread(n=len(there), mean=float(there.mean()), error=error, median=float(middle), p05=float(low),
                  p95=float(high))


def line(x: Floats, y: Floats) -> float:
    """Slope of the least-squares line with intercept; NaN where all x are alike."""
    centred = x - x.mean()
    square = float((centred**2).sum())
    return float((centred * (y - y.mean())).sum()) / square if square > 0 else float("nan")


def through_zero(x: Floats, y: Floats) -> float:
    """Slope of the least-squares line through nothing asked, nothing given."""
    square = float((x**2).sum())
    return float((x * y).sum()) / square if square > 0 else float("nan")


def slope(fit: Callable[[Floats, Floats], float], x: Sequence[float], y: Sequence[float], who: Sequence[str]) -> Slope:
    """`fit` over all points; its error is a jackknife over people, since one person's points are no independent ones.

    A slope that cannot be had (one request only) is NaN.
    """
    xs, ys, names = np.array(x, np.float64), np.array(y, np.float64), np.array(who)
    value = fit(xs, ys) if len(xs) else float("nan")
    people = sorted(set(who))
    error = None
    if len(people) >= 3:
        rest = np.array([fit(xs[names != name], ys[names != name]) for name in people])
        n = len(people)
        error = float(((n - 1) / n * ((rest - rest.mean()) ** 2).sum()) ** 0.5)
    return Slope(value=value, error=error, people=len(people))
