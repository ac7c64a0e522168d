"""Rendering: every frame of a source, in order, exactly once, with two-sided smoothing, into a sink.

Three threads, each owning what it touches: one reads and tracks faces, the caller's runs the re-ager, one writes.
"""

from playingage.render.job import RenderReport, RenderSettings, render
from playingage.render.steady import SteadyFrame, steady_faces

__all__ = ["RenderReport", "RenderSettings", "SteadyFrame", "render", "steady_faces"]
