"""Shared fixtures: the data folder, and the rule that a logged error fails the test."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", default=str(Path(__file__).parents[2] / "shared" / "data"), help="folder of test data")


@pytest.fixture(scope="session")
def data_dir(request: pytest.FixtureRequest) -> Path:
    folder = Path(request.config.getoption("--data"))
    if not folder.is_dir():
        pytest.skip(f"test data not found at {folder}; give its folder with --data")
    return folder


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that logs an error fails, unless it is marked `logs_errors`."""
    yield
    if "logs_errors" in request.keywords:
        return
    bad = [r for when in ("setup", "call") for r in caplog.get_records(when) if r.levelno >= logging.ERROR]  # type: ignore[arg-type]
    assert not bad, f"logged errors: {[r.getMessage() for r in bad]}"
