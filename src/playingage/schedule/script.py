"""Scripts become schedules: their scenes, who speaks in them, and who plays whom. Ages are never taken from names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from playingage.schedule.faults import FieldError
from playingage.schedule.model import Entry, Part, Scene, Schedule, same
from playingage.schedule.names import tidy

_PARENTHESES = re.compile(r"\([^()]*\)?")
_MARKS = re.compile(r"^[\s*_@]+|[\s*_^]+$")
_AGE = re.compile(r"\((?:[^()]*\W)?(\d{1,3})(?:\W[^()]*)?\)|,\s*(?:aged?\s+)?(\d{1,3})\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"[\w.\-]{1,32}")
_MOST_CUE, _MOST_NAME, _MOST_HEADING = 200, 80, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptScene:
    """A scene as it is written: its number (may be empty), heading, and the lines that name who speaks."""

    number: str
    heading: str
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a script or timeline, and remarks for people on what was not certain."""

    schedule: Schedule
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Remarks:
    unnumbered: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    ages: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def name_of(cue: str) -> str:
    """A character's name without extensions such as (V.O.) and without marks of the script's form; may be empty."""
    bare = _MARKS.sub("", _PARENTHESES.sub(" ", cue[:_MOST_CUE]))
    return tidy("".join(sign if sign.isprintable() else " " for sign in bare.replace(";", ",")))[:_MOST_NAME].strip()


def age_of(cue: str) -> str:
    """The number in a name that may be an age: RICHARD (17), RICHARD, 17. Empty where there is none."""
    match = _AGE.search(cue[:_MOST_CUE])
    return "" if match is None else match[1] or match[2]


def import_script(script: Iterable[ScriptScene], cast: Mapping[str, str]) -> Imported:
    """Scenes with their characters; a row left open for each performer that `cast` (character -> performer) names.

    Raises FieldError for a name or ID that does not fit.
    """
    remarks = _Remarks()
    parts = tuple(Part(character=tidy(name), performer=performer) for name, performer in cast.items())
    scenes = _scenes(list(script), remarks)
    schedule = Schedule(listed=scenes, cast=parts)
    rows = [Entry(scene=scene.id, performer=who) for scene in scenes for who in schedule.present(scene)]
    return Imported(schedule=replace(schedule, entries=tuple(rows)), remarks=_told(schedule, remarks))


def _scenes(script: list[ScriptScene], remarks: _Remarks) -> tuple[Scene, ...]:
    numbered = any(scene.number for scene in script)
    used: set[str] = set()
    made: list[Scene] = []
    last = "0"
    for count, scene in enumerate(script, 1):
        number = scene.number if _NUMBER.fullmatch(scene.number) else ""
        wanted = number or (str(count) if not numbered else f"{last}+")
        last = number or last
        id = wanted if number or not numbered else _free(wanted, used, 1)
        if same(id) in used:
            id = _free(f"{id}/", used, 2)
            remarks.twice.append(f"{number} (now {id})")
        elif numbered and not number:
            remarks.unnumbered.append(id)
        used.add(same(id))
        characters: dict[str, str] = {}
        for cue in scene.cues:
            name = name_of(cue)
            if name:
                characters.setdefault(same(name), name)
                if age := age_of(cue):
                    remarks.ages.setdefault((name, age), []).append(id)
        heading = tidy("".join(sign if sign.isprintable() else " " for sign in scene.heading))[:_MOST_HEADING].strip()
        made.append(Scene(id=id, heading=heading, characters=tuple(characters.values())))
    if script and not numbered:
        remarks.unnumbered.append("*")
    return tuple(made)


def _free(start: str, used: set[str], first: int) -> str:
    return next(id for number in range(first, 10**6) if same(id := f"{start[:24]}{number}") not in used)


def _told(schedule: Schedule, remarks: _Remarks) -> tuple[str, ...]:
    told = []
    if remarks.unnumbered == ["*"]:
        told.append("the script has no scene numbers: scenes are numbered in their order")
    elif remarks.unnumbered:
        told.append(f"scenes without a number: now {', '.join(remarks.unnumbered)}")
    if remarks.twice:
        told.append(f"scene numbers that come twice: {', '.join(remarks.twice)}")
    for (name, age), scenes in remarks.ages.items():
        where = f"scene{'s'[: len(scenes) > 1]} {', '.join(dict.fromkeys(scenes))}"
        told.append(f"{name}: the name says {age} in {where}; it was not taken as an age")
    spoken = {same(name): name for scene in schedule.listed for name in scene.characters}
    for part in schedule.cast:
        if same(part.character) not in spoken:
            told.append(f"{part.character}, played by {part.performer}, speaks in no scene")
    uncast = [name for key, name in spoken.items() if schedule.performer_of(key) is None]
    if uncast:
        told.append(f"nobody is named who plays {', '.join(uncast)}")
    return tuple(told)


def parse_cast(texts: Iterable[str]) -> dict[str, str]:
    """As written: YOUNG RICHARD=tom. Raises FieldError."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, performer = text.rpartition("=")
        name = tidy(name)
        if not equals or not name:
            raise FieldError("--cast", f"{text!r} is no character and performer", "Write it like 'YOUNG RICHARD=tom'")
        if same(name) in map(same, found):
            raise FieldError("--cast", f"{name!r} is named twice", "Give each character one performer")
        found[name] = performer.strip()
    return found
