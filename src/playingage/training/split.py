"""Who is held out: decided by a hash of the person's name alone, so that no list has to be kept and none can drift.

A held-out person is used by no statistic, no donor, no estimator and no training step, in any picture of that person.
"""

from playingage.core import sha256_bytes

_SALT = "playing-age-split-1"
HELD_OUT_SHARE = 0.225
"""Share of real people that is held out: about 80 of the 354 portraits."""


def held_out(person: str) -> bool:
    """True when nothing may be learned from `person` (a picture's stem, a rendered person's seed as text)."""
    number = int(sha256_bytes(f"{_SALT}:{person}".encode())[:8], 16)
    return number < HELD_OUT_SHARE * 2**32
