"""The process of one output: takes pictures from shared memory, compresses and sends them, until told or left alone.

Started by `output_process`. It speaks only with its parent: orders come on standard input, one line of JSON goes back
for each on standard output. The address comes that way too, never on the command line, where others could read it.
"""

import ctypes
import json
import mmap
import os
import signal
import sys
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from playingage.core import PlayingAgeError, UnwritableError
from playingage.frames import Colour
from playingage.media.output import Output, OutputFormat, adapter_of
from playingage.media.output_address import OutputAddress
from playingage.media.output_process import CLOSE, CONNECT, MESSAGE, NEW

_LATER = 5
"""How much nicer than the live path this process is to others."""
_DIE_WITH_PARENT = 1


def main() -> None:
    """Serve one output."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # libraries print; nothing of that may stand among the answers
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.nice(_LATER)
    orders = sys.stdin.buffer
    begin = json.loads(orders.readline() or b"null")
    if begin is None:
        return
    form = _format(begin)
    size = form.width * form.height * 3
    shared = np.frombuffer(mmap.mmap(begin["picture"], size), np.uint8).reshape(form.height, form.width, 3)
    _say(answers, {"ready": True})
    sender = Sender(OutputAddress.parse(begin["address"]), form, begin["timeout_s"], shared)
    while len(order := orders.read(MESSAGE.size)) == MESSAGE.size:
        what, tick = MESSAGE.unpack(order)
        try:
            sender.obey(what, tick)
        except PlayingAgeError as error:
            sender.close()
            _say(answers, {"lost": error.what, "do": error.do})
        else:
            _say(answers, {"done": tick})
    sender.close()


class Sender:
    """The output of this process. shared: where the parent puts pictures, H x W x 3."""

    def __init__(
        self, address: OutputAddress, form: OutputFormat, timeout_s: float, shared: NDArray[np.uint8]
    ) -> None:
        self._address, self._form, self._timeout = address, form, timeout_s
        self._shared = self._pixels = shared
        self._output: Output | None = None

    def obey(self, what: int, tick: int) -> None:
        """Do one order. Raises PlayingAgeError."""
        if what in (CONNECT, CLOSE):
            self.close()
        if what == CONNECT:
            self._output = adapter_of(self._address)(self._address, self._form, self._timeout)
        elif what != CLOSE:
            if self._output is None:
                raise UnwritableError(f"{self._address}: is not connected")
            if what == NEW:
                self._pixels = self._shared.view()  # another array, so that the output converts it again
            self._output.send(self._pixels, tick)

    def close(self) -> None:
        """End the connection; may be called twice."""
        output, self._output = self._output, None
        if output is not None:
            output.close()


def _format(begin: dict[str, Any]) -> OutputFormat:
    primaries, transfer, matrix, full = begin["colour"]
    return OutputFormat(
        width=begin["width"], height=begin["height"], rate=Fraction(begin["rate"]), bit_rate=begin["bit_rate"],
        title=begin["title"],
        colour=Colour(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full),
    )


def _say(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
