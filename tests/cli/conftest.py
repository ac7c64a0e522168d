"""The command as a person calls it: in this process, or in one of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playingage.cli import main

CONSENT = "NASA's portrait, public domain, 2026-11-20"
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Outcome:
    """Exit code and what was said."""

    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def account(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account of its own, so that no consent is recorded in the real one."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setenv("PLAYINGAGE_CONSENT", CONSENT)
    monkeypatch.setenv("COLUMNS", "200")
    return folder


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """`call("render", ...)` runs the command in this process."""
    before = {each: signal.getsignal(each) for each in _HANDLED}

    def run(*arguments: object) -> Outcome:
        alone = ("--no-keep-running",) if arguments[:1] == ("live",) else ()
        monkeypatch.setattr(sys, "argv", ["playingage", *map(str, arguments), *alone])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Outcome(code, told.out, told.err)

    yield run
    for each, handler in before.items():
        signal.signal(each, handler)


def start(*arguments: object, **options: object) -> "subprocess.Popen[str]":
    """The command as a process of its own."""
    line = [sys.executable, "-c", "from playingage.cli import main; main()", *map(str, arguments)]
    given: dict[str, object] = {
        "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True,
        "env": os.environ | {"COLUMNS": "200"},
    }
    return subprocess.Popen(line, **(given | options))  # type: ignore[call-overload,no-any-return]


def left_in(folder: Path) -> list[str]:
    """All names in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
