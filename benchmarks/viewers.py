"""What many viewers cost the server: python -m benchmarks.viewers [--seconds 15] [--counts 1 8 20].

The camera and the engine of `benchmarks.monitors`, and viewers that take every pair over the socket and draw nothing.
On a busy machine read the milliseconds a frame, not the delays.
"""

import argparse
import asyncio
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from benchmarks.common import report
from benchmarks.monitors import serve


async def _watch(session: aiohttp.ClientSession, url: str, short: int, until: float, delays: list[float]) -> None:
    async with session.ws_connect(url + "socket", max_msg_size=0) as page:
        await page.send_json({"type": "want", "pictures": "both", "short_side": short, "linked": False})
        while time.monotonic() < until and not page.closed:
            message = await page.receive(5)
            if message.type is not aiohttp.WSMsgType.BINARY:
                continue
            now = time.monotonic()
            header = json.loads(message.data[4 : 4 + int.from_bytes(message.data[:4], "big")])
            delays.append(now - header["captured"])
            await page.send_json({"type": "shown", "serial": header["serial"], "came": now, "ready": now, "at": now,
                                  "error": 0})


async def crowd(url: str, count: int, short: int, seconds: float) -> list[float]:
    """Seconds from capture to each pair that `count` viewers got in so many seconds, sorted; none is drawn."""
    delays: list[float] = []
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(_watch(session, url, short, until, delays) for _ in range(count)))
    return sorted(delays)


def measure(count: int, short: int, seconds: float) -> dict[str, Any]:
    """One row: a server of its own, and `count` viewers that want pictures of `short` pixels height."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    url = here.recv()
    server = psutil.Process(process.pid)
    before, begun = sum(server.cpu_times()[:2]), time.monotonic()
    delays = asyncio.run(crowd(url, count, short, seconds))
    cpu, taken = sum(server.cpu_times()[:2]) - before, time.monotonic() - begun
    memory = server.memory_info().rss >> 20
    here.send(1)
    shot: dict[str, Any] = here.recv()
    here.send(None)
    process.join(10)
    frames = shot["totals"]["encoded"]
    return {
        "viewers": count, "short side": short, "frames/s sent to each": round(len(delays) / taken / count, 1),
        "server ms a frame": round(1000 * cpu / frames, 1), "server cores": round(cpu / taken, 2),
        "delay p50/p95 ms": " / ".join(str(round(1000 * delays[int(len(delays) * part)])) for part in (0.5, 0.95)),
        "memory MiB": memory, "dropped": " ".join(f"{place} {number}" for place, number in shot["dropped"].items()),
        "load": round(psutil.getloadavg()[0], 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--counts", type=int, nargs="*", default=[1, 8, 20])
    parser.add_argument("--sides", type=int, nargs="*", default=[540, 1080])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = [measure(count, short, given.seconds) for short in given.sides for count in given.counts]
    report("viewers: 1080p24, both pictures", rows, given.out)


if __name__ == "__main__":
    main()
