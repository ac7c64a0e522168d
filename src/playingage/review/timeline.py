"""A survey as a plot: each face a band over time."""

from pathlib import Path

from playingage.review.survey import Survey


def plot_survey(found: Survey, rate: float, title: str, path: Path) -> None:
    """Write the plot as PNG, SVG or PDF (by suffix): size, yaw and strength of each face over seconds. Overwrites."""
    from matplotlib.figure import Figure  # slow to import; only this command draws

    figure = Figure(figsize=(11, 6), layout="constrained", facecolor="white")
    rows = figure.subplots(3, 1, sharex=True)
    for face in found.faces:
        times = [frame / rate for frame in face.frames]
        label = f"face {face.id}, about {face.age:.0f}"
        for row, values in zip(rows, (face.sizes, face.yaws, face.strengths), strict=True):
            row.plot(times, values, ".-", markersize=2, linewidth=1, label=label)
    for row, name in zip(rows, ("size, px", "yaw, degrees", "strength"), strict=True):
        row.set_ylabel(name)
        row.grid(alpha=0.3)
        row.set_xlim(0, max(found.frames / rate, 1 / rate))
        for cut in found.cuts:
            row.axvline(cut / rate, color="black", linestyle=":", linewidth=0.8)
    rows[1].axhspan(-50, 50, color="tab:green", alpha=0.07)
    rows[2].set_ylim(-0.05, 1.05)
    rows[2].set_xlabel("seconds (dotted: cuts)")
    rows[0].set_title(title)
    if found.faces:
        rows[0].legend(loc="upper right", fontsize="small")
    figure.savefig(path, dpi=110)
