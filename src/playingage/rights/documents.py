"""Reading of stored documents without trust: whatever the bytes are, a PlayingAgeError says what is wrong."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from playingage.core import PlayingAgeError, canonical_json

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
HASH = re.compile(r"[0-9a-f]{64}")
ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
MOST_BYTES = 1 << 20
"""No envelope, statement or list of keys is larger."""


class RightsError(PlayingAgeError):
    """Something that proves a right, or records a use, is absent, altered or does not fit."""


class GrantError(RightsError):
    """No grant covers what was asked: `what` says everything that is missing."""


def parse_json(data: bytes, where: str, most: int = MOST_BYTES) -> dict[str, Any]:
    """An object from JSON of at most so many bytes. Raises RightsError for anything else, repeated fields included."""
    if len(data) > most:
        raise RightsError(f"{where}: is larger than any such file", "Do not use this file.")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise RightsError(f"{where}: is altered or damaged, it is not JSON: {error}", _RESTORE) from error
    if not isinstance(document, dict):
        raise RightsError(f"{where}: is altered or damaged, it holds no JSON object", _RESTORE)
    return document


def parse_canonical(data: bytes, where: str, most: int = MOST_BYTES) -> dict[str, Any]:
    """An object from canonical JSON: equal values have equal bytes, so every changed byte shows."""
    document = parse_json(data, where, most)
    try:
        same = canonical_json(document) == data
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise RightsError(f"{where}: is altered or damaged, it is not in canonical form", _RESTORE)
    return document


def check_format(document: Mapping[str, Any], form: str, version: int, where: str) -> None:
    """Raises RightsError for another format or version."""
    if document.get("format") != form:
        raise RightsError(f"{where}: says format {document.get('format')!r}, not {form!r}", "Give the right file.")
    found = document.get("version")
    if isinstance(found, bool) or found != version:
        raise RightsError(
            f"{where}: version {found!r} of {form}; this program reads version {version}",
            "Use the release of playingage that the file was made for.",
        )


class Fields:
    """Typed access to a document's fields. Every failure is a RightsError that names file and field."""

    def __init__(self, document: Mapping[str, Any], where: str, prefix: str = "") -> None:
        self.document, self.where, self.prefix = document, where, prefix

    def wrong(self, name: str, why: str) -> RightsError:
        """The error for a field."""
        return RightsError(f"{self.where}: {self.prefix}{name} {why}", "Correct the field, or take an undamaged file.")

    def get(self, name: str) -> Any:
        """A field that has to be there."""
        if name not in self.document:
            raise self.wrong(name, "is missing")
        return self.document[name]

    def text(self, name: str, *, least: int = 1, most: int = 200) -> str:
        """Words on one or several lines, without control signs, trimmed."""
        value = self.get(name)
        if not isinstance(value, str):
            raise self.wrong(name, "is not text")
        value = value.strip()
        if not least <= len(value) <= most:
            few = f"has {len(value)} characters; at least {least} are needed" if value else "is empty"
            raise self.wrong(name, few if len(value) < least else f"has more than {most} characters")
        if any((ord(sign) < 32 and sign not in "\n\t") or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000
               for sign in value):
            raise self.wrong(name, "holds control signs")
        return value

    def id(self, name: str) -> str:
        """A short name of a performer: lower-case letters, digits, hyphens, starting with a letter."""
        return check_id(self.text(name), f"{self.where}: {self.prefix}{name}")

    def hash(self, name: str) -> str:
        """A SHA-256 in lower-case hex."""
        value = self.text(name)
        if not HASH.fullmatch(value):
            raise self.wrong(name, "is not a SHA-256 in lower-case hex")
        return value

    def truth(self, name: str) -> bool:
        """True or false."""
        value = self.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """A number within limits."""
        return self._number(self.get(name), name, low, high)

    def pair(self, name: str, low: float, high: float) -> tuple[float, float]:
        """Two numbers, the first not the greater."""
        value = self.get(name)
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(name, "is not a pair of numbers such as [20, 60]")
        first, second = (self._number(each, name, low, high) for each in value)
        if first > second:
            raise self.wrong(name, f"goes from {first:g} down to {second:g}")
        return first, second

    def texts(self, name: str, *, least: int = 1) -> tuple[str, ...]:
        """A list of different words."""
        value = self.get(name)
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.wrong(name, "is not a list of texts")
        found = tuple(each.strip() for each in value)
        if len(found) < least or len(set(found)) != len(found):
            raise self.wrong(name, "is empty" if len(found) < least else "names something twice")
        return found

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of several words."""
        value = self.text(name)
        if value not in choices:
            raise self.wrong(name, f"is {value!r}, not one of {', '.join(choices)}")
        return value

    def moment(self, name: str) -> str:
        """A time with offset, as ISO 8601."""
        value = self.text(name)
        if _DAY.fullmatch(value):
            raise self.wrong(name, f"is {value!r}, a day without a time")
        parse_moment(value, f"{self.where}: {self.prefix}{name}")
        return value

    def day(self, name: str) -> str:
        """A day, or a time with offset, as ISO 8601."""
        value = self.text(name)
        parse_moment(value, f"{self.where}: {self.prefix}{name}")
        return value

    def inside(self, name: str) -> "Fields":
        """The fields of an object within."""
        value = self.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "is not a group of fields")
        return Fields(value, self.where, f"{self.prefix}{name}.")

    def rest(self, *known: str) -> dict[str, Any]:
        """The fields that this release does not know: kept, never interpreted."""
        return {key: value for key, value in self.document.items() if key not in known}

    def _number(self, value: Any, name: str, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.wrong(name, f"holds {value!r}, not a number from {low:g} to {high:g}")
        return float(value)


def check_id(value: str, where: str) -> str:
    """The ID itself. Raises RightsError."""
    if not ID.fullmatch(value):
        raise RightsError(
            f"{where}: {value!r} is not an ID",
            "An ID has 1 to 40 lower-case letters, digits and hyphens, and starts with a letter: ada-lovelace.",
        )
    return value


def parse_moment(text: str, where: str, *, end: bool = False) -> datetime:
    """A day or a time with offset as a point in time. A day begins, or with `end` ends, at midnight UTC."""
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max if end else time.min, UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise RightsError(f"{where}: {text!r} has no offset from UTC", "Write it like 2026-11-21T09:30:00+00:00.")
        moment.astimezone(UTC)
        return moment
    except (ValueError, OverflowError) as error:
        raise RightsError(
            f"{where}: {text!r} is not a day or time", "Write it like 2026-11-21, or 2026-11-21T09:30:00+00:00."
        ) from error


_RESTORE = "Take an undamaged copy."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field appears twice")
    return found
