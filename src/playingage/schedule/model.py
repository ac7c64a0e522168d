"""The schedule: scenes, who plays whom, and which age each performer has where."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from playingage.core import Timecode, canonical_json, check_rate, sha256_bytes
from playingage.schedule.faults import FieldError
from playingage.schedule.names import text_field, tidy, unknown_fields
from playingage.schedule.plan import Plan

EVERY = "*"
"""As a scene: all of the production."""
MOST_TAKE = 9999
_MOST_NUMBER, _MOST_NAME = 32, 80
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
Where = tuple[str, str, int | None, str]


def performer_id(value: str) -> str:
    """An ID as the production's folder has it. Raises FieldError."""
    if not _ID.fullmatch(value):
        raise FieldError("performer", f"{value!r} is not an ID", "An ID has 1 to 40 lower-case letters, digits and "
                         "hyphens, and starts with a letter: ada-lovelace")
    return value


def same(name: str) -> str:
    """What names are compared by: large and small letters, and runs of spaces, are the same."""
    return tidy(name).casefold()


def _number(value: str, name: str, *, empty: bool = False) -> None:
    text_field(value, name, _MOST_NUMBER)
    if value == EVERY or (not value and not empty):
        raise FieldError(name, f"{value!r} is no {name} number", "Give it as on the slate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot of a scene. Raises FieldError.

    start: timecode of its first frame, or empty. frames: its length, or None. rate: frames a second, where known.
    """

    id: str
    start: str = ""
    frames: int | None = None
    rate: Fraction | None = None
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _number(self.id, "shot")
        text_field(self.note, "note")
        if self.frames is not None and not 0 < self.frames < 10**9:
            raise FieldError("frames", f"{self.frames} is no number of frames of a shot")
        try:
            if self.rate is not None:
                check_rate(self.rate)
            if self.start:
                Timecode.parse(self.start, Fraction(30000, 1001) if self.rate is None and ";" in self.start
                               else self.rate or Fraction(1000))
        except ValueError as error:
            raise FieldError("start" if self.start else "rate", str(error)) from None
        object.__setattr__(self, "extra", unknown_fields(self.extra))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scene in the order of the script. characters: as the script names them. Raises FieldError."""

    id: str
    heading: str = ""
    characters: tuple[str, ...] = ()
    details: tuple[Shot, ...] = ()
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _number(self.id, "scene")
        text_field(self.heading, "heading")
        text_field(self.note, "note")
        for name in self.characters:
            character(name)
        _once(map(same, self.characters), "characters", "is named twice")
        _once((same(shot.id) for shot in self.details), "shot", "is listed twice")
        object.__setattr__(self, "extra", unknown_fields(self.extra))

    @property
    def shots(self) -> tuple[str, ...]:
        """Their numbers."""
        return tuple(shot.id for shot in self.details)


def character(name: str) -> str:
    """A character's name. Raises FieldError."""
    if not name:
        raise FieldError("characters", "holds an empty name")
    return text_field(name, "characters", _MOST_NAME, never=";")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Who plays a character. Raises FieldError."""

    character: str
    performer: str
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        character(self.character)
        performer_id(self.performer)
        text_field(self.note, "note")
        object.__setattr__(self, "extra", unknown_fields(self.extra))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is asked of a performer somewhere. Raises FieldError.

    scene: its number, or "*" for the whole production. shot: empty for all of the scene. take: None for all.
    plan: None where it is still open, and says only that the performer is in it.
    """

    performer: str
    scene: str = EVERY
    shot: str = ""
    take: int | None = None
    plan: Plan | None = None
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        performer_id(self.performer)
        if self.scene != EVERY:
            _number(self.scene, "scene")
        _number(self.shot, "shot", empty=True)
        if self.take is not None and not 1 <= self.take <= MOST_TAKE:
            raise FieldError("take", f"{self.take} is not a whole number from 1 to {MOST_TAKE}")
        if self.scene == EVERY and (self.shot or self.take is not None):
            raise FieldError("scene", "is missing beside a shot or take", "Name the scene")
        if self.plan is None and (self.scene == EVERY or self.shot or self.take is not None):
            raise FieldError("age", "is missing", "Write years, or the word alone; only the row of a whole scene may "
                             "stay open")
        text_field(self.note, "note")
        object.__setattr__(self, "extra", unknown_fields(self.extra))

    @property
    def where(self) -> Where:
        """What it is found by."""
        return same(self.scene), same(self.shot), self.take, self.performer

    @property
    def place(self) -> str:
        """For people: scene 12, shot A, take 3."""
        if self.scene == EVERY:
            return "the whole production"
        shot = f", shot {self.shot}" if self.shot else ""
        return f"scene {self.scene}{shot}" + ("" if self.take is None else f", take {self.take}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The production's playing ages. Raises FieldError where something is listed twice.

    listed: scenes as the script or the maker lists them. extra: fields that this release does not know, kept.
    """

    listed: tuple[Scene, ...] = ()
    cast: tuple[Part, ...] = ()
    entries: tuple[Entry, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    scenes: tuple[Scene, ...] = field(init=False, compare=False, repr=False)
    _plans: Mapping[Where, Entry] = field(init=False, compare=False, repr=False)
    _by_scene: Mapping[str, Sequence[Entry]] = field(init=False, compare=False, repr=False)
    _players: Mapping[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        _once((same(scene.id) for scene in self.listed), "scene", "is listed twice")
        _once((same(part.character) for part in self.cast), "characters", "is cast twice")
        seen: set[Where] = set()
        for entry in self.entries:
            if entry.where in seen:
                raise FieldError("performer", f"{entry.performer!r} has two entries for {entry.place}", "Leave one out")
            seen.add(entry.where)
        object.__setattr__(self, "extra", unknown_fields(self.extra))
        object.__setattr__(self, "scenes", _scenes(self.listed, self.entries))
        by_scene: dict[str, list[Entry]] = {}
        for entry in self.entries:
            by_scene.setdefault(same(entry.scene), []).append(entry)
        object.__setattr__(self, "_plans", {entry.where: entry for entry in self.entries})
        object.__setattr__(self, "_by_scene", by_scene)
        object.__setattr__(self, "_players", {same(part.character): part.performer for part in self.cast})

    @classmethod
    def load(cls, path: Path) -> "Schedule":
        """Read a .csv or .toml file. Raises ScheduleError naming file, line and field of everything that is wrong."""
        from playingage.schedule.files import load

        return load(path)

    def save(self, path: Path) -> None:
        """Write a .csv or .toml file, whole or not at all. Raises ScheduleError."""
        from playingage.schedule.files import save

        save(self, path)

    @property
    def sha256(self) -> str:
        """Of what it says, in whichever form or order of ages it is stored."""
        from playingage.schedule.document import canonical

        return sha256_bytes(canonical_json(canonical(self)))

    @property
    def performers(self) -> tuple[str, ...]:
        """IDs of all that are cast or have an entry, in order of appearance."""
        return tuple(dict.fromkeys([*(part.performer for part in self.cast),
                                    *(entry.performer for entry in self.entries)]))

    def performer_of(self, name: str) -> str | None:
        """Who plays a character."""
        return self._players.get(same(name))

    def scene(self, id: str) -> Scene | None:
        """A scene by its number."""
        wanted = same(id)
        return next((scene for scene in self.scenes if same(scene.id) == wanted), None)

    def present(self, scene: Scene) -> tuple[str, ...]:
        """Performers of a scene: those whose characters are in it, and those who have an entry for it."""
        played = [self.performer_of(name) for name in scene.characters]
        named = [entry.performer for entry in self.entries_of(scene)]
        return tuple(dict.fromkeys(each for each in [*played, *named] if each is not None))

    def entries_of(self, scene: Scene) -> Sequence[Entry]:
        """Those that name this scene."""
        return self._by_scene.get(same(scene.id), ())

    def entry(self, scene: str, shot: str, take: int | None, performer: str) -> Entry | None:
        """The entry that counts: that of the take, else of the shot, of the scene, of the whole production."""
        scene, shot = same(scene), same(shot)
        for where in ((scene, shot, take, performer), (scene, "", take, performer), (scene, shot, None, performer),
                      (scene, "", None, performer), (EVERY, "", None, performer)):
            found = self._plans.get(where)
            if found is not None and found.plan is not None:
                return found
        return None

    def at(self, scene: str, shot: str, take: int | None, performer: str) -> Plan | None:
        """What is asked of a performer there; None where nothing is said."""
        found = self.entry(scene, shot, take, performer)
        return None if found is None else found.plan


def _once(names: Iterable[str], field: str, words: str) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise FieldError(field, f"{name!r} {words}", "Leave one of them out")
        seen.add(name)


def _scenes(listed: tuple[Scene, ...], entries: tuple[Entry, ...]) -> tuple[Scene, ...]:
    """Listed scenes, then those that only entries name; with the shots that entries name."""
    found = {same(scene.id): scene for scene in listed}
    shots: dict[str, dict[str, Shot]] = {
        key: {same(shot.id): shot for shot in scene.details} for key, scene in found.items()
    }
    for entry in entries:
        if entry.scene == EVERY:
            continue
        key = same(entry.scene)
        found.setdefault(key, Scene(id=entry.scene))
        named = shots.setdefault(key, {})
        if entry.shot:
            named.setdefault(same(entry.shot), Shot(id=entry.shot))
    return tuple(
        scene if len(shots[key]) == len(scene.details) else Scene(
            id=scene.id, heading=scene.heading, characters=scene.characters, details=tuple(shots[key].values()),
            note=scene.note, extra=scene.extra,
        )
        for key, scene in found.items()
    )
