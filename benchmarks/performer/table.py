"""What was found, as tables, against the bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.performer.archive import AGES, ERAS
from benchmarks.performer.compare import Found, mean

Results = Mapping[int, Mapping[str, Sequence[Found]]]
"""Performer's seed to way to what was found."""
LEARNED, STILLS, DEFAULT, PASTE, NOTHING = "performer", "stills", "default", "paste", "nothing"
WORDS = {
    LEARNED: "performer's", STILLS: "performer's, stills", DEFAULT: "default", PASTE: "frame pasted",
    NOTHING: "nothing done", "truth": "the truth itself",
}
_OVER_DEFAULT = {LEARNED: 2.0, STILLS: 1.0}
_LANDMARKS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was asked, what was found, and whether that is enough."""

    what: str
    found: str
    met: bool


def summary(results: Results) -> list[dict[str, str]]:
    """One row for each performer and way: means over the ages that were learned from."""
    rows = []
    for seed, ways in results.items():
        for way, found in ways.items():
            if way == "truth":
                continue
            learned = [f for f in found if f.age in ERAS]
            rows.append({
                "performer": str(seed), "way": WORDS[way], "PSNR, dB": f"{mean(found, 'psnr'):.2f}",
                "SSIM": f"{mean(found, 'ssim'):.3f}", "FLIP": f"{mean(found, 'flip'):.3f}",
                "PSNR of the head, dB": f"{mean(found, 'head_psnr'):.2f}",
                "landmarks, %": f"{mean(found, 'landmarks'):.2f}",
                "identity, distance": f"{mean(found, 'distance'):.3f}",
                "place among people": " ".join(str(f.person) for f in learned),
                "with own ages": " ".join(str(f.nearest) for f in learned),
            })
    return rows


def by_age(results: Results, measure: str, form: str) -> list[dict[str, str]]:
    """One row for each way: a measure at each age, the mean over the performers."""
    ways = list(dict.fromkeys(way for found in results.values() for way in found))
    rows = []
    for way in ways:
        row = {"way": WORDS[way]}
        for age in AGES:
            values = [getattr(f, measure) for ways in results.values() for f in ways.get(way, ()) if f.age == age]
            row[f"at {age:.0f}"] = f"{fmean(values):{form}}"
        rows.append(row)
    return rows


def bars(results: Results) -> list[Bar]:
    """Every bar for every performer."""
    settled = []
    for seed, ways in results.items():
        for way, least in _OVER_DEFAULT.items():
            if way in ways:
                settled += _bars(str(seed), way, ways, least)
    return settled


def _bars(who: str, way: str, ways: Mapping[str, Sequence[Found]], least: float) -> list[Bar]:
    mine = ways[way]
    name = f"{who}, {WORDS[way]}"
    rivals = [other for other in (DEFAULT, PASTE, NOTHING) if other in ways]
    settled = []
    for other in rivals:
        over, wanted = mean(mine, "psnr") - mean(ways[other], "psnr"), least if other == DEFAULT else 0.0
        settled.append(Bar(what=f"{name}: PSNR over {WORDS[other]} at least {wanted:g} dB", found=f"{over:+.2f} dB",
                           met=over >= wanted))
    for measure, sign in (("ssim", 1), ("flip", -1)):
        for other in rivals:
            gain = sign * (mean(mine, measure) - mean(ways[other], measure))
            settled.append(Bar(what=f"{name}: {measure.upper()} nearer than {WORDS[other]}", found=f"{gain:+.3f}",
                               met=gain > 0))
    moved = [f.landmarks for f in mine if f.age in ERAS]
    for what, found in (("on average", fmean(moved)), ("at every era", max(moved))):
        settled.append(Bar(what=f"{name}: landmarks within {_LANDMARKS:g} % {what}", found=f"{found:.2f} %",
                           met=found <= _LANDMARKS))
    for other in (rival for rival in rivals if rival != PASTE):  # a paste wears the performer's own face
        gain = mean(ways[other], "distance") - mean(mine, "distance")
        settled.append(Bar(what=f"{name}: identity nearer to the truth's than {WORDS[other]}", found=f"{gain:+.3f}",
                           met=gain > 0))
    for what, measure in (("of all people", "person"), ("of all people and own ages", "nearest")):
        first = [getattr(f, measure) for f in mine if f.age in ERAS]
        settled.append(Bar(what=f"{name}: {what}, identity nearest to the performer at that age",
                           found=f"{first.count(1)} of {len(first)} eras", met=all(place == 1 for place in first)))
    return settled
