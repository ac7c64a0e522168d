"""Which faces of a title stay: no duplicates, every pose, expression and light, the sharpest of each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playingage.archive.row import FaceRow

YAWS = (("left", -90.0, -35.0), ("half left", -35.0, -12.0), ("front", -12.0, 12.0), ("half right", 12.0, 35.0),
        ("right", 35.0, 90.0))
PITCHES = (("up", -90.0, -12.0), ("level", -12.0, 12.0), ("down", 12.0, 90.0))
SIDES = (("from left", -1.0, -0.3), ("even", -0.3, 0.3), ("from right", 0.3, 1.0))
LEVELS = (("dark", 0.0, 0.3), ("bright", 0.3, 1.0))
_HAMMING = 8
Bin = tuple[str, str, str, str, str]


def bin_of(row: FaceRow) -> Bin:
    """Yaw, pitch, expression, light's side and level."""
    return (
        _in(YAWS, row.yaw), _in(PITCHES, row.pitch), row.expression, _in(SIDES, row.light_side),
        _in(LEVELS, row.light),
    )


def worth_of(row: FaceRow) -> float:
    """How good a picture of the performer it is: sharp, large, unhidden, in whole frames."""
    return (0.1 + row.sharpness) * min(1.0, row.eye / 128) * (1 - 0.7 * row.occlusion) * (0.7 if row.interlaced else 1)


def choose(rows: Sequence[FaceRow], most: int, each: int) -> tuple[FaceRow, ...]:
    """At most `most` rows, at most `each` of a bin, the best first, bins served by turns; in the order given.

    The result depends on the rows alone, not on their order.
    """
    bins: dict[Bin, list[FaceRow]] = {}
    for row in sorted(rows, key=lambda row: (-worth_of(row), row.id)):
        bins.setdefault(bin_of(row), []).append(row)
    queues = [_unlike(members, each) for _, members in sorted(bins.items())]
    chosen: set[str] = set()
    for turn in range(each):
        for queue in queues:
            if turn < len(queue) and len(chosen) < most:
                chosen.add(queue[turn].id)
    return tuple(row for row in rows if row.id in chosen)


def _unlike(members: Sequence[FaceRow], most: int) -> list[FaceRow]:
    """The first `most` that are no near duplicates of one before."""
    kept: list[FaceRow] = []
    places: list[NDArray[np.float64]] = []
    for row in members:
        place = _place(row)
        if places:
            alike = np.abs(np.stack(places) - place).max(axis=1) < 1
            if any((row.hash ^ kept[i].hash).bit_count() <= _HAMMING for i in np.flatnonzero(alike)):
                continue
        kept.append(row)
        places.append(place)
        if len(kept) == most:
            break
    return kept


def _place(row: FaceRow) -> NDArray[np.float64]:
    """Where a face lies among others, in steps under which it looks the same."""
    return np.array([
        row.yaw / 5, row.pitch / 5, row.roll / 8, row.mouth_open / 0.12, row.smile / 0.2, row.eyes_open / 0.25,
        row.light / 0.08, row.light_side / 0.25, row.light_top / 0.25, 2 * np.log2(max(row.eye, 1.0)),
    ])


def _in(parts: Sequence[tuple[str, float, float]], value: float) -> str:
    for name, _, high in parts:
        if value < high:
            return name
    return parts[-1][0]
