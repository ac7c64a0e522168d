"""A made performer: an archive of pictures at 20 to 60, a performance at 65, and that performance at every age.

The pictures are training.people's. The archive's differ in light, lens, background, pose, expression, hair and size of
the face; the performance is one shot in a light and before a background that the archive does not hold. Its truth is
the same shot rendered at the other ages, with nothing else different, the grain included.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.training.people import Acting, People, Picture, Scene, Sitter
from playingage.training.people.sitter import HAIR
from playingage.training.split import held_out

Rgb = NDArray[np.uint8]
ERAS = (20.0, 30.0, 40.0, 50.0, 60.0)
"""Ages of the archive that is learned from."""
AGES = (*ERAS, 70.0)
"""Ages of which the truth is known. Nothing is learned at the last."""
NOW = 65.0
"""Age of the performance."""
COLUMNS = ("file", "age", "frame", "kind", "group", "masks", "still")
LIST = "frames.csv"
_ACTS = ("turn", "talk", "express")
_SIDE, _GAP = 720, 0.165
"""The performance: pixels of a side, eye distance as a share of it."""
_STEP = 1 / 12
"""Seconds from one frame of the performance to the next."""
_VERSION = 1
STRANGERS = (40024, 40474, 40746, 40900, 40946, 41179)
"""People besides the performers: three women and three men, of the performers' own and other ancestries."""
_HANGING = ("bob01", "bob02", "long01", "short03", "braid01")
"""Hair that hangs into the face, and so hides what is to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is made: archive frames an era, of which `stills` are a screen test, and frames of the performance."""

    frames: int = 60
    stills: int = 2
    shot: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.stills <= self.frames or self.shot < len(_ACTS):
            raise ValueError(f"at least one still, no more stills than frames, a shot of {len(_ACTS)} frames: {self}")


REDUCED = Plan(frames=24, shot=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One picture. `kind`: archive, performance or truth; `group` names what shares its light; `masks` is the file of
    its masks or empty; `still`: also in the screen test. Paths are absolute.
    """

    file: Path
    age: float
    frame: int
    kind: str
    group: str
    masks: Path | None
    still: bool

    def rgb(self) -> Rgb:
        """The picture, uint8 H x W x 3."""
        return read(self.file)


def read(path: Path) -> Rgb:
    """A picture of this benchmark, uint8 H x W x 3 RGB."""
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if stored is None:
        raise OSError(f"cannot read {path}")
    return np.asarray(stored, np.uint8)


def listed(folder: Path) -> list[Made]:
    """Every picture of a performer's folder, as `make` listed it."""
    with (folder / LIST).open(encoding="utf-8", newline="") as file:
        return [
            Made(file=folder / row["file"], age=float(row["age"]), frame=int(row["frame"]), kind=row["kind"],
                 group=row["group"], masks=folder / row["masks"] if row["masks"] else None, still=row["still"] == "1")
            for row in csv.DictReader(file)
        ]


def make(
    people: Callable[[], People], seed: int, plan: Plan, folder: Path, *, tell: Callable[[int, int], None] | None = None
) -> list[Made]:
    """Render the performer `seed` into `folder`; pictures that are there are kept. `tell` hears done and total.

    `frames.csv` is written last, so that a folder with it is whole. Raises ValueError for a performer from whom the
    default re-ager may have learned.
    """
    if not held_out(f"made-{seed}"):
        raise ValueError(f"made-{seed} is not held out: the default re-ager may have learned from that face")
    wanted = [*_archive(seed, plan), *_performance(seed, plan)]
    for done, (row, work) in enumerate(wanted, start=1):
        paths = [folder / row[name] for name in ("file", "masks") if row[name]]
        if not all(path.is_file() for path in paths):
            for path, pixels in zip(paths, work(people()), strict=True):
                write(path, pixels)
        if tell:
            tell(done, len(wanted))
    fresh = folder / f"{LIST}.part"
    with fresh.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row for row, _ in wanted)
    fresh.replace(folder / LIST)
    return listed(folder)


def others(people: Callable[[], People], folder: Path) -> dict[str, list[Made]]:
    """People besides the performers, each at every age of AGES: name to one picture; kept in `folder`."""
    found = {}
    for seed in STRANGERS:
        for age in AGES:
            path = folder / f"{seed}-{age:.0f}.png"
            if not path.is_file():
                scene = _moment(people(), seed, 0, 3)
                picture = people().render(people().sitter(seed), age, scene, _SIDE)
                write(path, _filmed(picture, blur=0.5, grain=1.5, draw=(_VERSION, seed, int(age))))
            found[f"{seed} at {age:g}"] = [
                Made(file=path, age=age, frame=0, kind="other", group="", masks=None, still=False)
            ]
    return found


def write(path: Path, pixels: Rgb) -> None:
    """A PNG, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}.part.png")
    if not cv2.imwrite(str(fresh), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 3]):
        raise OSError(f"cannot write {path}")
    fresh.replace(path)


Work = Callable[[People], tuple[Rgb, ...]]


def _archive(seed: int, plan: Plan) -> Iterator[tuple[dict[str, str], Work]]:
    """The archive, era by era. The last age is made as well, for identities; nothing is to be learned from it."""
    for age in AGES:
        for number in range(plan.frames):
            draw = (_VERSION, seed, int(age), number)
            row = _row(f"archive/{age:.0f}-{number:03d}.png", age, number, "archive" if age in ERAS else "other")
            row |= {"group": f"{age:.0f}-{number:03d}", "still": str(int(number < plan.stills))}

            def work(people: People, draw: tuple[int, ...] = draw, age: float = age) -> tuple[Rgb, ...]:
                rng = np.random.default_rng(draw)
                sitter, scene, side = _setting(people, draw[1], rng, easy=draw[3] < plan.stills)
                picture = people.render(sitter, age, scene, side)
                # old films are softer and coarser
                old = (NOW - age) / NOW
                return (_filmed(picture, blur=0.5 + 0.5 * old * rng.uniform(), grain=1 + 4 * old * rng.uniform(),
                                draw=draw),)

            yield row, work


def _setting(people: People, seed: int, rng: np.random.Generator, *, easy: bool) -> tuple[Sitter, Scene, int]:
    """A shot of the archive: sitter (hair may differ), scene, side of the picture. `easy`: as a still is chosen."""
    sitter = people.sitter(seed)
    styles = [hair for hair in HAIR[sitter.sex] if hair not in _HANGING and (hair != "afro01")]
    if rng.random() < 0.25:
        sitter = replace(sitter, hair=str(rng.choice(styles)))
    scene = people.scene(int(rng.integers(1 << 30, 1 << 31)))
    eye, gap = float(np.exp(rng.uniform(np.log(60), np.log(130)))), float(rng.uniform(0.11, 0.18))
    side = int(np.clip(eye / gap, 640, 1080))
    reach = 20.0 if easy else 35.0
    scene = replace(
        scene, yaw=float(np.clip(rng.normal(0, 0.5), -1, 1)) * reach, body_yaw=0.0, eye_gap=eye / side,
        shift=(float(rng.normal(0, 0.03)), float(rng.normal(-0.01, 0.01))),
        glasses=scene.glasses if rng.random() < 0.3 and not easy else None,
        occluders=scene.occluders if rng.random() < 0.15 and not easy else (),
    )
    return sitter, scene, side


def _performance(seed: int, plan: Plan) -> Iterator[tuple[dict[str, str], Work]]:
    for number in range(plan.shot):
        for age in (NOW, *AGES):
            kind = "performance" if age == NOW else "truth"
            folder = kind if age == NOW else f"truth-{age:.0f}"
            row = _row(f"{folder}/{number:03d}.png", age, number, kind)
            row |= {"group": "performance", "masks": f"{folder}/masks/{number:03d}.png"}

            def work(people: People, number: int = number, age: float = age) -> tuple[Rgb, ...]:
                picture = people.render(people.sitter(seed), age, _moment(people, seed, number, plan.shot), _SIDE)
                masks = np.dstack((picture.skin, picture.head, picture.occluder))
                film = _filmed(picture, blur=0.5, grain=1.5, draw=(_VERSION, seed, 99, number))
                return film, np.asarray(np.rint(masks * 255), np.uint8)

            yield row, work


def _moment(people: People, seed: int, number: int, count: int) -> Scene:
    """Frame `number` of the performance: a third each of turning, talking and expressing."""
    still = replace(
        people.scene(1_000_000 + seed), yaw=0.0, pitch=0.0, roll=0.0, body_yaw=0.0, eye_gap=_GAP, fov=22.0,
        shift=(0.0, -0.02), occluders=(), glasses=None,
    )
    third = -(-count // len(_ACTS))
    act, moment = divmod(number, third)
    acting = Acting(act=_ACTS[act], seed=seed, length=third * _STEP)
    return acting.at(still, moment * _STEP)


def _filmed(picture: Picture, *, blur: float, grain: float, draw: tuple[int, ...]) -> Rgb:
    soft = cv2.GaussianBlur(picture.rgb * 255, (0, 0), blur)
    noise = np.random.default_rng((*draw, 7)).normal(0, grain, soft.shape)
    return np.asarray(np.clip(np.rint(soft + noise), 0, 255), np.uint8)


def _row(file: str, age: float, frame: int, kind: str) -> dict[str, str]:
    return {"file": file, "age": f"{age:g}", "frame": str(frame), "kind": kind, "group": "", "masks": "", "still": "0"}
