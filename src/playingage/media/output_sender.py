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

from playingage.core import PlayingAgeError
from playingage.frames import Colour
from playingage.media.output import Output, OutputFormat, adapter_of
from playingage.media.output_address import OutputAddress
from playingage.media.output_process import CLOSE, MESSAGE, NEW

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
    _say(answers, {"ready": True})
    try:
        _serve(begin, orders, answers)
    except PlayingAgeError as error:
        _say(answers, {"lost": error.what, "do": error.do})


def _serve(begin: dict[str, Any], orders: BinaryIO, answers: BinaryIO) -> None:
    form = _format(begin)
    address = OutputAddress.parse(begin["address"])
    output: Output = adapter_of(address)(address, form, begin["timeout_s"])
    try:
        _say(answers, {"open": True})
        size = form.width * form.height * 3
        shared = np.frombuffer(mmap.mmap(begin["picture"], size), np.uint8).reshape(form.height, form.width, 3)
        pixels = shared.view()
        while len(order := orders.read(MESSAGE.size)) == MESSAGE.size:
            what, tick = MESSAGE.unpack(order)
            if what == CLOSE:
                break
            if what == NEW:
                pixels = shared.view()  # another array, so that the output converts it again
            output.send(pixels, tick)
            _say(answers, {"sent": tick})
    finally:
        output.close()
    _say(answers, {"closed": True})


def _format(begin: dict[str, Any]) -> OutputFormat:
    primaries, transfer, matrix, full = begin["colour"]
    return OutputFormat(
        width=begin["width"], height=begin["height"], rate=Fraction(begin["rate"]), bit_rate=begin["bit_rate"],
        colour=Colour(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full),
    )


def _say(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
