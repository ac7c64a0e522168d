"""The figures of a review: each way beside the others, over all, by era, in motion. Arithmetic only."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from playingage.faces.identity import SAME
from playingage.review.evaluation.statistics import Spread, spread
from playingage.review.motion import Series
from playingage.review.performer.clips import ClipResult, Look
from playingage.review.performer.stills import DEFAULT, MODEL, NOTHING, WAYS, Result, Stills, Yardstick

_MOTION = ("extra_flicker", "change_flicker", "slid")


def by_way(results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """What each way reaches over the same faces and ages."""
    return {way: of_results([each for each in results if each.way == way]) for way in WAYS}


def of_results(results: Sequence[Result]) -> dict[str, Any]:
    """Spreads of every measure; identity only where there are real pictures to be held against."""
    far = [each.distance for each in results if each.distance is not None]
    return {
        "results": len(results), "age_error": spread([each.age_error for each in results]),
        "similarity": spread([each.similarity for each in results]), "distance": spread(far),
        "recognised": sum(value <= SAME for value in far) / len(far) if far else None,
        **{name: spread([getattr(each.kept, name) for each in results]) for name in ("mouth", "eyes", "smile", "gaze")},
        "sharpness": spread([each.sharpness for each in results]),
        "changed": spread([each.changed for each in results]),
    }


def of_real(real: Sequence[Yardstick]) -> dict[str, Any]:
    """Real frames measured as if they were results."""
    return {"results": len(real), "age_error": spread([abs(each.read_age - each.age) for each in real]),
            "similarity": spread([each.similarity for each in real])}


def against(stills: Stills, other: str) -> dict[str, Any]:
    """The model against another way, face by face and age by age: the gain, and how often it is one.

    The spread is over the means of the faces: results of one face are no independent ones.
    """
    return {
        "similarity": _gain(stills, other, lambda each: each.similarity),
        "age_error": _gain(stills, other, lambda each: -each.age_error),
    }


def _gain(stills: Stills, other: str, value_of: Callable[[Result], float | None]) -> dict[str, Any]:
    theirs = {(each.face, each.target_age): value_of(each) for each in stills.of(other)}
    gains: dict[str, list[float]] = {}
    for each in stills.of(MODEL):
        mine, their = value_of(each), theirs.get((each.face, each.target_age))
        if mine is not None and their is not None:
            gains.setdefault(each.face, []).append(mine - their)
    every = [gain for some in gains.values() for gain in some]
    return {"mean": spread([sum(some) / len(some) for some in gains.values()]),
            "better": sum(gain > 0 for gain in every) / len(every) if every else None}


def of_clip(result: ClipResult) -> dict[str, Any]:
    """One clip, one age, one way."""
    looks, motion = result.looks, result.motion
    read = [look.read_age for look in looks]
    found: dict[str, Any] = {
        "clip": result.clip, "way": result.way, "target_age": result.target_age, "looked_at": len(looks),
        "shown": result.shown, "age_error": spread([abs(age - result.target_age) for age in read]),
        "similarity": spread([look.like.similarity for look in looks if look.like is not None]),
        "distance": spread([look.like.distance for look in looks if look.like is not None]),
        "sharpness": spread([look.sharpness for look in looks]),
        **{name: _kept(looks, name) for name in ("mouth", "eyes", "smile", "gaze")},
    }
    found |= {name: _mean(None if motion is None else getattr(motion, name)) for name in _MOTION}
    found["input_flicker"] = _mean(None if motion is None else motion.input_flicker)
    for name in ("ages_in", "ages_out"):
        series = None if motion is None else getattr(motion, name)
        found[name] = {"mean": _mean(series), "scatter": None if series is None else series.scatter}
    return found


def _kept(looks: Iterable[Look], name: str) -> Spread | None:
    return spread([getattr(look.kept, name) for look in looks])


def _mean(series: Series | None) -> float | None:
    return None if series is None else series.mean


def headline(figures: dict[str, dict[str, Any]]) -> str:
    """In one sentence what matters most."""
    def of(way: str, name: str) -> float | None:
        found: Spread | None = figures[way][name]
        return None if found is None else found.mean

    like = [value for way in (MODEL, DEFAULT, NOTHING) if (value := of(way, "similarity")) is not None]
    error = [value for way in (MODEL, DEFAULT, NOTHING) if (value := of(way, "age_error")) is not None]
    words = "" if len(like) < 3 else (
        f"Similarity to real pictures of the age asked: {like[0]:.3f}; the default {like[1]:.3f}, doing nothing "
        f"{like[2]:.3f}. "
    )
    return words + f"Age error: {error[0]:.1f} years; the default {error[1]:.1f}, doing nothing {error[2]:.1f}."
