"""Eras of an archive, and how far what was measured in each may be believed (empirical Bayes).

A quantity measured in each era has noise, since light, expression and pose differ between frames, and a signal, since
the performer aged. The mean of an era is drawn towards the mean of all eras by signal / (signal + noise / n), where n
counts the shots (James and Stein, "Estimation with quadratic loss", 1961).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from playingage.training.arrays import Array, f32
from playingage.training.performer.frames import EraFrame

_APART = 3.0
"""Years within which frames belong to one era."""
_MOST = 12
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
    means: Array, scatter: Array, counts: Array, freedom: float, prior: Prior,
    smooth: Callable[[Array], Array] = lambda value: value,
) -> tuple[Array, Array]:
    """(means drawn together, share believed per era K).

    `means` K x ..., `scatter` the mean square of frames about their era (same trailing shape or one number), `counts`
    K x ... views (broadcast), `freedom` frames less eras; `smooth` evens out a signal's variance over places.
    """
    eras = len(means)
    noise = (scatter * freedom + prior.noise * prior.weight) / (freedom + prior.weight)
    weights = counts / np.maximum(counts.sum(axis=0, keepdims=True), 1e-6)
    middle = (weights * means).sum(axis=0, keepdims=True)
    between = ((means - middle) ** 2).sum(axis=0) / max(eras - 1, 1)
    expected = noise * np.mean(1 / np.maximum(counts, 0.5), axis=0)
    signal = np.maximum(smooth(f32(between - expected)), 0) * (eras - 1)
    signal = (signal + prior.signal * prior.weight) / (eras - 1 + prior.weight)
    share = signal / (signal + noise / np.maximum(counts, 1e-3))
    return f32((means - middle) * share), f32(np.broadcast_to(share, means.shape))
