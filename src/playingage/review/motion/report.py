"""The clips' part of an evaluation's report: figures, bars, a table, and each clip over time."""

from collections.abc import Sequence
from html import escape
from typing import Any

from playingage.review.evaluation.bars import Measured
from playingage.review.evaluation.markup import number, plot, plots, table
from playingage.review.evaluation.plots import drawn
from playingage.review.evaluation.section import Section
from playingage.review.evaluation.summary import rounded
from playingage.review.motion.clips import MeasuredClip
from playingage.review.motion.measure import APART, ClipFigures, FaceFigures, Series

FLICKER, SCATTER = "flicker", "age_over_shot"
_STEADY = 2.5
"""Years that the age of an input may scatter itself for its clip to count."""
_MODEL, _OTHER, _FAINT, _BAD = "#f0b24c", "#7fb2d9", "#8c8c8c", "#d9655b"
_OF_FACE = (
    "change_flicker", "extra_flicker", "input_flicker", "around_flicker", "slid", "input_slid", "kept", "eyes", "mouth",
    "eyeballs", "inner_mouth",
)


def clips_section(clips: Sequence[MeasuredClip], *, unjudged: str = "") -> Section:
    """All clips as one section. unjudged: why there is no judge."""
    return Section(
        key="clips", title="In motion", figures={"each": [_entry(clip) for clip in clips]},
        measured=_bars(clips), html=_html(clips, unjudged),
    )


def _entry(clip: MeasuredClip) -> dict[str, Any]:
    case = clip.case
    entry = {
        "name": case.name, "clip": case.clip.name, "age": case.age, "target_age": case.target_age,
        "frames": clip.figures.frames, "faces": [_face(face) for face in clip.figures.faces],
        **_of_clip(clip.figures), "judged": clip.judged,
        "exact": None if clip.exact is None else {
            "faces": [_face(face) for face in clip.exact.faces], **_of_clip(clip.exact)
        },
    }
    result: dict[str, Any] = rounded(entry)
    return result


def _face(face: FaceFigures) -> dict[str, Any]:
    found: dict[str, Any] = {"id": face.id, "frames": face.frames, "size": face.size}
    found |= {name: _figure(getattr(face, name)) for name in _OF_FACE}
    for name, series in (("in", face.ages_in), ("out", face.ages_out)):
        found |= {f"age_{name}": series.mean, f"age_{name}_scatter": series.scatter}
    return found


def _of_clip(figures: ClipFigures) -> dict[str, Any]:
    return {name: _figure(getattr(figures, name)) for name in ("occluder", "occluder_most", "error", "nothing")}


def _figure(series: Series) -> dict[str, float | None]:
    return {"mean": series.mean, "p95": series.p95}


def _bars(clips: Sequence[MeasuredClip]) -> dict[str, Measured]:
    """The worst clip counts."""
    found = {}
    faces = [(clip, face) for clip in clips for face in clip.figures.faces]
    flickers = [(face.extra_flicker.mean, clip.case.name) for clip, face in faces if face.extra_flicker.values]
    if flickers:
        worst, name = max((value, name) for value, name in flickers if value is not None)
        found[FLICKER] = Measured(value=worst, detail=f"worst of {len(flickers)} faces in motion: {name}")
    judged = [
        (clip.judged.scatter_out, clip.judged.scatter_in or 0.0, clip.case.name)
        for clip in clips if clip.judged is not None and clip.judged.scatter_out is not None
    ]
    read = [(face.ages_out.scatter or 0.0, face.ages_in.scatter or 0.0, clip.case.name) for clip, face in faces]
    for scatters, by in ((judged, ""), (read, "; read by the package's own estimator")):
        if scatters:
            found[SCATTER] = _scatter_bar(scatters, by)
            break
    return found


def _scatter_bar(scatters: Sequence[tuple[float, float, str]], by: str) -> Measured:
    """The worst (after, before, name). Clips of which already the input cannot be read steadily tell nothing."""
    steady = [each for each in scatters if each[1] <= _STEADY]
    out, before, name = max(steady or scatters)
    unsteady = f"; {len(scatters) - len(steady)} whose input scatters more left out" if steady else ""
    rest = unsteady if len(steady) < len(scatters) else ""
    return Measured(value=out, detail=f"worst of {len(steady or scatters)}: {name}, input {before:.1f}{rest}{by}")


def _html(clips: Sequence[MeasuredClip], unjudged: str) -> str:
    notice = "" if any(clip.judged for clip in clips) else (
        f'<p class="notice">No clip was judged{": " + escape(unjudged) if unjudged else ""}.</p>'
    )
    drawings = plots(*(
        plot(_over_time(clip, face), f"{clip.case.name}{f', face {face.id}' if len(clip.figures.faces) > 1 else ''}")
        for clip in clips for face in clip.figures.faces
    ))
    return (
        "<p>Every clip goes through the render path. Flicker: the frame before is carried onto each frame by the "
        "input's optical flow, and what still differs inside the face is counted (RMS, of 255). Extra: what the result "
        "has more than the input; of the change alone: what is left of result less input, where no grain hides "
        f"anything. Slides: how far the change moves over the skin within {APART:.2f} s, percent of the eye distance; "
        "in brackets what the measure makes of the input's own skin. Exact is the truth in the result's place: it has "
        "other shapes and shades, and so some of each as well.</p>"
        + notice + _motion_table(clips) + _fidelity_table(clips) + drawings
    )


def _rows(clips: Sequence[MeasuredClip]) -> list[tuple[MeasuredClip, str, FaceFigures, ClipFigures]]:
    rows = []
    for clip in clips:
        for who, figures in (("", clip.figures), ("exact", clip.exact)):
            if figures is not None:
                several = len(figures.faces) > 1
                rows += [(clip, who or (f"face {face.id}" if several else ""), face, figures) for face in figures.faces]
    return rows


def _motion_table(clips: Sequence[MeasuredClip]) -> str:
    rows = []
    for clip, who, face, _ in _rows(clips):
        judged = clip.judged if who != "exact" else None
        change = face.change_flicker
        rows.append((
            escape(clip.case.name), who, number(face.extra_flicker.mean, ".2f"), number(change.mean, ".2f"),
            number(change.p95, ".2f"), number(face.input_flicker.mean, ".2f"), number(face.around_flicker.mean, ".2f"),
            f"{number(face.slid.mean, '.2f')} ({number(face.input_slid.mean, '.2f')})", number(face.kept.mean, ".2f"),
            _scatter(face.ages_in.mean, face.ages_in.scatter), _scatter(face.ages_out.mean, face.ages_out.scatter),
            "" if judged is None else _scatter(judged.age_in, judged.scatter_in),
            "" if judged is None else _scatter(judged.age_out, judged.scatter_out),
        ))
    heads = ["clip", "", "extra flicker", "of the change", "95 %", "of the input", "in the hair", "slides %", "kept",
             "read, before", "after", "judged, before", "after"]
    return table(heads, rows, words=2)


def _fidelity_table(clips: Sequence[MeasuredClip]) -> str:
    rows = []
    for clip, who, face, figures in _rows(clips):
        judged = clip.judged if who != "exact" else None
        rows.append((
            escape(clip.case.name), who, number(face.eyes.mean, ".2f"), number(face.mouth.mean, ".2f"),
            number(None if judged is None else judged.eyes, ".2f"),
            number(None if judged is None else judged.mouth, ".2f"), number(face.eyeballs.mean, ".2f"),
            number(face.inner_mouth.mean, ".2f"), number(figures.occluder.mean, ".2f"),
            number(figures.occluder_most.mean, ".1f"), number(figures.error.mean, ".1f"),
            number(figures.nothing.mean, ".1f"),
        ))
    heads = ["clip", "", "eyes %", "mouth %", "eyes in step", "mouth in step", "eyeballs", "in the mouth", "in front",
             "99 %", "error", "of nothing"]
    return table(heads, rows, words=2) + (
        '<p class="quiet">Eyes, mouth: mean difference of their openings, percent of the eye distance; in step: '
        "correlation of the openings over time, as judged. Eyeballs, in the mouth, in front (what stands before the "
        "face): mean change, of 255; 99 %: of its pixels. Error: RMS difference to the truth in the face, and that of "
        "doing nothing.</p>"
    )


def _scatter(mean: float | None, scatter: float | None) -> str:
    return "" if mean is None or scatter is None else f"{mean:.1f} ± {scatter:.1f}"


def _over_time(clip: MeasuredClip, face: FaceFigures) -> str:
    """Flicker and read age over seconds."""
    parts: list[str] = []
    with drawn(6.0, 3.6, parts) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True)
        upper.plot(face.input_flicker.seconds, face.input_flicker.values, color=_FAINT, linewidth=0.9, label="input")
        upper.plot(face.change_flicker.seconds, face.change_flicker.values, color=_OTHER, linewidth=1.1,
                   label="of the change")
        upper.plot(face.extra_flicker.seconds, face.extra_flicker.values, color=_MODEL, linewidth=1.4, label="extra")
        upper.axhline(1, color=_BAD, linewidth=0.9, linestyle=(0, (4, 3)))
        upper.set(ylabel="flicker, of 255")
        upper.legend(loc="upper right", ncols=3, fontsize=7)
        lower.plot(face.ages_in.seconds, face.ages_in.values, color=_FAINT, linewidth=0.9, label="before")
        lower.plot(face.ages_out.seconds, face.ages_out.values, color=_MODEL, linewidth=1.4, label="after")
        lower.axhline(clip.case.target_age, color=_OTHER, linewidth=0.9, linestyle=(0, (4, 3)), label="asked")
        lower.set(ylabel="age as read", xlabel="seconds")
        lower.legend(loc="upper right", ncols=3, fontsize=7)
    return parts[0]
