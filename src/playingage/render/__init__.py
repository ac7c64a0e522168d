"""Rendering: every frame of a source, in order, exactly once, with two-sided smoothing, into a sink.

Three threads, each owning what it touches: one reads, tracks faces and settles their ages, the caller's runs the
re-ager, one writes. Where performers are to be told from others, the source is read once before (`recognise`).
"""

from playingage.render.casting import Casting, Span, recognise
from playingage.render.job import RenderReport, RenderSettings, render
from playingage.render.mark import mark_of, marks_in, with_mark, with_marks
from playingage.render.matte import check_matte_target, matte_frame, matte_info
from playingage.render.shots import ShotTracker
from playingage.render.steady import SteadyFrame, steady_faces

__all__ = [
    "Casting", "RenderReport", "RenderSettings", "ShotTracker", "Span", "SteadyFrame", "check_matte_target", "mark_of",
    "marks_in", "matte_frame", "matte_info", "recognise", "render", "steady_faces", "with_mark",
    "with_marks",
]
