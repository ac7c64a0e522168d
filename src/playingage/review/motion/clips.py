"""The clips of an evaluation: listed, re-aged through the render path, measured, judged. Goes on where it was stopped.

Calls run downward: clips -> measure. A clip's figures are kept beside it with a hash of all that decided them.
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError, canonical_json, sha256_bytes, sha256_file
from playingage.engine import Cast, Engine, Role
from playingage.media import open_sink, open_source
from playingage.media.staging import write_whole
from playingage.render import Casting, RenderSettings, recognise, render, with_mark
from playingage.review.evaluation.judge import Judge, JudgeError
from playingage.review.evaluation.people import rows_of, years_of
from playingage.review.evaluation.pictures import make_folder, maker_of
from playingage.review.evaluation.summary import rounded
from playingage.review.motion.measure import ClipFigures, FaceFigures, Series, measure_clip

_VERSION = 2
"""Of the measures: figures of another version are measured anew."""
_OPTIONAL = ("truth", "masks", "motion")
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCase:
    """A clip to be re-aged. `age` is None where it is not known. `truth`, `masks`, `motion` as of `measure_clip`."""

    clip: Path
    target_age: float
    age: float | None = None
    truth: Path | None = None
    masks: Path | None = None
    motion: Path | None = None

    @property
    def name(self) -> str:
        """Of what is made of it."""
        return f"{self.clip.stem}@{self.target_age:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClip:
    """What a judge says of a clip: ages in years with their standard deviation over the shot, flicker in levels.

    mouth, eyes: correlation of the openings before and after over time. None where it does not say.
    """

    age_in: float | None
    age_out: float | None
    scatter_in: float | None
    scatter_out: float | None
    extra_flicker: float | None
    change_flicker: float | None
    mouth: float | None
    eyes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredClip:
    """A case with its figures; `exact` are those of the truth in the re-aged clip's place, where there is one."""

    case: ClipCase
    figures: ClipFigures
    exact: ClipFigures | None = None
    judged: JudgedClip | None = None


def clip_cases(listing: Path) -> tuple[ClipCase, ...]:
    """The clips of a CSV file with columns clip and target_age; age, truth, masks and motion if there. Beside the list.

    Raises SettingError or UnreadableError.
    """
    cases = []
    for number, row in rows_of(listing):
        where = f"{listing}, line {number}"
        if not row.get("clip") or not row.get("target_age"):
            raise SettingError(f"{where}: no clip or no target_age", "Give clip, target_age and, if known, age.")
        files: dict[str, Any] = {name: listing.parent / row[name] for name in _OPTIONAL if row.get(name)}
        for path in (clip := listing.parent / row["clip"], *files.values()):
            if not path.is_file():
                raise SettingError(f"{where}: {path} is not there", "Files are named from where the list lies.")
        cases.append(ClipCase(clip=clip, target_age=years_of(row["target_age"], where),
                              age=years_of(row["age"], where) if row.get("age") else None, **files))
    if not cases:
        raise SettingError(f"{listing}: no clip is in it", "Give clip, target_age and, if known, age.")
    if len({case.name for case in cases}) < len(cases):
        raise SettingError(f"{listing}: a clip is there twice for one age", "Ask each clip once for each age.")
    return tuple(cases)


def measure_clips(
    cases: Sequence[ClipCase], engine: Engine, folder: Path, progress: Progress, *, judge: Judge | None = None,
    only: NDArray[np.float32] | None = None,
) -> tuple[MeasuredClip, ...]:
    """Re-age every clip into `folder` and measure it.

    Raises SettingError before anything is made, and what clips raise. only: N x 128 embeddings of the one person who
    is re-aged; None takes everybody.
    progress: is called with what is done and how many frames there are, and gives what is told how many are done.
    """
    for case in cases:
        engine.check_age(case.target_age)
        if case.age is not None:
            engine.check_source_age(case.age)
    make_folder(folder)
    maker = maker_of(engine)
    return tuple(_measured(case, engine, folder, progress, judge, maker, only) for case in cases)


def _measured(
    case: ClipCase, engine: Engine, folder: Path, progress: Progress, judge: Judge | None, maker: str,
    only: NDArray[np.float32] | None,
) -> MeasuredClip:
    inputs = [sha256_file(path) for path in (case.clip, case.truth, case.masks, case.motion) if path is not None]
    whose = [] if only is None else [sha256_bytes(only.tobytes())]
    made_by = sha256_bytes(canonical_json([_VERSION, maker, case.age, case.target_age, *inputs, *whose]))
    after, kept = folder / f"{case.name}.mkv", folder / f"{case.name}.json"
    document = _kept(kept, made_by, after)
    if document is None:
        _render(case, engine, after, progress, only)
        figures, exact = _measure(case, engine, after, progress)
        document = {"by": made_by, "sha256": sha256_file(after), "figures": rounded(figures), "exact": rounded(exact)}
        _keep(kept, document)
    found = MeasuredClip(case=case, figures=_figures(document["figures"]),
                         exact=None if document["exact"] is None else _figures(document["exact"]))
    if judge is None:
        return found
    asked = judge.identity()
    if document.get("judge") != asked:
        with progress(f"Judging {case.name}", 1) as tell:
            answer = judge.ask("clip", str(case.clip), str(after), "--target-age", f"{case.target_age:g}")
            tell(1)
        document |= {"judge": asked, "answer": answer}
        _keep(kept, document)
    return replace(found, judged=_read_judged(document["answer"]))


def _keep(path: Path, document: dict[str, Any]) -> None:
    write_whole(path, json.dumps(document, allow_nan=False).encode(), overwrite=True)


def _kept(path: Path, made_by: str, after: Path) -> dict[str, Any] | None:
    """What was kept, where it was made alike and the clip is still what it was."""
    if path.is_file() and after.is_file():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # damaged: made anew
            document: dict[str, Any] = json.loads(path.read_bytes())
            if document["by"] == made_by and document["sha256"] == sha256_file(after):
                _figures(document["figures"])
                return document
    return None


def _render(
    case: ClipCase, engine: Engine, after: Path, progress: Progress, only: NDArray[np.float32] | None
) -> None:
    who: Engine | Casting = engine if only is None else _recognised(case, engine, progress, only)
    settings = RenderSettings(age=case.target_age, source_age=case.age if only is None else None)
    with open_source(str(case.clip)) as source:
        info = replace(with_mark(source.info, engine.package.sha256), audio=0)
        with (
            open_sink(after, info, codec="ffv1", audio=False, overwrite=True) as sink,
            progress(f"Re-ageing {case.name}", info.frames or 0) as tell,
        ):
            render(source, sink, who, settings, tell)


def _recognised(case: ClipCase, engine: Engine, progress: Progress, only: NDArray[np.float32]) -> Casting:
    """Where the one person is. Raises SettingError where they are not in the clip."""
    role = Role(engine=engine, performer="performer", name="the performer", identity=only, source_age=case.age)
    with (
        open_source(str(case.clip)) as source,
        progress(f"Recognising in {case.name}", source.info.frames or 0) as tell,
    ):
        found = recognise(source, Cast(roles=(role,)), tell)
    if not found.spans:
        raise SettingError(f"{case.clip}: the performer was not recognised in it", "Check that it is their clip.")
    return found


def _measure(
    case: ClipCase, engine: Engine, after: Path, progress: Progress
) -> tuple[ClipFigures, ClipFigures | None]:
    with open_source(str(case.clip)) as source:
        frames = source.info.frames or 0
    others: dict[str, Any] = {"masks": case.masks, "motion": case.motion}
    with progress(f"Measuring {case.name}", 2 * frames) as tell:
        figures = measure_clip(case.clip, after, engine, truth=case.truth, progress=tell, **others)
    if case.truth is None:
        return figures, None
    with progress(f"Measuring the truth of {case.name}", 2 * frames) as tell:
        return figures, measure_clip(case.clip, case.truth, engine, progress=tell, **others)


def _figures(document: dict[str, Any]) -> ClipFigures:
    """Back from JSON. Raises KeyError or TypeError."""

    def series(value: Any) -> Any:
        if isinstance(value, dict):
            return Series(seconds=tuple(value["seconds"]), values=tuple(value["values"]))
        return value

    faces = tuple(
        FaceFigures(**{key: series(value) for key, value in face.items()}) for face in document["faces"]
    )
    rest: dict[str, Any] = {key: series(value) for key, value in document.items() if key != "faces"}
    return ClipFigures(faces=faces, **rest)


def _read_judged(answer: dict[str, Any]) -> JudgedClip | None:
    """Raises JudgeError; None where the judge saw no face in both clips."""
    try:
        if not answer["frames_face_both"]:
            return None
        age, summary = answer["age"], answer["summary"]
        found = {
            "age_in": age.get("age_in"), "age_out": age.get("age_out"), "scatter_in": summary.get("age_sd_in"),
            "scatter_out": summary.get("age_sd_out"), "extra_flicker": summary.get("extra_flicker"),
            "change_flicker": summary.get("edit_flicker"), "mouth": summary.get("mouth_open_corr"),
            "eyes": summary.get("ear_corr"),
        }
        return JudgedClip(**{key: None if value is None else float(value) for key, value in found.items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JudgeError(f"the judge's answer about a clip lacks {error}", "Check that --judge knows clips.") from error
