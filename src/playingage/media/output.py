"""Pictures to outputs beyond the browser: the port, the format, and which adapter serves which address.

Each output is a process of its own (`output_process`, `output_sender`): FFmpeg holds the interpreter while it connects,
and may hang in a write; neither must reach the live path. Opening and sending wait for that process, within a time
limit: give each output a thread of its own. Nothing here tries again: who holds the output does. None carries sound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError, check_rate
from playingage.frames import Colour
from playingage.media.output_address import Carrier, OutputAddress

OUTPUT_RATES = (
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50),
    Fraction(60000, 1001), Fraction(60),
)
"""Frames a second that every output takes; others go where the format holds them."""
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """What an output sends: always 8-bit 4:2:0, limited range, BT.709 matrix (cameras: BT.601).

    width, height: even. rate: constant frames a second. bit_rate: bits a second of compressed outputs.
    colour: primaries and transfer of the pictures; its matrix and range say how their RGB was stored before.
    title: what the stream says that it is, where it can.
    """

    width: int
    height: int
    rate: Fraction
    bit_rate: int = 8_000_000
    colour: Colour = field(default_factory=Colour)
    title: str = "Playing Age"

    def __post_init__(self) -> None:
        check_rate(self.rate)
        if self.width < 16 or self.height < 16 or self.width % 2 or self.height % 2:
            raise SettingError(f"an output of {self.width}x{self.height} is too small, or its sides are not even")
        if not 200_000 <= self.bit_rate <= 200_000_000:
            raise SettingError(
                f"{self.bit_rate} bits a second are not between 0.2 and 200 million", "Give megabits a second, as 8."
            )
        if not 1 <= self.rate <= 120:
            raise SettingError(f"an output of {float(self.rate):g} frames a second is not between 1 and 120")


class Output(Protocol):
    """Takes the pictures of one connection, in order. Raises UnwritableError when the other side is gone."""

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        """Send H x W x 3 RGB, full range, as the picture at `tick` frames from the start.

        Ticks grow. The array must not change afterwards, and may be sent again.
        """
        ...

    def close(self) -> None:
        """Give everything back; may be called twice."""
        ...


def check_output(address: OutputAddress, form: OutputFormat) -> None:
    """Raise SettingError when this machine cannot serve the address at all. Sends nothing."""
    adapter_of(address).check(address, form)


class Line(Output, Protocol):
    """An output that can be connected, also again after it broke."""

    def connect(self) -> None:
        """Connect anew. Raises UnwritableError when nobody answers now."""
        ...

    def abort(self) -> None:
        """Break off whatever it waits for; from any thread."""
        ...


def output_line(address: OutputAddress, form: OutputFormat, *, timeout_s: float = TIMEOUT_S) -> Line:
    """An output in a process of its own, not connected yet; what can never work is for `check_output` to find."""
    from playingage.media.output_process import OutputProcess

    return OutputProcess(address, form, timeout_s)


class Adapter(Protocol):
    """A class of outputs."""

    def __call__(self, address: OutputAddress, form: OutputFormat, timeout_s: float, /) -> Output:
        """Connect, in this process."""
        ...

    def check(self, address: OutputAddress, form: OutputFormat, /) -> None:
        """Raise SettingError when this machine cannot serve the address at all."""
        ...


def adapter_of(address: OutputAddress) -> Adapter:
    """The class that serves an address, in the process of the caller."""
    if address.carrier is Carrier.NDI:
        from playingage.media.output_ndi import NdiOutput

        return NdiOutput
    if address.carrier is Carrier.CAMERA:
        from playingage.media.output_camera import CameraOutput

        return CameraOutput
    if address.carrier is Carrier.WHIP:
        from playingage.media.output_whip import WhipOutput

        return WhipOutput
    from playingage.media.output_stream import EncodedOutput

    return EncodedOutput
