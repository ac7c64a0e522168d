"""Frame: pixels with their colour space, time and origin."""

from playingage.frames.colour import Colour, from_view, to_view
from playingage.frames.frame import Frame, Origin, Pixels

__all__ = ["Colour", "Frame", "Origin", "Pixels", "from_view", "to_view"]
