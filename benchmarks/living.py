"""The live command and its monitors: rate, delay, drops, memory.

The pages are in a real browser on the same machine, or a viewer takes the pictures and does not draw them, as if the
browser were on another.
"""

import asyncio
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.common import clip, report
from benchmarks.viewers import crowd

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)
_SCREENS = {
    "both on one 1080p page": (1920, 1080, ("",)),
    "2 x 720p": (1280, 720, ("monitor/camera", "monitor/aged")),
    "2 x 1080p": (1920, 1080, ("monitor/camera", "monitor/aged")),
}
ELSEWHERE = "a viewer elsewhere, 540 px high"
_PORT = 8971


def living(
    seconds: float, out: Path | None, size: int = 512, screens: list[str] | None = None, performers: int = 0
) -> None:
    """1080p24 from a looped file: the page with both pictures, then two monitors of 720p and of 1080p.

    performers: so many people, each with a package of their own; 0 is the demo's one face by the default network.
    """
    rows = [_run(seconds, name, size, performers) for name in screens or (*_SCREENS, ELSEWHERE)]
    who = f"{performers} performers" if performers else "one face"
    load = f"load of the machine {psutil.getloadavg()[0]:.1f}"
    report(f"live {performers or ''}: 1080p24, {who}, {size} px, {seconds:g} s, {load}", rows, out)


def _run(seconds: float, screen: str, size: int, performers: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "out.jsonl"
        with lines.open("w", encoding="utf-8") as answer:
            server = _start(seconds, size, folder, answer, performers)
        process = psutil.Process(server.pid)
        with _looking(screen, seconds) as wait:
            begun, memory = time.monotonic(), []
            cpu = process.cpu_times()
            while server.poll() is None:
                wait()
                try:
                    cpu = process.cpu_times()
                    if time.monotonic() - begun > 15:  # buffers and caches have found their size
                        used = process.memory_info().rss >> 20
                        memory += [used] if used else []
                except psutil.NoSuchProcess:
                    break
            taken = time.monotonic() - begun
        last = json.loads(lines.read_text(encoding="utf-8").splitlines()[-1])
    delay, totals = last["delay"], last["totals"]
    return {
        "monitors": screen,
        "frames/s captured": round(totals["captured"] / last["seconds"], 2),
        "frames/s aged": round(totals["processed"] / last["seconds"], 2),
        "to socket p50/p95/p99 ms": _delays(delay["sent"]),
        "to screen p50/p95/p99 ms": _delays(delay["shown"]),
        "dropped": " ".join(f"{place} {count}" for place, count in last["dropped"].items()),
        "server cores": round((cpu.user + cpu.system) / taken, 2),
        "memory MiB": f"{memory[0]} to {memory[-1]}" if memory else "",
    }


@contextmanager
def _looking(screen: str, seconds: float) -> Iterator[Callable[[], None]]:
    """Somebody looks; what is given waits a second."""
    if screen == ELSEWHERE:
        viewer = multiprocessing.get_context("spawn").Process(target=_view, args=(seconds,))
        viewer.start()
        yield lambda: time.sleep(1)
        viewer.join(10)
        return
    width, height, paths = _SCREENS[screen]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
        for path in paths:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"http://127.0.0.1:{_PORT}/{path}")
        yield lambda: page.wait_for_timeout(1000)
        browser.close()


def _view(seconds: float) -> None:
    asyncio.run(crowd(f"http://127.0.0.1:{_PORT}/", 1, 540, seconds))


def _delays(report: dict[str, Any]) -> str:
    return " / ".join(str(report[f"run_{each}_ms"]) for each in ("p50", "p95", "p99"))


def _whom(folder: str, size: int, performers: int) -> list[str]:
    """Source and people of the command's line."""
    if not performers:
        return ["--source", str(clip()), "--consent", "NASA portrait, public domain; benchmark"]
    from benchmarks import several

    made = several.production(Path(folder) / "production", performers, size)
    named = [part for name in several.names(performers) for part in ("--performer", name)]
    return ["--source", str(several.clip(performers)), "--production", str(made.folder), *named]


def _start(
    seconds: float, size: int, folder: str, answer: Any, performers: int
) -> "subprocess.Popen[str]":
    """The live command, once its monitors answer; what it goes on to say is read away."""
    command = [
        sys.executable, "-m", "playingage", "live", "--loop", "--age", "70", "--no-open", "--no-keep-running",
        "--port", str(_PORT), "--for", str(seconds), "--json", "--size", str(size), *_whom(folder, size, performers),
    ]
    environment = {**os.environ, "XDG_STATE_HOME": folder}
    server = subprocess.Popen(command, env=environment, stdout=answer, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        if line.startswith("Monitors:"):
            break
    threading.Thread(target=server.stderr.read, daemon=True).start()
    return server
