"""The matte as pictures: what was touched, and how much, for the compositor."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from playingage.core import SettingError
from playingage.frames import Colour, Frame
from playingage.frames.pixels import Plane
from playingage.media.ports import SourceInfo

MATTE_SUFFIXES = (".mkv", ".png", ".tif", ".tiff")
_COLOUR = Colour(primaries="unknown", transfer="unknown", matrix="rgb", full_range=True)


def check_matte_target(target: Path) -> None:
    """Raises SettingError for a format that would not keep 16 bits of grey exactly. A folder takes PNG."""
    if target.suffix and target.suffix.lower() not in MATTE_SUFFIXES:
        raise SettingError(
            f"{target}: a matte is kept without loss in {', '.join(MATTE_SUFFIXES)}",
            "Name it matte.mkv, matte.%04d.png or matte.%04d.tif.",
        )


def matte_info(info: SourceInfo) -> SourceInfo:
    """What a matte's sink is opened with: time and size of the source, 16 bits of grey, neither sound nor alpha."""
    return replace(
        info, bits=16, colour=_COLOUR, alpha=False, floating=False, audio=0, interlaced=False, rotation=0,
        pixel_format="", codec="",
    )


def matte_frame(frame: Frame, matte: Plane) -> Frame:
    """A matte (H x W float32, 0..1) as a frame of the same time: H x W x 3 uint16, equal channels, 65535 at 1.

    What was touched at all is at least 1, so that 0 means bit-identical.
    """
    grey = np.rint(matte * np.float32(65535)).astype(np.uint16)
    grey[(matte > 0) & (grey == 0)] = 1
    return replace(frame, pixels=np.repeat(grey[..., None], 3, axis=2), alpha=None, bits=16, colour=_COLOUR)
