"""One evaluation from people to report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playingage import __version__
from playingage.core import SettingError
from playingage.engine import Reager
from playingage.media.staging import write_whole
from playingage.review.evaluation import gallery, parts, report, summary
from playingage.review.evaluation.bars import Settled, settle
from playingage.review.evaluation.judge import Judge
from playingage.review.evaluation.people import Person
from playingage.review.evaluation.pictures import PictureStore, make_folder
from playingage.review.evaluation.section import Section
from playingage.review.evaluation.sheets import Faces
from playingage.review.evaluation.stills import Progress, Stills, judge_stills, measure_people
from playingage.review.evaluation.summary import rounded
from playingage.review.evaluation.truth import Case, compare_with_truth, truth_figures, truth_measured

FORMAT, VERSION = "playingage-evaluation", 1
SHIFTS = (-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0)
_README = f"""{report.NOTICE}

report.html      the report, one file that needs nothing else
evaluation.json  every figure ({FORMAT} {VERSION}; the package's documentation, page "Evaluate", names the fields)
pictures/        a folder for each request in years: in, out, and what the judge said
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """shifts: years asked. estimate: source ages are read off the faces instead of given."""

    shifts: tuple[float, ...] = SHIFTS
    estimate: bool = False

    def __post_init__(self) -> None:
        if not self.shifts or len(set(self.shifts)) < len(self.shifts):
            raise SettingError("--shifts names nothing, or one request twice", "Name each request once: -20 0 20.")
        if not all(abs(shift) <= 80 for shift in self.shifts):
            raise SettingError("--shifts: nobody is re-aged by more than 80 years", "Give years: -20 0 20.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """`document` is what evaluation.json holds; `bars` what became of every bar; `report` the page."""

    document: dict[str, Any]
    bars: tuple[Settled, ...]
    report: Path


def evaluate(
    reager: Reager, people: Sequence[Person], out: Path, settings: EvaluationSettings, progress: Progress, *,
    judge: Judge | None, unjudged: str = "", cases: Sequence[Case] = (), further: Sequence[Section] = (),
) -> Evaluation:
    """Measure `people`, and `cases` of known truth, into the folder `out`; goes on where it was stopped.

    unjudged: why there is no judge. further: sections that others measured (clips). Raises PlayingAgeError.
    """
    make_folder(out)
    write_whole(out / "README.txt", _README.encode(), overwrite=True)
    store = PictureStore(out / "pictures", reager)
    stills = measure_people(people, settings.shifts, reager, store, progress, estimate=settings.estimate)
    if judge is None:
        stills = Stills(results=stills.results, left_out=stills.left_out, coarse={}, unjudged=unjudged)
    else:
        stills = judge_stills(stills, judge, store, progress)
    sections = [*_stills_sections(stills, Faces(store))]
    if cases:
        sections.append(_truth_section(cases, reager, store, progress))
    sections += further
    bars = settle({key: found for section in sections for key, found in section.measured.items()})
    facts = _facts(reager, stills, settings, judge)
    document = _document(reager, settings, judge, unjudged, stills, sections, bars)
    name = reager.engine.package.spec.name
    html = report.page(f"Evaluation of {name}", facts, bars, sections)
    write_whole(out / "evaluation.json", (json.dumps(document, indent=1, allow_nan=False) + "\n").encode(),
                overwrite=True)
    write_whole(out / "report.html", html.encode(), overwrite=True)
    return Evaluation(document=document, bars=bars, report=out / "report.html")


def _stills_sections(stills: Stills, faces: Faces) -> tuple[Section, ...]:
    requests, slopes, groups = summary.by_request(stills), summary.slopes(stills), summary.by_group(stills)
    return (
        Section(key="requests", title="Asked and judged",
                figures={"each": rounded(requests), "slopes": rounded(slopes)},
                measured=summary.measured(stills), html=parts.stills_html(stills, requests, slopes)),
        Section(key="people", title="People", figures={"each": _people(stills), "results": _results(stills)},
                html=gallery.people_html(stills, faces)),
        Section(key="groups", title="By group", figures={"each": rounded(groups)},
                html=parts.groups_html(groups, judged=stills.judged)),
    )


def _truth_section(cases: Sequence[Case], reager: Reager, store: PictureStore, progress: Progress) -> Section:
    truth = compare_with_truth(cases, reager, store, progress)
    figures = truth_figures(truth)
    return Section(key="truth", title="Against truth", figures=figures, measured=truth_measured(truth),
                   html=parts.truth_html(truth, figures) + gallery.truth_sheet(truth, store))


def _people(stills: Stills) -> list[dict[str, Any]]:
    found = {result.person.name: result for result in stills.results}
    return [
        {"name": name, "sex": r.person.sex, "age": r.person.age, "tone": r.person.tone or round(r.tone, 1),
         "held_out": r.person.held_out, "read_age": round(r.read_in, 1)}
        for name, r in sorted(found.items())
    ]


def _results(stills: Stills) -> list[dict[str, Any]]:
    return [
        {"name": r.person.name, "shift": r.shift, "source_age": rounded(r.source_age),
         "target_age": rounded(r.target_age), "read_age": rounded(r.read_out), "milliseconds": r.milliseconds,
         "own": rounded(r.measures), "judged": rounded(r.verdict)}
        for r in stills.results
    ]


def _document(
    reager: Reager, settings: EvaluationSettings, judge: Judge | None, unjudged: str, stills: Stills,
    sections: Sequence[Section], bars: Sequence[Settled],
) -> dict[str, Any]:
    package = reager.engine.package
    return {
        "format": FORMAT, "version": VERSION, "program": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {"name": package.spec.name, "size": package.spec.size, "sha256": package.sha256,
                  "ages": list(package.spec.ages)},
        "device": str(reager.engine.device),
        "settings": {"shifts": list(settings.shifts), "estimate": settings.estimate},
        "judge": None if judge is None else judge.identity(), "unjudged": unjudged or None,
        "left_out": [list(each) for each in stills.left_out],
        "bars": [
            {"key": s.bar.key, "text": s.bar.text, "by": s.bar.by, "limit": s.bar.limit,
             "passes": "at least" if s.bar.least else "at most", "status": s.status,
             "value": None if s.measured is None else rounded(s.measured.value),
             "detail": None if s.measured is None else s.measured.detail}
            for s in bars
        ],
        **{section.key: dict(section.figures) for section in sections},
    }


def _facts(reager: Reager, stills: Stills, settings: EvaluationSettings, judge: Judge | None) -> Mapping[str, str]:
    package = reager.engine.package
    people = {result.person.name: result.person for result in stills.results}
    known = [person.name for person in people.values() if not person.held_out]
    facts = {
        "model": f"{package.spec.name}, {package.spec.size} px, {package.sha256[:12]}, playingage {__version__}",
        "device": str(reager.engine.device), "date": datetime.now(UTC).date().isoformat(),
        "people": f"{len(people)}, {len(people) - len(known)} of them held out from training"
                  + ("" if not known else "; the others may have been learned from"),
        "source ages": "read off the faces" if settings.estimate else "given",
        "requests": ", ".join(f"{shift:+g}" if shift else "0" for shift in settings.shifts)
                    + " years, where the result stays within 18 to 85",
        "left out": "; ".join(f"{name}: {why}" for name, why in stills.left_out) or "nobody",
    }
    if judge is None:
        facts["judge"] = f"none: {stills.unjudged}"
    else:
        lost = [f"{r.person.name} at {r.shift:+g}" for r in stills.results if r.verdict is None]
        facts["judge"] = (
            "another program with networks of its own. One face is judged to some nine years, a mean over forty to "
            "one and a half; a shift on the same face is steadier. A figure is a reason to look at the pictures."
        )
        facts["no face seen by the judge"] = ", ".join(lost) or "none"
    return facts
