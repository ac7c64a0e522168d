"""Who is who in footage: the performer told from everybody else by embeddings, track by track."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playingage.archive.row import IDENTITY, FaceRow
from playingage.archive.settings import IngestSettings
from playingage.core import sha256_bytes

F32 = NDArray[np.float32]
_FEW = 3
"""A distance is the mean of those to the nearest few references: one odd picture decides nothing."""
_MOST_KNOWN = 200
_SURE, _NEARER = 0.08, 0.05
"""Tracks so much nearer than needed speak for the performer at this age: others are compared with them too, and then
have to be that much nearer themselves."""


class Identifier(Protocol):
    """Tells people apart; `faces.identity.FaceIdentity` is one."""

    def embed(self, pixels: NDArray[np.uint8], landmarks: F32) -> F32:
        """128 numbers of a face (uint8 H x W x 3 RGB; landmarks 478 x 2 or 3 in it); near for the same person."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A track as it is remembered: `embedding` is the median over its surest frames, `beside` tracks seen with it."""

    track: int
    shot: int
    frames: int
    embedding: F32
    beside: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided of a track. who: performer, doubtful or other. distance: to the references."""

    who: str
    distance: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What the performer is told by: groups of embeddings (N x 128), each compared by itself."""

    groups: tuple[F32, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def sha256(self) -> str:
        """Names what is known."""
        return sha256_bytes(b"|".join(group.tobytes() for group in self.groups))

    def distance(self, embedding: F32) -> float:
        """To the nearest group; infinite where nothing is known."""
        return min((_to_group(group, embedding) for group in self.groups), default=float("inf"))

    def and_(self, embeddings: Sequence[F32]) -> "Known":
        """With a further group."""
        return Known(groups=(*self.groups, np.stack(list(embeddings)))) if embeddings else self


def known_of(pictures: Sequence[F32], rows: Sequence[FaceRow], title: str, age: float, years: float) -> Known:
    """Reference pictures, and the faceset's faces nearest in age; of `title` itself only what a person accepted."""
    near = [
        row for row in rows
        if row.used and abs(row.age - age) <= years and (row.title != title or row.state == "accepted")
    ]
    # What a person confirmed comes first, then what is near in age.
    near = sorted(near, key=lambda row: (row.state != "accepted", abs(row.age - age), row.distance))[:_MOST_KNOWN]
    return Known().and_(list(pictures)).and_([row.identity for row in near])


def median_of(embeddings: Sequence[F32]) -> F32:
    """The median of embeddings, component by component."""
    return np.asarray(np.median(np.stack(list(embeddings)), axis=0), np.float32)


def people_in(tracks: Sequence[Seen], apart: float) -> list[list[Seen]]:
    """Tracks grouped into people: within `apart` of a group's mean, and never two of one picture. Largest first."""
    groups: list[list[Seen]] = []
    for track in sorted(tracks, key=lambda t: -t.frames):
        best: list[Seen] | None = None
        nearest = apart
        for group in groups:
            distance = _far(_mean(group), track.embedding)
            together = any(track.track in other.beside or other.track in track.beside for other in group)
            if distance < nearest and not together:
                best, nearest = group, distance
        if best is None:
            groups.append([track])
        else:
            best.append(track)
    return sorted(groups, key=lambda group: -sum(t.frames for t in group))


def judge(tracks: Sequence[Seen], known: Known, settings: IngestSettings) -> dict[int, Verdict]:
    """Who each track is. Tracks in one picture cannot both be the performer: the nearer one is."""
    first = {t.track: known.distance(t.embedding) for t in tracks}
    sure = [t for t in tracks if first[t.track] <= settings.same - _SURE and _alone(t, first)]
    wider = known.and_([t.embedding for t in sure])
    distances = {t.track: wider.distance(t.embedding) for t in tracks}
    strangers = [t for t in tracks if distances[t.track] > settings.same + settings.doubt]
    strangers += [t for t in tracks if any(other.track in t.beside for other in sure) and t not in sure]
    others = [_mean(group) for group in people_in(strangers, settings.same)]
    limit = settings.same - (_NEARER if sure else 0.0)
    return {t.track: _verdict(t, distances, others, limit, settings) for t in tracks}


def _alone(track: Seen, distances: Mapping[int, float]) -> bool:
    """Whether nobody in the same picture is nearer."""
    return all(distances.get(other, np.inf) > distances[track.track] for other in track.beside)


def _verdict(
    track: Seen, distances: Mapping[int, float], others: Sequence[F32], limit: float, settings: IngestSettings
) -> Verdict:
    distance = distances[track.track]
    if distance > settings.same + settings.doubt:
        return Verdict(who="other", distance=distance)
    if not _alone(track, distances):
        nearer = any(distances.get(other, np.inf) <= settings.same for other in track.beside)
        if nearer:
            return Verdict(who="other", distance=distance)
    if distance > limit:
        return Verdict(
            who="doubtful", distance=distance,
            reason=f"doubtful: {distance:.2f} from the references; the same person is within {limit:.2f}",
        )
    rival = min((_far(other, track.embedding) for other in others), default=np.inf)
    if rival < distance + settings.margin:
        return Verdict(
            who="doubtful", distance=distance,
            reason=f"doubtful: {distance:.2f} from the references, but {rival:.2f} from somebody else in the footage",
        )
    return Verdict(who="performer", distance=distance)


@dataclass(slots=True)
class Company:
    """Notices, track by track, that footage holds more than one person; bounded."""

    apart: float
    people: list[F32] = field(default_factory=list)

    def more_than_one(self, tracks: Sequence[Seen]) -> bool:
        """With these tracks of further shots. What was seen but once, where others were seen longer, may be no face."""
        longest = max((track.frames for track in tracks), default=0)
        sure = {track.track for track in tracks if track.frames > 1 or longest == 1}
        if any(sure.intersection(track.beside) for track in tracks if track.track in sure):
            return True
        for track in tracks:
            if track.track in sure and all(_far(each, track.embedding) > self.apart for each in self.people):
                self.people.append(track.embedding)
        return len(self.people) > 1


def _mean(group: Sequence[Seen]) -> F32:
    weights = np.array([t.frames for t in group], np.float32)
    return np.asarray(np.average(np.stack([t.embedding for t in group]), axis=0, weights=weights), np.float32)


def _far(a: F32, b: F32) -> float:
    return float(np.linalg.norm(a - b))


def _to_group(group: F32, embedding: F32) -> float:
    assert group.ndim == 2 and group.shape[1] == IDENTITY
    apart = np.linalg.norm(group - embedding, axis=1)
    return float(np.sort(apart)[:_FEW].mean())
