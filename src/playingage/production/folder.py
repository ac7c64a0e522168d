"""The production folder. Format: docs/formats/production.md."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from playingage.core.files import sync_folder, write_whole
from playingage.production.filing import Filing
from playingage.production.ledger import Ledger, now
from playingage.production.performers import Performer, Picture, ProductionError
from playingage.rights import Grant, GrantError, Use
from playingage.rights.chain import Entry, split
from playingage.rights.documents import Fields, RightsError, check_format, check_id, parse_json, parse_moment

FORMAT, VERSION = "playingage-production", 1
FOLDERS = ("performers", "grants", "grants/revocations", "archive", "models", "schedule", "takes", "renders")
_FILE, _LEDGER = "production.json", "ledger.jsonl"
_ENVELOPE = re.compile(r"(.+)-[0-9a-f]{16}\.dsse\.json")
_MAKE = "Make one with: playingage init FOLDER --name NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A production: who plays, what they granted, their archive and models, and the record of every use.

    id: 32 hex digits. created: ISO time. extra: unknown fields of production.json.
    """

    folder: Path
    id: str
    name: str
    created: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path, name: str) -> "Production":
        """Make the folder. Raises ProductionError where something other than an interrupted start is in it."""
        folder = Path(folder)
        name = _name(name)
        try:
            _clear(folder)
            for each in FOLDERS:
                (folder / each).mkdir(parents=True, exist_ok=True)
            made = cls(folder=folder.resolve(), id=uuid.uuid4().hex, name=name,
                       created=now().isoformat("T", "seconds"))
            made.ledger.begin(made.id, name)
            document = {"format": FORMAT, "version": VERSION, "id": made.id, "name": name, "created": made.created}
            write_whole(folder / _FILE, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
            sync_folder(folder)
        except OSError as error:
            raise ProductionError(f"{folder}: cannot be made: {error.strerror}",
                                  "Choose a folder that can be written.") from error
        return made

    @classmethod
    def open(cls, folder: Path) -> "Production":
        """Read production.json. Raises ProductionError."""
        folder = Path(folder)
        file = folder / _FILE
        try:
            document = parse_json(file.read_bytes(), str(file))
            check_format(document, FORMAT, VERSION, str(file))
            fields = Fields(document, str(file))
            return cls(
                folder=folder.resolve(), id=fields.text("id", most=64), name=fields.text("name"),
                created=fields.moment("created"), extra=fields.rest("format", "version", "id", "name", "created"),
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ProductionError(f"{folder}: is no production: it has no {_FILE}", _MAKE) from error
        except OSError as error:
            raise ProductionError(f"{file}: cannot be read: {error.strerror}", "Make it readable.") from error
        except RightsError as error:
            raise ProductionError(error.what, error.do) from error

    @classmethod
    def find(cls, path: Path | None = None) -> "Production":
        """The production around a path, or around the current folder. Raises ProductionError."""
        start = (Path.cwd() if path is None else Path(path)).resolve()
        for folder in (start, *start.parents):
            if (folder / _FILE).is_file():
                return cls.open(folder)
        raise ProductionError(f"{start}: lies in no production", f"Name one with --production FOLDER. {_MAKE}")

    @property
    def ledger(self) -> Ledger:
        """The record of every use."""
        return Ledger(self.folder / _LEDGER)

    @property
    def filing(self) -> Filing:
        """Keys, grants and revocations."""
        return Filing(self.folder / "grants", self.ledger)

    @property
    def performers(self) -> tuple[Performer, ...]:
        """All performers, forgotten ones too; none whose adding was interrupted. Raises ProductionError."""
        folder = self.folder / "performers"
        if not folder.is_dir():
            return ()
        return tuple(Performer.read(each) for each in sorted(folder.iterdir())
                     if (each / "performer.json").is_file())

    def performer(self, id: str) -> Performer:
        """One performer. Raises ProductionError."""
        _id(id)
        folder = self.folder / "performers" / id
        if not (folder / "performer.json").is_file():
            known = ", ".join(each.id for each in self.performers) or "nobody"
            raise ProductionError(f"{self.folder}: there is no performer {id!r}; known: {known}",
                                  f"Add them with: playingage performer add {id} --name NAME")
        return Performer.read(folder)

    def add_performer(
        self, id: str, name: str, born: str | None = None, *, references: Iterable[Path] = ()
    ) -> Performer:
        """Add a performer, with pictures of them. One who was forgotten may come back. Raises ProductionError."""
        _id(id)
        folder = self.folder / "performers" / id
        if (folder / "performer.json").is_file() and Performer.read(folder).forgotten is None:
            raise ProductionError(f"{self.folder}: there is a performer {id!r} already", "Choose another ID.")
        made = Performer(id=id, name=_name(name), folder=folder, born=_day(born, "born"))
        pictures = [Picture.read(file) for file in references]
        try:
            added = made.keep(pictures)
            self.ledger.append("performer-added", performer=id, references=[file.name for file in added])
            made.write()
        except OSError as error:
            raise _unwritable(folder, error) from error
        return made

    def add_references(self, id: str, references: Iterable[Path]) -> Performer:
        """Add pictures of a performer. Raises ProductionError."""
        performer, pictures = self.performer(id), [Picture.read(file) for file in references]
        try:
            added = performer.keep(pictures)
        except OSError as error:
            raise _unwritable(performer.folder, error) from error
        self.ledger.append("references-added", performer=id, references=[file.name for file in added])
        return performer

    def note_death(self, id: str, died: str) -> Performer:
        """Note the day of a performer's death: from then on only grants for posthumous use count."""
        changed = replace(self.performer(id), died=_day(died, "died"))
        self.ledger.append("performer-died", performer=id, died=died)
        changed.write()
        return changed

    def archive(self, id: str) -> Path:
        """Folder of a performer's faceset."""
        return self.folder / "archive" / _id(id)

    def models(self, id: str) -> Path:
        """Folder of a performer's packages."""
        return self.folder / "models" / _id(id)

    def runs(self, id: str) -> Path:
        """Folder of a performer's training runs."""
        return self.models(id) / "runs"

    def entries(self) -> tuple[Entry, ...]:
        """The ledger's lines, if it is whole and this production's. Raises LedgerError or ProductionError."""
        entries = self.ledger.entries()
        begun = entries[0].details.get("production") if entries else None
        if begun != self.id:
            raise ProductionError(
                f"{self.folder / _FILE}: says production {self.id[:8]}, but the ledger was begun by {str(begun)[:8]}",
                "One of the two is altered or from another production: take it from a backup.")
        return entries

    def grant(
        self, performer_id: str, use: Use | str | None = None, *, at: datetime | None = None,
        ages: Sequence[float] = (), titles: Sequence[str] = (),
    ) -> Grant:
        """The grant in force that covers all of it; the one signed last where there are several.

        Raises GrantError, saying of every candidate what it lacks. Without `use`, any use will do.
        """
        return self.grants(performer_id, use, at=at, ages=ages, titles=titles)[-1]

    def grants(
        self, performer_id: str, use: Use | str | None = None, *, at: datetime | None = None,
        ages: Sequence[float] = (), titles: Sequence[str] = (), entries: Sequence[Entry] | None = None,
    ) -> tuple[Grant, ...]:
        """All grants in force of which each covers all of it; at least one, the one signed last comes last.

        entries: the ledger's, where they were just read. Raises GrantError as `grant` does.
        """
        performer = self.performer(performer_id)
        entries = self.entries() if entries is None else entries
        forgotten, died = _fate(performer, entries)
        if forgotten is not None:
            raise GrantError(f"performer {performer_id!r} was forgotten on {forgotten}",
                             f"Add them again, if they wish so: playingage performer add {performer_id} --name NAME")
        asked = None if use is None else Use(use)
        fitting: list[Grant] = []
        reasons: list[str] = []
        for filed in self.filing.all(entries=entries):
            if filed.grant is None:
                if filed.error is not None and _may_be_of(filed.file, performer_id):
                    reasons.append(filed.error.what)
                continue
            if filed.grant.statement.performer.id != performer_id:
                continue
            lacking = filed.grant.lacks(use=asked, performer=performer_id, production=self.id, at=at or now(),
                                        ages=ages, titles=titles, died=died)
            if lacking:
                reasons.append(f"{filed.file.name}: {'; '.join(lacking)}")
            else:
                fitting.append(filed.grant)
        if fitting:
            return tuple(sorted(fitting, key=lambda each: (_signed(each), each.sha256)))
        reasons += self.filing.missing(performer_id, entries)
        wanted = "" if asked is None else f" for use {str(asked)!r}"
        if not reasons:
            raise GrantError(f"there is no grant of performer {performer_id!r}{wanted} in {self.filing.folder}",
                             f"Begin with: playingage grant create FILE --performer {performer_id}")
        raise GrantError(f"no grant of performer {performer_id!r} covers this{wanted}: " + " | ".join(reasons),
                         "Ask the performer, or who acts for them, for a grant that does.")

    def packages(self, performer_id: str) -> frozenset[str]:
        """Hashes of the packages that this production's ledger saw made for a performer (field `package`)."""
        return frozenset(
            str(entry.details["package"]) for entry in self.entries()
            if entry.performer == performer_id and entry.event == "train" and "package" in entry.details
        )


def _clear(folder: Path) -> None:
    """Raises ProductionError unless the folder is new, empty, or a start that was interrupted, which is undone."""
    if (folder / _FILE).exists():
        raise ProductionError(f"{folder}: is a production already", "Choose another folder.")
    if not folder.exists():
        return
    ours = {*(each.split("/")[0] for each in FOLDERS), _LEDGER, "ledger.head"}
    others = [each for each in folder.iterdir()
              if not each.name.startswith(".") and (each.name not in ours or (each.is_dir() and _files(each)))]
    if others:
        raise ProductionError(f"{folder}: is not empty: {others[0].name} is in it", "Choose a new or empty folder.")
    ledger = folder / _LEDGER
    if ledger.exists():
        if len(split(ledger.read_bytes())[0]) > 1:
            raise ProductionError(f"{folder}: holds a ledger, but no {_FILE}", f"Take {_FILE} from a backup.")
        ledger.unlink()
    (folder / "ledger.head").unlink(missing_ok=True)


def _fate(performer: Performer, entries: Sequence[Entry]) -> tuple[str | None, datetime | None]:
    """When they were forgotten, and when they died: by the ledger too, should performer.json have been put back."""
    forgotten, died = None, None
    for entry in entries:
        if entry.performer == performer.id:
            if entry.event == "performer-added":
                forgotten, died = None, None
            elif entry.event == "forget-started":
                forgotten = entry.time
            elif entry.event == "performer-died":
                died = str(entry.details.get("died"))
    at = performer.died_at if died is None else parse_moment(died, f"the ledger on {performer.id}")
    return performer.forgotten or forgotten, at


def _unwritable(folder: Path, error: OSError) -> ProductionError:
    return ProductionError(f"{folder}: cannot be written: {error.strerror}", "Free space, or make the folder writable.")


def _files(folder: Path) -> bool:
    return any(not each.is_dir() for each in folder.rglob("*"))


def _may_be_of(file: Path, performer: str) -> bool:
    """A grant that cannot be read is of whom its name says; of anybody where the name says nothing."""
    named = _ENVELOPE.fullmatch(file.name)
    return named is None or named[1] == performer


def _signed(grant: Grant) -> datetime:
    return parse_moment(grant.statement.signed or "", "signed")


def _id(id: str) -> str:
    try:
        return check_id(id, "performer")
    except RightsError as error:
        raise ProductionError(error.what, error.do) from error


def _name(name: str) -> str:
    try:
        return Fields({"name": name}, "the name").text("name")
    except RightsError as error:
        raise ProductionError(error.what, error.do) from error


def _day(text: str | None, what: str) -> str | None:
    try:
        return None if text is None else Fields({what: text}, "the performer").day(what)
    except RightsError as error:
        raise ProductionError(error.what, error.do) from error
