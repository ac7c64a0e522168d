"""A long day in minutes: simulated time, small pictures, a stand-in for the networks; everything else is the real path.

What is real: the source that comes back, capture, the on-set state with its acts, pairs, the feed with its viewers,
statistics, and the recorder with its files. What is not: the networks and the finding of faces (they take a frame's
time each), the sockets, and threads where one would only wait for another. So this is about what grows with the number
of frames, losses, takes, viewers and acts; the slow soak is about the rest.
"""

import csv
import gc
import json
import random
import shutil
import sys
import tempfile
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.common import machine, table
from playingage.core import PlayingAgeError, SourceLostError
from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live import Direction, PartFacts, Want
from playingage.live.aging import Aging
from playingage.live.capture import Capture
from playingage.live.feed import Feed
from playingage.live.settings import LiveSettings
from playingage.live.stats import LiveStats
from playingage.live.takes import RecorderSettings, TakeRecorder
from playingage.live.viewer import Viewer
from playingage.media.base import SourceBase
from playingage.media.ports import SourceInfo
from playingage.media.reconnect import ReconnectingSource

RATE = Fraction(24)
WIDTH, HEIGHT = 96, 54
_SAMPLES = 200
_TAKE_FRAMES, _BETWEEN_FRAMES = 1440, 1440
_KEPT_TAKES = 3
_LOG_MOST = 20


class Clock:
    """Simulated seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Camera(SourceBase):
    """Frames as fast as they are asked for; each takes a 24th of a simulated second. Lost now and then."""

    def __init__(self, clock: Clock, pictures: list[NDArray[np.uint8]], away: "Away") -> None:
        if clock.now < away.until:
            clock.now += 1.0
            raise SourceLostError("away")
        self._clock, self._pictures, self._away, self._number = clock, pictures, away, 0

    @property
    def info(self) -> SourceInfo:
        """Small, 24 frames a second."""
        return SourceInfo(name="fast", width=WIDTH, height=HEIGHT, rate=RATE)

    def read(self) -> Frame:
        """The next frame; sometimes it is the last one again, or one too early."""
        if self._away.lost(self._clock):
            raise SourceLostError("the cable is out")
        self._clock.now += float(1 / RATE)
        number = self._number + random.choice((0, 0, 0, 0, 0, 0, 0, -1, 1)) if self._number % 997 == 0 else self._number
        self._number += 1
        pixels = self._pictures[self._number % len(self._pictures)]
        return Frame(pixels=pixels, number=max(0, number), rate=RATE, captured=self._clock.now)

    def close(self) -> None:
        """Nothing to give back."""


@dataclass(slots=True)
class Away:
    """When the camera is away: for a frame, a second or a minute, every 5 simulated minutes."""

    due: float
    until: float = 0.0
    losses: int = 0

    def lost(self, clock: Clock) -> bool:
        if clock.now < self.due:
            return False
        self.until = clock.now + random.choice((1 / 24, 1.0, 60.0))
        self.due = self.until + 300
        self.losses += 1
        return True


@dataclass(frozen=True, kw_only=True)
class Face:
    """Of a performer, done as asked."""

    id: int
    performer: str
    target_age: float
    box: tuple[float, float, float, float] = (10.0, 10.0, 40.0, 40.0)
    confidence: float = 1.0
    strength: float = 1.0
    source_age: float | None = 40.0
    name: str = "Ada"
    reasons: tuple[str, ...] = ()
    likeness: float | None = 0.2
    pinned: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """A frame with a mark on it."""

    frame: Frame
    matte: NDArray[np.float32]
    faces: tuple[Face, ...]


class StandIn:
    """Does what is asked, in no time; fails and gives no face now and then."""

    def process(self, frame: Frame, ask: Ask, /) -> Done:
        if random.random() < 1e-4:
            raise RuntimeError("out of memory")
        pixels = frame.pixels.copy()
        pixels[10:40, 10:40] += 5
        matte = np.zeros(pixels.shape[:2], np.float32)
        matte[10:40, 10:40] = 1
        faces = tuple(Face(id=n, performer=who, target_age=role.age) for n, (who, role) in enumerate(ask.roles.items()))
        return Done(frame=replace(frame, pixels=pixels), matte=matte, faces=faces)


class Day:
    """The parts of the live path in one thread, and what is done to them."""

    def __init__(self, hours: float, takes: Path) -> None:
        self.frames, self.seen = round(hours * 3600 * RATE), 0
        self.clock, self.settings = Clock(), LiveSettings(retry_first=0.01, retry_most=0.01)
        self.away, self.counts = Away(self.clock.now + 300), Counter[str]()
        rng = np.random.default_rng(1)
        pictures = [rng.integers(40, 200, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(7)]
        self.source = ReconnectingSource(lambda: Camera(self.clock, pictures, self.away), first_wait_s=0.0,
                                         most_wait_s=0.0, clock=self.clock)
        self.stats = LiveStats(self.settings.window, self.clock())
        self.feed = Feed(self.settings, self.stats, self.clock)
        self.recorder = TakeRecorder(takes, self.source.info, RecorderSettings(reserve=0), clock=self.clock)
        parts = [PartFacts(performer=who, name=who.title(), start=40.0, known=(18, 85))
                 for who in ("ada", "ben", "eva")]
        self.direction = Direction(40.0, parts=parts, recorder=self.recorder)
        self.pictures: deque[weakref.ref[Any]] = deque(maxlen=5000)
        self.known: list[weakref.ref[Viewer]] = []
        self.aging = Aging(StandIn(), self.settings, self.stats, self.clock, self.direction)
        self.capture = Capture(self.source, self.settings, self.stats, self.clock, self.aging.look)
        self.capture.watchers.append(self.each)
        self.stopping = threading.Event()
        self.takes, self.viewers = takes, [self.join(short) for short in (54, 54, 540)]
        self.sample: Callable[[], None] = lambda: None

    def join(self, short_side: int) -> Viewer:
        """One more viewer."""
        viewer = self.feed.join(lambda: None)
        viewer.ask(Want(short_side=short_side))
        self.known = [each for each in (*self.known, weakref.ref(viewer)) if each() is not None]
        self.counts["viewers"] += 1
        return viewer

    def each(self, frame: Frame, now: float) -> None:
        """One frame's whole way, in the thread that captured it."""
        job = self.capture.slot.take(0)
        assert job is not None
        pair = self.aging.pair(job)
        if pair.aged is not None and not pair.same:
            self.pictures.append(weakref.ref(pair.aged.pixels))
        self.recorder(pair)
        while self.recorder.waiting > 4:
            time.sleep(0.0002)
        self.feed.hand_out(pair)
        for viewer in self.viewers:
            delivery = viewer.next(self.clock())
            if delivery is not None:
                viewer.acknowledge(delivery.pair.serial, came=self.clock(), ready=self.clock(), shown=self.clock())
                self.stats.delay("shown", self.clock() - pair.captured, self.clock())
        self.seen += 1
        self.counts[f"pairs {pair.verdict.view}"] += 1
        self.act()
        if self.seen % (self.frames // _SAMPLES) == 0:
            self.sample()
        if self.seen >= self.frames:
            self.stopping.set()

    def act(self) -> None:
        """What people do: takes, ages, emergencies, viewers that come and go."""
        at = self.seen % (_TAKE_FRAMES + _BETWEEN_FRAMES)
        if at in (0, _TAKE_FRAMES):
            self.do("cut" if at else "roll")
        if at == _TAKE_FRAMES + 10:
            self.do("scene", scene=str(random.randint(1, 60)), shot=random.choice("ABC"))
            self.tidy()
        if self.seen % 50 == 0:
            self.feed.leave(self.viewers.pop())
            self.viewers.append(self.join(random.choice((54, 540, 1080))))
        if self.seen % 120 == 0:
            self.do("age", performer=random.choice(("ada", "ben", "eva")), age=random.randint(20, 80))
        if self.seen % 5000 in (0, 48):
            self.do("emergency", on=self.seen % 5000 == 0)

    def do(self, act: str, **values: Any) -> None:
        """An act; refused ones are counted."""
        try:
            self.direction.act(act, values, "soak")
            self.counts["acts"] += 1
        except PlayingAgeError as error:
            self.counts[f"refused: {error.what}"[:60]] += 1

    def tidy(self) -> None:
        """The newest few takes are kept."""
        self.counts["takes"] += 1
        for folder in sorted(self.takes.iterdir(), key=lambda path: path.stat().st_mtime)[:-_KEPT_TAKES]:
            shutil.rmtree(folder, ignore_errors=True)

    def live(self) -> None:
        """To the end."""
        with self.recorder:
            self.capture.work(self.stopping)
        self.source.close()


def hurry(hours: float, out: Path) -> dict[str, Any]:
    """The day, and fast.csv and fast.json in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    process = psutil.Process()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        day, begun = Day(hours, Path(folder)), time.monotonic()

        def sample() -> None:
            gc.collect()
            rows.append({
                "hours": round(day.seen / float(RATE) / 3600, 3), "s": round(time.monotonic() - begun, 1),
                "rss": round(process.memory_info().rss / 2**20, 1), "blocks": sys.getallocatedblocks(),
                "files": process.num_fds(), "threads": process.num_threads(),
                "pictures": sum(each() is not None for each in day.pictures),
                "viewers": sum(each() is not None for each in day.known),
            })

        day.sample = sample
        day.live()
        report = day.stats.snapshot(day.clock())
    with (out / "fast.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    quarter = rows[len(rows) // 4 :]
    summary = {
        "simulated hours": hours, "frames": day.seen, "seconds it took": rows[-1]["s"],
        "losses": day.away.losses, **dict(day.counts),
        "memory MiB, after a quarter and at the end": f"{quarter[0]['rss']}, {rows[-1]['rss']}",
        "memory MiB, most": max(row["rss"] for row in rows),
        "blocks of memory, after a quarter and at the end": f"{quarter[0]['blocks']}, {rows[-1]['blocks']}",
        "files, most": max(row["files"] for row in rows), "threads, most": max(row["threads"] for row in rows),
        "pictures held, most": max(row["pictures"] for row in rows),
        "viewers held, most": max(row["viewers"] for row in rows), "dropped": report["dropped"],
        "totals": report["totals"], "recorder": day.recorder.report(), "machine": machine(),
    }
    (out / "fast.json").write_text(json.dumps(summary, indent=1, default=str) + "\n", encoding="utf-8")
    print(table([{"what": name, "is": value} for name, value in summary.items() if not isinstance(value, dict)]))
    return summary
