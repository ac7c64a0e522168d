"""Held-out frames of the archive taken to every era that has real pictures to be held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from playingage.archive import FaceRow, Faceset
from playingage.core import SettingError, sha256_file
from playingage.engine import Engine
from playingage.engine.borders import outcome_of
from playingage.faces import Face
from playingage.review.evaluation.judge import Verdict
from playingage.review.evaluation.measures import Before, Rgb
from playingage.review.evaluation.pictures import Job, PictureStore
from playingage.review.evaluation.stills import Progress
from playingage.review.performer.measures import Kept, Reader, likeness
from playingage.review.performer.real import YEARS, Era, Real

MODEL, DEFAULT, NOTHING = "model", "default", "nothing"
WAYS = (MODEL, DEFAULT, NOTHING)
"""The performer's model, the default re-ager, and the picture as it is."""
_LEAST = 24.0
"""Pixels between the eyes below which nothing can be told of a face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One held-out face taken one way to one age.

    read_age: as the default's own estimator reads it. similarity, distance, like: to the real pictures within three
    years of the target age; None where there are none of another track. sharpness, changed: as of `Measures`.
    taken: share of the change that the engine gave it, by pose and size.
    """

    way: str
    face: str
    source_age: float
    target_age: float
    read_age: float
    similarity: float | None
    distance: float | None
    like: str | None
    kept: Kept
    sharpness: float | None
    changed: float
    taken: float
    verdict: Verdict | None = None

    @property
    def age_error(self) -> float:
        """Years between the age asked and the one judged, or read where nobody judged."""
        return abs((self.read_age if self.verdict is None else self.verdict.age_out) - self.target_age)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A real face of an era, measured as if it were a result: what a perfect model would reach."""

    face: str
    age: float
    read_age: float
    similarity: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stills:
    """All results, the real faces measured alike, and who was left out and why."""

    results: tuple[Result, ...]
    real: tuple[Yardstick, ...]
    eras: tuple[Era, ...]
    left_out: tuple[tuple[str, str], ...]

    def of(self, way: str) -> tuple[Result, ...]:
        """The results of one way."""
        return tuple(result for result in self.results if result.way == way)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A held-out face found again in its cut (8-bit)."""

    row: FaceRow
    picture: Rgb
    face: Face


class Cuts:
    """The cuts of a faceset in 8 bits, with the face found again."""

    def __init__(self, faceset: Faceset, reader: Reader) -> None:
        self._faceset, self._reader = faceset, reader

    def picture(self, row: FaceRow) -> Rgb:
        """H x W x 3 uint8. Raises FacesetError."""
        found = self._faceset.picture(row)
        return np.asarray(found if found.dtype == np.uint8 else found >> 8, np.uint8)

    def seen(self, row: FaceRow) -> Seen | None:
        """None where the face is not found again."""
        picture = self.picture(row)
        face = self._reader.in_cut(picture, row)
        return None if face is None else Seen(row, picture, face)

    def path(self, row: FaceRow) -> Path:
        """The cut's file."""
        return self._faceset.folder / row.file


def measure_archive(
    real: Real, cuts: Cuts, engines: Mapping[str, Engine], stores: Mapping[str, PictureStore], reader: Reader,
    count: int, ages: tuple[float, float], progress: Progress,
) -> Stills:
    """Take about `count` held-out faces to every other era within `ages`, all ways.

    Raises SettingError where nothing can be.
    """
    eras, left_out = _reachable(real.eras(), engines, ages)
    rows = real.inputs(count)
    results: list[Result] = []
    yardsticks: list[Yardstick] = []
    with progress("Held-out frames", len(rows)) as tell:
        for done, row in enumerate(rows, 1):
            seen, why = _fit(row, cuts, engines)
            if seen is None:
                left_out.append((row.id, why))
            else:
                yardsticks.append(_yardstick(seen, real, reader))
                results += _of_face(seen, eras, real, cuts, stores, reader)
            tell(done)
    if not results:
        words = "; ".join(f"{name}: {why}" for name, why in left_out[:4])
        raise SettingError("no held-out frame can be taken to another era", words or "There is only one era.")
    return Stills(results=tuple(results), real=tuple(yardsticks), eras=eras, left_out=tuple(left_out))


def _reachable(
    eras: Sequence[Era], engines: Mapping[str, Engine], ages: tuple[float, float]
) -> tuple[tuple[Era, ...], list[tuple[str, str]]]:
    """Eras that every model knows and the grant covers, and those that are left out."""
    there, out = [], []
    for era in eras:
        if not ages[0] <= era.age <= ages[1]:
            out.append((f"era {era.age:.0f}", "the grant does not cover that age"))
            continue
        try:
            for engine in engines.values():
                engine.check_source_age(era.age)
            there.append(era)
        except SettingError as error:
            out.append((f"era {era.age:.0f}", error.what))
    return tuple(there), out


def _fit(row: FaceRow, cuts: Cuts, engines: Mapping[str, Engine]) -> tuple[Seen | None, str]:
    if row.eye < _LEAST:
        return None, f"{row.eye:.0f} pixels between the eyes: too small to tell"
    try:
        for engine in engines.values():
            engine.check_source_age(row.age)
    except SettingError as error:
        return None, error.what
    seen = cuts.seen(row)
    return seen, "" if seen is not None else "its face is not found again in its cut"


def _yardstick(seen: Seen, real: Real, reader: Reader) -> Yardstick:
    like = likeness(reader.embedding(seen.picture, seen.face), real.near_age(seen.row.age, seen.row))
    return Yardstick(face=seen.row.id, age=seen.row.age, read_age=reader.age(seen.picture, seen.face),
                     similarity=None if like is None else like.similarity)


def _of_face(
    seen: Seen, eras: Sequence[Era], real: Real, cuts: Cuts, stores: Mapping[str, PictureStore], reader: Reader
) -> list[Result]:
    before = Before(seen.picture, seen.face, reader.finder.mesh)
    results = []
    for era in eras:
        if abs(era.age - seen.row.age) <= YEARS:
            continue
        for way in WAYS:
            after = seen.picture
            if way in stores:
                job = Job(shift=folder_of(era.age), name=seen.row.id, source=sha256_file(cuts.path(seen.row)),
                          source_age=seen.row.age, target_age=era.age)
                after = stores[way].made(job, seen.picture, seen.face).picture
            results.append(_result(way, seen, era, before, after, real, reader))
    return results


def folder_of(age: float) -> str:
    """Where the pictures of a target age lie."""
    return f"to-{age:.4g}"


def _result(way: str, seen: Seen, era: Era, before: Before, after: Rgb, real: Real, reader: Reader) -> Result:
    like = likeness(reader.embedding(after, seen.face), real.near_age(era.age, seen.row))
    measured = before.measure(after)
    return Result(
        way=way, face=seen.row.id, source_age=seen.row.age, target_age=era.age,
        read_age=reader.age(after, seen.face), similarity=None if like is None else like.similarity,
        distance=None if like is None else like.distance, like=None if like is None else like.like,
        kept=reader.kept(seen.picture, after, seen.face), sharpness=measured.sharpness, changed=measured.changed,
        taken=outcome_of(seen.face).taken,
    )
