"""The console in a real browser: every act by mouse, touch and keys; two consoles in step; refusals; emergency."""

import re
import statistics

from playwright.sync_api import Page, WebSocketRoute, expect

from playingage.core import PlayingAgeError
from web.consoles import Build, card, check_next_frame, frames_to_act, now, visit


def test_keys_act_by_the_next_picture(build: Build, page: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    press = page.keyboard.press
    press("n")
    expect(page.locator("#scene")).to_have_text("2")
    press("Shift+n")
    expect(page.locator("#shot")).to_have_text("B")
    press("2")
    press("ArrowUp")
    expect(now(page, "ben")).to_have_text("33")
    press("Shift+ArrowDown")
    expect(now(page, "ben")).to_have_text("28")
    expect(card(page, "ben").locator(".from")).to_have_text("BY HAND · SCHEDULE 32")
    press("a")
    page.keyboard.type("44.5")
    press("Enter")
    expect(now(page, "ben")).to_have_text("44.5")
    press("s")
    expect(now(page, "ben")).to_have_text("32")
    press("o")
    expect(card(page, "ben").locator(".switch-on")).to_have_text("off")
    press("o")
    expect(card(page, "ben").locator(".switch-on")).to_have_text("on")
    press("t")
    expect(page.locator("#roll-words")).to_have_text("CUT")
    expect(page.locator("#roll-note")).to_contain_text("TAKE 1")
    expect(page).to_have_title("● 2 B take 1 · Console")
    press("t")
    expect(page.locator("#roll-words")).to_have_text("ROLL")
    expect(page.locator("#take")).to_have_value("2")
    press("b")
    expect(page.locator("#scene")).to_have_text("1")
    press("e")
    expect(page.locator("#banners")).to_contain_text("EVERY AGED MONITOR SHOWS THE CLEAN PICTURE")
    took = frames_to_act(page)
    assert len(took) == 13 and on.recorder.takes == ["2 B take 1"]
    assert statistics.median(took) <= 2 and max(took) <= 4, took
    check_next_frame(on)


def test_mouse_and_slider_act_by_the_next_picture(build: Build, page: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    card(page, "ada").get_by_label("one year older").click()
    expect(now(page, "ada")).to_have_text("27")
    slider = card(page, "ada").locator(".age-slider")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2, steps=12)
    page.mouse.up()
    expect(now(page, "ada")).to_have_text("62")
    expect(card(page, "ada").locator(".said")).to_have_text("THE GRANT COVERS 25 TO 62")
    asked = [each["age"] for each in page.evaluate("window.acts") if each["act"] == "age"]
    assert len(asked) > 5 and max(asked) == 62, "it follows the hand, and goes no further than the grant"
    page.wait_for_function("() => window.heads.at(-1).ages[0] === 62")
    card(page, "ada").locator(".strength input").fill("50")
    expect(card(page, "ada").locator(".strength-words")).to_have_text("50%")
    page.wait_for_timeout(400)
    assert on.direction.state.performers[0].strength == 0.5
    page.locator("#scene-next").click()
    expect(page.locator("#heading")).to_have_text("INT. ROOM 2 - DAY")
    page.locator("#take-next").click()
    expect(page.locator("#take")).to_have_value("2")
    page.locator("#roll").click()
    expect(page.locator("#rolled")).to_contain_text("00:00:")
    page.locator("#mark-words").fill("good one")
    page.get_by_role("button", name="mark").click()
    page.wait_for_function("() => window.acts.at(-1).act === 'mark' && window.acts.at(-1).version")
    assert on.recorder.marks == ["good one"] and on.recorder.takes == ["2 A take 2"]
    page.locator("#roll").click()
    expect(page.locator("#playback")).to_have_text("play 2 A take 2P")
    took = frames_to_act(page)
    assert statistics.median(took) <= 2 and max(took) <= 4, took
    check_next_frame(on)


def test_touch_acts_by_the_next_picture(build: Build, other: Page) -> None:
    on = build(scenes=5)
    visit(other, on)
    other.locator("#scene-next").tap()
    expect(other.locator("#scene")).to_have_text("2")
    card(other, "ben").get_by_label("one year younger").tap()
    expect(now(other, "ben")).to_have_text("31")
    box = card(other, "ben").locator(".age-slider").bounding_box()
    assert box is not None
    finger = other.context.new_cdp_session(other)
    way = (("touchStart", 0.3), ("touchMove", 0.4), ("touchMove", 0.8), ("touchMove", 0.9), ("touchEnd", None))
    for kind, x in way:
        points = [] if x is None else [{"x": box["x"] + box["width"] * x, "y": box["y"] + box["height"] / 2}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(now(other, "ben")).to_have_text(re.compile("7[3-6]"))
    card(other, "ben").locator(".back").tap()
    expect(now(other, "ben")).to_have_text("32")
    card(other, "ada").locator(".switch-on").tap()
    expect(card(other, "ada")).to_have_attribute("data-off", "")
    other.locator("#roll").tap()
    expect(other.locator("#roll-words")).to_have_text("CUT")
    other.locator("#emergency").tap()
    expect(other.locator("#emergency-words")).to_have_text("RESUME AGEING …")
    took = frames_to_act(other)
    assert len(took) >= 7 and statistics.median(took) <= 2 and max(took) <= 4, took
    check_next_frame(on)


def test_a_scene_changes_all_ages_in_one_picture(build: Build, page: Page) -> None:
    visit(page, build(scenes=6))
    for _ in range(4):
        page.keyboard.press("n")
        page.wait_for_timeout(120)
    page.wait_for_function("() => window.heads.at(-1).ages.join() === '30,35'")
    seen = page.evaluate("window.heads.map((head) => head.ages.join())")
    assert set(seen) <= {"26,31", "27,32", "28,30", "29,34", "30,35"}, "never one performer without the other"


def test_keyframes_are_shown_as_they_move(build: Build, page: Page) -> None:
    on = build(scenes=5)
    on.act("scene", scene="3")
    visit(page, on)
    expect(card(page, "ben").locator(".from")).to_have_text("SCHEDULE · MOVING")
    expect(now(page, "ben")).to_have_text("30")
    page.keyboard.press("t")
    expect(now(page, "ben")).to_have_text("60")
    assert card(page, "ben").locator(".age-slider").input_value() == "60"


def test_two_consoles_stay_in_step(build: Build, page: Page, other: Page) -> None:
    on = build(scenes=5)
    visit(page, on)
    visit(other, on)
    page.keyboard.press("n")
    expect(other.locator("#scene")).to_have_text("2")
    page.keyboard.press("1")
    page.keyboard.press("Shift+ArrowUp")
    expect(now(other, "ada")).to_have_text("32")
    line = other.locator("#lines li").filter(has_text="Ada Lovelace: 32 by hand")
    expect(line).to_contain_text("another console")
    on.act("age", performer="ben", age=70)
    expect(other.locator("#lines li").filter(has_text="Ben Ames: 70 by hand")).to_contain_text("somebody else")
    expect(page.locator("#lines li").filter(has_text="Ada Lovelace: 32 by hand").locator("i")).to_have_text("")
    other.locator("#roll").tap()
    expect(page.locator("#roll-words")).to_have_text("CUT")
    expect(page.locator("#scene-next")).to_be_disabled()
    other.locator("#emergency").tap()
    expect(page.locator("#emergency")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#banners")).to_contain_text("EMERGENCY")


def test_a_hand_on_a_slider_is_not_moved_by_another_console(build: Build, page: Page) -> None:
    on = build()
    visit(page, on)
    slider = card(page, "ada").locator(".age-slider")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    held = slider.input_value()
    on.act("age", performer="ada", age=60)
    page.wait_for_timeout(500)
    assert slider.input_value() == held != "60"
    page.mouse.up()
    expect(now(page, "ada")).to_have_text("60")
    expect(slider).to_have_value("60")


def test_what_is_asked_shows_as_pending_until_the_server_says_so(build: Build, page: Page) -> None:
    on = build()
    held: list[str | bytes] = []
    holding = [False]

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda said: held.append(said) if holding[0] and isinstance(said, str) else socket.send(said))
        sockets.append(socket)

    sockets: list[WebSocketRoute] = []
    page.route_web_socket("**/socket", between)
    page.goto(on.url())
    expect(now(page, "ada")).to_have_text("40")
    holding[0] = True
    page.keyboard.press("ArrowUp")
    expect(now(page, "ada")).to_have_text("41")
    expect(card(page, "ada")).to_have_attribute("data-waits", "")
    expect(card(page, "ada").locator(".from")).to_have_text("AS STARTED")
    page.wait_for_timeout(300)
    holding[0] = False
    for said in held:
        sockets[0].send(said)
    expect(card(page, "ada")).not_to_have_attribute("data-waits", "")
    expect(card(page, "ada").locator(".from")).to_have_text("BY HAND · START 40")
    holding[0] = True
    page.keyboard.press("ArrowUp")
    expect(card(page, "ada").locator(".said")).to_have_text("NO ANSWER: perhaps not done")
    expect(now(page, "ada")).to_have_text("41")


def test_refusals_are_said_at_the_control(build: Build, page: Page) -> None:
    on = build(scenes=3)
    visit(page, on)
    number = card(page, "ada").locator(".age-number")
    number.fill("80")
    page.keyboard.press("Enter")
    expect(card(page, "ada").locator(".said")).to_have_text("Ada Lovelace: age not granted: 80. Ask for 25 to 62.")
    expect(now(page, "ada")).to_have_text("26")
    number.fill("old")
    page.keyboard.press("Enter")
    expect(card(page, "ada").locator(".said")).to_have_text("AN AGE IS A NUMBER OF YEARS")
    page.keyboard.press("b")
    expect(page.locator("#slate-said")).to_contain_text("scene 1 is the first of the schedule")
    on.recorder.fails = PlayingAgeError("the disk is full", "Free some space.")
    page.keyboard.press("t")
    expect(page.locator("#roll-said")).to_contain_text("the disk is full")
    expect(page.locator("#roll-words")).to_have_text("ROLL")
    page.keyboard.press("m")
    page.keyboard.type("nice")
    page.keyboard.press("Enter")
    expect(page.locator("#mark-said")).to_contain_text("there is no take to mark")


def test_the_emergency_key_acts_from_everywhere_and_back_needs_a_second_word(
    build: Build, page: Page, other: Page
) -> None:
    on = build(scenes=30)
    visit(page, on)
    other.goto(on.url("monitor/aged"))
    label = other.locator("#aged-figure .label")
    expect(label).to_contain_text("AT AGE")

    def back() -> None:
        expect(label).to_have_text("CLEAN PICTURE")
        expect(page.locator("#emergency")).to_have_attribute("aria-pressed", "true")
        page.locator("#emergency").click()
        expect(label).to_have_text("CLEAN PICTURE")
        page.locator("#resume-no").click()
        assert on.direction.state.emergency
        page.locator("#emergency").click()
        page.locator("#resume-yes").click()
        expect(label).to_contain_text("AT AGE")
        expect(page.locator("#banners")).to_be_empty()

    page.keyboard.press("e")
    back()
    card(page, "ada").locator(".age-number").focus()
    page.keyboard.press("e")
    back()
    page.keyboard.press("/")
    page.keyboard.type("e")
    page.wait_for_timeout(200)
    assert not on.direction.state.emergency, "words may have that letter in them"
    page.keyboard.press("Pause")
    back()
    page.keyboard.press("/")
    expect(page.locator("#scenes")).to_be_visible()
    page.locator("#emergency").click()
    back()
    page.keyboard.press("e")
    page.keyboard.press("e")
    expect(label).to_have_text("CLEAN PICTURE")
    assert on.direction.state.emergency, "pressed again in haste it stays"


def test_a_tap_on_a_face_says_who_it_is(build: Build, page: Page) -> None:
    on = build(strangers=1)
    visit(page, on)
    expect(page.locator(".box")).to_have_count(3)
    stranger = page.locator('.chip[data-face="3"]')
    expect(stranger).to_contain_text("Stranger 3")
    expect(stranger).to_contain_text("NOT RECOGNISED")
    expect(stranger).to_contain_text("nearest 0.30")
    expect(page.locator('.chip[data-face="1"]')).to_contain_text("SURE 0.30")
    page.locator('.box[data-face="3"]').click()
    expect(page.locator("#who-choices button")).to_have_text(
        ["This is Ada Lovelace", "This is Ben Ames", "Nobody of the cast", "Let the program decide"]
    )
    page.get_by_role("button", name="This is Ben Ames").click()
    expect(page.locator('.box[data-face="3"]')).to_contain_text("◆ Ben Ames")
    expect(stranger).to_contain_text("PINNED")
    stranger.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Nobody of the cast").press("Enter")
    expect(stranger).to_contain_text("Nobody of the cast")
    expect(page.locator("#who")).to_be_hidden()
    stranger.click()
    page.get_by_role("button", name="Let the program decide").click()
    expect(stranger).to_contain_text("Stranger 3")
    stranger.click()
    on.reager.faces = on.reager.faces[:2]
    expect(page.locator("#who-about")).to_have_text("This face has left the picture.")
    page.get_by_role("button", name="This is Ada Lovelace").click()
    expect(page.locator("#lines")).to_contain_text("face 3 is not in the picture")
