"""The day: starts the camera, the live command and the viewers, breaks the camera by a timetable, takes samples."""

import csv
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from benchmarks.soak.sampler import as_row, usage
from benchmarks.soak.scene import ROOT, Scene
from playingage.live.stats import PLACES

SAMPLE_S = 10.0
_KEPT_TAKES = 3
FAULTS: dict[float, tuple[str, ...]] = {
    5: ("drift 1000",), 20: ("skip 1",), 35: ("repeat",), 45: ("swap",), 60: ("pause 1",), 80: ("damage 3",),
    100: ("damage 24",), 120: ("skip 6",), 140: ("rate 25",), 170: ("rate 30000/1001",), 200: ("rate 24",),
    220: ("clip small",), 245: ("clip full",), 270: ("restart 1",),
}
"""Seconds of a period of five minutes, and what the camera is told then."""
PERIOD_S, MINUTE_EVERY = 300.0, 3
"""Every third period it is away for a minute at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the day is to be. crash_every: seconds between two ends of the engine's process by force; 0 for none."""

    seconds: float
    out: Path
    size: int
    pages: int
    every: float
    crash_every: float
    more: tuple[str, ...] = ()


@dataclass(slots=True)
class Parts:
    """The processes of the day."""

    server: "subprocess.Popen[str]"
    camera: "subprocess.Popen[str]"
    watchers: "subprocess.Popen[str] | None" = None
    address: str = ""
    last: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)


def live_through(scene: Scene, plan: Plan) -> None:
    """Everything goes to `plan.out`: samples.csv, events.jsonl, server.jsonl, server.log, watchers.jsonl."""
    plan.out.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    clips = [f"{name}={path}" for name, path in scene.clips.items()]
    camera = _start([sys.executable, "-m", "benchmarks.soak.camera", str(port), *clips], stdin=subprocess.PIPE)
    parts = Parts(_start(_command(scene, plan, port), stdout=subprocess.PIPE, stderr=subprocess.PIPE), camera)
    ready = threading.Event()
    _follow(parts.server.stderr, plan.out / "server.log", lambda line: _address(line, parts, ready))
    _follow(parts.server.stdout, plan.out / "server.jsonl", lambda line: parts.last.update(json.loads(line)))
    try:
        if not ready.wait(60):
            raise SystemExit("the server did not come up; see server.log")
        parts.watchers = _start(
            [sys.executable, "-m", "benchmarks.soak.watchers", parts.address, "--every", str(plan.every),
             "--performers", *scene.performers], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        _follow(parts.watchers.stdout, plan.out / "watchers.jsonl", lambda line: parts.seen.update(json.loads(line)))
        with _pages(parts.address, plan.pages):
            _samples(parts, plan)
    finally:
        _end(parts, plan)


def _command(scene: Scene, plan: Plan, port: int) -> list[str]:
    command = [sys.executable, "-m", "playingage", "live", "--source", f"udp://127.0.0.1:{port}", "--age", "60",
               "--no-open", "--port", str(_free_port()), "--json", "-P", str(scene.production),
               "--schedule", str(scene.schedule), *plan.more]
    for performer, age in zip(scene.performers, (30, 60, 70, 25), strict=False):
        command += ["--performer", f"{performer}={age}"]
    return command


def _start(command: list[str], **pipes: Any) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_STATE_HOME": os.environ.get("XDG_STATE_HOME", "/tmp")}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, bufsize=1, **pipes)


def _follow(stream: IO[str] | None, path: Path, heard: Any) -> None:
    """Copy a process' lines to a file, and hand each on."""
    assert stream is not None

    def work() -> None:
        with path.open("w", encoding="utf-8", buffering=1) as file:
            for line in stream:
                file.write(line)
                heard(line)

    threading.Thread(target=work, daemon=True).start()


def _address(line: str, parts: Parts, ready: threading.Event) -> None:
    if line.startswith("Monitors:"):
        parts.address = line.split()[1]
        ready.set()


def _samples(parts: Parts, plan: Plan) -> None:
    """A row every 10 seconds until the day is over or the server is."""
    server, begun = psutil.Process(parts.server.pid), time.monotonic()
    faults, crash_at = _timetable(), plan.crash_every
    due, fault = SAMPLE_S, next(faults)
    before, before_at = 0.0, begun
    with (plan.out / "samples.csv").open("w", newline="") as table, (plan.out / "events.jsonl").open("w") as events:
        writer: csv.DictWriter[str] | None = None
        while (now := time.monotonic() - begun) < plan.seconds and parts.server.poll() is None:
            if now >= fault[0]:
                _note(events, now, "camera", fault[1])
                assert parts.camera.stdin is not None
                parts.camera.stdin.write(fault[1] + "\n")
                fault = next(faults)
            if crash_at and now >= crash_at:
                crash_at += plan.crash_every
                _crash(server, events, now)
            if now >= due:
                due += SAMPLE_S
                found = usage(server)
                taken = time.monotonic()
                cpu = 0.0 if found is None else found.cpu
                row = {"s": round(now, 1), **as_row(found), "cores": round((cpu - before) / (taken - before_at), 2),
                       "load": round(os.getloadavg()[0], 2), "page_pss": _browser_memory(),
                       **_figures(parts.last, parts.seen)}
                before, before_at = cpu, taken
                if writer is None:
                    writer = csv.DictWriter(table, fieldnames=list(row))
                    writer.writeheader()
                writer.writerow(row)
                table.flush()
                _tidy_takes(plan.out / "takes")
            time.sleep(0.2)


def _timetable() -> Iterator[tuple[float, str]]:
    period = 0
    while True:
        for second, orders in FAULTS.items():
            for order in orders:
                yield period * PERIOD_S + second, order
        period += 1
        if period % MINUTE_EVERY == 0:
            yield period * PERIOD_S - 10, "pause 60"


def _crash(server: psutil.Process, events: IO[str], now: float) -> None:
    children = server.children()
    if children:
        how = random.choice((signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT, signal.SIGSTOP))
        _note(events, now, "crash", how.name)
        children[0].send_signal(how)


def _note(events: IO[str], now: float, what: str, detail: str) -> None:
    events.write(json.dumps({"s": round(now, 2), "at": time.time(), "what": what, "detail": detail}) + "\n")
    events.flush()


def _figures(last: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Columns out of the server's newest line and the viewers'."""
    delay, state = last.get("delay", {}), last.get("state", {})
    rates = last.get("fps", {})
    row: dict[str, Any] = {f"fps_{name}": rates.get(name) for name in ("captured", "processed", "encoded")}
    for name in ("encoded", "sent"):
        for share in ("p50_ms", "p95_ms", "p99_ms"):
            row[f"{name}_{share}"] = delay.get(name, {}).get(share)
    for share in ("p50", "p95", "p99"):
        row[f"arrived_{share}_ms"] = seen.get(share)
    for place in PLACES:
        row[f"dropped_{place}"] = last.get("dropped", {}).get(place)
    for name in ("captured", "processed", "failed"):
        row[f"total_{name}"] = last.get("totals", {}).get(name, 0)
    for name in ("look", "engine", "encode"):
        row[f"work_{name}_p50_ms"] = last.get("work", {}).get(name, {}).get("p50_ms")
    row |= {"viewers": len(last.get("viewers", ())), "source_state": state.get("source", {}).get("state"),
            "engine_state": state.get("engine", {}).get("state"),
            "passers_by": seen.get("counts", {}).get("passers-by", 0),
            "recorder": (last.get("recorder") or {}).get("state", "")}
    return row


def _browser_memory() -> float | str:
    """MiB of the pages' browser; empty where there is none."""
    own = [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
    found = usage(own[0]) if own else None
    return "" if found is None else found.pss


def _tidy_takes(folder: Path) -> None:
    """The newest few takes are kept."""
    if folder.is_dir():
        takes = sorted((each for each in folder.iterdir() if each.is_dir()), key=lambda path: path.stat().st_mtime)
        for take in takes[:-_KEPT_TAKES]:
            shutil.rmtree(take, ignore_errors=True)


class _pages:  # noqa: N801
    """Monitor pages in a real browser, small, for as long as the block lasts."""

    def __init__(self, address: str, count: int) -> None:
        self._address, self._count = address, count

    def __enter__(self) -> None:
        if not self._count:
            return
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        self._browser = self._playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for _ in range(self._count):
            self._browser.new_page(viewport={"width": 640, "height": 480}).goto(self._address)

    def __exit__(self, *error: object) -> None:
        if self._count:
            self._browser.close()
            self._playwright.stop()


def _end(parts: Parts, plan: Plan) -> None:
    for each in (parts.watchers, parts.camera):
        if each is not None and each.stdin is not None:
            each.stdin.close()
            each.wait(30)
    parts.server.send_signal(signal.SIGINT)
    try:
        code: object = parts.server.wait(40)
    except subprocess.TimeoutExpired:
        parts.server.kill()
        code = "did not end, killed"
    (plan.out / "exit.json").write_text(json.dumps({"exit": code}) + "\n")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
