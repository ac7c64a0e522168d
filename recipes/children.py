"""Measures whether the age estimator tells children from adults, on rendered people that it never saw.

    python recipes/children.py ../shared/data/makehuman.tar.xz /tmp/children --people 40

No picture of a real child is used. Prints what is read at each true age, and the error of the best threshold.
"""

import argparse
import json
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

import playingage
from playingage.frames import Colour, Frame
from playingage.training.people import People
from playingage.training.split import held_out

AGES = (8.0, 10.0, 12.0, 14.0, 16.0, 17.0, 18.0, 20.0, 22.0, 25.0, 28.0, 30.0, 40.0)
ADULT = 18.0


def main() -> None:
    """Render, read, print a table and the thresholds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assets", type=Path, help="folder or archive of the MakeHuman system assets")
    parser.add_argument("out", type=Path, help="folder for the readings and the unpacked assets")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--model", default="default", help="'default', or a model package")
    given = parser.parse_args()
    readings = _read(given.assets, given.out, given.people, given.model)
    (given.out / "readings.json").write_text(json.dumps(readings), encoding="utf-8")
    truth = np.array([row[1] for row in readings])
    read = np.array([row[2] for row in readings])
    print(f"{'true age':>8} {'n':>4} {'mean':>6} {'5 %':>6} {'95 %':>6}   years read")
    for age in AGES:
        here = read[truth == age]
        if here.size:
            low, high = np.quantile(here, [0.05, 0.95])
            print(f"{age:8g} {here.size:4d} {here.mean():6.1f} {low:6.1f} {high:6.1f}")
    child, young = read[truth < ADULT], read[(truth >= ADULT) & (truth <= 30)]
    print("threshold: share of children below, share of adults of 18 to 30 below")
    for limit in np.arange(12, 46, 2):
        print(f"{limit:9g}: {np.mean(child < limit):6.2f} {np.mean(young < limit):6.2f}")


def _read(assets: Path, out: Path, count: int, model: str) -> list[tuple[int, float, float]]:
    """Seed, true age and the age read off the picture, not clipped to the model's ages."""
    out.mkdir(parents=True, exist_ok=True)
    people, reager = People(assets, out / "cache"), playingage.load(model, size=256)
    seeds = [seed for seed in range(10 * count) if held_out(f"made-{seed}")][:count]
    readings, begun = [], time.monotonic()
    for done, seed in enumerate(seeds, start=1):
        for age in AGES:
            picture = people.render(people.sitter(seed), age, people.scene(seed), 512)
            image = np.round(picture.rgb * 255).astype(np.uint8)
            frame = Frame(pixels=image, number=0, rate=Fraction(24), colour=Colour(transfer="srgb"))
            faces = [face for face in reager.find(image) if abs(face.pose.yaw) < 35]
            if faces:
                readings.append((seed, age, reager.engine.apparent_age(frame, faces[0])))
        left = (time.monotonic() - begun) / done * (len(seeds) - done)
        print(f"\r{done}/{len(seeds)} people, {left:.0f} s left ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return readings


if __name__ == "__main__":
    main()
