"""Many viewers, bad networks, pages that come and go by the thousand: nobody is disturbed, nothing is left behind."""

import asyncio
import gc
import json
import socket
import statistics
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import aiohttp
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from live.fakes import FakeSource

from playingage.live import Viewer
from playingage.web import server as monitor_server
from web.client import ask, header_of, next_pair, talk
from web.conftest import Serve

WANT = {"type": "want", "pictures": "both", "short_side": 300, "linked": False}


def until(true: Any, timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def skipped(pair: dict[str, Any]) -> dict[str, Any]:
    return {"type": "skipped", "serial": pair["serial"]}


def test_a_thousand_reconnects_leave_nothing_behind(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(FakeSource(rate=24, width=320, height=180))
    process, used, open_files = psutil.Process(), [], []
    viewers: list[weakref.ref[Viewer]] = []
    join = served.run.feed.join

    def known(wake: Callable[[], None]) -> Viewer:
        viewer = join(wake)
        viewers.append(weakref.ref(viewer))
        return viewer

    monkeypatch.setattr(served.run.feed, "join", known)

    async def come_and_go(session: aiohttp.ClientSession, number: int) -> None:
        async with session.ws_connect(served.url + "socket") as page:
            await page.send_json(WANT)
            if number % 10 == 0:
                await page.send_json(skipped(await next_pair(page)))
            elif number % 3 == 0:  # the cable is pulled
                page._writer.transport.abort()

    async def work(session: aiohttp.ClientSession) -> None:
        for first in range(0, 1000, 8):
            await asyncio.gather(*(come_and_go(session, number) for number in range(first, first + 8)))
            if first % 200 == 0:
                await asyncio.sleep(0.1)
                used.append(process.memory_info().rss / 2**20)
                open_files.append(process.num_fds())

    talk(work, 60)
    until(lambda: not served.run.feed.viewers)
    assert not served.server.sockets and not served.run.direction.listeners
    gc.collect()
    assert len(viewers) == 1000 and not [each for each in viewers if each() is not None]
    assert used[-1] - used[1] < 20, f"MiB after each 200: {used}"
    assert open_files[-1] <= open_files[1] + 10, open_files
    assert served.run.snapshot()["totals"]["captured"] > 10


def test_a_viewer_that_goes_lets_its_pictures_go_without_a_collector(serve: Serve) -> None:
    served = serve()

    async def work(session: aiohttp.ClientSession) -> list[Any]:
        async with session.ws_connect(served.url + "socket") as page:
            await page.send_json(WANT)
            await next_pair(page)
            return list(served.run.feed.viewers)

    gc.disable()
    try:
        (viewer,) = talk(work)
        until(lambda: not served.run.feed.viewers)
        assert viewer.report()["under_way"] == 0 and viewer.next(served.run.clock()) is None
    finally:
        gc.enable()


def test_twenty_viewers_at_once_share_two_encodings(serve: Serve) -> None:
    served = serve(FakeSource(rate=24))

    async def watch(session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        async with session.ws_connect(served.url + "socket") as page:
            await page.send_json(WANT)
            seen = []
            until_then = time.monotonic() + 2
            while time.monotonic() < until_then:
                seen.append(await next_pair(page))
                now = time.monotonic()
                await page.send_json({"type": "shown", "serial": seen[-1]["serial"], "came": now, "ready": now,
                                      "at": now, "error": 0})
            return seen

    async def work(session: aiohttp.ClientSession) -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*(watch(session) for _ in range(20)))

    everybody = talk(work)
    assert len(everybody) == 20 and min(len(seen) for seen in everybody) > 15
    together = set.intersection(*({pair["serial"] for pair in seen} for seen in everybody))
    assert len(together) > 10, "they see the same pairs"
    report = served.run.snapshot()
    assert report["totals"]["encoded"] <= report["totals"]["processed"]
    assert report["totals"]["sent"] > 12 * report["totals"]["encoded"], "each pair is compressed once for all"


def slow_reader(port: int) -> socket.socket:
    """A page on a bad network: it asks for large pictures and reads nothing yet."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", port))
    raw.sendall(f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    raw.recv(64)  # it was let in
    raw.sendall(_said({**WANT, "short_side": 1080}))
    return raw


def _said(message: dict[str, Any]) -> bytes:
    """A text message as a page sends it, masked with zeros."""
    text = json.dumps(message).encode()
    return bytes((0x81, 0x80 | len(text))) + bytes(4) + text


def test_viewers_on_a_bad_network_delay_nobody(serve: Serve) -> None:
    soft = np.random.default_rng(1).integers(0, 255, (45, 80, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    served = serve(FakeSource(rate=24, width=1280, height=720, content=[soft]))

    async def work(session: aiohttp.ClientSession) -> tuple[float, float]:
        async with session.ws_connect(served.url + "socket", max_msg_size=0) as page:
            await page.send_json({**WANT, "short_side": 1080})

            async def delay(count: int) -> float:
                seen = []
                for _ in range(count):
                    pair = await next_pair(page)
                    seen.append(time.monotonic() - pair["captured"])
                    await page.send_json(skipped(pair))
                return float(statistics.median(seen))

            before = await delay(20)
            bad.extend(slow_reader(served.server.port) for _ in range(3))
            for each in bad[:2]:  # these say that all came, and read nothing
                each.sendall(b"".join(_said(skipped({"serial": serial})) for serial in range(2000)))
            return before, await delay(40)

    bad: list[socket.socket] = []
    try:
        before, after = talk(work)
        assert after < 2 * before + 0.05, "the good one gets its pictures as ever"
        # The good one, which got 60 and more, may be gone by now or not.
        slow = [each for each in served.run.feed.report() if each["sent"] < 20]
        assert len(slow) == 3 and all(each["dropped"] > 5 and each["under_way"] <= 2 for each in slow)
    finally:
        for each in bad:
            each.close()
    until(lambda: not served.run.feed.viewers)


def test_a_peer_that_is_gone_without_a_word_frees_its_place(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_server, "_HEARTBEAT", 0.4)
    served = serve(max_viewers=1)
    gone = slow_reader(served.server.port)
    until(lambda: len(served.run.feed.viewers) == 1)
    until(lambda: not served.run.feed.viewers)
    assert talk(lambda session: first_pair(session, served.url))["number"] >= 0
    gone.close()


async def first_pair(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.ws_connect(url + "socket") as page:
        await page.send_json(WANT)
        return await next_pair(page)


def test_a_storm_of_reloads_beyond_all_places_passes(serve: Serve) -> None:
    served = serve(max_viewers=8)

    async def reload(session: aiohttp.ClientSession) -> str:
        async with session.ws_connect(served.url + "socket") as page:
            await page.send_json(WANT)
            message = await page.receive(20)
            said = "full" if message.type is aiohttp.WSMsgType.TEXT and '"full"' in message.data else "in"
            page._writer.transport.abort()
            return said

    async def work(session: aiohttp.ClientSession) -> tuple[list[str], int]:
        said: list[str] = []
        for _ in range(3):
            said += await asyncio.gather(*(reload(session) for _ in range(40)))
        deadline = time.monotonic() + 30
        while served.run.feed.viewers and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return said, (await first_pair(session, served.url))["number"]

    said, number = talk(work)
    assert len(said) == 120 and "in" in said and number >= 0


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 5000, b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\n",
    b"GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", b"A" * 70000 + b"\r\n\r\n",
    b"GET /" + b"%00" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
])
def test_garbage_on_the_port_harms_nobody(serve: Serve, garbage: bytes) -> None:
    served = serve()
    with socket.create_connection(("127.0.0.1", served.server.port)) as raw:
        try:
            raw.sendall(garbage)
            raw.settimeout(0.2)
            raw.recv(100)
        except (TimeoutError, ConnectionError):
            pass
        assert ask(served.url, "/api/state")[0] == 200


def test_frames_of_garbage_close_that_socket_alone(serve: Serve) -> None:
    served = serve()
    good = threading.Thread(target=lambda: talk(lambda session: first_pair(session, served.url)))
    good.start()
    raw = slow_reader(served.server.port)
    raw.sendall(b"\xff\xff\xff\xff" * 100)
    good.join(30)
    until(lambda: not served.run.feed.viewers)
    raw.close()
    assert header_of is not None and ask(served.url, "/api/state")[0] == 200
