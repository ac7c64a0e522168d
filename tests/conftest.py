"""Shared fixtures: the data folder, and the rule that a logged error fails the test."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from playingage.demo.portrait import PORTRAIT
from playingage.engine import Engine
from playingage.models import default_package
from playingage.runtime import choose_device

if TYPE_CHECKING:
    from playingage.training.people import People


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", default=str(Path(__file__).parents[2] / "shared" / "data"), help="folder of test data")


LONGEST = (
    "web/test_playback", "review/test_performer", "web/test_mirror", "cli/test_review", "web/test_faces_page",
    "training/learned/test_performer", "web/test_console", "archive/test_ingest", "web/test_console_states",
    "training/test_performer_benchmark", "web/test_pages", "training_run/test_command", "web/test_screens",
    "cli/test_performers", "media/test_output", "training_run/test_resume", "web/test_access_page", "cli/test_evaluate",
    "media/test_streams", "training_run/test_loop", "cli/test_slate", "live/test_outputs", "cli/test_supervise",
    "training/test_export", "cli/test_clips", "cli/test_outputs", "archive/test_rendered", "cli/test_onset",
)
"""Files that take long, browser and processor in turn. They come first, so that no core waits for the last of them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.relative_to(tests).with_suffix("").as_posix(), len(order)))


@pytest.fixture(scope="session")
def data_dir(request: pytest.FixtureRequest) -> Path:
    folder = Path(request.config.getoption("--data"))
    if not folder.is_dir():
        pytest.skip(f"test data not found at {folder}; give its folder with --data")
    return folder


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Networks that many tests use are compiled once."""
    from compiled import RememberingCore

    core = RememberingCore()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("playingage.runtime.openvino._core", lambda: core)
        yield


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that logs an error fails, unless it is marked `logs_errors`."""
    yield
    if "logs_errors" in request.keywords:
        return
    bad = [r for when in ("setup", "call") for r in caplog.get_records(when) if r.levelno >= logging.ERROR]
    assert not bad, f"logged errors: {[r.getMessage() for r in bad]}"


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """NASA's portrait, 512 x 512 RGB uint8, one face."""
    data = np.frombuffer(PORTRAIT.read_bytes(), np.uint8)
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="module")
def people(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> "People":
    """Rendered people; skips without the assets, moderngl or a driver for it."""
    pytest.importorskip("moderngl")
    archive = data_dir / "makehuman.tar.xz"
    if not archive.is_file():
        pytest.skip(f"no MakeHuman assets at {archive}; give the data folder with --data")
    from playingage.training.people import PaintError, People

    try:
        return People(archive, tmp_path_factory.mktemp("people"))
    except PaintError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests: Playwright allows no second one in a process."""
    from web.browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine with the small default network on the CPU."""
    return Engine(default_package(256), choose_device("CPU"))
