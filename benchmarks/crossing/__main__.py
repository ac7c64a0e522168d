"""python -m benchmarks.crossing [--clips 120] [--data FOLDER] [--keep FOLDER]: is a wrong face ever aged?

Clips of real people, cut out of portraits and moved over a ground, who cross, cover each other, leave and come back,
turn away, stand cheek to cheek, in a crowd. Performers are known by a photograph of 8 to 10 years before. Half of the
people were looked at while decisions were made; the other half was held out.
"""

import argparse
import pickle
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.common import report
from benchmarks.crossing.actors import Actor, Studio, real_people
from benchmarks.crossing.judge import Count, Filmed, film, judge
from benchmarks.crossing.scenes import FRAMES, clips
from playingage.engine import Engine
from playingage.faces import FaceIdentity
from playingage.models import default_package
from playingage.runtime import choose_device

HALVES = ("looked at", "held out")


def main() -> None:
    """Cut out, film, judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crossing", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clips", type=int, default=120, help="in all, half of them of each half of the people")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="look at every so manieth frame only: a busy machine")
    parser.add_argument("--keep", type=Path, default=Path(".benchmarks/crossing"), help="where cut-outs and films are")
    parser.add_argument("--out", type=Path, help="folder for the figures as JSON")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    given.keep.mkdir(parents=True, exist_ok=True)
    engine = Engine(default_package(256), choose_device("CPU"))
    actors = _kept(given.keep / "actors.pickle", lambda: list(real_people(Studio(engine.device), given.data)))
    identity = FaceIdentity(engine.device)
    rows: list[dict[str, Any]] = []
    for half in HALVES:
        filmed = [
            _kept(given.keep / f"{half.split()[0]}-{given.seed}-{given.every}-{number}.pickle",
                  partial(film, clip, actors, identity, engine, given.every))
            for number, clip in enumerate(clips(actors, half, given.clips // 2, given.seed))
        ]
        rows += _judged(half, filmed, actors, engine)
    report(f"crossing: {given.clips} clips of {FRAMES} frames, every {given.every}", rows, given.out)


def _judged(half: str, filmed: list[Filmed], actors: list[Actor], engine: Engine) -> list[dict[str, Any]]:
    rows = []
    people = len({who for each in filmed for who in each.clip.people})
    today = [
        actor if actor.known is None else replace(actor, known=np.concatenate([actor.known, actor.identity[None]]))
        for actor in actors
    ]
    for known, cast, pinned in (
        ("old photograph, today's picture", today, False), ("old photograph", actors, False),
        ("old photograph, pinned", actors, True),
    ):
        total = Count()
        for each in filmed:
            judge(each, cast, engine, total, pinned)
        rows.append(_row(f"{half}, {people} people", known, total))
        for number, clip, face, what in total.worst[:40]:
            print(f"  {half}, {known}: {what} aged in clip {clip.seed} {clip.kind}, frame {number}, face {face}",
                  file=sys.stderr)
    return rows


def _row(half: str, known: str, count: Count) -> dict[str, Any]:
    waits = count.waits or [0]
    return {
        "people": half, "performers known by": known, "clips": count.clips,
        "performers aged right": f"{100 * count.right / max(1, count.due):.1f} % of {count.due}",
        "strangers aged": f"{count.stranger_aged} of {count.strangers}", "taken for another": count.other_aged,
        "fading where nobody is": count.empty_aged,
        "frames until aged, median / 95 %": f"{np.median(waits):.0f} / {np.percentile(waits, 95):.0f}",
        "never": f"{count.never} of {count.never + len(count.waits)}",
    }


def _kept(path: Path, make: Any) -> Any:
    """Made once."""
    if path.exists():
        return pickle.loads(path.read_bytes())
    begun = time.monotonic()
    made = make()
    path.write_bytes(pickle.dumps(made))
    print(f"{path.name}: {time.monotonic() - begun:.1f} s", file=sys.stderr, flush=True)
    return made


if __name__ == "__main__":
    main()
