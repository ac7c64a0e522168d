"""One title looked through: frames to shots, faces, tracks, and chunks of rows. Nothing is decided here."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.archive.bars import Bars
from playingage.archive.files import Store
from playingage.archive.footage import Entry
from playingage.archive.people import Identifier, Known, Seen, median_of
from playingage.archive.row import FaceRow
from playingage.archive.scan import scan
from playingage.archive.settings import IngestSettings
from playingage.archive.tracks import Gatherer, Sample
from playingage.archive.view import as_seen
from playingage.archive.work import Chunk, Place, Work
from playingage.core import UnreadableError, prefetch, sha256_bytes
from playingage.faces import Face
from playingage.media import Kind, open_stored

F32 = NDArray[np.float32]
_AHEAD = 2
_SUREST = 5
"""Frames of a track by which it is told whose it is."""
_MAYBE = 0.15
"""Pictures of tracks so far beyond doubt are put aside too: nearer relatives may yet be found in the same footage."""
_SKIP = 240
"""Frames passed over between one look at the clock and the next."""
_PICTURES = 16
"""Single pictures that make a chunk."""


class Follower(Protocol):
    """Finds faces and follows them; `faces.FaceTracker` is one."""

    def reset(self) -> None:
        """Forget all, as at a cut."""
        ...

    def update(self, pixels: NDArray[np.uint8], seconds: float) -> tuple[Face, ...]:
        """Faces of the next picture (uint8 H x W x 3 RGB)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The networks. hidden: part of a face, 0..1, behind something, of a uint8 RGB cut and its landmarks 478 x 3."""

    follow: Follower
    identify: Identifier
    hidden: Callable[[NDArray[np.uint8], F32], float]


@dataclass(slots=True)
class _Running:
    """What has come since the last chunk."""

    rows: list[FaceRow] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    looked: int = 0
    faces: int = 0
    bars: list[str] = field(default_factory=list)
    interlaced: int = 0
    notes: list[str] = field(default_factory=list)

    def chunk(self, after: Place) -> Chunk:
        return Chunk(
            after=after, rows=tuple(self.rows), seen=tuple(self.seen), looked=self.looked, faces=self.faces,
            bars=tuple(self.bars), interlaced=self.interlaced, notes=tuple(self.notes),
        )


class Watcher:
    """Looks through a title's sources in order, from a given place on.

    plenty: whether the title has faces enough, so that of further tracks only the best are put aside.
    """

    def __init__(
        self, title: str, entries: Sequence[Entry], ages: Sequence[float], hashes: Sequence[str], *, known: Known,
        tools: Tools, settings: IngestSettings, work: Work, store: Store, despite_damage: bool,
        plenty: Callable[[], bool], tell: Callable[[int, float], None],
    ) -> None:
        self._title, self._entries, self._ages, self._hashes = title, entries, ages, hashes
        self._known, self._tools, self._settings = known, tools, settings
        self._work, self._store = work, store
        self._despite_damage, self._plenty, self._tell = despite_damage, plenty, tell

    def chunks(self, place: Place) -> Iterator[Chunk]:
        """What is left of the title from `place` on, in pieces that can be put aside. Raises UnreadableError."""
        shot, track, source = place.shot, place.track, place.source
        frame = place.frame
        while source < len(self._entries):
            part = self._pictures if self._entries[source].footage.kind is Kind.PICTURE else self._film
            for chunk in part(Place(source=source, frame=frame, shot=shot, track=track)):
                shot, track = chunk.after.shot, chunk.after.track
                source, frame = chunk.after.source, chunk.after.frame
                yield chunk

    def _after(self, source: int, frame: int, shot: int, track: int) -> Place:
        return Place(source=source, frame=frame, shot=shot, track=track, done=source >= len(self._entries))

    def _film(self, place: Place) -> Iterator[Chunk]:
        """A clip or sequence."""
        entry, shot, track = self._entries[place.source], place.shot, place.track
        running, gathered, begun = _Running(), Gatherer(self._settings), place.frame
        try:
            opened = open_stored(entry.footage.address)
        except UnreadableError as error:
            if not self._despite_damage:
                raise
            running.notes.append(f"left out: {error.what}")
            yield running.chunk(self._after(place.source + 1, 0, shot, track))
            return
        with opened as source:
            info = source.info
            total = info.frames or 0
            running.notes += [] if place.frame else [f"{entry.footage.name}: {note}" for note in info.notes]
            for passed in range(0, place.frame, _SKIP):
                source.skip(min(_SKIP, place.frame - passed))
                self._tell(place.source, passed / total if total else 0.0)
            rate = info.rate
            with closing(prefetch(scan(source, self._settings.looks), _AHEAD)) as sights:
                while True:
                    try:
                        sight = next(sights, None)
                    except UnreadableError as error:
                        if not self._despite_damage:
                            raise
                        running.notes.append(f"what follows is left out: {error.what}")
                        sight = None
                    if sight is None:
                        break
                    number = sight.frame.number
                    if sight.begins and number > place.frame:
                        track = self._finish(gathered, running, place.source, shot, track)
                        gathered, shot = Gatherer(self._settings), shot + 1
                        if number - begun >= self._settings.chunk * rate:
                            yield running.chunk(self._after(place.source, number, shot, track))
                            running, begun = _Running(), number
                    if sight.begins:
                        self._tools.follow.reset()
                    view = as_seen(sight.frame.pixels, sight.frame.colour.transfer)
                    faces = self._tools.follow.update(view, float(sight.frame.seconds))
                    gathered.add(sight.frame, view, faces)
                    running.looked += 1
                    running.faces += len(faces)
                    self._tell(place.source, number / total if total else 0.0)
        track = self._finish(gathered, running, place.source, shot, track)
        yield running.chunk(self._after(place.source + 1, 0, shot + 1, track))

    def _pictures(self, place: Place) -> Iterator[Chunk]:
        """Single pictures, some to a chunk."""
        running, shot, track = _Running(), place.shot, place.track
        index = place.source
        while (
            index < len(self._entries) and self._entries[index].footage.kind is Kind.PICTURE
            and index < place.source + _PICTURES
        ):
            gathered = Gatherer(self._settings)
            try:
                with open_stored(self._entries[index].footage.address) as source:
                    frame = source.read()
                if frame is not None:
                    view = as_seen(frame.pixels, frame.colour.transfer)
                    self._tools.follow.reset()
                    faces = self._tools.follow.update(view, 0.0)
                    gathered.add(frame, view, faces)
                    running.faces += len(faces)
                    running.looked += 1
            except UnreadableError as error:
                if not self._despite_damage:
                    raise
                running.notes.append(f"left out: {error.what}")
            track = self._finish(gathered, running, index, shot, track)
            shot, index = shot + 1, index + 1
            self._tell(index, 0.0)
        yield running.chunk(self._after(index, 0, shot, track))

    def _finish(self, gathered: Gatherer, running: _Running, source: int, shot: int, first: int) -> int:
        """The tracks of a shot that is over, as rows and memories; returns the number of the next track."""
        bars = gathered.bars or Bars()
        tracks = [t for _, t in sorted(gathered.tracks.items()) if t.samples]
        numbers = {t.id: first + i for i, t in enumerate(tracks)}
        if bars:
            running.bars.append(str(bars))
        for track in tracks:
            samples = sorted(track.samples, key=lambda s: (-s.worth, s.number))
            embeddings = [self._embed(s) for s in samples[:_SUREST]]
            middle = median_of(embeddings)
            beside = tuple(sorted(numbers[i] for i in track.beside if i in numbers))
            running.seen.append(
                Seen(track=numbers[track.id], shot=shot, frames=track.seen, embedding=middle, beside=beside)
            )
            far = self._known.distance(middle) if self._known else 0.0
            if far > self._settings.same + self._settings.doubt + _MAYBE:
                continue
            if self._plenty():
                samples = samples[: max(_SUREST, len(samples) // 3)]
            embeddings += [self._embed(s) for s in samples[_SUREST:]]
            for sample, embedding in zip(samples, embeddings, strict=True):
                running.interlaced += sample.combed
                running.rows.append(self._row(sample, embedding, bars, source, shot, numbers[track.id]))
        return first + len(tracks)

    def _embed(self, sample: Sample) -> F32:
        return np.asarray(self._tools.identify.embed(sample.view, sample.landmarks), np.float32)

    def _row(
        self, sample: Sample, embedding: F32, bars: Bars, source: int, shot: int, track: int
    ) -> FaceRow:
        """The row of a sample; its cut is written."""
        entry = self._entries[source]
        left, top, width, height = sample.box
        text = f"{self._title}:{self._hashes[source]}:{sample.number}:{left}:{top}:{width}:{height}"
        id = sha256_bytes(text.encode())[:20]
        hidden = float(np.clip(self._tools.hidden(sample.view, sample.landmarks), 0, 1))
        x0, y0, x1, y1 = _inside(sample, bars)
        cut = sample.cut[y0 : y1, x0 : x1]
        done, coded = cv2.imencode(".png", np.ascontiguousarray(cut[..., ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 2])
        assert done, "OpenCV writes any 8- or 16-bit picture as PNG"
        self._store.write(self._work.cut(id), coded.tobytes())
        row = FaceRow(
            id=id, title=self._title, source=entry.footage.name, frame=sample.number, timecode=sample.timecode,
            seconds=sample.seconds, shot=shot, track=track, age=self._ages[source], rights=entry.rights,
            file=f"crops/{id}.png", left=left + x0, top=top + y0, width=x1 - x0, height=y1 - y0, eye=sample.eye,
            yaw=sample.pose.yaw, pitch=sample.pose.pitch, roll=sample.pose.roll,
            landmarks=np.ascontiguousarray(sample.landmarks[:, :2] - np.array([x0, y0], np.float32)),
            mouth_open=sample.expression.mouth_open, smile=sample.expression.smile,
            eyes_open=sample.expression.eyes_open, expression=sample.expression.name, light=sample.light.level,
            light_side=sample.light.side, light_top=sample.light.top, contrast=sample.light.contrast,
            sharpness=sample.sharpness, noise=sample.noise, occlusion=hidden, interlaced=sample.combed,
            transfer=sample.transfer, identity=embedding, distance=0.0, hash=sample.hash, state="kept",
        )
        distance = self._known.distance(embedding) if self._known else 0.0
        return replace(row, distance=distance)


def _inside(sample: Sample, bars: Bars) -> tuple[int, int, int, int]:
    """The part of a cut that no bar covers: left, top, right, bottom in it; all of it where nothing else is left."""
    left, top, width, height = sample.box
    frame_height, frame_width = sample.frame_size
    x0, y0 = max(0, bars.left - left), max(0, bars.top - top)
    x1 = min(width, frame_width - bars.right - left)
    y1 = min(height, frame_height - bars.bottom - top)
    return (x0, y0, x1, y1) if x1 - x0 >= width // 2 and y1 - y0 >= height // 2 else (0, 0, width, height)
