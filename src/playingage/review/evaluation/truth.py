"""Against truth: pictures of which the same face at the other age exists, as of rendered people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from playingage.core import SettingError, UnreadableError, sha256_file
from playingage.engine import Reager
from playingage.faces import FaceFinder
from playingage.frames.pixels import Plane
from playingage.review.evaluation.bars import Measured
from playingage.review.evaluation.measures import Before, Rgb, error_in
from playingage.review.evaluation.people import rows_of, years_of
from playingage.review.evaluation.pictures import Job, PictureStore, read_picture
from playingage.review.evaluation.statistics import spread
from playingage.review.evaluation.stills import Progress, largest
from playingage.review.evaluation.summary import rounded

FOLDER = "truth"
NOTHING, MODEL = "do nothing", "model"
_BASELINE = "baseline_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A picture, the same at another age, and where the skin is (None: the face's oval); baselines by name."""

    name: str
    age: float
    target_age: float
    picture: Path
    truth: Path
    skin: Path | None
    baselines: dict[str, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """How far each way of doing it ends from truth: (RMS, mean absolute) in 8-bit levels, in the face and on all skin.

    `yaw` in degrees, `box` as of `Face.box`. The face is the landmarks' oval where skin is seen; all skin has ears and
    neck too.
    """

    case: Case
    yaw: float
    box: tuple[float, float, float, float]
    face: dict[str, tuple[float, float]]
    skin: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All that was compared, and what was left out and why."""

    missed: tuple[Missed, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def ways(self) -> tuple[str, ...]:
        """What was compared with truth: nothing, the model, then the baselines."""
        return tuple(self.missed[0].face)


def truth_cases(listing: Path) -> tuple[Case, ...]:
    """The cases of a CSV file with columns name, file, age, target_age, truth; `skin` and `baseline_*` if there.

    Files are beside the list. Raises SettingError or UnreadableError.
    """
    cases = []
    for number, row in rows_of(listing):
        where = f"{listing}, line {number}"
        missing = [column for column in ("name", "file", "age", "target_age", "truth") if not row.get(column)]
        if missing:
            raise SettingError(f"{where}: no {', '.join(missing)}", "Give name, file, age, target_age, truth.")
        baselines = {
            key.removeprefix(_BASELINE): listing.parent / value
            for key, value in row.items() if key.startswith(_BASELINE) and value
        }
        cases.append(Case(
            name=Path(row["name"]).name, age=years_of(row["age"], where), picture=listing.parent / row["file"],
            target_age=years_of(row["target_age"], where), truth=listing.parent / row["truth"],
            skin=listing.parent / row["skin"] if row.get("skin") else None, baselines=baselines,
        ))
    if len({case.name for case in cases}) < len(cases):
        raise SettingError(f"{listing}: a name is there twice", "Give every case a name of its own.")
    if not cases:
        raise SettingError(f"{listing}: nothing is in it", "Give name, file, age, target_age, truth.")
    if len({tuple(case.baselines) for case in cases}) > 1:
        raise SettingError(f"{listing}: not every case has the same baselines", "Fill in the baseline columns.")
    return tuple(cases)


def compare_with_truth(
    cases: Sequence[Case], reager: Reager, store: PictureStore, progress: Progress
) -> Truth:
    """Re-age every case with its ages given and compare. Raises UnreadableError, and SettingError where none fits."""
    finder = FaceFinder(reager.engine.device)
    missed: list[Missed] = []
    left_out: list[tuple[str, str]] = []
    low, high = reager.engine.ages
    with progress("Against truth", len(cases)) as tell:
        for number, case in enumerate(cases, 1):
            picture = read_picture(case.picture)
            face = largest(finder.find(picture))
            if face is None:
                left_out.append((case.name, "no face was found"))
            elif not (low <= case.age <= high and low <= case.target_age <= high):
                left_out.append((case.name, "beyond the ages that the model knows"))
            else:
                job = Job(shift=FOLDER, name=case.name, source=sha256_file(case.picture), source_age=case.age,
                          target_age=case.target_age)
                made = store.made(job, picture, face)
                before = Before(picture, face, finder.mesh)
                missed.append(_missed(case, before, made.picture))
            tell(number)
    if not missed:
        raise SettingError("nothing could be compared with truth", "; ".join(f"{n}: {w}" for n, w in left_out[:5]))
    return Truth(missed=tuple(missed), left_out=tuple(left_out))


def _missed(case: Case, before: Before, after: Rgb) -> Missed:
    shape = before.picture.shape
    pictures = {NOTHING: before.picture, MODEL: after}
    pictures |= {name: _like(path, shape) for name, path in case.baselines.items()}
    truth = _like(case.truth, shape)
    oval: Plane = before.oval.astype(np.float32)
    skin = oval
    if case.skin is not None:
        grey = cv2.cvtColor(_like(case.skin, shape), cv2.COLOR_RGB2GRAY)
        skin = np.asarray(grey.astype(np.float32) / 255, np.float32)
    return Missed(
        case=case, yaw=before.face.pose.yaw, box=before.face.box,
        face={name: error_in(one, truth, np.asarray(skin * oval, np.float32)) for name, one in pictures.items()},
        skin={name: error_in(one, truth, skin) for name, one in pictures.items()},
    )


def _like(path: Path, shape: tuple[int, ...]) -> Rgb:
    picture = read_picture(path)
    if picture.shape != shape:
        found, wanted = "x".join(map(str, picture.shape[1::-1])), "x".join(map(str, shape[1::-1]))
        raise UnreadableError(f"{path}: is {found}, the picture itself {wanted}", "Truth lies pixel on pixel.")
    return picture


def ratio(missed: Sequence[Missed], way: str, to: str, kind: int = 0) -> float:
    """Mean error of `way` over that of `to`, in the face; `kind` 0: RMS, 1: mean absolute."""
    return float(np.sum([m.face[way][kind] for m in missed]) / max(np.sum([m.face[to][kind] for m in missed]), 1e-9))


def truth_figures(truth: Truth) -> dict[str, Any]:
    """Plain JSON: of each way the errors and their ratio to doing nothing, over all and by years asked; every case."""
    parts = [("all", truth.missed)]
    for years in sorted({_years(missed) for missed in truth.missed}):
        parts.append((f"{years:+d}", tuple(m for m in truth.missed if _years(m) == years)))
    return {
        "cases": len(truth.missed), "left_out": [list(each) for each in truth.left_out],
        "parts": [{"years": name, "cases": len(some), "ways": {way: _way(some, way) for way in truth.ways}}
                  for name, some in parts],
        "each": [{
            "name": m.case.name, "age": m.case.age, "target_age": m.case.target_age, "yaw": rounded(m.yaw),
            "face_rms": rounded({way: pair[0] for way, pair in m.face.items()}),
        } for m in truth.missed],
    }


def _years(missed: Missed) -> int:
    """Years asked, to tens."""
    return 10 * round((missed.case.target_age - missed.case.age) / 10)


def _way(missed: Sequence[Missed], way: str) -> dict[str, Any]:
    found = {"better_than_nothing": sum(m.face[way][0] < m.face[NOTHING][0] for m in missed) / len(missed)}
    for place, errors in (("face", [m.face for m in missed]), ("skin", [m.skin for m in missed])):
        for kind, name in enumerate(("rms", "mean")):
            mean = float(np.mean([each[way][kind] for each in errors]))
            nothing = float(np.mean([each[NOTHING][kind] for each in errors]))
            found[f"{place}_{name}"] = mean
            found[f"{place}_{name}_of_nothing"] = mean / max(nothing, 1e-9)
    result: dict[str, Any] = rounded(found)
    return result


def truth_measured(truth: Truth) -> dict[str, Measured]:
    """What truth says to the bars; the harsher of RMS and mean absolute error counts."""
    rms, mean = (ratio(truth.missed, MODEL, NOTHING, kind) for kind in (0, 1))
    levels = spread([m.face[MODEL][0] for m in truth.missed])
    assert levels is not None
    found = {"truth_error": Measured(
        value=max(rms, mean), detail=f"{len(truth.missed)} pictures; RMS {rms:.2f}, mean absolute {mean:.2f}"
    )}
    others = [name for name in truth.ways if name not in (NOTHING, MODEL)]
    if others:
        best = min(others, key=lambda name: ratio(truth.missed, name, NOTHING))
        against = max(ratio(truth.missed, MODEL, best, kind) for kind in (0, 1))
        detail = f"{best}, itself {ratio(truth.missed, best, NOTHING):.2f} of “do nothing”"
        found["truth_baseline"] = Measured(value=against, detail=detail)
    return found
