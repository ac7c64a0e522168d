"""A sheet of results: ways downward, ages to the right."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.performer.archive import AGES, read
from playingage.faces import Face, head_transform, warp_crop

Rgb = NDArray[np.uint8]
_SIDE, _LABEL, _TITLE = 150, 120, 22
_INK = (235, 235, 235)


def block(ways: Mapping[str, Path], frame: int, face: Face, ages: Sequence[float] = AGES) -> Rgb:
    """One frame of a performance by every way (label to the folder of its results) at every age."""
    heads = [_text("", _LABEL, _TITLE), *(_text(f"at {age:.0f}", _SIDE, _TITLE) for age in ages)]
    rows = [np.hstack(heads)]
    for label, folder in ways.items():
        cells = [_head(read(folder / f"{age:.0f}-{frame:03d}.png"), face) for age in ages]
        rows.append(np.hstack([_text(label, _LABEL, _SIDE), *cells]))
    return np.vstack(rows)


def write_sheet(path: Path, blocks: Sequence[Rgb], *, quality: int = 88) -> None:
    """The blocks below each other as JPEG."""
    sheet = cv2.cvtColor(np.vstack(list(blocks)), cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise OSError(f"cannot write {path}")


def _head(picture: Rgb, face: Face) -> Rgb:
    crop = warp_crop(picture, head_transform(face.landmarks, 2 * _SIDE), 2 * _SIDE)
    inner = crop[_SIDE // 4 : -_SIDE // 4, _SIDE // 4 : -_SIDE // 4]
    small = cv2.resize(inner, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(np.rint(small), 0, 255), np.uint8)


def _text(words: str, width: int, height: int) -> Rgb:
    cell = np.full((height, width, 3), 24, np.uint8)
    cv2.putText(cell, words, (6, height // 2 + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    return cell
