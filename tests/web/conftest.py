"""A page, and a live path with its server for a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from live.fakes import FakeReager, FakeSource
from playwright.sync_api import Browser, Page

from playingage.live import LiveRun, LiveSettings
from playingage.media import Source
from playingage.web import MonitorServer, ServerSettings
from web.set import Set, open_set


@dataclass
class Served:
    source: Any
    reager: FakeReager
    run: LiveRun
    server: MonitorServer

    @property
    def url(self) -> str:
        return self.server.url


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a live path and its server: `serve(source, reager, server=ServerSettings(...), age=40)`."""
    with ExitStack() as stack:

        def start(
            source: Source | None = None,
            reager: FakeReager | None = None,
            server: ServerSettings | None = None,
            **settings: Any,
        ) -> Served:
            source, reager = source or FakeSource(), reager or FakeReager()
            run = LiveRun(source, reager, LiveSettings(**{"log_every": 0, **settings}))
            web = MonitorServer(run, server or ServerSettings(port=0))
            stack.enter_context(run)
            stack.enter_context(web)
            return Served(source, reager, run, web)

        yield start


@pytest.fixture
def build() -> Iterator[Callable[..., Set]]:
    """Start a set with performers: `build(parts, scenes=0, strangers=0, token="")`."""
    with ExitStack() as stack:
        yield lambda *given, **more: stack.enter_context(open_set(*given, **more))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desktop page; an uncaught error or a console error in it fails the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.context.close()
    assert not errors


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """A second page, on a tablet."""
    page = browser.new_page(viewport={"width": 1024, "height": 768}, has_touch=True)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.context.close()
    assert not errors
