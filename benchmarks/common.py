"""Shared by the benchmarks: a real 1080p clip, timing, tables."""

import json
import os
import platform
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from playingage.demo import PortraitSource
from playingage.media import open_sink

FRAME_MS = 1000 / 24
CACHE = Path(".benchmarks")


def clip(seconds: float = 10.0) -> Path:
    """The demo's camera picture as an H.264 clip, 1920 x 1080, 24 frames a second; made once."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"portrait-{seconds:g}s.mp4"
    if not path.exists():
        with PortraitSource(realtime=False, frames=round(seconds * 24)) as source, open_sink(path, source.info) as sink:
            for frame in source:
                sink.write(frame)
    return path


def time_ms(work: Callable[[], Any], repeats: int = 25, warm: int = 3) -> dict[str, float]:
    """Median and 95th percentile of `work` in milliseconds, and the median as a share of a 24 fps frame."""
    for _ in range(warm):
        work()
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return {
        "ms": round(median(taken), 2), "p95_ms": round(float(np.percentile(taken, 95)), 2),
        "of_a_frame": round(median(taken) / FRAME_MS, 3),
    }


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
        flags = next((line for line in lines if line.startswith("flags")), "")
        name += "".join(f", {flag}" for flag in ("amx_bf16", "avx512_bf16") if flag in flags)
    python = platform.python_version()
    return {"processor": name, "cores": str(os.cpu_count()), "python": python, "opencv": cv2.__version__}


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(row.get(head, "")) for head in heads) + " |" for row in rows]
    return "\n".join(lines)


def report(title: str, rows: list[dict[str, Any]], out: Path | None) -> None:
    """Print a table and, when asked, write the rows with the machine as JSON."""
    print(f"\n## {title}\n\n{table(rows)}\n", flush=True)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        document = {"title": title, "machine": machine(), "rows": rows}
        (out / f"{title.partition(':')[0].replace(' ', '-').lower()}.json").write_text(json.dumps(document, indent=2))


RATE = Fraction(24)
