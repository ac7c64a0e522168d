"""The child's side of `supervise`: what it is told at its start, and how it tells that it lives.

A run that nobody keeps has the same interface, and nothing comes of it.
"""

import contextlib
import faulthandler
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playingage.cli.supervise import VARIABLE

if TYPE_CHECKING:
    from playingage.live import LiveRun, SetState
    from playingage.web import ServerSettings

log = logging.getLogger(__name__)
_BEAT = 1.0
_PATIENT = 5.0


class Stuck:
    """Seconds for which a frame has been in work although there was time for it.

    A machine that stood still (a lid closed, a virtual machine paused) let nobody work: no more than two beats count
    from one look to the next.
    """

    def __init__(self, now: float) -> None:
        self._looked, self._told, self._counted = now, 0.0, 0.0

    def count(self, told: float, now: float) -> float:
        """`told`: seconds that the frame now in work has been there."""
        passed = now - self._looked
        same = told >= self._told + passed / 2
        self._counted = self._counted + min(passed, 2 * _BEAT) if same else 0.0
        self._looked, self._told = now, told
        return self._counted


@dataclass(slots=True, kw_only=True)
class Kept:
    """A run, and whoever keeps it.

    restarts: how often it was started again; 0 the first time, and always where nobody keeps it. Read what was kept
    with `get`, have something kept with `put`: plain JSON, by name. Any thread may call.
    """

    restarts: int = 0
    _kept: dict[str, Any] = field(default_factory=dict)
    _socket: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _news: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _fresh: dict[str, Any] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)

    def get(self, name: str) -> Any:
        """What the run before had kept; None where there was none, or it kept no such thing."""
        return self._kept.get(name)

    def put(self, **values: Any) -> None:
        """Have values kept for the next run. Sent at once, by a thread of its own."""
        if self._socket is not None:
            with self._lock:
                self._fresh |= values
            self._news.set()

    def state(self, state: "SetState") -> None:
        """A listener of the direction: the on-set state is kept."""
        self.put(state=state.document)

    @property
    def seconds_left(self) -> float | None:
        """Until the run is to end; None where it has no end, or has not begun."""
        until = self.get("until")
        return None if until is None else max(0.1, until - time.monotonic())

    def at_the_same_place(self, server: "ServerSettings") -> "ServerSettings":
        """The settings of a server that is found where the one before it was, by the same token."""
        if not self.restarts:
            return server
        return replace(server, port=self.get("port") or server.port, token=self.get("token") or server.token)

    def begin(
        self, run: "LiveRun", end: Callable[[], None], *, port: int, token: str, seconds: float | None
    ) -> None:
        """The pages answer at `port`, for `seconds`: tell so, and every second that the run lives.

        `end` is called when the parent is gone.
        """
        if self._socket is None:
            return
        self.put(port=port, token=token, until=None if seconds is None else time.monotonic() + seconds)
        for name, work, about in (("kept", self._tell, run), ("keeper", self._hear, end)):
            thread = threading.Thread(target=work, args=(about,), name=f"playingage {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Nothing more is told."""
        self._over.set()
        self._news.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(_PATIENT)
            self._socket.close()

    def _tell(self, run: "LiveRun") -> None:
        assert self._socket is not None
        stuck = Stuck(time.monotonic())
        while not self._over.is_set():
            with self._lock:
                keep, self._fresh = self._fresh, {}
            said = {"ready": True, "stuck": stuck.count(run.stuck(), time.monotonic()), "keep": keep}
            try:
                self._socket.sendall(json.dumps(said).encode() + b"\n")
            except OSError:
                return
            self._news.wait(_BEAT)
            self._news.clear()

    def _hear(self, end: Callable[[], None]) -> None:
        """The parent says nothing more; that it is gone is heard."""
        assert self._socket is not None
        with contextlib.suppress(OSError):
            while self._socket.recv(1024):
                pass
        if not self._over.is_set():
            log.warning("whoever kept this run going is gone: it ends")
            end()


def kept() -> Kept:
    """How this process was started. One that is kept says on standard error where it stood when it crashes."""
    number = os.environ.pop(VARIABLE, None)
    if number is None:
        return Kept()
    faulthandler.enable(2)
    ours = socket.socket(fileno=int(number))
    ours.set_inheritable(False)
    ours.settimeout(_PATIENT)
    told = json.loads(_line(ours))
    ours.settimeout(None)
    return Kept(restarts=told["restarts"], _kept=told["keep"], _socket=ours)


def is_kept() -> bool:
    """Whether somebody keeps this process going."""
    return VARIABLE in os.environ


def _line(ours: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and (more := ours.recv(1 << 16)):
        data += more
    return data
