"""`playingage review`: a performer's own model on what it did not learn from, beside the default and doing nothing."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli import options
from playingage.cli.output import progress_bar, result, result_json, say
from playingage.cli.stopping import Stopped
from playingage.core import ModelError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playingage.engine import Engine
    from playingage.production import Production
    from playingage.review.evaluation import Judge
    from playingage.review.performer import Review
    from playingage.review.performer.clips import Performance
    from playingage.rights import Grant

EXAMPLES = """Examples:

  playingage review models/ada/main.pamodel

  playingage review main --performer ada --clip performance.mov --age 30 --age 45 --source-age 62

  playingage review main --performer ada --count 60 --out /tmp/review --json
"""


def review(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A performer's package, or its name in the production.")
    ],
    production: options.ProductionFolder = None,
    performer: Annotated[
        str | None, typer.Option("--performer", metavar="ID", help="Whose model, where MODEL is a name.")
    ] = None,
    clips: Annotated[
        list[Path] | None,
        typer.Option("--clip", metavar="PERFORMANCE", help="A clip of the performer, taken to each --age, too."),
    ] = None,
    ages: Annotated[
        list[float] | None, typer.Option("--age", metavar="YEARS", help="Playing age for the clips; may be repeated.")
    ] = None,
    source_age: options.SourceAge = None,
    count: Annotated[int, typer.Option("--count", help="So many held-out frames are re-aged, about.")] = 24,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Else models/PERFORMER/reviews/MODEL.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="CMD", help="A judge's command: see the docs.")
    ] = None,
    judge_weights: Annotated[
        Path | None, typer.Option("--judge-weights", metavar="DIR", help="The judge's weights; else beside its script.")
    ] = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """Measure a performer's model on held-out archive frames and on a performance. Goes on where it was stopped."""
    if find_spec("pyarrow") is None:
        raise SettingError("this installation has no archive part", "Install it: pip install 'playingage[archive]'")
    from playingage.production import Production

    inside = Path(model) if production is None and Path(model).exists() else production
    opened = Production.find(inside)
    subject = _subject(model, performer, opened)
    performances = _performances(clips or [], tuple(ages or ()), source_age)
    done = _run(opened, subject, performances, count, out, _judge(judge, judge_weights),
                device=device, precision=precision, threads=threads)
    if json_output:
        result_json(done.document)
    else:
        result(done.headline)
        result(f"{done.report}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """Which package, whose, and the training's record where there is one."""

    path: Path
    performer: str
    name: str
    record: Path | None


def _subject(model: str, performer: str | None, production: "Production") -> _Subject:
    """Find the package. Raises SettingError or ModelError."""
    from playingage.models import read_spec

    path = Path(model)
    if not path.exists():
        whose = [performer] if performer is not None else [each.id for each in production.performers]
        found = [file for each in whose if (file := production.models(each) / f"{model}.pamodel").exists()]
        if len(found) != 1:
            why = "is no package, and several performers have a model of that name" if found else (
                "is no package, and no model of that name is in the production")
            raise SettingError(f"{model}: {why}", "Give the package's path, or its name with --performer.")
        path = found[0]
    spec = read_spec(path)
    if spec.performer is None:
        raise ModelError(f"{path}: is nobody's own model", "Use `playingage evaluate` for a default re-ager.")
    if performer is not None and performer != spec.performer:
        raise ModelError(f"{path}: is a model of {spec.performer!r}, not of {performer!r}", "Name one of them.")
    name = path.name.removesuffix(".pamodel")
    record = production.runs(spec.performer) / name / "record.json"
    return _Subject(path=path, performer=spec.performer, name=name, record=record if record.is_file() else None)


def _performances(clips: list[Path], ages: tuple[float, ...], source_age: float | None) -> "tuple[Performance, ...]":
    from playingage.review.performer.clips import Performance

    if bool(clips) != bool(ages):
        raise SettingError("--clip and --age go together", "Say which clip to take to which age, or neither.")
    if source_age is not None and not clips:
        raise SettingError("--source-age is of the --clip, and none is given", "The archive's ages are known.")
    return tuple(Performance(clip=clip, ages=ages, source_age=source_age) for clip in clips)


def _judge(command: str | None, weights: Path | None) -> "Judge | None":
    from playingage.review.evaluation import Judge

    if command is None:
        if weights is not None:
            raise SettingError("--judge-weights are given, but no --judge", "Give the judge's command with --judge.")
        return None
    return Judge.from_line(command, weights)


def _grants(
    production: "Production", performer: str, titles: list[str], performances: "tuple[Performance, ...]"
) -> "Grant":
    """The grant for training covers what is done with the archive; clips are renders, and need that use too."""
    from playingage.rights import Use

    for performance in performances:
        production.grant(performer, Use.RENDER, ages=performance.ages)
    return production.grant(performer, Use.TRAIN, titles=titles)


def _engines(
    path: Path, grant: "Grant", production: "Production", performer: str, device: str, precision: str | None,
    threads: int,
) -> "tuple[Engine, Engine]":
    """The performer's, and the default of the same size, or of the larger one."""
    from playingage.engine import Engine
    from playingage.models import ModelPackage, default_package
    from playingage.rights import Use
    from playingage.runtime import choose_device

    package = ModelPackage.load(path, grant, use=Use.TRAIN, known=production.packages(performer))
    chosen = choose_device(device, precision=precision, threads=threads)
    default = default_package(256 if package.spec.size <= 256 else 512)
    say(f"Device: {chosen}. Model: {package.spec.name}, {package.spec.size} px, {package.sha256[:12]}, "
        f"grant {grant.sha256[:12]}; beside it {default.spec.name}.")
    return Engine(package, chosen), Engine(default, chosen)


def _run(
    production: "Production", subject: _Subject, performances: "tuple[Performance, ...]", count: int, out: Path | None,
    judge: "Judge | None", *, device: str, precision: str | None, threads: int,
) -> "Review":
    from playingage.archive.decisions import load_decided
    from playingage.review.performer import ReviewSettings
    from playingage.review.performer import review as run

    person = production.performer(subject.performer)
    faceset = load_decided(production.archive(person.id))
    titles = sorted({row.title for row in faceset.used})
    grant = _grants(production, person.id, titles, performances)
    settings = ReviewSettings(count=count, performances=performances, ages=grant.statement.ages)
    model, default = _engines(subject.path, grant, production, person.id, device, precision, threads)
    folder = out if out is not None else production.models(person.id) / "reviews" / subject.name
    production.ledger.append(
        "review", performer=person.id, grant=grant, package=model.package.sha256, titles=titles,
        clips=[str(each.clip) for each in performances], output=str(folder),
    )
    try:
        return run(faceset, person.name, model, default, folder, settings, _bar, record=subject.record, judge=judge,
                   extra={"production": production.id, "grant": grant.sha256})
    except Stopped:
        say(f"What is done is kept in {folder}: the same command goes on from there.")
        raise


def _bar(what: str, total: int) -> "AbstractContextManager[Callable[[int], None]]":
    return progress_bar(what, total or None)
