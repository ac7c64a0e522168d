"""What an artist asks of the change besides the age: how much of it, where which age, and what is to be kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypedDict

from playingage.core import SettingError

REGIONS = ("eyes", "brow", "cheeks", "mouth", "neck")
"""Parts of a face that may have an age of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How faces are re-aged. Raises SettingError when a value does not fit.

    strength: 0..1, how much of the change is taken. regions: target ages in years of parts of the face, by the names of
    `REGIONS`; what is not named has the asked age. keep_moles: moles, freckles and scars of the plate stay.
    grey_hair, grey_beard: 0..1, how much of the years' grey is laid on; 0 leaves their colour as it is.
    """

    strength: float = 1.0
    regions: Mapping[str, float] = field(default_factory=dict)
    keep_moles: bool = True
    grey_hair: float = 1.0
    grey_beard: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:  # also refuses NaN, here and below
            raise SettingError(f"strength {self.strength:g} is not between 0 and 1", "0 changes nothing, 1 takes all.")
        for name, age in self.regions.items():
            if name not in REGIONS:
                raise SettingError(f"there is no region {name!r}", f"Choose from {', '.join(REGIONS)}.")
            if not 0 <= age <= 150:  # the model knows its own limits
                raise SettingError(f"region {name}: {age:g} is no age of a person", "Give it in years.")
        for words, amount in (("grey hair", self.grey_hair), ("grey beard", self.grey_beard)):
            if not 0 <= amount <= 1:
                raise SettingError(f"{words} {amount:g} is not between 0 and 1", "0 leaves the colour as it is.")
        object.__setattr__(self, "regions", MappingProxyType(dict(self.regions)))


class LookFields(TypedDict, total=False):
    """The fields of `Look` as keyword arguments."""

    strength: float
    regions: Mapping[str, float]
    keep_moles: bool
    grey_hair: float
    grey_beard: float
