"""What can go wrong around a training run."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playingage.core import PlayingAgeError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
KEPT = "What was saved before is kept: the same command goes on from there."


class TrainingError(PlayingAgeError):
    """A training run cannot begin, go on or end."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What a failed write in this block means, in words. Raises TrainingError."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> TrainingError:
    """A failed write in words."""
    if error.errno in _FULL:
        return TrainingError(f"{path}: cannot be written, no space is left on the disk", f"Free some space. {KEPT}")
    reason = error.strerror or str(error)
    return TrainingError(f"{path}: cannot be written: {reason}", f"Check the folder and your rights. {KEPT}")
