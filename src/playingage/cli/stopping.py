"""Ctrl-C, `kill` and a closed terminal: the work is unwound, so that nothing half-written stays."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(s for name in ("SIGINT", "SIGTERM", "SIGHUP") if (s := getattr(signal, name, None)) is not None)


class Stopped(BaseException):
    """Somebody asked the program to stop. No kind of KeyboardInterrupt, which Typer would swallow without a word."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As shells expect it: 130 for Ctrl-C, 143 for `kill`."""
        return 128 + self.number


class _Signals:
    """What has come in. The main thread's alone."""

    def __init__(self) -> None:
        self.caught: list[int] = []
        self.held = 0
        self.waiting: int | None = None

    def handle(self, number: int, frame: FrameType | None) -> None:
        self.caught.append(number)
        if len(self.caught) > 1:
            for each in _SIGNALS:
                signal.signal(each, signal.SIG_DFL)
        elif self.held:
            self.waiting = number
        else:
            raise Stopped(number)

    def let_go(self) -> None:
        number, self.waiting = self.waiting, None
        if number is not None:
            raise Stopped(number)


_state = _Signals()


def stop_by_exception() -> None:
    """From now on the first signal raises `Stopped` in the main thread; the tidying up that follows is let finish.

    A third one ends the program as it would by itself. A command may set handlers of its own. Signals that are ignored
    (`nohup`) stay so.
    """
    for each in _SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _state.handle)


def stop_if_asked() -> None:
    """Raise `Stopped` if a signal came and its exception was lost, as in a library's call back or a destructor."""
    if _state.caught and not _state.held:
        raise Stopped(_state.caught[0])


def asked_to_stop() -> bool:
    """Whether a signal came, for work that is held back and asks between its steps."""
    return bool(_state.caught)


@contextmanager
def held_back() -> Iterator[None]:
    """A signal that comes in this block raises `Stopped` at its end.

    For opening and closing files: an exception in the midst of a library's call back into Python would be lost there.
    """
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
    if not _state.held:
        _state.let_go()
