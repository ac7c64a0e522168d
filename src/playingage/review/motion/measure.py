"""A clip before and after re-ageing: flicker, sliding, scatter of age, openings, and what should have been left alone.

Calls run downward: measure -> (flow, skin, known). Frames are read as they lie in the files; nothing is re-aged here.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError
from playingage.engine import Engine, view_uint8
from playingage.faces import Face, FaceTracker
from playingage.faces.mesh import FaceMesh, region_of_landmarks
from playingage.faces.region import EYE_LEFT, EYE_RIGHT, INNER_LIPS, OVAL
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame
from playingage.media import open_source
from playingage.render import ShotTracker
from playingage.review.motion.flow import Mask, MotionFinder, Rgb, carried, flicker
from playingage.review.motion.known import KnownMotion
from playingage.review.motion.skin import Sheet, Unrolled, swim

APART = 1 / 3
"""Seconds between the two frames in which the change must sit on the same skin."""
_LEAST_FRAMES = 6
_LEAST_SIZE = 40.0
_MARGIN = 0.35
_TOUCHED, _LEAST_AROUND = 2, 200
"""Levels from which a pixel outside the face counts as changed, and how many are wanted."""
_OPEN_EYE, _OPEN_MOUTH = 0.15, 0.06
"""Openings by width from which an eye or a mouth counts as open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A value at some of a clip's frames, over seconds."""

    seconds: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """None where there is no value."""
        return float(np.mean(self.values)) if self.values else None

    @property
    def p95(self) -> float | None:
        """95th percentile."""
        return float(np.percentile(self.values, 95)) if self.values else None

    @property
    def scatter(self) -> float | None:
        """Standard deviation."""
        return float(np.std(self.values)) if self.values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFigures:
    """One face of a clip. Flicker and changes in 8-bit levels (RMS and mean), sliding in percent of the eye distance.

    change_flicker, extra_flicker, input_flicker: as of `flow.Flicker`. around_flicker: of the change alone, outside the
    face's oval where something was changed, as in the hair. slid, input_slid, kept: as of `skin.Swim`, over `APART`.
    ages_in, ages_out: years as the package's own estimator reads them. eyes, mouth: mean difference of the openings
    after and before, in percent of the eye distance. eyeballs, inner_mouth: mean change where they are open.
    """

    id: int
    frames: int
    size: float
    change_flicker: Series
    extra_flicker: Series
    input_flicker: Series
    around_flicker: Series
    slid: Series
    input_slid: Series
    kept: Series
    ages_in: Series
    ages_out: Series
    eyes: Series
    mouth: Series
    eyeballs: Series
    inner_mouth: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFigures:
    """All faces followed long enough, the largest first. Changes in 8-bit levels.

    occluder: mean change of what stands before a face, where a mask tells it; occluder_most: its 99th percentile.
    error, nothing: RMS difference of the output, and of the input, to the truth in the face.
    """

    frames: int
    faces: tuple[FaceFigures, ...]
    occluder: Series
    occluder_most: Series
    error: Series
    nothing: Series


@dataclass(slots=True)
class _Notes:
    names: tuple[str, ...]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float, value: float | None) -> None:
        if value is not None:
            self.seconds.setdefault(name, []).append(seconds)
            self.values.setdefault(name, []).append(value)

    def series(self) -> dict[str, Series]:
        return {
            name: Series(seconds=tuple(self.seconds.get(name, ())), values=tuple(self.values.get(name, ())))
            for name in self.names
        }


_OF_FACE = (
    "change_flicker", "extra_flicker", "input_flicker", "around_flicker", "slid", "input_slid", "kept", "ages_in",
    "ages_out", "eyes", "mouth", "eyeballs", "inner_mouth",
)
_OF_CLIP = ("occluder", "occluder_most", "error", "nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Frames of the same time: before, after, and where they are given truth and masks."""

    before: Frame
    after: Frame
    truth: Frame | None = None
    masks: Frame | None = None


def measure_clip(
    before: Path, after: Path, engine: Engine, *, truth: Path | None = None, masks: Path | None = None,
    motion: Path | None = None, progress: Callable[[int], None] = lambda _: None,
) -> ClipFigures:
    """Measure the clip `after` against the clip `before`, of equal size and length.

    truth: the same clip as it should be. masks: a clip whose blue channel is what stands before the face. motion: .npz
    of a `KnownMotion`. `progress` is told the number of frames done; each is looked at twice.
    Raises MediaError, SettingError where nothing can be compared.
    """
    tracks, count = _follow(before, engine, progress)
    clip = _Notes(_OF_CLIP)
    watchers: list[_Watcher] | None = None
    for number, now in enumerate(_together(before, after, truth, masks)):
        if watchers is None:
            known = None if motion is None else KnownMotion.load(motion, (now.before.height, now.before.width))
            if known is not None and len(known) < count:
                raise SettingError(f"{motion}: tells {len(known)} frames of {count}", "Take the motion of this clip.")
            watchers = [_Watcher(track, engine, known) for track in tracks]
        for watcher in watchers:
            watcher.watch(number, now)
        if tracks and number in tracks[0].faces:
            _whole(clip, now, tracks[0].faces[number])
        progress(count + number + 1)
    return ClipFigures(frames=count, faces=tuple(w.figures() for w in watchers or ()), **clip.series())


@dataclass(slots=True)
class _Track:
    id: int
    faces: dict[int, Face] = field(default_factory=dict)

    @property
    def long(self) -> bool:
        return len(self.faces) >= _LEAST_FRAMES and self.size >= _LEAST_SIZE

    @property
    def size(self) -> float:
        return float(np.median([face.size for face in self.faces.values()]))

    @property
    def frontal(self) -> Face:
        """The one that looks into the camera most."""
        return min(self.faces.values(), key=lambda face: abs(face.pose.yaw) + 0.5 * abs(face.pose.pitch))


def _follow(path: Path, engine: Engine, progress: Callable[[int], None]) -> tuple[list[_Track], int]:
    """The faces that are there for long, the largest and longest first, and the number of frames."""
    shots = ShotTracker(FaceTracker(engine.device, TrackerSettings(smooth=False)))
    tracks: dict[int, _Track] = {}
    count = 0
    with open_source(str(path)) as source:
        for frame in source:
            for face in shots.update(frame)[0]:
                if face.confidence > 0:
                    tracks.setdefault(face.id, _Track(face.id)).faces[count] = face
            count += 1
            progress(count)
    long = [track for track in tracks.values() if track.long]
    return sorted(long, key=lambda track: -track.size * len(track.faces)), count


def _together(before: Path, after: Path, truth: Path | None, masks: Path | None) -> Iterator[Together]:
    paths = {"before": before, "after": after, "truth": truth, "masks": masks}
    given = {name: path for name, path in paths.items() if path is not None}
    sources = {name: open_source(str(path)) for name, path in given.items()}
    try:
        for frames in zip_longest(*sources.values()):
            named = dict(zip(given, frames, strict=True))
            for name, frame in named.items():
                if frame is None:
                    raise SettingError(f"{given[name]}: shorter than another clip of the same shot",
                                       "Clips are compared frame by frame.")
                if frame.pixels.shape != named["before"].pixels.shape:
                    raise SettingError(f"{given[name]}: of another size than {before}", "Clips lie pixel on pixel.")
            yield Together(**named)
    finally:
        for source in sources.values():
            source.close()


class _Watcher:
    """One face through a clip: looks at each frame beside the one before, and the one `APART` earlier."""

    def __init__(self, track: _Track, engine: Engine, known: KnownMotion | None) -> None:
        self._track, self._engine, self._known = track, engine, known
        self._finder, self._mesh = MotionFinder(), FaceMesh(engine.device)
        front = track.frontal
        self._sheet = Sheet(front.points)
        self._laid = next(number for number, face in track.faces.items() if face is front)
        self._notes = _Notes(_OF_FACE)
        self._last: tuple[int, Rgb, Rgb] | None = None
        self._unrolled: deque[tuple[int, Unrolled]] = deque()

    def watch(self, number: int, now: Together) -> None:
        """The next frame, with or without the face."""
        face = self._track.faces.get(number)
        if face is None:
            self._last = None
            self._unrolled.clear()
            return
        pixels, after = view_uint8(now.before), view_uint8(now.after)
        seconds = float(now.before.seconds)
        self._flicker(number, seconds, face, (pixels, after))
        self._slide(number, seconds, face, now, (pixels, after))
        self._age(seconds, face, now)
        self._openings(seconds, face, pixels, after)
        self._last = number, pixels, after

    def figures(self) -> FaceFigures:
        """What was found."""
        track = self._track
        return FaceFigures(id=track.id, frames=len(track.faces), size=round(track.size, 1), **self._notes.series())

    def _flicker(self, number: int, seconds: float, face: Face, pair: tuple[Rgb, Rgb]) -> None:
        if self._last is None or self._last[0] != number - 1:
            return
        _, before, aged = self._last
        part = _around(face, pair[0].shape)
        inside = _polygon(pair[0].shape, face.points[list(OVAL)])[part]
        if self._known is not None:
            offset = np.array([part[1].start, part[0].start], np.float32)
            places = self._known.between(number, number - 1)[part] - offset
        else:
            places = self._finder.places(_cut(pair[0], part), _cut(before, part))
        then, now = (before[part], aged[part]), (pair[0][part], pair[1][part])
        known = self._known is not None
        touched = ~inside & (cv2.absdiff(*now).max(axis=2) > _TOUCHED)
        around = flicker(then, now, touched, places, known=known) if touched.sum() > _LEAST_AROUND else None
        self._notes.add("around_flicker", seconds, None if around is None else around.change)
        found = flicker(then, now, inside, places, known=known)
        if found is not None:
            self._notes.add("change_flicker", seconds, found.change)
            self._notes.add("extra_flicker", seconds, found.extra)
            self._notes.add("input_flicker", seconds, found.input)

    def _slide(self, number: int, seconds: float, face: Face, now: Together, pair: tuple[Rgb, Rgb]) -> None:
        places, seen = self._sheet.places(face.points)
        if self._known is not None:
            laid, _ = self._sheet.places(self._track.faces[self._laid].points)
            places = self._known.moved(number, carried(self._known.still(self._laid), laid))
        unrolled = Unrolled.of(*pair, places, seen)
        apart = max(1, round(APART * float(now.before.rate)))
        while self._unrolled and self._unrolled[0][0] < number - apart:
            self._unrolled.popleft()
        if self._unrolled and self._unrolled[0][0] == number - apart:
            finder = None if self._known is not None else self._finder
            found = swim(self._unrolled[0][1], unrolled, self._sheet.eye_distance, finder)
            for name, value in (("slid", found.slid), ("input_slid", found.input_slid), ("kept", found.kept)):
                self._notes.add(name, seconds, value)
        self._unrolled.append((number, unrolled))

    def _age(self, seconds: float, face: Face, now: Together) -> None:
        self._notes.add("ages_in", seconds, self._engine.read_age(now.before, face))
        self._notes.add("ages_out", seconds, self._engine.read_age(now.after, face))

    def _openings(self, seconds: float, face: Face, before: Rgb, after: Rgb) -> None:
        region = region_of_landmarks(face.landmarks)
        points, aged = (self._mesh.landmarks(p, region, irises=False)[0][:, :2] for p in (before, after))
        unit = 100 / self._eye_distance(points)
        was, is_ = gaps(points), gaps(aged)
        self._notes.add("eyes", seconds, float(np.abs(is_[:2] - was[:2]).mean()) * unit)
        self._notes.add("mouth", seconds, float(abs(is_[2] - was[2])) * unit)
        change = np.abs(after.astype(np.float32) - before).mean(axis=2)
        widths = [np.hypot(*(points[a] - points[b])) for a, b in ((33, 133), (362, 263), (78, 308))]
        balls = [outline for outline, gap, width in zip((EYE_LEFT, EYE_RIGHT), was, widths, strict=False)
                 if gap > _OPEN_EYE * width]
        self._notes.add("eyeballs", seconds, _change_in(change, [points[list(o)] for o in balls]))
        if was[2] > _OPEN_MOUTH * widths[2]:
            self._notes.add("inner_mouth", seconds, _change_in(change, [points[list(INNER_LIPS)]]))

    @staticmethod
    def _eye_distance(points: NDArray[np.float32]) -> float:
        step = points[[33, 133]].mean(axis=0) - points[[362, 263]].mean(axis=0)
        return max(float(np.hypot(*step)), 1.0)


def gaps(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """P x 2 landmarks: openings of the eye on the left, the eye on the right, and the mouth, in pixels."""
    pairs = (((160, 144), (158, 153)), ((385, 380), (387, 373)), ((13, 14), (312, 317), (82, 87)))
    return np.array([np.mean([np.hypot(*(points[a] - points[b])) for a, b in each]) for each in pairs], np.float32)


def _change_in(change: NDArray[np.float32], outlines: list[NDArray[np.float32]]) -> float | None:
    """Mean change within outlines, a pixel away from their edge; None where nothing is left of them."""
    mask = np.zeros(change.shape, np.uint8)
    for outline in outlines:
        cv2.max(mask, cv2.erode(_polygon(change.shape, outline).astype(np.uint8), np.ones((3, 3), np.uint8)), mask)
    return float(change[mask > 0].mean()) if int(mask.sum()) >= 12 else None


def _whole(notes: _Notes, now: Together, face: Face) -> None:
    before, after, seconds = view_uint8(now.before), view_uint8(now.after), float(now.before.seconds)
    if now.masks is not None:
        masks = view_uint8(now.masks)
        near = _polygon(before.shape, _grown(face.points[list(OVAL)], 1.2))
        solid = cv2.erode((masks[..., 2] == 255).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        there = solid & near
        if there.sum() >= 50:
            change = np.abs(after.astype(np.float32) - before).mean(axis=2)[there]
            notes.add("occluder", seconds, float(change.mean()))
            notes.add("occluder_most", seconds, float(np.percentile(change, 99)))
    if now.truth is not None:
        inside = _polygon(before.shape, face.points[list(OVAL)])
        truth = view_uint8(now.truth).astype(np.float32)
        for name, picture in (("error", after), ("nothing", before)):
            notes.add(name, seconds, float(np.sqrt(np.mean((picture[inside] - truth[inside]) ** 2))))


def _grown(points: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    centre = points.mean(axis=0)
    return np.asarray(centre + (points - centre) * factor, np.float32)


def _polygon(shape: tuple[int, ...], points: NDArray[np.float32]) -> Mask:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    return np.asarray(mask, np.bool_)


def _around(face: Face, shape: tuple[int, ...]) -> tuple[slice, slice]:
    left, top, right, bottom = face.box
    margin = _MARGIN * face.size
    rows = slice(max(0, int(top - margin)), max(1, min(shape[0], int(bottom + margin) + 1)))
    columns = slice(max(0, int(left - margin)), max(1, min(shape[1], int(right + margin) + 1)))
    return rows, columns


def _cut(picture: Rgb, part: tuple[slice, slice]) -> Rgb:
    return np.ascontiguousarray(picture[part])
