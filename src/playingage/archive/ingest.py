"""Titles into a faceset, one after the other. Each is planned, looked through, decided and put in place by itself."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from playingage.archive.choose import choose
from playingage.archive.commit import commit, load_or_new
from playingage.archive.errors import IngestError
from playingage.archive.faceset import Faceset
from playingage.archive.files import Disk, Store, locked
from playingage.archive.footage import Title
from playingage.archive.found import Found
from playingage.archive.people import Known, judge, known_of, median_of, people_in
from playingage.archive.row import FaceRow
from playingage.archive.settings import IngestSettings
from playingage.archive.sources import Record, key_of, records_of, stamp_of
from playingage.archive.watch import Tools, Watcher
from playingage.archive.work import Chunk, Work, slug_of
from playingage.core import MediaError, PlayingAgeError, UnreadableError, sha256_bytes
from playingage.media import Kind, open_stored

_DOUBTFUL = 5
"""One doubtful face for so many kept ones."""


_LARGE = 2_000_000_000
"""Bytes that take a while to read."""


class Permit(Protocol):
    """Grants and ledger, as ingest needs them."""

    def grant(self, title: str) -> str:
        """SHA-256 of the grant under which the title may be taken in. Raises GrantError."""
        ...

    def record(self, event: str, title: str, **details: Any) -> None:
        """Write to the ledger."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose faceset it is. pictures: embeddings of the reference pictures. born: ISO date or None."""

    id: str
    name: str
    born: str | None
    pictures: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a title. status: ingested, unchanged or failed. age: in years. frames: looked at.

    people: others told apart in it. footage: seconds of it; taken: seconds it took. notes: for people.
    """

    title: str
    status: str
    age: float = 0.0
    frames: int = 0
    faces: int = 0
    kept: int = 0
    doubtful: int = 0
    people: int = 0
    taken: float = 0.0
    notes: tuple[str, ...] = ()
    what: str = ""
    do: str = ""


@dataclass(slots=True)
class Ingest:
    """Takes titles into the faceset in `folder`. Nobody else may at the same time."""

    folder: Path
    person: Person
    tools: Callable[[], Tools]
    permit: Permit
    settings: IngestSettings = field(default_factory=IngestSettings)
    store: Store = field(default_factory=Disk)
    redo: frozenset[str] = frozenset()
    despite_damage: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def run(
        self, titles: Sequence[Title], tell: Callable[[float], None], say: Callable[[str], None]
    ) -> Iterator[Outcome]:
        """The titles one after the other; what fails is told in its outcome, and the next one begins.

        tell: is called with the part 0..1 that is done. say: with remarks for people. A full disk, a damaged faceset
        or a missing grant ends it all. Raises PlayingAgeError.
        """
        load_or_new(self.folder, self.person.id, "")  # another version is told before anything is done
        unknown = self.redo - {title.name for title in titles}
        if unknown:
            raise IngestError(f"--redo: {', '.join(sorted(unknown))} is not among the footage", "Give its footage too.")
        grants = {title.name: self.permit.grant(title.name) for title in titles}
        whole = max(1, sum(title.size for title in titles))
        done = 0
        with locked(self.folder / "work"):
            if Faceset.exists(self.folder):
                with locked(self.folder):
                    Faceset.settle(self.folder, self.store)
            for title in titles:
                share, before = title.size / whole, done / whole

                def part(value: float, share: float = share, before: float = before) -> None:
                    tell(before + share * value)

                yield self._title(title, grants[title.name], part, say)
                done += title.size
                tell(done / whole)

    def _title(
        self, title: Title, grant: str, tell: Callable[[float], None], say: Callable[[str], None]
    ) -> Outcome:
        begun = time.monotonic()
        try:
            outcome = self._take_in(title, grant, tell, say)
        except (IngestError, MediaError) as error:
            hint = " Or take what can be read: --despite-damage." if isinstance(error, UnreadableError) else ""
            outcome = Outcome(title=title.name, status="failed", what=error.what, do=error.do + hint)
            self.permit.record("failed", title.name, grant=grant, reason=error.what)
        return replace(outcome, taken=round(time.monotonic() - begun, 3))

    def _take_in(
        self, title: Title, grant: str, tell: Callable[[float], None], say: Callable[[str], None]
    ) -> Outcome:
        faceset = load_or_new(self.folder, self.person.id, grant)
        today = self.clock().date()
        ages = [entry.when.age_of(self.person.born, today, entry.where) for entry in title.entries]
        old = faceset.titles.get(title.name)
        if old is not None:
            _check_all_there(title, old)
        _check_readable(title, say, despite_damage=self.despite_damage)
        work_folder = self.folder / "work" / slug_of(title.name)
        remembered = [*(old or {}).get("files", ()), *_planned(work_folder)]
        records = records_of(title.entries, ages, remembered, lambda count: None)
        _check_distinct(title, records)
        key = key_of(title.name, records, self.settings.sha256, self.person.id)
        if old is not None and old.get("key") == key and title.name not in self.redo:
            shutil.rmtree(work_folder, ignore_errors=True)
            return Outcome(
                title=title.name, status="unchanged", age=ages[0], frames=old.get("looked", 0), kept=old.get("kept", 0),
                doubtful=old.get("doubtful", 0),
            )
        self.permit.record("start", title.name, grant=grant, files=[each["sha256"] for each in records])
        known = known_of(self.person.pictures, faceset.rows, title.name, ages[0], self.settings.nearest)
        plan = {"title": title.name, "files": records}
        if not known:
            say(f"{title.name}: nothing tells {self.person.name} from others yet; one person alone in it is taken.")
        work = Work.begin(work_folder, sha256_bytes((key + known.sha256).encode()), plan, self.store)
        try:
            with _still_there(title, records):
                found = self._watch(title, ages, records, known, work, tell, say)
            outcome, rows, about = self._decide(title.name, known, found)
        except IngestError:
            work.remove()  # nothing stays of people who are not the performer
            raise
        about = {
            **about, "key": key, "files": records, "age": ages[0], "shot": title.entries[0].when.shot,
            "rights": title.entries[0].rights, "grant": grant,
            "ingested": self.clock().isoformat(timespec="seconds"),
        }
        commit(self.folder, self.person.id, grant, title.name, rows, about, work, self.store)
        self.permit.record(
            "result", title.name, grant=grant, kept=outcome.kept, doubtful=outcome.doubtful, key=key,
        )
        return replace(outcome, age=ages[0])

    def _watch(
        self, title: Title, ages: Sequence[float], records: Sequence[Record], known: Known, work: Work,
        tell: Callable[[float], None], say: Callable[[str], None],
    ) -> Found:
        """Everything in the title, from where an earlier run left it."""
        found = Found(self.settings, known)
        for chunk in work.done():
            self._gather(found, chunk, work, title.name)
        if work.chunks:
            say(f"{title.name}: goes on after {work.chunks} parts that are done.")
        if work.place.done:
            return found
        sizes = np.cumsum([0, *(entry.footage.size for entry in title.entries)])

        def told(source: int, part: float) -> None:
            source = min(source, len(title.entries))
            here = title.entries[source].footage.size if source < len(title.entries) else 0
            tell((float(sizes[source]) + part * here) / max(1, title.size))

        watcher = Watcher(
            title.name, title.entries, ages, [each["sha256"] for each in records], known=known, tools=self.tools(),
            settings=self.settings, work=work, store=self.store, despite_damage=self.despite_damage,
            plenty=lambda: len(found.rows) >= self.settings.most, tell=told,
        )
        for chunk in watcher.chunks(work.place):
            work.add(chunk)
            self._gather(found, chunk, work, title.name)
        return found

    def _gather(self, found: Found, chunk: Chunk, work: Work, title: str) -> None:
        work.drop(found.add(chunk))
        if not found.known and found.company.more_than_one(chunk.seen):
            raise IngestError(
                f"{title}: more than one person is in it, and nothing tells {self.person.name} from the others",
                f"Add a few pictures of {self.person.name} alone, best from about the same years, to the references"
                f" (playingage performer reference {self.person.id} PICTURE...), and give the same command again.",
            )

    def _decide(
        self, title: str, known: Known, found: Found
    ) -> tuple[Outcome, list[FaceRow], dict[str, Any]]:
        name, settings = self.person.name, self.settings
        if not found.seen:
            raise IngestError(
                f"{title}: no face was found in {found.looked} frames looked at",
                f"Faces need {settings.least:g} pixels from eye to eye. Check that this is the right footage.",
            )
        if not known:  # one person alone: their middle speaks for them
            known = known.and_([median_of([track.embedding for track in found.seen])])
            found.rows = [replace(row, distance=known.distance(row.identity)) for row in found.rows]
        verdicts = judge(found.seen, known, settings)
        others = people_in([t for t in found.seen if verdicts[t.track].who != "performer"], settings.same)
        good = choose(found.of("performer", verdicts), settings.most, settings.each)
        unsure = found.of("doubtful", verdicts)
        doubtful = choose(unsure, max(1, settings.most // _DOUBTFUL), max(1, settings.each // _DOUBTFUL))
        nearest = min((each.distance for each in verdicts.values()), default=float("inf"))
        if not good and nearest > settings.same:
            raise IngestError(
                f"{title}: {name} is not in it: of {len(others)} {'person' if len(others) == 1 else 'people'} found the"
                f" nearest is {nearest:.2f} from the references, the same person is within {settings.same:.2f}",
                "Check the footage. If it is right, add references from about the same years.",
            )
        rows = [*good, *doubtful]
        bars = sorted(found.bars.items(), key=lambda each: -each[1])
        notes = list(dict.fromkeys(found.notes))[:20]
        if bars and bars[0][1] * 2 > len({t.shot for t in found.seen}):
            notes.append(f"{bars[0][0]} cut away")
        if found.interlaced * 5 > max(1, len(found.rows)):
            notes.append("interlaced: its faces are combed where they move; those are taken last")
        if not good:
            notes.append("no face in it is taken without a person's word: look through what is set aside")
        outcome = Outcome(
            title=title, status="ingested", frames=found.looked, faces=found.faces, kept=len(good),
            doubtful=len(doubtful), people=len(others), notes=tuple(notes),
        )
        about = {
            "looked": found.looked, "faces": found.faces, "kept": len(good), "doubtful": len(doubtful),
            "people": len(others), "notes": notes,
        }
        return outcome, rows, about


def _check_all_there(title: Title, old: dict[str, Any]) -> None:
    given = {entry.footage.address for entry in title.entries} | {entry.footage.name for entry in title.entries}
    lost = [each["name"] for each in old.get("files", ()) if each["path"] not in given and each["name"] not in given]
    if lost:
        raise IngestError(
            f"the title {title.name!r} was taken in from {', '.join(lost[:3])} too, which is not given now",
            "Give all footage of a title together, or give this footage a title of its own.",
        )


def _check_readable(title: Title, say: Callable[[str], None], *, despite_damage: bool) -> None:
    """Raises UnreadableError for a clip that cannot be opened, before all of it is read to know it again."""
    for entry in title.entries:
        if entry.footage.kind is Kind.CLIP and not despite_damage:
            open_stored(entry.footage.address, threads=1).close()
    if title.size > _LARGE:
        say(f"{title.name}: {title.size / 1e9:.1f} GB are read once, to know them again.")


def _check_distinct(title: Title, records: Sequence[Record]) -> None:
    seen: dict[str, Record] = {}
    for record in records:
        other = seen.setdefault(record["sha256"], record)
        if other is not record:
            raise IngestError(
                f"{title.name}: {other['name']} and {record['name']} hold the same",
                "Give one of them: twice teaches nothing.",
            )


def _planned(folder: Path) -> list[Record]:
    """The files of work that was begun: they need not be read again to know their hashes."""


    try:
        return list(json.loads((folder / "plan.json").read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


@contextmanager
def _still_there(title: Title, records: Sequence[Record]) -> Iterator[None]:
    """Footage that changes while it is read gives no faces."""
    yield
    for entry, record in zip(title.entries, records, strict=True):
        if stamp_of(entry.footage) != (record["size"], record["changed"]):
            raise IngestError(f"{entry.footage.address} was changed while it was read", "Give the command again.")


def failed(outcomes: Sequence[Outcome]) -> PlayingAgeError | None:
    """What to end with where titles failed: the first one's error, and how many others."""
    bad = [outcome for outcome in outcomes if outcome.status == "failed"]
    if not bad:
        return None
    if len(outcomes) == 1:
        return IngestError(bad[0].what, bad[0].do)
    names = ", ".join(outcome.title for outcome in bad[:5]) + (" and others" if len(bad) > 5 else "")
    return IngestError(
        f"{len(bad)} of {len(outcomes)} titles failed, for the reasons above: {names}",
        "The others are in the faceset. Mend what is wrong and give the same command again.",
    )


