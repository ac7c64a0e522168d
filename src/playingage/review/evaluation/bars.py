"""The bars a default re-ager has to pass: the only place where they are written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MOVED = 0.7
"""Share of the asked years that the judged age has to move."""
SAME = 0.5
"""Identity distance up to which the same person is recognised."""
LANDMARKS = 2.0
"""Percent of the eye distance that landmarks of eyes and mouth may move."""
SHARPEST, SOFTEST = 3.0, 0.6
"""Energy of fine skin detail, after over before: more is noise, less is blur."""
Status = Literal["pass", "miss", "not measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`limit`: the least value that passes where `least`, else the greatest. `by` names what measures it."""

    key: str
    text: str
    limit: float
    least: bool
    by: Literal["judge", "own", "truth", "motion"]
    digits: int = 2
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found for a bar; `detail` in a few words: where, over how many."""

    value: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A bar and what became of it."""

    bar: Bar
    measured: Measured | None

    @property
    def status(self) -> Status:
        """A value that is no number misses."""
        if self.measured is None:
            return "not measured"
        value, limit = self.measured.value, self.bar.limit
        return "pass" if (value >= limit if self.bar.least else value <= limit) else "miss"

    @property
    def value(self) -> str:
        """In words with the unit; with more digits where fewer would make a miss look like a pass. Else empty."""
        if self.measured is None:
            return ""
        digits = self.bar.digits
        while self.status == "miss" and digits < 6 and self._written(digits) == f"{self.bar.limit:.{digits}f}":
            digits += 1
        return self._written(digits) + self._unit

    @property
    def limit(self) -> str:
        """In words with the unit."""
        return f"{self.bar.limit:.{self.bar.digits}f}{self._unit}"

    def _written(self, digits: int) -> str:
        return "" if self.measured is None else f"{self.measured.value:.{digits}f}"

    @property
    def _unit(self) -> str:
        return f" {self.bar.unit}" if self.bar.unit else ""


BARS = (
    Bar(key="people", text="People measured who were held out from training", limit=60, least=True, by="own", digits=0),
    Bar(key="moved_older", text="Judged age moves, share of the years asked: older, slope", limit=MOVED, least=True,
        by="judge"),
    Bar(key="moved_younger", text="Judged age moves, share of the years asked: younger, slope", limit=MOVED,
        least=True, by="judge"),
    Bar(key="moved_least", text="Judged age moves, share of the years asked: the request that moves least",
        limit=MOVED, least=True, by="judge"),
    Bar(key="monotonic", text="More years asked, more years judged: smallest step between requests", limit=0.0,
        least=True, by="judge", digits=1, unit="years"),
    Bar(key="request_zero", text="Request 0 changes the face, mean", limit=1.0, least=False, by="own", unit="/255"),
    Bar(key="recognised_20", text="The same person, up to ±20 years: share with identity distance at most 0.50",
        limit=0.95, least=True, by="judge"),
    Bar(key="recognised_30", text="The same person, over ±20 to ±30 years: share with identity distance at most 0.50",
        limit=0.90, least=True, by="judge"),
    Bar(key="eyes", text="Landmarks of the eyes move, mean, of the eye distance", limit=LANDMARKS, least=False,
        by="judge", unit="%"),
    Bar(key="mouth", text="Landmarks of the mouth move, mean, of the eye distance", limit=LANDMARKS, least=False,
        by="judge", unit="%"),
    Bar(key="texture_younger", text="Skin keeps its texture, younger: sharpness of the input's, least median",
        limit=SOFTEST, least=True, by="judge"),
    Bar(key="texture_older", text="Skin keeps its texture, older: sharpness of the input's, greatest median",
        limit=SHARPEST, least=False, by="judge"),
    Bar(key="coarse", text="Age shows in shape and shade, not only in fine detail: least share", limit=0.5,
        least=True, by="judge"),
    Bar(key="truth_error", text="Error against truth, of “do nothing”", limit=0.5, least=False, by="truth"),
    Bar(key="truth_baseline", text="Error against truth, of the best other baseline", limit=0.9, least=False,
        by="truth"),
    Bar(key="flicker", text="Extra flicker inside the face after motion compensation, RMS", limit=1.0, least=False,
        by="motion", unit="/255"),
    Bar(key="age_over_shot", text="Judged age over a shot, standard deviation", limit=2.5, least=False, by="motion",
        digits=1, unit="years"),
)


def settle(measured: Mapping[str, Measured]) -> tuple[Settled, ...]:
    """Every bar with what was measured for it. Raises ValueError for a figure that belongs to no bar."""
    strangers = set(measured) - {bar.key for bar in BARS}
    if strangers:
        raise ValueError(f"there are no bars {', '.join(sorted(strangers))}")
    return tuple(Settled(bar=bar, measured=measured.get(bar.key)) for bar in BARS)
