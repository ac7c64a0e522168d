"""Rendering: every frame of a source, in order, exactly once, with two-sided smoothing, into a sink.

Three threads, each owning what it touches: one reads, tracks faces and settles their ages, the caller's runs the
re-ager, one writes.
"""

from playingage.render.job import RenderReport, RenderSettings, render
from playingage.render.mark import mark_of, marks_in, with_mark
from playingage.render.matte import check_matte_target, matte_frame, matte_info
from playingage.render.steady import ShotTracker, SteadyFrame, steady_faces

__all__ = [
    "RenderReport", "RenderSettings", "ShotTracker", "SteadyFrame", "check_matte_target", "mark_of", "marks_in",
    "matte_frame", "matte_info", "render", "steady_faces", "with_mark",
]
