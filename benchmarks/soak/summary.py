"""What the day came to: summary.json, a plot, and a table for people."""

import csv
import json
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.common import machine, table
from playingage.live.stats import PLACES

_SETTLED_S = 300.0
"""Seconds after which buffers and caches have found their size."""
_NEAR_S = 75.0
"""A gap this soon after a minute away, or a crash, is its."""
_SOON_S = 15.0
"""And after a shorter fault."""


def sum_up(folder: Path) -> dict[str, Any]:
    """Read what the day left in `folder`, write summary.json and soak.png, print the table."""
    with (folder / "samples.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    seen = [json.loads(line) for line in (folder / "watchers.jsonl").read_text(encoding="utf-8").splitlines()]
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    log = (folder / "server.log").read_text(encoding="utf-8", errors="replace").splitlines()
    summary = _summary(rows, seen, events, log)
    exit_file = folder / "exit.json"
    summary["exit"] = json.loads(exit_file.read_text())["exit"] if exit_file.is_file() else "still running"
    (folder / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _plot(rows, events, folder / "soak.png")
    shown = [{"what": name, "is": value} for name, value in summary.items() if not isinstance(value, (dict, list))]
    print(table(shown))
    return summary


def _summary(rows: list[dict[str, str]], seen: list[Any], events: list[Any], log: list[str]) -> dict[str, Any]:
    settled = [row for row in rows if float(row["s"]) > min(_SETTLED_S, float(rows[-1]["s"]) / 4)]
    gaps = [gap for line in seen for gap in line["gaps"]]
    free = [
        gap for gap in gaps if not any(event["at"] - 1 < gap["at"] < event["at"] + _near(event) for event in events)
    ]
    delays = {name: [float(row[name]) for row in settled if row.get(name)] for name in rows[0] if name.endswith("_ms")}
    usual = median(float(row["pss"]) for row in settled if row["pss"])
    settled = [row for row in settled if row["pss"] and float(row["pss"]) > usual * 0.8]  # not while it starts again
    memory = [float(row["pss"]) for row in settled]
    crashes = [event for event in events if event["what"] == "crash"]
    counts = seen[-1]["counts"] if seen else {}
    views: dict[str, int] = {}
    for line in seen:
        for view, number in line["views"].items():
            views[view] = views.get(view, 0) + number
    return {
        "hours": round(float(rows[-1]["s"]) / 3600, 3),
        "machine load, mean": round(mean(float(row["load"]) for row in rows), 2),
        "server cores, mean": round(mean(max(0.0, float(row["cores"])) for row in settled), 2),
        "frames captured": _last(rows, "total_captured"), "frames aged": _last(rows, "total_processed"),
        "frames failed": _last(rows, "total_failed"),
        "fps aged, median": _median(settled, "fps_processed"),
        "memory MiB, first settled hour's tenth": round(mean(memory[: max(1, len(memory) // 10)]), 1),
        "memory MiB, last tenth": round(mean(memory[-max(1, len(memory) // 10):]), 1),
        "memory MiB an hour": round(_slope(settled, "pss") * 3600, 2),
        "memory MiB, most": max(memory),
        "threads, least and most": _range(settled, "threads"), "files, least and most": _range(settled, "files"),
        "delay to arrival ms, median of p50": _middle(delays["arrived_p50_ms"]),
        "delay to arrival ms, median of p95": _middle(delays["arrived_p95_ms"]),
        "delay to arrival ms, median of p99": _middle(delays["arrived_p99_ms"]),
        "delay to arrival ms, p50 first and last tenth": _ends(delays["arrived_p50_ms"]),
        "viewers that came": counts.get("passers-by", 0) + counts.get("steady connects", 0)
        + counts.get("bad network: connects", 0),
        "steady viewers connected": counts.get("steady connects", 0),
        "gaps in a steady viewer's picture": len(gaps), "longest, s": max((gap["seconds"] for gap in gaps), default=0),
        "gaps without a fault before": len(free), "longest of these, s": max((g["seconds"] for g in free), default=0),
        "crashes": len(crashes), "seconds without a picture after each": ", ".join(
            f"{crash['detail']} {_after(crash, gaps)}" for crash in crashes),
        "faults": len(events), "losses logged": sum("source lost" in line for line in log),
        "returns logged": sum("source is back" in line for line in log),
        "errors logged": sum(" ERROR " in line or "Traceback" in line for line in log),
        "counts": counts, "views": views, "free gaps": free[:100], "dropped": {
            place: _last(rows, f"dropped_{place}") for place in PLACES},
        "delays, median of the samples": {name: _middle(values) for name, values in delays.items()},
        "machine": machine(),
    }


def _after(crash: dict[str, Any], gaps: list[Any]) -> float:
    return float(max((gap["seconds"] for gap in gaps if 0 < gap["at"] - crash["at"] < 120), default=0))


def _near(event: dict[str, Any]) -> float:
    words = event["detail"].split()
    return _NEAR_S + 15 if words == ["pause", "60"] or event["what"] == "crash" else _SOON_S


def _median(rows: list[dict[str, str]], name: str) -> float | None:
    return _middle([float(row[name]) for row in rows if row.get(name)])


def _middle(values: list[float]) -> float | None:
    return round(median(values), 2) if values else None


def _ends(values: list[float]) -> str:
    part = max(1, len(values) // 10)
    return f"{_middle(values[:part])}, {_middle(values[-part:])}"


def _range(rows: list[dict[str, str]], name: str) -> str:
    values = [int(row[name]) for row in rows if row[name]]
    return f"{min(values)}, {max(values)}" if values else ""


def _last(rows: list[dict[str, str]], name: str) -> int | None:
    """The total; a server that began again begins from zero, and what came before is added."""
    total, before = 0, 0
    for row in rows:
        now = int(row.get(name) or 0)
        total, before = total + (now - before if now >= before else now), now
    return total


def _slope(rows: list[dict[str, str]], name: str) -> float:
    """Per second, by least squares."""
    points = [(float(row["s"]), float(row[name])) for row in rows if row[name]]
    if len(points) < 3:
        return 0.0
    x, y = mean(point[0] for point in points), mean(point[1] for point in points)
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def _plot(rows: list[dict[str, str]], events: list[dict[str, Any]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    minutes = [float(row["s"]) / 60 for row in rows]
    figure, axes = pyplot.subplots(5, 1, figsize=(14, 13), sharex=True)

    def draw(axis: Any, names: dict[str, str]) -> None:
        for name, label in names.items():
            axis.plot(minutes, [float(row[name]) if row.get(name) else float("nan") for row in rows], label=label, lw=1)
        axis.legend(loc="upper right", fontsize=8)
        axis.grid(alpha=0.3)

    draw(axes[0], {"pss": "memory, MiB (PSS)", "rss": "memory, MiB (RSS)"})
    draw(axes[1], {"threads": "threads", "files": "open files", "viewers": "viewers"})
    draw(axes[2], {"fps_captured": "frames/s captured", "fps_processed": "frames/s aged", "load": "machine's load"})
    draw(axes[3], {f"arrived_{p}_ms": f"capture to viewer, {p}, ms" for p in ("p50", "p95", "p99")})
    draw(axes[4], {f"dropped_{place}": f"dropped: {place}" for place in PLACES})
    for event in events:
        colour = "red" if event["what"] == "crash" or event["detail"].startswith("pause 60") else "0.8"
        axes[2].axvline(event["s"] / 60, color=colour, lw=0.6, zorder=0)
    axes[0].set_ylim(bottom=0)
    axes[3].set_ylim(0, 1000)
    axes[4].set_xlabel("minutes; grey: a fault of the camera, red: a minute away or a crash")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
