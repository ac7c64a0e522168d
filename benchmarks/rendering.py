"""Whole renders of a 1080p clip through the command, as multiples of real time, beside their limits."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import clip, report
from playingage.media import open_sink, open_source


def rendering(out: Path | None) -> None:
    """H.264 to H.264 with both networks, and decode alone and encode alone as the limits."""
    source = clip()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        for size in (512, 256):
            command = [
                sys.executable, "-m", "playingage", "render", str(source), f"{folder}/out-{size}.mp4", "--age", "70",
                "--size", str(size), "--json", "--consent", "NASA portrait, public domain; benchmark",
            ]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            answer = json.loads(done.stdout)
            speed = round(answer["real_time"], 2)
            rows.append({"what": f"render, {size} px", "frames": answer["frames"], "x real time": speed})
        for what, accurate in (("decode alone", True), ("decode alone, fast chroma", False)):
            begun, count = time.perf_counter(), 0
            with open_source(str(source), accurate=accurate) as opened:
                for _ in opened:
                    count += 1
            speed = round(count / 24 / (time.perf_counter() - begun), 2)
            rows.append({"what": what, "frames": count, "x real time": speed})
        with open_source(str(source)) as opened, open_sink(f"{folder}/copy.mp4", opened.info) as sink:
            frames = [frame for frame, _ in zip(opened, range(48), strict=False)]
            begun = time.perf_counter()
            for frame in frames:
                sink.write(frame)
            taken = time.perf_counter() - begun
        rows.append({"what": "encode alone", "frames": len(frames), "x real time": round(len(frames) / 24 / taken, 2)})
    report("render: 1080p H.264 to H.264", rows, out)
