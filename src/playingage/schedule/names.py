"""Names of fields, and what the schedule's texts may hold."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from playingage.schedule.faults import FieldError
from playingage.schedule.regions import REGIONS

TOP = ("format", "version", "cast", "scenes", "ages")
PART = ("character", "performer", "note")
SCENE = ("id", "heading", "characters", "shots", "note")
SHOT = ("id", "start", "frames", "rate", "note")
ENTRY = ("performer", "scene", "shot", "take", "age", *REGIONS, "alone", "keys", "note")
KEY = ("at", "age", *REGIONS, "note")
COLUMNS = ("scene", "shot", "take", "performer", "at", "age", *REGIONS, "heading", "characters", "start", "frames",
           "rate", "note")
KNOWN = frozenset((*TOP, *PART, *SCENE, *SHOT, *ENTRY, *KEY, *COLUMNS))
MOST_TEXT = 2000


def tidy(text: str) -> str:
    """Line breaks and runs of spaces become one space, those at the ends go."""
    return " ".join(text.split())


def text_field(value: str, name: str, most: int = MOST_TEXT, *, never: str = "") -> str:
    """One tidy line. Raises FieldError."""
    if len(value) > most:
        raise FieldError(name, f"has more than {most} characters")
    if not value.isprintable() or value != tidy(value):
        raise FieldError(name, f"{value!r} holds control signs, line breaks or spare spaces", "Leave them out")
    if wrong := next((sign for sign in never if sign in value), None):
        raise FieldError(name, f"{value!r} holds {wrong!r}, which separates names", "Write another sign")
    return value


def unknown_fields(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields of later releases, or of the maker's own. Raises FieldError for a name that means something elsewhere."""
    for name in extra:
        if not name or not name.isprintable() or name != name.strip():
            raise FieldError(repr(name), "is no name for a field", "Rename it")
        if name.casefold() in KNOWN:
            raise FieldError(name, "does not belong here, or is not written in small letters",
                             "See docs/formats/schedule.md for what has it")
    return MappingProxyType(dict(extra))


def rest(table: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """The fields that are not among those known."""
    return {name: value for name, value in table.items() if name not in known}
