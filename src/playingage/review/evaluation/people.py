"""Who is shown at other ages: the people of a list, by default those held out from training."""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playingage.core import SettingError, UnreadableError, sha256_bytes
from playingage.training.split import held_out

_NAME, _AGE = ("name", "person"), ("age", "age_years", "age_band_mid_years")
_OLDEST = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One portrait of one person: `age` in years when it was taken, `sex` "F", "M" or "" where it is not said.

    `tone`: the class of skin tone in the list's own words, or "". `held_out`: nothing of the default networks was
    learned from this person.
    """

    name: str
    age: float
    path: Path
    sex: str = ""
    tone: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w-]+", self.name):
            raise ValueError(f"{self.name!r} is no name for a file")
        if not 0 < self.age < _OLDEST:
            raise ValueError(f"age {self.age} is no person's")

    @property
    def held_out(self) -> bool:
        """By the hash that training goes by."""
        return held_out(self.name)


def listed_people(listing: Path) -> tuple[Person, ...]:
    """Everybody in a CSV file with columns name, file and age, and sex and tone if known; files are beside it.

    The columns of the training data (person, age_years, age_band_mid_years) are understood too; without a name the
    file's is taken. Raises SettingError or UnreadableError.
    """
    people: dict[str, Person] = {}
    for number, row in rows_of(listing):
        where = f"{listing}, line {number}"
        file = row.get("file", "")
        name = re.sub(r"[^\w-]+", "_", _first(row, _NAME) or Path(file).stem)
        if not file or not name:
            raise SettingError(f"{where}: no file is named", "The list wants columns name, file and age.")
        if name in people:
            raise SettingError(f"{where}: {name} is there twice", "Give every picture a name of its own.")
        age = years_of(_first(row, _AGE), where)
        people[name] = Person(name=name, age=age, path=listing.parent / file, sex=row.get("sex", "")[:1].upper(),
                              tone=row.get("tone", ""))
    if not people:
        raise SettingError(f"{listing}: nobody is in it", "The list wants columns name, file and age.")
    return tuple(people.values())


def people_of(listings: Sequence[Path], *, only_held_out: bool) -> tuple[Person, ...]:
    """The people of several lists. Raises SettingError for a name that two of them have, or where nobody is left."""
    people = [person for listing in listings for person in listed_people(listing)]
    names = [person.name for person in people]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SettingError(f"{twice} is in two lists", "Give every picture a name of its own.")
    left = tuple(person for person in people if person.held_out or not only_held_out)
    if not left:
        raise SettingError("nobody in the lists is held out from training", "Measure everybody, or other people.")
    return left


def chosen(people: Sequence[Person], count: int | None) -> tuple[Person, ...]:
    """`count` of them (None: all), by a hash of the name: no favourites, and a larger choice holds the smaller ones."""
    if count is not None and count < 1:
        raise SettingError(f"{count} people cannot be measured", "Give --count as 1 or more.")
    return tuple(sorted(people, key=lambda person: sha256_bytes(person.name.encode()))[:count])


def rows_of(listing: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with a heading, each with its line number. Raises UnreadableError."""
    try:
        with listing.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            return [
                (reader.line_num, {key: value or "" for key, value in row.items() if key is not None})
                for row in reader
            ]
    except FileNotFoundError as error:
        raise UnreadableError(f"{listing} does not exist", "Check the path.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableError(f"{listing} cannot be read as a list: {error}", "Give a CSV file in UTF-8.") from error


def years_of(text: str, where: str) -> float:
    """An age as written in a list. Raises SettingError."""
    try:
        age = float(text)
    except ValueError:
        age = math.nan
    if not 0 < age < _OLDEST:
        raise SettingError(f"{where}: {text!r} is no age in years", "The list wants an age for everybody.")
    return age


def _first(row: dict[str, str], names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if row.get(name)), "")
