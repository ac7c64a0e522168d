"""Faces of a run of frames, steadied by looking a few frames back and ahead."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from playingage.engine import READINGS, AgeBook, CutFinder, view_uint8
from playingage.faces import Face, FaceTracker, smooth_two_sided
from playingage.frames import Frame

_REACH = 3
"""Frames on each side that steady a face's landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class SteadyFrame:
    """A frame, its faces, and whether a new shot begins with it."""

    frame: Frame
    faces: tuple[Face, ...]
    cut: bool


def steady_faces(frames: Iterable[Frame], tracker: FaceTracker, ages: AgeBook) -> Iterator[SteadyFrame]:
    """Each frame with its faces, `READINGS` frames late, so that ages and landmarks know what comes.

    `tracker` must not smooth by itself. At most `READINGS` + 4 frames are held, whatever the length.
    """
    cuts = CutFinder()
    behind: deque[SteadyFrame] = deque(maxlen=_REACH)
    ahead: deque[SteadyFrame] = deque()
    for frame in frames:
        view = view_uint8(frame)
        cut = cuts.is_cut(view)
        if cut:
            tracker.reset()
        faces = tracker.update(view, float(frame.seconds))
        for face in faces:
            ages.observe(frame, face)
        ahead.append(SteadyFrame(frame, faces, cut))
        if len(ahead) > READINGS:
            yield _next(behind, ahead)
    while ahead:
        yield _next(behind, ahead)


def _next(behind: deque[SteadyFrame], ahead: deque[SteadyFrame]) -> SteadyFrame:
    now = ahead.popleft()
    faces = tuple(_steady(face, behind, ahead) for face in now.faces)
    behind.append(SteadyFrame(now.frame, now.faces, now.cut))
    return SteadyFrame(now.frame, faces, now.cut)


def _steady(face: Face, behind: deque[SteadyFrame], ahead: deque[SteadyFrame]) -> Face:
    if face.confidence == 0:
        return face
    before, after = _run(face.id, reversed(behind)), _run(face.id, list(ahead)[:_REACH])
    window = [f.landmarks for f in (*reversed(before), face, *after)]
    return replace(face, landmarks=smooth_two_sided(window, len(before)))


def _run(face_id: int, frames: Iterable[SteadyFrame]) -> list[Face]:
    """The same face in neighbouring frames, nearest first, up to where it is missing. Ids do not survive a cut."""
    found = []
    for frame in frames:
        same = [f for f in frame.faces if f.id == face_id and f.confidence > 0]
        if not same:
            break
        found.append(same[0])
    return found
