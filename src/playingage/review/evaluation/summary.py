"""Results by request, as slopes, and by group; and what they say to the bars. Pure arithmetic, JSON-ready."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from playingage.review.evaluation.bars import SAME, SHARPEST, SOFTEST, Measured
from playingage.review.evaluation.groups import groupings
from playingage.review.evaluation.statistics import Slope, line, slope, spread, through_zero
from playingage.review.evaluation.stills import Result, Stills

_NEAR, _FAR = 20.0, 30.0
SIDES = ("older", "younger")


def rounded(value: Any) -> Any:
    """Plain JSON: data classes as objects, floats with four digits, numbers that are none as null."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: rounded(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {str(key): rounded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), 4) if np.isfinite(value) else None
    return value


def side(results: Iterable[Result], name: str) -> list[Result]:
    """The results that were asked to be "older" or "younger"."""
    return [result for result in results if (result.shift > 0 if name == "older" else result.shift < 0)]


def by_request(stills: Stills) -> list[dict[str, Any]]:
    """One entry for each request, the youngest first."""
    entries = []
    for shift in sorted({result.shift for result in stills.results}):
        these = [result for result in stills.results if result.shift == shift]
        entries.append({
            "shift": shift, "people": len(these), "own": _own(these),
            "judged": _judged(these, stills.coarse.get(shift)) if stills.judged else None,
        })
    return entries


def _own(results: Sequence[Result]) -> dict[str, Any]:
    measures = [result.measures for result in results]
    return {
        "changed": spread([m.changed for m in measures]), "eyes": spread([m.eyes for m in measures]),
        "mouth": spread([m.mouth for m in measures]), "sharpness": spread([m.sharpness for m in measures]),
        "outside_mean": spread([m.outside_mean for m in measures]),
        "outside_most": max((m.outside_most for m in measures if m.outside_most is not None), default=None),
        "read_shift": spread([result.read_out - result.read_in for result in results]),
        "milliseconds": spread([result.milliseconds for result in results]),
    }


def _judged(results: Sequence[Result], coarse: float | None) -> dict[str, Any]:
    verdicts = [result.verdict for result in results if result.verdict is not None]
    shift = spread([verdict.shift for verdict in verdicts])
    asked = results[0].shift
    sharpness = [v.sharpness for v in verdicts if v.sharpness is not None]
    return {
        "people": len(verdicts), "shift": shift,
        "share": None if shift is None or not asked else shift.mean / asked,
        "coarse_share": coarse, "identity": spread([v.identity for v in verdicts]),
        "recognised": _share([v.identity <= SAME for v in verdicts if v.identity is not None]),
        "eyes": spread([v.eyes for v in verdicts]), "mouth": spread([v.mouth for v in verdicts]),
        "sharpness": spread([v.sharpness for v in verdicts]),
        "sharpness_outside": _share([not SOFTEST <= value <= SHARPEST for value in sharpness]),
        "without_face": [result.person.name for result in results if result.verdict is None],
    }


def slopes(stills: Stills) -> dict[str, Any]:
    """Years judged over years asked, for each side: through the requests' means and through all people, request 0
    included, and through nothing; and the same as the package's own estimator reads it.
    """
    found: dict[str, Any] = {}
    for name in SIDES:
        these = [*side(stills.results, name), *(result for result in stills.results if result.shift == 0)]
        judged = [result for result in these if result.verdict is not None]
        found[name] = {
            "means": _line_of_means(judged), "people": _slope(line, judged),
            "through_zero": _slope(through_zero, judged),
            "read": slope(line, [r.shift for r in these], [r.read_out - r.read_in for r in these],
                          [r.person.name for r in these]),
        }
    return found


def _line_of_means(results: Sequence[Result]) -> float | None:
    asked = sorted({result.shift for result in results})
    if len(asked) < 2:
        return None
    means = [np.mean([r.verdict.shift for r in results if r.shift == shift and r.verdict]) for shift in asked]
    return line(np.array(asked), np.array(means))


def _slope(fit: Any, results: Sequence[Result]) -> Slope | None:
    if not results:
        return None
    return slope(fit, [r.shift for r in results], [r.verdict.shift for r in results if r.verdict],
                 [r.person.name for r in results])


def by_group(stills: Stills) -> list[dict[str, Any]]:
    """One entry for each group that holds anybody."""
    entries = []
    for grouping in groupings(stills.results):
        for name in grouping.groups:
            these = [result for result in stills.results if grouping.group_of(result) == name]
            if these:
                entries.append({"by": grouping.by, "group": name, **_group(these)})
    return entries


def _group(results: Sequence[Result]) -> dict[str, Any]:
    judged = [result for result in results if result.verdict is not None]
    asked = [result for result in results if result.shift]
    moved = {name: _slope(through_zero, side(judged, name)) for name in SIDES}
    identities = [r.verdict.identity for r in judged if r.verdict and r.verdict.identity is not None and r.shift]
    return {
        "people": len({result.person.name for result in results}), "results": len(results),
        "moved": moved,
        "read": {name: slope(through_zero, [r.shift for r in side(results, name)],
                             [r.read_out - r.read_in for r in side(results, name)],
                             [r.person.name for r in side(results, name)]) for name in SIDES},
        "identity": spread(identities), "recognised": _share([value <= SAME for value in identities]),
        "eyes": spread([eyes_of(result) for result in asked]), "mouth": spread([mouth_of(result) for result in asked]),
        "sharpness": {name: spread([sharpness_of(r) for r in side(results, name)]) for name in SIDES},
        "zero_changed": spread([result.measures.changed for result in results if not result.shift]),
    }


def eyes_of(result: Result) -> float | None:
    """Movement of the eyes: the judge's where it judged, else our own."""
    return result.measures.eyes if result.verdict is None else result.verdict.eyes


def mouth_of(result: Result) -> float | None:
    """Movement of the mouth: the judge's where it judged, else our own."""
    return result.measures.mouth if result.verdict is None else result.verdict.mouth


def sharpness_of(result: Result) -> float | None:
    """Sharpness of the skin: the judge's where it judged, else our own."""
    return result.measures.sharpness if result.verdict is None else result.verdict.sharpness


def measured(stills: Stills) -> dict[str, Measured]:
    """What the results say to the bars; what was not measured is not there."""
    asked = [result for result in stills.results if result.shift]
    people = {result.person.name for result in stills.results if result.person.held_out}
    found = {"people": Measured(value=len(people), detail="by the hash that training goes by")}
    zero = spread([result.measures.changed for result in stills.results if not result.shift])
    if zero is not None:
        found["request_zero"] = Measured(value=zero.mean, detail=f"{zero.n} people, 95 % under {zero.p95:.2f}")
    whose = "" if stills.judged else ", own measure"
    for key, value_of in (("eyes", eyes_of), ("mouth", mouth_of)):
        moved = spread([value_of(result) for result in asked])
        if moved is not None:
            worst, mean = _worst(asked, value_of)
            found[key] = Measured(value=moved.mean, detail=f"{moved.n} results; most at {worst}: {mean:.2f}{whose}")
    found |= _texture(stills, whose)
    if stills.judged:
        found |= _moved(stills) | _recognised(asked)
    return found


def _worst(results: Sequence[Result], value_of: Any) -> tuple[str, float]:
    means = []
    for shift in sorted({result.shift for result in results}):
        found = spread([value_of(result) for result in results if result.shift == shift])
        if found is not None:
            means.append((found.mean, f"{shift:+g}"))
    mean, name = max(means)
    return name, mean


def _texture(stills: Stills, whose: str) -> dict[str, Measured]:
    found = {}
    for name in SIDES:
        these = side(stills.results, name)
        medians = []
        for shift in sorted({result.shift for result in these}):
            seen = spread([sharpness_of(result) for result in these if result.shift == shift])
            if seen is not None:
                medians.append((seen.median, shift, seen))
        if medians:
            value, shift, seen = max(medians) if name == "older" else min(medians)
            detail = f"at {shift:+g}: 90 % from {seen.p05:.2f} to {seen.p95:.2f}{whose}"
            found[f"texture_{name}"] = Measured(value=value, detail=detail)
    return found


def _moved(stills: Stills) -> dict[str, Measured]:
    found = {}
    entries = [(e["shift"], e["judged"]) for e in by_request(stills) if e["judged"]["shift"] is not None]
    fitted = slopes(stills)
    for name in SIDES:
        through, everybody = fitted[name]["means"], fitted[name]["people"]
        if through is not None and side(stills.results, name):
            error = "" if everybody.error is None else f" ± {everybody.error:.2f}"
            detail = f"requests' means; through all people {everybody.value:.2f}{error}"
            found[f"moved_{name}"] = Measured(value=through, detail=detail)
    shares = [(judged["share"], shift, judged["shift"]) for shift, judged in entries if judged["share"] is not None]
    if shares:
        share, shift, seen = min(shares, key=lambda each: each[:2])
        error = "" if seen.error is None else f" ± {seen.error:.1f}"
        detail = f"at {shift:+g}: {seen.mean:+.1f}{error} years"
        found["moved_least"] = Measured(value=share, detail=detail)
    steps = [(b[1]["shift"].mean - a[1]["shift"].mean, a[0], b[0]) for a, b in pairwise(entries)]
    if steps:
        step, low, high = min(steps)
        found["monotonic"] = Measured(value=step, detail=f"from {low:+g} to {high:+g}")
    coarse = [(value, shift) for shift, value in stills.coarse.items() if value is not None and shift]
    if coarse:
        value, shift = min(coarse)
        found["coarse"] = Measured(value=value, detail=f"at {shift:+g}")
    return found


def _recognised(asked: Sequence[Result]) -> dict[str, Measured]:
    found = {}
    for key, these in (
        ("recognised_20", [r for r in asked if abs(r.shift) <= _NEAR]),
        ("recognised_30", [r for r in asked if _NEAR < abs(r.shift) <= _FAR]),
    ):
        seen = spread([r.verdict.identity for r in these if r.verdict])
        if seen is not None:
            share = _share([r.verdict.identity <= SAME for r in these if r.verdict and r.verdict.identity is not None])
            detail = f"{seen.n} results, mean {seen.mean:.2f}, 95 % under {seen.p95:.2f}"
            found[key] = Measured(value=share or 0.0, detail=detail)
    return found


def _share(seen: Sequence[bool]) -> float | None:
    return sum(seen) / len(seen) if seen else None
