"""One slot between two threads: the newest thing wins."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one thing. Putting another drops the one that waited; `put` says so, and the caller counts it."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._item: T | None = None
        self._closed = False

    def put(self, item: T) -> T | None:
        """Leave `item` for the taker. Returns the one that waited, dropped for it. After `close` does nothing."""
        with self._ready:
            if self._closed:
                return None
            dropped, self._item = self._item, item
            self._ready.notify()
            return dropped

    def take(self, timeout: float) -> T | None:
        """Wait up to `timeout` seconds for something. None when nothing came or the mailbox is closed."""
        with self._ready:
            if self._item is None and not self._closed:
                self._ready.wait(timeout)
            item, self._item = self._item, None
            return None if self._closed else item

    def close(self) -> None:
        """Wake the taker and refuse everything from now on."""
        with self._ready:
            self._closed = True
            self._item = None
            self._ready.notify_all()
