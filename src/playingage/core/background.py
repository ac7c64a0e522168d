"""Work on another thread with a bounded queue between: the drop rule is "none, wait"."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")
_TICK = 0.1


class _End:
    """Follows the last item; carries the exception that ended the producer, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def prefetch(items: Iterable[T], ahead: int) -> Generator[T, None, None]:
    """The same items, produced on a thread of their own up to `ahead` in advance.

    An exception of the producer is raised here, in its place. Closing the generator stops and joins the thread.
    """
    if ahead < 1:
        raise ValueError(f"cannot run {ahead} items ahead")
    box: queue.Queue[T | _End] = queue.Queue(ahead)
    stop = threading.Event()

    def put(item: T | _End) -> None:
        while not stop.is_set():
            try:
                box.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for item in items:
                put(item)
                if stop.is_set():
                    return
        except BaseException as error:  # handed to the consumer, whatever it is
            put(_End(error))
        else:
            put(_End())

    thread = threading.Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item = box.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        thread.join()


class WriteBehind(Generic[T]):
    """Calls `write` for each item on a thread of its own, in order, at most `behind` items late."""

    def __init__(self, write: Callable[[T], None], behind: int) -> None:
        self._box: queue.Queue[T | _End] = queue.Queue(behind)
        self._write = write
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="write-behind", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                item = self._box.get(timeout=_TICK)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                return
            try:
                self._write(item)
            except BaseException as error:  # raised to the producer at its next call
                self._error = error
                return

    def put(self, item: T) -> None:
        """Hand over an item; waits while the queue is full. Raises what `write` raised for an earlier item."""
        self._hand_over(item)

    def _hand_over(self, item: T | _End) -> None:
        while True:
            if self._error is not None:
                raise self._error
            try:
                self._box.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return

    def finish(self) -> None:
        """Wait until everything is written. Raises what `write` raised."""
        self._hand_over(_End())
        self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Drop what is not yet written and join the thread; may be called after `finish`."""
        self._stop.set()
        self._thread.join()
