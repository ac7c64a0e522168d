"""Faces of a run of frames, steadied by looking a few frames back and ahead."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from playingage.engine import READINGS, AgeBook, CutFinder, HeldAges, Reason, view_uint8
from playingage.faces import Face, FaceTracker, smooth_two_sided
from playingage.frames import Frame

_REACH = 3
"""Frames on each side that steady a face's landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class SteadyFrame:
    """A frame, its faces, and whether a new shot begins with it.

    ages: the source age in years of each face. read: what the reading of each speaks against re-ageing it.
    """

    frame: Frame
    faces: tuple[Face, ...]
    ages: tuple[float, ...]
    read: tuple[tuple[Reason, ...], ...]
    cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    frame: Frame
    faces: tuple[Face, ...]
    cut: bool


class ShotTracker:
    """Follows faces through frames, anew from each cut on. `tracker` must not smooth by itself."""

    def __init__(self, tracker: FaceTracker) -> None:
        self._tracker = tracker
        self._cuts = CutFinder()
        self._last: tuple[Face, ...] = ()

    def update(self, frame: Frame) -> tuple[tuple[Face, ...], bool]:
        """The next frame's faces, and whether a new shot begins with it."""
        view, seconds = view_uint8(frame), float(frame.seconds)
        cut = self._cuts.is_cut(view)
        if cut:
            self._tracker.reset()
        faces = self._tracker.update(view, seconds)
        if not cut and self._jumped(faces):
            cut, faces = True, self._anew(view, seconds)
        self._last = faces
        return faces, cut

    def _anew(self, view: NDArray[np.uint8], seconds: float) -> tuple[Face, ...]:
        self._tracker.reset()
        return self._tracker.update(view, seconds)

    def _jumped(self, faces: tuple[Face, ...]) -> bool:
        """A face is lost in the frame in which another begins: a cut between alike backgrounds.

        Coming in softly would show it at its own age for the first frames.
        """
        before = {face.id for face in self._last if face.confidence > 0}
        known = {face.id for face in self._last}
        lost = any(face.id in before and face.confidence == 0 for face in faces)
        return lost and any(face.id not in known and face.confidence > 0 for face in faces)


def steady_faces(frames: Iterable[Frame], tracker: FaceTracker, ages: AgeBook) -> Iterator[SteadyFrame]:
    """Each frame with its faces, `READINGS` frames late, so that ages and landmarks know what comes.

    Ages are settled here, in the frames' order, so that the same input gives the same ages whatever thread runs ahead.
    `tracker` must not smooth by itself. At most `READINGS` + 4 frames are held, whatever the length.
    """
    shots, held = ShotTracker(tracker), HeldAges(ages)
    behind: deque[_Seen] = deque(maxlen=_REACH)
    ahead: deque[_Seen] = deque()
    for frame in frames:
        faces, cut = shots.update(frame)
        for face in faces:
            ages.observe(frame, face)
        ahead.append(_Seen(frame, faces, cut))
        if len(ahead) > READINGS:
            yield _next(behind, ahead, held)
    while ahead:
        yield _next(behind, ahead, held)


def _next(behind: deque[_Seen], ahead: deque[_Seen], held: HeldAges) -> SteadyFrame:
    now = ahead.popleft()
    seconds = float(now.frame.seconds)
    ages = tuple(held.age(face, seconds) for face in now.faces)
    faces = tuple(_steady(face, behind, ahead) for face in now.faces)
    read = tuple(held.reasons(face) for face in now.faces)
    behind.append(now)
    return SteadyFrame(now.frame, faces, ages, read, now.cut)


def _steady(face: Face, behind: deque[_Seen], ahead: deque[_Seen]) -> Face:
    if face.confidence == 0:
        return face
    before, after = _run(face.id, reversed(behind)), _run(face.id, islice(ahead, _REACH))
    window = [f.landmarks for f in (*reversed(before), face, *after)]
    return replace(face, landmarks=smooth_two_sided(window, len(before)))


def _run(face_id: int, frames: Iterable[_Seen]) -> list[Face]:
    """The same face in neighbouring frames, nearest first, up to where it is missing. Ids do not survive a cut."""
    found = []
    for frame in frames:
        same = [f for f in frame.faces if f.id == face_id and f.confidence > 0]
        if not same:
            break
        found.append(same[0])
    return found
