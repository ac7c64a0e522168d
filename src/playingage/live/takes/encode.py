"""The three pictures of a pair as JPEG: what differs is encoded, what does not is not encoded again."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames import Colour, Frame
from playingage.live.encode import display_pixels
from playingage.live.pair import Pair
from playingage.live.strips import encode_strips, join
from playingage.live.takes.notes import frame_note


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """A frame ready for the disk. jpegs: by picture. colour: of the RGB that they were made of. rate: as a fraction."""

    jpegs: dict[str, bytes]
    width: int
    height: int
    frame: Frame
    captured: float
    timecode: str
    note: dict[str, Any]
    state: dict[str, Any] | None


class PairEncoder:
    """Encodes pairs of a take; belongs to one thread. `quality`: of the JPEGs. Chroma is halved both ways (4:2:0)."""

    def __init__(self, quality: int) -> None:
        self._quality = quality
        self._black: dict[tuple[int, int, bool], tuple[NDArray[np.uint8], list[bytes]]] = {}
        self._version: int | None = None
        self._held: tuple[Frame | None, bytes] = None, b""

    def encode(self, pair: Pair) -> Encoded:
        """All of a pair; its state only where that is another than the last pair's."""
        clean, aged = pair.clean, pair.aged
        shown = _shown(clean)
        strips = encode_strips(shown, self._quality)
        jpegs = {"clean": join(strips, clean.width, clean.height, grey=False)}
        if aged is None:
            jpegs["aged"] = self._nothing(clean, grey=False)
        elif aged is self._held[0]:
            jpegs["aged"] = self._held[1]
        elif pair.same:
            jpegs["aged"] = jpegs["clean"]
        else:
            strips = encode_strips(_shown(aged), self._quality, shown, strips)
            jpegs["aged"] = join(strips, clean.width, clean.height, grey=False)
        self._held = aged, jpegs["aged"]
        jpegs["matte"] = self._nothing(clean, grey=True) if pair.matte is None else self._matte(pair.matte)
        version = None if pair.state is None else pair.state.version
        changed = pair.state is not None and version != self._version
        self._version = version
        return Encoded(
            jpegs=jpegs, width=clean.width, height=clean.height, frame=clean, captured=pair.captured,
            timecode=pair.timecode, note=frame_note(pair),
            state=pair.state.document if changed and pair.state is not None else None,
        )

    def begin(self) -> None:
        """The next pair is the first of a take."""
        self._version, self._held = None, (None, b"")

    def _matte(self, matte: NDArray[np.float32]) -> bytes:
        eight = np.asarray(cv2.convertScaleAbs(matte, alpha=255), np.uint8)[..., None]
        height, width = eight.shape[:2]
        zeros, black = self._blacks(width, height, grey=True)
        return join(encode_strips(eight, self._quality, zeros, black), width, height, grey=True)

    def _nothing(self, like: Frame, *, grey: bool) -> bytes:
        return join(self._blacks(like.width, like.height, grey=grey)[1], like.width, like.height, grey=grey)

    def _blacks(self, width: int, height: int, *, grey: bool) -> tuple[NDArray[np.uint8], list[bytes]]:
        """A black picture and its strips."""
        key = width, height, grey
        if key not in self._black:
            zeros = np.zeros((height, width, 1 if grey else 3), np.uint8)
            self._black[key] = zeros, encode_strips(zeros, self._quality)
        return self._black[key]


def _shown(frame: Frame) -> NDArray[np.uint8]:
    return np.ascontiguousarray(display_pixels(frame.pixels, frame.colour.transfer))


def stored_colour(colour: Colour) -> Colour:
    """The colour of the RGB in the JPEGs: linear light and PQ are brought to what a display shows."""
    transfer = {"linear": "srgb", "pq": "gamma22"}.get(colour.transfer, colour.transfer)
    return Colour(primaries=colour.primaries, transfer=transfer, matrix="bt470bg", full_range=True)
