"""Eras of an archive, and how far what was measured in each may be believed (empirical Bayes).

A quantity measured in each era has noise, since light, expression and pose differ between frames, and a signal, since
the performer aged. An era's mean is believed as far as the signal stands out of the noise, which falls with the number
of shots; eras of near ages speak for each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from playingage.training.arrays import Array, f32
from playingage.training.performer.frames import EraFrame

_APART = 3.0
"""Years within which frames belong to one era."""
_MOST = 12
_LENGTH = 12.0
"""Years over which what wanders is alike."""
_STRAIGHT = 0.5
_STEPS = 24
_SAME_LIGHT = 0.1
"""What a further frame of the same shot tells, compared with one of another shot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """Frames of about one age. `age` in years, `frames` indices into the archive, `count` independent views."""

    age: float
    frames: tuple[int, ...]
    count: float


def eras_of(frames: Sequence[EraFrame]) -> tuple[Era, ...]:
    """The archive's eras from the youngest on, at most 12; frames within three years are one."""
    order = sorted(range(len(frames)), key=lambda i: frames[i].age)
    runs: list[list[int]] = []
    for i in order:
        if runs and frames[i].age - frames[runs[-1][0]].age <= _APART:
            runs[-1].append(i)
        else:
            runs.append([i])
    while len(runs) > _MOST:
        middle = [np.mean([frames[i].age for i in run]) for run in runs]
        near = int(np.argmin(np.diff(middle)))
        runs[near : near + 2] = [runs[near] + runs[near + 1]]
    return tuple(_era(frames, run) for run in runs)


def _era(frames: Sequence[EraFrame], run: list[int]) -> Era:
    groups = len({frames[i].group for i in run})
    count = groups + (len(run) - groups) * _SAME_LIGHT
    return Era(age=float(np.mean([frames[i].age for i in run])), frames=tuple(run), count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Variances believed before anything is measured, and how many eras or frames that belief counts for."""

    signal: float
    noise: float
    weight: float = 3.0


def belief(
    means: Array, scatter: Array, eras: "tuple[Era, ...]", seen: Array, freedom: float, prior: Prior,
    smooth: Callable[[Array], Array] = lambda value: value,
) -> tuple[Array, Array]:
    """(means as far as believed, about their middle, K x ...; share known of each era, K x ...).

    `means` K x ..., `scatter` the mean square of frames about their era (same trailing shape or one number), `seen`
    K x ... 0..1, how often a place was seen; `freedom` frames less eras; `smooth` evens a signal's variance out over
    places. Signals of near ages are alike: half of one grows straight with the years, half wanders (Rasmussen and
    Williams, "Gaussian processes for machine learning", 2006).
    """
    counts = f32([era.count for era in eras])
    ages = f32([era.age for era in eras])
    number = len(means)
    where = np.clip(seen, 1e-3, 1).mean(axis=0)
    noise = (scatter * freedom + prior.noise * prior.weight) / (freedom + prior.weight) / where
    views = counts.reshape(-1, *(1,) * (means.ndim - 1)) * np.clip(seen, 1e-3, 1)
    middle = (views * means).sum(axis=0, keepdims=True) / views.sum(axis=0, keepdims=True)
    apart = means - middle
    between = (apart**2).sum(axis=0) / max(number - 1, 1)
    expected = noise * float(np.mean(1 / counts))
    signal = np.maximum(smooth(f32(between - expected)), 0) * (number - 1)
    signal = (signal + prior.signal * prior.weight) / (number - 1 + prior.weight)
    ratio = np.broadcast_to(np.log(noise / signal), means.shape[1:])
    low, high = float(ratio.min()), float(ratio.max())
    steps = np.clip(np.round((ratio - low) / max(high - low, 1e-6) * _STEPS), 0, _STEPS).astype(np.int64)
    drawn, share = np.zeros_like(apart), np.zeros_like(apart)
    for step in np.unique(steps):
        here = steps == step
        pull, known = _posterior(ages, counts, float(np.exp(low + (high - low) * step / _STEPS)))
        drawn[:, here] = np.tensordot(pull, apart[:, here], 1)
        share[:, here] = known.reshape(-1, 1)
    return f32(drawn), f32(share)


def _posterior(ages: Array, counts: Array, ratio: float) -> tuple[Array, Array]:
    """(K x K from measured to believed means, share known K) where a frame's noise is `ratio` times the signal."""
    years = ages.astype(np.float64) - float(ages.mean())
    straight = np.outer(years, years) / max(float((years**2).mean()), 1.0)
    wander = np.exp(-(((years[:, None] - years[None]) / _LENGTH) ** 2) / 2)
    kernel = _STRAIGHT * straight + (1 - _STRAIGHT) * wander
    pull = np.linalg.solve((kernel + np.diag(ratio / counts)).T, kernel.T).T
    left = np.diag(kernel) - np.einsum("ij,ji->i", pull, kernel)
    return f32(pull), f32(1 - left / np.diag(kernel))
