"""Frame: pixels with their colour space, time and origin."""

from playingage.frames.colour import DISPLAY_ENCODED, Colour, from_view, to_view
from playingage.frames.frame import Frame, Origin, Pixels

__all__ = ["DISPLAY_ENCODED", "Colour", "Frame", "Origin", "Pixels", "from_view", "to_view"]
