"""Files that appear under their final name only when they are complete."""

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from playingage.core import SettingError, UnwritableError
from playingage.media.reasons import is_full


def partial_name(target: Path) -> Path:
    """A hidden name beside `target` that nobody else uses."""
    return target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}{target.suffix}")


def check_target(target: Path, *, overwrite: bool) -> None:
    """Raise UnwritableError where `target` cannot be made: no folder, no right, or it is there already."""
    folder = target.parent
    if not folder.is_dir():
        raise UnwritableError(f"{target}: its folder {folder} does not exist", "Make the folder first.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UnwritableError(f"{target}: no right to write into {folder}", "Choose another folder.")
    if target.exists() and not overwrite:
        raise UnwritableError(f"{target} is already there", "Choose another name or allow overwriting.")
    if target.is_dir() and overwrite and target.suffix:
        raise UnwritableError(f"{target} is a folder", "Choose another name.")


def unwritable(target: Path, error: BaseException, reason: str = "") -> UnwritableError:
    """The error for a failed write to `target`."""
    if is_full(error):
        return UnwritableError(
            f"{target}: no space is left to write it", "Nothing was left behind; free space or choose another disk."
        )
    why = reason or getattr(error, "strerror", None) or str(error)
    return UnwritableError(f"{target} cannot be written: {why}", "Nothing was left behind.")


class StagedFile:
    """A file under a temporary name for FFmpeg to write into; every write is complete or raises.

    `commit()` makes it durable and gives it its name; `discard()` removes it. The first error is kept in `error`.
    """

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        check_target(target, overwrite=overwrite)
        self._target, self._overwrite = target, overwrite
        self._partial = partial_name(target)
        self.name = str(self._partial)
        self.error: BaseException | None = None
        try:
            self._file = self._partial.open("xb", buffering=0)
        except OSError as error:
            raise unwritable(target, error) from error

    def write(self, data: bytes) -> int:
        """Write all of `data`."""
        view = memoryview(data)
        done = 0
        try:
            while done < len(view):
                done += self._file.write(view[done:]) or 0
        except BaseException as error:  # FFmpeg's call back loses all but an Exception, as Ctrl-C: `commit` raises it
            self.error = self.error or error
            raise
        return done

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position, as files do."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The position."""
        return self._file.tell()

    def commit(self) -> None:
        """Make the file durable and give it its final name. Raises UnwritableError; the partial file is then gone."""
        try:
            if self.error is not None:
                raise self.error
            os.fsync(self._file.fileno())
            self._file.close()
            check_target(self._target, overwrite=self._overwrite)
            self._partial.replace(self._target)
        except OSError as error:
            self.discard()
            raise unwritable(self._target, error) from error
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Remove the partial file; may be called twice."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)


def write_whole(target: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a small file at once, under a temporary name first. Raises UnwritableError."""
    staged = StagedFile(target, overwrite=overwrite)
    try:
        staged.write(data)
    except OSError as error:
        staged.discard()
        raise unwritable(target, error) from error
    except BaseException:  # Ctrl-C in the midst
        staged.discard()
        raise
    staged.commit()


class StagedFolder:
    """A folder under a temporary name in which a sequence is gathered.

    `publish` moves its files to their final places.
    """

    def __init__(self, beside: Path) -> None:
        self.path = partial_name(beside).with_suffix("")
        try:
            self.path.mkdir()
        except OSError as error:
            raise unwritable(beside, error) from error

    def publish(self, folder: Path) -> None:
        """Move every file into `folder`, making it where it is missing, in the order of their names."""
        try:
            folder.mkdir(exist_ok=True)
            for file in sorted(self.path.iterdir()):
                file.replace(folder / file.name)
            self.path.rmdir()
        except OSError as error:
            raise unwritable(folder, error) from error

    def discard(self) -> None:
        """Remove the folder with all in it; may be called twice."""
        shutil.rmtree(self.path, ignore_errors=True)


def no_such_choice(what: str, given: str, known: tuple[str, ...]) -> SettingError:
    """The error for a name that is none of `known`."""
    return SettingError(f"{what} {given!r} is not known", f"Choose one of: {', '.join(known)}.")
