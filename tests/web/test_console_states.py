"""What the console shows: scenes, rights, faults, a server that starts again, roles, and every screen."""

import json
import re
import time
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from playingage.core import PlayingAgeError
from playingage.live import Granted
from playingage.web import MonitorServer, ServerSettings
from web.client import ask
from web.consoles import Build, card, now, visit
from web.set import ADA, BEN

TOKEN = "a token for the console's tests"


def test_scenes_are_found_by_number_and_by_words(build: Build, page: Page) -> None:
    on = build(scenes=120)
    visit(page, on)
    page.keyboard.press("/")
    expect(page.locator("#scenes-count")).to_have_text("120 scenes")
    page.keyboard.type("room 117")
    expect(page.locator("#scene-list li").first).to_contain_text("INT. ROOM 117 - NIGHT")
    page.keyboard.press("Enter")
    expect(page.locator("#scene")).to_have_text("117")
    expect(page.locator("#scenes")).to_be_hidden()
    page.locator("#scene-open").click()
    page.locator("#search").fill("5")
    expect(page.locator("#scene-list li b").first).to_have_text("5")
    page.get_by_role("button", name="Scene 5 shot C").click()
    expect(page.locator("#shot")).to_have_text("C")
    page.keyboard.press("/")
    page.keyboard.type("12X PICKUP")
    expect(page.locator("#scene-list li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#scene")).to_have_text("12X")
    expect(page.locator("#shot")).to_have_text("PICKUP")
    expect(page.locator("#heading")).to_have_text("NOT IN THE SCHEDULE")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#scenes")).to_be_hidden()


def test_rights_and_stops_are_told_in_words(build: Build, page: Page) -> None:
    none = replace(BEN, performer="eve", name="Eve Nought", start=None)
    on = build((ADA, BEN, none))
    visit(page, on)
    ada = card(page, "ada")
    expect(ada.locator(".grant")).to_have_text("GRANT IN FORCE UNTIL 2027-01-31")
    expect(ada.locator(".who")).to_contain_text("ada-3 · 512 px · 9f2c4e77a1")
    expect(ada.locator(".limits")).to_have_text("ages: grant 25–62, model 20–70")
    expect(card(page, "eve").locator(".grant")).to_have_text("NO AGE ASKED")
    on.direction.stop("ada", "GRANT REVOKED")
    expect(ada.locator(".grant")).to_have_text("GRANT REVOKED")
    expect(page.locator("#lines li").first).to_contain_text("Ada Lovelace: GRANT REVOKED")
    expect(page.locator('.chip[data-face="1"]')).to_contain_text("NO GRANT")
    on.direction.resume("ada", (Granted(sha256="3d" * 32, ages=(25, 38), until="2027-02-01T00:00:00+00:00"),))
    expect(ada.locator(".grant")).to_have_text("AGE NOT GRANTED")
    on.act("age", performer="ada", age=30)
    expect(ada.locator(".grant")).to_have_text("GRANT IN FORCE UNTIL 2027-02-01")


@pytest.mark.logs_errors
def test_camera_engine_and_disk_are_told(build: Build, page: Page) -> None:
    on = build()
    visit(page, on)
    cell = page.locator
    expect(cell('[data-name="camera"] b')).to_have_text("LIVE")
    expect(cell('[data-name="dropped"] span')).to_have_text(re.compile(r"nowhere|\d"))
    expect(cell('[data-name="recorder"] span')).to_have_text("96 min left on disk")
    on.source.unplugged.set()
    expect(cell("#banners")).to_contain_text("CAMERA LOST")
    expect(cell("#over")).to_contain_text("CAMERA LOST")
    on.source.unplugged.clear()
    expect(cell("#banners")).to_be_empty()
    expect(cell("#lines")).to_contain_text("CAMERA BACK")
    on.reager.fails = RuntimeError("device lost")
    expect(cell('[data-name="engine"]')).to_contain_text("device lost")
    expect(cell("#over")).to_contain_text("ENGINE FAILED")
    on.reager.fails = None
    expect(cell("#over")).to_be_hidden()
    on.recorder.told = {"state": "stopped", "words": "DISK FULL", "minutes_left": 0.0}
    expect(cell("#banners")).to_contain_text("NOT RECORDING: DISK FULL")
    expect(cell('[data-name="recorder"]')).to_have_attribute("data-bad", "")
    expect(cell("#lines")).to_contain_text("RECORDER DISK FULL")
    output = {"shows": "aged", "address": "udp://239.0.0.1:5000", "state": "lost", "words": "NOT TAKEN"}
    on.run.beside["outputs"] = lambda: [output, {**output, "shows": "clean", "state": "live", "words": ""}]
    expect(cell('[data-name="outputs"]')).to_contain_text("1 OF 2 NOT LIVE")
    expect(cell('[data-name="outputs"]')).to_contain_text("aged to udp://239.0.0.1:5000: NOT TAKEN")


def test_a_console_survives_a_server_that_starts_again(build: Build, page: Page) -> None:
    on = build(scenes=5)
    on.act("scene", scene="4")
    visit(page, on)
    port = on.server.port
    on.server.stop()
    expect(page.locator("#banners")).to_contain_text("THE SERVER HAS STOPPED")
    page.keyboard.press("n")
    expect(page.locator("#slate-said")).to_contain_text("NOT CONNECTED")
    on.act("age", performer="ada", age=50)
    deadline = time.monotonic() + 30
    while True:
        try:
            again = MonitorServer(on.run, ServerSettings(port=port))
            break
        except PlayingAgeError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with again:
        expect(page.locator("#banners")).to_be_empty()
        expect(now(page, "ada")).to_have_text("50")
        page.keyboard.press("n")
        expect(page.locator("#scene")).to_have_text("5")


def test_a_viewer_sees_all_and_may_do_nothing(build: Build, page: Page) -> None:
    on = build(scenes=3, strangers=1, token=TOKEN)
    status, _, body = ask(
        on.url(""), "/api/invitations", method="POST", json={"role": "viewer", "hours": 1, "name": "Director"},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert status == 201, body
    page.goto(json.loads(body)["address"])
    page.goto(on.url())
    expect(page.locator("#banners")).to_contain_text("LOOKING ONLY")
    expect(now(page, "ada")).to_have_text("26")
    expect(page.locator("#me")).to_contain_text("Director, viewer")
    for control in ("#roll", "#emergency", "#scene-next", ".card .switch-on", ".card .age-slider", ".card .age-number"):
        expect(page.locator(control).first).to_be_disabled()
    version = on.direction.state.version
    for key in ("e", "t", "n", "ArrowUp", "o"):
        page.keyboard.press(key)
    expect(page.locator("#roll-said")).to_contain_text("LOOKING ONLY")
    page.locator(".chip").first.click()
    expect(page.get_by_role("button", name="This is Ada Lovelace")).to_be_disabled()
    assert on.direction.state.version == version
    on.act("emergency", on=True)
    expect(page.locator("#banners")).to_contain_text("EMERGENCY")
    expect(page.locator("#lines li").first.locator("i")).to_have_text("somebody else")
    status, _, _ = ask(
        on.url(""), f"/api/invitations/{json.loads(body)['id']}", method="DELETE",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert status == 200
    expect(page.locator("#banners")).to_contain_text("invitation")


def test_everybody_has_one_age_where_nobody_is_told_apart(build: Build, page: Page) -> None:
    on = build((), strangers=1)
    visit(page, on)
    expect(page.locator(".card")).to_contain_text("Everybody")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".card .now")).to_have_text("36")
    expect(page.locator("#heading")).to_contain_text("NO SCHEDULE")
    assert on.direction.age == 36


def test_the_keys_are_told(build: Build, page: Page) -> None:
    visit(page, build())
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("clean picture on every monitor")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    assert [link.get_attribute("href") for link in page.locator("nav a:visible").all()] == [
        "/playback", "/mirror", "/", "/access",
    ]


SCREENS = {
    "laptop": (1440, 900, False), "small laptop": (1366, 768, False), "tablet": (1024, 768, True),
    "upright": (768, 1024, True), "phone": (390, 844, True), "phone on its side": (844, 390, True),
    "desktop": (1920, 1080, False),
}
MEASURE = """() => {
  const seen = [...document.querySelectorAll("button, input, a")].filter((each) => each.checkVisibility());
  const named = (each) => each.getAttribute("aria-label") || each.textContent.trim() || each.closest("label");
  const target = (each) => (each.closest("label") ?? each).getBoundingClientRect();
  const side = (each) => Math.min(target(each).width, target(each).height);
  const small = seen.filter((each) => !each.closest("#boxes") && side(each) < 43.5);
  const name = (each) => each.id || each.className || each.textContent;
  const top = ["#take-next", "#roll", "#emergency"].map((each) => document.querySelector(each).getBoundingClientRect());
  const bar = [...document.querySelectorAll("#mark input, #mark button, #me, nav a, nav button")]
    .filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const people = document.getElementById("people");
  const fixed = ["#roll", "#emergency", ".card"].map((each) => document.querySelector(each).getBoundingClientRect());
  return {
    wide: document.documentElement.scrollWidth - innerWidth, bare: seen.filter((each) => !named(each)).map(name),
    small: small.map(name),
    hidden: people.scrollHeight - people.clientHeight, bottoms: fixed.map(({ bottom }) => bottom), height: innerHeight,
    outside: seen.filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map(name),
    overlaps: [top, bar].some((row) => row.some((box, i) => row.some((next, n) => n > i && meet(box, next)))),
  };
}"""


@pytest.mark.parametrize("screen", SCREENS)
def test_four_performers_on_every_screen(build: Build, browser: Browser, screen: str) -> None:
    long = "Maria-Magdalena Featherstonehaugh-Cholmondeley"
    on = build((ADA, BEN, replace(ADA, performer="cara", name=long, model="the-third-model-of-a-long-name"),
                replace(BEN, performer="dan", name="Dan Okafor")), scenes=120)
    on.act("age", performer="ada", age=50)
    width, height, touch = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, has_touch=touch)
    visit(page, on)
    for state in ("calm", "emergency"):
        if state == "emergency":
            on.act("emergency", on=True)
            expect(page.locator("#banners")).to_contain_text("EMERGENCY")
        page.wait_for_timeout(200)
        seen = page.evaluate(MEASURE)
        assert seen["wide"] <= 0 and not seen["outside"] and not seen["overlaps"], (state, seen)
        assert not seen["bare"], "every control has a name"
        assert not seen["small"], "every target is at least 44 pixels"
        assert seen["bottoms"][0] <= seen["height"] and seen["bottoms"][1] <= seen["height"]
        assert screen not in ("laptop", "desktop") or seen["hidden"] <= 0, "four performers without scrolling"
    page.context.close()
