"""Outputs beyond the browser: the pictures of each pair as streams, virtual cameras or NDI.

`Outputs` is a listener of pairs. Each output has a thread with a mailbox of one slot (newest wins, drops are counted)
and a process that compresses and sends, so that no receiver and no network can slow the live path. Calls go down to
`media.output`; `output_line` is the thread, `output_pace` its clock, `output_pictures` what is shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playingage.core import SettingError, UnreadableError
from playingage.live.output_line import OutputThread
from playingage.live.output_pictures import Composer, Shows
from playingage.live.pair import Pair
from playingage.media.output import Line, OutputFormat, check_output, output_line
from playingage.media.output_address import Carrier, OutputAddress
from playingage.media.ports import SourceInfo

MOST = 8
_TITLES = {
    Shows.AGED: "Playing Age: aged, digitally altered", Shows.CLEAN: "Playing Age: clean",
    Shows.BOTH: "Playing Age: clean and aged, digitally altered", Shows.MATTE: "Playing Age: matte",
}
_END_S = 1.5
"""Seconds that all outputs together get to end their streams, before they are broken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputWish:
    """One output as asked for: what it shows, and where it goes."""

    shows: Shows
    address: OutputAddress

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `aged=rtmp://host/app/key`, or `aged=@FILE` with the address in a file. Raises SettingError."""
        name, sign, address = text.partition("=")
        shows = next((each for each in Shows if each.value == name.strip().lower()), None)
        if not sign or shows is None:
            raise SettingError(
                f"an output does not begin with what it shows and '=', but with {name.partition(':')[0]!r}",
                f"Write one of {', '.join(Shows)}, as in aged=udp://239.0.0.1:5000",
            )
        if address.startswith("@"):
            address = _read(Path(address[1:]))
        return cls(shows=shows, address=OutputAddress.parse(address))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: the output's address cannot be read: {error}", "Put it there on one line.") \
            from None


class Outputs:
    """`with Outputs(wishes, source.info) as outputs:` and `outputs` among the listeners of a `LiveRun`.

    rate: frames a second of all outputs; the source's where None. bit_rate: bits a second of each compressed one.
    again: after a crash, so that a file that was begun goes on.
    Raises SettingError when one of them cannot work on this machine; nothing has begun then.
    """

    def __init__(
        self, wishes: Sequence[OutputWish], info: SourceInfo, *, rate: Fraction | None = None,
        bit_rate: int = 8_000_000, again: bool = False,
        make: Callable[[OutputAddress, OutputFormat], Line] = output_line,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        form = output_format(info, rate, bit_rate)
        self._check(wishes, form, again)
        self._state: Callable[[], dict[str, Any]] | None = None
        self._threads = tuple(
            OutputThread(
                wish.shows.value, wish.address.shown, make(wish.address, replace(form, title=_TITLES[wish.shows])),
                Composer(wish.shows, form.width, form.height), form.rate,
                why_held=self._why_held, clock=clock,
            )
            for wish in wishes
        )

    def __call__(self, pair: Pair) -> None:
        """Leave a pair for each output; from any thread."""
        for thread in self._threads:
            thread.put(pair)

    def follow(self, state: Callable[[], dict[str, Any]]) -> None:
        """Where to ask how source and engine do, as `LiveRun.state` says it."""
        self._state = state

    def start(self) -> None:
        """Start all outputs; once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all streams; one that waits for its receiver is broken off. Raises what a thread died of."""
        for thread in self._threads:
            thread.stop()
        until = time.monotonic() + _END_S
        late = [thread for thread in self._threads if not thread.join(max(0.0, until - time.monotonic()))]
        for thread in late:
            thread.abort()
        for thread in late:
            thread.join(_END_S)

    def report(self) -> list[dict[str, Any]]:
        """How each output does: plain values for JSON, without keys and passwords."""
        return [thread.report() for thread in self._threads]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _check(self, wishes: Sequence[OutputWish], form: OutputFormat, again: bool) -> None:
        if len(wishes) > MOST:
            raise SettingError(f"{len(wishes)} outputs are more than {MOST}", "Let one receiver hand it on.")
        seen = [wish.address.target for wish in wishes]
        for wish in wishes:
            if seen.count(wish.address.target) > 1:
                raise SettingError(f"{wish.address}: is asked for twice", "Give each output a place of its own.")
            if not (again and wish.address.carrier is Carrier.FILE):
                check_output(wish.address, form)

    def _why_held(self) -> str:
        """What to say of a picture that stands still."""
        state = {} if self._state is None else self._state()
        source, engine = state.get("source") or {}, state.get("engine") or {}
        if source.get("state") not in (None, "live"):
            return str(source.get("words") or "NO PICTURE FROM CAMERA")
        return "ENGINE STANDS STILL" if engine.get("state") == "stalled" else "NO NEW PICTURE"


def output_format(info: SourceInfo, rate: Fraction | None, bit_rate: int) -> OutputFormat:
    """The format for the pictures of a source; an odd last row or column is left away. Raises SettingError."""
    return OutputFormat(
        width=info.width - info.width % 2, height=info.height - info.height % 2, rate=rate or info.rate,
        bit_rate=bit_rate, colour=info.colour,
    )
