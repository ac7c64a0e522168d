"""Measures how pose and expression move the landmarks of any face, which a performer's training starts from.

    python recipes/pose_effects.py ../shared/data

Writes src/playingage/training/performer/effects.csv: for each landmark and each of the acts of
`playingage.training.performer.acts` the displacement in pixels of the wide crop. From people that may be learned from:
portraits and snapshots, and rendered people in many poses.
"""

import argparse
import csv
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playingage.faces import FaceFinder
from playingage.training.people import People
from playingage.training.performer.acts import ACTS, EFFECTS, acts_of
from playingage.training.portraits import WIDE, entries, read, wide_transform
from playingage.training.split import held_out

SITTERS, SHOTS, RIDGE = 40, 10, 20.0


def faces(data: Path) -> list[tuple[str, NDArray[np.float32], float, float]]:
    """(whose, landmarks in the wide crop, yaw, pitch) of every face."""
    finder, found = FaceFinder.load(), []

    def add(who: str, picture: NDArray[np.uint8]) -> None:
        for face in finder.find(picture)[:1]:
            transform = wide_transform(face.landmarks)
            points = (face.points[:468, :2] @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
            found.append((who, points, face.pose.yaw, face.pose.pitch))

    for entry in entries(data):
        if not held_out(entry.person) and entry.kind != "earlier":
            add("real", read(entry))
    with tempfile.TemporaryDirectory() as cache:
        people = People(data / "makehuman.tar.xz", Path(cache))
        for seed in [seed for seed in range(2 * SITTERS) if not held_out(f"made-{seed}")][:SITTERS]:
            age = 20.0 + 60 * (seed % 7) / 7
            for shot in range(SHOTS):
                scene = replace(people.scene(1000 * seed + shot), glasses=None, occluders=())
                rgb = people.render(people.sitter(seed), age, scene, 448).rgb
                add(f"made-{seed}", np.round(rgb * 255).astype(np.uint8))
    return found


def effects(found: list[tuple[str, NDArray[np.float32], float, float]]) -> NDArray[np.float64]:
    """A x 468 x 2: least squares over the faces, each about the mean of its own person."""
    found = [each for each in found if abs(each[2]) < 40]
    whose = np.array([each[0] for each in found])
    acts = np.array([acts_of(points, yaw, pitch) for _, points, yaw, pitch in found])
    points = np.stack([each[1] for each in found]).reshape(len(found), -1).astype(np.float64)
    for who in set(whose):
        same = whose == who
        acts[same] -= acts[same].mean(axis=0)
        points[same] -= points[same].mean(axis=0)
    solved = np.linalg.solve(acts.T @ acts + RIDGE * np.eye(len(ACTS)), acts.T @ points)
    return np.asarray(solved.reshape(len(ACTS), 468, 2))


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Measure how pose and expression move landmarks.")
    parser.add_argument("data", type=Path, help="folder with portraits.csv, wild.csv, makehuman.tar.xz")
    given = parser.parse_args()
    found = faces(given.data)
    solved = effects(found)
    with EFFECTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["landmark", *(f"{act}_{axis}" for act in ACTS for axis in "xy")])
        for i in range(468):
            writer.writerow([i, *(f"{v:.2f}" for v in solved[:, i].reshape(-1))])
    print(f"{len(found)} faces; {WIDE} px crop")


if __name__ == "__main__":
    main()
