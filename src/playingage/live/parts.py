"""A performer on the set: what may be asked of them, and what is set by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from playingage.engine import Look

NO_AGE, LEFT = "NO AGE ASKED", "LEFT AS THEY ARE"
NOT_GRANTED, NOT_KNOWN = "AGE NOT GRANTED", "AGE NOT KNOWN TO THE MODEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A grant in force: its hash, the ages in years that it covers, and the ISO time of its end, or empty."""

    sha256: str = ""
    ages: tuple[float, float] = (18.0, 90.0)
    until: str = ""

    def covers(self, *ages: float) -> bool:
        """Whether all of these ages lie in it."""
        return all(self.ages[0] <= age <= self.ages[1] for age in ages)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """A performer who can be re-aged. Ages in years, hashes as hexadecimal digits.

    start: the age asked while neither schedule nor hand asks another. follows: then it is the one asked of everybody.
    known: what the model knows. grants: those in force, the one that was signed last comes last. look: what is asked
    besides. size: of the network, in pixels.
    """

    performer: str
    name: str
    start: float | None = None
    follows: bool = False
    known: tuple[float, float] = (18.0, 90.0)
    grants: tuple[Granted, ...] = (Granted(),)
    model: str = ""
    model_sha256: str = ""
    size: int = 0
    look: Look = field(default_factory=Look)

    @property
    def granted(self) -> tuple[float, float]:
        """Youngest and oldest age that any grant covers."""
        return min(each.ages[0] for each in self.grants), max(each.ages[1] for each in self.grants)

    @property
    def ages(self) -> tuple[float, float]:
        """Youngest and oldest that model and grants cover; between two grants there may be a gap."""
        return max(self.known[0], self.granted[0]), min(self.known[1], self.granted[1])

    def grant_for(self, *ages: float) -> Granted:
        """The grant that covers all of these ages, signed last; where none does, the one signed last."""
        return next((each for each in reversed(self.grants) if each.covers(*ages)), self.grants[-1])

    def why_not(self, *ages: float) -> str:
        """Why these ages cannot be had together; empty where they can. One grant must cover them all."""
        if not self.grant_for(*ages).covers(*ages):
            return NOT_GRANTED
        return "" if all(self.known[0] <= age <= self.known[1] for age in ages) else NOT_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What was set by hand for one performer. age, regions: None follow the schedule."""

    age: float | None = None
    regions: Mapping[str, float] | None = None
    strength: float = 1.0
    on: bool = True
    stopped: str = ""
