"""Faces of a running shot, gathered by track: a few samples of each, as unlike each other as can be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playingage.archive.bars import Bars, bars_of
from playingage.archive.expression import Expression, expression_of, eye_distance
from playingage.archive.quality import Light, canonical, detail_of, hash_of, is_combed, light_of, luma
from playingage.archive.row import Cut
from playingage.archive.settings import IngestSettings
from playingage.archive.view import as_seen, as_stored
from playingage.faces import Face, Pose
from playingage.frames import Frame

F32 = NDArray[np.float32]
_WIDE = 5.0
"""Side of a cut in eye distances; more where the head is tilted, so that the upright crop is inside."""
_BELOW_EYES = 0.32
"""The cut's centre below the eyes, in eye distances: the centre of the canonical crop."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """A face in a frame, measured. landmarks: 478 x 3 in pixels of the cut; box: left, top, width, height.

    frame_size: height and width of the frame.
    """

    number: int
    seconds: float
    timecode: str | None
    box: tuple[int, int, int, int]
    frame_size: tuple[int, int]
    cut: Cut
    transfer: str
    landmarks: F32
    pose: Pose
    eye: float
    expression: Expression
    light: Light
    sharpness: float
    noise: float
    combed: bool
    hash: int

    @property
    def worth(self) -> float:
        """How good a picture it is: sharp, large, seen from the front."""
        turned = max(0.0, 1 - abs(self.pose.yaw) / 90)
        return (0.1 + self.sharpness) * min(1.0, self.eye / 128) * (0.5 + 0.5 * turned)

    @property
    def place(self) -> F32:
        """Where it lies among samples, in steps that matter: pose, expression, light."""
        return np.array([
            self.pose.yaw / 5, self.pose.pitch / 5, self.pose.roll / 10, self.expression.mouth_open / 0.12,
            self.expression.smile / 0.2, self.expression.eyes_open / 0.25, self.light.level / 0.08,
            self.light.side / 0.25, self.light.top / 0.25,
        ], np.float32)

    @property
    def view(self) -> NDArray[np.uint8]:
        """The cut, display-encoded uint8."""
        return as_seen(self.cut, self.transfer)


@dataclass(slots=True)
class Track:
    """One face through a shot. seen: frames looked at. beside: tracks that were in a picture with it.

    places: where each sample's first like lay; a better one takes its picture, not its place, else it would wander.
    """

    id: int
    samples: list[Sample] = field(default_factory=list)
    places: list[F32] = field(default_factory=list)
    seen: int = 0
    beside: set[int] = field(default_factory=set)


class Gatherer:
    """Takes the faces of a shot's frames; `tracks` holds what is worth keeping, within a bound of memory."""

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self.tracks: dict[int, Track] = {}
        self.bars: Bars | None = None
        self._bytes = 0

    def add(self, frame: Frame, view: NDArray[np.uint8], faces: Sequence[Face]) -> None:
        """The faces of the next frame looked at; `view` is it display-encoded."""
        found = bars_of(view)
        if found is not None:
            self.bars = found.least(self.bars)
        faces = [face for face in faces if face.confidence > 0 and eye_distance(face.landmarks) >= self._settings.least]
        for face in faces:
            track = self.tracks.setdefault(face.id, Track(face.id))
            track.seen += 1
            track.beside.update(other.id for other in faces if other is not face)
            self._keep(track, sample_of(frame, view, face))
        while self._bytes > self._settings.memory:
            self._drop_one(max(self.tracks.values(), key=lambda t: sum(s.cut.nbytes for s in t.samples)))

    def _keep(self, track: Track, new: Sample) -> None:
        place = new.place
        for i, old in enumerate(track.samples):
            if np.abs(track.places[i] - place).max() < 1:
                if new.worth > old.worth:
                    self._bytes += new.cut.nbytes - old.cut.nbytes
                    track.samples[i] = new
                return
        track.samples.append(new)
        track.places.append(place)
        self._bytes += new.cut.nbytes
        if len(track.samples) > self._settings.samples:
            self._drop_one(track)

    def _drop_one(self, track: Track) -> None:
        """The sample goes that has its like on both sides, a bad one before a good one."""
        if len(track.samples) < 2:
            self._bytes -= sum(s.cut.nbytes for s in track.samples)
            track.samples.clear()
            track.places.clear()
            return
        places = np.stack(track.places)
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        near = np.sort(apart, axis=1)[:, :2].clip(max=20).sum(axis=1)
        worth = np.array([s.worth for s in track.samples], np.float32)
        gone = int((near * (0.5 + worth)).argmin())
        track.places.pop(gone)
        self._bytes -= track.samples.pop(gone).cut.nbytes


def sample_of(frame: Frame, view: NDArray[np.uint8], face: Face) -> Sample:
    """A face measured, with a cut of its own pixels."""
    points, eye = face.landmarks, eye_distance(face.landmarks)
    left, top, width, height = box_of(face, frame.width, frame.height)
    near = view[top : top + height, left : left + width]
    local = points - np.array([left, top, 0], np.float32)
    crop, region = canonical(near, local)
    plane = luma(near)
    sharpness, noise = detail_of(plane, local, eye)
    cut, transfer = as_stored(frame.pixels[top : top + height, left : left + width].copy(), frame.colour.transfer)
    return Sample(
        number=frame.number, seconds=float(frame.seconds),
        timecode=None if frame.timecode is None else str(frame.timecode), box=(left, top, width, height),
        frame_size=(frame.height, frame.width), cut=cut, transfer=transfer, landmarks=local, pose=face.pose, eye=eye,
        expression=expression_of(points, face.pose), light=light_of(crop, region),
        sharpness=sharpness, noise=noise, combed=is_combed(plane),
        hash=hash_of(crop),
    )


def box_of(face: Face, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, width, height of the cut about a face in a frame, whole pixels inside the frame."""
    points, eye = face.landmarks, eye_distance(face.landmarks)
    roll = np.radians(face.pose.roll)
    down = np.array([-np.sin(roll), np.cos(roll)])
    centre = points[[33, 133, 362, 263], :2].mean(axis=0) + _BELOW_EYES * eye * down
    side = _WIDE * eye * (abs(np.cos(roll)) + abs(np.sin(roll)))
    low = np.clip(np.floor(centre - side / 2 + 0.5), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(centre + side / 2 + 0.5), low + 1, [width, height]).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
