"""A faceset under a person's hands: what holds now, what was decided, what ingest changed meanwhile. No HTTP here."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playingage.archive import STATES, FaceRow, Faceset, FacesetError
from playingage.archive.decisions import (
    OF_ROW,
    Change,
    Decision,
    Journal,
    Values,
    applied,
    check_values,
    decided,
    folded,
)
from playingage.archive.faceset import DOCUMENT
from playingage.core import PlayingAgeError, sha256_file

_COLUMNS = {
    "id": None, "source": None, "frame": None, "timecode": None, "seconds": 2, "shot": None, "track": None, "age": 2,
    "rights": None, "width": None, "height": None, "eye": 1, "yaw": 1, "pitch": 1, "roll": 1, "mouth_open": 2,
    "smile": 2, "eyes_open": 2, "expression": None, "light": 3, "light_side": 2, "light_top": 2, "sharpness": 3,
    "noise": 4, "occlusion": 2, "interlaced": None, "distance": 3, "state": None, "reason": None,
}
"""What the page is told of each face, and to how many digits."""
_TRIES, _PAUSE = 3, 0.05


class RefusedDecisionError(PlayingAgeError):
    """A decision that cannot be taken."""


class Desk:
    """Belongs to one thread. Close it: decisions that could not be folded stay in the journal. Raises FacesetError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp = self._stat()
        faceset = load(folder)
        self.journal = Journal(folder, faceset.performer)
        self._begun = len(self.journal.decisions)
        self.serial, self.unsaved, self.waits = 1, 0, ""
        self._take(faceset)

    def _take(self, faceset: Faceset) -> None:
        rows = applied(faceset.rows, self.journal.decisions)
        self.faceset = faceset.with_rows(rows)
        self._rows = {row.id: row for row in rows}
        holds = decided(self.journal.decisions)
        self._notes = {face: str(values["note"]) for face, values in holds.items() if values.get("note")}
        self.unsaved = sum(new is not old for new, old in zip(rows, faceset.rows, strict=True))

    def row(self, face: str) -> FaceRow | None:
        """A face as it stands now."""
        return self._rows.get(face)

    @property
    def made(self) -> int:
        """How many decisions were made since it was opened."""
        return len(self.journal.decisions) - self._begun

    @property
    def states(self) -> dict[str, int]:
        """How many faces stand in which state."""
        found = [row.state for row in self._rows.values()]
        return {state: found.count(state) for state in STATES}

    def document(self) -> dict[str, Any]:
        """All that the page shows, as columns: plain JSON."""
        rows = list(self._rows.values())
        titles = list(dict.fromkeys(row.title for row in rows))
        place = {title: index for index, title in enumerate(titles)}
        columns: dict[str, list[Any]] = {
            name: [_told(getattr(row, name), digits) for row in rows]
            for name, digits in _COLUMNS.items()
        }
        columns["title"] = [place[row.title] for row in rows]
        columns["note"] = [self._notes.get(row.id, "") for row in rows]
        columns["picture"] = [f"{row.hash:016x}" for row in rows]
        return {"performer": self.faceset.performer, "serial": self.serial, "titles": titles, "faces": columns}

    def decide(self, by: str, faces: Iterable[str], values: Values) -> Decision | None:
        """Take a decision, written through before this returns. None where nothing differs.

        Raises RefusedDecisionError for one that makes no sense, FacesetError where it cannot be written.
        """
        try:
            check_values(values)
        except ValueError as error:
            raise RefusedDecisionError(f"That cannot be decided: {error}.") from None
        wanted = dict(values)
        if wanted.get("state") is not None:  # a person's word: no reason of the program's, and no older note
            wanted = {"reason": "", "note": "", **wanted}
        known = [face for face in dict.fromkeys(faces) if face in self._rows]
        if not known:
            raise RefusedDecisionError("None of these faces is in the faceset any more.")
        return self._append(by, self._changes(known, wanted))

    def of_title(self, title: str) -> tuple[str, ...]:
        """Ids of all faces of a title."""
        return tuple(row.id for row in self._rows.values() if row.title == title)

    def undo(self, by: str) -> Decision | None:
        """Take back the last decision that came from this page; what others decided on since stays.

        None where there is nothing to take back. Raises FacesetError.
        """
        undone = {decision.undoes for decision in self.journal.decisions}
        for decision in reversed(self.journal.decisions):
            if decision.by == by and decision.undoes is None and decision.number not in undone:
                changes = [change for each in decision.changes for change in self._back(each)]
                return self._append(by, changes, undoes=decision.number)
        return None

    def stale(self) -> bool:
        """Whether another program changed the faceset. Raises FacesetError where it is gone."""
        stamp = self._stat()
        if stamp == self._stamp:
            return False
        same = sha256_file(self.folder / DOCUMENT) == self.faceset.read
        if same:  # our own save
            self._stamp = stamp
        return not same

    def adopt(self, faceset: Faceset) -> int | None:
        """Work on with the faceset as it is stored now; what is decided here holds.

        The number of faces that came new; None where nothing but what was decided here differs. Raises FacesetError.
        """
        if faceset.performer != self.faceset.performer:
            raise FacesetError(f"{self.folder}: is now of {faceset.performer}", "Start the page anew.")
        before, shown = set(self._rows), self._shown()
        self._take(faceset)
        if self._shown() == shown:
            return None
        self.serial += 1
        return len(set(self._rows) - before)

    def fold(self) -> Callable[[], Faceset]:
        """What folds all decisions of now into the stored faceset; may be called in another thread."""
        given = tuple(self.journal.decisions)
        return lambda: folded(self.folder, given)[0]

    def _shown(self) -> list[tuple[str, str, float, int]]:
        return [(row.id, row.state, row.age, row.hash) for row in self._rows.values()]

    def close(self) -> None:
        """Let others have the journal."""
        self.journal.close()

    def _changes(self, faces: Sequence[str], wanted: Mapping[str, str | float]) -> list[Change]:
        """One change for each way in which faces were before; none for those that are so already."""
        groups: dict[tuple[tuple[str, str | float], ...], list[str]] = {}
        for face in faces:
            was = {name: self._value(face, name) for name in wanted}
            if was != dict(wanted):
                groups.setdefault(tuple(was.items()), []).append(face)
        return [Change(faces=tuple(each), set=wanted, was=dict(was)) for was, each in groups.items()]

    def _back(self, change: Change) -> list[Change]:
        """A change turned round, for the faces that still are as it left them."""
        same = [face for face in change.faces if face in self._rows
                and all(self._value(face, name) == value for name, value in change.set.items())]
        return self._changes(same, change.was) if same else []

    def _value(self, face: str, name: str) -> str | float:
        value: str | float = getattr(self._rows[face], name) if name in OF_ROW else self._notes.get(face, "")
        return value

    def _append(self, by: str, changes: Sequence[Change], undoes: int | None = None) -> Decision | None:
        if not changes and undoes is None:
            return None
        number, now = self.journal.next_number, datetime.now(UTC).isoformat(timespec="seconds")
        decision = Decision(number=number, at=now, by=by, changes=tuple(changes), undoes=undoes)
        self.journal.append(decision)
        faces = [face for change in changes for face in change.faces]
        news = applied((self._rows[face] for face in faces), (decision,))
        self._rows.update((row.id, row) for row in news)
        for change in changes:
            if "note" in change.set:
                self._notes.update(dict.fromkeys(change.faces, str(change.set["note"])))
        self.unsaved += len(faces)
        return decision

    def _stat(self) -> tuple[int, int, int]:
        try:
            found = (self.folder / DOCUMENT).stat()
        except FileNotFoundError:
            raise FacesetError(f"{self.folder / DOCUMENT} is missing", "Ingest footage first.") from None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _told(value: Any, digits: int | None) -> Any:
    """As JSON can hold it; a number that is none becomes null."""
    if digits is None:
        return value
    return round(value, digits) if math.isfinite(value) else None


def load(folder: Path) -> Faceset:
    """The faceset; looks again where another program was just saving it."""
    for _ in range(_TRIES - 1):
        try:
            return Faceset.load(folder)
        except FacesetError:
            time.sleep(_PAUSE)
    return Faceset.load(folder)
