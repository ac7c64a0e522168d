"""The console in a real browser: every act by mouse, touch and keys; two in step; refusals, faults, emergency, screens."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from live.fakes import FakeFace, FakeSource
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from playingage.core import PlayingAgeError
from playingage.live import Direction, LiveRun, LiveSettings, Pair, PartFacts, Told
from playingage.web import MonitorServer, ServerSettings
from web.client import ask
from web.set import ADA, BEN, FakePlan, FakeRecorder, FakeScene, FakeSchedule, StageReager

TOKEN = "a token for the console's tests"
LISTEN = """() => {
  const Real = WebSocket;
  window.heads = []; window.acts = [];
  window.WebSocket = class extends Real {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") {
          const said = JSON.parse(data);
          if (said.type === "did") window.acts.find((each) => each.id === said.id).version = said.version;
          return;
        }
        const length = new DataView(data).getUint32(0);
        const { number, set, faces, view } = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
        window.heads.push({ number, set, view, ages: faces.map((face) => face.target_age) });
      });
    }
    send(text) {
      const said = JSON.parse(text);
      if (said.type === "act") window.acts.push({ ...said, after: window.heads.at(-1)?.number ?? 0 });
      super.send(text);
    }
  };
}"""


@dataclass
class Set:
    """A console's set. `carried`: for each act its name, the version it made, and the newest frame captured then."""

    source: FakeSource
    reager: StageReager
    recorder: FakeRecorder
    direction: Direction
    run: LiveRun
    server: MonitorServer
    carried: list[tuple[str, int, int]] = field(default_factory=list)
    versions: list[tuple[int, int]] = field(default_factory=list)

    def url(self, page: str = "console") -> str:
        return f"{self.server.url.split('?')[0]}{page}"

    def act(self, name: str, **values: Any) -> None:
        self.direction.act(name, values, "somebody else")

    def told(self, told: Told) -> None:
        self.carried.append((told.act, told.state.version, self.run._capture.last_number or 0))

    def saw(self, pair: Pair) -> None:
        assert pair.state is not None
        self.versions.append((pair.clean.number, pair.state.version))


Build = Callable[..., Set]


def scenes_of(count: int) -> FakeSchedule:
    """`count` scenes: Ada and Ben as old as the scene's number and 20 or 30; Ben moves in scene 3."""
    scenes = tuple(
        FakeScene(id=str(n), heading=f"INT. ROOM {n} - {'NIGHT' if n % 2 else 'DAY'}", shots=("A", "B", "C")[: 1 + n % 3])
        for n in range(1, count + 1)
    )
    plans = {(scene.id, "ada"): FakePlan(first=25 + int(scene.id) % 30) for scene in scenes}
    plans |= {(scene.id, "ben"): FakePlan(first=30 + int(scene.id) % 30) for scene in scenes}
    plans["3", "ben"] = FakePlan(first=30, last=60)
    return FakeSchedule(scenes, plans)


@pytest.fixture
def build() -> Iterator[Build]:
    """Start a set: `build(parts, scenes=0, strangers=0, token="", port=0)`."""
    with ExitStack() as stack:

        def start(
            parts: tuple[PartFacts, ...] = (ADA, BEN), *, scenes: int = 0, strangers: int = 0, token: str = "",
            recorder: FakeRecorder | None = None,
        ) -> Set:
            source = FakeSource()
            faces = tuple(
                FakeFace(id=i + 1, box=(20.0 + i * 120, 60.0, 110.0 + i * 120, 180.0), likeness=0.3,
                         performer=parts[i].performer if i < len(parts) else "")
                for i in range(len(parts) + strangers)
            )
            reager = StageReager(faces, {part.performer: part.name for part in parts})
            recorder = recorder or FakeRecorder()
            direction = Direction(
                35, parts=parts, schedule=scenes_of(scenes) if scenes else None, recorder=recorder, pinner=reager,
            )
            made: list[Set] = []
            run = LiveRun(
                source, reager, LiveSettings(log_every=0), direction=direction, listeners=(lambda pair: made[0].saw(pair),)
            )
            server = MonitorServer(run, ServerSettings(port=0, token=token))
            made.append(Set(source, reager, recorder, direction, run, server))
            direction.tellers = (made[0].told,)
            stack.enter_context(run)
            stack.enter_context(server)
            return made[0]

        yield start


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A laptop; an error in the page fails the test."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield from _watched(page)


def _watched(page: Page) -> Iterator[Page]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
    yield page
    page.context.close()
    assert not errors


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """A tablet."""
    page = browser.new_page(viewport={"width": 1024, "height": 768}, has_touch=True)
    yield from _watched(page)


def visit(page: Page, on: Set) -> Page:
    page.add_init_script(f"({LISTEN})()")
    page.goto(on.url())
    page.wait_for_function("() => window.heads.length > 3", timeout=10000)
    expect(page.locator("#banners")).to_be_empty()
    return page


def card(page: Page, performer: str) -> Locator:
    return page.locator(f'.card[data-performer="{performer}"]')


def now(page: Page, performer: str) -> Locator:
    return card(page, performer).locator(".now")


def frames_to_act(page: Page) -> list[int]:
    """For each act of this page: pictures from the newest one that the page had to the first that reports it."""
    page.wait_for_timeout(400)
    found: list[int] = page.evaluate(
        """() => window.acts.map(({ after, version }) => window.heads.find((head) => head.set >= version).number - after)"""
    )
    return found


def check_next_frame(on: Set) -> None:
    """Every act held from the next frame captured on."""
    assert on.carried
    for act, version, newest in on.carried:
        first = next(number for number, seen in on.versions if seen >= version)
        assert first - newest <= 1, (act, first, newest)


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
    press("t")
    expect(page.locator("#roll-words")).to_have_text("ROLL")
    expect(page.locator("#take")).to_have_value("2")
    press("b")
    expect(page.locator("#scene")).to_have_text("1")
    press("e")
    expect(page.locator("#banners")).to_contain_text("EVERY AGED MONITOR SHOWS THE CLEAN PICTURE")
    took = frames_to_act(page)
    assert len(took) == 13 and on.recorder.takes == ["2 B take 1"]
    assert statistics.median(took) <= 2 and max(took) <= 6, took
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
    took = frames_to_act(page)
    assert statistics.median(took) <= 2 and max(took) <= 6, took
    check_next_frame(on)


def test_touch_acts_by_the_next_picture(build: Build, other: Page) -> None:
    on = build(scenes=5)
    visit(other, on)
    other.locator("#scene-next").tap()
    expect(other.locator("#scene")).to_have_text("2")
    card(other, "ben").get_by_label("one year younger").tap()
    expect(now(other, "ben")).to_have_text("31")
    card(other, "ben").locator(".back").tap()
    expect(now(other, "ben")).to_have_text("32")
    card(other, "ada").locator(".switch-on").tap()
    expect(card(other, "ada")).to_have_attribute("data-off", "")
    other.locator("#roll").tap()
    expect(other.locator("#roll-words")).to_have_text("CUT")
    other.locator("#emergency").tap()
    expect(other.locator("#emergency-words")).to_have_text("RESUME AGEING …")
    took = frames_to_act(other)
    assert len(took) == 6 and statistics.median(took) <= 2 and max(took) <= 6, took
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
    expect(now(page, "ben")).to_have_text("60", timeout=5000)
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
    expect(slider).to_have_value("60", timeout=3000)


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
    expect(card(page, "ada").locator(".said")).to_have_text("NO ANSWER: perhaps not done", timeout=4000)
    expect(now(page, "ada")).to_have_text("41")


def test_refusals_are_said_at_the_control(build: Build, page: Page) -> None:
    on = build(scenes=3)
    visit(page, on)
    number = card(page, "ada").locator(".age-number")
    number.fill("80")
    page.keyboard.press("Enter")
    expect(card(page, "ada").locator(".said")).to_contain_text("age not granted: 80")
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
    none = replace(BEN, performer="eve", name="Eve Nought", start=None, grant="")
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
    on.direction.resume("ada", grant="3d" * 32, granted=(25, 38), grant_until="2027-02-01T00:00:00+00:00")
    expect(ada.locator(".grant")).to_have_text("AGE NOT GRANTED")
    on.act("age", performer="ada", age=30)
    expect(ada.locator(".grant")).to_have_text("GRANT IN FORCE UNTIL 2027-02-01")


@pytest.mark.logs_errors
def test_camera_engine_and_disk_are_told(build: Build, page: Page) -> None:
    on = build()
    visit(page, on)
    cell = page.locator
    expect(cell('[data-name="camera"] b')).to_have_text("LIVE")
    expect(cell('[data-name="dropped"] span')).to_contain_text("capture", timeout=5000)
    expect(cell('[data-name="recorder"] span')).to_have_text("96 min left on disk")
    on.source.unplugged.set()
    expect(cell("#banners")).to_contain_text("CAMERA LOST", timeout=5000)
    expect(cell("#over")).to_contain_text("CAMERA LOST")
    on.source.unplugged.clear()
    expect(cell("#banners")).to_be_empty(timeout=8000)
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
    deadline = time.monotonic() + 5
    while True:
        try:
            again = MonitorServer(on.run, ServerSettings(port=port))
            break
        except PlayingAgeError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with again:
        expect(page.locator("#banners")).to_be_empty(timeout=10000)
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


SCREENS = {"laptop": (1440, 900, False), "tablet": (1024, 768, True), "upright": (768, 1024, True), "phone": (390, 844, True)}
MEASURE = """() => {
  const seen = [...document.querySelectorAll("button, input, a")].filter((each) => each.checkVisibility());
  const bare = seen.filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim() || each.closest("label")));
  const target = (each) => (each.closest("label") ?? each).getBoundingClientRect();
  const small = seen.filter((each) => !each.closest("#boxes") && Math.min(target(each).width, target(each).height) < 43.5);
  const name = (each) => each.id || each.className || each.textContent;
  const people = document.getElementById("people");
  const fixed = ["#roll", "#emergency", ".card"].map((each) => document.querySelector(each).getBoundingClientRect());
  return {
    wide: document.documentElement.scrollWidth - innerWidth, bare: bare.map(name), small: small.map(name),
    hidden: people.scrollHeight - people.clientHeight, bottoms: fixed.map(({ bottom }) => bottom), height: innerHeight,
    outside: seen.filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map(name),
    overlaps: ["#take-next", "#roll", "#emergency"].map((each) => document.querySelector(each).getBoundingClientRect())
      .some((box, i, all) => i > 0 && box.top < all[i - 1].bottom && box.bottom > all[i - 1].top && box.left < all[i - 1].right - 1),
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
        assert screen != "laptop" or seen["hidden"] <= 0, "four performers without scrolling"
    page.context.close()
