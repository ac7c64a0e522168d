"""How a re-aged clip moves: flicker, sliding over the skin, scatter of age, openings, what should be left alone.

Calls run downward: report -> clips -> measure -> (skin, known) -> flow.
"""

from playingage.review.motion.clips import ClipCase, JudgedClip, MeasuredClip, clip_cases, measure_clips
from playingage.review.motion.flow import Flicker, MotionFinder, flicker
from playingage.review.motion.known import KnownMotion
from playingage.review.motion.measure import ClipFigures, FaceFigures, Series, measure_clip
from playingage.review.motion.report import clips_section
from playingage.review.motion.skin import Sheet, Swim, Unrolled, swim

__all__ = [
    "ClipCase", "ClipFigures", "FaceFigures", "Flicker", "JudgedClip", "KnownMotion", "MeasuredClip", "MotionFinder",
    "Series", "Sheet", "Swim", "Unrolled", "clip_cases", "clips_section", "flicker", "measure_clip", "measure_clips",
    "swim",
]
