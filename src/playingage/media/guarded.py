"""A source that may block without limit, kept behind a thread so that nobody waits for it for ever."""

import queue
import threading
from collections.abc import Callable

from playingage.core import SourceLostError
from playingage.frames import Frame
from playingage.media.base import SourceBase, faults_of
from playingage.media.counting import Faults
from playingage.media.ports import Source, SourceInfo

_Answer = Source | Frame | BaseException | None


class GuardedSource(SourceBase):
    """Opens, reads and closes a source in one daemon thread of its own; every wait ends after `timeout_s` seconds.

    One request at a time goes to the thread, one answer comes back. A thread that the driver never lets go is left
    behind.
    """

    def __init__(self, opener: Callable[[], Source], *, name: str, timeout_s: float) -> None:
        self._opener, self._name, self._timeout = opener, name, timeout_s
        self._requests: queue.Queue[bool] = queue.Queue(2)
        self._answers: queue.Queue[_Answer] = queue.Queue(2)
        self._closed = False
        threading.Thread(target=self._work, name=f"guard {name}", daemon=True).start()
        opened = self._answer()
        if opened is None or isinstance(opened, Frame):
            raise AssertionError("the guard's first answer is a source")
        self._source = opened

    @property
    def info(self) -> SourceInfo:
        """As of the source, now."""
        return self._source.info

    @property
    def faults(self) -> Faults:
        """As of the source."""
        return faults_of(self._source)

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises what the source raises, and SourceLostError when it hangs."""
        if self._closed:
            return None
        self._requests.put(True)
        answer = self._answer()
        if answer is not None and not isinstance(answer, Frame):
            raise AssertionError("the guard answers a read with a frame")
        return answer

    def close(self) -> None:
        """Let the thread close the source; may be called twice and does not wait."""
        if not self._closed:
            self._closed = True
            self._requests.put(False)

    def _answer(self) -> Source | Frame | None:
        try:
            answer = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            self.close()
            raise SourceLostError(
                f"{self._name}: lost: no answer for {self._timeout:g} s", "Check that it is plugged in and free."
            ) from None
        if isinstance(answer, BaseException):
            self.close()
            raise answer
        return answer

    def _work(self) -> None:
        try:
            source = self._opener()
        except BaseException as error:  # handed to the caller, whatever it is
            self._answers.put(error)
            return
        with source:
            self._answers.put(source)
            while self._requests.get():
                try:
                    self._answers.put(source.read())
                except BaseException as error:  # handed to the caller, whatever it is
                    self._answers.put(error)
                    return
