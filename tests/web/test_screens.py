"""Every screen: nothing overflows, nothing overlaps, touch targets are large enough, nothing jumps."""

import time
from typing import Any

import pytest
from live.fakes import FakeFace, FakeSource
from playwright.sync_api import Browser, expect

from web.browser import watch
from web.conftest import Serve

SCREENS = {
    "phone": (390, 844, 2, True), "small phone": (320, 568, 1, True), "phone on its side": (844, 390, 1, True),
    "tablet": (820, 1180, 1, True), "tablet on its side": (1180, 820, 1, True), "laptop": (1366, 768, 1, False),
    "desktop": (1920, 1080, 1, False), "wide": (2560, 1080, 1, False),
}  # fmt: skip

MEASURE = """() => {
  const box = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y, width, height, name: element.id || element.className || element.tagName };
  };
  const all = (which) => [...document.querySelectorAll(which)].filter((element) => element.checkVisibility());
  const visible = all("canvas, figcaption, #bar *");
  const cut = (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
  return {
    width: innerWidth, height: innerHeight,
    scroll: [document.documentElement.scrollWidth, document.body.scrollHeight],
    boxes: visible.map(box), buttons: all("button").map(box), figures: all("figure").map(box),
    cut: visible.filter((element) => cut(element) && element.tagName !== "INPUT").map((element) => element.id),
    bar: box(document.getElementById("bar")),
  };
}"""


def check_inside(seen: dict[str, Any]) -> None:
    assert seen["scroll"][0] <= seen["width"] and seen["scroll"][1] <= seen["height"]
    assert not seen["cut"]
    for box in seen["boxes"]:
        assert box["x"] >= -0.5 and box["x"] + box["width"] <= seen["width"] + 0.5, box
        assert box["y"] >= -0.5 and box["y"] + box["height"] <= seen["height"] + 0.5, box
    for button in seen["buttons"]:
        assert button["width"] >= 44 and button["height"] >= 44, button


@pytest.mark.parametrize("upright", [False, True], ids=["landscape picture", "upright picture"])
def test_all_screens_without_overflow(serve: Serve, browser: Browser, upright: bool) -> None:
    served = serve(FakeSource(width=360, height=640) if upright else FakeSource())
    for name in ("small phone", "tablet", "desktop") if upright else SCREENS:
        width, height, scale, touch = SCREENS[name]
        context = browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=scale, has_touch=touch
        )
        page = context.new_page()
        page.goto(served.url)
        watch(page, 2)
        for mode in ("pair", "wipe"):
            if mode == "wipe":
                page.locator("#wipe").tap() if touch else page.locator("#wipe").click()
                time.sleep(0.1)
            seen = page.evaluate(MEASURE)
            check_inside(seen)
            pictures = [box for box in seen["boxes"] if box["name"] in ("camera", "aged")]
            assert len(pictures) == 2
            for picture in pictures:
                aspect = picture["width"] / picture["height"]
                assert abs(aspect - (9 / 16 if upright else 16 / 9)) < 0.02, name
            assert all(figure["y"] + figure["height"] <= seen["bar"]["y"] + 0.5 for figure in seen["figures"]), name
        page.goto(served.url + "monitor/aged")
        page.wait_for_function("() => document.getElementById('aged').width > 100")
        seen = page.evaluate(MEASURE)
        check_inside(seen)
        picture = next(box for box in seen["boxes"] if box["name"] == "aged")
        fills = abs(picture["width"] - width) < 1 or abs(picture["height"] - height) < 1
        assert fills, "edge to edge"
        context.close()


def test_nothing_jumps_when_the_words_change(serve: Serve, browser: Browser) -> None:
    served = serve()
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(served.url)
    watch(page, 12)
    places = [page.evaluate(MEASURE)["figures"]]
    for faces, words in (((), "NO FACE"), ((FakeFace(strength=0.5),), "FACE FADING"), ((FakeFace(),), "AT AGE 35")):
        served.reager.faces = faces
        expect(page.locator("#aged-figure .label")).to_have_text(words)
        places.append(page.evaluate(MEASURE)["figures"])
    assert all(place == places[0] for place in places)
    page.context.close()


def test_the_bar_of_a_single_monitor_leaves_when_the_hand_rests(serve: Serve, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(serve().url + "monitor/aged")
    page.wait_for_function("() => document.getElementById('aged').width > 100")
    expect(page.locator("#bar")).to_have_css("opacity", "0")
    expect(page.locator("#aged-figure .label")).to_be_visible()
    page.mouse.move(300, 300)
    expect(page.locator("#bar")).to_have_css("opacity", "1")
    page.context.close()
