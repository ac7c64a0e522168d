"""One review from package and archive to report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playingage import __version__
from playingage.archive import Faceset
from playingage.core import SettingError
from playingage.engine import Engine, Reager
from playingage.faces.identity import NETWORK, SAME
from playingage.media.staging import write_whole
from playingage.review.evaluation.judge import Judge
from playingage.review.evaluation.pictures import PictureStore, make_folder
from playingage.review.evaluation.stills import Progress
from playingage.review.evaluation.summary import rounded
from playingage.review.performer import figures, page, sheets
from playingage.review.performer.clips import ClipResult, Performance, measure_performances
from playingage.review.performer.held_out import HeldOut, held_out_rows
from playingage.review.performer.judged import judged
from playingage.review.performer.measures import Reader
from playingage.review.performer.real import YEARS, Real
from playingage.review.performer.stills import DEFAULT, MODEL, NOTHING, Cuts, Stills, measure_archive

FORMAT, VERSION = "playingage-review", 1
_README = f"""{page.NOTICE}

report.html   the report; its clips are in clips/
review.json   every figure ({FORMAT} {VERSION})
pictures/     held-out frames as each way re-aged them
clips/        the performance as each way re-aged it (lossless), and side by side (.mp4)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """count: about so many held-out frames are re-aged, each to every other era. performances: clips and ages.

    ages: youngest and oldest that the grant covers.
    """

    count: int = 24
    ages: tuple[float, float] = (18.0, 130.0)
    performances: tuple[Performance, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 2000:
            raise SettingError(f"--count {self.count} is not between 1 and 2000", "Some 24 tell enough.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`document` is what review.json holds; `report` the page; `headline` its first sentence."""

    document: dict[str, Any]
    report: Path
    headline: str


def review(
    faceset: Faceset, name: str, model: Engine, default: Engine, out: Path, settings: ReviewSettings,
    progress: Progress, *, record: Path | None, judge: Judge | None = None, extra: Mapping[str, Any] | None = None,
) -> Review:
    """Measure `model` on what it did not learn from, beside `default` and nothing, into `out`. Goes on where stopped.

    name: the performer's. record: the training's record.json, where there is one. extra: fields for review.json.
    Raises PlayingAgeError.
    """
    rows, held = held_out_rows(faceset.rows, record)
    real, reader = Real(rows), Reader(default)
    cuts, engines = Cuts(faceset, reader), {MODEL: model, DEFAULT: default}
    make_folder(out)
    write_whole(out / "README.txt", _README.encode(), overwrite=True)
    stores = {way: PictureStore(out / "pictures" / way, Reager(engine)) for way, engine in engines.items()}
    stills = measure_archive(real, cuts, engines, stores, reader, settings.count, settings.ages, progress)
    by_id = {row.id: row for row in rows}
    if judge is not None:
        stills = judged(stills, judge, out / "pictures", by_id, cuts, progress)
    clips: tuple[ClipResult, ...] = ()
    if settings.performances:
        make_folder(out / "clips")
        clips = measure_performances(settings.performances, engines, real, reader, out / "clips", progress)
    document = _document(faceset, model, default, held, settings, stills, clips, judge) | dict(extra or {})
    write_whole(out / "review.json", (json.dumps(document, indent=1, allow_nan=False) + "\n").encode(), overwrite=True)
    headline = figures.headline(figures.by_way(stills.results))
    pictures = sheets.Pictures(out / "pictures", cuts, by_id)
    html = page.page(
        f"{name}: {model.package.spec.name}", headline,
        [("measures", "Held-out frames", page.measures_html(stills)),
         ("clips", "Performance", page.clips_html(clips, "clips")),
         ("eras", "Beside real frames", sheets.eras_html(stills, real, pictures)),
         ("worst", "Furthest off: look at these first", sheets.worst_html(stills, model, pictures))],
        _facts(faceset, model, default, held, stills, judge), _notices(held, stills),
    )
    write_whole(out / "report.html", html.encode(), overwrite=True)
    return Review(document=document, report=out / "report.html", headline=headline)


def _notices(held: HeldOut, stills: Stills) -> Sequence[str]:
    found = [] if held.surely else [f"Not surely held out: {held.how}."]
    if all(result.similarity is None for result in stills.results):
        found.append("No era has real pictures of another track than the input: identity was not measured.")
    return found


def _document(
    faceset: Faceset, model: Engine, default: Engine, held: HeldOut, settings: ReviewSettings, stills: Stills,
    clips: Sequence[ClipResult], judge: Judge | None,
) -> dict[str, Any]:
    found: dict[str, Any] = rounded({
        "format": FORMAT, "version": VERSION, "program": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"), "performer": faceset.performer,
        "model": _model(model), "default": _model(default), "device": str(model.device),
        "archive": {"titles": sorted({row.title for row in faceset.rows}), "faces": len(faceset.rows)},
        "held_out": {"faces": len(held.faces), "how": held.how, "surely": held.surely},
        "identity": {"network": NETWORK, "same": SAME, "years": YEARS},
        "judge": None if judge is None else judge.identity(),
        "settings": {"count": settings.count, "performances": [
            {"clip": each.clip.name, "ages": list(each.ages), "source_age": each.source_age}
            for each in settings.performances
        ]},
        "eras": [{"age": era.age, "faces": len(era.rows)} for era in stills.eras],
        "ways": figures.by_way(stills.results), "real": figures.of_real(stills.real),
        "against": {other: figures.against(stills, other) for other in (DEFAULT, NOTHING)},
        "by_age": [{"age": era.age, **figures.by_way([r for r in stills.results if r.target_age == era.age])}
                   for era in stills.eras],
        "results": [asdict(result) | {"age_error": result.age_error} for result in stills.results],
        "real_each": [asdict(each) for each in stills.real],
        "clips": [figures.of_clip(clip) for clip in clips],
        "left_out": [list(each) for each in stills.left_out],
    })
    return found


def _model(engine: Engine) -> dict[str, Any]:
    spec = engine.package.spec
    return {"name": spec.name, "size": spec.size, "ages": list(spec.ages), "sha256": engine.package.sha256}


def _facts(
    faceset: Faceset, model: Engine, default: Engine, held: HeldOut, stills: Stills, judge: Judge | None
) -> dict[str, str]:
    def said(engine: Engine) -> str:
        return f"{engine.package.spec.name}, {engine.package.spec.size} px, {engine.package.sha256[:12]}"

    inputs = {result.face for result in stills.results}
    return {
        "model": said(model), "default re-ager": said(default), "program": f"playingage {__version__}",
        "device": str(model.device), "date": datetime.now(UTC).date().isoformat(),
        "held out": f"{len(held.faces)} faces, {held.how}; {len(inputs)} of them re-aged, chosen to differ in pose, "
                    "expression and light",
        "eras": ", ".join(f"{era.age:.0f} ({len(era.rows)} faces)" for era in stills.eras),
        "measures": "after Qi et al., “MyTimeMachine” (2024): age error, and identity as the highest similarity to "
                    "real pictures within three years of the age asked",
        "identity": f"{NETWORK}, not ArcFace: the figures do not compare with those of the paper, only with each "
                    "other",
        "ages": "judged by another program" if judge is not None else
                "read by the default re-ager's own estimator: weak evidence, off by several years on any one face",
        "left out": "; ".join(f"{name}: {why}" for name, why in stills.left_out[:40]) or "nothing",
    }
