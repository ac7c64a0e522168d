"""One face of a faceset: where it is from, and all that was measured on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from playingage.faces.face import LANDMARKS

Cut = NDArray[np.uint8] | NDArray[np.uint16]
"""Part of a picture, H x W x 3 RGB."""
STATES = ("kept", "accepted", "rejected")
USED = ("kept", "accepted")
"""States whose faces training takes."""
EXPRESSIONS = ("neutral", "smile", "talk", "frown", "blink", "other")
"""What the program calls expressions; a person may write others."""
IDENTITY = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceRow:
    """A face. Positions are in pixels, the centre of the top-left one at (0, 0).

    id: of this face, unique in the faceset. title: of the work it is from. source: the footage file's name.
    frame: its number in the source. timecode: as written in the footage, or None. seconds: from the source's start.
    shot, track: numbers within the source. age: the performer's, in years. rights: the terms of this footage.
    file: the cut, relative to the faceset's folder. left, top, width, height: the cut's box in the frame.
    eye: distance of the eyes in pixels. yaw, pitch, roll: as in `faces.Pose`, degrees.
    landmarks: 478 x 2 float32, pixels of the cut.
    mouth_open, smile, eyes_open: 0..1. expression: one of `EXPRESSIONS`, or what a person wrote.
    light: mean display level of the skin, 0..1. light_side: -1 lit from the picture's left .. 1 from its right.
    light_top: 1 from above .. -1 from below. contrast: spread of the skin's large-scale levels, 0..1.
    sharpness: 0..1, finest detail against what a sharp picture of that size has. noise: standard deviation of grain,
    in display levels 0..1. occlusion: 0..1, part of the face behind something. interlaced: fields of two moments.
    transfer: how the cut's numbers mean light (see `frames.colour`).
    identity: 128 float32, see `faces.identity`. distance: of it to the nearest references.
    hash: 64-bit perceptual hash of the face. state: one of `STATES`. reason: why the program rejected it; empty where
    it did not, or a person did. extra: columns that this release does not know.
    """

    id: str
    title: str
    source: str
    frame: int
    timecode: str | None
    seconds: float
    shot: int
    track: int
    age: float
    rights: str
    file: str
    left: int
    top: int
    width: int
    height: int
    eye: float
    yaw: float
    pitch: float
    roll: float
    landmarks: NDArray[np.float32]
    mouth_open: float
    smile: float
    eyes_open: float
    expression: str
    light: float
    light_side: float
    light_top: float
    contrast: float
    sharpness: float
    noise: float
    occlusion: float
    interlaced: bool
    transfer: str
    identity: NDArray[np.float32]
    distance: float
    hash: int
    state: str
    reason: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array, shape in (
            ("landmarks", self.landmarks, (LANDMARKS, 2)), ("identity", self.identity, (IDENTITY,))
        ):
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(f"{name} want float32 {shape}, not {array.dtype} {array.shape}")
        if self.state not in STATES:
            raise ValueError(f"state {self.state!r} is not one of {', '.join(STATES)}")
        if not self.id or not self.title or not self.expression:
            raise ValueError("a face wants an id, a title and an expression")
        if min(self.frame, self.shot, self.left, self.top) < 0 or min(self.width, self.height) < 1:
            raise ValueError(f"frame {self.frame}, shot {self.shot} or box of face {self.id} make no sense")
        if not 0 <= self.age < 130:
            raise ValueError(f"an age of {self.age} years makes no sense")
        if not 0 <= self.hash < 1 << 64:
            raise ValueError("a perceptual hash has 64 bits")
        path = PurePosixPath(self.file)
        if not self.file or path.is_absolute() or ".." in path.parts:
            raise ValueError(f"file {self.file!r} is not inside the faceset")

    @property
    def used(self) -> bool:
        """Whether training takes it."""
        return self.state in USED

    @property
    def decided(self) -> bool:
        """Whether a person accepted or rejected it."""
        return self.state == "accepted" or (self.state == "rejected" and not self.reason)
