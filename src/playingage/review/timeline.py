"""A survey as a plot: each face a line over time."""

import io
from pathlib import Path

from playingage.core import SettingError
from playingage.media.staging import check_target, write_whole
from playingage.review.survey import SMALL, FaceSpan, Survey

PLOT_SUFFIXES = (".png", ".svg", ".pdf")


def check_plot_target(path: Path) -> None:
    """Raises SettingError for another kind of file, UnwritableError where it cannot be made."""
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise SettingError(f"{path}: no plot of that kind", f"Use a name that ends in {', '.join(PLOT_SUFFIXES)}.")
    check_target(path, overwrite=True)


def plot_survey(found: Survey, title: str, path: Path) -> None:
    """Write the plot as PNG, SVG or PDF (by suffix): size, yaw and strength of each face over seconds. Overwrites.

    Raises SettingError or UnwritableError; nothing half-written is left.
    """
    from matplotlib.figure import Figure  # slow to import; only this command draws

    check_plot_target(path)
    figure = Figure(figsize=(11, 6), layout="constrained", facecolor="white")
    rows = figure.subplots(3, 1, sharex=True)
    for face in found.faces:
        label = f"face {face.id}, about {face.age:.0f}"
        for row, values in zip(rows, (face.sizes, face.yaws, face.strengths), strict=True):
            row.plot(*_with_gaps(face, values), ".-", markersize=2, linewidth=1, label=label)
    for row, name in zip(rows, ("size, px", "yaw, degrees", "strength"), strict=True):
        row.set_ylabel(name)
        row.grid(alpha=0.3)
        row.set_xlim(0, max(found.seconds, 1e-3))
        for cut in found.cut_seconds:
            row.axvline(cut, color="black", linestyle=":", linewidth=0.8)
    rows[0].set_ylim(0, 1.15 * max([SMALL, *(max(face.sizes) for face in found.faces)]))
    rows[0].axhspan(0, SMALL, color="tab:red", alpha=0.07)
    rows[1].axhspan(-50, 50, color="tab:green", alpha=0.07)
    rows[1].set_ylim(-95, 95)
    rows[2].set_ylim(-0.05, 1.05)
    rows[2].set_xlabel("seconds (dotted: cuts; red: too small; green: full strength)")
    rows[0].set_title(title if found.faces else f"{title}: no face found")
    if found.faces:
        rows[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small")
    data = io.BytesIO()
    figure.savefig(data, format=path.suffix.lower().lstrip("."), dpi=110)
    write_whole(path, data.getvalue(), overwrite=True)


def _with_gaps(face: FaceSpan, values: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """Times and values, broken where the face was away: nothing is drawn that was not seen."""
    times: list[float] = []
    drawn: list[float] = []
    last = None
    for frame, seconds, value in zip(face.frames, face.seconds, values, strict=True):
        if last is not None and frame != last + 1:
            times.append(seconds)
            drawn.append(float("nan"))
        times.append(seconds)
        drawn.append(value)
        last = frame
    return times, drawn
