"""What people decided about faces: a journal beside the faceset, written through at once and never rewritten.

`decisions.jsonl` is the truth; the faceset's table takes it over by `fold`, which may be done again at any time: after
a kill, and after an ingest that brought faces back. Format: docs/formats/decisions.md.
"""

import fcntl
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playingage.archive.errors import FacesetError
from playingage.archive.faceset import Faceset
from playingage.archive.files import Disk, locked, unwritable
from playingage.archive.row import STATES, FaceRow
from playingage.core import canonical_json

FORMAT, VERSION = "playingage-decisions", 1
FILE = "decisions.jsonl"
OF_ROW = ("state", "reason", "age")
"""What a decision may set that is a column of the faceset; `note` stays in the journal."""
SETTABLE = (*OF_ROW, "note")
OTHER_PERSON = "other person"
_OLDEST = 130.0
_COPY = "Keep the file, and put an undamaged copy in its place."
Values = Mapping[str, str | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """These faces got `set`, and had `was` before: both name the same of `SETTABLE`. Raises ValueError."""

    faces: tuple[str, ...]
    set: Values
    was: Values

    def __post_init__(self) -> None:
        if not self.faces or not all(isinstance(face, str) and face for face in self.faces):
            raise ValueError("a change without faces")
        for values in (self.set, self.was):
            check_values(values)
        if set(self.set) != set(self.was):
            raise ValueError("a change sets something else than it had")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One act of a person. `at`: ISO time. `by`: the page it came from. `undoes`: number of the act it takes back."""

    number: int
    at: str
    by: str
    changes: tuple[Change, ...]
    undoes: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> bytes:
        """As it stands in the journal."""
        value = {**self.extra, "number": self.number, "at": self.at, "by": self.by, "changes": [
            {"faces": list(c.faces), "set": dict(c.set), "was": dict(c.was)} for c in self.changes
        ]}
        return canonical_json(value if self.undoes is None else {**value, "undoes": self.undoes}) + b"\n"

    @classmethod
    def parse(cls, text: bytes) -> "Decision":
        """Raises ValueError, KeyError, TypeError or AttributeError."""
        value = json.loads(text)
        changes = tuple(
            Change(faces=tuple(c["faces"]), set=dict(c["set"]), was=dict(c["was"])) for c in value["changes"]
        )
        known = {"number", "at", "by", "changes", "undoes"}
        undoes = value.get("undoes")
        return cls(number=int(value["number"]), at=str(value["at"]), by=str(value["by"]), changes=changes,
                   undoes=None if undoes is None else int(undoes),
                   extra={key: each for key, each in value.items() if key not in known})


def check_values(values: Values) -> None:
    """Raises ValueError where a decision cannot set these."""
    if not values:
        raise ValueError("nothing is set")
    for name, value in values.items():
        if name == "age":
            fits = (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
                    and 0 < value < _OLDEST)
        else:
            fits = name in SETTABLE and isinstance(value, str) and (name != "state" or value in STATES)
        if not fits:
            raise ValueError(f"{name} cannot be {value!r}")


class Journal:
    """The journal of a faceset, open for one program at a time. Raises FacesetError.

    A line that a kill cut off was never acknowledged, and is taken away; any other damage is an error.
    """

    def __init__(self, folder: Path, performer: str) -> None:
        self.path = folder / FILE
        if not self.path.exists():
            head = {"format": FORMAT, "version": VERSION, "performer": performer}
            Disk().write(self.path, canonical_json(head) + b"\n")
        try:
            self._file = self.path.open("r+b", buffering=0)
        except OSError as error:
            raise unwritable(self.path, error) from error
        try:
            self._lock()
            data = self.path.read_bytes()
            self.decisions = list(_parse(data, self.path, performer))
            self._length = data.rfind(b"\n") + 1
            self._file.truncate(self._length)
        except BaseException:
            self._file.close()
            raise

    def append(self, decision: Decision) -> None:
        """Write it through to the disk; when this returns it stays. Raises FacesetError, and then nothing is added."""
        line = decision.line()
        try:
            self._file.seek(self._length)
            view = memoryview(line)
            while view:
                view = view[self._file.write(view) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._length)
            raise unwritable(self.path, error) from error
        self._length += len(line)
        self.decisions.append(decision)

    @property
    def next_number(self) -> int:
        """Of the decision to come."""
        return self.decisions[-1].number + 1 if self.decisions else 1

    def close(self) -> None:
        """Let others have it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FacesetError(
                f"{self.path.parent}: the faces of this performer are open in another `playingage faceset`",
                "Use that page, or stop that program.",
            ) from None


def read_decisions(folder: Path, performer: str) -> tuple[Decision, ...]:
    """All decisions in the order they were made; none where there is no journal. Raises FacesetError."""
    path = folder / FILE
    try:
        return tuple(_parse(path.read_bytes(), path, performer))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise FacesetError(f"{path} cannot be read: {error.strerror}", "Check the folder and your rights.") from error


def decided(decisions: Iterable[Decision]) -> dict[str, dict[str, str | float]]:
    """What holds for each face that somebody decided on: the last word counts."""
    found: dict[str, dict[str, str | float]] = {}
    for decision in decisions:
        for change in decision.changes:
            for face in change.faces:
                found.setdefault(face, {}).update(change.set)
    return found


def applied(rows: Iterable[FaceRow], decisions: Iterable[Decision]) -> tuple[FaceRow, ...]:
    """The rows as people decided; the same objects where nothing differs."""
    found = decided(decisions)
    return tuple(_applied(row, found.get(row.id, {})) for row in rows)


def load_decided(folder: Path) -> Faceset:
    """The stored faceset as people decided, also where that was not folded into it yet. Raises FacesetError."""
    faceset = Faceset.load(folder)
    return faceset.with_rows(applied(faceset.rows, read_decisions(folder, faceset.performer)))


def folded(folder: Path, decisions: Sequence[Decision] | None = None) -> tuple[Faceset, int]:
    """Take the journal over into the stored faceset: what is stored now, and how many faces changed.

    Raises FacesetError.
    """
    with locked(folder):
        faceset = Faceset.load(folder)
        given = read_decisions(folder, faceset.performer) if decisions is None else decisions
        rows = applied(faceset.rows, given)
        changed = sum(new is not old for new, old in zip(rows, faceset.rows, strict=True))
        return (faceset.with_rows(rows).save() if changed else faceset), changed


def fold(folder: Path) -> int:
    """As `folded`: only the number of faces that changed. Raises FacesetError."""
    return folded(folder)[1]


def _applied(row: FaceRow, values: Values) -> FaceRow:
    news: dict[str, Any] = {
        name: value for name, value in values.items() if name in OF_ROW and getattr(row, name) != value
    }
    return replace(row, **news) if news else row


def _parse(data: bytes, path: Path, performer: str) -> Iterable[Decision]:
    lines = data.split(b"\n")[:-1]  # what follows the last end of a line was cut off
    try:
        head = json.loads(lines[0]) if lines else None
    except ValueError:
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise FacesetError(f"{path}: does not begin with format {FORMAT!r}", _COPY)
    if head.get("version") != VERSION:
        raise FacesetError(
            f"{path}: decisions of version {head.get('version')!r}; this program reads version {VERSION}",
            "Use the release of playingage that wrote it. Nothing was changed.",
        )
    if head.get("performer") != performer:
        raise FacesetError(f"{path}: decisions about {head.get('performer')!r}, not {performer!r}", _COPY)
    for number, text in enumerate(lines[1:], 2):
        try:
            yield Decision.parse(text)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FacesetError(f"{path}: line {number} is no decision: {error}", _COPY) from error
