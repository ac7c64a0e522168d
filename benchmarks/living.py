"""The live command with a real browser on the same machine: frames a second, delay, memory, over minutes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.common import clip, report

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)


def living(seconds: float, out: Path | None, size: int = 512) -> None:
    """One face at 1080p24 from a looped file: 1080p and 720p monitors, and no viewer at all."""
    rows = []
    for name, viewport in (("1080p", (3840, 1160)), ("720p", (2560, 800)), ("none", None)):
        rows.append({"network": size, "monitors": name, **_run(seconds, viewport, size)})
    report(f"live: 1080p24, one face, {seconds:g} s", rows, out)


def _run(seconds: float, viewport: tuple[int, int] | None, size: int) -> dict[str, Any]:
    port = "8971"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [
            sys.executable, "-m", "playingage", "live", "--source", str(clip()), "--loop", "--age", "70",
            "--no-open", "--port", port, "--for", str(seconds), "--json", "--size", str(size), "--consent", "NASA portrait; benchmark",
        ]
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        lines = Path(folder) / "out.jsonl"
        with lines.open("w") as answer:
            server = subprocess.Popen(command, env=environment, stdout=answer, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        for line in server.stderr:
            if "Monitors:" in line:
                break
        process = psutil.Process(server.pid)
        memory = [process.memory_info().rss]
        begun = time.monotonic()
        browser = None
        if viewport is not None:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
            page = browser.new_page(viewport={"width": viewport[0], "height": viewport[1]})
            page.goto(f"http://127.0.0.1:{port}/")
        cpu = process.cpu_times()
        while server.poll() is None:
            if time.monotonic() - begun > 0.25 * seconds:
                memory.append(process.memory_info().rss)
            if server.poll() is None:
                try:
                    cpu = process.cpu_times()
                except psutil.NoSuchProcess:
                    break
            time.sleep(1)
            server.stderr.read1() if hasattr(server.stderr, "read1") else None
        taken = time.monotonic() - begun
        if browser is not None:
            browser.close()
        last = json.loads(lines.read_text().splitlines()[-1])
    return {
        "snapshot": last, "server cores": round((cpu.user + cpu.system) / taken, 2),
        "memory MiB": f"{memory[1] >> 20} to {memory[-1] >> 20}" if len(memory) > 1 else "",
    }
