"""What a person said about footage: on the command line, or in a CSV with a line for each file."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from playingage.archive.dates import When
from playingage.archive.errors import IngestError
from playingage.archive.footage import MOST, Entry, Footage, footage_in
from playingage.core import PlayingAgeError
from playingage.media import Kind

COLUMNS = ("file", "title", "shot", "age", "rights")
NO_RIGHTS = "not stated"
_TITLE = 200


def entries_of(
    footage: Sequence[str], *, when: When | None, title: str | None, rights: str | None, listing: Path | None
) -> Iterator[Entry]:
    """Every source with what was said of it; without a listing all has the same date. Raises IngestError.

    Without `title` each clip and sequence is a title of its own name; pictures of a folder are one of the folder's.
    """
    if listing is not None:
        if when is not None or title is not None:
            raise IngestError("--list says date and title for each file", "Leave out --shot, --age and --title.")
        yield from _bounded(_listed(listing, footage, rights or NO_RIGHTS))
        return
    if when is None:
        raise IngestError(
            "neither the date of the footage nor the performer's age is known",
            "Give --shot 1994-06, or --age 31, or --list with a line for each file.",
        )
    if title is not None:
        _check_title(title, "--title")

    def plain() -> Iterator[Entry]:
        for path in footage:
            for found in footage_in(path):
                yield Entry(
                    footage=found, title=title or _name_of(found, path), when=when, rights=rights or NO_RIGHTS,
                    where=path,
                )

    yield from _bounded(plain())


def _bounded(entries: Iterator[Entry]) -> Iterator[Entry]:
    for count, entry in enumerate(entries):
        if count == MOST:
            raise IngestError(f"there are more than {MOST} pieces of footage", "Give them in parts.")
        yield entry


def _name_of(found: Footage, given: str) -> str:
    path = Path(found.address)
    if found.kind is not Kind.PICTURE:
        name = path.stem.split("%")[0].rstrip("._- ") if found.kind is Kind.SEQUENCE else path.stem
        name = name or path.absolute().parent.name
    else:
        name = path.absolute().parent.name if Path(given).is_dir() else path.stem
    return name[:_TITLE] or "untitled"


def _listed(listing: Path, footage: Sequence[str], rights: str) -> Iterator[Entry]:
    """Lines of the CSV; files are relative to the folders given, else to the CSV's own."""
    bases = [Path(each) for each in footage] or [listing.parent]
    for base in bases:
        if not base.is_dir():
            raise IngestError(f"{base} is not a folder", "With --list give the folders that its files are in.")
    try:
        with listing.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            _check_columns(names, listing)
            empty = True
            for line in reader:
                empty = False
                where = f"{listing}, line {reader.line_num}"
                if None in line:
                    raise IngestError(
                        f"{where}: has more fields than the first line", "Put texts with commas into quotes."
                    )
                yield from _entry({k: (v or "").strip() for k, v in line.items()}, where, bases, rights)
            if empty:
                raise IngestError(f"{listing}: lists nothing", "Add a line for each file.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise IngestError(f"{listing}: cannot be read: {reason}", "Give a CSV in UTF-8.") from error


def _check_columns(names: list[str], listing: Path) -> None:
    problems = [f"no column {need!r}" for need in ("file", "title") if need not in names]
    if "shot" not in names and "age" not in names:
        problems.append("neither a column 'shot' nor 'age'")
    problems += [f"an unknown column {name!r}" for name in names if name not in COLUMNS]
    problems += [f"the column {name!r} twice" for name in COLUMNS if names.count(name) > 1]
    if problems:
        raise IngestError(f"{listing}, line 1: {', '.join(problems)}", f"The columns are {', '.join(COLUMNS)}.")


def _entry(line: dict[str, str], where: str, bases: list[Path], rights: str) -> Iterator[Entry]:
    if not line["file"]:
        raise IngestError(f"{where}, field file: is empty", "Name a file.")
    _check_title(line["title"], f"{where}, field title")
    try:
        when = When(shot=line.get("shot") or None, age=_age(line.get("age", ""), where))
    except IngestError as error:
        field = "" if error.what.startswith(where) else ", field shot" if line.get("shot") else ", field age"
        raise IngestError(error.what if not field else f"{where}{field}: {error.what}", error.do) from None
    if when.shot is None and when.age is None:
        raise IngestError(f"{where}, field shot: neither a date nor an age", "Fill in shot or age.")
    places = [base / line["file"] for base in bases]
    path = next((each for each in places if each.exists()), places[0])
    try:
        for found in footage_in(str(path)):
            yield Entry(footage=found, title=line["title"], when=when, rights=line.get("rights") or rights, where=where)
    except PlayingAgeError as error:
        raise IngestError(f"{where}, field file: {error.what}", error.do) from error


def _age(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise IngestError(f"{where}, field age: {text!r} is not a number", "Write it like 31 or 31.5.") from None


def _check_title(text: str, where: str) -> None:
    if not text.strip() or len(text) > _TITLE or not text.isprintable():
        raise IngestError(f"{where}: {text[:40]!r} is not a title", f"Give 1 to {_TITLE} printable characters.")
