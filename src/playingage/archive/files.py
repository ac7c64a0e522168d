"""Files that are there whole or not at all."""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from playingage.archive.errors import FacesetError
from playingage.core.files import sync_folder, write_whole

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Store(Protocol):
    """Where a faceset's files are written to."""

    def write(self, path: Path, data: bytes) -> None:
        """Put `data` under `path`, whole or not at all, folders included. Raises FacesetError."""
        ...

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, replacing what has it. Raises FacesetError."""
        ...


class Disk:
    """Files on a disk: a temporary name in the same folder, flushed, then renamed."""

    def write(self, path: Path, data: bytes) -> None:
        """See `Store`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise unwritable(path, error) from error

    def rename(self, old: Path, new: Path) -> None:
        """See `Store`."""
        try:
            old.replace(new)
            sync_folder(new.parent)
        except OSError as error:
            raise unwritable(new, error) from error


def unwritable(path: Path, error: OSError) -> FacesetError:
    """What a failed write means, in words."""
    if error.errno in _FULL:
        return FacesetError(
            f"{path}: the disk is full", "Free some space and give the same command again: what was done is kept."
        )
    return FacesetError(f"{path} cannot be written: {error.strerror or error}", "Check the folder and your rights.")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else changes the faceset in `folder` meanwhile. Raises FacesetError where somebody does already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("ab")
    except OSError as error:
        raise unwritable(folder, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FacesetError(
                f"{folder}: another program is working on this faceset", "Wait until it is done, or stop it."
            ) from None
        yield
