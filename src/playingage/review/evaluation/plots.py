"""The report's plots, as SVG that can stand in an HTML page."""

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from playingage.review.evaluation.bars import LANDMARKS, MOVED, SAME, SHARPEST, SOFTEST
from playingage.review.evaluation.statistics import spread
from playingage.review.evaluation.stills import Result, Stills
from playingage.review.evaluation.summary import SIDES, eyes_of, mouth_of, sharpness_of
from playingage.review.evaluation.truth import MODEL, NOTHING, Truth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TEXT, _FAINT, _GRID = "#d6d6d6", "#8c8c8c", "#3a3a3a"
_MODEL, _OTHER, _GOOD, _BAD = "#f0b24c", "#7fb2d9", "#6dbb7f", "#d9655b"
_STYLE: Any = {
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "text.color": _TEXT,
    "axes.labelcolor": _TEXT, "axes.edgecolor": _FAINT, "xtick.color": _TEXT, "ytick.color": _TEXT,
    "grid.color": _GRID, "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False, "legend.frameon": False, "font.size": 9, "svg.hashsalt": "playingage",
    "lines.solid_capstyle": "round",
}
_WIDTH = 0.34
"""Of the space between two requests that points of one request are spread over."""


@contextmanager
def drawn(width: float, height: float, parts: list[str]) -> "Iterator[Figure]":
    """A figure; when the block ends, its data address is appended to `parts`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure  # slow to import; only this command draws

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        data = io.BytesIO()
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    parts.append("data:image/svg+xml;base64," + base64.b64encode(data.getvalue()).decode())


def asked_and_judged(stills: Stills) -> str:
    """Years asked against years judged: everybody, the means, and the room in which a re-ager passes."""
    parts: list[str] = []
    shifts = _shifts(stills)
    with drawn(6.0, 4.2, parts) as figure:
        axes = figure.subplots()
        reach = max(10.0, *(abs(shift) for shift in shifts)) * 1.18
        for end in (-reach, reach):
            axes.fill_between([0, end], [0, end * MOVED], 50 * end, color=_GOOD, alpha=0.10, linewidth=0,
                              label=f"at least {MOVED:.0%} of what was asked" if end > 0 else None)
        axes.plot([-reach, reach], [-reach, reach], color=_FAINT, linewidth=0.9, linestyle=(0, (4, 3)),
                  label="exactly what was asked")
        if stills.judged:
            _cloud(axes, stills.results, shifts, lambda r: r.verdict.shift if r.verdict else None)
            _means(axes, stills.results, shifts, lambda r: r.verdict.shift if r.verdict else None, _MODEL,
                   "judged, mean ± 2 standard errors")
        _means(axes, stills.results, shifts, lambda r: r.read_out - r.read_in, _OTHER,
               "read by the package's own estimator", line="--")
        most = 1.25 * reach
        axes.set(xlim=(-reach, reach), ylim=(-most, most), xticks=shifts, xlabel="years asked",
                 ylabel="years by which the age moved")
        axes.legend(loc="upper left", fontsize=8)
    return parts[0]


def identity(stills: Stills) -> str:
    """Identity distance of everybody at every request, with the share that is recognised."""
    parts: list[str] = []
    shifts = _shifts(stills)
    with drawn(6.0, 4.2, parts) as figure:
        axes = figure.subplots()
        _strips(axes, stills.results, shifts, lambda r: r.verdict.identity if r.verdict else None)
        axes.axhspan(SAME, 2, color=_BAD, alpha=0.10, linewidth=0)
        top = max([0.62, *(r.verdict.identity or 0 for r in stills.results if r.verdict)]) * 1.12
        for place, shift in enumerate(shifts):
            seen = [r.verdict.identity for r in stills.results if r.verdict and r.shift == shift]
            there = [value for value in seen if value is not None]
            if there:
                share = sum(value <= SAME for value in there) / len(there)
                axes.text(place, top, f"{share:.0%}", ha="center", va="top", fontsize=8)
        axes.set(ylim=(0, top), ylabel="identity distance")
    return parts[0]


def landmarks(stills: Stills) -> str:
    """Movement of the landmarks of eyes and mouth at every request."""
    parts: list[str] = []
    shifts = _shifts(stills)
    with drawn(6.0, 4.2, parts) as figure:
        axes = figure.subplots()
        places = {shift: float(place) for place, shift in enumerate(shifts)}
        _cloud(axes, stills.results, shifts, mouth_of, places, aside=0.14)
        _cloud(axes, stills.results, shifts, eyes_of, places, aside=-0.14)
        _means(axes, stills.results, shifts, mouth_of, _MODEL, "mouth", places=places, aside=0.14)
        _means(axes, stills.results, shifts, eyes_of, _OTHER, "eyes", places=places, aside=-0.14)
        axes.axhspan(LANDMARKS, 99, color=_BAD, alpha=0.10, linewidth=0)
        _requests(axes, shifts)
        most = max([LANDMARKS, *(value for r in stills.results if (value := mouth_of(r)) is not None)])
        axes.set(ylim=(0, min(most * 1.15, 8)), ylabel="moved, % of the eye distance")
        axes.legend(loc="upper center", ncols=2, fontsize=8)
    return parts[0]


def sharpness(stills: Stills) -> str:
    """Energy of fine skin detail after re-ageing over before, at every request."""
    parts: list[str] = []
    with drawn(6.0, 4.2, parts) as figure:
        axes = figure.subplots()
        _strips(axes, stills.results, _shifts(stills), sharpness_of)
        axes.axhspan(SHARPEST, 1e3, color=_BAD, alpha=0.10, linewidth=0)
        axes.axhspan(1e-4, SOFTEST, color=_BAD, alpha=0.10, linewidth=0)
        axes.axhline(1, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_yscale("log")
        ticks = (0.1, 0.25, 0.6, 1, 2, 3, 6)
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set(ylim=(0.09, 8), ylabel="skin sharpness, of the input's")
    return parts[0]


def groups(entries: Sequence[Mapping[str, Any]], *, judged: bool) -> str:
    """How far each group's age moves, of what was asked, older and younger."""
    parts: list[str] = []
    field = "moved" if judged else "read"
    with drawn(6.4, 0.9 + 0.3 * len(entries), parts) as figure:
        axes = figure.subplots()
        for name, colour, aside in zip(SIDES, (_MODEL, _OTHER), (-0.13, 0.13), strict=True):
            axes.plot([], [], "o-", color=colour, markersize=5, label=name)
            for place, entry in enumerate(entries):
                found = entry[field][name]
                if found is None or not np.isfinite(found.value):
                    continue
                error = 2 * (found.error or 0.0)
                axes.errorbar(found.value, place + aside, xerr=error, fmt="o", color=colour, markersize=5,
                              elinewidth=1.4)
        axes.axvspan(-9, MOVED, color=_BAD, alpha=0.08, linewidth=0)
        axes.axvline(1, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        labels = [f"{entry['group']}  ({entry['people']})" for entry in entries]
        axes.set_yticks(range(len(entries)), labels)
        axes.set(ylim=(len(entries) - 0.5, -0.5), xlim=(-0.1, 2.0),
                 xlabel=f"years {'judged' if judged else 'read'}, of the years asked (± 2 standard errors)")
        axes.legend(loc="lower right", fontsize=8)
    return parts[0]


def against_truth(truth: Truth) -> str:
    """Error of each way of doing it by the years asked, of the error of doing nothing."""
    parts: list[str] = []
    with drawn(6.4, 3.4, parts) as figure:
        axes = figure.subplots()
        ways = [name for name in truth.ways if name != NOTHING]
        years = [m.case.target_age - m.case.age for m in truth.missed]
        for way in ways:
            colour = _MODEL if way == MODEL else _OTHER
            shares = [m.face[way][0] / max(m.face[NOTHING][0], 1e-6) for m in truth.missed]
            place = np.array(years) + (1.2 if way == MODEL else -1.2)
            axes.scatter(place, shares, s=14, color=colour, alpha=0.45, linewidth=0)
            for asked in sorted({round(value) for value in years}):
                some = [m for m, value in zip(truth.missed, years, strict=True) if round(value) == asked]
                mean = sum(m.face[way][0] for m in some) / max(sum(m.face[NOTHING][0] for m in some), 1e-6)
                axes.plot([asked - 4, asked + 4], [mean, mean], color=colour, linewidth=2.5)
            axes.plot([], [], color=colour, linewidth=2.5, label=way)
        axes.axhline(1, color=_FAINT, linewidth=0.9, linestyle=(0, (4, 3)), label=NOTHING)
        axes.axhspan(0, 0.5, color=_GOOD, alpha=0.10, linewidth=0)
        axes.set(xlabel="years asked", ylabel="RMS error in the face,\nof “do nothing”", ylim=(0, None))
        axes.legend(loc="upper center", ncols=len(ways) + 1, fontsize=8)
    return parts[0]


def _shifts(stills: Stills) -> list[float]:
    return sorted({result.shift for result in stills.results})


def _requests(axes: "Axes", shifts: Sequence[float]) -> None:
    axes.set_xticks(range(len(shifts)), [f"{shift:+g}" if shift else "0" for shift in shifts])
    axes.set(xlabel="years asked", xlim=(-0.6, len(shifts) - 0.4))


def _cloud(
    axes: "Axes", results: Sequence[Result], shifts: Sequence[float], value_of: Callable[[Result], float | None],
    places: dict[float, float] | None = None, aside: float = 0.0,
) -> None:
    """Everybody as a faint point, spread a little so that each is seen; the same way every time."""
    gap = min((b - a for a, b in pairwise(shifts)), default=1.0) if places is None else 1.0
    width = (_WIDTH if places is None else _WIDTH / 2) * gap
    for shift in shifts:
        values = [value for r in results if r.shift == shift and (value := value_of(r)) is not None]
        middle = (shift if places is None else places[shift]) + aside
        spots = middle + width * (np.modf(np.arange(len(values)) * 0.618034)[0] - 0.5)
        axes.scatter(spots, values, s=7, color=_FAINT, alpha=0.55, linewidth=0)


def _means(
    axes: "Axes", results: Sequence[Result], shifts: Sequence[float], value_of: Callable[[Result], float | None],
    colour: str, label: str, *, line: str = "-", places: dict[float, float] | None = None, aside: float = 0.0,
) -> None:
    found = [(s, spread([value_of(r) for r in results if r.shift == s])) for s in shifts]
    there = [(s, seen) for s, seen in found if seen is not None]
    axes.errorbar(
        [(s if places is None else places[s]) + aside for s, _ in there], [seen.mean for _, seen in there],
        yerr=[2 * (seen.error or 0) for _, seen in there], color=colour, marker="o", markersize=4.5,
        linestyle=line if places is None else "none", linewidth=1.6, elinewidth=1.4, label=label,
    )


def _strips(
    axes: "Axes", results: Sequence[Result], shifts: Sequence[float], value_of: Callable[[Result], float | None]
) -> None:
    """Everybody as a point, the median as a bar."""
    places = {shift: float(place) for place, shift in enumerate(shifts)}
    _cloud(axes, results, shifts, value_of, places)
    for shift in shifts:
        seen = spread([value_of(r) for r in results if r.shift == shift])
        if seen is not None:
            axes.plot([places[shift] - 0.24, places[shift] + 0.24], [seen.median] * 2, color=_MODEL, linewidth=2.4)
    _requests(axes, shifts)
