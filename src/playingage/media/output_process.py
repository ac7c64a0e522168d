"""An output in a process of its own, seen from the live path: a picture goes over by shared memory."""

import contextlib
import json
import mmap
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from playingage.core import UnwritableError
from playingage.media.output import OutputFormat
from playingage.media.output_address import OutputAddress

MESSAGE = struct.Struct("<Bq")
"""What to do (one of the numbers below) and the tick of the picture."""
NEW, SAME, CONNECT, CLOSE = 0, 1, 2, 3
_START_S = 20.0
"""Most seconds that a process may take until it begins to connect."""
_CLOSE_S = 1.0
_SHARED = Path("/dev/shm")


class OutputProcess:
    """See `Line`. A process that gives no answer within the time limit is killed, and started anew when needed."""

    def __init__(self, address: OutputAddress, form: OutputFormat, timeout_s: float) -> None:
        self._address, self._form, self._timeout = address, form, timeout_s
        self._last: NDArray[np.uint8] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._answers = b""
        self._size = form.width * form.height * 3
        self._shared = tempfile.TemporaryFile(dir=_SHARED if _SHARED.is_dir() else None)  # noqa: SIM115 - `close`
        self._shared.truncate(self._size)
        self._pixels = np.frombuffer(mmap.mmap(self._shared.fileno(), self._size), np.uint8).reshape(
            form.height, form.width, 3
        )

    def connect(self) -> None:
        """Let the process connect. Raises UnwritableError."""
        if self._process is None:
            self._start()
        self._last = None
        self._tell(MESSAGE.pack(CONNECT, 0))
        self._answer(self._timeout + 1)

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        """Hand over one picture and wait until it is sent. Raises UnwritableError."""
        same = pixels is self._last
        if self._process is not None and not same:
            np.copyto(self._pixels, pixels)
            self._last = pixels
        self._tell(MESSAGE.pack(SAME if same else NEW, tick))
        self._answer(self._timeout)

    def abort(self) -> None:
        """Kill the process: whoever waits for its answer is told that it ended."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Let the process end the stream, or end the process; may be called twice."""
        if self._process is not None:
            with contextlib.suppress(UnwritableError):
                self._tell(MESSAGE.pack(CLOSE, 0))
                self._answer(_CLOSE_S)
        self._kill()
        self._pixels, self._last = np.zeros((0, 0, 3), np.uint8), None
        self._shared.close()

    def _start(self) -> None:
        if self._shared.closed:
            raise UnwritableError(f"{self._address}: is closed")
        self._answers = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "playingage.media.output_sender"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            pass_fds=(self._shared.fileno(),), start_new_session=True,
        )
        begin = {
            "address": self._address.source, "picture": self._shared.fileno(), "timeout_s": self._timeout,
            **describe(self._form),
        }
        self._tell(json.dumps(begin).encode() + b"\n")
        self._answer(_START_S)

    def _tell(self, message: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            raise UnwritableError(f"{self._address}: is closed")
        try:
            self._process.stdin.write(message)
        except OSError:
            raise self._died() from None

    def _answer(self, within: float) -> None:
        """Wait for the next answer; raises what it tells."""
        process = self._process
        if process is None or process.stdout is None:
            raise UnwritableError(f"{self._address}: is closed")
        until = time.monotonic() + within
        while b"\n" not in self._answers:
            if not select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                self._kill()
                raise UnwritableError(f"{self._address}: the receiver takes nothing", "It is tried again.")
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                raise self._died()
            self._answers += more
        line, _, self._answers = self._answers.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "lost" in answer:
            raise UnwritableError(answer["lost"], answer["do"])

    def _died(self) -> UnwritableError:
        process = self._process
        code = None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(1.0)
        self._kill()
        return UnwritableError(f"{self._address}: the sending process ended ({code})", "It is started again.")

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()


def describe(form: OutputFormat) -> dict[str, Any]:
    """A format as plain values, for the other process."""
    return {
        "width": form.width, "height": form.height, "rate": str(form.rate), "bit_rate": form.bit_rate,
        "title": form.title,
        "colour": [form.colour.primaries, form.colour.transfer, form.colour.matrix, form.colour.full_range],
    }
