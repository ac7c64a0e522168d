"""How a re-aged clip moves: flicker, sliding over the skin, scatter of age, openings, what should be left alone.

Calls run downward: measure -> (skin, known) -> flow.
"""

from playingage.review.motion.flow import Flicker, MotionFinder, flicker
from playingage.review.motion.known import KnownMotion
from playingage.review.motion.measure import ClipFigures, FaceFigures, Series, measure_clip
from playingage.review.motion.skin import Sheet, Swim, Unrolled, swim

__all__ = [
    "ClipFigures", "FaceFigures", "Flicker", "KnownMotion", "MotionFinder", "Series", "Sheet", "Swim", "Unrolled",
    "flicker", "measure_clip", "swim",
]
