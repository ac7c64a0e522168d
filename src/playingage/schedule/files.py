"""Schedules on disk: `.csv` and `.toml`."""

from pathlib import Path

from playingage.core.files import write_whole
from playingage.schedule.document import read_toml, write_toml
from playingage.schedule.faults import Fault, FieldError, ScheduleError
from playingage.schedule.model import Schedule
from playingage.schedule.table import read_csv, write_csv

MOST_BYTES = 32 << 20
_READERS = {".csv": read_csv, ".toml": read_toml}
_WRITERS = {".csv": write_csv, ".toml": write_toml}
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_KINDS = "Name it NAME.csv or NAME.toml."


def load(path: Path) -> Schedule:
    """Read a schedule by its suffix. Raises ScheduleError."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise _error(path, "is neither .csv nor .toml", _KINDS)
    try:
        return reader(decoded(read(path), path), path.name)
    except FieldError as error:  # of the whole, which the readers have not found
        raise _error(path, f"{error.field}: {error.what}", error.do) from error


def save(schedule: Schedule, path: Path) -> None:
    """Write it by its suffix, whole or not at all. Raises ScheduleError."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise _error(path, "is neither .csv nor .toml", _KINDS)
    write(path, writer(schedule))


def schedule_of(production: Path) -> Path | None:
    """The schedule in a production's folder. Raises ScheduleError where there are two."""
    found = [path for suffix in _READERS if (path := production / "schedule" / f"schedule{suffix}").is_file()]
    if len(found) > 1:
        raise _error(found[0], f"{found[1].name} lies beside it, and only one can count",
                     "Move one of the two to another folder.")
    return found[0] if found else None


def read(path: Path) -> bytes:
    """A file's bytes. Raises ScheduleError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}", "Check the path.") from error
    if len(data) > MOST_BYTES:
        raise _error(path, f"is larger than {MOST_BYTES >> 20} MiB", "Give another file.")
    return data


def write(path: Path, data: bytes) -> None:
    """A whole file or none. Raises ScheduleError."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise _error(path, f"cannot be written: {error.strerror}", "Choose a folder that can be written.") from error


def decoded(data: bytes, path: Path) -> str:
    """Text in UTF-8, or in UTF-16 with a byte order mark. Raises ScheduleError naming the line."""
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), None)
    try:
        text = data.decode(encoding or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fault = Fault(line=line, field="", what=f"is not text in {encoding or 'UTF-8'}")
        raise ScheduleError(path.name, (fault,), "Save it as UTF-8; in Excel: CSV UTF-8.") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ScheduleError(path.name, (Fault(line=line, field="", what="holds a zero byte"),), "Give a text file.")
    return text


def _error(path: Path, what: str, do: str) -> ScheduleError:
    return ScheduleError(str(path), (Fault(line=0, field="", what=what),), do)
