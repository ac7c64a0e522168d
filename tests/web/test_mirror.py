"""The mirror in a real browser: mirrored, labelled honestly, by mouse, touch and keys; sweeps that give back."""

import dataclasses
import json
import threading
import time
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from live.fakes import FakeFace
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from playingage.live import SetState
from web.client import ask
from web.consoles import LISTEN, Build
from web.set import ADA, Set

TOKEN = "a token for the mirror's tests"
PICTURES_COME = "() => window.heads.length > 3"
BOX = """() => {
  const { left, top, width, height } = document.getElementById("aged").getBoundingClientRect();
  return [left, top, width, height];
}"""

WHOLE = f"() => ({BOX})().map(Math.round).join() === '0,0,1280,720'"


def rests(page: Page) -> None:
    """The picture lies still for twenty pictures of the screen."""
    page.evaluate("window.still = null")
    page.wait_for_function(f"""() => {{
        const place = ({BOX})().map(Math.round).join();
        if (window.still?.place !== place) window.still = {{ place, times: 0 }};
        return (window.still.times += 1) > 20;
    }}""")


def visit(page: Page, on: Set, more: str = "") -> Page:
    page.add_init_script(f"({LISTEN})()")
    page.goto(on.url("mirror") + more)
    page.wait_for_function(PICTURES_COME)
    expect(page.locator("#label")).not_to_have_text("STARTING")
    return page


def seen(page: Page) -> NDArray[np.uint8]:
    data = np.frombuffer(page.screenshot(), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def age_of(on: Set, performer: str = "ada") -> tuple[float | None, str]:
    return next((each.age, each.age_from) for each in on.direction.state.performers if each.performer == performer)


def half_red(on: Set) -> None:
    """The left of the picture is red, the right grey."""
    picture = on.source._content[0].copy()
    picture[:, : picture.shape[1] // 2] = (200, 0, 0)
    on.source._content = [picture]


def test_left_is_right(build: Build, page: Page) -> None:
    on = build()
    half_red(on)
    visit(page, on)
    page.keyboard.press("c")
    expect(page.locator("#crop")).to_have_text("whole")
    page.wait_for_function(WHOLE)
    page.keyboard.press("h")
    deadline = time.monotonic() + 20  # until the controls have faded away
    while not is_red_on_the_right(seen(page)):
        assert time.monotonic() < deadline


def is_red_on_the_right(picture: NDArray[np.uint8]) -> bool:
    row = picture[picture.shape[0] // 2].astype(int)
    red = row[:, 0] - row[:, 1] > 100
    return not red[: len(red) // 2 - 8].any() and bool(red[len(red) // 2 + 8 : -2].all())


def test_the_picture_follows_the_face_softly(build: Build, page: Page) -> None:
    on = build()
    visit(page, on)
    def face() -> tuple[float, float, float]:
        """Middle of the face on the screen, and its height."""
        left, top, width, height = page.evaluate(BOX)
        ada = on.reager.faces[0].box
        x = 1 - (ada[0] + ada[2]) / 2 / 640
        return left + x * width, top + (ada[1] + ada[3]) / 2 / 360 * height, (ada[3] - ada[1]) / 360 * height

    rests(page)
    x, _, tall = face()
    assert tall > 720 / 2.4
    on.reager.faces = tuple(
        dataclasses.replace(each, box=(each.box[0] + 200, each.box[1], each.box[2] + 200, each.box[3]))
        for each in on.reager.faces
    )
    jumped = face()[0] - x
    page.wait_for_function(f"(was) => ({BOX})().join() !== was.join()", arg=page.evaluate(BOX))
    rests(page)
    settled = face()
    assert abs(settled[0] - 640) < 90 and abs(settled[1] - 360) < 120
    assert abs(jumped) > 100, "it follows, but not at once"
    page.keyboard.press("c")
    page.wait_for_function(WHOLE)


def test_words_are_those_of_the_picture(build: Build, page: Page) -> None:
    on = build(scenes=3, strangers=1)
    visit(page, on)
    label, note = page.locator("#label"), page.locator("#note")
    expect(label).to_have_text("AT AGE 26")
    expect(page.locator("#name")).to_have_text("Ada Lovelace")
    expect(page.locator("#says.warn")).to_have_count(0)
    on.act("on", performer="ada", on=False)
    expect(label).to_have_text("FACE LEFT AS IT IS")
    expect(note).to_have_text("SWITCHED OFF")
    expect(page.locator("#says.warn")).to_have_count(1)
    on.act("on", performer="ada", on=True)
    on.act("strength", performer="ada", strength=0.5)
    expect(label).to_have_text("FADING, AT AGE 26")
    on.act("strength", performer="ada", strength=1)
    on.direction.stop("ada", "NO GRANT IN FORCE")
    expect(label).to_have_text("FACE LEFT AS IT IS")
    expect(note).to_contain_text("NO GRANT IN FORCE")
    on.direction.resume("ada", ADA.grants)
    expect(label).to_have_text("AT AGE 26")
    here = on.reager.faces
    on.reager.faces = here[1:]
    expect(label).to_have_text("NOT IN THE PICTURE")
    expect(note).to_have_text("1 NOT RECOGNISED")
    on.reager.faces = here
    on.act("emergency", on=True)
    expect(label).to_have_text("CLEAN PICTURE")
    on.act("emergency", on=False)
    expect(label).to_have_text("AT AGE 26")


@pytest.mark.logs_errors
def test_an_engine_that_fails_is_never_called_aged(build: Build, page: Page) -> None:
    on = build()
    visit(page, on)
    on.reager.fails = RuntimeError("broken")
    expect(page.locator("#label")).to_have_text("ENGINE FAILED")
    expect(page.locator("#over")).to_be_visible()


def test_keys_and_mouse_set_the_age(build: Build, page: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    label = page.locator("#label")
    page.keyboard.press("ArrowUp")
    expect(label).to_have_text("AT AGE 27")
    page.keyboard.press("Shift+ArrowUp")
    expect(label).to_have_text("AT AGE 32")
    page.keyboard.press("o")
    expect(label).to_have_text("AT AGE 62")
    page.keyboard.press("y")
    expect(label).to_have_text("AT AGE 25")
    page.keyboard.press("s")
    expect(label).to_have_text("AT AGE 26")
    assert age_of(on) == (26, "schedule")
    page.mouse.move(300, 300)
    slider = page.locator(".age-slider")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(label).to_have_text("AT AGE 62")
    page.locator("#who").select_option(label="Ben Ames")
    expect(page.locator("#name")).to_have_text("Ben Ames")
    expect(label).to_have_text("AT AGE 31")
    page.keyboard.press("1")
    expect(page.locator("#name")).to_have_text("Ada Lovelace")
    page.locator("#back").click()
    expect(label).to_have_text("AT AGE 26")


def test_a_tablet_sets_the_age_by_touch(build: Build, other: Page) -> None:
    on = build(scenes=5)
    visit(other, on, "?performer=ben")
    expect(other.locator("#name")).to_have_text("Ben Ames")
    other.locator("#oldest").tap()
    expect(other.locator("#label")).to_have_text("AT AGE 80")
    small = other.evaluate("""() => [...document.querySelectorAll('button, select, input:not([type=range])')]
        .filter((one) => one.checkVisibility()).map((one) => [one.id, one.getBoundingClientRect()])
        .filter(([, { width, height }]) => width < 43.5 || height < 43.5).map(([id]) => id)""")
    assert small == []


def test_a_sweep_goes_there_and_back_until_held(build: Build, page: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    page.locator("#seconds").fill("1")
    page.locator("#from").fill("30")
    page.locator("#to").fill("50")
    page.locator("#go").click()
    expect(page.locator("#go")).to_have_text("hold")
    page.wait_for_function("""() => {
        const asked = window.acts.filter((each) => each.act === "age").map((each) => each.age);
        const steps = asked.slice(1).map((age, n) => Math.sign(age - asked[n]));
        return asked.length > 12 && steps.filter((step, n) => n > 0 && step !== steps[n - 1]).length >= 2;
    }""")
    page.locator("#go").click()
    asked = [each["age"] for each in page.evaluate("window.acts") if each["act"] == "age"]
    turns = [b - a > 0 for a, b in pairwise(asked)]
    assert asked[0] == 30 and min(asked) >= 30 and 47 < max(asked) <= 50
    assert turns[0] and sum(a != b for a, b in pairwise(turns)) >= 2, asked
    assert len(asked) > 12
    assert age_of(on)[1] == "hand", "held where it is"
    expect(page.locator("#go")).to_have_text("sweep")


def test_a_sweep_ends_with_a_take_and_with_the_page(build: Build, page: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    page.keyboard.press("Space")
    page.wait_for_timeout(600)
    assert age_of(on)[1] == "hand"
    on.act("roll")
    expect(page.locator("#said")).to_have_text("A TAKE ROLLS: THE SWEEP ENDED")
    expect(page.locator("#label")).to_have_text("AT AGE 26")
    assert age_of(on) == (26, "schedule")
    page.keyboard.press("Space")
    expect(page.locator("#said")).to_have_text("A TAKE ROLLS: SWEEP AFTER THE CUT")
    on.act("cut")
    on.act("age", performer="ada", age=44)
    expect(page.locator("#label")).to_have_text("AT AGE 44")
    page.keyboard.press("Space")
    page.wait_for_timeout(600)
    page.goto("about:blank")
    page.wait_for_timeout(400)
    assert age_of(on) == (44, "hand")


def test_a_sweep_ends_when_somebody_else_decides(build: Build, page: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    for act in ({"name": "age", "performer": "ada", "age": 61.7}, {"name": "next"}):
        page.keyboard.press("Space")
        page.wait_for_timeout(500)
        on.act(**act)
        expect(page.locator("#said")).to_have_text("ANOTHER AGE WAS SET ELSEWHERE: THE SWEEP ENDED")
        held = age_of(on)
        page.wait_for_timeout(400)
        assert age_of(on) == held
    assert held == (27, "schedule")


def test_an_answer_to_a_sweep_that_has_ended_does_not_take_its_words_away(build: Build, page: Page) -> None:
    on, held = build(scenes=5), threading.Event()
    carry_out = on.direction.act

    def late(name: str, values: dict[str, Any], by: str) -> SetState:
        if name == "age" and "was" in values and len(asked) > 2:
            assert held.wait(30)  # another console is served first
        asked.append(name)
        return carry_out(name, values, by)

    asked: list[str] = []
    on.direction.act = late  # type: ignore[method-assign, assignment]
    visit(page, on)
    page.keyboard.press("Space")
    page.wait_for_function("() => window.acts.length > 3")
    carry_out("age", {"performer": "ada", "age": 61.7}, "somebody else")
    expect(page.locator("#said")).to_have_text("ANOTHER AGE WAS SET ELSEWHERE: THE SWEEP ENDED")
    page.evaluate("""() => { window.said = []; const words = document.getElementById("said");
        new MutationObserver(() => window.said.push(words.textContent)).observe(words, { childList: true, subtree: true,
            characterData: true }); }""")
    held.set()
    page.wait_for_timeout(500)
    assert "another age was set meanwhile" not in [*page.evaluate("window.said"), page.locator("#said").inner_text()]


def test_wrong_sweeps_are_refused_in_words(build: Build, page: Page) -> None:
    on = build()
    visit(page, on)
    said = page.locator("#said")
    for field, value, words in (("from", "3", "SWEEP BETWEEN 25 AND 62"), ("to", "x", "SWEEP BETWEEN 25 AND 62"),
                                ("seconds", "0", "A SWEEP TAKES 1 TO 600 SECONDS ONE WAY")):
        before = page.locator(f"#{field}").input_value()
        page.locator(f"#{field}").fill(value)
        page.locator("#go").click()
        expect(said).to_have_text(words)
        page.locator(f"#{field}").fill(before)
    assert page.evaluate("window.acts") == []


def test_a_viewer_looks_only(build: Build, page: Page) -> None:
    on = build(scenes=3, token=TOKEN)
    status, _, body = ask(
        on.url(""), "/api/invitations", method="POST", json={"role": "viewer", "hours": 1, "name": "Director"},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert status == 201, body
    page.goto(json.loads(body)["address"])
    visit(page, on)
    expect(page.locator("#said")).to_contain_text("LOOKING ONLY")
    expect(page.locator("#go")).to_be_disabled()
    for key in ("ArrowUp", "Space", "o", "s"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.evaluate("window.acts") == []
    expect(page.locator("#label")).to_have_text("AT AGE 26")


def test_without_performers_it_is_everybodys_mirror(build: Build, page: Page) -> None:
    on = build(())
    small, large = FakeFace(id=1, box=(0, 0, 30, 40)), FakeFace(id=2, box=(300, 60, 400, 200), strength=0.0)
    on.reager.faces = (small, large)
    visit(page, on)
    expect(page.locator("#who")).to_be_hidden()
    expect(page.locator("#back")).to_be_hidden()
    expect(page.locator("#label")).to_have_text("FACE LEFT AS IT IS")
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(300)
    assert on.direction.age == 36


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (768, 1024), (390, 844), (844, 390)])
def test_everything_is_in_reach_on_every_screen(build: Build, page: Page, width: int, height: int) -> None:
    on = build()
    page.set_viewport_size({"width": width, "height": height})
    visit(page, on)
    page.mouse.move(10, height / 2)
    out = page.evaluate("""() => [...document.querySelectorAll('#bar button, #bar input, #bar select, #says')]
        .filter((one) => one.checkVisibility()).filter((one) => {
          const { left, top, right, bottom } = one.getBoundingClientRect();
          return left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
        }).map((one) => one.id)""")
    assert out == []


def test_the_page_is_for_those_who_are_invited(build: Build) -> None:
    on = build(token=TOKEN)
    assert ask(on.url(""), "/mirror")[0] == 401
    status, headers, _ = ask(on.url(""), "/mirror", headers={"Authorization": f"Bearer {TOKEN}"})
    assert status == 200 and "script-src 'self'" in headers["Content-Security-Policy"]
