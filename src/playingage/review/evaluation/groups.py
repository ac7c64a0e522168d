"""Groups of people that have to fare alike: by sex, age and skin tone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playingage.review.evaluation.stills import Result

_AGES = ((40.0, "under 40"), (50.0, "40 to 49"), (60.0, "50 to 59"), (70.0, "60 to 69"))
_OLDEST = "70 and over"
_SEXES = {"F": "women", "M": "men"}
_UNKNOWN = "not said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """By what people are told apart, which group a result belongs to, and the groups in order."""

    by: str
    group_of: Callable[[Result], str]
    groups: tuple[str, ...]


def groupings(results: Sequence[Result]) -> tuple[Grouping, ...]:
    """By sex and age as the list says, and by skin tone."""
    return (
        Grouping(by="sex", group_of=_sex_of, groups=(*_SEXES.values(), _UNKNOWN)),
        Grouping(by="age", group_of=_age_of, groups=(*(name for _, name in _AGES), _OLDEST)),
        _by_tone(results),
    )


def _sex_of(result: Result) -> str:
    return _SEXES.get(result.person.sex, _UNKNOWN)


def _age_of(result: Result) -> str:
    return next((name for limit, name in _AGES if result.person.age < limit), _OLDEST)


def _by_tone(results: Sequence[Result]) -> Grouping:
    """By the list's own words where it has them for everybody, else thirds of the people by the measured angle.

    Thirds, because the angle's usual classes want a measured light, and photographers expose every face alike.
    """
    people = {result.person.name: result for result in results}
    words = sorted({result.person.tone for result in people.values()})
    if "" not in words:
        return Grouping(by="skin tone", group_of=lambda result: result.person.tone, groups=tuple(words))
    angles = sorted(result.tone for result in people.values())
    first, second = (angles[min((share * len(angles) + 1) // 3, len(angles) - 1)] for share in (1, 2))
    names = (f"darker third (under {first:.0f}°)", f"middle third ({first:.0f}° to {second:.0f}°)",
             f"lighter third (from {second:.0f}°)")
    return Grouping(
        by="skin tone", group_of=lambda r: names[(r.tone >= first) + (r.tone >= second)], groups=names
    )
