"""Checkpoints: whole or not at all, the last two kept, each with a hash of what it holds."""

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from playingage.core.files import sync_folder
from playingage.training.run.errors import TrainingError, writing

NEWEST, BEFORE = "checkpoint.pt", "checkpoint.before.pt"
FORMAT, VERSION = "playingage-checkpoint", 1
_PARTIAL = ".checkpoint.pt.tmp"
State = dict[str, Any]
"""Tensors, numbers, texts, lists and mappings: what torch loads with `weights_only`."""


def write(folder: Path, state: State) -> None:
    """Make `state` the newest checkpoint in `folder`; the one that was the newest is kept as the one before.

    Raises TrainingError; both older ones are then as they were.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, "sha256": digest(state), "state": state}, buffer)
    partial = folder / _PARTIAL
    try:
        with writing(folder / NEWEST):
            with partial.open("wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            if (folder / NEWEST).exists():
                (folder / NEWEST).replace(folder / BEFORE)
            partial.replace(folder / NEWEST)
            sync_folder(folder)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def newest(folder: Path) -> tuple[State | None, tuple[str, ...]]:
    """(the newest undamaged checkpoint, what has to be said of the others); None where none was ever saved.

    Raises TrainingError where all are damaged, or another release made them.
    """
    there = [path for name in (NEWEST, BEFORE) if (path := folder / name).exists()]
    said: list[str] = []
    for path in there:
        try:
            state = _read(path)
        except _DamagedError as damage:
            said.append(f"{path} is damaged ({damage})")
            continue
        if path.name == BEFORE:
            said = said or [f"{folder / NEWEST} is missing: the last save was cut off"]
            said = [f"{each}; the one before it is taken, of step {state['step']}" for each in said]
        return state, tuple(said)
    if there:
        raise TrainingError(f"no checkpoint can be read: {'; '.join(said)}", "Start anew with --fresh.")
    return None, ()


class _DamagedError(Exception):
    """A file that is not what was written."""


def _read(path: Path) -> State:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror or error}", "Check your rights.") from error
    except Exception as error:  # torch has many words for a broken file
        raise _DamagedError(str(error).partition("\n")[0][:120] or type(error).__name__) from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise _DamagedError(f"it does not say format {FORMAT!r}")
    if stored.get("version") != VERSION:
        raise TrainingError(
            f"{path}: checkpoint version {stored.get('version')!r}; this program reads version {VERSION}",
            "Go on with the release that made it, or start anew with --fresh.",
        )
    state = stored.get("state")
    if not isinstance(state, dict) or digest(state) != stored.get("sha256"):
        raise _DamagedError("its content is not what was saved")
    return state


def digest(state: State) -> str:
    """SHA-256 of all that a checkpoint holds."""
    found = hashlib.sha256()
    _feed(found, state)
    return found.hexdigest()


def _feed(found: "hashlib._Hash", value: Any) -> None:
    if isinstance(value, Tensor):
        flat = value.detach().cpu().contiguous().reshape(-1)
        found.update(f"tensor {value.dtype} {tuple(value.shape)};".encode())
        found.update(flat.view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        found.update(f"mapping {len(value)};".encode())
        for key, each in value.items():
            found.update(f"{key!r}:".encode())
            _feed(found, each)
    elif isinstance(value, (list, tuple)):
        found.update(f"list {len(value)};".encode())
        for each in value:
            _feed(found, each)
    elif value is None or isinstance(value, (bool, int, float, str)):
        found.update(f"{value!r};".encode())
    else:
        raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")
