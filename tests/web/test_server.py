"""The server without a browser: pages, API, socket, refusals, bounds."""

import asyncio
import json
import socket
import threading
import time
from typing import Any

import aiohttp
import pytest
import simplejpeg  # type: ignore[import-untyped]
from live.fakes import FakeReager, FakeSource

from playingage.core import PlayingAgeError
from playingage.live import LiveRun, LiveSettings
from playingage.media import open_source, read_number
from playingage.web import MonitorServer, ServerSettings, run_live
from web.client import ask, header_of, next_pair, talk
from web.conftest import Serve

TOKEN = "a-token-of-some-length"
WANT = {"type": "want", "pictures": "both", "short_side": 300, "linked": False}


def test_pages_and_their_files_are_served_with_strict_headers(serve: Serve) -> None:
    url = serve().url
    for path, kind in (
        ("/", "text/html"), ("/monitor/camera", "text/html"), ("/monitor/aged", "text/html"),
        ("/pages/main.js", "text/javascript"), ("/pages/monitor.css", "text/css"), ("/pages/icon.svg", "image/svg+xml"),
        ("/pages/../server.py", ""), ("/pages/monitor.html", ""), ("/nothing", ""),
    ):  # fmt: skip
        status, headers, body = ask(url, path)
        assert status == (200 if kind else 404) and len(body) > 0, path
        assert headers["Content-Type"].startswith(kind or "text/plain")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    assert b'data-pictures="aged"' in ask(url, "/monitor/aged")[2]


def test_the_age_is_set_and_checked(serve: Serve) -> None:
    served = serve()
    url = served.url
    status, _, body = ask(url, "/api/age", method="POST", json={"age": 60})
    assert status == 200 and json.loads(body)["age"] == 60 and served.run.age == 60
    wrong: list[tuple[int, dict[str, Any]]] = [
        (422, {"json": {"age": 17}}), (422, {"json": {"age": "60"}}), (422, {"json": {"age": True}}),
        (400, {"json": {"age": 60, "x": 1}}), (400, {"json": [60]}),
        (400, {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b"\xff\xfe\xff", "headers": {"Content-Type": "application/json"}}),
        (413, {"data": b" " * 5000, "headers": {"Content-Type": "application/json"}}),
        (415, {"data": b'{"age": 20}', "headers": {"Content-Type": "text/plain"}}),
        (403, {"json": {"age": 20}, "headers": {"Origin": "http://evil.example"}}),
        (403, {"json": {"age": 20}, "headers": {"Host": "evil.example"}}),
    ]  # fmt: skip
    for expected, request in wrong:
        status, _, body = ask(url, "/api/age", method="POST", **request)
        assert (status, served.run.age) == (expected, 60), (request, body)
    assert ask(url, "/api/age")[0] == 405


def test_the_state_is_told(serve: Serve) -> None:
    served = serve()
    time.sleep(0.3)
    state = json.loads(ask(served.url, "/api/state")[2])
    assert state["state"]["source"]["state"] == "live" and state["state"]["age"] == 35
    assert set(state["dropped"]) == {"source", "capture", "engine", "encoder", "viewer"}


def test_off_loopback_the_token_is_asked_and_kept_in_a_cookie(serve: Serve) -> None:
    served = serve(server=ServerSettings(host="0.0.0.0", port=0, token=TOKEN))
    base = f"http://127.0.0.1:{served.server.port}"
    for path in ("/", "/api/state", "/socket", "/pages/main.js", f"/?token={TOKEN}x"):
        assert ask(base, path)[0] == 401, path
    assert ask(base, "/api/age", method="POST", json={"age": 60})[0] == 401
    status, headers, _ = ask(base, f"/monitor/aged?token={TOKEN}")
    assert status == 303 and headers["Location"] == "/monitor/aged"
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    name, value = cookie.split(";")[0].split("=", 1)
    assert ask(base, "/", cookies={name: value})[0] == 200
    assert ask(base, "/api/state", headers={"Authorization": f"Bearer {TOKEN}"})[0] == 200
    assert served.url.endswith(f"/?token={TOKEN}")


def test_a_taken_port_is_a_clear_error(serve: Serve) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PlayingAgeError, match=f"port {port} on 127.0.0.1 is taken") as caught:
            run_live(FakeSource(), FakeReager(), LiveSettings(log_every=0), ServerSettings(port=port))
        assert "another port" in caught.value.do
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("playingage")]


def test_too_many_viewers_are_refused_politely(serve: Serve) -> None:
    url = serve(max_viewers=1).url

    async def work(session: aiohttp.ClientSession) -> tuple[Any, int | None]:
        async with session.ws_connect(url + "socket") as first:
            await first.receive(20)
            async with session.ws_connect(url + "socket") as second:
                said = json.loads((await second.receive(20)).data)
                await second.receive(20)
                return said, second.close_code

    said, code = talk(work)
    assert said == {"type": "full", "words": "all 1 places for viewers are taken"} and code == 1013


@pytest.mark.parametrize("nonsense", ["{", '{"type":"shown"}', "x" * 3000, b"binary"])
def test_nonsense_closes_only_that_socket(serve: Serve, nonsense: str | bytes) -> None:
    served = serve()

    async def work(session: aiohttp.ClientSession) -> int:
        async with (
            session.ws_connect(served.url + "socket") as good,
            session.ws_connect(served.url + "socket") as bad,
        ):
            await good.send_json(WANT)
            await (bad.send_str(nonsense) if isinstance(nonsense, str) else bad.send_bytes(nonsense))
            while not bad.closed:
                await bad.receive(20)
            return int((await next_pair(good))["number"])

    assert talk(work) >= 0
    deadline = time.monotonic() + 30
    while served.run.feed.viewers and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not served.run.feed.viewers


def test_an_origin_of_another_site_gets_no_socket(serve: Serve) -> None:
    url = serve().url

    async def work(session: aiohttp.ClientSession) -> int:
        try:
            await session.ws_connect(url + "socket", headers={"Origin": "http://evil.example"})
        except aiohttp.WSServerHandshakeError as error:
            return error.status
        return 0

    assert talk(work) == 403


def test_without_acknowledgement_two_pairs_come_and_no_more(serve: Serve) -> None:
    served = serve(FakeSource(rate=60))

    async def work(session: aiohttp.ClientSession) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        async with session.ws_connect(served.url + "socket") as viewer:
            await viewer.send_json(WANT)
            first = [await next_pair(viewer), await next_pair(viewer)]
            with pytest.raises((asyncio.TimeoutError, AssertionError)):
                await next_pair(viewer, 0.35)
            await viewer.send_json(
                {
                    "type": "shown",
                    "serial": first[0]["serial"],
                    "came": 0,
                    "ready": 0,
                    "at": time.monotonic(),
                    "error": 0,
                }
            )
            return first, await next_pair(viewer)

    # The state comes every second, so a quiet socket is one on which only text came.
    first, late = talk(work)
    assert [late["number"] - pair["number"] > 10 for pair in first] == [True, True]
    assert late["sent"] - late["captured"] < 0.6 and late["dropped"] > 5


def test_a_slow_viewer_gets_fresh_pairs_and_its_drops_are_counted(serve: Serve) -> None:
    served = serve(FakeSource(rate=50))

    async def work(session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        got = []
        async with session.ws_connect(served.url + "socket") as viewer:
            await viewer.send_json(WANT)
            for _ in range(15):
                got.append(await next_pair(viewer))
                await asyncio.sleep(0.1)
                await viewer.send_json({"type": "skipped", "serial": got[-1]["serial"]})
        return got

    got = talk(work)
    ages = [pair["sent"] - pair["captured"] for pair in got]
    assert sorted(ages)[len(ages) // 2] < 0.2, "what is sent is a few frames old at most, however slow the viewer"
    assert max(ages[5:]) < 0.3
    assert got[-1]["number"] - got[0]["number"] > 50 and got[-1]["dropped"] > 30


def test_the_age_in_the_header_changes_within_two_frames(serve: Serve) -> None:
    served = serve()

    async def work(session: aiohttp.ClientSession) -> tuple[int, list[dict[str, Any]]]:
        got = []
        async with session.ws_connect(served.url + "socket") as viewer:
            await viewer.send_json(WANT)
            after = 0
            for turn in range(20):
                pair = await next_pair(viewer)
                got.append(pair)
                await viewer.send_json({"type": "skipped", "serial": pair["serial"]})
                if turn == 8:
                    answer = await session.post(served.url + "api/age", json={"age": 71})
                    after = (await answer.json())["after_frame"]
        return after, got

    after, got = talk(work)
    assert {pair["age"] for pair in got if pair["number"] >= after + 2} == {71.0}
    assert {pair["words"] for pair in got} == {"AT AGE 35", "AT AGE 71"}


def test_the_real_pattern_carries_the_same_number_in_both_pictures(serve: Serve) -> None:
    with open_source("pattern:640x360@24", realtime=True) as source:
        served = serve(source)

        async def work(session: aiohttp.ClientSession) -> list[bytes]:
            got: list[bytes] = []
            async with session.ws_connect(served.url + "socket") as viewer:
                await viewer.send_json(WANT)
                while len(got) < 8:
                    message = await viewer.receive(20)
                    if message.type is aiohttp.WSMsgType.BINARY:
                        got.append(message.data)
                        await viewer.send_json({"type": "skipped", "serial": header_of(message.data)["serial"]})
            return got

        for message in talk(work):
            header = header_of(message)
            first, second = (entry["bytes"] for entry in header["pictures"])
            parts = (message[-second - first : -second], message[-second:])
            numbers = [read_number(simplejpeg.decode_jpeg(part)) for part in parts]
            assert numbers == [header["number"]] * 2
        served.run.stop()


def test_run_live_ends_with_its_source_and_leaves_no_thread() -> None:
    opened: list[str] = []
    last = run_live(
        FakeSource(rate=100, frames=20), FakeReager(), LiveSettings(log_every=0), ServerSettings(port=0),
        opened=opened.append,
    )  # fmt: skip
    assert opened[0].startswith("http://127.0.0.1:") and last["totals"]["captured"] == 20
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("playingage")]


def test_run_live_stops_when_told_and_needs_no_pages() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    assert run_live(FakeSource(), FakeReager(), LiveSettings(log_every=0), stop=stop)["totals"]["processed"] > 2


def test_a_server_that_stops_hears_every_page_out(serve: Serve) -> None:
    served = serve()

    async def work(session: aiohttp.ClientSession) -> list[int]:
        async def page() -> int:
            async with session.ws_connect(served.url + "socket", autoclose=False) as line:
                await line.send_json(WANT)
                await next_pair(line)
                there.release()
                while (message := await line.receive(10)).type is not aiohttp.WSMsgType.CLOSE:
                    pass
                await asyncio.sleep(0.2)
                await line.send_json({"type": "ping", "at": 0.0})  # was on its way when the goodbye came
                assert not line.closed
            return int(message.data)

        there = threading.Semaphore(0)
        pages = [asyncio.create_task(page()) for _ in range(3)]
        await asyncio.gather(*(asyncio.to_thread(there.acquire) for _ in pages))
        began = time.monotonic()
        await asyncio.to_thread(served.server.stop)
        assert time.monotonic() - began >= 0.2, "nobody's line is closed before the page has answered"
        return await asyncio.gather(*pages)

    assert talk(work) == [1001] * 3


def test_a_server_never_started_gives_its_port_back() -> None:
    run = LiveRun(FakeSource(), FakeReager())
    server = MonitorServer(run, ServerSettings(port=0))
    server.stop()
    MonitorServer(run, ServerSettings(port=server.port)).stop()
