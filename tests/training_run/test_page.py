"""The live page and status.json, by themselves and in a browser."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("playwright")

from playwright.sync_api import Browser  # noqa: E402

from playingage.training.run.curves import Line, chart  # noqa: E402
from playingage.training.run.folder import RunFolder  # noqa: E402
from playingage.training.run.page import POLICY, Facts, duration, page  # noqa: E402
from playingage.training.run.status import Pace, Progress, Reporter  # noqa: E402
from playingage.web.runs import RunServer  # noqa: E402
from playingage.web.settings import ServerSettings  # noqa: E402
from training_run.tiny import TinyLearner, run, settings, stop_after  # noqa: E402

FACTS = Facts(
    performer="Ada <b>Lovelace</b>", name="main", steps=400, device="CPU, 1 threads, 32-true",
    settings={"steps": "400", "seed": "7"}, faces={24: 12, 25: 40, 31: 22, 47: 9}, titles={"First & Last": 83},
    coverage=((20, 0.1), (25, 0.9), (31, 0.8), (40, 0.2), (47, 0.7), (60, 0.0)),
)
ROWS = [
    *({"step": step, "loss": 1 / (step + 3), "terms": {"picture": 0.6 / (step + 3), "matte": 0.4 / (step + 3)}}
      for step in range(10, 260, 10)),
    *({"step": step, "held_out": 1.3 / (step + 3), "held_out_terms": {"picture": 1 / (step + 3)}}
      for step in range(0, 260, 50)),
]
STATUS: dict[str, Any] = {
    "state": "training", "step": 250, "steps": 400, "seconds_left": 3725, "samples_per_s": 12.5, "words": "",
    "best": {"step": 250, "held_out": 0.0051}, "updated": "2026-11-21T14:00:00+00:00", "device": "CPU",
}


class Balanced(HTMLParser):
    """Every element that wants an end has one, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_well_formed(text: str) -> None:
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert not parser.open


def test_the_page_is_well_formed_and_text_is_text() -> None:
    text = page(FACTS, STATUS, ROWS, [f"{step:07d}.png" for step in range(0, 260, 10)])
    assert_well_formed(text)
    assert "<b>Lovelace" not in text and "Ada &lt;b&gt;" in text
    assert 'http-equiv="refresh"' in text
    assert "250 of 400" in text and "1 h 02 min" in text and "First &amp; Last" in text
    assert text.count('loading="lazy"') == 12


@pytest.mark.parametrize("state", ["stopped", "failed", "finished"])
def test_a_page_of_a_run_that_does_not_go_on_stays_as_it_is(state: str) -> None:
    text = page(FACTS, {**STATUS, "state": state, "words": "Because <so>."}, [], [])
    assert "refresh" not in text and "Time left" not in text
    assert "Because &lt;so&gt;." in text and "No steps yet" in text


def test_curves_end_where_the_values_end() -> None:
    drawn = chart([Line(name="x", kind="held", points=[(0, 1.0), (50, 0.1), (100, 0.01)])], 100)
    places = [tuple(map(float, each.split(","))) for each in re.findall(r'points="([^"]*)"', drawn)[0].split()]
    assert places[0][0] == 52 and places[-1][0] == 632
    assert places[1][1] - places[0][1] == pytest.approx(places[2][1] - places[1][1], abs=0.2)  # a logarithmic axis
    assert chart([Line(name="x", kind="held", points=[(0, float("nan"))])], 100).startswith("<p")
    many = chart([Line(name="x", kind="held", points=[(i, 1.0 + i) for i in range(100_000)])], 100_000)
    assert len(many) < 10_000


def test_time_left_is_that_of_the_pace() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.seconds_left(100) is None
    for step in range(1, 11):
        now[0] += 9.0 if step == 1 else 0.5  # the first step warms up
        pace.mark(step, step * 4)
    assert pace.seconds_left(100) == pytest.approx(45)
    assert pace.samples == pytest.approx(8)


def test_status_is_written_at_most_every_few_seconds(tmp_path: Path) -> None:
    now = [100.0]
    reporter = Reporter(RunFolder(tmp_path), FACTS, [], clock=lambda: now[0])
    (tmp_path / "previews").mkdir()
    for step in range(1, 20):
        now[0] += 0.5
        reporter.tell(Progress(state="training", step=step))
        told = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
        assert step - told["step"] < 6
    assert told["step"] == 19
    assert (duration(59), duration(61), duration(7260)) == ("59 s", "1 min 01 s", "2 h 01 min")


def test_a_run_writes_a_page_that_a_browser_shows(tmp_path: Path, browser: Browser) -> None:
    run(tmp_path, TinyLearner(), settings(steps=60), asked=stop_after(40))
    shown = browser.new_page(viewport={"width": 1200, "height": 1500})
    troubles: list[str] = []
    shown.on("console", lambda message: troubles.append(message.text))
    shown.on("pageerror", lambda error: troubles.append(str(error)))
    shown.goto((tmp_path / "index.html").as_uri())
    assert shown.locator("h1").inner_text() == "Ada <Lovelace> · main stopped"
    assert "The same command goes on." in shown.inner_text("body")
    assert shown.evaluate("document.getElementById('newest').naturalWidth") == 120
    assert shown.locator(".strip a").count() == 4
    assert shown.locator("polyline.learned").count() >= 1
    shown.context.close()
    assert troubles == []


def test_the_page_is_served_to_this_machine(tmp_path: Path, browser: Browser) -> None:
    folder = RunFolder(tmp_path)
    with folder.alone():
        for step in (0, 50, 100, 250):
            folder.add_preview(step, np.full((60, 300, 3), step // 2, np.uint8))
        folder.write("index.html", page(FACTS, STATUS, ROWS, folder.previews).encode())
        folder.write_json("status.json", STATUS)
    (tmp_path / "checkpoint.pt").write_bytes(b"no page's business")
    with RunServer(tmp_path, POLICY, ServerSettings(port=0)) as server:
        shown = browser.new_page(viewport={"width": 1200, "height": 1600})
        troubles: list[str] = []
        shown.on("console", lambda message: troubles.append(message.text))
        shown.goto(server.url)
        assert shown.evaluate("document.getElementById('newest').naturalWidth") == 300
        assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 19, 21)"
        assert "No news for" in shown.inner_text("#stale")
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert troubles == []
        shown.set_viewport_size({"width": 390, "height": 800})
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for name in ("checkpoint.pt", "settings.json", "previews/..%2Fcheckpoint.pt", "previews/x.png"):
            answer = shown.request.get(f"{server.url}{name}")
            assert answer.status == 404, name
        assert shown.request.get(f"{server.url}status.json").json()["step"] == 250
        assert shown.request.get(server.url, headers={"Origin": "http://elsewhere.example"}).status == 403
        shown.context.close()
