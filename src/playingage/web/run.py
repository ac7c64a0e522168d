"""The whole live path with or without monitors: what `playingage live` and `demo` call."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from playingage.live import Direction, LiveRun, LiveSettings, Pair, Reager, TwoStepReager
from playingage.live.stats import line
from playingage.live.tidy import Tidy
from playingage.media.ports import Source
from playingage.web.server import MonitorServer, Part
from playingage.web.settings import ServerSettings

log = logging.getLogger(__name__)


def run_live(
    source: Source,
    reager: Reager | TwoStepReager,
    settings: LiveSettings | None = None,
    server: ServerSettings | None = None,
    *,
    stop: threading.Event | None = None,
    opened: Callable[[str], None] | None = None,
    began: Callable[[LiveRun, int], None] | None = None,
    report: Callable[[dict[str, Any]], None] | None = None,
    listeners: tuple[Callable[[Pair], None], ...] = (),
    direction: Direction | None = None,
    parts: Sequence[Part] = (),
) -> dict[str, Any]:
    """Run until `stop` is set, the source ends (if settings say so) or a thread dies; returns the last snapshot.

    `server` None runs without pages. `opened` is called with the address once it answers, after `began` with the run
    and the port; `report` with a snapshot every `log_every` seconds. All threads are joined on return, also when
    KeyboardInterrupt passes. Raises `PlayingAgeError` when the port is taken, and whatever a thread died of. The source
    stays the caller's to close.
    """
    run = LiveRun(source, reager, settings, direction=direction, listeners=listeners)
    stop = stop or threading.Event()
    with ExitStack() as stack:
        monitors = None if server is None else MonitorServer(run, server, parts=parts, died=stop.set)
        stack.enter_context(Tidy())
        stack.enter_context(run)
        if monitors is not None:
            stack.enter_context(monitors)
            if began is not None:
                began(run, monitors.port)
            if opened is not None:
                opened(monitors.url)
        try:
            run.wait(stop, report)
        finally:
            last = run.snapshot()
            log.info("end: %s", line(last))
    return last
