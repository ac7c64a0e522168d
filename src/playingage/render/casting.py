"""Who is who in stored footage: decided for whole tracks, so that a performer's first frames are right already.

The footage is read once before it is rendered. Tracking is the same both times, so ids mean the same faces.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.engine import Cast, view_uint8
from playingage.engine.recognition import (
    SEVERAL,
    SURE,
    UNLIKE,
    Break,
    Continuity,
    Embedder,
    Lineup,
    choose,
    usable,
)
from playingage.faces import Face, FaceIdentity, FaceTracker
from playingage.faces.identity import identity_chip
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame
from playingage.render.shots import ShotTracker

_EVERY = 0.08
"""Seconds between two embeddings of a face."""
_AROUND = 3
"""Embeddings before and after that must differ where a track passes to another person."""
_TOGETHER = 0.25
"""Seconds that two faces may claim one role, as when a track is picked up by another; beyond, the likelier has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A role from its first to its last frame, counted from 0. distance: of the face's mean embedding."""

    first: int
    last: int
    role: int
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Casting:
    """Which face has which role of `cast`, from when to when; every other face is nobody's.

    faces: number of faces looked at. embeddings: how many were made of them.
    """

    cast: Cast
    spans: dict[int, tuple[Span, ...]]
    faces: int
    embeddings: int

    def role(self, index: int, face: int) -> int | None:
        """The role of a face in a frame, counted from 0."""
        return next((span.role for span in self.spans.get(face, ()) if span.first <= index <= span.last), None)


@dataclass(slots=True)
class _Piece:
    """A face while nothing says that it could be another one's: embeddings with their frames and how clear it was
    there, and the frames in which it is sure to be a face.
    """

    first: int
    last: int
    frames: list[int] = field(default_factory=list)
    embeddings: list[NDArray[np.float32]] = field(default_factory=list)
    clear: list[float] = field(default_factory=list)
    sure: list[int] = field(default_factory=list)


def recognise(
    frames: Iterable[Frame], cast: Cast, progress: Callable[[int], None] = lambda _: None,
    identity: Embedder | None = None,
) -> Casting:
    """Look at all frames of a source, in order; `progress` is told the number done."""
    shots = ShotTracker(FaceTracker(cast.device, TrackerSettings(smooth=False, irises=False)))
    embedder = FaceIdentity(cast.device) if identity is None else identity
    continuity, lineup = Continuity(), Lineup(cast)
    pieces: dict[int, list[_Piece]] = {}
    looked: dict[int, float] = {}
    count, step = 0, 1.0
    for index, frame in enumerate(frames):
        faces, _ = shots.update(frame)
        breaks = continuity.update(faces)
        seconds, step = float(frame.seconds), float(1 / frame.rate)
        for face in faces:
            own = pieces.setdefault(face.id, [])
            if not own or breaks[face.id] is Break.NEW:
                own.append(_Piece(index, index))
                looked.pop(face.id, None)
            own[-1].last = index
            if face.confidence > 0:
                own[-1].sure.append(index)
            if usable(face) and seconds - looked.get(face.id, -np.inf) >= _EVERY - step / 2:
                view = view_uint8(frame)
                own[-1].frames.append(index)
                own[-1].embeddings.append(embedder.embed(view, face.landmarks))
                own[-1].clear.append(_clarity(view, face))
                looked[face.id], count = seconds, count + 1
        progress(index + 1)
    claims = [
        (face, piece, span)
        for face, own in pieces.items() for whole in own for piece in _parted(whole)
        if (span := _span(piece, lineup)) is not None
    ]
    return Casting(cast=cast, spans=_settled(claims, step), faces=len(pieces), embeddings=count)


def _clarity(view: NDArray[np.uint8], face: Face) -> float:
    """How much detail the face shows, less for a turned one."""
    grey = np.ascontiguousarray(identity_chip(view, face.landmarks)[..., 1])
    detail = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())
    return detail / (1 + (face.pose.yaw / 30) ** 2)


def _parted(piece: _Piece) -> list[_Piece]:
    """Cut where the track passes to another person without a sign of it: what lies between is nobody's."""
    embeddings = piece.embeddings
    apart = np.zeros(len(embeddings))
    for at in range(_AROUND, len(embeddings) - _AROUND + 1):
        before = np.mean(embeddings[at - _AROUND : at], axis=0)
        after = np.mean(embeddings[at : at + _AROUND], axis=0)
        apart[at] = float(np.linalg.norm(before - after))
    at = int(np.argmax(apart)) if len(apart) else 0
    if not at or apart[at] <= UNLIKE:
        return [piece]
    halves = (
        _Piece(piece.first, piece.frames[at - 1], piece.frames[:at], embeddings[:at], piece.clear[:at], piece.sure),
        _Piece(piece.frames[at], piece.last, piece.frames[at:], embeddings[at:], piece.clear[at:], piece.sure),
    )
    return [each for half in halves for each in _parted(half)]


def _span(piece: _Piece, lineup: Lineup) -> Span | None:
    if not piece.embeddings:
        return None
    # Blurred and turned faces say little: the clearer half speaks, of whoever it is.
    order = sorted(range(len(piece.embeddings)), key=lambda at: (-piece.clear[at], at))
    clearer = order[: max(SEVERAL, (len(order) + 1) // 2)]
    distances = lineup.distances(np.mean([piece.embeddings[at] for at in clearer], axis=0))
    role = choose(distances, SURE)
    if role is None:
        return None
    return Span(first=piece.first, last=piece.last, role=role, distance=float(distances[role]))


def _settled(claims: list[tuple[int, _Piece, Span]], step: float) -> dict[int, tuple[Span, ...]]:
    """A performer is one face at a time: the likeliest piece has the role first."""
    taken: dict[int, set[int]] = {}
    spans: dict[int, tuple[Span, ...]] = {}
    for face, piece, span in sorted(claims, key=lambda claim: (claim[2].distance, claim[0], claim[2].first)):
        own = {index for index in piece.sure if span.first <= index <= span.last}
        clash = own & taken.setdefault(span.role, set())
        if len(clash) * step > _TOGETHER:
            continue
        free = _without(span, clash)
        taken[span.role] |= own - clash
        spans[face] = (*spans.get(face, ()), *free)
    return spans


def _without(span: Span, frames: set[int]) -> tuple[Span, ...]:
    """The parts of a span between some of its frames."""
    edges = [span.first - 1, *sorted(frames), span.last + 1]
    return tuple(
        Span(first=left + 1, last=right - 1, role=span.role, distance=span.distance)
        for left, right in pairwise(edges) if right - left > 1
    )
