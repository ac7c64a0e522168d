"""The performer's real faces: eras, which are looked at, and which are like a result in pose and light."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playingage.archive import FaceRow

YEARS = 3.0
"""Real pictures within so many years of the age asked stand for it (Qi et al. 2024)."""
_SCALES = (25.0, 18.0, 8.0, 0.25, 0.35, 0.25, 0.3, 0.4, 0.25)
"""A step of one in each of `_features`."""
_COVERED = 0.4
_TURNED = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """Real faces shot within `YEARS` of each other; `age` is their median, in years."""

    age: float
    rows: tuple[FaceRow, ...]


class Real:
    """Held-out faces of a performer."""

    def __init__(self, rows: Sequence[FaceRow]) -> None:
        self.rows = tuple(sorted(rows, key=lambda row: (row.age, row.id)))

    def eras(self) -> tuple[Era, ...]:
        """The youngest first."""
        groups: list[list[FaceRow]] = []
        for row in self.rows:
            if groups and row.age - groups[-1][0].age <= YEARS:
                groups[-1].append(row)
            else:
                groups.append([row])
        return tuple(Era(age=float(np.median([row.age for row in g])), rows=tuple(g)) for g in groups)

    def inputs(self, count: int) -> tuple[FaceRow, ...]:
        """About `count` faces, as many of each era, that differ most in pose, expression and light."""
        eras = self.eras()
        found: list[FaceRow] = []
        for number, era in enumerate(eras):
            share = (count * (number + 1)) // len(eras) - (count * number) // len(eras)
            seen = [row for row in era.rows if row.occlusion <= _COVERED and abs(row.yaw) <= _TURNED]
            found += _spread(seen, max(1, share))
        return tuple(found)

    def near_age(self, age: float, but: FaceRow | None = None) -> tuple[FaceRow, ...]:
        """Faces within `YEARS` of an age, without those of the same track as `but`: they are nearly the same frame."""
        return tuple(
            row for row in self.rows if abs(row.age - age) <= YEARS and (but is None or not same_track(row, but))
        )

    def most_like(self, to: FaceRow, age: float, count: int) -> tuple[FaceRow, ...]:
        """The faces of an age that are most like another in pose, expression and light; of different tracks first."""
        there = self.near_age(age, to)
        if not there:
            return ()
        off = np.linalg.norm(_features(there) - _features([to]), axis=1)
        ordered = [there[i] for i in np.argsort(off, kind="stable")]
        first: list[FaceRow] = []
        rest: list[FaceRow] = []
        tracks = set()
        for row in ordered:
            (rest if (key := track_of(row)) in tracks else first).append(row)
            tracks.add(key)
        return tuple((first + rest)[:count])


def track_of(row: FaceRow) -> tuple[str, str, int, int]:
    """Title, source, shot and track."""
    return row.title, row.source, row.shot, row.track


def same_track(one: FaceRow, other: FaceRow) -> bool:
    """Whether two faces are of one run of frames."""
    return track_of(one) == track_of(other)


def _features(rows: Sequence[FaceRow]) -> NDArray[np.float64]:
    """Rows x 9: pose, expression and light."""
    table = [
        (r.yaw, r.pitch, r.roll / 4, r.mouth_open, r.smile, r.eyes_open, r.light, r.light_side, r.light_top)
        for r in rows
    ]
    return np.nan_to_num(np.array(table, np.float64)) / _SCALES


def _spread(rows: Sequence[FaceRow], count: int) -> list[FaceRow]:
    """The one that looks into the camera most, then always the one that is least like those before."""
    if len(rows) <= count:
        return list(rows)
    table = _features(rows)
    chosen = [int(np.argmin(np.abs(table[:, :2]).sum(axis=1)))]
    far = np.linalg.norm(table - table[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(np.argmax(far)))
        far = np.minimum(far, np.linalg.norm(table - table[chosen[-1]], axis=1))
    return [rows[i] for i in sorted(chosen)]
