"""The folder of a run: its files, their names, and how each is written."""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import canonical_json, sha256_bytes
from playingage.core.files import write_whole
from playingage.training.run.errors import TrainingError, unwritable, writing

SETTINGS, RECORD, STATUS, LOG, PAGE, PREVIEWS = (
    "settings.json", "record.json", "status.json", "log.jsonl", "index.html", "previews"
)
_SHEET = re.compile(r"\d{7,}\.png")
Row = dict[str, Any]


class RunFolder:
    """A run's folder, made when it is not there. Use `alone` around all writing. Raises TrainingError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else trains into this folder meanwhile."""
        lock = self.path.parent / f".{self.path.name}.lock"
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = lock.open("ab")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TrainingError(
                    f"{self.path}: another training is working here", "Wait until it is done, stop it, or give --name."
                ) from None
            with writing(self.path):
                (self.path / PREVIEWS).mkdir(parents=True, exist_ok=True)
                for left in (*self.path.glob(".*.tmp"), *(self.path / PREVIEWS).glob(".*.tmp")):
                    left.unlink()  # of a session that was killed
            yield

    def clear(self) -> None:
        """Throw the run away."""
        with writing(self.path):
            shutil.rmtree(self.path)
            (self.path / PREVIEWS).mkdir(parents=True)

    def write(self, name: str, data: bytes) -> None:
        """Put a file in place, whole or not at all."""
        with writing(self.path / name):
            write_whole(self.path / name, data)

    def write_json(self, name: str, document: Mapping[str, Any]) -> str:
        """The same for a JSON document; its SHA-256."""
        data = canonical_json(document) + b"\n"
        self.write(name, data)
        return sha256_bytes(data)

    def read_json(self, name: str) -> dict[str, Any] | None:
        """A JSON document of the run; None where there is none."""
        path = self.path / name
        try:
            document = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise TrainingError(f"{path}: cannot be read: {error}", "Start anew with --fresh.") from error
        if not isinstance(document, dict):
            raise TrainingError(f"{path}: is not a JSON object", "Start anew with --fresh.")
        return document

    def cut_log(self, step: int) -> list[Row]:
        """Take out of the log what comes after `step` or was not written in full; the lines that stay."""
        path, kept = self.path / LOG, []
        data = path.read_bytes() if path.exists() else b""
        for line in data.split(b"\n")[:-1]:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and isinstance(row.get("step"), int) and row["step"] <= step:
                kept.append(row)
        self.write(LOG, b"".join(canonical_json(row) + b"\n" for row in kept))
        return kept

    def log(self, row: Row) -> None:
        """Add a line to the log."""
        path = self.path / LOG
        try:
            with path.open("ab") as file:
                file.write(canonical_json(row) + b"\n")
        except OSError as error:
            raise unwritable(path, error) from error

    def sync_log(self) -> None:
        """The log's lines are on the disk, before a checkpoint counts on them."""
        path = self.path / LOG
        if path.exists():
            with writing(path), path.open("rb") as file:
                os.fsync(file.fileno())

    def add_preview(self, step: int, sheet: NDArray[np.uint8]) -> None:
        """A contact sheet, H x W x 3 RGB."""
        done, coded = cv2.imencode(".png", np.ascontiguousarray(sheet[..., ::-1]))
        if not done:
            raise ValueError("a contact sheet could not be coded")
        self.write(f"{PREVIEWS}/{step:07d}.png", coded.tobytes())

    def cut_previews(self, step: int) -> None:
        """Take away contact sheets of steps that will be learned anew."""
        for name in self.previews:
            if int(name.removesuffix(".png")) > step:
                (self.path / PREVIEWS / name).unlink()

    @property
    def previews(self) -> tuple[str, ...]:
        """Names of the contact sheets, oldest first."""
        found = (self.path / PREVIEWS).glob("*.png")
        return tuple(sorted(path.name for path in found if _SHEET.fullmatch(path.name)))
