"""The pages in a real browser: matched pictures, age, keys, faults."""

import time
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


def test_two_single_monitors_show_the_same_frame_at_the_same_time(serve: Serve, browser: Browser) -> None:
    served = serve()
    contexts = [browser.new_context(viewport={"width": 640, "height": 360}) for _ in range(2)]
    camera, aged = (context.new_page() for context in contexts)
    for one, name in ((camera, "camera"), (aged, "aged")):
        one.goto(f"{served.url}monitor/{name}")
        one.evaluate(
            """(name) => {
                window.seen = [];
                const time = () => document.querySelector(`#${name}-figure .time`).textContent;
                let last = "";
                const look = () => {
                    if (time() !== last) {
                        last = time();
                        window.seen.push([last, performance.timeOrigin + performance.now()]);
                    }
                    requestAnimationFrame(look);
                };
                look();
            }""",
            name,
        )
    time.sleep(3.0)
    shown = [dict(one.evaluate("window.seen")) for one in (camera, aged)]
    for context in contexts:
        context.close()
    common = set(shown[0]) & set(shown[1])
    assert len(common) > 12 and len(common) >= 0.6 * min(len(shown[0]), len(shown[1])), "a busy machine skips some"
    apart = sorted(abs(shown[0][timecode] - shown[1][timecode]) for timecode in common)
    assert apart[len(apart) // 2] < 34, f"median {apart[len(apart) // 2]} ms apart"


def test_the_age_control_acts_within_two_frames(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 3)
    for keys, age in ((["ArrowUp"], 36), (["Shift+ArrowUp"], 41), (["ArrowLeft"], 40), (["5", "2"], 52)):
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator("#aged-figure .label")).to_have_text(f"AT AGE {age}", timeout=2000)
        assert watch(page, 2)[-1]["age"] == age
    page.locator("#age-slider").fill("70")
    expect(page.locator("#aged-figure .label")).to_have_text("AT AGE 70", timeout=2000)
    page.locator("#age-number").fill("200")
    page.keyboard.press("Enter")
    expect(page.locator("#age-number")).to_have_value("90")
    page.locator("#younger").click()
    expect(page.locator("#aged-figure .label")).to_have_text("AT AGE 89", timeout=2000)
    changes = [(number, age) for number, age in served.reager.ages]
    assert changes[-1][1] == 89


def test_freeze_holds_both_pictures_and_costs_nothing(serve: Serve, page: Page) -> None:
    served = serve()
    page.goto(served.url)
    watch(page, 3)
    page.keyboard.press("Space")
    expect(page.locator("#freeze")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#camera-figure .note")).to_have_text("FROZEN")
    time.sleep(0.3)
    before = served.run.snapshot()
    held = watch_once(page)
    time.sleep(0.5)
    assert watch_once(page) == held and held["camera"] == held["aged"]
    assert served.run.snapshot()["totals"]["encoded"] == before["totals"]["encoded"]
    page.keyboard.press("Space")
    assert watch(page, 5)[-1]["camera"] > held["camera"]
    for _ in range(12):
        page.keyboard.press("Space")
        time.sleep(0.03)
    assert len(watch(page, 5)) == 5 and served.run.snapshot()["viewers"][0]["under_way"] <= 2


def watch_once(page: Page) -> dict[str, Any]:
    seen = watch(page, 1)[0]
    return {"camera": seen["camera"], "aged": seen["aged"]}


def test_wipe_lays_one_picture_over_the_other_and_follows_the_hand(serve: Serve, page: Page) -> None:
    page.goto(serve().url)
    watch(page, 3)
    page.keyboard.press("w")
    time.sleep(0.4)
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
    page.wait_for_function("() => document.fullscreenElement !== null", timeout=3000)
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null", timeout=3000)


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
    expect(page.locator("#camera-figure .over")).to_be_hidden(timeout=8000)
    assert len(watch(page, 5)) == 5


def test_a_page_reconnects_by_itself(page: Page) -> None:
    run = LiveRun(FakeSource(), FakeReager(), LiveSettings(log_every=0))
    with run:
        with MonitorServer(run, ServerSettings(port=0)) as server:
            port = server.port
            page.goto(server.url)
            watch(page, 3)
        expect(page.locator("#camera-figure .over")).to_contain_text("STOPPED")
        deadline = time.monotonic() + 5
        while True:
            try:
                server = MonitorServer(run, ServerSettings(port=port))
                break
            except PlayingAgeError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with server:
            expect(page.locator("#camera-figure .over")).to_be_hidden(timeout=8000)
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
    sockets[0].close(code=4000)
    expect(page.locator("#aged-figure .over")).to_contain_text("RECONNECTING", timeout=1000)
    expect(page.locator("#aged-figure .over")).to_be_hidden(timeout=5000)
    assert len(watch(page, 3)) == 3


def test_a_slow_browser_never_makes_the_delay_grow(serve: Serve, page: Page) -> None:
    served = serve(FakeSource(width=1280, height=720), window=2.0)
    page.goto(served.url)
    watch(page, 3)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.evaluate("""() => { const slow = () => { const end = performance.now() + 80;
        while (performance.now() < end); requestAnimationFrame(slow); }; slow(); }""")
    time.sleep(2.5)
    first = served.run.snapshot()
    time.sleep(2.5)
    second = served.run.snapshot()
    assert second["viewers"][0]["dropped"] > first["viewers"][0]["dropped"] + 10
    sent = second["delay"]["sent"]["p95_ms"]
    assert sent is not None and sent < 300, "a pair is fresh when it is sent, full socket included"
    shown = [snapshot["delay"]["shown"]["p50_ms"] for snapshot in (first, second)]
    assert shown[0] is not None and shown[1] is not None
    assert shown[1] < shown[0] * 1.5 + 200 and shown[1] < 1500, "a queue would be seconds long by now"
    assert second["fps"]["processed"] > 20, "the live path does not notice"


def test_a_browser_that_goes_away_leaves_its_place(serve: Serve, browser: Browser) -> None:
    served = serve(max_viewers=1)
    for _ in range(3):
        page = browser.new_page()
        page.goto(served.url)
        page.wait_for_function("() => document.getElementById('camera').width > 100", timeout=8000)
        page.context.close()
        deadline = time.monotonic() + 3
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
    expect(other.locator("#camera-figure .over")).to_be_hidden(timeout=10000)
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
    time.sleep(0.3)
    before = served.run.snapshot()["totals"]["encoded"]
    time.sleep(0.5)
    assert served.run.snapshot()["totals"]["encoded"] == before
    page.evaluate("""() => { delete document.hidden; document.dispatchEvent(new Event("visibilitychange")); }""")
    assert len(watch(page, 3)) == 3
