"""The newest frame of a source, whoever is slow."""

import threading
from types import TracebackType
from typing import Self

from playingage.core import SourceLostError
from playingage.frames import Frame
from playingage.media.ports import Source, SourceInfo

_JOIN_S = 2.0


class LatestReader:
    """Reads a source in a thread of its own into one slot: the newest frame wins, what it replaces counts in `dropped`.

    The thread owns the source and closes it. An error of the source is raised by the next `read_latest`; a loss does
    not end the thread (a `ReconnectingSource` comes back), any other error does.
    """

    def __init__(self, source: Source) -> None:
        self._source, self._info = source, source.info
        self._change = threading.Condition()
        self._slot: Frame | None = None
        self._error: BaseException | None = None
        self._ended, self._stopping = False, False
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name=f"capture {source.info.name}", daemon=True)
        self._thread.start()

    @property
    def info(self) -> SourceInfo:
        """As of the source."""
        return self._info

    @property
    def dropped(self) -> int:
        """Frames that were replaced before anybody read them."""
        return self._dropped

    def read_latest(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given, waiting for one up to `timeout_s` seconds; None after the last one.

        Raises what the source raised, and SourceLostError when no frame came in time.
        """
        with self._change:
            self._change.wait_for(lambda: self._slot is not None or self._error is not None or self._ended, timeout_s)
            frame, self._slot = self._slot, None
            if frame is not None:
                return frame
            error, self._error = self._error, None
            if error is not None:
                raise error
            if self._ended:
                return None
        raise SourceLostError(f"{self._info.name}: no picture for {timeout_s:g} s", "Check the source.")

    def close(self) -> None:
        """Stop the thread and wait for it a moment; may be called twice."""
        self._stopping = True
        if self._thread is not threading.current_thread():
            self._thread.join(_JOIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        try:
            while not self._stopping and not self._ended:
                self._step()
        finally:
            self._source.close()

    def _step(self) -> None:
        frame: Frame | None = None
        error: BaseException | None = None
        try:
            frame = self._source.read()
        except BaseException as caught:  # raised to the consumer, whatever it is
            error = caught
        with self._change:
            if frame is not None:
                self._dropped += self._slot is not None
                self._slot = frame
                self._error = None
            else:
                self._error = error
                self._ended = not isinstance(error, SourceLostError)
            self._change.notify_all()
