"""Films what happens in clips as tracker and embedder see it, and judges who was taken for whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.crossing.actors import Actor
from benchmarks.crossing.scenes import RATE, Clip, Shown, frames
from playingage.engine import Cast, CutFinder, Engine, Part, Recogniser, Role
from playingage.faces import Face, FaceIdentity, FaceTracker, Pose
from playingage.faces.tracker import TrackerSettings

_TOUCHED, _AGED = 0.05, 0.5
"""Strength from which a face counts as touched, and from which as aged."""
_CLEAR, _HIDDEN, _LARGE = 0.85, 0.3, 45.0
"""Share of a face from which it is to be recognised, below which it is gone, and its least size in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracked:
    """A face as tracked, without its landmarks but their box; who is seen there (None: nobody), and its embedding."""

    id: int
    box: tuple[float, float, float, float]
    pose: Pose
    confidence: float
    strength: float
    who: int | None
    embedding: NDArray[np.float32]

    @property
    def face(self) -> Face:
        """To be given to the recogniser."""
        points = np.zeros((478, 3), np.float32)
        points[::2, :2], points[1::2, :2] = self.box[:2], self.box[2:]
        return Face(id=self.id, landmarks=points, pose=self.pose, confidence=self.confidence, strength=self.strength)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filmed:
    """A clip as tracked, in every `every`-th frame. seen, sizes: of each person in each of them."""

    clip: Clip
    every: int
    faces: list[list[Tracked]]
    seen: list[tuple[float, ...]]
    sizes: list[tuple[float, ...]]


def film(clip: Clip, actors: Sequence[Actor], identity: FaceIdentity, engine: Engine, every: int = 1) -> Filmed:
    """Track frames as a session does; every face is embedded, whether it will be looked at or not.

    every: only so many, as live does where the engine has no time for all.
    """
    tracker, cuts = FaceTracker(engine.device, TrackerSettings(irises=False)), CutFinder()
    faces, seen, sizes = [], [], []
    for number, shown in islice(enumerate(frames(clip, actors)), 0, None, every):
        if cuts.is_cut(shown.pixels):
            tracker.reset()
        found = tracker.update(shown.pixels, number / RATE)
        faces.append([
            Tracked(id=face.id, box=face.box, pose=face.pose, confidence=face.confidence, strength=face.strength,
                    who=_who(face, shown), embedding=identity.embed(shown.pixels, face.landmarks))
            for face in found
        ])
        seen.append(shown.seen)
        sizes.append(shown.sizes)
    return Filmed(clip=replace(clip, paths=()), every=every, faces=faces, seen=seen, sizes=sizes)


def _who(face: Face, shown: Shown) -> int | None:
    """Whose pixels the inner half of a face's box shows, for the most part."""
    left, top, right, bottom = face.box
    x, y, w, h = (left + right) / 2, (top + bottom) / 2, (right - left) / 4, (bottom - top) / 4
    part = shown.labels[max(0, int(y - h)) : max(0, int(y + h)), max(0, int(x - w)) : max(0, int(x + w))]
    if not part.size:
        return None
    counts = np.bincount(part.ravel(), minlength=256)
    return int(counts.argmax()) - 1 if counts.argmax() else None


class Told:
    """Gives out what was embedded before."""

    def __init__(self) -> None:
        self.now: dict[tuple[float, float], NDArray[np.float32]] = {}

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32], /) -> NDArray[np.float32]:
        return self.now[float(landmarks[0, 0]), float(landmarks[0, 1])]


@dataclass(slots=True, kw_only=True)
class Count:
    """Frames and faces counted over clips."""

    clips: int = 0
    frames: int = 0
    due: int = 0
    """Performers clearly seen, one by one and frame by frame."""
    right: int = 0
    strangers: int = 0
    """Faces of strangers, frame by frame."""
    stranger_aged: int = 0
    other_aged: int = 0
    """Performers aged as another performer."""
    empty_aged: int = 0
    """Aged where nobody is: a face that was lost a moment ago, fading."""
    waits: list[int] = field(default_factory=list)
    """Frames from a performer's coming into sight until they are aged."""
    never: int = 0
    worst: list[tuple[int, Clip, int, str]] = field(default_factory=list)


def judge(filmed: Filmed, actors: Sequence[Actor], engine: Engine, count: Count, pinned: bool = False) -> None:
    """Replay the recogniser over a clip. pinned: in the second second the operator says who the performers are."""
    clip, told = filmed.clip, Told()
    roles = tuple(
        Role(engine=engine, performer=f"p{i}", name=f"P{i}", identity=actors[clip.people[i]].known)
        for i in range(clip.performers)
    )
    recogniser = Recogniser(Cast(roles=roles), told)
    blank = np.zeros((8, 8, 3), np.uint8)
    hidden: dict[int, int] = dict.fromkeys(range(clip.performers), 99)
    waiting: dict[int, int] = {}
    said: set[int] = set()
    count.clips += 1
    for number, tracked in enumerate(filmed.faces):
        faces = [each.face for each in tracked]
        told.now = {(float(f.landmarks[0, 0]), float(f.landmarks[0, 1])): t.embedding
                    for f, t in zip(faces, tracked, strict=True)}
        parts = recogniser.update(blank, faces, number * filmed.every / RATE)
        aged = _aged(number, tracked, parts, clip, count)
        if pinned and number * filmed.every >= RATE:
            for each in tracked:
                if (each.who is not None and each.who < clip.performers and each.who not in said
                        and filmed.seen[number][each.who] > _CLEAR and each.confidence > 0.9):
                    recogniser.pin(each.id, each.who)
                    said.add(each.who)
        count.frames += 1
        for role in range(clip.performers):
            clear = filmed.seen[number][role] >= _CLEAR and filmed.sizes[number][role] >= _LARGE
            if clear and hidden[role] >= 3:
                waiting[role] = number
            hidden[role] = 0 if clear else hidden[role] + (filmed.seen[number][role] < _HIDDEN)
            if clear:
                count.due += 1
                count.right += role in aged
            if role in waiting and role in aged:
                count.waits.append(number - waiting.pop(role))
            elif role in waiting and filmed.seen[number][role] < _HIDDEN:
                del waiting[role]
                count.never += 1
    count.never += len(waiting)


def _aged(number: int, tracked: list[Tracked], parts: Sequence[Part], clip: Clip, count: Count) -> set[int]:
    """The performers who are aged as they should be; all else that is aged is counted."""
    aged: set[int] = set()
    for each, part in zip(tracked, parts, strict=True):
        strength = each.strength * part.strength if part.role is not None else 0.0
        stranger = each.who is not None and each.who >= clip.performers
        count.strangers += stranger
        if strength < _TOUCHED:
            continue
        if each.who is None:
            count.empty_aged += 1
        elif stranger:
            count.stranger_aged += 1
            count.worst.append((number, clip, each.id, "stranger"))
        elif each.who != part.role:
            count.other_aged += 1
            count.worst.append((number, clip, each.id, "other"))
        elif strength >= _AGED:
            aged.add(each.who)
    return aged
