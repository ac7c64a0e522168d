"""Performers of a production: `performers/ID/performer.json` and the reference pictures beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from playingage.core import PlayingAgeError, sha256_bytes
from playingage.core.files import write_whole
from playingage.rights.documents import Fields, RightsError, check_format, parse_json, parse_moment

FORMAT, VERSION = "playingage-performer", 1
_KINDS = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg"}
_KNOWN = ("format", "version", "id", "name", "born", "died", "forgotten")


class ProductionError(PlayingAgeError):
    """A production's folder, or something in it, is absent, damaged or does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """A person of the production. born, died: ISO days. forgotten: ISO time since when nothing of them is kept."""

    id: str
    name: str
    folder: Path
    born: str | None = None
    died: str | None = None
    forgotten: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def references(self) -> tuple[Path, ...]:
        """Pictures by which the performer is told from others."""
        folder = self.folder / "references"
        if not folder.is_dir():
            return ()
        return tuple(sorted(file for file in folder.iterdir()
                            if file.suffix.lower() in (".png", ".jpg", ".jpeg") and not file.name.startswith(".")))

    @property
    def died_at(self) -> datetime | None:
        """The day of death, from its first moment in UTC."""
        return None if self.died is None else parse_moment(self.died, "died")

    @classmethod
    def read(cls, folder: Path) -> "Performer":
        """From their folder. Raises ProductionError."""
        file = folder / "performer.json"
        try:
            document = parse_json(file.read_bytes(), str(file))
            check_format(document, FORMAT, VERSION, str(file))
            fields = Fields(document, str(file))

            def maybe(name: str) -> str | None:
                return None if document.get(name) is None else fields.day(name)

            made = cls(id=fields.id("id"), name=fields.text("name"), folder=folder, born=maybe("born"),
                       died=maybe("died"), forgotten=maybe("forgotten"), extra=fields.rest(*_KNOWN))
        except OSError as error:
            raise ProductionError(f"{file}: cannot be read: {error.strerror}", "Take it from a backup.") from error
        except RightsError as error:
            raise ProductionError(error.what, error.do) from error
        if made.id != folder.name:
            raise ProductionError(f"{file}: says it is performer {made.id!r}, but lies in {folder.name!r}",
                                  "Rename the folder back.")
        return made

    def write(self) -> None:
        """Store performer.json, whole or not at all. Raises OSError."""
        document = {**self.extra, "format": FORMAT, "version": VERSION, "id": self.id, "name": self.name,
                    "born": self.born, "died": self.died, "forgotten": self.forgotten}
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "performer.json", json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")

    def keep(self, pictures: Sequence["Picture"]) -> tuple[Path, ...]:
        """Store reference pictures, named by their hashes. Raises OSError."""
        folder = self.folder / "references"
        folder.mkdir(parents=True, exist_ok=True)
        targets = tuple(folder / f"{sha256_bytes(each.data)[:16]}{each.suffix}" for each in pictures)
        for target, each in zip(targets, pictures, strict=True):
            write_whole(target, each.data)
        return targets


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG or JPEG picture as it was read."""

    data: bytes
    suffix: str

    @classmethod
    def read(cls, file: Path) -> "Picture":
        """From a file. Raises ProductionError."""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ProductionError(f"{file}: cannot be read: {error.strerror}", "Check the path.") from error
        suffix = next((suffix for start, suffix in _KINDS.items() if data.startswith(start)), None)
        if suffix is None:
            raise ProductionError(f"{file}: is neither PNG nor JPEG", "Give reference pictures as PNG or JPEG.")
        return cls(data, suffix)
