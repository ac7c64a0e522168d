"""What a faceset covers, age by age, and what to look for next. Numbers and words, no pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playingage.archive.choose import LEVELS, PITCHES, SIDES, YAWS, bin_of
from playingage.archive.row import FaceRow

SPAN = 5
"""Years of an era."""
SIZES = (("under 64", 0.0, 64.0), ("64 to 128", 64.0, 128.0), ("128 and over", 128.0, float("inf")))
"""Eye distances in pixels; 128 fill the native 512-pixel crop."""
NATIVE = 128.0
ENOUGH, FEW, THIN = 60, 10, 3
"""Faces of an era that are plenty; under which the default's knowledge must help; of a kind that are too few."""
_GAP = 10
ASKED = ("neutral", "smile", "talk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """Faces of about one age. start: first year of the span. Counters count faces that training takes."""

    start: int
    rows: tuple[FaceRow, ...]
    yaw: Counter[str]
    pitch: Counter[str]
    expression: Counter[str]
    side: Counter[str]
    level: Counter[str]
    size: Counter[str]
    bins: Counter[tuple[str, str]]

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.start} to {self.start + SPAN - 1}"

    @property
    def count(self) -> int:
        """Faces that training takes."""
        return len(self.rows)

    @property
    def titles(self) -> tuple[str, ...]:
        """Where they are from."""
        return tuple(dict.fromkeys(row.title for row in self.rows))


def eras_of(rows: Sequence[FaceRow]) -> tuple[Era, ...]:
    """The faces that training takes by spans of age, youngest first."""
    spans: dict[int, list[FaceRow]] = {}
    for row in rows:
        if row.used:
            spans.setdefault(int(row.age // SPAN) * SPAN, []).append(row)
    return tuple(_era(start, members) for start, members in sorted(spans.items()))


def _era(start: int, rows: Sequence[FaceRow]) -> Era:
    bins = [bin_of(row) for row in rows]
    return Era(
        start=start, rows=tuple(rows), yaw=Counter(b[0] for b in bins), pitch=Counter(b[1] for b in bins),
        expression=Counter(b[2] for b in bins), side=Counter(b[3] for b in bins), level=Counter(b[4] for b in bins),
        size=Counter(size_of(row) for row in rows), bins=Counter((b[0], b[2]) for b in bins),
    )


def size_of(row: FaceRow) -> str:
    """The name of its size."""
    return next(name for name, low, high in SIZES if low <= row.eye < high)


def expressions_of(eras: Sequence[Era]) -> tuple[str, ...]:
    """The expressions to show: those that are always asked for, then what else there is."""
    others = sorted({name for era in eras for name in era.expression} - set(ASKED))
    return (*ASKED, *others)


def missing(eras: Sequence[Era]) -> tuple[str, ...]:
    """What is missing and what to look for next, most useful first, in whole sentences."""
    if not eras:
        return ("There are no faces yet. Ingest dated footage.",)
    said = [f"At {e.name} there {_are(e.count)}. Look for more footage of those years." for e in eras if e.count < FEW]
    for a, b in pairwise(eras):
        years = b.start - a.start - SPAN
        if years >= _GAP:
            said.append(
                f"Between {a.start + SPAN} and {b.start - 1} there is nothing. Footage at about"
                f" {(a.start + SPAN + b.start) // 2} would close the gap."
            )
    for era in eras:
        if era.count >= FEW:
            said += _lacks(era)
    return tuple(said) or ("Every age here has poses, expressions and light enough.",)


def _lacks(era: Era) -> list[str]:
    wants, said = [], []
    left, right = (era.yaw[f"half {side}"] + era.yaw[side] for side in ("left", "right"))
    if era.yaw["front"] < THIN:
        wants.append("faces seen from the front")
    wants += [f"the head turned to the picture's {side}" for side, n in (("left", left), ("right", right)) if n < THIN]
    wants += [f"the head {what}" for name, what in (("up", "raised"), ("down", "lowered")) if era.pitch[name] < THIN]
    names = {"neutral": "a face at rest", "smile": "smiles", "talk": "talking"}
    wants += [names[name] for name in ASKED if era.expression[name] < THIN]
    wants += [f"light {name}" for name in ("from left", "from right") if era.side[name] < THIN]
    if wants:
        said.append(f"At {era.name} look for {_listed(wants)}.")
    large = era.size[SIZES[-1][0]]
    if large < max(THIN, era.count // 10):
        best = max(row.eye for row in era.rows)
        said.append(
            f"At {era.name} faces are small: {large} of {era.count} fill the network's 512 pixels, the largest has"
            f" {int(best)} pixels from eye to eye of {NATIVE:.0f}. Look for close-ups, or a scan of higher resolution."
        )
    soft = sum(row.sharpness < 0.2 for row in era.rows)
    if soft * 2 > era.count:
        said.append(f"At {era.name} {soft} of {era.count} faces are soft. Look for sharper copies.")
    return said


def document_of(eras: Sequence[Era]) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "eras": [
            {
                "from": era.start, "to": era.start + SPAN - 1, "faces": era.count, "titles": list(era.titles),
                "yaw": {name: era.yaw[name] for name, *_ in YAWS}, "pitch": {n: era.pitch[n] for n, *_ in PITCHES},
                "expression": dict(sorted(era.expression.items())), "light_side": {n: era.side[n] for n, *_ in SIDES},
                "light_level": {n: era.level[n] for n, *_ in LEVELS}, "size": {n: era.size[n] for n, *_ in SIZES},
            } for era in eras
        ],
        "missing": list(missing(eras)),
    }


def _are(count: int) -> str:
    return "is one face" if count == 1 else f"are only {count} faces"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
