"""Rendered people whom no training saw, each at one age and, with all else alike, at another: truth to measure against.

    python recipes/held_out_people.py OUT --data ../shared/data --count 60
    playingage evaluate ../shared/data REPORT --truth OUT/truth.csv

Writes OUT/pictures and OUT/truth.csv with name, file, age, target_age, truth, skin (where skin is in either picture)
and `baseline_prototype`: the simplest thing that one would do instead. That is blending by prototypes, after Burt and
Perrett ("Perception of age in adult Caucasian male faces", 1995): how mean faces differ by age, per sex, in shape and
colour, from the portraits that may be learned from, laid onto the face and nothing more. A CPU is enough, with Mesa's
software OpenGL.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces import Face, FaceFinder
from playingage.faces.region import face_region
from playingage.training.arrays import f32
from playingage.training.geometry import MeanShape, full_points, sample
from playingage.training.people import People
from playingage.training.portraits import WIDE, Portrait, aligned, split, wide_transform
from playingage.training.split import held_out

SHIFTS = (-30.0, -20.0, -10.0, 10.0, 20.0, 30.0)
AGES = (20.0, 80.0)
NEAR = 8.0
"""Years (a Gaussian's sigma) around an age whose faces make its prototype."""
FRONTAL = 15.0
FIRST, LAST = 0, 1_000_000
Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Asked:
    """Who is shown: the seed, the age in the picture and the age to be shown, in years."""

    seed: int
    age: float
    target: float

    @property
    def name(self) -> str:
        """Of the pictures."""
        return f"made-{self.seed}"


def main() -> None:
    """Render what is missing, then write the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with portraits.csv and makehuman.tar.xz")
    parser.add_argument("--count", type=int, default=60, help="pictures")
    parser.add_argument("--size", type=int, default=512, help="pixels of a picture's side")
    parser.add_argument("--yaw", type=float, default=45.0, help="degrees that a head is turned at most")
    given = parser.parse_args()
    pictures = given.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    learn, _ = split(aligned(given.data, given.out / "aligned.npz"))
    prototypes = Prototypes(learn)
    people = People(given.data / "makehuman.tar.xz", given.out / "assets")
    finder = FaceFinder.load()
    rows: list[dict[str, str]] = []
    for seed in range(FIRST, LAST):
        if len(rows) == given.count:
            break
        if held_out(f"made-{seed}") and abs(people.scene(seed).yaw) <= given.yaw:
            row = write(asked(seed, len(rows)), people, finder, prototypes, given.size, pictures)
            if row is not None:
                rows.append(row)
                print(f"\r{len(rows)} of {given.count}", end="", flush=True)
    with (given.out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"\n{given.out / 'truth.csv'}")


def asked(seed: int, number: int) -> Asked:
    """Every shift equally often, from any age that allows it."""
    shift = SHIFTS[number % len(SHIFTS)]
    low, high = max(AGES[0], AGES[0] - shift), min(AGES[1], AGES[1] - shift)
    age = float(np.random.default_rng([seed, 4711]).uniform(low, high))
    return Asked(seed, round(age, 1), round(age + shift, 1))


class Prototypes:
    """Mean faces by age for each sex: landmarks (468 x 2) and colour (WIDE x WIDE x 3, 0..1) on one mean shape."""

    def __init__(self, learn: list[Portrait]) -> None:
        frontal = [p for p in learn if p.kind == "portrait" and abs(p.yaw) < FRONTAL]
        self.mean = MeanShape(np.mean([p.landmarks[:468] for p in frontal], axis=0).astype(np.float32))
        faces = [sample(f32(p.rgb) / 255, self.mean.to_image(full_points(p.landmarks))) for p in frontal]
        inside = face_region(self.mean.points[:468], np.eye(2, 3, dtype=np.float32), WIDE) > 0.5
        levels = np.array([face[inside].mean(axis=0) for face in faces])
        # Exposure and tint are the photographer's, not the age's.
        gains = f32(levels.mean(axis=0) / levels)
        self._faces = np.stack([face * gain for face, gain in zip(faces, gains, strict=True)])
        self._points = np.stack([p.landmarks[:468] for p in frontal])
        self._ages = np.array([p.age for p in frontal])
        self._sexes = np.array([p.sex for p in frontal])

    def at(self, sex: str, age: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(landmarks, colour) of the mean face of one sex around `age` years."""
        weight = np.exp(-(((self._ages - age) / NEAR) ** 2) / 2) * (self._sexes == sex)
        weight /= weight.sum()
        return f32(np.tensordot(weight, self._points, 1)), f32(np.tensordot(f32(weight), self._faces, 1))

    def shown(self, portrait: Portrait, target: float) -> NDArray[np.float32]:
        """The change of a face (WIDE x WIDE x 3, to be added to 0..1) from its age to `target` years."""
        points = full_points(portrait.landmarks)
        old, new = (self.at(portrait.sex, age) for age in (portrait.age, target))
        moved = points.copy()
        moved[:468] += new[0] - old[0]
        picture = f32(portrait.rgb) / 255
        warped = sample(picture, self.mean.between(moved, points), cubic=True)
        warped += sample(new[1] - old[1], self.mean.from_image(moved))
        region = face_region(portrait.landmarks, np.eye(2, 3, dtype=np.float32), WIDE)
        return f32((warped - picture) * region[..., None])


def write(
    wanted: Asked, people: People, finder: FaceFinder, prototypes: Prototypes, size: int, folder: Path
) -> dict[str, str] | None:
    """The pictures of one person, unless they are there, and the row of the list; None where no face is found."""
    sitter, scene = people.sitter(wanted.seed), people.scene(wanted.seed)
    names = {part: f"{wanted.name}-{part}.png" for part in ("in", "truth", "skin", "prototype")}
    if not all((folder / name).exists() for name in names.values()):
        picture, truth = (people.render(sitter, age, scene, size) for age in (wanted.age, wanted.target))
        rgb = as_bytes(picture.rgb)
        faces = finder.find(rgb)
        if not faces:
            return None
        blended = blend(rgb, max(faces, key=lambda f: f.size), wanted, sitter.sex[0].upper(), prototypes)
        save(folder / names["in"], rgb)
        save(folder / names["truth"], as_bytes(truth.rgb))
        save(folder / names["skin"], as_bytes(np.maximum(picture.skin, truth.skin)))
        save(folder / names["prototype"], blended)
    place = folder.name
    return {
        "name": wanted.name, "file": f"{place}/{names['in']}", "age": f"{wanted.age:g}",
        "target_age": f"{wanted.target:g}", "truth": f"{place}/{names['truth']}", "skin": f"{place}/{names['skin']}",
        "baseline_prototype": f"{place}/{names['prototype']}",
    }


def blend(rgb: Rgb, face: Face, wanted: Asked, sex: str, prototypes: Prototypes) -> Rgb:
    """The picture with the prototypes' difference laid onto the face; only the change goes through the wide crop."""
    transform = wide_transform(face.landmarks)
    crop = np.asarray(cv2.warpAffine(rgb, transform, (WIDE, WIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    points = f32(face.points @ transform[:, :2].T + transform[:, 2])
    portrait = Portrait(name=wanted.name, sex=sex, age=wanted.age, kind="made", rgb=crop, landmarks=points,
                        yaw=face.pose.yaw)
    change = prototypes.shown(portrait, wanted.target)
    back = cv2.warpAffine(change, transform, rgb.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return as_bytes(f32(rgb) / 255 + f32(back))


def as_bytes(picture: NDArray[np.float32]) -> Rgb:
    """0..1 to 0..255."""
    return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)


def save(path: Path, picture: Rgb) -> None:
    """PNG, under its name only when it is whole."""
    partial = path.with_suffix(".part.png")
    if not cv2.imwrite(str(partial), picture if picture.ndim == 2 else picture[..., ::-1]):
        raise OSError(f"cannot write {path}")
    partial.replace(path)


if __name__ == "__main__":
    main()
