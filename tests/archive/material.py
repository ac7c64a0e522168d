"""Small facesets drawn for tests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from playingage.archive import FaceRow, Faceset

GRANT = "5" * 64


def make_row(number: int = 0, **other: Any) -> FaceRow:
    """A face with plausible measures; `other` replaces fields."""
    rng = np.random.default_rng(number)
    row = FaceRow(
        id=f"face-{number:04d}", title="First Film", source="first.mov", frame=24 * number, timecode="01:00:00:00",
        seconds=float(number), shot=0, track=1, age=31.5, rights="Test", file=f"crops/first/face-{number:04d}.png",
        left=10, top=20, width=40, height=44, eye=9.0, yaw=5.0, pitch=-3.0, roll=0.5,
        landmarks=rng.random((478, 2), np.float32) * 40, mouth_open=0.1, smile=0.2, eyes_open=0.9,
        expression="neutral", light=0.5, light_side=-0.2, light_top=0.4, contrast=0.1, sharpness=0.6, noise=0.01,
        occlusion=0.0, interlaced=False, transfer="bt709", identity=rng.random(128, np.float32), distance=0.3,
        hash=(1 << 63) + number, state="kept",
    )
    return replace(row, **other)


def make_faceset(folder: Path, rows: tuple[FaceRow, ...], *, performer: str = "ada", bits: int = 8) -> Faceset:
    """A stored faceset whose cuts are noise."""
    dtype = np.uint8 if bits == 8 else np.uint16
    for i, row in enumerate(rows):
        path = folder / row.file
        path.parent.mkdir(parents=True, exist_ok=True)
        cut = np.random.default_rng(i).integers(0, np.iinfo(dtype).max, (row.height, row.width, 3), dtype)
        cv2.imwrite(str(path), cut)
    titles = {row.title: {"age": row.age, "rights": row.rights} for row in rows}
    return Faceset(folder=folder, performer=performer, grant=GRANT, rows=rows, document={"titles": titles}).save()
