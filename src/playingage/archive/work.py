"""A title that is being taken in: what is done so far, on disk, so that a killed run goes on.

`work/SLUG/plan.json` says what is done and how; `NNNNN.json` with `NNNNN.parquet` are chunks, each a run of whole
shots; `crops/` holds the cuts of faces that may stay. A chunk counts when its JSON stands.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from playingage.archive.errors import FacesetError
from playingage.archive.files import Store
from playingage.archive.people import Seen
from playingage.archive.row import FaceRow
from playingage.archive.table import from_parquet, to_parquet
from playingage.core import canonical_json, sha256_bytes

_VERSION = 1
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the work goes on: source, frame within it, numbers to come of shots and tracks. done: at the end."""

    source: int = 0
    frame: int = 0
    shot: int = 0
    track: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunk:
    """What some shots gave. after: where the next chunk begins. looked: frames looked at; faces: found in them.

    bars: black bars in words, once for each shot that has some. interlaced: faces whose lines are of two moments.
    """

    after: Place
    rows: tuple[FaceRow, ...] = ()
    seen: tuple[Seen, ...] = ()
    looked: int = 0
    faces: int = 0
    bars: tuple[str, ...] = ()
    interlaced: int = 0
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Work:
    """The folder of one title's work. Belongs to one program, which holds the lock of `work/`."""

    folder: Path
    key: str
    store: Store
    chunks: int = 0
    place: Place = field(default_factory=Place)

    @classmethod
    def begin(cls, folder: Path, key: str, plan: dict[str, Any], store: Store) -> "Work":
        """Go on with the work in `folder` where it is of the same key; begin anew otherwise."""
        path = folder / "plan.json"
        try:
            there = json.loads(path.read_bytes())
        except (OSError, ValueError):
            there = None
        if not isinstance(there, dict) or there.get("key") != key or there.get("version") != _VERSION:
            shutil.rmtree(folder, ignore_errors=True)
            store.write(path, canonical_json({**plan, "key": key, "version": _VERSION}))
        return cls(folder, key, store)

    def done(self) -> Iterator[Chunk]:
        """The chunks that are there, in order; `place` then is where to go on. Damaged ones are done anew."""
        while True:
            chunk = self._load(self.chunks)
            if chunk is None:
                return
            self.chunks += 1
            self.place = chunk.after
            yield chunk

    def add(self, chunk: Chunk) -> None:
        """Put a finished chunk aside. Its cuts have been written."""
        table = to_parquet(chunk.rows)
        name = f"{self.chunks:05}"
        document = {
            "after": asdict(chunk.after), "rows": sha256_bytes(table), "looked": chunk.looked, "faces": chunk.faces,
            "bars": chunk.bars, "interlaced": chunk.interlaced, "notes": chunk.notes,
            "seen": [
                {"track": s.track, "shot": s.shot, "frames": s.frames, "beside": s.beside,
                 "embedding": [float(v) for v in s.embedding]} for s in chunk.seen
            ],
        }
        self.store.write(self.folder / f"{name}.parquet", table)
        self.store.write(self.folder / f"{name}.json", canonical_json(document))
        self.chunks += 1
        self.place = chunk.after

    def cut(self, id: str) -> Path:
        """Where the cut of a face lies."""
        return self.folder / "crops" / f"{id}.png"

    def drop(self, rows: Sequence[FaceRow]) -> None:
        """The cuts of these faces are not needed."""
        for row in rows:
            self.cut(row.id).unlink(missing_ok=True)

    def remove(self) -> None:
        """All of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _load(self, number: int) -> Chunk | None:
        path = self.folder / f"{number:05}.json"
        try:
            value = json.loads(path.read_bytes())
            table = path.with_suffix(".parquet").read_bytes()
            if sha256_bytes(table) != value["rows"]:
                return None
            rows, _ = from_parquet(table, str(path))
            seen = tuple(
                Seen(track=s["track"], shot=s["shot"], frames=s["frames"], beside=tuple(s["beside"]),
                     embedding=np.array(s["embedding"], np.float32)) for s in value["seen"]
            )
            return Chunk(
                after=Place(**value["after"]), rows=rows, seen=seen, looked=value["looked"], faces=value["faces"],
                bars=tuple(value["bars"]), interlaced=value["interlaced"], notes=tuple(value["notes"]),
            )
        except (OSError, ValueError, KeyError, TypeError, FacesetError):
            return None


def slug_of(title: str) -> str:
    """A title as a folder's name: readable, and another for every title."""
    words = _SLUG.sub("-", title.lower()).strip("-")[:40].strip("-")
    return f"{words or 'title'}-{hashlib.sha256(title.encode()).hexdigest()[:8]}"


def moved(row: FaceRow, slug: str) -> FaceRow:
    """The row with its cut in its place in the faceset."""
    return replace(row, file=f"crops/{slug}/{row.id}.png")
