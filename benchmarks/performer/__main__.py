"""Renders performers, lets the training learn them, measures, and writes a table and a sheet.

    python -m benchmarks.performer OUT --data ../shared/data --reduced

OUT gets `table.md`, `figures.json`, `sheet.jpg`, and a folder for each performer. What is there already is not made
again. The exit status is 1 when a bar is missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from benchmarks.common import machine, table
from benchmarks.performer.archive import AGES, REDUCED, Made, Plan, make, others
from benchmarks.performer.compare import Found, Performance, store, stored, true_way
from benchmarks.performer.learner import era_frames, learned
from benchmarks.performer.sheet import block, write_sheet
from benchmarks.performer.table import DEFAULT, LEARNED, NOTHING, PASTE, STILLS, WORDS, Bar, bars, by_age, summary
from benchmarks.performer.ways import ByModel, Pasted, Way, nothing
from playingage.cli.output import progress_bar
from playingage.core import PlayingAgeError
from playingage.engine import load
from playingage.models import default_package
from playingage.training.people import People
from playingage.training.split import held_out

SEEDS = (40927, 40376)
"""A woman and a man whom the default re-ager never saw."""
_FIGURES = "2"
"""Counts changes of what is measured."""
_STEPS, _REDUCED_STEPS = 400, 200
WAYS = (NOTHING, DEFAULT, PASTE, STILLS, LEARNED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; answers the exit status: 1 when a bar is missed, 2 when it cannot be run."""
    parser = _parser()
    given = parser.parse_args(arguments)
    known = [seed for seed in given.seeds if not held_out(f"made-{seed}")]
    if known:
        parser.error(f"the default re-ager may have learned from {known}: take other seeds")
    try:
        return _run(given)
    except PlayingAgeError as error:
        print(error, file=sys.stderr)
        return 2


def _run(given: argparse.Namespace) -> int:
    plan = REDUCED if given.reduced else Plan()
    plan = Plan(frames=plan.frames, shot=plan.shot, stills=max(1, given.stills // 5))
    began = time.monotonic()

    @cache
    def people() -> People:
        return People(given.data / "makehuman.tar.xz", given.out / "assets")

    strangers = others(people, given.out / "others")
    results = {}
    blocks = []
    for seed in given.seeds:
        folder = given.out / f"seed-{seed}"
        with progress_bar(f"rendering {seed}", None, unit="pictures") as show:
            made = make(people, seed, plan, folder, tell=lambda done, _, show=show: show(done))  # type: ignore[misc]
        performance = Performance(made, strangers)
        results[seed] = _measured(folder, made, performance, given, plan)
        frame = performance.shown[2]
        face = next(face for m, _, face in performance.frames if m.frame == frame)
        shown = [way for way in (NOTHING, DEFAULT, PASTE, STILLS, LEARNED, "truth") if way in results[seed]]
        blocks.append(block({WORDS[way]: folder / "results" / way for way in shown}, frame, face))
    settled = bars(results)
    text = _text(results, settled)
    (given.out / "table.md").write_text(text)
    document = {"machine": machine(), "plan": str(plan), "bars": [{"what": b.what, "found": b.found, "met": b.met}
                for b in settled], "found": {str(s): {w: [f.json() for f in found] for w, found in ways.items()}
                                             for s, ways in results.items()}}
    (given.out / "figures.json").write_text(json.dumps(document, indent=1))
    write_sheet(given.out / "sheet.jpg", blocks)
    print(text)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes; {given.out / 'table.md'}, {given.out / 'sheet.jpg'}",
          file=sys.stderr)
    return int(not all(bar.met for bar in settled))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performer", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write to, and to go on in")
    parser.add_argument("--data", type=Path, required=True, help="folder with makehuman.tar.xz")
    parser.add_argument("--reduced", action="store_true", help="fewer frames, for two CPU cores")
    parser.add_argument("--stills", type=int, default=10, help="pictures of the screen test, a fifth at each age")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="performers; must be held out")
    parser.add_argument("--steps", type=int, help="steps of the training instead of the usual number")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS, help="what to compare")
    return parser


def _measured(folder: Path, made: Sequence[Made], performance: Performance, given: argparse.Namespace, plan: Plan
              ) -> dict[str, list[Found]]:
    """Every way's figures, those of an earlier run where nothing changed."""
    archive = [m for m in made if m.kind == "archive"]

    def model(pictures: Sequence[Made], name: str) -> tuple[str, Callable[[], Way]]:
        with progress_bar(f"learning {WORDS[name]}", None, unit="frames, then steps") as show:
            reager = learned(lambda: era_frames(pictures, performance.finder), folder / "models" / name,
                             steps=given.steps or (_REDUCED_STEPS if given.reduced else _STEPS), tell=show)
        return reager.engine.package.sha256, lambda: ByModel(reager)

    makers: dict[str, Callable[[], tuple[str, Callable[[], Way]]]] = {
        NOTHING: lambda: ("", lambda: nothing),
        DEFAULT: lambda: (default_package(512).sha256, lambda: ByModel(load(size=512))),
        PASTE: lambda: ("", lambda: Pasted(archive, performance.finder)),
        STILLS: lambda: model([m for m in archive if m.still], STILLS),
        LEARNED: lambda: model(archive, LEARNED),
        "truth": lambda: ("", lambda: true_way(performance)),
    }
    found = {}
    for name in (*given.ways, "truth"):
        version, way = makers[name]()
        key = f"{_FIGURES} {plan} {version[:12]}"
        path = folder / "figures" / f"{name}.json"
        kept = stored(path, key)
        if kept is None:
            with progress_bar(f"measuring {WORDS[name]}", len(AGES) * len(performance.frames)) as show:
                kept = performance.measure(name, way(), folder / "results" / name, tell=show)
            store(path, key, kept)
        found[name] = kept
    return found


def _text(results: dict[int, dict[str, list[Found]]], settled: Sequence[Bar]) -> str:
    parts = ["Means over the ages 20 to 60:", table(summary(results))]
    for words, measure, form in (("PSNR in the face, dB:", "psnr", ".2f"), ("SSIM in the face:", "ssim", ".3f"),
                                 ("FLIP in the face:", "flip", ".3f"),
                                 ("Landmarks, % of the eye distance:", "landmarks", ".2f")):
        parts += [words, table(by_age(results, measure, form))]
    if settled:
        verdicts = [{"bar": b.what, "found": b.found, "": "met" if b.met else "MISSED"} for b in settled]
        parts += ["Bars:", table(verdicts)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
