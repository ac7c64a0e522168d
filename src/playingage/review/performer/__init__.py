"""How good a performer's own model is: on held-out frames of the archive and on a performance.

Calls run downward: run -> page -> (sheets, table) and run -> (clips, stills) -> (measures, real). The default re-ager
and doing nothing go through the same measures, so that every figure stands beside theirs.
"""

from playingage.review.performer.held_out import HeldOut, held_out_rows
from playingage.review.performer.measures import Kept, Reader
from playingage.review.performer.real import Era, Real
from playingage.review.performer.run import FORMAT, VERSION, Review, ReviewSettings, review
from playingage.review.performer.stills import WAYS, Result

__all__ = [
    "FORMAT", "VERSION", "WAYS", "Era", "HeldOut", "Kept", "Reader", "Real", "Result", "Review", "ReviewSettings",
    "held_out_rows", "review",
]
