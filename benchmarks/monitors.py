"""What two browser monitors cost and how late they are: python benchmarks/monitors.py [--seconds 10] [--json FILE].

A synthetic camera of 1920x1080 at 24 frames a second, an engine that does nothing (so that transport alone is
measured), the real live path and server, and headless Chromium drawing both pictures on the same machine. The server
runs in a process of its own, so that its share of the processor is told apart from the browser's. Delay to display is
reported by the page itself.
"""

import argparse
import dataclasses
import json
import multiprocessing
import platform
import shutil
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live import LiveSettings
from playingage.media.ports import SourceInfo
from playingage.web import ServerSettings, run_live

WIDTH, HEIGHT, RATE = 1920, 1080, 24
HEADINGS = (
    "pages", "viewers", "server cores", "fps encoded", "fps shown", "encode ms", "to JPEG p50/p95",
    "to socket p50/p95", "to screen p50/p95", "dropped", "error ms",
)  # fmt: skip


def pictures(count: int = 24) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """A portrait if scikit-image is here, else soft noise, moved about so that no two frames are alike."""
    try:
        from skimage.data import astronaut

        still = cv2.resize(astronaut(), (WIDTH, WIDTH), interpolation=cv2.INTER_CUBIC)
    except ImportError:
        noise = np.random.default_rng(1).integers(0, 255, (240, 240, 3), np.uint8)
        still = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 2), (WIDTH, WIDTH), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(2).integers(0, 9, (HEIGHT, WIDTH, 3), np.uint8)
    angles = 2 * np.pi * np.arange(count) / count
    return [cv2.add(np.roll(still, (int(20 * np.sin(a)), int(30 * np.cos(a))), (0, 1))[:HEIGHT], grain) for a in angles]


class Camera:
    """Paced frames out of memory."""

    def __init__(self) -> None:
        self.info = SourceInfo(name="camera", width=WIDTH, height=HEIGHT, rate=Fraction(RATE))
        self._pictures, self._number, self._due = pictures(), 0, time.monotonic()

    def read(self) -> Frame:
        self._due += 1 / RATE
        time.sleep(max(0.0, self._due - time.monotonic()))
        pixels = self._pictures[self._number % len(self._pictures)]
        frame = Frame(pixels=pixels, number=self._number, rate=Fraction(RATE), captured=time.monotonic())
        self._number += 1
        return frame


@dataclasses.dataclass(frozen=True)
class Face:
    id: int = 1
    box: tuple[float, float, float, float] = (0, 0, 1, 1)
    confidence: float = 1.0
    strength: float = 1.0
    source_age: float | None = None
    target_age: float | None = None
    name: str = ""
    reasons: tuple[str, ...] = ()
    performer: str = ""
    likeness: float | None = None
    pinned: bool = False


@dataclasses.dataclass(frozen=True)
class Done:
    frame: Frame
    matte: None
    faces: tuple[Face, ...]


class Nothing:
    """An engine that copies: both pictures are encoded, as with a real one."""

    def process(self, frame: Frame, ask: Ask, /) -> Done:
        return Done(dataclasses.replace(frame, pixels=frame.pixels.copy()), None, (Face(),))


def serve(pipe: Any) -> None:
    """The server's process: sends its address, then a snapshot for each message received; None ends it."""
    stop = threading.Event()

    def opened(url: str) -> None:
        def answer() -> None:
            while pipe.recv() is not None:
                pipe.send(latest[-1])
            stop.set()

        pipe.send(url)
        threading.Thread(target=answer, daemon=True).start()

    latest: list[dict[str, Any]] = []
    settings = LiveSettings(log_every=0.5, window=8.0)
    run_live(Camera(), Nothing(), settings, ServerSettings(port=0), stop=stop, opened=opened, report=latest.append)  # type: ignore[arg-type]


def measure(browser: Any, label: str, short: int, viewers: int, seconds: float) -> dict[str, Any]:
    """One row: `viewers` pages that ask for pictures of `short` pixels height."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    url = here.recv()
    contexts = []
    for _ in range(viewers):
        context = browser.new_context(viewport={"width": short * 16 // 9, "height": short * 2 + 220})
        page = context.new_page()
        page.goto(url)
        contexts.append(context)
    time.sleep(3)
    server = psutil.Process(process.pid)
    before, begun = sum(server.cpu_times()[:2]), time.monotonic()
    time.sleep(seconds)
    cores = (sum(server.cpu_times()[:2]) - before) / (time.monotonic() - begun)
    here.send(1)
    snapshot = here.recv()
    for context in contexts:
        context.close()
    here.send(None)
    process.join(10)
    return {"pages": label, "viewers": viewers, "server_cores": round(cores, 2), "snapshot": snapshot}


def row(result: dict[str, Any]) -> list[str]:
    """The cells of one row of the table."""
    shot = result["snapshot"]
    reports = [shot["delay"][name] for name in ("encoded", "sent", "shown")]
    delay = [f"{report['p50_ms']:.0f}/{report['p95_ms']:.0f}" for report in reports]
    return [result["pages"], str(result["viewers"]), f"{result['server_cores']:.2f}", f"{shot['fps']['encoded']:.1f}",
            f"{shot['fps']['shown'] / result['viewers']:.1f}", f"{shot['work']['encode']['p50_ms']:.1f}", *delay,
            str(sum(shot["dropped"].values())), f"{shot['clock_error_ms']:.1f}"]


def main() -> None:
    """Measure, print the table, write JSON if asked."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome") or sys.exit("no chromium found")
    results = []
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        for label, short, viewers in (("1080p", 1080, 1), ("720p", 720, 1), ("540p", 540, 1), ("540p", 540, 2)):
            results.append(measure(browser, label, short, viewers, asked.seconds))
            print(" | ".join(row(results[-1])), file=sys.stderr)
        browser.close()
    machine = f"{platform.machine()}, {psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}"
    print(f"\n{machine}; camera {WIDTH}x{HEIGHT} at {RATE}; delays in ms\n")
    print("| " + " | ".join(HEADINGS) + " |\n|" + "---|" * len(HEADINGS))
    for result in results:
        print("| " + " | ".join(row(result)) + " |")
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1))


if __name__ == "__main__":
    main()
