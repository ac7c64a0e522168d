"""A live picture that crashes or hangs is started again as it was; one that ends, or never ran, is not."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from cli.conftest import start
from playingage.cli import supervise
from playingage.cli.kept import Stuck, kept
from playingage.cli.supervise import Patience, keep_running

QUICK = Patience(silent=0.6, stuck=5, starting=1.5, ending=0.6, dying=0.2, waits=(0.0, 0.05))
CHILD = """
import json, os, signal, socket, sys, time
ours = socket.socket(fileno=int(os.environ["PLAYINGAGE_KEPT"]))
told = json.loads(ours.makefile().readline())
with open({log!r}, "a") as log: log.write(json.dumps(told) + "\\n")
def say(**said): ours.sendall(json.dumps(said).encode() + b"\\n")
n = told["restarts"]
{body}
"""


def wait_for(process: "subprocess.Popen[str]", words: str) -> str:
    """The first line with these words on standard error."""
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


def ask_json(url: str, body: object = None) -> Any:
    """What the server answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.fixture
def lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`lives(body)`: a child of that body is kept running; the exit code, and what each life was told."""
    if os.name != "posix":
        pytest.skip("nothing is kept running here")
    log = tmp_path / "log"

    def run(body: str, patience: Patience = QUICK) -> tuple[int, list[dict[str, Any]]]:
        script = tmp_path / "child.py"
        script.write_text(CHILD.format(log=str(log), body=body))
        code = keep_running([], patience, command=[sys.executable, str(script)])
        return code, [json.loads(line) for line in log.read_text().splitlines()]

    return run


@pytest.mark.parametrize(("body", "code"), [
    ("sys.exit(0)", 0), ("sys.exit(2)", 2), ("sys.exit(1)", 1), ("os.kill(os.getpid(), signal.SIGKILL)", 137),
    ("say(ready=True); sys.exit(0)", 0), ("say(ready=True); sys.exit(141)", 141),
])
def test_what_ends_or_never_ran_is_not_started_again(lives: Any, body: str, code: int) -> None:
    assert lives(body) == (code, [{"restarts": 0, "keep": {}}])


@pytest.mark.parametrize(("body", "words"), [
    ("os.kill(os.getpid(), signal.SIGSEGV)", "it was ended by SIGSEGV"),
    ("sys.exit(1)", "it ended with exit code 1"),
    ("sys.exit(2)", "it ended with exit code 2"),
    ("time.sleep(60)", "no word from it for 1 s"),
    ("os.kill(os.getpid(), signal.SIGSTOP)", "no word from it for 1 s"),
    ("say(ready=True, stuck=9.0); time.sleep(60)", "it hung on a frame for 9 s"),
    ("ours.shutdown(2); time.sleep(60)", "it did not end within 1 s"),
])
def test_what_crashes_or_hangs_is_started_again_with_what_it_kept(
    lives: Any, body: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code, told = lives(f"if n == 2: sys.exit(0)\nsay(ready=True, keep={{'port': 8000 + n}}); time.sleep(0.1); {body}")
    assert code == 0 and told == [
        {"restarts": 0, "keep": {}}, {"restarts": 1, "keep": {"port": 8000}}, {"restarts": 2, "keep": {"port": 8001}},
    ]
    said = capfd.readouterr().err
    assert words in said and "Started again, number 1." in said and "number 2, in 0.05 s." in said


def test_one_that_does_not_come_up_again_is_tried_again(lives: Any, capfd: pytest.CaptureFixture[str]) -> None:
    code, told = lives("if n == 0: say(ready=True); sys.exit(3)\nif n == 1: sys.exit(2)\nif n == 2: time.sleep(60)")
    assert (code, len(told)) == (0, 4)
    assert "it did not come up within 2 s" in capfd.readouterr().err


def test_signals_are_handed_on_and_end_it(lives: Any) -> None:
    body = ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nsay(ready=True)\n"
            "os.kill(os.getppid(), signal.SIGTERM)\nwhile True: say(); time.sleep(0.1)")
    code, told = lives(body)
    assert code == 7 and len(told) == 1


def test_a_signal_that_a_background_shell_ignores_ends_it_too(lives: Any) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code, told = lives("signal.signal(signal.SIGINT, lambda *_: sys.exit(0))\nsay(ready=True)\n"
                           "os.kill(os.getppid(), signal.SIGINT)\nfor _ in range(50): say(); time.sleep(0.1)\n"
                           "sys.exit(9)")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, len(told)) == (0, 1)


def test_nothing_of_it_is_seen_from_outside(lives: Any) -> None:
    code, _ = lives("say(ready=True, keep={'token': 'a-token-of-some-length'}) if n == 0 else None\n"
                    "assert 'a-token' not in open('/proc/self/cmdline').read() + open('/proc/self/environ').read()\n"
                    "sys.exit(0 if n else 1)")
    assert code == 0


def test_the_child_reads_what_was_kept_and_tells_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    class Run:
        def stuck(self) -> float:
            return 3.5

    ours, theirs = socket.socketpair()
    ours.sendall(b'{"restarts": 1, "keep": {"port": 8123, "token": "a-token-of-some-length", "until": null}}\n')
    monkeypatch.setenv(supervise.VARIABLE, str(theirs.detach()))
    child, ended = kept(), threading.Event()
    assert supervise.VARIABLE not in os.environ
    assert child.restarts == 1 and child.get("port") == 8123 and child.seconds_left is None
    child.put(consent="Ada")
    child.begin(Run(), ended.set, port=8123, token="a-token-of-some-length", seconds=None)  # type: ignore[arg-type]
    with ours.makefile() as lines:
        said = json.loads(lines.readline())
        assert said["ready"] and said["stuck"] < 1 and said["keep"]["consent"] == "Ada"
        child.put(state={"age": 40})
        assert {"state": {"age": 40}} in (json.loads(lines.readline())["keep"] for _ in range(2))
    ours.close()
    assert ended.wait(30), "without whoever keeps it, it ends"
    child.close()


def test_only_time_in_which_a_frame_could_be_done_counts() -> None:
    hangs = Stuck(0)
    assert [hangs.count(n, n) for n in range(31)] == list(range(31)), "a frame that is never done"
    slow = Stuck(0)
    assert max(slow.count(n % 2 + 0.3, n) for n in range(60)) <= 2, "frames of two seconds, one after the other"
    paused = Stuck(0)
    assert [paused.count(told, now) for told, now in ((0.2, 1), (0.3, 2), (132.0, 134), (0.1, 135))][2] == 2


def test_a_run_that_nobody_keeps_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(supervise.VARIABLE, raising=False)
    alone = kept()
    alone.put(port=1)
    assert alone.restarts == 0 and alone.get("port") is None and alone.seconds_left is None


def test_a_killed_live_picture_is_back_with_slate_age_and_a_new_take(tmp_path: Path) -> None:
    process = start("live", "--source", "pattern:320x180@24", "--age", 40, "--no-open", "--port", 0, "--size", 256,
                    "--takes", tmp_path)
    try:
        url = wait_for(process, "Monitors:").split()[1]
        for act in ({"act": "scene", "scene": "12", "shot": "A"}, {"act": "age", "age": 66}, {"act": "roll"}):
            ask_json(url + "api/act", act)
        time.sleep(0.5)
        (child,) = psutil.Process(process.pid).children()
        child.send_signal(signal.SIGKILL)
        assert wait_for(process, "Monitors:").split()[1] == url
        state = ask_json(url + "api/state")["state"]
        assert state["age"] == 66
        deadline = time.monotonic() + 120
        # A take without a frame leaves nothing.
        while not (tmp_path / "12_A_002" / "frames.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["12_A_001", "12_A_002"]
        assert json.loads((tmp_path / "12_A_001" / "take.json").read_bytes())["ended"] == "power cut"
    finally:
        process.kill()
        process.communicate()


def test_a_parent_that_is_killed_takes_the_child_with_it() -> None:
    process = start("live", "--source", "pattern:320x180@24", "--age", 40, "--no-open", "--port", 0, "--size", 256,
                    stderr=subprocess.PIPE)
    wait_for(process, "Monitors:")
    (child,) = psutil.Process(process.pid).children()
    process.kill()
    try:
        child.wait(60)
    finally:
        process.communicate()
