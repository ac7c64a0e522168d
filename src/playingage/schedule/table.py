"""A schedule as CSV, the way spreadsheets write it. docs/formats/schedule.md."""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import tomli_w

from playingage.schedule.document import parse_rate
from playingage.schedule.faults import Faults, FieldError
from playingage.schedule.model import EVERY, Entry, Part, Scene, Schedule, Shot, Where, same
from playingage.schedule.names import COLUMNS, KNOWN, tidy
from playingage.schedule.plan import Key, Offset, Plan, parse_age, written
from playingage.schedule.regions import REGIONS

_AGES = ("age", *REGIONS)
_ALONE = "alone"
_TOML = "toml:"
_WHOLE = re.compile(r"\d{1,9}")
_FORMULA = re.compile(r"'*[=+\-@]")
"""How a cell begins that a spreadsheet would work out; it is written with one more apostrophe before it."""
T = TypeVar("T")


@dataclass(slots=True)
class _Row:
    """Cells that are not empty, tidy, by column; `extra` of columns that are not known."""

    line: int
    cells: dict[str, str]
    extra: dict[str, Any]

    def get(self, name: str) -> str:
        return self.cells.get(name, "")

    def any(self, *names: str) -> bool:
        return any(name in self.cells for name in names)


@dataclass(slots=True)
class _SceneRows:
    """What is known of a scene so far."""

    id: str
    row: _Row | None = None
    heading: str = ""
    shots: dict[str, tuple[_Row, Shot]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _AgeRow:
    """A row with a performer: key is None where it is open, or says alone. `entry` has place, note and extra."""

    row: _Row
    entry: Entry
    key: Key | None
    alone: bool

    @property
    def timed(self) -> Key | None:
        return None if self.key is None or self.key.at is None else self.key


def read_csv(text: str, file: str) -> Schedule:
    """The schedule of a table. Raises ScheduleError naming everything that is wrong."""
    return _Reader(text, file).read()


def write_csv(schedule: Schedule) -> bytes:
    """UTF-8 with a byte order mark, without which Excel takes it for something else; commas, CRLF."""
    rows: list[dict[str, str]] = []
    if schedule.extra:
        rows.append(_cells(schedule.extra))
    for part in schedule.cast:
        rows.append(_cells(part.extra, performer=part.performer, characters=part.character, note=part.note))
    for scene in schedule.listed:
        rows.append(_cells(scene.extra, scene=scene.id, heading=scene.heading, note=scene.note,
                           characters="; ".join(scene.characters)))
        for shot in scene.details:
            frames, rate = ("" if value is None else str(value) for value in (shot.frames, shot.rate))
            rows.append(_cells(shot.extra, scene=scene.id, shot=shot.id, start=shot.start, frames=frames, rate=rate,
                               note=shot.note))
    for entry in schedule.entries:
        rows += _entry_rows(entry)
    names = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, names, restval="", lineterminator="\r\n")
    table.writeheader()
    table.writerows(rows)
    return ("\ufeff" + out.getvalue()).encode()


def _entry_rows(entry: Entry) -> list[dict[str, str]]:
    place = {"scene": entry.scene, "shot": entry.shot, "take": "" if entry.take is None else str(entry.take),
             "performer": entry.performer}
    plan = entry.plan
    if plan is not None and plan.alone:
        return [_cells(entry.extra, **place, age=_ALONE, note=entry.note)]
    if plan is not None and plan.keys[0].at is None:
        return [_cells(entry.extra, **place, **_ages(plan.keys[0]), note=entry.note)]
    rows = []
    if plan is None or entry.note or entry.extra:
        rows.append(_cells(entry.extra, **place, note=entry.note))
    for key in () if plan is None else plan.keys:
        rows.append(_cells(key.extra, **place, at=str(key.at), **_ages(key), note=key.note))
    return rows


def _ages(key: Key) -> dict[str, str]:
    age = {} if key.age is None else {"age": written(key.age)}
    return age | {name: written(value) for name, value in key.regions.items()}


def _cells(extra: Mapping[str, Any], **known: str) -> dict[str, str]:
    cells = {name: value for name, value in known.items() if value}
    cells |= {name: _encoded(value) for name, value in extra.items()}
    return {name: f"'{value}" if _FORMULA.match(value) else value for name, value in cells.items()}


def _encoded(value: Any) -> str:
    """A text as it is; what a cell would not keep as it is, such as a number or a list, as TOML."""
    if isinstance(value, str) and value and value.isprintable() and value == value.strip() and value[:5] != _TOML:
        return value
    return _TOML + tomli_w.dumps({"v": value}).strip()


def _decoded(text: str, name: str) -> Any:
    if not text.startswith(_TOML):
        return text
    try:
        return tomllib.loads(text[len(_TOML) :])["v"]
    except (tomllib.TOMLDecodeError, RecursionError, KeyError) as error:
        raise FieldError(name, f"begins with {_TOML}, but is not a value v in TOML", "Clear the cell") from error


class _Reader:
    """Goes through the rows once; what is wrong is collected with its line."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.faults = Faults(file)
        self.extra: dict[str, Any] = {}
        self.cast: dict[str, tuple[int, Part]] = {}
        self.scenes: dict[str, _SceneRows] = {}
        self.ages: dict[Where, list[_AgeRow]] = {}

    def read(self) -> Schedule:
        for row in self._rows():
            self._take(row)
        listed = tuple(self._scene(each) for each in self.scenes.values())
        entries = tuple(self._entry(rows) for rows in self.ages.values())
        self.faults.settle()
        return Schedule(
            listed=tuple(each for each in listed if each), cast=tuple(part for _, part in self.cast.values()),
            entries=tuple(each for each in entries if each), extra=self.extra,
        )

    def _rows(self) -> list[_Row]:
        lines = self.text.splitlines()
        delimiter = max(",;\t", key=lambda sign: len(_header(lines[0], sign) & KNOWN) if lines else 0)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=delimiter, strict=True)
        found: list[list[str]] = []
        starts: list[int] = []
        begun = 1
        try:
            for cells in reader:
                found.append(cells)
                starts.append(begun)
                begun = reader.line_num + 1
        except csv.Error as error:
            self.faults.say(begun, "", f"is no table: {error}", "Look for a quote that is not closed")
            self.faults.settle()
        names = self._names(found[0] if found else [])
        comma = delimiter != ","
        return [row for cells, line in zip(found[1:], starts[1:], strict=True)
                if (row := self._row(names, cells, line, comma))]

    def _names(self, header: list[str]) -> list[str]:
        names = [tidy(name) for name in header]
        names = [name.casefold() if name.casefold() in COLUMNS else name for name in names]
        for name in ("performer", "age"):
            if name not in names:
                self.faults.say(1, name, f"there is no such column, only: {', '.join(filter(None, names)) or 'none'}",
                                "The first line names the columns")
        for name in dict.fromkeys(names):
            if name and names.count(name) > 1:
                self.faults.say(1, name, "two columns have this name", "Rename one of them")
            if name.casefold() in KNOWN and name not in COLUMNS:
                self.faults.say(1, name, "a column cannot have this name, which means something in TOML", "Rename it")
        self.faults.settle()
        return names

    def _row(self, names: list[str], cells: list[str], line: int, comma: bool) -> _Row | None:
        row = _Row(line, {}, {})
        for number, cell in enumerate(cells):
            text = cell.strip()
            if text.startswith("'") and _FORMULA.match(text):
                text = text[1:]
            if not text:
                continue
            name = names[number] if number < len(names) else ""
            if not name:
                self.faults.say(line, f"column {number + 1}", f"{text!r} stands in a column without a name",
                                "Name the column in the first line; put a cell with a comma in quotes")
            elif name in COLUMNS:
                row.cells[name] = tidy(text)
            else:
                row.extra[name] = self._try(line, partial(_decoded, text, name))
        return row if row.cells or row.extra else None

    def _try(self, line: int, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except FieldError as error:
            self.faults.add(line, error)
            return None

    def _take(self, row: _Row) -> None:
        """Sort a row by what is in it."""
        if row.any("performer"):
            placed = row.any("scene", "shot", "take", "at", *_AGES)
            if row.any("characters") and not placed:
                self._take_part(row)
            else:
                self._take_age(row)
        elif row.any("at", "take", *_AGES):
            self.faults.say(row.line, "performer", "is missing", "Say whose age it is")
        elif row.any("shot"):
            self._take_shot(row)
        elif row.any("scene"):
            self._take_scene(row)
        elif row.cells:
            self.faults.say(row.line, "scene", f"is missing beside {next(iter(row.cells))}", "Say of which scene")
        else:
            self.extra |= row.extra

    def _refuse(self, row: _Row, *names: str) -> None:
        for name in names:
            if name in row.cells:
                self.faults.say(row.line, name, "does not belong in such a row",
                                "Scenes, shots, cast and ages have rows of their own")

    def _take_part(self, row: _Row) -> None:
        self._refuse(row, "heading", "start", "frames", "rate")
        for name in _list(row.get("characters")):
            part = self._try(row.line, partial(
                Part, character=name, performer=row.get("performer").lower(), note=row.get("note"), extra=row.extra))
            if part is not None:
                first, _ = self.cast.setdefault(same(name), (row.line, part))
                if first != row.line:
                    self.faults.say(row.line, "characters", f"{name!r} is cast already in line {first}",
                                    "Leave one of the two out")

    def _take_scene(self, row: _Row) -> None:
        self._refuse(row, "start", "frames", "rate")
        known = self.scenes.setdefault(same(row.get("scene")), _SceneRows(row.get("scene")))
        if known.row is not None:
            self.faults.say(row.line, "scene", f"{known.id!r} is listed already in line {known.row.line}",
                            "Leave one of the two out")
        known.row, known.id = row, row.get("scene")

    def _take_shot(self, row: _Row) -> None:
        self._refuse(row, "heading", "characters")
        if not row.any("scene"):
            self.faults.say(row.line, "scene", "is missing beside a shot", "Name the scene")
            return
        shot = self._try(row.line, lambda: Shot(
            id=row.get("shot"), start=row.get("start"), frames=_whole(row, "frames"),
            rate=parse_rate(row.get("rate")) if row.any("rate") else None, note=row.get("note"), extra=row.extra))
        if shot is None:
            return
        scene = self.scenes.setdefault(same(row.get("scene")), _SceneRows(row.get("scene")))
        first, _ = scene.shots.setdefault(same(shot.id), (row, shot))
        if first is not row:
            self.faults.say(row.line, "shot", f"is listed already in line {first.line}", "Leave one of the two out")

    def _take_age(self, row: _Row) -> None:
        self._refuse(row, "characters", "start", "frames", "rate")
        before = len(self.faults.found)
        alone = row.get("age").casefold() == _ALONE
        if alone and row.any("at", *REGIONS):
            self.faults.say(row.line, "age", "says alone beside a time or ages", "Leave one of them out")
        key = self._key(row) if row.any("at", *_AGES) and not alone else None
        entry = self._try(row.line, lambda: Entry(
            performer=row.get("performer").lower(), scene=row.get("scene") or EVERY,
            shot="" if row.get("shot") == EVERY else row.get("shot"),
            take=None if row.get("take") == EVERY else _whole(row, "take"), note=row.get("note"), extra=row.extra,
            plan=Plan(alone=True)))
        if row.any("heading") and row.any("scene"):
            self._head(row)
        if entry is not None and len(self.faults.found) == before:
            self.ages.setdefault(entry.where, []).append(_AgeRow(row, entry, key, alone))

    def _head(self, row: _Row) -> None:
        """A heading beside an age is the scene's."""
        scene = self.scenes.setdefault(same(row.get("scene")), _SceneRows(row.get("scene")))
        if scene.heading and scene.heading != row.get("heading"):
            self.faults.say(row.line, "heading", f"scene {scene.id} is {scene.heading!r} in another line",
                            "Write the same in both, or in the row of the scene alone")
        scene.heading = row.get("heading")

    def _key(self, row: _Row) -> Key | None:
        ages = {name: self._try(row.line, partial(parse_age, row.get(name), name))
                for name in _AGES if row.any(name)}
        at = self._try(row.line, lambda: Offset.parse(row.get("at"))) if row.any("at") else None
        if any(age is None for age in ages.values()) or (row.any("at") and at is None):
            return None
        regions = {name: age for name, age in ages.items() if name != "age" and age is not None}
        return self._try(row.line, lambda: Key(at=at, age=ages.get("age"), regions=regions,
                                               note=row.get("note") if at else "", extra=row.extra if at else {}))

    def _scene(self, known: _SceneRows) -> Scene | None:
        row = known.row or _Row(next((each.line for each, _ in known.shots.values()), 1), {}, {})
        return self._try(row.line, lambda: Scene(
            id=known.id, heading=row.get("heading") or known.heading, characters=_list(row.get("characters")),
            details=tuple(shot for _, shot in known.shots.values()), note=row.get("note"), extra=row.extra))

    def _entry(self, rows: Sequence[_AgeRow]) -> Entry | None:
        """One entry of all rows of the same place and performer: one row, or keys and perhaps one row above them."""
        bare = [each for each in rows if each.timed is None]
        keyed = [(each.row, each.timed) for each in rows if each.timed is not None]
        first = bare[0] if bare else rows[0]
        if len(bare) > 1:
            self.faults.say(bare[1].row.line, "performer", f"{first.entry.performer} has an entry for "
                            f"{first.entry.place} already in line {first.row.line}",
                            "Leave one of the two out, or give each a time in the column at")
            return None
        if bare and keyed and (first.key is not None or first.alone):
            self.faults.say(first.row.line, "at", f"is missing beside the keys in line {keyed[0][0].line}",
                            "Give every key a time")
            return None
        plan = Plan(alone=True) if first.alone else None
        if keyed or first.key is not None:
            plan = self._plan(keyed or [(first.row, first.key)])
            if plan is None:
                return None
        note, extra = (first.entry.note, first.entry.extra) if bare else ("", {})
        return self._try(first.row.line, lambda: replace(first.entry, plan=plan, note=note, extra=extra))

    def _plan(self, keyed: Sequence[tuple[_Row, Key | None]]) -> Plan | None:
        keys = tuple(key for _, key in keyed if key is not None)
        try:
            return Plan(keys=keys)
        except FieldError as error:
            line = keyed[0][0].line
            for number in range(2, len(keys) + 1) if error.field == "at" else ():
                try:
                    Plan(keys=keys[:number])
                except FieldError as found:
                    if found.field == "at":
                        line = keyed[number - 1][0].line
                        break
            self.faults.add(line, error)
            return None


def _header(line: str, delimiter: str) -> set[str]:
    try:
        return {tidy(name).casefold() for cells in csv.reader([line], delimiter=delimiter) for name in cells}
    except csv.Error:
        return set()


def _list(text: str) -> tuple[str, ...]:
    return tuple(name for each in text.split(";") if (name := each.strip()))


def _whole(row: _Row, name: str) -> int | None:
    text = row.get(name)
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise FieldError(name, f"{text!r} is not a whole number")
    return int(text)
