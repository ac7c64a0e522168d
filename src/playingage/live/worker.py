"""A thread whose exception reaches whoever waits for it."""

import threading
from collections.abc import Callable


class Worker:
    """Runs `work` in a thread. When it raises, the exception is kept and `crashed` is called from that thread."""

    def __init__(self, name: str, work: Callable[[], None], crashed: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._work, self._crashed = work, crashed
        self._thread = threading.Thread(target=self._run, name=f"playingage {name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when the thread has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def name(self) -> str:
        """The thread's name."""
        return self._thread.name

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error
            self._crashed()
