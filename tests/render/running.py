"""A render as the command does it, without the command line."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from playingage.engine import Engine
from playingage.frames import Frame
from playingage.media import open_sink, open_source
from playingage.render import RenderReport, RenderSettings, matte_info, render, with_mark
from render.material import read_all

OLDER = RenderSettings(age=70, source_age=35)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What went in, what came out, and the matte (uint16 H x W of each frame)."""

    before: list[Frame]
    after: list[Frame]
    mattes: list[np.ndarray[tuple[int, ...], np.dtype[np.uint16]]]
    report: RenderReport


def render_file(
    engine: Engine, source: str | Path, target: Path, *, settings: RenderSettings = OLDER, codec: str | None = None,
) -> Done:
    """Render to `target` and a matte beside it, then read all three."""
    matte = target.parent / f"{target.name.split('.')[0]}-matte.mkv"
    with open_source(str(source)) as opened, ExitStack() as stack:
        info = with_mark(opened.info, engine.package.sha256)
        sink = stack.enter_context(open_sink(target, info, codec=codec))
        second = stack.enter_context(open_sink(matte, matte_info(info)))
        report = render(opened, sink, engine, settings, matte=second)
    mattes = [np.asarray(frame.pixels[..., 0], np.uint16) for frame in read_all(matte)]
    return Done(before=read_all(source), after=read_all(target), mattes=mattes, report=report)


def assert_untouched_outside(done: Done) -> None:
    """Where the matte is 0 not a bit has changed; the matte is neither empty nor everything."""
    assert len(done.before) == len(done.after) == len(done.mattes) == done.report.frames
    for before, after, matte in zip(done.before, done.after, done.mattes, strict=True):
        assert before.pixels.dtype == after.pixels.dtype
        outside = matte == 0
        assert 0 < outside.sum() < outside.size
        assert np.array_equal(before.pixels[outside], after.pixels[outside])
        if before.alpha is not None:
            assert after.alpha is not None
            assert np.array_equal(before.alpha, after.alpha)
