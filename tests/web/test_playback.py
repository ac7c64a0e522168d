"""The playback page in a real browser: which frame is shown is read out of the pictures."""

import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import simplejpeg  # type: ignore[import-untyped]
from live.fakes import FakeReager, FakeSource, read_number
from live.shooting import done, pair, recorder, shoot, state, wait
from playwright.sync_api import Browser, Page, expect

from playingage.core import Timecode
from playingage.live import Direction, LiveRun, LiveSettings
from playingage.live.takes import RecorderSettings, Take, TakeRecorder
from playingage.web import MonitorServer, ServerSettings
from playingage.web.takes import TakesPart, TakesServer, in_pieces
from web.client import ask
from web.test_screens import SCREENS

FRAMES = 48
READ = """(name) => {
  const canvas = document.getElementById(name);
  if (canvas.width < 64) return null;
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true, alpha: false });
  probe.canvas.width = 32; probe.canvas.height = 1;
  probe.imageSmoothingEnabled = false;
  const block = canvas.width / 32;
  probe.drawImage(canvas, 0, 0, canvas.width, block, 0, 0, 32, 1);
  const { data } = probe.getImageData(0, 0, 24, 1);
  let value = 0;
  for (let bit = 0; bit < 24; bit++) value = value * 2 + (data[bit * 4 + 1] > 127 ? 1 : 0);
  return value;
}"""

READ_TWO = f"() => ['camera', 'aged'].map({READ})"


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two takes of a shot: frames 100 on and 200 on, the second with two frames missing and a failure."""
    folder = tmp_path_factory.mktemp("shot") / "takes"
    with recorder(folder) as made:
        shoot(made, range(100, 100 + FRAMES))
        rolling = state(2, take=2)
        made.roll(rolling.slate, rolling)
        for number in (*range(200, 220), *range(222, 240)):
            wait(lambda: made.waiting < 4)
            timed = Timecode(86400 + number - 90, rolling_rate())
            made(pair(number, rolling, age=62.0, timecode=timed))
        made.cut()
        made(pair(240, state(3, take=2, rolling=False)))
        done(made)
    return folder


def rolling_rate() -> Any:
    return pair(0).clean.rate


@pytest.fixture
def served(shot: Path) -> Iterator[TakesServer]:
    with TakesServer(shot, ServerSettings(port=0)) as server:
        yield server


@pytest.fixture
def opened(served: TakesServer, page: Page) -> Page:
    """The page with the last take, standing at its first frame."""
    page.goto(served.url)
    expect(page.locator("#slate")).to_have_text("12 A take 2")
    page.keyboard.press("k")
    page.keyboard.press("Home")
    at(page, 200)
    return page


def at(page: Page, number: int, *, beside: int | None = None) -> None:
    """Both pictures show this frame, or the left one another."""
    want = [number if beside is None else beside, number]
    end = time.monotonic() + 30
    while (seen := page.evaluate(READ_TWO)) != want:
        assert time.monotonic() < end, f"shows {seen}, not {want}"
        time.sleep(0.02)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_last_take_plays_at_once_and_loops(served: TakesServer, page: Page) -> None:
    page.goto(served.url)
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "true")
    seen: set[int] = set()
    end = time.monotonic() + 30
    while time.monotonic() < end and not (len(seen) > 20 and min(seen) <= 202 and max(seen) >= 237):
        both = page.evaluate(READ_TWO)
        if None not in both:
            assert both[0] == both[1]
            seen.add(both[1])
    assert min(seen) <= 202 and max(seen) >= 237 and len(seen) > 20
    expect(page.locator("#aged-figure .label")).to_have_text("AT AGE 62")
    expect(page.locator("#camera-figure .label")).to_have_text("CLEAN")


def test_keys_step_scrub_and_jump(opened: Page) -> None:
    press(opened, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    at(opened, 202)
    press(opened, "End")
    at(opened, 239)
    press(opened, "Shift+ArrowLeft")
    at(opened, 215)
    expect(opened.locator("#timecode")).to_have_text(str(Timecode(86400 + 125, rolling_rate())))
    press(opened, "Home", *["."] * 20)  # where two are missing, the last before them stays
    at(opened, 219)
    press(opened, ".", ".")
    at(opened, 222)
    press(opened, "PageUp")
    expect(opened.locator("#slate")).to_have_text("12 A take 1")
    at(opened, 100)
    expect(opened.locator("#last")).to_have_attribute("aria-pressed", "false")
    press(opened, "a")
    at(opened, 200)


def test_another_take_goes_on_playing_or_stands(opened: Page) -> None:
    press(opened, "PageUp")
    at(opened, 100)
    expect(opened.locator("#play")).to_have_attribute("aria-pressed", "false")
    press(opened, " ", "PageDown")
    expect(opened.locator("#slate")).to_have_text("12 A take 2")
    expect(opened.locator("#play")).to_have_attribute("aria-pressed", "true")
    wait(lambda: 203 < opened.evaluate(READ, "aged") < 239)


def test_in_and_out_bound_the_loop(opened: Page) -> None:
    press(opened, *["ArrowRight"] * 4, "i", *["ArrowRight"] * 6, "o")
    at(opened, 210)
    press(opened, "l")
    seen: set[int] = set()
    end = time.monotonic() + 30
    while not (time.monotonic() > end - 28 and {204, 210} <= seen):
        seen.add(opened.evaluate(READ, "aged"))
        assert time.monotonic() < end, seen
    assert min(seen) == 204 and max(seen) == 210
    press(opened, "k", "x", "End")
    at(opened, 239)


def test_j_k_l_play_backwards_and_faster(opened: Page) -> None:
    press(opened, "End")
    at(opened, 239)
    press(opened, "j")
    expect(opened.locator("#reverse")).to_have_attribute("aria-pressed", "true")
    wait(lambda: 225 <= opened.evaluate(READ, "aged") < 239)
    press(opened, "k")
    expect(opened.locator("#reverse")).to_have_attribute("aria-pressed", "false")
    press(opened, "l", "l")
    expect(opened.locator('[data-speed="2"]')).to_have_attribute("aria-pressed", "true")
    press(opened, "1")
    expect(opened.locator('[data-speed="0.25"]')).to_have_attribute("aria-pressed", "true")
    press(opened, "k", "3")


def test_speed_is_as_asked(opened: Page) -> None:
    """Half speed: 12 of the take's frames in a second; a quarter: 6."""
    for key, asked in (("2", 12.0), ("1", 6.0)):
        press(opened, "k", "Home", key, " ")
        opened.wait_for_timeout(300)
        begun, first = time.monotonic(), opened.evaluate(READ, "aged")
        opened.wait_for_timeout(1000)
        last, took = opened.evaluate(READ, "aged"), time.monotonic() - begun
        assert asked * 0.4 < (last - first) / took < asked * 1.3
    press(opened, "k")


CLOCK = """async ({ speed, direction, begin, end, rate }) => {
  const { Transport } = await import("/pages/playback-clock.js");
  const transport = new Transport();
  transport.load(50, rate);
  transport.go(begin, 0);
  if (begin) transport.setIn();
  transport.go(end, 0);
  if (end < 49) transport.setOut();
  transport.pace(speed, 0);
  transport.go(begin + 3, 0);
  transport.play(direction, 0);
  const seen = [];
  let strays = 0;
  for (let now = 0; now < 10; now += 0.0083) {
    const due = transport.due(now);
    if (!transport.next(6).includes(due)) strays++;
    if (due !== transport.position) { transport.position = due; seen.push(due); }
  }
  return { seen, strays };
}"""


@pytest.fixture(scope="module")
def clock(shot: Path, browser: Browser) -> Iterator[Page]:
    """A page on which the clock alone is tried."""
    with TakesServer(shot, ServerSettings(port=0)) as server:
        page = browser.new_page()
        page.goto(server.url + "pages/playback-clock.js")
        yield page
        page.context.close()


@pytest.mark.parametrize("speed", [0.25, 0.5, 1, 2])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(("begin", "end"), [(0, 49), (10, 21)])
def test_time_goes_round_and_every_frame_due_was_foreseen(
    clock: Page, speed: float, direction: int, begin: int, end: int
) -> None:
    for rate in (24, 30000 / 1001):
        asked = {"speed": speed, "direction": direction, "begin": begin, "end": end, "rate": rate}
        told = clock.evaluate(CLOCK, asked)
        step = direction * (2 if speed == 2 else 1)
        span = end - begin + 1
        assert told["strays"] == 0
        assert all((b - a - step) % span == 0 and begin <= b <= end for a, b in pairwise([begin + 3, *told["seen"]]))
        assert len(told["seen"]) == pytest.approx(10 * rate * min(speed, 1), abs=2)


@pytest.mark.parametrize("held_up", [False, True])
def test_without_loop_it_stops_at_the_end(opened: Page, held_up: bool) -> None:
    press(opened, "q", "Shift+ArrowRight", " ")
    if held_up:
        opened.evaluate("() => { const end = performance.now() + 900; while (performance.now() < end); }")
    at(opened, 239)
    expect(opened.locator("#play")).to_have_attribute("aria-pressed", "false")


def test_mouse_scrubs_on_the_line(opened: Page) -> None:
    box = opened.locator("#line").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    opened.mouse.move(box["x"] + 8, middle)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 8 + (box["width"] - 16) * 0.5, middle, steps=12)
    at(opened, 219)  # half of positions 0 to 39 is where two are missing
    opened.mouse.move(box["x"] + box["width"], middle, steps=5)
    opened.mouse.up()
    at(opened, 239)
    opened.locator("#start").click()
    at(opened, 200)
    opened.locator("#forth").click()
    at(opened, 201)


def test_another_take_beside_by_roll_and_by_timecode(opened: Page) -> None:
    opened.locator("#beside").select_option("aged 12_A_001")
    expect(opened.locator("#camera-figure .label")).to_have_text("12 A TAKE 1 AGED")
    at(opened, 200, beside=100)
    expect(opened.locator("#camera-figure .note")).to_have_text("AT AGE 35")
    press(opened, "ArrowRight", "ArrowRight")
    at(opened, 202, beside=102)
    opened.locator("#align").select_option("timecode")
    at(opened, 202, beside=112)
    opened.locator("#beside").select_option("matte")
    expect(opened.locator("#camera-figure .label")).to_have_text("MATTE")
    opened.locator("#beside").select_option("clean")
    at(opened, 202)
    press(opened, "End")
    opened.locator("#beside").select_option("clean 12_A_001")
    opened.locator("#align").select_option("timecode")
    expect(opened.locator("#camera-figure .over strong")).to_have_text("NO FRAME")


def test_marks_are_kept_and_lead_to_their_frames(opened: Page, shot: Path) -> None:
    press(opened, "s", *["ArrowRight"] * 5, "m")
    opened.locator("#mark-words").fill("good smile")
    opened.keyboard.press("Enter")
    expect(opened.locator("#marks")).to_contain_text("good smile")
    with Take.open(shot / "12_A_002") as take:
        assert [(mark["words"], mark["number"]) for mark in take.marks] == [("good smile", 205)]
    press(opened, "End")
    opened.locator("#marks button").click()
    at(opened, 205)
    (shot / "12_A_002" / "marks.jsonl").unlink()


def test_facts_say_who_was_aged_and_under_which_grant(opened: Page) -> None:
    opened.locator("#facts-open").click()
    facts = opened.locator("#facts")
    expect(facts).to_contain_text("Ada")
    expect(facts).to_contain_text("model ada-1 bbbbbbbbbbbb, grant aaaaaaaaaaaa, ages 18 to 90")
    expect(facts).to_contain_text("2 frames dropped before")
    press(opened, "ArrowRight")
    expect(opened.locator("#frame-facts")).to_contain_text("at age 62 from 50")
    opened.locator("#facts-close").click()
    expect(facts).to_be_hidden()


def test_wipe_shows_both_in_one_place(opened: Page) -> None:
    opened.locator("#wipe").click()
    boxes = [opened.locator(f"#{name}").bounding_box() for name in ("camera", "aged")]
    assert boxes[0] == boxes[1]
    opened.locator("#divider").focus()
    press(opened, "ArrowRight")  # moves the wipe, not the take
    expect(opened.locator("#divider")).to_have_attribute("aria-valuenow", "52")
    at(opened, 200)


def test_every_screen_holds_all_of_it(served: TakesServer, browser: Browser) -> None:
    for name, (width, height, scale, touch) in SCREENS.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=scale, has_touch=touch)
        page = context.new_page()
        page.goto(served.url)
        expect(page.locator("#frame")).not_to_have_text("–")
        told = page.evaluate("""() => ({
          wide: document.documentElement.scrollWidth, high: document.body.scrollHeight,
          buttons: [...document.querySelectorAll("button, a, select")].filter((each) => each.checkVisibility())
            .map((each) => [each.id || each.textContent, each.getBoundingClientRect()])
            .map(([name, { x, y, width, height }]) => ({ name, x, y, width, height })),
          picture: document.getElementById("aged").getBoundingClientRect().width,
        })""")
        assert told["wide"] <= width and told["high"] <= height, name
        assert told["picture"] >= min(width, height) * 0.35, name
        for button in told["buttons"]:
            assert button["width"] >= 43.9 and button["height"] >= 43.9, (name, button)
            assert button["x"] >= -0.5 and button["x"] + button["width"] <= width + 0.5, (name, button)
            assert button["y"] >= -0.5 and button["y"] + button["height"] <= height + 0.5, (name, button)
        context.close()


def test_touch_plays_steps_and_scrubs(served: TakesServer, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(served.url)
    expect(page.locator("#slate")).to_have_text("12 A take 2")
    page.locator("#play").tap()  # it plays already: pause
    page.locator("#start").tap()
    at(page, 200)
    page.locator("#forth").tap()
    at(page, 201)
    box = page.locator("#line").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] - 2, box["y"] + 20)
    at(page, 239)
    page.locator("#back").tap()
    at(page, 238)
    context.close()


@pytest.fixture
def on_set(tmp_path: Path) -> Iterator[tuple[MonitorServer, Direction, TakeRecorder]]:
    """A live path that records, with its server."""
    source, reager = FakeSource(), FakeReager()
    with ExitStack() as stack:
        made = stack.enter_context(TakeRecorder(tmp_path / "takes", source.info, RecorderSettings(reserve=0)))
        direction = Direction(35.0, recorder=made)
        run = LiveRun(source, reager, LiveSettings(log_every=0), direction=direction, listeners=(made,))
        part = TakesPart(tmp_path / "takes", report=made.report)
        server = MonitorServer(run, ServerSettings(port=0), parts=(part,))
        stack.enter_context(run)
        stack.enter_context(server)
        yield server, direction, made


def test_a_take_plays_right_after_the_cut_while_the_next_one_rolls(
    on_set: tuple[MonitorServer, Direction, TakeRecorder], page: Page
) -> None:
    server, direction, made = on_set
    page.goto(server.url + "playback")
    expect(page.locator("#aged-figure .over strong")).to_have_text("NO TAKE YET")
    direction.act("scene", {"scene": "7", "shot": "B"}, "test")
    direction.act("roll", {}, "test")
    expect(page.locator("#recorder")).to_have_text("RECORDING 7 B 001")
    wait(lambda: made.report()["frames"] > 30)
    begun = time.monotonic()
    direction.act("cut", {}, "test")
    expect(page.locator("#slate")).to_have_text("7 B take 1")
    expect(page.locator("#fps")).to_contain_text("of 24")
    assert time.monotonic() - begun < 20  # on a quiet machine under one
    direction.act("roll", {}, "test")
    expect(page.locator("#recorder")).to_have_text("RECORDING 7 B 002")
    press(page, "k", "Home")
    wait(lambda: page.evaluate(READ, "aged") == page.evaluate(READ, "camera"))
    press(page, "PageUp")
    wait(lambda: made.report()["frames"] > 10)
    direction.act("cut", {}, "test")
    expect(page.locator("#slate")).to_have_text("7 B take 2")
    done(made)
    with Take.open(made.folder / "7_B_001") as take:
        assert 35.0 in {frame.note.get("age") for frame in take.frames} and take.document["counts"]["not_kept_up"] == 0


def test_a_take_is_the_source_frame_by_frame(on_set: tuple[MonitorServer, Direction, TakeRecorder]) -> None:
    _, direction, made = on_set
    direction.act("roll", {}, "test")
    wait(lambda: made.report()["frames"] > 20)
    direction.act("cut", {}, "test")
    done(made)
    with Take.open(made.folder / "0_001") as take:
        in_time = [index for index, frame in enumerate(take.frames) if frame.note["view"] != "late"]
        assert len(in_time) > 3, "on a busy machine some are not"
        for index, frame in enumerate(take.frames):
            assert read_number(take.pixels(index, "clean"), 0) == frame.number
            if index in in_time:
                aged = take.pixels(index, "aged")
                assert (read_number(aged, 0), read_number(aged, 1)) == (frame.number, 350)


def test_somebody_who_looks_at_another_take_is_told_of_the_new_one(
    on_set: tuple[MonitorServer, Direction, TakeRecorder], page: Page
) -> None:
    server, direction, made = on_set
    for _ in range(2):
        direction.act("roll", {}, "test")
        wait(lambda: made.report()["frames"] > 5)
        direction.act("cut", {}, "test")
        done(made)
    page.goto(server.url + "playback")
    expect(page.locator("#slate")).to_have_text("take 2")
    press(page, "PageUp")
    expect(page.locator("#slate")).to_have_text("take 1")
    direction.act("roll", {}, "test")
    wait(lambda: made.report()["frames"] > 5)
    direction.act("cut", {}, "test")
    expect(page.locator("#note")).to_contain_text("NEW TAKE: take 3")
    expect(page.locator("#slate")).to_have_text("take 1")
    page.locator("#last").click()
    expect(page.locator("#slate")).to_have_text("take 3")


def test_a_lost_server_is_said_and_found_again(shot: Path, page: Page) -> None:
    with TakesServer(shot, ServerSettings(port=0)) as server:
        page.goto(server.url)
        expect(page.locator("#slate")).to_have_text("12 A take 2")
        press(page, "k", "Home")
        at(page, 200)
        port = server.port
    expect(page.locator("#note")).to_have_text("NOT CONNECTED")
    with TakesServer(shot, ServerSettings(port=port)):
        expect(page.locator("#note")).to_have_text("")
        press(page, "End")
        at(page, 239)


def frames(body: bytes) -> dict[int, dict[str, bytes | str]]:
    (length,) = struct.unpack(">I", body[:4])
    found, rest = {}, 4 + length
    for index, pictures in json.loads(body[4:rest])["frames"]:
        found[index] = dict(pictures)
        for name, each in pictures.items():
            if isinstance(each, int):
                found[index][name], rest = body[rest : rest + each], rest + each
    return found


def test_frames_come_whole_halved_and_together(served: TakesServer, shot: Path) -> None:
    status, headers, body = ask(served.url, "/api/takes/12_A_001/frames?first=3&count=4&pictures=clean,aged,matte")
    assert status == 200 and headers["Cache-Control"] == "no-store"
    given = frames(body)
    with Take.open(shot / "12_A_001") as take:
        assert list(given) == [3, 4, 5, 6] and given[4]["aged"] == take.jpeg(4, "aged")
    half = frames(ask(served.url, "/api/takes/12_A_001/frames?first=10&count=2&step=-5&part=2")[2])
    assert list(half) == [10, 5]
    pixels = simplejpeg.decode_jpeg(half[5]["clean"])
    assert pixels.shape == (90, 160, 3) and read_number(pixels, 0) == 105


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/takes/nothing/frames", 404), ("/api/takes/12_A_009", 404), ("/api/takes/..%2f..%2fetc", 404),
     ("/api/takes/12_A_001/frames?first=x", 400), ("/api/takes/12_A_001/frames?count=500", 422),
     ("/api/takes/12_A_001/frames?part=3", 422), ("/api/takes/12_A_001/frames?pictures=secret", 422)],
)
def test_nonsense_is_refused_in_words(served: TakesServer, path: str, status: int) -> None:
    answer = ask(served.url, path)
    assert answer[0] == status and answer[2].strip()


def test_a_viewer_looks_and_an_operator_marks(shot: Path, page: Page) -> None:
    with TakesServer(shot, ServerSettings(port=0, token="a-token-of-some-length")) as server:
        invitations = server.reception.access.invitations
        tokens = {}
        for role in ("viewer", "operator"):
            made, tokens[role] = invitations.draft(role, role, 1, False, "test")
            invitations.add(made)
        url, path = f"http://127.0.0.1:{server.port}", "/api/takes/12_A_001/marks"

        def marked(role: str, words: str) -> int:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens[role]}"}
            body = json.dumps({"frame": 1, "words": words}).encode()
            return ask(url, path, method="POST", data=body, headers=headers)[0]

        assert ask(url, "/api/takes")[0] == 401 and ask(url, "/api/takes/12_A_001/frames")[0] == 401
        assert marked("viewer", "good") == 403 and marked("operator", "") == 422
        assert not (shot / "12_A_001" / "marks.jsonl").exists()
        assert marked("operator", "good") == 200
        (shot / "12_A_001" / "marks.jsonl").unlink()
        page.goto(f"{url}/?token={tokens['viewer']}")
        expect(page.locator("#slate")).to_have_text("12 A take 2")
        expect(page.locator("#mark")).to_be_disabled()
        press(page, "m")
        expect(page.locator("#mark-form")).to_be_hidden()


def test_json_in_pieces_is_the_same() -> None:
    document = {"few": [1, 2], "none": [], "words": "é\n", "many": [[i, None, "x"] for i in range(1234)], "last": {}}
    assert json.loads(b"".join(in_pieces(document))) == document


def test_looking_does_not_disturb_the_recorder(
    on_set: tuple[MonitorServer, Direction, TakeRecorder], tmp_path: Path
) -> None:
    """Frames are asked for without pause while a take rolls: the recorder keeps up with every one that it is given."""
    server, direction, made = on_set
    direction.act("roll", {}, "test")
    wait(lambda: made.report()["frames"] > 5)
    direction.act("cut", {}, "test")
    done(made)
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            ask(server.url, "/api/takes/0_001/frames?count=4&part=2")

    threads = [threading.Thread(target=look) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        direction.act("roll", {}, "test")
        wait(lambda: made.report()["frames"] > 24)
        direction.act("cut", {}, "test")
        done(made)
    finally:
        stop.set()
        for each in threads:
            each.join()
    with Take.open(made.folder / "0_002") as take:
        assert take.document["counts"]["not_kept_up"] == 0 and len(take.frames) > 24


