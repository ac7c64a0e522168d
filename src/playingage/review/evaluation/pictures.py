"""Pictures on disk: read, re-aged once, found again when an evaluation goes on.

Every picture is written whole, then named in `pictures/made.jsonl` with all that decided it; a picture whose line or
hash does not fit is made anew.
"""

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import playingage
from playingage.core import UnreadableError, UnwritableError, canonical_json, sha256_bytes, sha256_file
from playingage.engine import Engine, Reager
from playingage.faces import Face
from playingage.media.comments import with_comment
from playingage.media.staging import unwritable, write_whole
from playingage.render.mark import mark_of
from playingage.review.evaluation.measures import Rgb

_CODE = ("engine", "faces", "frames", "models", "runtime")
"""Parts of the package that decide what a re-aged picture looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One face to be re-aged: `shift` names the folder, ages in years, `source` the picture's hash."""

    shift: str
    name: str
    source: str
    source_age: float
    target_age: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """A re-aged picture, the milliseconds that its face took when it was made, and the hash of its file."""

    picture: Rgb
    milliseconds: float
    sha256: str


def read_picture(path: Path) -> Rgb:
    """H x W x 3 uint8 RGB. Raises UnreadableError."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except FileNotFoundError as error:
        raise UnreadableError(f"{path} does not exist", "Check the list.") from error
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}", "Check the list and your rights.") from error
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if decoded is None:
        raise UnreadableError(f"{path} is not a picture that can be read", "Give PNG, JPEG, TIFF, WebP or BMP.")
    return np.asarray(decoded, np.uint8)


def shift_name(shift: float) -> str:
    """The folder of a request: -30, 0, +10."""
    return f"{shift:+g}" if shift else "0"


class PictureStore:
    """The pictures under `folder`, made by one engine."""

    def __init__(self, folder: Path, reager: Reager) -> None:
        self.folder = folder
        self._reager = reager
        self._maker = maker_of(reager.engine)
        self._mark = mark_of(reager.engine.package.sha256)
        self._log = folder / "made.jsonl"
        make_folder(folder)
        self._made = self._read_log()
        self._linked: dict[str, Path] = {}

    def places(self, shift: str) -> tuple[Path, Path]:
        """The folders of a request's pictures before and after; made where they are missing."""
        places = self.folder / shift / "in", self.folder / shift / "out"
        for place in places:
            make_folder(place)
        return places

    def keep(self, shift: str, name: str, picture: Rgb) -> None:
        """Put a picture before re-ageing beside its re-aged one; one file under as many names as there are shifts."""
        target = self.places(shift)[0] / f"{name}.png"
        first = self._linked.get(name)
        target.unlink(missing_ok=True)
        if first is not None:
            with contextlib.suppress(OSError):  # a file system without hard links
                os.link(first, target)
                return
            shutil.copyfile(first, target)
            return
        write_whole(target, _png(picture), overwrite=True)
        self._linked[name] = target

    def made(self, job: Job, picture: Rgb, face: Face) -> Made:
        """The re-aged picture: read where it is there and was made alike, else made. Raises UnwritableError."""
        path = self.places(job.shift)[1] / f"{job.name}.png"
        made_by = self._line(job)
        known = self._made.get((job.shift, job.name))
        if known is not None and known["by"] == made_by and path.is_file() and sha256_file(path) == known["sha256"]:
            return Made(picture=read_picture(path), milliseconds=known["milliseconds"], sha256=known["sha256"])
        began = time.perf_counter()
        after = self._reager(picture, age=job.target_age, source_age=job.source_age, faces=[face])
        milliseconds = round(1000 * (time.perf_counter() - began), 2)
        data = with_comment(_png(after), self._mark)
        write_whole(path, data, overwrite=True)
        self._note({"shift": job.shift, "name": job.name, "by": made_by, "sha256": sha256_bytes(data),
                    "milliseconds": milliseconds})
        return Made(picture=after, milliseconds=milliseconds, sha256=sha256_bytes(data))

    def _line(self, job: Job) -> str:
        return sha256_bytes(canonical_json([self._maker, job.source, job.source_age, job.target_age]))

    def _note(self, line: dict[str, Any]) -> None:
        try:
            with self._log.open("ab") as file:
                file.write(canonical_json(line) + b"\n")
        except OSError as error:
            raise unwritable(self._log, error) from error

    def _read_log(self) -> dict[tuple[str, str], dict[str, Any]]:
        lines = self._log.read_bytes().splitlines() if self._log.is_file() else []
        found = {}
        for text in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that was cut off: made anew
                line = json.loads(text)
                found[line["shift"], line["name"]] = line
        return found


def maker_of(engine: Engine) -> str:
    """Hash of what makes the pictures: the package, the device with its precision, the code."""
    root = Path(playingage.__file__).parent
    code = [sha256_file(path) for part in _CODE for path in sorted((root / part).rglob("*.py"))]
    return sha256_bytes(canonical_json([engine.package.sha256, str(engine.device), *code]))


def make_folder(folder: Path) -> None:
    """Raises UnwritableError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableError(f"{folder} cannot be made: {error.strerror}", "Choose another folder.") from error


def _png(picture: Rgb) -> bytes:
    ok, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert ok
    return data.tobytes()
