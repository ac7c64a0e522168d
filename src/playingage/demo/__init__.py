"""The demo's camera: NASA's portrait, moved as a hand-held camera and a turning head would show it."""

from playingage.demo.portrait import SITTER_AGE, PortraitSource

__all__ = ["SITTER_AGE", "PortraitSource"]
