"""Options that several commands share."""

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli.output import say
from playingage.core import SettingError, check_rate

if TYPE_CHECKING:
    from playingage.engine import Engine, Look

_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{0,9})?|[0-9]{1,7}/[0-9]{1,7}")
_NTSC = (24, 30, 48, 60, 72, 96, 120, 240)
Age = Annotated[float, typer.Option("--age", help="Playing age in years.", show_default=True)]
PlayingAge = Annotated[
    float | None, typer.Option("--age", help="Playing age in years; needed unless each --performer has one.")
]
SourceAge = Annotated[
    float | None, typer.Option("--source-age", help="The performer's real age, where known; else read off the face.")
]
Strength = Annotated[float, typer.Option("--strength", help="How much of the change is taken, 0 to 1.")]
Region = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="NAME=AGE",
                 help="Age of a part of the face: eyes, brow, cheeks, mouth or neck; give it once for each part."),
]
KeepMoles = Annotated[
    bool, typer.Option("--keep-moles/--no-keep-moles", help="Moles, freckles and pale scars stay as they are.")
]
GreyHair = Annotated[float, typer.Option("--grey-hair", metavar="X", help="How grey hair goes with age, 0 to 1.")]
GreyBeard = Annotated[
    float, typer.Option("--grey-beard", metavar="X", help="How grey beard and brows go with age, 0 to 1.")
]
Size = Annotated[
    int | None,
    typer.Option("--size", metavar="PIXELS", help="Of the network: 512, 256 for weak machines; else the model's own."),
]
Model = Annotated[str, typer.Option("--model", help="'default', or the path of a model package (NAME.pamodel).")]
DeviceName = Annotated[str, typer.Option("--device", help="OpenVINO device that runs the networks: CPU, GPU, ...")]
Precision = Annotated[
    str | None, typer.Option("--precision", help="bf16 or f32; bf16 where the device has it, unless told.")
]
Threads = Annotated[int, typer.Option("--threads", help="Threads of the re-ageing network.")]
TimecodeOf = Annotated[
    str, typer.Option("--timecode", metavar="T",
                      help="auto, source, ltc or ltc:CHANNEL (linear timecode on the audio), free (by the clock).")
]
DeinterlaceHow = Annotated[
    str, typer.Option("--deinterlace", metavar="D", help="auto, fields (a picture of each field), on or off.")
]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON on standard output.")]
ProductionFolder = Annotated[
    Path | None,
    typer.Option("--production", "-P", metavar="FOLDER", envvar="PLAYINGAGE_PRODUCTION",
                 help="The production; else the one that the current folder lies in."),
]
Consent = Annotated[
    str | None,
    typer.Option("--consent", metavar="STATEMENT", envvar="PLAYINGAGE_CONSENT",
                 help="Who in the picture agreed to be re-aged, in which capacity, when. Recorded."),
]


def look_of(
    strength: float, region: list[str] | None, keep_moles: bool, grey_hair: float, grey_beard: float
) -> "Look":
    """What a command's options ask of the change. Raises SettingError."""
    from playingage.engine import Look

    return Look(
        strength=strength, regions=parse_regions(region or []), keep_moles=keep_moles, grey_hair=grey_hair,
        grey_beard=grey_beard,
    )


def parse_regions(texts: list[str]) -> dict[str, float]:
    """Ages of parts of the face as written: eyes=60. Raises SettingError."""
    regions: dict[str, float] = {}
    for text in texts:
        name, _, age = (part.strip() for part in text.partition("="))
        if name in regions:
            raise SettingError(f"--region {text}: {name} has an age already", "Give each part once.")
        try:
            regions[name] = float(age)
        except ValueError:
            raise SettingError(f"--region {text}: that is no part and age", "Write it like eyes=60.") from None
    return regions


def load_engine(model: str, size: int | None, device: str, precision: str | None, threads: int) -> "Engine":
    """The engine that a command asked for; says which device it runs on. Raises ModelError or DeviceError."""
    from playingage.engine import Engine
    from playingage.models import ModelPackage, default_package
    from playingage.runtime import choose_device

    chosen = choose_device(device, precision=precision, threads=threads)
    if model == "default":
        package, size = default_package(size or 512), None
    else:
        package = ModelPackage.load(Path(model))
    engine = Engine(package, chosen, size)
    say(f"Device: {chosen}. Model: {package.spec.name}, {engine.size} px, {package.sha256[:12]}.")
    return engine


def parse_rate(text: str | None) -> Fraction | None:
    """A frame rate as written: 24, 23.976 or 24000/1001. Raises SettingError."""
    if text is None:
        return None
    try:
        if not _RATE.fullmatch(text.strip()):
            raise ValueError(text)
        rate = Fraction(text.strip())
        # 23.976, 29.97 and the like are how people write the NTSC rates; a fraction is taken at its word.
        ntsc = Fraction(round(rate) * 1000, 1001)
        written = "." in text and rate.denominator != 1 and round(rate) in _NTSC
        return check_rate(ntsc if written and abs(rate - ntsc) < Fraction(1, 100) else rate)
    except (ValueError, ZeroDivisionError) as error:
        raise SettingError(f"{text!r} is not a frame rate", "Write it like 24, 23.976 or 24000/1001.") from error
