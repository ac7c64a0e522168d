"""The faces page in a real browser: keys, mouse and touch; nothing lost; two pages in step; ingest noticed."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from archive.material import make_faceset, make_row
from playwright.sync_api import Browser, Page, expect

from playingage.archive import FaceRow, Faceset, FacesetError
from playingage.archive.decisions import FILE, fold, read_decisions
from playingage.archive.files import locked
from playingage.web import ServerSettings
from playingage.web.faces import FacesServer
from web.client import ask, talk

COUNT = 240
Open = Callable[..., FacesServer]


def row(i: int) -> FaceRow:
    title = "First Film" if i < 180 else "Second Film"
    return make_row(
        i, title=title, age=31.5 if i < 180 else 44.0, track=i // 6, shot=i // 24, timecode=f"01:00:00:{i % 24:02d}",
        yaw=50.0 if i % 10 == 3 else 0.0, pitch=0.0, distance=0.6 if i == 7 else 0.3,
        sharpness=0.1 if i % 5 == 0 else 0.8, light_side=0.0, light_top=0.0,
        **({"state": "rejected", "reason": "blurred"} if i == 5 else {}),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_faceset(tmp_path, tuple(row(i) for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def serve_faces(folder: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda port=0: stack.enter_context(FacesServer(folder, "Ada Lovelace", ServerSettings(port=port)))


@pytest.fixture
def opened(serve_faces: Open, page: Page) -> Page:
    return visit(page, serve_faces())


def visit(page: Page, server: FacesServer) -> Page:
    page.goto(server.url)
    expect(page.locator("#counts")).to_contain_text("240 faces")
    return page


def states(folder: Path) -> dict[str, str]:
    """What holds by the journal alone, as after a kill."""
    found: dict[str, str] = {}
    for decision in read_decisions(folder, "ada"):
        for change in decision.changes:
            found |= {face: str(change.set["state"]) for face in change.faces if "state" in change.set}
    return found


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def written(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text("saved in")


def tile(page: Page, number: int) -> Any:
    return page.locator(f'.tile[data-face="face-{number:04d}"]')


def facet(page: Page, kind: str, group: str) -> Any:
    return page.locator(f'[data-facet="{kind}"] [data-group="{group}"]')


def test_keys_accept_reject_and_take_back_and_each_is_in_the_journal_at_once(opened: Page, folder: Path) -> None:
    press(opened, "a", "r", "ArrowRight", "a")  # 0 accepted, 1 rejected, 2 passed over, 3 accepted
    written(opened)
    assert states(folder) == {"face-0000": "accepted", "face-0001": "rejected", "face-0003": "accepted"}
    expect(tile(opened, 0)).to_have_class("tile accepted")
    press(opened, "u")
    expect(opened.locator("#counts")).to_contain_text("1 accepted · 2 rejected")
    assert states(folder)["face-0003"] == "kept"
    press(opened, "u", "u")
    expect(opened.locator("#counts")).to_contain_text("0 accepted · 1 rejected")
    press(opened, "u")
    expect(opened.locator("#note")).to_contain_text("nothing of yours to take back")


def test_shift_selects_further_and_one_key_decides_for_all(opened: Page, folder: Path) -> None:
    press(opened, "Shift+ArrowRight", "Shift+ArrowRight", "o")
    written(opened)
    assert states(folder) == dict.fromkeys(("face-0000", "face-0001", "face-0002"), "rejected")
    change = read_decisions(folder, "ada")[0].changes[0]
    assert change.set["note"] == "other person" and change.was["note"] == ""
    expect(facet(opened, "state", "other person")).to_contain_text("3")
    expect(tile(opened, 3)).to_have_class("tile chosen here")  # and it goes on
    press(opened, "t", "r")  # the rest of the track of face 3: faces 0 to 5
    written(opened)
    assert set(states(folder)) == {f"face-{i:04d}" for i in range(6)}
    press(opened, "Control+a")
    expect(opened.locator("#about")).to_have_text("240 selected")


def test_ages_by_digits_by_label_and_for_a_whole_title(opened: Page, folder: Path) -> None:
    press(opened, "3", "3")
    written(opened)
    press(opened, "ArrowRight", "l")
    opened.locator("#label-age").fill("200")
    press(opened, "Enter")
    expect(opened.locator("#label-wrong")).to_contain_text("age in years")
    opened.locator("#label-age").fill("34,5")
    press(opened, "Enter")
    expect(tile(opened, 1).locator(".words span").first).to_have_text("34.5")
    press(opened, "End", "l")
    opened.locator("#label-age").fill("45")
    opened.locator("#label-whole").click()
    expect(tile(opened, 239).locator(".words span").first).to_have_text("45")
    written(opened)
    assert fold(folder) == 62
    ages = {r.id: r.age for r in Faceset.load(folder).rows}
    assert (ages["face-0000"], ages["face-0001"], ages["face-0002"]) == (33, 34.5, 31.5)
    assert {ages[f"face-{i:04d}"] for i in range(180, 240)} == {45}


def test_filters_narrow_and_tell_counts(opened: Page) -> None:
    facet(opened, "title", "Second Film").click()
    expect(opened.locator("#counts")).to_contain_text("60 of 240 faces")
    facet(opened, "pose", "profile right").click()
    expect(opened.locator("#counts")).to_contain_text("6 of 240 faces")
    expect(facet(opened, "title", "First Film")).to_contain_text("18")  # what it would add
    assert opened.locator(".tile:visible").count() == 6
    opened.locator("#clear").click()
    facet(opened, "state", "rejected at ingest").click()
    expect(opened.locator(".tile:visible .words span").last).to_have_text("blurred")
    opened.locator("#clear").click()
    facet(opened, "sharp", "soft").click()
    facet(opened, "state", "accepted").wait_for(state="detached")
    expect(opened.locator("#counts")).to_contain_text("48 of 240 faces")
    opened.locator("#clear").click()
    opened.locator("#order").select_option("least like the references first")
    opened.keyboard.press("Home")
    expect(opened.locator(".tile.here")).to_have_attribute("data-face", "face-0007")


def test_a_decided_face_stays_in_sight_until_the_filters_change(opened: Page) -> None:
    facet(opened, "state", "undecided").click()
    opened.locator("#grid").focus()
    press(opened, "r")
    expect(tile(opened, 0)).to_have_class("tile rejected")
    expect(tile(opened, 1)).to_have_class("tile chosen here")
    facet(opened, "sharp", "sharp").click()
    assert tile(opened, 0).count() == 0


def test_one_face_large_with_its_origin(opened: Page, folder: Path) -> None:
    press(opened, "ArrowRight", "Enter")
    box = opened.locator("#large")
    for words in ("First Film", "first.mov", "01:00:00:01", "Test", "31.5 years"):
        expect(box).to_contain_text(words)
    expect(opened.locator("#large-picture")).to_have_js_property("naturalWidth", 40)
    press(opened, "a")
    expect(box).to_contain_text("01:00:00:02")  # accepted, and on to the next
    press(opened, "Escape")
    expect(box).to_be_hidden()
    written(opened)
    assert states(folder) == {"face-0001": "accepted"}


def test_only_tiles_in_sight_exist(opened: Page) -> None:
    press(opened, "End")
    expect(tile(opened, 239)).to_be_visible()
    assert opened.locator(".tile").count() < COUNT / 2 and tile(opened, 0).count() == 0
    expect(tile(opened, 239).locator("img")).to_have_class("there")


def test_the_mouse_selects_and_opens(opened: Page) -> None:
    tile(opened, 2).click()
    tile(opened, 5).click(modifiers=["Shift"])
    expect(opened.locator("#about")).to_have_text("4 selected")
    tile(opened, 3).click(modifiers=["Control"])
    expect(opened.locator("#about")).to_have_text("3 selected")
    opened.locator('[data-act="accept"]').click()
    expect(opened.locator("#counts")).to_contain_text("3 accepted")
    tile(opened, 8).dblclick()
    expect(opened.locator("#large")).to_contain_text("01:00:00:08")
    opened.locator('[data-act="close"]').click()
    expect(opened.locator("#large")).to_be_hidden()


def test_touch_on_a_phone(serve_faces: Open, browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visit(context.new_page(), serve_faces())
    tile(page, 1).tap()
    box = tile(page, 6).bounding_box()
    held = {"bubbles": True, "pointerType": "touch", "clientX": box["x"] + 5, "clientY": box["y"] + 5}
    tile(page, 6).dispatch_event("pointerdown", held)  # held: from the last one to here
    expect(page.locator("#about")).to_have_text("6 selected")
    tile(page, 6).dispatch_event("pointerup", held)
    page.locator('[data-act="reject"]').tap()
    expect(page.locator("#counts")).to_contain_text("6 rejected")
    tile(page, 7).tap()
    expect(page.locator("#large")).to_contain_text("01:00:00:07")  # the one that was on: opened by a second tap
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator('[data-act="close"]').tap()
    page.locator("#open-filters").tap()
    facet(page, "title", "Second Film").tap()
    page.touchscreen.tap(385, 400)
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#counts")).to_contain_text("60 of 240")
    context.close()


def test_two_pages_stay_in_step_and_each_takes_back_its_own(serve_faces: Open, browser: Browser) -> None:
    server = serve_faces()
    contexts = [browser.new_context(viewport={"width": 1000, "height": 700}) for _ in range(2)]
    first, second = (visit(context.new_page(), server) for context in contexts)
    press(first, "a")
    expect(tile(second, 0)).to_have_class(re.compile("accepted"))
    expect(second.locator("#note")).to_contain_text("Another page decided on 1 face")
    press(second, "ArrowRight", "r")
    expect(first.locator("#counts")).to_contain_text("1 accepted · 2 rejected")
    press(second, "Home", "r")  # over what the first one said
    expect(first.locator("#counts")).to_contain_text("0 accepted · 3 rejected")
    press(first, "u")  # is no more as the first one left it: stays
    expect(first.locator("#note")).to_contain_text("0 faces")
    expect(second.locator("#counts")).to_contain_text("0 accepted · 3 rejected")
    press(second, "u", "u")
    expect(first.locator("#counts")).to_contain_text("1 accepted · 1 rejected")
    for context in contexts:
        context.close()


def test_a_running_ingest_is_noticed_and_decisions_hold(opened: Page, folder: Path) -> None:
    press(opened, "ArrowRight", "a")
    written(opened)
    faceset = Faceset.load(folder)
    more = [make_row(COUNT + i, title="Third Film", age=60.0) for i in range(3)]
    faceset.with_rows([*faceset.rows, *more]).save()
    expect(opened.locator("#note")).to_contain_text("3 new faces came in")
    expect(opened.locator("#counts")).to_contain_text("243 faces · 1 accepted")
    expect(opened.locator(".tile.here")).to_have_attribute("data-face", "face-0002")  # still at the same face
    press(opened, "s")
    expect(opened.locator("#saved")).to_have_text("saved in the faceset")
    rows = Faceset.load(folder).rows
    assert len(rows) == 243 and rows[1].state == "accepted"


def test_while_ingest_holds_the_faceset_decisions_wait_in_the_journal(opened: Page, folder: Path) -> None:
    with locked(folder):
        press(opened, "a", "s")
        expect(opened.locator("#note")).to_contain_text("another program is working on this faceset")
        expect(opened.locator("#saved")).to_contain_text("the faceset is in use")
        assert states(folder) == {"face-0000": "accepted"} and Faceset.load(folder).rows[0].state == "kept"
    press(opened, "s")
    expect(opened.locator("#saved")).to_have_text("saved in the faceset")
    assert Faceset.load(folder).rows[0].state == "accepted"


def test_what_was_decided_goes_into_the_faceset_at_the_end(folder: Path, page: Page) -> None:
    with FacesServer(folder, "Ada", ServerSettings(port=0)) as server:
        visit(page, server)
        press(page, "r")
        written(page)
    assert Faceset.load(folder).rows[0].state == "rejected"
    expect(page.locator("#saved")).to_have_text("not connected")


def test_a_decision_made_while_the_line_is_lost_arrives_later(folder: Path, page: Page) -> None:
    with FacesServer(folder, "Ada", ServerSettings(port=0)) as server:
        visit(page, server)
        port = server.port
    expect(page.locator("#saved")).to_have_text("not connected")
    press(page, "a")
    expect(page.locator("#note")).to_contain_text("Not connected")
    with FacesServer(folder, "Ada", ServerSettings(port=port)):
        expect(page.locator("#counts")).to_contain_text("1 accepted")
        written(page)
    assert Faceset.load(folder).rows[0].state == "accepted"


def test_the_journal_of_a_killed_page_is_shown_and_folded_by_the_next(folder: Path, page: Page) -> None:
    with FacesServer(folder, "Ada", ServerSettings(port=0)) as server:
        server.desk.decide("x", ["face-0009"], {"state": "accepted"})
        server.desk.unsaved = 0  # as if it had been killed before it folded
    assert Faceset.load(folder).rows[9].state == "kept"
    with FacesServer(folder, "Ada", ServerSettings(port=0)) as server:
        visit(page, server)
        expect(tile(page, 9)).to_have_class("tile accepted")
    assert Faceset.load(folder).rows[9].state == "accepted"


def test_a_second_program_is_told(serve_faces: Open, folder: Path) -> None:
    serve_faces()
    with pytest.raises(FacesetError, match="open in another"):
        FacesServer(folder, "Ada", ServerSettings(port=0))


def test_pictures_are_small_kept_and_refused_in_words(serve_faces: Open, folder: Path) -> None:
    url = serve_faces().url
    status, headers, body = ask(url, "/thumb?face=face-0001&size=128")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg") and "immutable" in headers["Cache-Control"]
    assert body[:2] == b"\xff\xd8" and len(body) < 20_000
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ask(url, "/thumb?face=face-0001&size=4096")[0] == 400
    assert ask(url, "/thumb?face=../faceset.json&size=128")[0] == 404
    (folder / row(2).file).write_bytes(b"no picture")
    status, headers, body = ask(url, "/cut?face=face-0002")
    assert status == 410 and b"is not the picture" in body and headers["Cache-Control"] == "no-store"
    assert ask(url, "/api/faces", headers={"Host": "evil.example"})[0] == 403
    document = json.loads(ask(url, "/api/faces")[2])
    assert document["faces"]["id"][3] == "face-0003" and document["titles"] == ["First Film", "Second Film"]


def test_sixteen_bit_cuts_and_numbers_that_are_none(tmp_path: Path) -> None:
    make_faceset(tmp_path, (replace(row(0), distance=float("nan")),), bits=16)
    with FacesServer(tmp_path, "Ada", ServerSettings(port=0)) as server:
        assert json.loads(ask(server.url, "/api/faces")[2])["faces"]["distance"] == [None]
        assert ask(server.url, "/thumb?face=face-0000&size=256")[0] == 200


def test_what_is_sent_twice_is_done_once(serve_faces: Open, folder: Path) -> None:
    server = serve_faces()
    for number, face in ((1, "face-0001"), (2, "face-0002")):
        message = {"type": "decide", "seq": number, "by": "x", "faces": [face], "set": {"state": "accepted"}}
        assert said(server, json.dumps(message))["type"] == "done"
    for _ in range(2):  # as when the line is lost before the answer comes
        assert said(server, json.dumps({"type": "undo", "seq": 3, "by": "x"})) == {"type": "done", "seq": 3}
    assert states(folder) == {"face-0001": "accepted", "face-0002": "kept"}


def test_pages_are_told_how_things_stand_while_a_faceset_is_being_saved(
    serve_faces: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, saving = Faceset.save, threading.Event()

    def slow(self: Faceset, *more: Any) -> Faceset:
        saving.set()
        assert told.wait(30), "nobody was told anything meanwhile"
        return real(self, *more)

    async def work(session: aiohttp.ClientSession) -> list[str]:
        heard = []
        async with session.ws_connect(server.url + "socket") as socket:
            choice = {"faces": ["face-0001"], "set": {"state": "accepted"}}
            await socket.send_json({"type": "decide", "seq": 1, "by": "x", **choice})
            await socket.send_json({"type": "save", "seq": 2, "by": "x"})
            while (said := await socket.receive_json(timeout=20)).get("seq") != 2:
                if saving.is_set():
                    heard.append(said["type"])
                if heard.count("state") == 2:
                    told.set()
        return [*heard, said["type"]]

    told, server = threading.Event(), serve_faces()
    monkeypatch.setattr(Faceset, "save", slow)
    assert talk(work)[-1] == "done"


@pytest.mark.parametrize(
    "wrong",
    [{"set": {"state": "perhaps"}}, {"set": {"age": -3}}, {"set": {"file": "x"}}, {"set": {}}, {"faces": ["nobody"]}],
)
def test_decisions_without_sense_are_refused_and_not_written(
    serve_faces: Open, folder: Path, wrong: dict[str, Any]
) -> None:
    server = serve_faces()
    message = {"type": "decide", "seq": 4, "by": "x", "faces": ["face-0001"], "set": {"state": "accepted"}} | wrong
    answer = said(server, json.dumps(message))
    assert answer["type"] == "refused" and answer["seq"] == 4 and answer["words"]
    assert read_decisions(folder, "ada") == ()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"type":"undo"}', '{"type":"decide","seq":1,"by":"x","set":{}}', "[" * 9999]
)
def test_nonsense_closes_the_page(serve_faces: Open, text: str) -> None:
    assert said(serve_faces(), text) == {"closed": 1008}


def said(server: FacesServer, text: str) -> dict[str, Any]:
    """The answer to one message on the socket."""
    async def work(session: aiohttp.ClientSession) -> dict[str, Any]:
        async with session.ws_connect(server.url + "socket") as socket:
            await socket.send_str(text)
            end = time.monotonic() + 30
            while time.monotonic() < end:
                message = await socket.receive(20)
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return {"closed": socket.close_code}
                value: dict[str, Any] = json.loads(message.data)
                if value["type"] in ("done", "refused"):
                    return value
        raise AssertionError("no answer")

    return talk(work)


def test_the_journal_is_named_in_the_page_of_its_format() -> None:
    assert FILE in (Path(__file__).parents[2] / "docs" / "formats" / "decisions.md").read_text(encoding="utf-8")
