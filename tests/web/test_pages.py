"""The pages in a real browser: matched pictures, age, keys, faults."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from live.fakes import FakeFace, FakeReager, FakeSource
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from playingage.core import PlayingAgeError
from playingage.live import LiveRun, LiveSettings
from playingage.web import MonitorServer, ServerSettings
from web.browser import watch
from web.conftest import Serve


def ages_changed_while(page: Page, wanted: int) -> list[dict[str, Any]]:
    page.evaluate("""() => { let age = 20; window.turning = setInterval(() => {
        age = age >= 88 ? 20 : age + 3;
        const headers = { "Content-Type": "application/json" };
        fetch("/api/age", { method: "POST", headers, body: JSON.stringify({ age }) });
    }, 90); }""")
    seen = watch(page, wanted)
    page.evaluate("clearInterval(window.turning)")
    return seen


def test_both_pictures_always_show_the_same_frame_while_the_age_changes(serve: Serve, page: Page) -> None:
    page.goto(serve().url)
    seen = ages_changed_while(page, 60)
    assert len(seen) == 60
    assert [pair["camera"] for pair in seen] == [pair["aged"] for pair in seen]
    numbers = [pair["camera"] for pair in seen]
    assert numbers == sorted(numbers), "time never runs backwards"
    assert len({pair["age"] for pair in seen}) > 10
    for pair in seen:
        assert pair["label"] == f"AT AGE {pair['age']:g}", "the label speaks of the very frame shown"


RECORD_TIMES = """(name) => {
  window.seen = []; window.paused = [];
  const time = () => document.querySelector(`#${name}-figure .time`).textContent;
  let last = time(), before = performance.now();
  const look = () => {
    const now = performance.now();
    if (now - before > 25) window.paused.push([performance.timeOrigin + before, performance.timeOrigin + now]);
    before = now;
    if (time() !== last) window.seen.push([last = time(), performance.timeOrigin + now]);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
"""Keeps when each timecode was first seen, and when the machine let the page wait for more than a picture of it."""


def test_two_single_monitors_show_the_same_frame_at_the_same_time(serve: Serve, browser: Browser) -> None:
    served = serve()
    contexts = [browser.new_context(viewport={"width": 640, "height": 360}) for _ in range(2)]
    monitors = [context.new_page() for context in contexts]
    for one, name in zip(monitors, ("camera", "aged"), strict=True):
        one.goto(f"{served.url}monitor/{name}")
        one.wait_for_function(f"() => document.querySelector('#{name}-figure .time').textContent !== ''")
        one.evaluate(RECORD_TIMES, name)
    deadline = time.monotonic() + 60
    while len(apart := sorted(times_apart(monitors))) < 15:
        assert time.monotonic() < deadline, f"the same frames are not on both: {len(apart)}"
        monitors[0].wait_for_timeout(200)
    for context in contexts:
        context.close()
    assert apart[len(apart) // 2] < 34, f"median {apart[len(apart) // 2]} ms apart"


def times_apart(monitors: list[Page]) -> list[float]:
    """Of frames that both showed, ms between the two, but for those near which a page had to wait for the machine."""
    shown, paused = zip(*(one.evaluate("[window.seen, window.paused]") for one in monitors), strict=True)
    (first, second), pauses = map(dict, shown), [pause for one in paused for pause in one]

    def calm(at: float) -> bool:
        return not any(begun - 60 < at < ended + 60 for begun, ended in pauses)

    return [abs(first[code] - second[code]) for code in first.keys() & second.keys()
            if calm(first[code]) and calm(second[code])]


def test_the_age_control_acts_within_two_frames(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 3)
    for keys, age in ((["ArrowUp"], 36), (["Shift+ArrowUp"], 41), (["ArrowLeft"], 40), (["5", "2"], 52)):
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator("#aged-figure .label")).to_have_text(f"AT AGE {age}")
        assert watch(page, 2)[-1]["age"] == age
    page.locator("#age-slider").fill("70")
    expect(page.locator("#aged-figure .label")).to_have_text("AT AGE 70")
    page.locator("#age-number").fill("200")
    page.keyboard.press("Enter")
    expect(page.locator("#age-number")).to_have_value("90")
    page.locator("#younger").click()
    expect(page.locator("#aged-figure .label")).to_have_text("AT AGE 89")
    changes = [(number, age) for number, age in served.reager.ages]
    assert changes[-1][1] == 89


def test_freeze_holds_both_pictures_and_costs_nothing(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 3)
    page.keyboard.press("Space")
    expect(page.locator("#freeze")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#camera-figure .note")).to_have_text("FROZEN")
    stands_still(lambda: (watch_once(page), served.run.snapshot()["totals"]["encoded"]))
    held = watch_once(page)
    assert held["camera"] == held["aged"]
    page.keyboard.press("Space")
    assert watch(page, 5)[-1]["camera"] > held["camera"]
    for _ in range(12):
        page.keyboard.press("Space")
        time.sleep(0.03)
    assert len(watch(page, 5)) == 5 and served.run.snapshot()["viewers"][0]["under_way"] <= 2


def stands_still(look: Callable[[], object], seconds: float = 0.5) -> None:
    """What is seen comes to rest, and stays as it is for so long."""
    deadline = time.monotonic() + 15
    last, since = look(), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, f"it goes on: {last}"
        time.sleep(0.05)
        if (now := look()) != last:
            last, since = now, time.monotonic()


def watch_once(page: Page) -> dict[str, Any]:
    seen = watch(page, 1)[0]
    return {"camera": seen["camera"], "aged": seen["aged"]}


def test_wipe_lays_one_picture_over_the_other_and_follows_the_hand(serve: Serve, page: Page) -> None:
    page.goto(serve().url)
    watch(page, 3)
    page.keyboard.press("w")
    page.wait_for_function("""() => { const [one, other] = ["camera", "aged"].map((id) =>
        JSON.stringify(document.getElementById(id).getBoundingClientRect())); return one === other; }""")
    camera, aged = page.locator("#camera").bounding_box(), page.locator("#aged").bounding_box()
    assert camera is not None and camera == aged and camera["width"] > 800
    middle = camera["y"] + camera["height"] / 2
    page.mouse.move(camera["x"] + camera["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(camera["x"] + camera["width"] * 0.25, middle, steps=4)
    page.mouse.up()
    clip = page.evaluate("getComputedStyle(document.querySelector('.aged .picture')).clipPath")
    assert clip == "inset(0px 0px 0px 25%)"
    seen = watch(page, 5)
    assert all(pair["camera"] == pair["aged"] for pair in seen)
    page.keyboard.press("w")
    assert page.locator("#camera").bounding_box() != page.locator("#aged").bounding_box()


def test_full_screen_by_key(serve: Serve, page: Page) -> None:
    page.goto(serve().url)
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")


def test_no_face_and_a_fading_one_are_said(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    label = page.locator("#aged-figure .label")
    expect(label).to_have_text("AT AGE 35")
    served.reager.faces = (FakeFace(strength=0.4),)
    expect(label).to_have_text("FACE FADING")
    served.reager.faces = ()
    expect(label).to_have_text("NO FACE")
    seen = watch(page, 4)
    assert all(pair["label"] == "NO FACE" and pair["camera"] == pair["aged"] for pair in seen)


@pytest.mark.logs_errors
def test_a_failing_engine_is_said_on_the_aged_monitor_only(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 5)
    served.reager.fails = RuntimeError("device lost")
    over = page.locator("#aged-figure .over")
    expect(over).to_contain_text("ENGINE FAILED")
    expect(over).to_contain_text("device lost")
    expect(over).to_contain_text("HELD FROM 00:00:0")
    expect(page.locator("#camera-figure .over")).to_be_hidden()
    seen = watch(page, 5)
    assert len({pair["camera"] for pair in seen}) == 5 and len({pair["aged"] for pair in seen}) == 1
    assert {pair["age"] for pair in seen} == {35}, "what is held is an aged picture"
    served.reager.fails = None
    expect(over).to_be_hidden()


def test_a_lost_camera_is_said_on_both_and_comes_back(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 3)
    served.source.unplugged.set()
    for name in ("camera", "aged"):
        expect(page.locator(f"#{name}-figure .over")).to_contain_text("CAMERA LOST")
        expect(page.locator(f"#{name}-figure .over")).to_contain_text("SINCE ")
    served.source.unplugged.clear()
    expect(page.locator("#camera-figure .over")).to_be_hidden()
    assert len(watch(page, 5)) == 5


def test_a_page_reconnects_by_itself(page: Page) -> None:
    run = LiveRun(FakeSource(), FakeReager(), LiveSettings(log_every=0))
    with run:
        with MonitorServer(run, ServerSettings(port=0)) as server:
            port = server.port
            page.goto(server.url)
            watch(page, 3)
        expect(page.locator("#camera-figure .over")).to_contain_text("STOPPED")
        deadline = time.monotonic() + 15
        while True:
            try:
                server = MonitorServer(run, ServerSettings(port=port))
                break
            except PlayingAgeError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with server:
            expect(page.locator("#camera-figure .over")).to_be_hidden()
            seen = watch(page, 5)
            assert all(pair["camera"] == pair["aged"] for pair in seen)


def test_a_cut_line_is_said_and_mended(serve: Serve, page: Page) -> None:
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/socket", through)
    page.goto(serve().url)
    watch(page, 3)
    page.evaluate("""() => { window.said = []; const words = document.querySelector("#aged-figure .over strong");
        new MutationObserver(() => window.said.push(words.textContent)).observe(words, { childList: true }); }""")
    sockets[0].close(code=4000)
    page.wait_for_function("() => window.said.includes('RECONNECTING')")
    expect(page.locator("#aged-figure .over")).to_be_hidden()
    assert len(watch(page, 3)) == 3


def test_a_slow_browser_never_makes_the_delay_grow(serve: Serve, page: Page) -> None:
    served = serve(FakeSource(width=1280, height=720), window=2.0)
    page.goto(served.url)
    watch(page, 3)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.evaluate("""() => { const slow = () => { const end = performance.now() + 80;
        while (performance.now() < end); requestAnimationFrame(slow); }; slow(); }""")
    time.sleep(2)
    first = served.run.snapshot()
    time.sleep(2)
    second = served.run.snapshot()
    sent = second["delay"]["sent"]["p95_ms"]
    assert sent is not None and sent < 1000, "a pair is fresh when it is sent, full socket included"
    shown = [snapshot["delay"]["shown"]["p50_ms"] for snapshot in (first, second)]
    assert shown[0] is not None and shown[1] is not None
    assert shown[1] < shown[0] * 1.5 + 500 and shown[1] < 2000, "a queue would be seconds long by now"
    made, told = (second["totals"][each] - first["totals"][each] for each in ("processed", "sent"))
    assert second["viewers"][0]["dropped"] > first["viewers"][0]["dropped"] and made > 2 * told, "nothing waits for it"


def test_a_browser_that_goes_away_leaves_its_place(serve: Serve, browser: Browser) -> None:
    served = serve(max_viewers=1)
    for _ in range(3):
        page = browser.new_page()
        page.goto(served.url)
        page.wait_for_function("() => document.getElementById('camera').width > 100")
        page.context.close()
        deadline = time.monotonic() + 15
        while served.run.feed.viewers and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not served.run.feed.viewers


def test_a_page_beyond_the_last_place_says_so(serve: Serve, browser: Browser, page: Page) -> None:
    served = serve(max_viewers=1)
    page.goto(served.url)
    watch(page, 2)
    other = browser.new_page()
    other.goto(served.url)
    expect(other.locator("#camera-figure .over")).to_contain_text("NO PLACE")
    page.goto("about:blank")
    expect(other.locator("#camera-figure .over")).to_be_hidden()
    other.context.close()


def test_the_token_opens_the_page_and_leaves_the_address(serve: Serve, page: Page) -> None:
    served = serve(server=ServerSettings(host="0.0.0.0", port=0))
    base = f"http://127.0.0.1:{served.server.port}/"
    answer = page.goto(base)
    assert answer is not None and answer.status == 401 and "?token=" in page.content()
    page.goto(f"{base}?token={served.server.settings.token}")
    assert page.url == base and page.evaluate("document.cookie") == ""
    assert len(watch(page, 3)) == 3


def test_a_hidden_page_costs_nothing(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 3)
    page.evaluate("""() => { Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange")); }""")
    stands_still(lambda: served.run.snapshot()["totals"]["encoded"])
    page.evaluate("""() => { delete document.hidden; document.dispatchEvent(new Event("visibilitychange")); }""")
    assert len(watch(page, 3)) == 3
