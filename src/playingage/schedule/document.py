"""A schedule as TOML: read with the line of every fault, written so that nothing is lost. docs/formats/schedule.md."""

import re
import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

import tomli_w

from playingage.schedule.faults import Faults, FieldError
from playingage.schedule.lines import Path, Places
from playingage.schedule.model import EVERY, Entry, Part, Scene, Schedule, Shot, same
from playingage.schedule.names import ENTRY, KEY, PART, SCENE, SHOT, TOP, rest, tidy
from playingage.schedule.plan import Key, Offset, Plan, check_age
from playingage.schedule.regions import REGIONS

FORMAT, VERSION = "playingage-schedule", 1
_RATE = re.compile(r"\d{1,7}(/\d{1,7})?")
T = TypeVar("T")


def document_of(schedule: Schedule) -> dict[str, Any]:
    """All of it as TOML and JSON have it: whole numbers where they are whole."""
    made: dict[str, Any] = {"format": FORMAT, "version": VERSION, **schedule.extra}
    parts = {"cast": [_part(each) for each in schedule.cast], "scenes": [_scene(each) for each in schedule.listed],
             "ages": [_entry(each) for each in schedule.entries]}
    return made | {name: found for name, found in parts.items() if found}


def canonical(schedule: Schedule) -> dict[str, Any]:
    """What is hashed: cast and ages in a fixed order, every value that JSON does not know as text."""
    made = document_of(schedule)
    ages = sorted(schedule.entries, key=lambda entry: (*entry.where[:2], entry.where[2] or 0, entry.where[3]))
    made["ages"] = [_entry(each) for each in ages]
    made["cast"] = [_part(each) for each in sorted(schedule.cast, key=lambda part: same(part.character))]
    return {name: _plain(value) for name, value in made.items()}


def write_toml(schedule: Schedule) -> bytes:
    """UTF-8."""
    return tomli_w.dumps(document_of(schedule)).encode()


def read_toml(text: str, file: str) -> Schedule:
    """The schedule of a TOML text. Raises ScheduleError naming everything that is wrong."""
    return _Reader(text, file).read()


def parse_rate(text: str) -> Fraction:
    """Read 24 or 24000/1001. Raises FieldError."""
    if not _RATE.fullmatch(text) or text.endswith("/0") or not Fraction(text):
        raise FieldError("rate", f"{text!r} is not a frame rate", "Write it like 24 or 24000/1001")
    return Fraction(text)


def _plain(value: Any) -> Any:
    """JSON's values; others, such as dates, as text. Whole floats as whole numbers, as they may be written so."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    return value if isinstance(value, (bool, int, str)) else str(value)


def _number(age: float) -> int | float:
    return int(age) if age == int(age) else age


def _some(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", (), [])}


def _part(part: Part) -> dict[str, Any]:
    return {"character": part.character, "performer": part.performer, **_some(note=part.note), **part.extra}


def _scene(scene: Scene) -> dict[str, Any]:
    shots = [
        {"id": shot.id, **_some(start=shot.start, frames=shot.frames, note=shot.note,
                                rate=None if shot.rate is None else str(shot.rate)), **shot.extra}
        for shot in scene.details
    ]
    characters = list(scene.characters)
    told = _some(heading=scene.heading, characters=characters, note=scene.note)
    return {"id": scene.id, **told, **scene.extra, **_some(shots=shots)}


def _ages(key: Key) -> dict[str, Any]:
    age = {} if key.age is None else {"age": _number(key.age)}
    return age | {name: _number(value) for name, value in key.regions.items()}


def _entry(entry: Entry) -> dict[str, Any]:
    made: dict[str, Any] = {"performer": entry.performer}
    made |= _some(scene="" if entry.scene == EVERY else entry.scene, shot=entry.shot, take=entry.take)
    plan = entry.plan
    if plan is not None and plan.alone:
        made["alone"] = True
    elif plan is not None and plan.keys[0].at is None:
        made |= _ages(plan.keys[0])
    elif plan is not None:
        made["keys"] = [{"at": str(key.at), **_ages(key), **_some(note=key.note), **key.extra} for key in plan.keys]
    return {**made, **_some(note=entry.note), **entry.extra}


class _Reader:
    """Goes through a document once; what is wrong is collected with its line."""

    def __init__(self, text: str, file: str) -> None:
        self.faults = Faults(file)
        self.text = text
        self.places = Places(text)

    def read(self) -> Schedule:
        try:
            document = tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            line = re.search(r"at line (\d+)", str(error))
            self.faults.say(int(line[1]) if line else len(self.text.splitlines()), "",
                            f"is not TOML: {error}", "Compare the line with docs/formats/schedule.md")
            self.faults.settle()
            raise AssertionError from error
        if document.get("format") != FORMAT:
            self._say((), "format", f"is {document.get('format')!r}, not {FORMAT!r}", "Give a schedule")
        elif isinstance(document.get("version"), bool) or document.get("version") != VERSION:
            self._say((), "version", f"is {document.get('version')!r}; this program reads {VERSION}",
                      "Use the release of playingage that the file was made for")
        self.faults.settle()
        cast = self._tables(document, (), "cast", self._read_part)
        scenes = self._tables(document, (), "scenes", self._read_scene)
        entries = self._tables(document, (), "ages", self._read_entry)
        self._twice(cast, "cast", "characters", lambda part: same(part.character), "is cast already")
        self._twice(scenes, "scenes", "id", lambda scene: same(scene.id), "is listed already")
        self._twice(entries, "ages", "performer", lambda entry: entry.where, "has an entry there already")
        self.faults.settle()
        return Schedule(
            cast=tuple(part for part in cast if part), listed=tuple(scene for scene in scenes if scene),
            entries=tuple(entry for entry in entries if entry), extra=rest(document, TOP),
        )

    def _tables(
        self, table: Mapping[str, Any], at: Path, name: str, make: Callable[[Mapping[str, Any], Path], T]
    ) -> list[T | None]:
        """One thing of each table of a list; None where it is wrong."""
        listed = table.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            self._say(at, name, "is not a list of tables", f"Begin each with [[{name}]]")
            return []
        made: list[T | None] = []
        for number, each in enumerate(listed):
            place = (*at, name, number)
            before = len(self.faults.found)
            try:
                thing = make(each, place)
            except FieldError as error:
                if error.field != "age" or len(self.faults.found) == before:  # else its cause is told already
                    self._say(place, error.field, error.what, error.do)
                thing = None
            made.append(thing if len(self.faults.found) == before else None)
        return made

    def _read_part(self, table: Mapping[str, Any], at: Path) -> Part:
        return Part(character=self._text(table, at, "character"), performer=self._performer(table, at),
                    note=self._text(table, at, "note"), extra=rest(table, PART))

    def _read_scene(self, table: Mapping[str, Any], at: Path) -> Scene:
        characters = table.get("characters", [])
        if not isinstance(characters, list) or not all(isinstance(each, str) for each in characters):
            self._say(at, "characters", "is not a list of names", 'Write it like ["ANN", "BEN"]')
            characters = []
        shots = self._tables(table, at, "shots", self._read_shot)
        return Scene(
            id=self._text(table, at, "id", numbers=True), heading=self._text(table, at, "heading"),
            characters=tuple(tidy(each) for each in characters), details=tuple(shot for shot in shots if shot),
            note=self._text(table, at, "note"), extra=rest(table, SCENE),
        )

    def _read_shot(self, table: Mapping[str, Any], at: Path) -> Shot:
        rate = self._text(table, at, "rate", numbers=True)
        return Shot(
            id=self._text(table, at, "id", numbers=True), start=self._text(table, at, "start"),
            frames=self._whole(table, at, "frames"), rate=parse_rate(rate) if rate else None,
            note=self._text(table, at, "note"), extra=rest(table, SHOT),
        )

    def _read_entry(self, table: Mapping[str, Any], at: Path) -> Entry:
        return Entry(
            performer=self._performer(table, at), scene=self._text(table, at, "scene", numbers=True) or EVERY,
            shot="" if (shot := self._text(table, at, "shot", numbers=True)) == EVERY else shot,
            take=self._whole(table, at, "take"),
            plan=self._plan(table, at), note=self._text(table, at, "note"), extra=rest(table, ENTRY),
        )

    def _plan(self, table: Mapping[str, Any], at: Path) -> Plan | None:
        alone = table.get("alone", False)
        if not isinstance(alone, bool):
            self._say(at, "alone", "is neither true nor false")
        aged = [name for name in ("age", *REGIONS) if name in table]
        if aged and "keys" in table:
            self._say(at, "keys", f"stands beside {aged[0]}", "Give the ages of each key inside keys")
        if alone:
            if aged or "keys" in table:
                self._say(at, "alone", "stands beside ages", "Leave one of them out")
            return Plan(alone=True)
        if "keys" in table:
            found = self._tables(table, at, "keys", self._key)
            return Plan(keys=tuple(key for key in found if key)) if all(found) else None
        return Plan(keys=(self._key(table, at, single=True),)) if aged else None

    def _key(self, table: Mapping[str, Any], at: Path, *, single: bool = False) -> Key:
        age = self._age(table, at, "age") if "age" in table else None
        regions = {name: self._age(table, at, name) for name in REGIONS if name in table}
        if single:
            return Key(age=age, regions=regions)
        written_at = self._text(table, at, "at", numbers=True)
        if not written_at:
            self._say(at, "at", "is missing", "Write frames (48), seconds (2.5s) or a timecode (00:00:02:12)")
        return Key(at=Offset.parse(written_at) if written_at else None, age=age, regions=regions,
                   note=self._text(table, at, "note"), extra=rest(table, KEY))

    def _age(self, table: Mapping[str, Any], at: Path, name: str) -> float:
        value = table[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._say(at, name, f"is {value!r}, not a number", "Write years like 17 or 17.5, without quotes")
            return 0
        try:
            return check_age(float(min(value, 10**6)), name)
        except FieldError as error:
            self._say(at, name, error.what, error.do)
            return 0

    def _performer(self, table: Mapping[str, Any], at: Path) -> str:
        return self._text(table, at, "performer").lower()

    def _text(self, table: Mapping[str, Any], at: Path, name: str, *, numbers: bool = False) -> str:
        value = table.get(name, "")
        if numbers and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            self._say(at, name, f"is {value!r}, not text", "Put it in quotes")
            return ""
        return tidy(value)

    def _whole(self, table: Mapping[str, Any], at: Path, name: str) -> int | None:
        value = table.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            self._say(at, name, f"is {value!r}, not a whole number", "Write it without quotes")
            return None
        return value

    def _say(self, at: Path, name: str, what: str, do: str = "") -> None:
        inside = "".join(f"{'.' if index else ''}{part}" if isinstance(part, str) else f"[{part + 1}]"
                         for index, part in enumerate(at))
        self.faults.say(self.places.line((*at, name)), f"{inside}.{name}" if inside else name, what, do)

    def _twice(
        self, found: list[T | None], table: str, field: str, key: Callable[[T], Any], words: str
    ) -> None:
        seen: dict[Any, int] = {}
        for number, each in enumerate(found):
            if each is None:
                continue
            first = seen.setdefault(key(each), number)
            if first != number:
                line = self.places.line((table, first))
                self._say((table, number), field, f"{words}: see line {line}", "Leave one of the two out")
