"""Everybody who looks at the monitors on a long day, in one process with one event loop.

    python -m benchmarks.soak.watchers ADDRESS [--steady N] [--consoles N] [--every SECONDS] [--crowd-every SECONDS]

Steady viewers stay and connect again by themselves, as the pages do. Passers-by come every few seconds and go again,
politely or not. One viewer reads 40 kB a second and pauses. Now and then 20 come at once; some ask half a question and
fall silent; some send nonsense. Consoles act. Every 10 s a line of JSON on standard output says how it was. Standard
input's end ends it.
"""

import argparse
import asyncio
import json
import random
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

_EVERY = 10.0
_GAP = 0.5
"""Seconds between two pictures that count as a gap."""
_TOO_LONG = 8.0
"""Seconds without any word after which a page takes its connection for dead, as the pages do."""


@dataclass(slots=True)
class Seen:
    """What the steady viewers saw since the last line."""

    delays: list[float] = field(default_factory=list)
    views: Counter[str] = field(default_factory=Counter)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def line(self) -> dict[str, Any]:
        """And begin again."""
        delays = sorted(self.delays)

        def share(part: float) -> float | None:
            return round(delays[min(len(delays) - 1, int(part * len(delays)))] * 1000, 1) if delays else None

        told = {"at": time.time(), "p50": share(0.5), "p95": share(0.95), "p99": share(0.99), "pairs": len(delays),
                "views": dict(self.views), "gaps": self.gaps, "counts": dict(self.counts)}
        self.delays, self.views, self.gaps = [], Counter(), []
        return told


class Crowd:
    """All viewers of one server."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self.base = address.split("?", 1)[0]
        self.session, self.seen = session, Seen()
        self.roles: list[str] = []
        self._answer = 0

    def connect(self) -> Any:
        """A socket."""
        patience = aiohttp.ClientWSTimeout(ws_close=2)
        return self.session.ws_connect(self.base + "socket", max_msg_size=0, timeout=patience)

    async def steady(self, name: str, short_side: int) -> None:
        """A monitor that hangs there all day."""
        last = time.monotonic()
        while True:
            try:
                async with self.connect() as page:
                    self.seen.counts["steady connects"] += 1
                    await page.send_json(_want(short_side))
                    while True:
                        message = await page.receive(_TOO_LONG)
                        if message.type is aiohttp.WSMsgType.TEXT:
                            continue
                        if message.type is not aiohttp.WSMsgType.BINARY:
                            break
                        now = time.monotonic()
                        if now - last > _GAP:
                            self.seen.gaps.append({"viewer": name, "at": time.time(), "seconds": round(now - last, 2)})
                        last = now
                        self._note(message.data, now)
                        await page.send_json(_shown(message.data, now))
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                self.seen.counts[f"steady lost: {type(error).__name__}"] += 1
            await asyncio.sleep(0.5)

    def _note(self, data: bytes, now: float) -> None:
        header = _header(data)
        self.seen.delays.append(now - header["captured"])
        self.seen.views[header["view"]] += 1

    async def passer_by(self) -> None:
        """Comes, looks for a moment at whatever fits, and is gone."""
        way = random.random()
        try:
            async with self.connect() as page:
                self.seen.counts["passers-by"] += 1
                await page.send_json(_want(random.choice((300, 540, 700))))
                until = time.monotonic() + random.uniform(0.1, 3)
                while time.monotonic() < until:
                    message = await page.receive(5)
                    if message.type is aiohttp.WSMsgType.BINARY:
                        await page.send_json(_shown(message.data, time.monotonic()))
                    elif message.type is not aiohttp.WSMsgType.TEXT:
                        break
                    elif json.loads(message.data)["type"] == "full":
                        self.seen.counts["passers-by refused: full"] += 1
                if way < 0.1:
                    await page.send_str("{nonsense")
                elif way < 0.5 and page._response.connection is not None:  # the cable is pulled
                    page._response.connection.transport.abort()
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            self.seen.counts["passers-by failed"] += 1

    async def passing(self, every: float) -> None:
        """Passers-by without end, at most 6 at once."""
        under_way: set[asyncio.Task[None]] = set()
        while True:
            await asyncio.sleep(random.uniform(0, 2 * every))
            under_way = {task for task in under_way if not task.done()}
            if len(under_way) < 6:
                under_way.add(asyncio.create_task(self.passer_by()))

    async def crowding(self, every: float) -> None:
        """Twenty at once, now and then."""
        while every:
            await asyncio.sleep(every)
            self.seen.counts["crowds of 20"] += 1
            await asyncio.gather(*(self.passer_by() for _ in range(20)))

    async def bad_network(self) -> None:
        """Reads 40 kB a second from a small buffer, stands still now and then, and acknowledges late."""
        while True:
            await asyncio.sleep(1)
            try:
                await self._read_slowly()
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                self.seen.counts["bad network: lost"] += 1

    async def _read_slowly(self) -> None:
        place = urlsplit(self.base)
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, (place.hostname, place.port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=16384)
        self.seen.counts["bad network: connects"] += 1
        try:
            writer.write(f"GET /socket HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_masked(json.dumps(_want(1080)).encode()))
            for turn in range(300):
                data = await asyncio.wait_for(reader.read(8192), 30)
                if not data:
                    return
                self.seen.counts["bad network: kB"] += len(data) // 1024
                await asyncio.sleep(15 if turn % 100 == 99 else 0.2)
        finally:
            writer.close()

    async def half_open(self) -> None:
        """Half a request, then silence for a minute."""
        while True:
            await asyncio.sleep(60)
            place = urlsplit(self.base)
            try:
                _, writer = await asyncio.open_connection(place.hostname, place.port)
                writer.write(random.choice((b"GET /socket HT", b"\x16\x03\x01\x02", b"GET / HTTP/1.1\r\nHost: x\r\n")))
                self.seen.counts["half open"] += 1
                await asyncio.sleep(60)
                writer.close()
            except OSError:
                pass

    async def console(self, name: str, performers: list[str]) -> None:
        """An operator with something to do every few seconds."""
        while True:
            await asyncio.sleep(2)
            try:
                async with self.connect() as page:
                    reader = asyncio.create_task(self._answers(page))
                    turn = 0
                    try:
                        while not page.closed:
                            turn += 1
                            await asyncio.sleep(random.uniform(2, 6))
                            for act in self._acts(turn, performers):
                                await page.send_json(act)
                    finally:
                        reader.cancel()
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                self.seen.counts["console lost"] += 1

    def _acts(self, turn: int, performers: list[str]) -> list[dict[str, Any]]:
        """What is done next; plain ages where the server knows no acts."""
        if "set" not in self.roles:
            return [{"type": "age", "age": random.randint(25, 80)}]
        who, self._answer = random.choice(performers), self._answer + 1
        acts: list[dict[str, Any]] = {
            0: [{"act": "roll"}], 6: [{"act": "cut"}], 7: [{"act": "next"}], 3: [{"act": "mark", "words": "look"}],
            9: [{"act": "emergency", "on": True}], 10: [{"act": "emergency", "on": False}],
            11: [{"act": "scene", "scene": str(random.randint(1, 14)), "shot": random.choice("ABC")}],
        }.get(turn % 14, [random.choice((
            {"act": "age", "performer": who, "age": random.randint(25, 80)},
            {"act": "age", "performer": who, "age": None},
            {"act": "strength", "performer": who, "strength": random.choice((0.5, 0.8, 1.0))},
            {"act": "on", "performer": who, "on": random.random() < 0.8},
        ))])
        self.seen.counts["acts"] += len(acts)
        return [{"type": "act", "id": self._answer, **act} for act in acts]

    async def _answers(self, page: Any) -> None:
        async for message in page:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            said = json.loads(message.data)
            if said["type"] == "set" and "set" not in self.roles:
                self.roles.append("set")
            if said["type"] in ("did", "refused"):
                words = f": {said.get('words')}"[:60] if said["type"] == "refused" else ""
                self.seen.counts[f"acts {said['type']}{words}"] += 1


def _want(short_side: int) -> dict[str, Any]:
    return {"type": "want", "pictures": "both", "short_side": short_side, "linked": False}


def _header(data: bytes) -> Any:
    return json.loads(data[4 : 4 + int.from_bytes(data[:4], "big")])


def _shown(data: bytes, now: float) -> dict[str, Any]:
    return {"type": "shown", "serial": _header(data)["serial"], "came": now, "ready": now, "at": now, "error": 0}


def _masked(data: bytes) -> bytes:
    """A text message as a client sends it, masked with zeros."""
    return bytes((0x81, 0x80 | len(data))) + b"\0\0\0\0" + data if len(data) < 126 else (
        bytes((0x81, 0x80 | 126)) + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data)


def _complain(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"a watcher died: {error!r}", file=sys.stderr, flush=True)


async def _tell(crowd: Crowd) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        print(json.dumps(crowd.seen.line()), flush=True)


async def _main(given: argparse.Namespace) -> None:
    async with aiohttp.ClientSession() as session:
        crowd = Crowd(given.address, session)
        work = [_tell(crowd), crowd.passing(given.every), crowd.crowding(given.crowd_every), crowd.bad_network(),
                crowd.half_open()]
        work += [crowd.steady(f"steady {n + 1}", (540, 720)[n % 2]) for n in range(given.steady)]
        work += [crowd.console(f"console {n + 1}", given.performers) for n in range(given.consoles)]
        tasks = [asyncio.create_task(each) for each in work]
        for task in tasks:
            task.add_done_callback(_complain)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--steady", type=int, default=2)
    parser.add_argument("--consoles", type=int, default=2)
    parser.add_argument("--every", type=float, default=5, help="seconds between two passers-by")
    parser.add_argument("--crowd-every", type=float, default=600)
    parser.add_argument("--performers", nargs="*", default=[])
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
