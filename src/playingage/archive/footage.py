"""What footage there is: files, sequences and folders told apart, grouped by title. Looks at names and sizes only."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playingage.archive.dates import When, middle_of
from playingage.archive.errors import IngestError
from playingage.media import Kind, SequenceName, kind_of
from playingage.media.address import PICTURE_SUFFIXES

CLIPS = (
    ".mp4", ".mov", ".mkv", ".m4v", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".mxf", ".webm", ".wmv", ".flv",
    ".vob", ".ogv", ".dv", ".gif", ".3gp", ".m2v",
)
MOST = 1_000_000
"""Files that one command takes."""
_SEQUENCE_SUFFIXES = (".png", ".tif", ".tiff", ".exr", ".dpx")
_SEQUENCE = 24
"""So many pictures in a folder with numbers one after the other are frames of film, not single pictures."""
_NUMBERED = re.compile(r"^(.*?)(\d+)(\.[^.]+)$")
_SAME_SHOOT = 2.0
"""Years that the shooting of one title may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """One source. address: as `open_source` takes it. kind: clip, sequence or picture.

    size: bytes in all. files: how many. name: for people and the faceset, relative to what was given.
    """

    address: str
    kind: Kind
    size: int
    files: int
    name: str

    def paths(self) -> Iterator[Path]:
        """Its files, in order."""
        if self.kind is Kind.SEQUENCE:
            name = SequenceName.parse(self.address)
            for number in name.numbers():
                yield name.path(number)
        else:
            yield Path(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Footage with what was said of it. where: of the saying, for errors."""

    footage: Footage
    title: str
    when: When
    rights: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """All footage of one work, shot at about one time."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(entry.footage.size for entry in self.entries)


def footage_in(path: str) -> Iterator[Footage]:
    """The footage behind what a person gave: a clip, picture, sequence, or a folder with all in it. Raises IngestError.

    A folder is walked as it is consumed, sorted; what is neither clip nor picture is passed over.
    """
    kind = kind_of(path)
    if kind is Kind.FOLDER:
        yield from _walk(Path(path))
        return
    if kind in (Kind.DEVICE, Kind.STREAM, Kind.PATTERN):
        raise IngestError(f"{path}: an archive is made from stored footage", "Give files or folders.")
    if kind is Kind.SEQUENCE:
        yield _sequence(SequenceName.parse(path), Path(path).name)
        return
    yield _file(Path(path), Path(path).name)


def grouped(entries: Iterable[Entry], born: str | None) -> tuple[Title, ...]:
    """Entries by title, in the order they came. Raises IngestError where a title has dates far apart."""
    groups: dict[str, list[Entry]] = {}
    seen: dict[str, Entry] = {}
    for entry in entries:
        other = seen.setdefault(str(Path(entry.footage.address).absolute()), entry)
        if other is not entry:
            raise IngestError(
                f"{entry.where}: {entry.footage.address} is named twice, for {other.title!r} and {entry.title!r}",
                "Name it once.",
            )
        groups.setdefault(entry.title, []).append(entry)
    for name, members in groups.items():
        _check_one_time(name, members, born)
    return tuple(Title(name=name, entries=tuple(members)) for name, members in groups.items())


def _check_one_time(name: str, members: list[Entry], born: str | None) -> None:
    first = members[0]
    for entry in members[1:]:
        apart = _apart(first.when, entry.when, born)
        if apart is None or apart > _SAME_SHOOT:
            raise IngestError(
                f"{entry.where}: the title {name!r} has mixed dates: {_said(first.when)} for {first.footage.name},"
                f" {_said(entry.when)} for {entry.footage.name}",
                "Give footage of different years titles of its own: a model must know how old the performer is.",
            )


def _apart(a: When, b: When, born: str | None) -> float | None:
    """Years between; None where a date and an age cannot be compared."""
    if a.shot is not None and b.shot is not None:
        return abs((middle_of(a.shot) - middle_of(b.shot)).days) / 365.25
    if a.age is not None and b.age is not None:
        return abs(a.age - b.age)
    dated, aged = (a, b) if a.shot is not None else (b, a)
    if born is None or dated.shot is None or aged.age is None:
        return None
    return abs((middle_of(dated.shot) - middle_of(born)).days / 365.25 - aged.age)


def _said(when: When) -> str:
    return f"shot {when.shot}" if when.shot is not None else f"age {when.age:g}" if when.age is not None else "no date"


def _walk(top: Path) -> Iterator[Footage]:
    def fail(error: OSError) -> None:
        raise IngestError(f"{error.filename}: cannot be read: {error.strerror}", "Check the folder and your rights.")

    for folder, below, names in os.walk(top, onerror=fail):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from _in_folder(Path(folder), [name for name in names if not name.startswith(".")], top)


def _in_folder(folder: Path, names: list[str], top: Path) -> Iterator[Footage]:
    groups: dict[tuple[str, str], list[str]] = {}
    for name in names:
        match = _NUMBERED.match(name)
        if match and match[3].lower() in _SEQUENCE_SUFFIXES:
            groups.setdefault((match[1], match[3]), []).append(match[2])
    taken: set[str] = set()
    for (prefix, suffix), digits in sorted(groups.items()):
        numbers = sorted(map(int, digits))
        width = min(map(len, digits))
        whole = numbers[-1] - numbers[0] + 1 == len(numbers) == len(set(numbers))
        sequence = SequenceName(folder, prefix, min(width, 20), suffix)
        if len(numbers) >= _SEQUENCE and whole and all(len(d) == width or d[0] != "0" for d in digits):
            taken.update(f"{prefix}{d}{suffix}" for d in digits)
            yield _sequence(sequence, str(Path(str(sequence)).relative_to(top)))
    for name in sorted(names):
        path = folder / name
        if name not in taken and path.suffix.lower() in (*CLIPS, *PICTURE_SUFFIXES):
            yield _file(path, str(path.relative_to(top)))


def _sequence(name: SequenceName, shown: str) -> Footage:
    numbers = name.numbers()
    size = sum(_size(name.path(number)) for number in numbers)
    return Footage(address=str(name), kind=Kind.SEQUENCE, size=size, files=len(numbers), name=shown)


def _file(path: Path, shown: str) -> Footage:
    kind = Kind.PICTURE if path.suffix.lower() in PICTURE_SUFFIXES else Kind.CLIP
    return Footage(address=str(path), kind=kind, size=_size(path), files=1, name=shown)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        raise IngestError(f"{path} does not exist", "Check the path.") from None
    except OSError as error:
        raise IngestError(f"{path} cannot be read: {error.strerror}", "Check the path and your rights.") from error
