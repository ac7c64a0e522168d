"""Options of outputs beyond the browser, and what they come to."""

from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli import options
from playingage.cli.output import say

if TYPE_CHECKING:
    from playingage.live.outputs import Outputs
    from playingage.media.ports import SourceInfo

Out = Annotated[
    list[str] | None,
    typer.Option(
        "--out", metavar="PICTURE=ADDRESS",
        help="Send aged, clean, both or matte to udp:// tcp:// rtmp:// srt:// whip+https://, file:NAME.ts, a virtual "
             "camera /dev/videoN, or ndi:NAME; @FILE reads the address. May be repeated.",
    ),
]
OutRate = Annotated[
    str | None, typer.Option("--out-rate", metavar="RATE", help="Frames a second of outputs, as 25 or 24000/1001.")
]
OutBitRate = Annotated[float, typer.Option("--out-bit-rate", metavar="MBIT", help="Megabits a second of each output.")]


def outputs_of(
    texts: list[str] | None, info: "SourceInfo", rate: str | None, megabits: float, *, again: bool = False
) -> "Outputs | None":
    """The outputs that are asked for, checked and not started; None where none are. Raises SettingError.

    again: the program was started again after a crash.
    """
    if not texts:
        return None
    from playingage.live.outputs import Outputs, OutputWish

    wishes = [OutputWish.parse(text) for text in texts]
    outputs = Outputs(
        wishes, info, rate=options.parse_rate(rate), bit_rate=round(megabits * 1_000_000), again=again
    )
    for each in outputs.report():
        say(f"Output: {each['shows']} to {each['address']}, {each['rate']} frames a second, without sound.")
    return outputs
