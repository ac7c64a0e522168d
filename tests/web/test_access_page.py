"""The page of invitations in a real browser: made, scanned, used, revoked; on a laptop and on a phone."""

import re
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from playingage.web import ServerSettings
from playingage.web.inviting import qr
from web.browser import watch
from web.client import ask
from web.conftest import Serve, Served

TOKEN = "a-token-of-some-length"


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve(server=ServerSettings(host="0.0.0.0", port=0, token=TOKEN))


@pytest.fixture
def base(served: Served) -> str:
    return f"http://127.0.0.1:{served.server.port}"


@pytest.fixture
def guest(browser: Browser) -> Iterator[BrowserContext]:
    """A tablet, with cookies of its own."""
    context = browser.new_context(viewport={"width": 1024, "height": 768})
    yield context
    context.close()


def invite(page: Page, name: str, role: str = "viewer") -> str:
    """Make an invitation by the form: the address that the page shows."""
    page.fill("#name", name)
    page.locator(f"input[value={role}]").check(force=True)
    page.click("#invite")
    expect(page.locator("#made-name")).to_have_text(name)
    return page.locator("#address").inner_text()


def drawn(page: Page) -> list[str]:
    """The code on the page's canvas, row by row, without its margin of four."""
    rows: list[str] = page.evaluate("""() => {
        const canvas = document.getElementById("qr");
        const size = canvas.width - 8;
        const { data } = canvas.getContext("2d").getImageData(4, 4, size, size);
        const all = [...Array(size).keys()];
        return all.map((y) => all.map((x) => (data[(y * size + x) * 4] < 128 ? "1" : "0")).join(""));
    }""")
    return rows


def test_a_code_says_the_address() -> None:
    address = "https://10.0.0.5:8035/?token=QKgbudS2mRlPKjhVz8ZtLaM9uxOD1Cxt"
    light = np.array([[sign == "0" for sign in row] for row in qr(address)], np.uint8) * 255
    code = cv2.resize(np.pad(light, 4, constant_values=255), None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    assert cv2.QRCodeDetector().detectAndDecode(code)[0] == address


def test_somebody_is_invited_by_a_code_sees_the_pictures_and_is_shown_out(
    served: Served, base: str, page: Page, guest: BrowserContext
) -> None:
    page.goto(f"{base}/access?token={TOKEN}")
    address = invite(page, "Director")
    assert drawn(page) == qr(address) and re.fullmatch(rf"http://[^/]+:{served.server.port}/\?token=\S{{32}}", address)
    page.click("#done")
    assert address not in page.content() and page.locator("#address").inner_text() == ""
    tablet = guest.new_page()
    tablet.goto(f"{base}/{address.split('/')[-1]}")
    assert tablet.url == f"{base}/" and len(watch(tablet, 3)) == 3
    row = page.locator("#list li", has_text="Director")
    expect(row).to_contain_text("1 device, 1 page open")
    row.locator("button").click()
    expect(row.locator("button")).to_have_text("revoke now?")
    assert len(watch(tablet, 3)) == 3, "one press does nothing yet"
    row.locator("button").click()
    expect(tablet.locator("body")).to_contain_text("The invitation of Director was revoked")
    expect(row).to_contain_text("revoked")
    expect(page.locator("#count")).to_have_text("0 invitations")


def test_a_viewers_browser_finds_no_way_to_invite(base: str, page: Page, guest: BrowserContext) -> None:
    page.goto(f"{base}/access?token={TOKEN}")
    viewer = guest.new_page()
    viewer.goto(f"{base}/{invite(page, 'Director').split('/')[-1]}")
    answer = viewer.goto(f"{base}/access")
    assert answer is not None and answer.status == 403
    expect(viewer.locator("body")).to_contain_text("needs an administrator; you are here as viewer")
    status = viewer.evaluate("""async () => (await fetch("/api/invitations", { method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ role: "administrator", hours: 1, name: "me" }) })).status""")
    assert status == 403


def test_what_is_refused_is_said_beside_the_form(base: str, page: Page) -> None:
    page.goto(f"{base}/access?token={TOKEN}")
    invite(page, "Director")
    page.click("#done")
    page.fill("#name", "director")
    page.keyboard.press("Enter")
    expect(page.locator("#refused")).to_contain_text("already")
    expect(page.locator("#list li")).to_have_count(1)


def test_on_this_machine_alone_the_page_says_why_there_is_nobody_to_invite(serve: Serve, page: Page) -> None:
    page.goto(f"{serve().url}access")
    expect(page.locator("#trouble")).to_contain_text("--host 0.0.0.0")
    expect(page.locator("#invite")).to_be_disabled()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (768, 1024), (390, 844), (320, 568)])
def test_it_fits_and_every_control_can_be_touched(base: str, browser: Browser, width: int, height: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"{base}/access?token={TOKEN}")
    for step in ("form", "made"):
        if step == "made":
            invite(page, "A second unit with a rather long name")
            expect(page.locator("#list li")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for each in page.locator("button:visible, nav a, fieldset label:visible, .tick:visible").all():
            box = each.bounding_box()
            assert box is not None and box["width"] >= 44 and box["height"] >= 44, each.inner_text()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, each.inner_text()
    page.context.close()


def test_a_page_that_was_open_in_the_run_before_says_what_it_needs(base: str, served: Served, page: Page) -> None:
    assert ask(base, "/")[0] == 401
    page.goto(f"{base}/")
    expect(page.locator("body")).to_contain_text("asks for an invitation")
