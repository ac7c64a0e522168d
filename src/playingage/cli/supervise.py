"""A program that must not stay down: it runs in a process of its own, and is started again when that dies or hangs.

`keep_running` is the parent's side; `kept` is the child's: it learns what the run before it was asked, and tells how it
does. Both talk over a socket that only they have: nothing of it is seen in the list of processes, or left on a disk.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from playingage.cli.output import say

VARIABLE = "PLAYINGAGE_KEPT"
"""Holds the child's end of the socket, a file descriptor; taken out of the environment at once."""
NOBODY_READS = 141
_LOOK = 0.1
_PARTED = 3.0
"""The parent itself stood still for so many seconds (Ctrl-Z, a closed lid): what it did not hear proves nothing."""
_MOST_SAID = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. silent: without a word from a child that runs. stuck: the engine on one frame. starting: until a child
    that was started again runs. ending: from a child's last word to its end. dying: from the request to say where it
    hangs until it is killed. waits: before each new start, the last for all that follow; from the first again after a
    child ran for `well`.
    """

    silent: float = 15.0
    stuck: float = 30.0
    starting: float = 180.0
    ending: float = 60.0
    dying: float = 1.0
    waits: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
    well: float = 60.0


def keep_running(
    arguments: Sequence[str], patience: Patience | None = None, command: Sequence[str] = ()
) -> int:
    """Run `playingage ARGUMENTS` in a process of its own until it ends by itself or is asked to; its exit code.

    command: in place of `playingage`. Once it ran, it is started again when it is killed, dies of a fault or hangs:
    with what it asked to be kept for it.
    SIGINT, SIGTERM and SIGHUP are handed on; the third ends both at once.
    """
    program = command or (sys.executable, "-m", "playingage")
    return _Keeper((*program, *arguments), patience or Patience()).run()


class _Life:
    """One child, from its start to its end. The parent's only thread."""

    def __init__(self, command: Sequence[str], patience: Patience, told: dict[str, Any], *, again: bool) -> None:
        self._patience, self._again = patience, again
        self._ours, theirs = socket.socketpair()
        with theirs:
            self.child = subprocess.Popen(
                command, pass_fds=(theirs.fileno(),), env={**os.environ, VARIABLE: str(theirs.fileno())}
            )
        self.begun = self._heard = time.monotonic()
        self.ready: float | None = None
        self.keep: dict[str, Any] = {}
        self._stuck, self._buffer = 0.0, b""
        self._ours.settimeout(5.0)
        with contextlib.suppress(OSError):  # it is dead already
            self._ours.sendall(json.dumps(told).encode() + b"\n")
        self._ours.setblocking(False)

    def attend(self, caught: list[int]) -> tuple[int, str]:
        """Until it has ended: its exit code, negative for a signal, and why in words."""
        hung, kill_at = "", float("inf")
        looked = time.monotonic()
        with self._ours, selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            while self.child.poll() is None:
                for key, _ in selector.select(_LOOK):
                    if not self._listen():
                        selector.unregister(key.fileobj)
                now = time.monotonic()
                if now - looked > _PARTED:
                    self._heard, self.begun = now, self.begun + now - looked
                looked = now
                if not hung and not caught and (hung := self._hangs(now, deaf=not selector.get_map())):
                    kill_at = now + self._patience.dying
                    self.child.send_signal(signal.SIGABRT)  # it says where it stands, if it can
                if len(caught) > 2 or now > kill_at:
                    self.child.kill()
            self._listen()
        code = self.child.wait()
        return code, hung or _words(code)

    def _listen(self) -> bool:
        """False once there is nothing more to hear."""
        try:
            data = self._ours.recv(_MOST_SAID)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._heard = time.monotonic()
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            self._stuck = float(said.get("stuck", 0.0))
            self.keep |= said.get("keep", {})
            if said.get("ready") and self.ready is None:
                self.ready = self._heard
        return bool(data) and len(self._buffer) < _MOST_SAID

    def _hangs(self, now: float, *, deaf: bool) -> str:
        silent = now - self._heard
        if deaf:
            return f"it did not end within {silent:.0f} s" if silent > self._patience.ending else ""
        if self.ready is None:
            late = self._again and now - self.begun > self._patience.starting
            return f"it did not come up within {now - self.begun:.0f} s" if late else ""
        if silent > self._patience.silent:
            return f"no word from it for {silent:.0f} s"
        return f"it hung on a frame for {self._stuck:.0f} s" if self._stuck > self._patience.stuck else ""


class _Keeper:
    """All children, one after the other."""

    def __init__(self, command: Sequence[str], patience: Patience) -> None:
        self._command, self._patience = command, patience
        self._caught: list[int] = []
        self._life: _Life | None = None

    def run(self) -> int:
        # As in the child, Ctrl-C and `kill` count where a shell in the background has them ignored; `nohup` holds.
        handled = [signal.SIGINT, signal.SIGTERM]
        hang_up = getattr(signal, "SIGHUP", None)
        if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
            handled.append(hang_up)
        before = {each: signal.signal(each, self._handle) for each in handled}
        try:
            return self._lives()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _lives(self) -> int:
        keep: dict[str, Any] = {}
        restarts = in_a_row = 0
        while True:
            life = self._life = _Life(self._command, self._patience, {"restarts": restarts, "keep": keep},
                                      again=restarts > 0)
            for number in self._caught:
                life.child.send_signal(number)
            code, why = life.attend(self._caught)
            keep |= life.keep
            ran = life.ready is not None
            if code in (0, NOBODY_READS) or self._caught or not (ran or restarts):
                return code if code >= 0 else 128 - code
            if ran and time.monotonic() - (life.ready or 0) > self._patience.well:
                in_a_row = 0
            wait = self._patience.waits[min(in_a_row, len(self._patience.waits) - 1)]
            restarts, in_a_row = restarts + 1, in_a_row + 1
            say(f"{time.strftime('%Y-%m-%d %H:%M:%S')} WARNING playingage: the live picture stopped after "
                f"{time.monotonic() - life.begun:.1f} s: {why}. Started again, number {restarts}"
                + (f", in {wait:g} s." if wait else "."))
            until = time.monotonic() + wait
            while time.monotonic() < until and not self._caught:
                time.sleep(0.05)
            if self._caught or time.monotonic() > (keep.get("until") or float("inf")):
                return 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._caught.append(number)
        if self._life is not None:
            self._life.child.send_signal(number)  # a child that has ended is left alone


def _words(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
