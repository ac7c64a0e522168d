"""A schedule that is changed while the picture runs."""

import logging
import threading
from pathlib import Path

from playingage.core import PlayingAgeError
from playingage.live.stage import Stage
from playingage.live.worker import Worker
from playingage.schedule import Schedule

log = logging.getLogger(__name__)


class ScheduleWatch:
    """A thread that takes a stage's schedule anew when its file changes. Use it in a `with` block.

    A file that is gone, or in which something is wrong, changes nothing: consoles are told, and what held holds on.
    every: seconds between two looks.
    """

    def __init__(self, file: Path, stage: Stage, *, every: float = 0.5) -> None:
        self._file, self._stage, self._every = file, stage, every
        self._stamp = self._stat()
        self._stopping = threading.Event()
        self._worker = Worker("schedule", self._work, lambda: None)

    def __enter__(self) -> "ScheduleWatch":
        self._worker.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._worker.join(5.0)
        if self._worker.error is not None:
            raise self._worker.error

    def _work(self) -> None:
        while not self._stopping.wait(self._every):
            stamp = self._stat()
            if stamp == self._stamp:
                continue
            self._stamp = stamp
            try:
                self._stage.use(Schedule.load(self._file))
                log.info("the schedule was changed: %s", self._file)
            except PlayingAgeError as error:
                log.warning("the changed schedule is not taken: %s", error.what)
                self._stage.say(f"SCHEDULE NOT TAKEN: {error.what.splitlines()[0]}")

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
