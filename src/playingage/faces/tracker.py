"""Faces through time: stable ids, sparse detection, dense landmarks, soft arrival and release."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from playingage.faces.detector import FaceDetector, Tile, tiles, whole
from playingage.faces.face import Face, box_of, overlap, side_of
from playingage.faces.finder import MIN_CONFIDENCE
from playingage.faces.mesh import FaceMesh, Region, pose_of, region_of_detection, region_of_landmarks
from playingage.faces.presence import presence
from playingage.faces.smoothing import LandmarkFilter
from playingage.runtime import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """How a tracker works. Times are in seconds, so that every frame rate behaves alike.

    detect_every: between looks for new faces while some are tracked. search_every: the same while none is.
    fade_in, fade_out: for strength to go from 0 to 1 and back. hold: how long a lost face's place is kept while it
    fades. remember: how long its id is kept for a face that comes back near the same place.
    smooth: One-Euro filtering of landmarks (live); render smooths by itself.
    irises: whether the iris points are measured, or stand in the middle of the eyes.
    """

    detect_every: float = 0.5
    search_every: float = 0.125
    fade_in: float = 0.2
    fade_out: float = 0.3
    hold: float = 0.35
    remember: float = 1.5
    max_faces: int = 8
    smooth: bool = True
    irises: bool = True

    def __post_init__(self) -> None:
        times = (self.detect_every, self.search_every, self.fade_in, self.fade_out, self.hold, self.remember)
        if min(times) < 0 or self.max_faces < 1:
            raise ValueError("tracker times cannot be negative, and at least one face is tracked")


@dataclass(slots=True)
class _Track:
    face: Face
    filter: LandmarkFilter = field(default_factory=LandmarkFilter)
    motion: NDArray[np.float32] = field(default_factory=lambda: np.zeros(3, np.float32))
    raw: NDArray[np.float32] | None = None
    seen: float = 0.0
    fresh: bool = True
    wanted: float = 0.0


class FaceTracker:
    """Follows up to `max_faces` faces. `update` takes frames in order of time."""

    def __init__(self, device: Device, settings: TrackerSettings | None = None) -> None:
        self.settings = settings or TrackerSettings()
        self._detector = FaceDetector(device)
        self._mesh = FaceMesh(device)
        self._tracks: list[_Track] = []
        self._gone: list[_Track] = []
        self._next_id = 1
        self._detected = -np.inf
        self._time: float | None = None
        self._tile = self._looks = 0
        self._lost_now = False

    def reset(self) -> None:
        """Forget every face, as at a cut: what follows is found as if nothing had been before, but for the ids."""
        self._tracks, self._gone, self._time, self._detected = [], [], None, -np.inf
        self._tile = self._looks = 0

    def update(self, pixels: NDArray[np.uint8], seconds: float) -> tuple[Face, ...]:
        """Faces of the next RGB frame (uint8 H x W x 3) at time `seconds`, ordered by id."""
        first = self._time is None
        step = 0.0 if self._time is None else max(0.0, seconds - self._time)
        self._time = seconds
        self._lost_now = False
        for track in self._tracks:
            self._follow(track, pixels, seconds, step)
        self._drop(seconds)
        every = self.settings.detect_every if self._tracks else self.settings.search_every
        if first or self._lost_now or seconds - self._detected >= every - 1e-9:
            self._look(pixels, seconds, thorough=first)
            self._detected = seconds
        return tuple(sorted((track.face for track in self._tracks), key=lambda face: face.id))

    def _landmarks(self, pixels: NDArray[np.uint8], region: Region) -> tuple[NDArray[np.float32], float]:
        return self._mesh.landmarks(pixels, region, irises=self.settings.irises)

    def _follow(self, track: _Track, pixels: NDArray[np.uint8], seconds: float, step: float) -> None:
        last = track.raw if track.raw is not None else track.face.landmarks
        guess = last + track.motion
        found, confidence = self._landmarks(pixels, region_of_landmarks(guess))
        if confidence < MIN_CONFIDENCE:
            found, confidence = self._landmarks(pixels, region_of_landmarks(last))
        shift = np.add.reduce(found - last) / np.float32(len(found))
        if confidence >= MIN_CONFIDENCE and _plausible(_size(found), _size(last), shift):
            track.motion = 0.7 * shift + 0.3 * track.motion
            track.raw, track.seen = found, seconds
            self._set(track, found, confidence, seconds, step)
            return
        if track.seen + step >= seconds:
            self._lost_now = True
        # Nothing sure: the face goes on fading where it was heading, so that nothing pops.
        track.motion *= 0.6
        held = replace(
            track.face, landmarks=track.face.landmarks + track.motion, confidence=0.0,
            strength=self._eased(track, 0.0, step),
        )
        track.raw = None if track.raw is None else track.raw + track.motion
        track.face = held

    def _set(
        self, track: _Track, found: NDArray[np.float32], confidence: float, seconds: float, step: float
    ) -> None:
        pose = pose_of(found)
        wanted = presence(pose, confidence)
        strength = self._eased(track, wanted, step)
        size = _size(found)
        calm = track.filter(found, seconds, size) if self.settings.smooth else found
        track.fresh = False
        track.face = Face(
            id=track.face.id, landmarks=calm, pose=pose, confidence=confidence, strength=min(1.0, max(0.0, strength))
        )

    def _eased(self, track: _Track, wanted: float, step: float) -> float:
        """The strength `step` seconds later, on its way to `wanted`.

        A single doubtful frame, as when a hand passes, is none: else it would show as a blink of the whole change.
        """
        aim, track.wanted = max(wanted, track.wanted), wanted
        if track.fresh:
            return wanted
        have, rise, fall = track.face.strength, _part(step, self.settings.fade_in), _part(step, self.settings.fade_out)
        return max(0.0, min(max(aim, have - fall), have + rise))

    def _drop(self, seconds: float) -> None:
        kept: list[_Track] = []
        for track in sorted(self._tracks, key=lambda t: (t.face.confidence == 0, t.face.id)):
            lost = seconds - track.seen > self.settings.hold and track.face.confidence == 0
            twin = any(overlap(track.face.box, other.face.box) > 0.55 for other in kept)
            if lost:
                self._gone.append(track)
            elif not twin:
                kept.append(track)
        self._tracks = kept
        self._gone = [t for t in self._gone if seconds - t.seen <= self.settings.remember]

    def _look(self, pixels: NDArray[np.uint8], seconds: float, *, thorough: bool) -> None:
        if len(self._tracks) >= self.settings.max_faces:
            return
        self._looks += 1
        # Between cuts the two networks take turns: a look must fit into one frame's time.
        near = thorough or bool(self._looks % 2)
        parts = self._parts(*pixels.shape[:2], thorough=thorough)
        for found in self._detector.detect(pixels, parts, near=near, far=thorough or not near):
            # The box of a detection is smaller than the mesh's; a lower overlap already means the same face.
            known = [t for t in self._tracks if overlap(found.box, t.face.box) > 0.25]
            if any(t.face.confidence > 0 for t in known) or len(self._tracks) >= self.settings.max_faces:
                continue
            points, _ = self._landmarks(pixels, region_of_detection(found))
            points, confidence = self._landmarks(pixels, region_of_landmarks(points))
            if confidence < MIN_CONFIDENCE:
                continue
            track = known[0] if known else self._revive(points) or self._new(points, confidence)
            if track not in self._tracks:
                self._tracks.append(track)
            track.raw, track.seen = points, seconds
            track.motion = np.zeros(3, np.float32)
            if not track.fresh:
                track.filter = LandmarkFilter()
            self._set(track, points, confidence, seconds, 0.0)
        self._drop(seconds)

    def _parts(self, height: int, width: int, *, thorough: bool) -> list[Tile]:
        """All at the start; afterwards the whole frame and each tile in turn, which bounds the cost of a frame."""
        parts = tiles(height, width)
        if thorough or not parts:
            return [whole(height, width), *parts]
        if self._looks % 2:
            return [whole(height, width)]
        self._tile = (self._tile + 1) % (len(parts) + 1)
        return [[whole(height, width), *parts][self._tile]]

    def _new(self, points: NDArray[np.float32], confidence: float) -> _Track:
        face = Face(id=self._next_id, landmarks=points, pose=pose_of(points), confidence=confidence, strength=0.0)
        self._next_id += 1
        # A face already there in the first frame is there at once; one that comes later comes softly.
        return _Track(face, fresh=self._detected == -np.inf)

    def _revive(self, points: NDArray[np.float32]) -> _Track | None:
        box, size = box_of(points[:468]), _size(points)
        for track in self._gone:
            left, top, right, bottom = track.face.box
            distance = np.hypot(box[0] + box[2] - left - right, box[1] + box[3] - top - bottom) / 2
            if distance < 1.0 * size and 0.6 < track.face.size / max(size, 1.0) < 1.6:
                self._gone.remove(track)
                track.face = replace(track.face, strength=0.0)
                return track
        return None


def _part(step: float, whole_time: float) -> float:
    return 1.0 if whole_time == 0 else step / whole_time


def _size(landmarks: NDArray[np.float32]) -> float:
    return side_of(box_of(landmarks[:468]))


def _plausible(size: float, size_last: float, shift: NDArray[np.float32]) -> bool:
    """A face neither jumps by its own size nor changes size by half between two frames."""
    return 0.6 < size / max(size_last, 1e-6) < 1.7 and float(np.hypot(shift[0], shift[1])) < 0.8 * size_last
