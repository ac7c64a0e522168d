"""`playingage evaluate`: a re-ager measured on people that it never saw, and held against the bars."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from playingage.cli import options
from playingage.cli.output import progress_bar, result, result_json, say
from playingage.cli.stopping import Stopped
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.review.evaluation import Evaluation, Judge

EXAMPLES = """Examples:

  playingage evaluate ../shared/data /tmp/evaluation

  playingage evaluate ../shared/data /tmp/quick --count 10 --size 256 --shifts -20 0 20

  playingage evaluate ../shared/data /tmp/judged --judge "venv/bin/python judge.py" --truth made/truth.csv

  playingage evaluate ../shared/data /tmp/motion --count 10 --clips clips/clips.csv

  playingage evaluate . /tmp/own --list people.csv --list more.csv --held-out --model mine.pamodel --json
"""
_YEARS = re.compile(r"[+-]?\d+(\.\d+)?")


class EvaluateCommand(TyperCommand):
    """Takes several years after `--shifts`, as in `--shifts -20 0 20`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The years become one word before the options are read."""
        if "--shifts" in args:
            first = end = args.index("--shifts") + 1
            while end < len(args) and _YEARS.fullmatch(args[end]):
                end += 1
            if end > first:
                args = [*args[:first], ",".join(args[first:end]), *args[end:]]
        return super().parse_args(ctx, args)


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder with portraits.csv: the held-out are measured.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for report, figures and pictures.")],
    shifts: Annotated[
        str, typer.Option("--shifts", metavar="YEARS...", help="Years asked, where the result stays within 18 to 85.")
    ] = "-30,-20,-10,0,10,20,30",
    count: Annotated[int | None, typer.Option("--count", help="So many people, by a hash of their names.")] = None,
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", metavar="CSV", help="These people instead: name, file, age, sex. May be repeated."),
    ] = None,
    only_held_out: Annotated[
        bool, typer.Option("--held-out", help="Of a --list only the people who are held out from training.")
    ] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Read the source ages off the faces.")] = False,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="CMD", help="A judge's command; else ../shared/judge/judge.py.")
    ] = None,
    judge_weights: Annotated[
        Path | None, typer.Option("--judge-weights", metavar="DIR", help="The judge's weights; else beside its script.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", metavar="CSV", help="Pictures whose other age is known: see the docs.")
    ] = None,
    clips: Annotated[
        Path | None, typer.Option("--clips", metavar="CSV", help="Clips to re-age and measure in motion: see the docs.")
    ] = None,
    model: options.Model = "default",
    size: options.Size = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """Re-age people whom the model never saw, measure, judge, and write a report. Goes on where it was stopped."""
    from playingage.engine import Reager
    from playingage.review import evaluation
    from playingage.review.evaluation import chosen, people_of, truth_cases
    from playingage.review.motion import clip_cases, clips_section, measure_clips

    settings = evaluation.EvaluationSettings(shifts=_years(shifts), estimate=estimate)
    everybody = people_of(lists or [data / "portraits.csv"], only_held_out=only_held_out or not lists)
    people = chosen(everybody, count)
    cases = () if truth is None else truth_cases(truth)
    shots = () if clips is None else clip_cases(clips)
    judged_by, unjudged = _judge(judge, judge_weights)
    if judged_by is None:
        say(f"Nothing will be judged: {unjudged}.")
    engine = options.load_engine(model, size, device, precision, threads)
    try:
        moving = measure_clips(shots, engine, out / "clips", progress_bar, judge=judged_by) if shots else ()
        done = evaluation.evaluate(
            Reager(engine), people, out, settings, partial(progress_bar, unit="pictures"), judge=judged_by,
            unjudged=unjudged, cases=cases, further=[clips_section(moving, unjudged=unjudged)] if moving else [],
        )
    except Stopped:
        say(f"What is done is kept in {out}: the same command goes on from there.")
        raise
    if json_output:
        result_json(done.document)
    else:
        _tell(done)


def _years(text: str) -> tuple[float, ...]:
    words = [word for word in re.split(r"[,\s]+", text) if word]
    wrong = [word for word in words if not _YEARS.fullmatch(word)]
    if wrong:
        raise SettingError(f"--shifts: {wrong[0]!r} is no number of years", "Write them like --shifts -20 0 20.")
    return tuple(sorted(float(word) for word in words))


def _judge(command: str | None, weights: Path | None) -> "tuple[Judge | None, str]":
    from playingage.review.evaluation import Judge, default_judge

    if command is not None:
        return Judge.from_line(command, weights), ""
    if weights is not None:
        raise SettingError("--judge-weights are given, but no --judge", "Give the judge's command with --judge.")
    return default_judge()


def _tell(done: "Evaluation") -> None:
    for each in done.bars:
        limit = f"{'at least' if each.bar.least else 'at most'} {each.limit}"
        result(f"{each.status:<12}  {each.value:>10}  {limit:<18}  {each.bar.text}")
    result(f"{done.report}")
