"""The faceset of a performer: a folder with `faceset.json`, `faceset.parquet` and the cuts.

Format: docs/formats/faceset.md. Reading changes nothing; saving replaces table and document as one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from playingage.archive.errors import FacesetError
from playingage.archive.files import Disk, Store
from playingage.archive.row import Cut, FaceRow
from playingage.archive.table import from_parquet, to_parquet
from playingage.core import canonical_json, sha256_bytes
from playingage.frames import DISPLAY_ENCODED, to_view
from playingage.frames.pixels import full_scale

FORMAT, VERSION = "playingage-faceset", 1
DOCUMENT, TABLE = "faceset.json", "faceset.parquet"
_NEXT = "faceset.parquet.next"
"""The new table until the document that names it stands: so that both change in one step."""
_COPY = "Take an undamaged copy, or ingest the footage again."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faceset:
    """All faces of a performer.

    performer: id. grant: SHA-256 of the grant that the last footage was taken in under. document: all of faceset.json,
    unknown fields included; `document["titles"]` says what is known of each title. read: SHA-256 of the document as it
    was read, None for a new faceset. unknown: the schema of columns that this release does not know.
    """

    folder: Path
    performer: str
    grant: str
    rows: tuple[FaceRow, ...] = ()
    document: dict[str, Any] = field(default_factory=dict)
    read: str | None = None
    unknown: Any = None

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for row in self.rows:
            if row.id in seen:
                raise ValueError(f"two faces have the id {row.id}")
            seen.add(row.id)

    @classmethod
    def load(cls, folder: Path) -> "Faceset":
        """Read a faceset, checking the table by its hash. Raises FacesetError. The cuts are read one by one later."""
        path = folder / DOCUMENT
        data = _bytes(path)
        document = _document(data, path)
        expected = str(document["files"][TABLE])
        for name in (TABLE, _NEXT):  # a save that was cut off after the document stood
            table = _bytes(folder / name) if (folder / name).exists() else b""
            if sha256_bytes(table) == expected:
                break
        else:
            raise FacesetError(f"{folder / TABLE}: is not the table that {DOCUMENT} names (SHA-256 differs)", _COPY)
        rows, unknown = from_parquet(table, str(folder / TABLE))
        try:
            return cls(
                folder=folder, performer=str(document["performer"]), grant=str(document["grant"]), rows=rows,
                document=document, read=sha256_bytes(data), unknown=unknown,
            )
        except ValueError as error:
            raise FacesetError(f"{folder / TABLE}: {error}", _COPY) from error

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """Whether there is a faceset in `folder`, readable or not."""
        return (folder / DOCUMENT).exists()

    @property
    def used(self) -> tuple[FaceRow, ...]:
        """The faces that training takes: kept and accepted."""
        return tuple(row for row in self.rows if row.used)

    @property
    def titles(self) -> dict[str, Any]:
        """What is known of each title: `document["titles"]`."""
        titles: dict[str, Any] = self.document.get("titles", {})
        return titles

    def with_rows(self, rows: Iterable[FaceRow]) -> "Faceset":
        """The same faceset with other rows."""
        return replace(self, rows=tuple(rows))

    def save(self, store: Store | None = None, *, now: datetime | None = None) -> "Faceset":
        """Put table and document in place as one step, and return what now is stored. Raises FacesetError.

        A faceset that somebody else changed since it was read is not overwritten.
        """
        store = store or Disk()
        path = self.folder / DOCUMENT
        there = sha256_bytes(_bytes(path)) if path.exists() else None
        if there != self.read:
            raise FacesetError(
                f"{self.folder}: the faceset was changed by another program since it was read",
                "Read it again, and make the change anew.",
            )
        stamp = (now or datetime.now(UTC)).isoformat(timespec="seconds")
        table = to_parquet(self.rows, self.unknown)
        document = {
            "created": stamp, "titles": {}, **self.document, "format": FORMAT, "version": VERSION,
            "performer": self.performer, "grant": self.grant, "updated": stamp,
        }
        document["files"] = {**document.get("files", {}), TABLE: sha256_bytes(table)}
        data = canonical_json(document)
        self.settle(self.folder, store)
        store.write(self.folder / _NEXT, table)
        store.write(path, data)
        store.rename(self.folder / _NEXT, self.folder / TABLE)
        return replace(self, document=document, read=sha256_bytes(data))

    @classmethod
    def settle(cls, folder: Path, store: Store | None = None) -> None:
        """Finish a save that was cut off, if there was one. For who holds the lock. Raises FacesetError."""
        if (folder / _NEXT).exists() and cls.exists(folder):
            document = _document(_bytes(folder / DOCUMENT), folder / DOCUMENT)
            if sha256_bytes(_bytes(folder / _NEXT)) == document["files"][TABLE]:
                (store or Disk()).rename(folder / _NEXT, folder / TABLE)

    def picture(self, row: FaceRow) -> Cut:
        """The cut of a face, H x W x 3 RGB, display-encoded, in the depth it is stored in. Raises FacesetError."""
        path = self.folder / row.file
        coded = np.frombuffer(_bytes(path), np.uint8)
        stored = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED) if coded.size else None
        if stored is None or stored.shape != (row.height, row.width, 3) or stored.dtype not in (np.uint8, np.uint16):
            raise FacesetError(f"{path}: is not the picture of {row.width}x{row.height} that was stored", _COPY)
        pixels = cast("Cut", np.ascontiguousarray(stored[..., ::-1]))
        if row.transfer in DISPLAY_ENCODED:
            return pixels
        view = to_view(pixels.astype(np.float32) / np.float32(full_scale(pixels.dtype)), row.transfer)
        return (np.clip(view, 0, 1) * 65535 + 0.5).astype(np.uint16)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FacesetError(f"{path} is missing", "Ingest footage first, or check the folder.") from error
    except OSError as error:
        raise FacesetError(f"{path} cannot be read: {error.strerror}", "Check the folder and your rights.") from error


def _document(data: bytes, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise FacesetError(f"{path}: is not JSON: {error}", _COPY) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FacesetError(f"{path}: does not say format {FORMAT!r}", _COPY)
    if document.get("version") != VERSION:
        raise FacesetError(
            f"{path}: faceset version {document.get('version')!r}; this program reads version {VERSION}",
            "Use the release of playingage that made it. Nothing was changed.",
        )
    for name, kind in (("performer", str), ("grant", str), ("titles", dict), ("files", dict)):
        if not isinstance(document.get(name), kind):
            raise FacesetError(f"{path}: has no usable field {name!r}", _COPY)
    if not isinstance(document["files"].get(TABLE), str):
        raise FacesetError(f"{path}: does not name {TABLE}", _COPY)
    return document
