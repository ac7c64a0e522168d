"""Clips with exact truth for `playingage evaluate --clips`, of people who are held out from all training.

    python recipes/held_out_clips.py /tmp/clips --data ../shared/data
    python recipes/held_out_clips.py /tmp/clips --data ../shared/data --portraits 4

Made people act: they turn, talk, blink, laugh, and a hand or a rod crosses the face. Each shot is written as lossless
FFV1 at the source age and again, with everything else the same, at each target age; a third clip holds masks (red: skin
that is seen, green: head, blue: what stands before it). `clips.csv` lists clip, age, target_age, truth, masks, motion.

With `--portraits N` real portraits are moved as well, by a motion that is known exactly and kept beside the clip: what
a network does to the still must move with it. Those are pictures of real people: give a folder outside the repository.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames import Colour, Frame
from playingage.media import open_sink
from playingage.media.ports import SourceInfo
from playingage.training.people import ACTS, Acting, People, Picture
from playingage.training.split import held_out

RATE = Fraction(24)
_FIRST = 20000
"""Seeds from here on are used by nothing else."""
_GRID = 8
"""Pixels between two points of a stored motion."""
COLUMNS = ("clip", "age", "target_age", "truth", "masks", "motion")
Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What the camera does to every frame: blur (sigma, px), grain (standard deviation, 0..255)."""

    blur: float
    grain: float


LENSES = (Lens(blur=0.5, grain=0.0), Lens(blur=0.7, grain=2.5), Lens(blur=0.9, grain=5.0), Lens(blur=0.6, grain=1.5))


def main() -> None:
    """Write the clips and their list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with makehuman.tar.xz and portraits.csv")
    parser.add_argument("--people", type=int, default=5, help="shots of made people; each act in turn")
    parser.add_argument("--portraits", type=int, default=0, help="real portraits that are moved")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--size", type=int, default=576, help="pixels of a made person's shot")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    began = time.monotonic()
    count = round(given.seconds * RATE)
    for row in chain(_made_rows(given, count), _moved_rows(given, count)):
        rows.append(row)
        print(f"{row['clip']} to {row['target_age']}: {time.monotonic() - began:.0f} s", flush=True)
    with (given.out / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _made_rows(given: argparse.Namespace, count: int) -> Iterator[dict[str, str]]:
    if not given.people:
        return
    people = People(given.data / "makehuman.tar.xz", given.out / "assets")
    seeds = (seed for seed in range(_FIRST, _FIRST + 10_000) if _fit(people, seed))
    for number, seed in zip(range(given.people), seeds, strict=False):
        act, lens = ACTS[number % len(ACTS)], LENSES[number % len(LENSES)]
        age = (35.0, 60.0)[number % 2]
        targets = (age - 15 if number % 2 else age + 30, age + 15 if number % 2 else age - 12)
        name = f"made-{seed}-{act}"
        acting = Acting(act=act, seed=seed, length=count / float(RATE))
        write_shot(given.out, name, people, acting, (age, *targets), lens, size=given.size, count=count)
        for target in targets:
            yield {"clip": f"{name}.mkv", "age": f"{age:g}", "target_age": f"{target:g}",
                   "truth": f"{name}-at-{target:g}.mkv", "masks": f"{name}-masks.mkv"}


def _fit(people: People, seed: int) -> bool:
    """A held-out sitter without spectacles, or hair that hangs into the face."""
    return held_out(f"made-{seed}") and people.scene(seed).glasses is None and people.sitter(seed).hair in (
        "short01", "short02", "short04", "ponytail01", "none")


def write_shot(
    out: Path, name: str, people: People, acting: Acting, ages: tuple[float, ...], lens: Lens, *, size: int, count: int
) -> None:
    """`NAME.mkv` at the first age, `NAME-at-AGE.mkv` at the others, `NAME-masks.mkv`: uint8, `count` frames."""
    sitter = people.sitter(acting.seed)
    still = replace(people.scene(acting.seed), occluders=())
    info = _info(name, size, size, count)
    with ExitStack() as stack:
        names = [f"{name}.mkv", *(f"{name}-at-{age:g}.mkv" for age in ages[1:]), f"{name}-masks.mkv"]
        sinks = [stack.enter_context(open_sink(out / n, info, audio=False, overwrite=True)) for n in names]
        for number in range(count):
            scene = acting.at(still, number / float(RATE))
            pictures = [people.render(sitter, age, scene, size) for age in ages]
            grain = np.random.default_rng((acting.seed, number)).normal(0, lens.grain, (size, size, 3))
            shots = [_filmed(picture.rgb * 255, lens, grain) for picture in pictures]
            for sink, pixels in zip(sinks, [*shots, _masks(pictures[0])], strict=True):
                sink.write(Frame(pixels=pixels, number=number, rate=RATE, colour=info.colour))


def _filmed(rgb: NDArray[np.float32], lens: Lens, grain: NDArray[np.float64]) -> Rgb:
    blurred = cv2.GaussianBlur(rgb, (0, 0), lens.blur)
    return np.asarray(np.clip(np.rint(blurred + grain), 0, 255), np.uint8)


def _masks(picture: Picture) -> Rgb:
    masks = np.dstack((picture.skin, picture.head, picture.occluder))
    return np.asarray(np.rint(masks * 255), np.uint8)


def _info(name: str, width: int, height: int, count: int) -> SourceInfo:
    return SourceInfo(name=name, width=width, height=height, rate=RATE, frames=count, colour=Colour())


def _moved_rows(given: argparse.Namespace, count: int) -> Iterator[dict[str, str]]:
    with (given.data / "portraits.csv").open(encoding="utf-8", newline="") as file:
        people = [row for row in csv.DictReader(file) if held_out(row["person"])]
    for number, row in enumerate(people[:: max(1, len(people) // max(given.portraits, 1))][: given.portraits]):
        stored = cv2.imread(str(given.data / row["file"]), cv2.IMREAD_COLOR)
        still = np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), np.uint8)
        name = f"moved-{row['person']}"
        write_moved(given.out, name, still, LENSES[number % len(LENSES)], count=count, seed=number)
        age = float(row["age_years"])
        for target in (age - 20, age + 20):
            if 18 <= target <= 85:
                yield {"clip": f"{name}.mkv", "age": f"{age:g}", "target_age": f"{target:g}",
                       "motion": f"{name}.npz"}


def write_moved(out: Path, name: str, still: Rgb, lens: Lens, *, count: int, seed: int) -> None:
    """`NAME.mkv`: a portrait (H x W x 3) that moves, and `NAME.npz`: where each pixel of each frame lies in frame 0.

    `places`: float32 T x h x w x 2, (x, y) at every `step` pixels, bilinear between.
    """
    height, width = still.shape[:2]
    height, width = height - height % 2, width - width % 2
    info = _info(name, width, height, count)
    rng = np.random.default_rng((0x30E, seed))
    starts, light = rng.uniform(0, 2 * np.pi, 8), rng.uniform(0, 2 * np.pi, 2)
    ys, xs = (np.arange(0, side + _GRID, _GRID, dtype=np.float64) for side in (height, width))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    places = [_place(grid, width, height, starts, n / float(RATE)) for n in range(count)]
    # Frame 0 is moved like the others, so that all are equally soft; motion is told from it, not from the photograph.
    with open_sink(out / f"{name}.mkv", info, audio=False, overwrite=True) as sink:
        for number, place in enumerate(places):
            dense = dense_places(place.astype(np.float32), _GRID, height, width)
            moved = cv2.remap(still, dense, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
            seconds = number / float(RATE)
            gain = 1 + 0.03 * np.sin(2 * np.pi * 0.4 * seconds + light[0])
            grain = np.random.default_rng((seed, number)).normal(0, lens.grain, moved.shape)
            pixels = _filmed(moved.astype(np.float32) * np.float32(gain), lens, grain)
            sink.write(Frame(pixels=pixels, number=number, rate=RATE, colour=info.colour))
    np.savez_compressed(out / f"{name}.npz", places=np.stack(places).astype(np.float32), step=np.int32(_GRID))


def dense_places(place: NDArray[np.float32], step: int, height: int, width: int) -> NDArray[np.float32]:
    """A grid of places (h x w x 2) at every pixel: H x W x 2."""
    big = cv2.warpAffine(place, np.array([[step, 0, 0], [0, step, 0]], np.float64), (width, height),
                         flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(big, np.float32)


def _place(grid: NDArray[np.float64], width: int, height: int, starts: NDArray[np.float64], seconds: float
           ) -> NDArray[np.float64]:
    """Where in the photograph a frame's grid points lie: shift, turn, scale, and a bulge that slides like a turn."""
    wave = [float(np.sin(2 * np.pi * rate * seconds + start))
            for rate, start in zip((0.23, 0.31, 0.19, 0.27, 0.37, 0.21), starts, strict=False)]
    centre = np.array([width / 2, height * 0.42])
    angle, scale = np.radians(6 * wave[0]), 1 + 0.06 * wave[1]
    c, s = np.cos(angle) / scale, np.sin(angle) / scale
    local = (grid - centre) @ np.array([[c, s], [-s, c]])
    reach = 0.35 * width
    bulge = np.exp(-0.5 * (local**2).sum(axis=-1, keepdims=True) / reach**2)
    slide = np.array([0.045 * wave[4], 0.025 * wave[5]]) * width
    return np.asarray(local + bulge * slide + centre + np.array([0.03 * wave[2] * width, 0.02 * wave[3] * height]))


if __name__ == "__main__":
    main()
