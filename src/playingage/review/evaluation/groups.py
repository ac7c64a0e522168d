"""Groups of people that have to fare alike: by sex, age and skin tone."""

from collections.abc import Callable

from playingage.review.evaluation.stills import Result

_AGES = ((40.0, "under 40"), (50.0, "40 to 49"), (60.0, "50 to 59"), (70.0, "60 to 69"))
_TONES = (
    (55.0, "very light (over 55°)"), (41.0, "light (41° to 55°)"), (28.0, "intermediate (28° to 41°)"),
    (10.0, "tan (10° to 28°)"), (-30.0, "brown (-30° to 10°)"),
)
"""Least individual typology angle of each class of skin (Chardon et al., 1991; Del Bino et al., 2006)."""


def sex_of(result: Result) -> str:
    """In words, as the list says it."""
    return {"F": "women", "M": "men"}.get(result.person.sex, "not said")


def age_band_of(result: Result) -> str:
    """By the age in the picture."""
    return next((name for limit, name in _AGES if result.person.age < limit), "70 and over")


def tone_of(result: Result) -> str:
    """By the angle measured on the cheeks, which light and grading colour too."""
    return next((name for limit, name in _TONES if result.tone > limit), "dark (under -30°)")


GROUPINGS: tuple[tuple[str, Callable[[Result], str], tuple[str, ...]], ...] = (
    ("sex", sex_of, ("women", "men", "not said")),
    ("age", age_band_of, (*(name for _, name in _AGES), "70 and over")),
    ("skin tone", tone_of, (*(name for _, name in _TONES), "dark (under -30°)")),
)
"""Name, which group a result belongs to, and the groups in order."""
