"""WHIP to a browser: Chromium takes the pictures by WebRTC, and tells what it sees."""

import asyncio
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from aiohttp import web
from playwright.sync_api import Browser

from media.clips import LEVELS, picture
from media.receiver import free_port
from playingage.core import SettingError, UnwritableError
from playingage.media.output import Line, OutputFormat, check_output, output_line
from playingage.media.output_address import OutputAddress

WIDTH, HEIGHT, RATE = 320, 180, Fraction(24)
TOKEN = "c0ffee-token"
ANSWER = """
async (offer) => {
  window.peer = new RTCPeerConnection();
  peer.ontrack = (event) => { document.querySelector("video").srcObject = new MediaStream([event.track]); };
  await peer.setRemoteDescription({ type: "offer", sdp: offer });
  await peer.setLocalDescription(await peer.createAnswer());
  if (peer.iceGatheringState !== "complete") {
    await new Promise((done) => {
      peer.onicegatheringstatechange = () => { if (peer.iceGatheringState === "complete") done(); };
    });
  }
  return peer.localDescription.sdp;
}
"""
LOOK = """
() => {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [320, 180];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
  const quality = video.getVideoPlaybackQuality();
  return {
    size: [video.videoWidth, video.videoHeight], frames: quality.totalVideoFrames,
    colours: [at(80, 45), at(240, 45), at(80, 135)],
  };
}
"""


class Server:
    """A WHIP server: hands the offer to the test, and the test's answer back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.offers: list[tuple[str, str, str]] = []
        self.answer = ""
        self.left = threading.Event()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def _run(self, ready: threading.Event) -> None:
        application = web.Application()
        application.router.add_post("/whip/{name}", self._offer)
        application.router.add_delete("/session/1", self._leave)
        application.router.add_get("/", self._page)
        runner = web.AppRunner(application, access_log=None)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", self.port).start())
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text="<video autoplay muted playsinline></video>", content_type="text/html")

    async def _offer(self, request: web.Request) -> web.Response:
        if request.match_info["name"] == "closed":
            return web.Response(status=403)
        self.offers.append((request.headers.get("Authorization", ""), request.content_type, await request.text()))
        while not self.answer:
            await asyncio.sleep(0.02)
        return web.Response(
            status=201, text=self.answer, content_type="application/sdp", headers={"Location": "/session/1"}
        )

    async def _leave(self, request: web.Request) -> web.Response:
        self.left.set()
        return web.Response()


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("aiortc", reason="aiortc is not installed: pip install 'playingage[whip]'")
    found = Server()
    yield found
    found.stop()


def line_to(address: str, timeout_s: float = 8.0) -> Line:
    form = OutputFormat(width=WIDTH, height=HEIGHT, rate=RATE, bit_rate=2_000_000)
    parsed = OutputAddress.parse(address)
    check_output(parsed, form)
    return output_line(parsed, form, timeout_s=timeout_s)


def test_a_browser_takes_the_pictures(server: Server, browser: Browser) -> None:
    line, stop, errors = line_to(f"whip+http://:{TOKEN}@127.0.0.1:{server.port}/whip/stage"), threading.Event(), []

    def send() -> None:
        try:
            line.connect()
            for tick in range(2000):
                line.send(np.round(picture(tick, WIDTH, HEIGHT) * 255).astype(np.uint8), tick)
                if stop.wait(1 / 24):
                    break
        except UnwritableError as error:
            errors.append(error)
        finally:
            line.close()

    thread = threading.Thread(target=send)
    page = browser.new_page()
    try:
        page.goto(f"http://127.0.0.1:{server.port}/")
        thread.start()
        until = time.monotonic() + 30
        while not server.offers and time.monotonic() < until:
            time.sleep(0.05)
        authorization, kind, offer = server.offers[0]
        assert authorization == f"Bearer {TOKEN}" and kind == "application/sdp" and "H264" in offer
        server.answer = page.evaluate(ANSWER, offer)
        seen = page.evaluate(LOOK)
        while seen["frames"] < 48 and time.monotonic() < until and not errors:
            time.sleep(0.25)
            seen = page.evaluate(LOOK)
        before, begun = seen["frames"], time.monotonic()
        time.sleep(2)
        rate = (page.evaluate(LOOK)["frames"] - before) / (time.monotonic() - begun)
    finally:
        stop.set()
        thread.join(20)
        page.close()
    assert not errors
    assert seen["size"] == [WIDTH, HEIGHT] and seen["frames"] >= 48
    assert np.abs(np.array(seen["colours"]) / 255 - np.array(LEVELS[:3])).max() < 0.05  # the browser's own conversion
    assert rate > 5  # 24 where nothing else runs
    assert server.left.wait(30)  # the session was ended at the server


def test_a_server_that_refuses_or_is_not_there_is_said_without_the_token(server: Server) -> None:
    for address, what in ((f"http://:{TOKEN}@127.0.0.1:{server.port}/whip/closed", "answers 403"),
                          (f"http://:{TOKEN}@127.0.0.1:{free_port()}/whip/secret", "onnect")):
        line = line_to(f"whip+{address}", 60)
        try:
            with pytest.raises(UnwritableError) as refused:
                line.connect()
        finally:
            line.close()
        assert what in refused.value.what
        assert TOKEN not in refused.value.diagnostics() and "secret" not in refused.value.diagnostics()


def test_without_aiortc_whip_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingError) as refused:
        line_to("whip+https://a.example/x")
    assert "aiortc" in refused.value.what and "playingage[whip]" in refused.value.do
