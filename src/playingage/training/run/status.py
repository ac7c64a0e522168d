"""How a run stands: status.json and the live page, written now and then, and its pace and time left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playingage.training.run.folder import PAGE, STATUS, Row, RunFolder
from playingage.training.run.page import Facts, page

STATUS_FORMAT, STATUS_VERSION = "playingage-run-status", 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A moment of a run. best: step and loss of the best look at the held-out frames. words: for a person."""

    state: str
    step: int
    samples: float = 0.0
    seconds_left: float | None = None
    best: tuple[int, float] | None = None
    words: str = ""


@dataclass(slots=True, eq=False)
class Reporter:
    """Keeps status.json and index.html up to date, at most every `every` seconds."""

    folder: RunFolder
    facts: Facts
    rows: list[Row]
    every: float = 3.0
    clock: Callable[[], float] = time.monotonic
    _last: float = field(default=float("-inf"))

    def tell(self, progress: Progress, *, now: bool = False) -> None:
        """Write both files, unless that was just done. Raises TrainingError."""
        if not now and self.clock() - self._last < self.every:
            return
        document = self._document(progress)
        self.folder.write_json(STATUS, document)
        self.folder.write(PAGE, page(self.facts, document, self.rows, self.folder.previews).encode())
        self._last = self.clock()

    def _document(self, progress: Progress) -> dict[str, Any]:
        left, best = progress.seconds_left, progress.best
        return {
            "format": STATUS_FORMAT, "version": STATUS_VERSION, "state": progress.state, "step": progress.step,
            "steps": self.facts.steps, "seconds_left": None if left is None else round(left),
            "samples_per_s": round(progress.samples, 2), "device": self.facts.device,
            "best": None if best is None else {"step": best[0], "held_out": best[1]}, "words": progress.words,
            "updated": datetime.now(UTC).isoformat("T", "seconds"),
        }


class Pace:
    """Steps and samples a second of this session, without its first steps, which warm up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: list[tuple[float, int, int]] = []

    def mark(self, step: int, samples: int) -> None:
        """A step is done; `samples` counts all of this session."""
        self._marks.append((self._clock(), step, samples))
        if len(self._marks) > 400:
            del self._marks[1:100]

    @property
    def samples(self) -> float:
        """A second, over the last steps."""
        first, last = self._span
        return (last[2] - first[2]) / max(last[0] - first[0], 1e-9) if last[1] > first[1] else 0.0

    def seconds_left(self, steps: int) -> float | None:
        """Until `steps` are done, pauses for looks and saves included; None while that cannot be told."""
        first, last = self._span
        if last[1] - first[1] < 2:
            return None
        return (last[0] - first[0]) / (last[1] - first[1]) * (steps - last[1])

    @property
    def _span(self) -> tuple[tuple[float, int, int], tuple[float, int, int]]:
        if not self._marks:
            return (0.0, 0, 0), (0.0, 0, 0)
        return self._marks[min(1, len(self._marks) - 1)], self._marks[-1]
