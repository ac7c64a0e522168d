"""Faces of a run of frames, steadied by looking a few frames back and ahead."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from playingage.engine import READINGS, CastAges, Reason
from playingage.faces import Face, FaceTracker, smooth_two_sided
from playingage.frames import Frame
from playingage.render.casting import Casting
from playingage.render.shots import ShotTracker

_REACH = 3
"""Frames on each side that steady a face's landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class SteadyFrame:
    """A frame, its faces that are to be re-aged, and whether a new shot begins with it.

    ages: the source age in years of each face. read: what the reading of each speaks against re-ageing it. roles: the
    role in the cast of each. others: ids of the faces that are nobody's in the cast.
    """

    frame: Frame
    faces: tuple[Face, ...]
    ages: tuple[float, ...]
    read: tuple[tuple[Reason, ...], ...]
    roles: tuple[int, ...]
    others: tuple[int, ...]
    cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    frame: Frame
    faces: tuple[Face, ...]
    roles: tuple[int | None, ...]
    cut: bool


def steady_faces(
    frames: Iterable[Frame], tracker: FaceTracker, ages: CastAges, casting: Casting | None = None
) -> Iterator[SteadyFrame]:
    """Each frame with its faces, `READINGS` frames late, so that ages and landmarks know what comes.

    Ages are settled here, in the frames' order, so that the same input gives the same ages whatever thread runs ahead.
    `tracker` must not smooth by itself. casting: who is who; None gives everybody the first role. At most
    `READINGS` + 4 frames are held, whatever the length.
    """
    shots = ShotTracker(tracker)
    behind: deque[_Seen] = deque(maxlen=_REACH)
    ahead: deque[_Seen] = deque()
    for index, frame in enumerate(frames):
        faces, cut = shots.update(frame)
        roles = tuple(0 if casting is None else casting.role(index, face.id) for face in faces)
        for face, role in zip(faces, roles, strict=True):
            if role is not None:
                ages.observe(frame, face, role)
        ahead.append(_Seen(frame, faces, roles, cut))
        if len(ahead) > READINGS:
            yield _next(behind, ahead, ages)
    while ahead:
        yield _next(behind, ahead, ages)


def _next(behind: deque[_Seen], ahead: deque[_Seen], ages: CastAges) -> SteadyFrame:
    now = ahead.popleft()
    seconds = float(now.frame.seconds)
    wanted = [(face, role) for face, role in zip(now.faces, now.roles, strict=True) if role is not None]
    others = tuple(face.id for face, role in zip(now.faces, now.roles, strict=True) if role is None)
    years = tuple(ages.age(face, role, seconds) for face, role in wanted)
    faces = tuple(_steady(face, behind, ahead) for face, _ in wanted)
    read = tuple(ages.reasons(face, role) for face, role in wanted)
    behind.append(now)
    return SteadyFrame(now.frame, faces, years, read, tuple(role for _, role in wanted), others, now.cut)


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
