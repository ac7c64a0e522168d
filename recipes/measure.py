"""Measures a model on real people that it never saw: pictures for an age judge, and what the judge says.

    python recipes/measure.py ../shared/data /tmp/measured --judge "python ../shared/judge/judge.py" \
        --weights ../shared/judge/weights

Writes a folder a shift (`+25`, `-25`) with the portraits as they are (`in`), re-aged (`out`), and the judge's answer.
Re-aged pictures of real people are for measuring only: give a folder outside the repository.
"""

import argparse
import csv
import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import cv2

import playingage
from playingage.training.split import held_out

FIGURES = ("id_distance", "lm_mouth_pct", "lm_eyes_pct", "sharp_skin", "bg_head_mean")


def main() -> None:
    """Render, ask the judge, print one line a shift."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with portraits.csv")
    parser.add_argument("out", type=Path)
    parser.add_argument("--shifts", type=float, nargs="+", default=[25, -25])
    parser.add_argument("--count", type=int, default=30, help="people per shift")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--estimate", action="store_true", help="read the source age off the face instead of giving it")
    parser.add_argument("--judge", help="command of the judge")
    parser.add_argument("--weights", type=Path)
    given = parser.parse_args()
    reager = playingage.load(size=given.size)
    low, high = reager.engine.ages
    with (given.data / "portraits.csv").open(encoding="utf-8") as file:
        people = [row for row in csv.DictReader(file) if held_out(row["person"])]
    for shift in given.shifts:
        chosen = [row for row in people if low <= float(row["age_years"]) + shift <= high][: given.count]
        folder = given.out / f"{shift:+g}"
        for name in ("in", "out"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        with (folder / "asked.csv").open("w", encoding="utf-8", newline="") as file:
            asked = csv.writer(file)
            asked.writerow(["name", "target_age", "age"])
            for row in chosen:
                picture = cv2.cvtColor(cv2.imread(str(given.data / row["file"])), cv2.COLOR_BGR2RGB)
                age = float(row["age_years"])
                out = reager(picture, age=age + shift, source_age=None if given.estimate else age)
                asked.writerow([row["person"], age + shift, age])
                for name, pixels in (("in", picture), ("out", out)):
                    cv2.imwrite(str(folder / name / f"{row['person']}.png"), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        print(f"{shift:+g} years: {len(chosen)} people", flush=True)
        if given.judge:
            print(_line(_ask(given.judge, given.weights, folder)), flush=True)


def _ask(judge: str, weights: Path, folder: Path) -> dict[str, Any]:
    command = [
        *shlex.split(judge), "stills", str(folder / "in"), str(folder / "out"), "--weights", str(weights),
        "--csv", str(folder / "asked.csv"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (folder / "judged.json").write_text(done.stdout, encoding="utf-8")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _line(answer: dict[str, Any]) -> str:
    age, summary = answer["age"], answer["summary"]
    parts = [f"judged shift {age['shift']:+.1f} +- {age['shift_se']:.1f}", f"coarse share {age['coarse_share']}"]
    parts += [f"{name} {summary[name]['median']:.3f}" for name in FIGURES if summary.get(name)]
    failed = [name for name, kept in answer["checks"].items() if not kept]
    parts += [f"recognised {summary['id_kept_share']:.2f}", f"failed: {', '.join(failed) or 'none'}"]
    return "  " + ", ".join(parts)


if __name__ == "__main__":
    main()
