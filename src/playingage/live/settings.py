"""Settings of the live path."""

import math
from dataclasses import dataclass
from typing import Literal

from playingage.core import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """How the live path behaves. Raises `SettingError` when a value does not fit.

    age: playing age asked at the start, in years. youngest, oldest: the range that may be asked.
    on_failure: what the aged monitor shows, besides the words, while the engine fails: the `last` good aged picture
    or `black`. quality: JPEG quality of the monitors, 40..100. window: span of the sliding statistics, seconds.
    log_every: seconds between two log lines; 0 for none. retry_first, retry_most: first and longest wait before a lost
        source is read again, seconds; it doubles in between. stop_at_end: a source that ends also ends the run.
    max_viewers: viewers served at once. in_flight: pairs sent to a viewer and not yet acknowledged, at most.
    stalled_after: seconds without an acknowledgement after which nothing is encoded for a viewer any more.
    """

    age: float = 35.0
    youngest: float = 18.0
    oldest: float = 90.0
    on_failure: Literal["last", "black"] = "last"
    quality: int = 85
    window: float = 10.0
    log_every: float = 10.0
    retry_first: float = 0.25
    retry_most: float = 1.0
    stop_at_end: bool = True
    max_viewers: int = 24
    in_flight: int = 2
    stalled_after: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.youngest < self.oldest <= 120:
            raise SettingError(f"the range of ages {self.youngest:g} to {self.oldest:g} does not lie within 0 to 120")
        self.check_age(self.age)
        if self.on_failure not in ("last", "black"):
            raise SettingError(f"on_failure {self.on_failure!r} is neither 'last' nor 'black'")
        limits = (
            ("quality", 40, 100),
            ("window", 1, 600),
            ("log_every", 0, 86400),
            ("retry_first", 0.01, 60),
            ("retry_most", self.retry_first, 600),
            ("max_viewers", 1, 64),
            ("in_flight", 1, 8),
            ("stalled_after", 0.05, 60),
        )
        for name, low, high in limits:
            if not low <= getattr(self, name) <= high:
                raise SettingError(f"{name} {getattr(self, name)!r} is not between {low:g} and {high:g}")

    def check_age(self, age: object) -> float:
        """Return `age` in years as a float; raises `SettingError` unless it is a number within the allowed range."""
        if isinstance(age, bool) or not isinstance(age, int | float) or not math.isfinite(age):
            raise SettingError(f"an age is a number of years, not {age!r}")
        if not self.youngest <= age <= self.oldest:
            raise SettingError(f"age {age:g} is not between {self.youngest:g} and {self.oldest:g}")
        return float(age)
