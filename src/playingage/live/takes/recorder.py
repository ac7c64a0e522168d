"""The recorder: pairs in, takes on disk. The live picture never waits for it.

Three threads besides the callers'. The encoder thread makes JPEGs of the pairs that wait (at most `waiting`; the newest
is dropped, counted and named). The disk thread writes what is encoded (at most `behind` frames wait: a disk that pauses
is waited for, then the encoder waits, then pairs are dropped) and flushes it. The sealing thread hashes takes that were
cut, and recovers those that an earlier run left open.
"""

import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playingage.core import PlayingAgeError, SettingError
from playingage.frames import Frame
from playingage.live.pair import Pair, late_pair
from playingage.live.state import SetState, Slate
from playingage.live.takes.disk import Disk, Given
from playingage.live.takes.encode import PairEncoder
from playingage.live.takes.names import TakeError, last_take, make_folder
from playingage.live.takes.sealing import recover_all, seal
from playingage.live.takes.settings import RecorderSettings
from playingage.live.takes.uses import Record
from playingage.live.takes.writer import Roll
from playingage.live.worker import Worker
from playingage.media.ports import SourceInfo

log = logging.getLogger(__name__)
_LAST_PAIRS = 0.5
"""Seconds after a cut within which the pairs that still rolled come."""
_MOST_LATE = 8
"""Frames that the engine had no time for and that wait, whole, for the pair after them."""
_TICK = 0.1
_REST = 2.0
"""While a picture is live, hashing rests this many times as long as it works."""


@dataclass(slots=True)
class _Open:
    """The take that rolls."""

    roll: Roll
    slate: Slate
    cut_at: float | None = None
    last: Pair | None = None
    late: deque[Frame] = field(default_factory=deque)


@dataclass(slots=True)
class _Inbox:
    """What waits for the encoder: pairs up to a bound; what is said about takes always has room."""

    most: int
    ready: threading.Condition = field(default_factory=threading.Condition)
    items: deque[Any] = field(default_factory=deque)
    pairs: int = 0
    unfinished: int = 0

    def put(self, item: Any) -> bool:
        """False where a pair found no room."""
        with self.ready:
            if isinstance(item, Pair):
                if self.pairs >= self.most:
                    return False
                self.pairs += 1
            self.items.append(item)
            self.unfinished += 1
            self.ready.notify()
            return True

    def take(self, timeout: float) -> Any:
        with self.ready:
            if not self.items:
                self.ready.wait(timeout)
            if not self.items:
                return None
            item = self.items.popleft()
            self.pairs -= isinstance(item, Pair)
            return item

    def done(self) -> None:
        """What was taken is handed on."""
        with self.ready:
            self.unfinished -= 1


class TakeRecorder:
    """Records takes into `folder`; a listener of pairs. Start and stop it, or use it in a `with` block.

    source: what is known of the camera. record: keeps who was aged, in a ledger. production: its id. clock: the live
    path's, in seconds; now: the time of day. space: free bytes of a folder.
    """

    def __init__(
        self, folder: Path, source: SourceInfo, settings: RecorderSettings | None = None, *,
        record: Record | None = None, production: str = "", clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC), space: Callable[[Path], int] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.settings = settings or RecorderSettings()
        self._source, self._record, self._production = source, record, production
        self._clock, self._now = clock, now
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._inbox = _Inbox(self.settings.waiting)
        self._encoder = PairEncoder(self.settings.quality)
        self._disk = Disk(self.folder, self.settings, clock=clock, now=now, space=space, closed=self._to_seal)
        self._sealing: queue.Queue[Path | None] = queue.Queue()
        self._stopping, self._stop_sealing = threading.Event(), threading.Event()
        self._notice = ""
        self._workers = (
            Worker("takes encoder", self._encode, self._died), Worker("takes disk", self._disk.work, self._died),
            Worker("takes sealing", self._seal, self._died),
        )

    def start(self) -> None:
        """Start the threads; once."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """End the take that rolls, write what waits, join the threads; may be called twice."""
        with self._lock:
            self._end("stopped", "the program was stopped")
        self._stopping.set()
        self._workers[0].join(30)
        self._disk.put(None, self._stopping)
        self._workers[1].join(30)
        self._stop_sealing.set()
        self._sealing.put(None)
        self._workers[2].join(30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def roll(self, slate: Slate, state: SetState | None) -> None:
        """Make ready for a take: its folder, and its number. Raises TakeError; nothing rolls then."""
        if any(worker.error is not None for worker in self._workers):
            raise TakeError("the recorder broke: nothing is recorded any more", "Start the program again.")
        words = self._disk.full()
        if words:
            raise TakeError(f"{self.folder}: {words}", "Free space, or choose another disk.")
        folder, take = make_folder(self.folder, slate)
        roll = Roll(
            id=uuid.uuid4().hex, folder=folder, slate=Slate(scene=slate.scene, shot=slate.shot, take=take),
            asked=slate.take, begun=self._now(), source=self._source, quality=self.settings.quality,
            production=self._production, schedule="" if state is None else state.schedule,
            set_state={} if state is None else state.document,
        )
        with self._lock:
            self._end("cut", "")
            self._open, self._notice = _Open(roll, slate), ""
            self._inbox.put(roll)

    def cut(self) -> None:
        """The take ends with the last pair that rolled."""
        with self._lock:
            if self._open is not None:
                self._open.cut_at = self._clock()

    def mark(self, words: str) -> None:
        """Keep words with the newest frame of the take that rolls, or with the last of the last one."""
        if not words.strip() or len(words) > 200:
            raise SettingError("a mark wants words, up to 200 characters")
        if self._open is None and not self._disk.last:
            raise SettingError("there is no take to mark", "Roll first.")
        self._inbox.put(("mark", words.strip(), self._now()))

    def next_take(self, scene: str, shot: str) -> int:
        """One more than the highest number of a shot's takes that are kept."""
        return last_take(self.folder, scene, shot) + 1

    def __call__(self, pair: Pair) -> None:
        """A pair of the live path: kept when it rolled. Never waits."""
        with self._lock:
            take = self._open
            if take is None:
                return
            asked = pair.state
            rolls = asked is None or (asked.rolling and asked.slate == take.slate)
            if asked is None and take.cut_at is not None:
                rolls = False
            if rolls:
                self._put_late(take, pair)
                self._put(pair)
                take.last = pair
            elif take.cut_at is not None or (take.last is not None and asked is not None and not asked.rolling):
                self._end("cut", "")

    def late(self, frame: Frame) -> None:
        """A frame that the engine had no time for: its clean picture is kept all the same. Never waits."""
        with self._lock:
            take = self._open
            if take is None:
                return
            if len(take.late) == _MOST_LATE:
                lost = take.late.popleft()
                if take.last is not None:
                    self._disk.dropped(lost.number)
            take.late.append(frame)

    @property
    def waiting(self) -> int:
        """Pairs that wait to be encoded."""
        return self._inbox.pairs

    def settled(self) -> bool:
        """Whether nothing rolls, waits or is to be sealed."""
        # Things move downstream only, so they are looked for in that order.
        upstream = self._open is None and self._inbox.unfinished == 0 and self._disk.settled()
        return upstream and self._sealing.unfinished_tasks == 0

    def report(self) -> dict[str, Any]:
        """Plain values for the consoles.

        state: idle, recording or stopped; words: what people must know, empty when all is well. take: the folder's name
        that rolls; last: of the last that was cut. seconds, minutes_left: of the take, and of room on the disk.
        """
        told = self._disk.report()
        with self._lock:
            rolls = self._open
        state = told.pop("state")
        if state != "stopped":
            state = "idle" if rolls is None else "recording"
        if rolls is not None and told["writes"] != rolls.roll.folder.name:
            told |= {"frames": 0, "seconds": 0.0, "dropped": 0}  # of the take before
        del told["writes"]
        words = "; ".join(filter(None, (told.pop("words"), self._notice)))
        return {"state": state, "words": words, "take": None if rolls is None else rolls.roll.folder.name, **told}

    def _put(self, pair: Pair) -> None:
        if not self._inbox.put(pair):
            self._disk.dropped(pair.clean.number)

    def _put_late(self, take: _Open, pair: Pair) -> None:
        """The frames between the last pair and this one; those after it wait for the next."""
        while take.late:
            frame = take.late[0]
            if frame.captured is None or frame.captured >= pair.captured:
                return
            take.late.popleft()
            # What is not after the last pair has one: it was made while the engine stood still.
            if take.last is not None and frame.captured > take.last.captured:
                self._put(late_pair(frame, take.last, pair))

    def _end(self, ended: str, words: str) -> None:
        """The lock is held."""
        if self._open is not None:
            self._inbox.put(("end", ended, words, self._now()))
            self._open = None

    def _encode(self) -> None:
        while True:
            item = self._inbox.take(_TICK)
            if item is not None:
                self._hand_on(item)
                self._inbox.done()
            elif self._stopping.is_set():
                return
            else:
                self._cut_without_pairs()

    def _hand_on(self, item: Any) -> None:
        given: Given = item
        if isinstance(item, Roll):
            self._encoder.begin()
        elif isinstance(item, Pair):
            try:
                given = self._encoder.encode(item)
            except Exception as error:
                log.error("a frame could not be encoded for the take", exc_info=error)
                self._disk.dropped(item.clean.number)
                return
        self._disk.put(given, self._stopping)

    def _cut_without_pairs(self) -> None:
        with self._lock:
            take = self._open
            if take is not None and take.cut_at is not None and self._clock() > take.cut_at + _LAST_PAIRS:
                self._end("cut", "")

    def _to_seal(self, folder: Path) -> None:
        self._sealing.put(folder)

    def _seal(self) -> None:
        try:
            recover_all(self.folder, self._record, rest=_REST, stop=self._stop_sealing, told=self._recovered)
        except PlayingAgeError as error:
            log.warning("%s", error)
        while (folder := self._sealing.get()) is not None:
            try:
                seal(folder, self._record, rest=0.0 if self._stopping.is_set() else _REST, stop=self._stop_sealing)
            except PlayingAgeError as error:
                log.error("%s", error.diagnostics())
                self._say(f"TAKE {folder.name} IS NOT IN THE LEDGER: {error.what}")
            self._sealing.task_done()

    def _recovered(self, folder: Path, error: PlayingAgeError | None) -> None:
        self._say(f"TAKE {folder.name} RECOVERED AFTER A POWER CUT" if error is None
                  else f"TAKE {folder.name} CANNOT BE RECOVERED: {error.what}")

    def _say(self, words: str) -> None:
        self._notice = words

    def _died(self) -> None:
        """A thread of the recorder broke: the live picture goes on, and the consoles say that nothing is recorded."""
        for worker in self._workers:
            if worker.error is not None:
                log.error("%s broke: nothing is recorded any more", worker.name, exc_info=worker.error)
        self._disk.stop_recording("RECORDING STOPPED: THE RECORDER BROKE")
