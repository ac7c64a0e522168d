"""The recorder's disk thread: writes takes, flushes them, watches the space, and stops before the disk is full."""

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from playingage.core import PlayingAgeError
from playingage.live.takes.encode import Encoded
from playingage.live.takes.reader import Take
from playingage.live.takes.settings import RecorderSettings
from playingage.live.takes.writer import PictureChangedError, Roll, TakeWriter, add_mark
from playingage.media.reasons import is_full

log = logging.getLogger(__name__)
Given = Encoded | Roll | tuple[Any, ...] | None
"""A frame, the begin of a take, something said of it, or None: the end of all."""
_LOOK_EVERY = 1.0
_TICK = 0.1
_PATIENCE = 10.0
"""Seconds that the end of the program waits for a disk that takes nothing."""
_GUESS = 24e6
"""Bytes a second of a take, before one was recorded: two 1080p pictures at 24 a second."""
_MOST_NUMBERS = 1000


def free_space(folder: Path) -> int:
    """Bytes that can be written where `folder` lies, or will lie."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Disk:
    """Owns the take that is written. `put` and `report` may be called from any thread; `work` is the thread's."""

    def __init__(
        self, folder: Path, settings: RecorderSettings, *, clock: Callable[[], float], now: Callable[[], datetime],
        space: Callable[[Path], int] | None, closed: Callable[[Path], None],
    ) -> None:
        self._folder, self._settings, self._clock, self._now = folder, settings, clock, now
        self._space, self._closed = space or free_space, closed
        self._queue: queue.Queue[Given] = queue.Queue(settings.behind)
        self._lock = threading.Lock()
        self._roll: Roll | None = None
        self._writer: TakeWriter | None = None
        self._newest: dict[str, Any] = {}
        self._stopped = self._warning = ""
        self._dropped: list[int] = []
        self._lost = 0
        self._frames, self._seconds, self._speed = 0, 0.0, _GUESS
        self._free, self._looked, self._synced = 0, -1e9, 0.0
        self._last_folder: Path | None = None
        self._cut = ""
        self._look()

    @property
    def last(self) -> str:
        """Name of the last take that was written, or is."""
        return "" if self._last_folder is None else self._last_folder.name

    def put(self, given: Given, stopping: threading.Event) -> None:
        """Hand over; waits while the disk is behind. After a break of the thread nothing waits for ever."""
        waited = 0.0
        while True:
            try:
                self._queue.put(given, timeout=_TICK)
                return
            except queue.Full:
                waited += _TICK
                if stopping.is_set() and waited > _PATIENCE:
                    self._lost += 1
                    return

    def settled(self) -> bool:
        """Whether everything handed over is written."""
        return self._queue.unfinished_tasks == 0

    def dropped(self, number: int) -> None:
        """A frame found no room, or could not be encoded."""
        with self._lock:
            self._lost += 1
            if len(self._dropped) < _MOST_NUMBERS:
                self._dropped.append(number)

    def full(self) -> str:
        """Why nothing can be recorded; empty where it can."""
        self._look()
        if self._free > self._settings.reserve:
            return ""
        return f"DISK FULL: {self._free >> 20} MiB are free, {self._settings.reserve >> 20} stay so"

    def stop_recording(self, words: str) -> None:
        """Nothing more is written of this take."""
        self._stopped = words

    def report(self) -> dict[str, Any]:
        """Plain values."""
        if self._clock() - self._looked > 2 * _LOOK_EVERY:
            self._look()
        left = max(0.0, self._free - self._settings.reserve) / self._speed / 60
        words = [self._stopped or self._warning]
        if not self._stopped and left < self._settings.warn_minutes:
            words.append("DISK FULL" if left <= 0 else f"SPACE FOR {left:.0f} MINUTES LEFT")
        if self._lost:
            words.append(f"{self._lost} FRAMES NOT RECORDED")
        return {
            "state": "stopped" if self._stopped else "", "words": "; ".join(filter(None, words)), "last": self._cut,
            "writes": "" if self._roll is None else self._roll.folder.name,
            "frames": self._frames, "seconds": round(self._seconds, 2), "dropped": self._lost,
            "waiting": self._queue.qsize(), "free_bytes": self._free, "minutes_left": round(left, 1),
            "folder": str(self._folder),
        }

    def work(self) -> None:
        """Disk thread, until None comes."""
        while True:
            try:
                given = self._queue.get(timeout=_TICK)
            except queue.Empty:
                self._tend()
                continue
            if given is None:
                return
            self._take(given)
            self._tend()
            self._queue.task_done()

    def _take(self, given: Encoded | Roll | tuple[Any, ...]) -> None:
        if isinstance(given, Encoded):
            self._frame(given)
        elif isinstance(given, Roll):
            self._begin(given)
        elif given[0] == "end":
            self._end(*given[1:])
        else:
            self._mark(*given[1:])

    def _begin(self, roll: Roll) -> None:
        with self._lock:
            self._dropped, self._lost = [], 0
        self._roll, self._writer, self._newest = roll, None, {}
        self._stopped = self._warning = ""
        self._frames, self._seconds = 0, 0.0

    def _frame(self, encoded: Encoded) -> None:
        if self._stopped or self._roll is None:
            return
        try:
            if self._writer is None:
                self._writer = TakeWriter(self._roll, encoded)
                self._last_folder, self._synced = self._roll.folder, self._clock()
            self._newest = {"index": self._writer.frames, **encoded.note}
            self._writer.add(encoded)
        except (PlayingAgeError, OSError) as error:
            self._fail(error)
            return
        self._frames, self._seconds = self._writer.frames, self._writer.seconds
        if self._seconds > 2:
            self._speed = self._writer.bytes_written / self._seconds

    def _tend(self) -> None:
        """What is due: flush, look at the space."""
        now = self._clock()
        if now - self._looked >= _LOOK_EVERY:
            self._look()
            if self._writer is not None and not self._stopped and self._free <= self._settings.reserve:
                self._give_up("disk full", "RECORDING STOPPED: DISK FULL",
                              f"{self._free >> 20} MiB are free, {self._settings.reserve >> 20} stay so")
        if self._writer is not None and not self._stopped and now - self._synced >= self._settings.sync_every:
            self._synced = now
            try:
                self._writer.sync()
            except (PlayingAgeError, OSError) as error:
                self._fail(error)

    def _look(self) -> None:
        self._looked = self._clock()
        try:
            self._free = self._space(self._folder)
        except OSError as error:
            log.warning("%s: its free space cannot be read: %s", self._folder, error.strerror)

    def _fail(self, error: Exception) -> None:
        cause = error.__cause__ or error
        if is_full(cause):
            self._give_up("disk full", "RECORDING STOPPED: DISK FULL", str(error))
        elif isinstance(error, PictureChangedError):
            self._give_up("picture changed", "RECORDING STOPPED: THE PICTURE CHANGED ITS SIZE OR RATE", str(error))
        else:
            self._give_up("unwritable", "RECORDING STOPPED: THE DISK CANNOT BE WRITTEN", str(error))

    def _give_up(self, ended: str, words: str, why: str) -> None:
        log.error("%s: %s", words.lower(), why)
        self._stopped = words
        self._finish(ended, why, self._now())

    def _end(self, ended: str, words: str, at: datetime) -> None:
        if self._writer is not None:
            self._finish(ended, words, at)
        elif self._roll is not None and not self._stopped:
            self._warning = "NO FRAME CAME: NOTHING WAS RECORDED"
            log.warning("%s: no frame came", self._roll.folder.name)
        if self._roll is not None:
            with contextlib.suppress(OSError):
                self._roll.folder.rmdir()  # only where it is empty: nothing was recorded
        self._roll = None

    def _finish(self, ended: str, words: str, at: datetime) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with self._lock:
            lost, numbers = self._lost, list(self._dropped)
        try:
            writer.finish(ended, words, at, lost, numbers)
        except (PlayingAgeError, OSError) as error:
            log.error("%s: its end could not be written: %s", writer.folder.name, error)
            if not self._stopped:
                self._stopped = "RECORDING STOPPED: THE DISK CANNOT BE WRITTEN"
        else:
            self._cut = writer.folder.name
            self._closed(writer.folder)

    def _mark(self, words: str, at: datetime) -> None:
        folder = self._last_folder
        if folder is None:
            return
        try:
            newest = self._newest
            if not newest:
                with Take.open(folder) as take:
                    newest = dict(take.frames[-1].note) if take.frames else {}
            if newest:
                add_mark(folder, words, newest["index"], newest, at)
        except (PlayingAgeError, OSError) as error:
            log.warning("the mark was not kept: %s", error)
            self._warning = "THE MARK WAS NOT KEPT"
