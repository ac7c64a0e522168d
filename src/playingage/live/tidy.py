"""Letting go of what only the collector can free, often and cheaply."""

import gc
import threading
from types import TracebackType
from typing import Self

_EVERY = 1.0


class Tidy:
    """Collects every second while a block lasts, in a thread of its own.

    What stands in a circle of references waits for the collector, and a picture may hang on it. By itself the collector
    may come minutes later, and then stops all threads for a tenth of a second. Here what is there at the beginning is
    left out of its rounds, which take less than a millisecond then.
    """

    def __init__(self, every: float = _EVERY) -> None:
        self._every, self._over = every, threading.Event()
        self._thread = threading.Thread(target=self._work, name="playingage tidy", daemon=True)

    def _work(self) -> None:
        while not self._over.wait(self._every):
            gc.collect()

    def __enter__(self) -> Self:
        gc.freeze()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        gc.unfreeze()
