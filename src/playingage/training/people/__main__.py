"""Writes pairs to look at or to train on.

    python -m playingage.training.people OUT --assets PATH --count N --seed S
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from playingage.core import PlayingAgeError
from playingage.training.people.assets import F32
from playingage.training.people.pairs import OLDEST, YOUNGEST, People, Picture

SHEET_AGES = (10.0, 15.0, 25.0, 40.0, 55.0, 70.0, 85.0)


def _bytes(image: F32) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _write_image(path: Path, rgb: F32) -> None:
    if not cv2.imwrite(str(path), _bytes(rgb)[..., ::-1]):
        raise OSError(f"cannot write {path}")


def write_picture(out: Path, stem: str, picture: Picture) -> None:
    """`STEM.png` with the picture and `STEM.npz` with its masks (uint8) and age."""
    _write_image(out / f"{stem}.png", picture.rgb)
    np.savez_compressed(
        out / f"{stem}.npz", skin=_bytes(picture.skin), head=_bytes(picture.head), occluder=_bytes(picture.occluder),
        age=np.float32(picture.age),
    )


def sheet(people: People, seeds: range, size: int) -> F32:
    """One row for each sitter, one column for each of SHEET_AGES, then masks (red skin, green head, blue occluder)."""
    rows = []
    for seed in seeds:
        sitter, scene = people.sitter(seed), people.scene(seed)
        row = [people.render(sitter, age, scene, size) for age in SHEET_AGES]
        masks = np.dstack((row[-1].skin, row[-1].head, row[-1].occluder))
        rows.append(np.hstack([p.rgb for p in row] + [masks]))
    return np.vstack(rows)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; answers the exit status."""
    what = "Writes pairs of made-up people at two ages."
    parser = argparse.ArgumentParser(prog="python -m playingage.training.people", description=what)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--assets", type=Path, required=True, help="folder or archive of the MakeHuman system assets")
    parser.add_argument("--cache", type=Path, help="folder for unpacked assets (default: OUT/cache)")
    parser.add_argument("--count", type=int, default=8, help="number of pairs")
    parser.add_argument("--seed", type=int, default=0, help="first seed; the pairs take consecutive ones")
    parser.add_argument("--size", type=int, default=640, help="width and height in pixels")
    parser.add_argument("--sheet", action="store_true", help="write one sheet of all sitters at seven ages instead")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    try:
        people = People(given.assets, given.cache or given.out / "cache")
    except PlayingAgeError as error:
        print(error, file=sys.stderr)
        return 1
    seeds = range(given.seed, given.seed + given.count)
    if given.sheet:
        _write_image(given.out / "sheet.png", sheet(people, seeds, given.size))
        return 0
    began = time.monotonic()
    for done, seed in enumerate(seeds, start=1):
        ages = np.random.default_rng((0xA6E, seed)).uniform(YOUNGEST, OLDEST, 2)
        for name, picture in zip("ab", people.pair(seed, float(ages[0]), float(ages[1]), given.size), strict=True):
            write_picture(given.out, f"{seed:06d}{name}", picture)
        rate = done / (time.monotonic() - began)
        print(f"\r{done}/{given.count} pairs, {rate:.2f} a second", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
