"""The ledger's chain: how a line follows the one before, and what a whole file of them shows. No I/O.

A line is canonical JSON; its hash, which the next line holds, is the SHA-256 of its bytes without the line break.
Format: docs/formats/ledger.md.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playingage.core import canonical_json, sha256_bytes
from playingage.rights.documents import Fields, RightsError, check_format, parse_canonical

FORMAT, VERSION = "playingage-ledger", 1
HEAD, HEAD_VERSION = "playingage-ledger-head", 1
FIRST = "0" * 64
_MOST_LINE = 64 << 20
_MOST_KEPT = 1 << 15
"""Lines that are parsed once only; about a kilobyte each."""
RESERVED = ("format", "version", "number", "time", "before", "event", "performer", "grant", "torn")


class LedgerError(RightsError):
    """The ledger is absent, altered, or cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. time: ISO with offset. before: hash of the line before. torn: hash of an unfinished line before it.

    details: what the event says besides. hash: of this line.
    """

    number: int
    time: str
    event: str
    before: str
    performer: str | None
    grant: str | None
    torn: str | None
    details: Mapping[str, Any]
    hash: str

    @classmethod
    def parse(cls, line: bytes, where: str) -> "Entry":
        """From a line without its break. Raises RightsError."""
        kept = _entries.get(line)
        if kept is not None:
            return kept
        entry = cls._parse(line, where)
        if len(_entries) >= _MOST_KEPT:
            _entries.clear()
        _entries[line] = entry
        return entry

    @classmethod
    def _parse(cls, line: bytes, where: str) -> "Entry":
        document = parse_canonical(line, where, _MOST_LINE)
        check_format(document, FORMAT, VERSION, where)
        fields = Fields(document, where)
        number = fields.get("number")
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise fields.wrong("number", "is no count")
        return cls(
            number=number, time=fields.moment("time"), event=fields.text("event"), before=fields.hash("before"),
            performer=None if document.get("performer") is None else fields.text("performer"),
            grant=None if document.get("grant") is None else fields.hash("grant"),
            torn=None if document.get("torn") is None else fields.hash("torn"), details=fields.rest(*RESERVED),
            hash=sha256_bytes(line),
        )


_entries: dict[bytes, Entry] = {}
"""What lines say, byte for byte: on set a ledger is read again whenever a line was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the ledger goes: number and hash of its last line."""

    count: int
    hash: str

    @classmethod
    def parse(cls, data: bytes, where: str) -> "Head":
        """From ledger.head. Raises RightsError."""
        document = parse_canonical(data, where)
        check_format(document, HEAD, HEAD_VERSION, where)
        fields = Fields(document, where)
        if set(document) != {"format", "version", "count", "hash"}:
            raise RightsError(f"{where}: is altered: it has other fields than it should", "Take an undamaged copy.")
        return cls(count=int(fields.number("count", 0, 2**53)), hash=fields.hash("hash"))

    @property
    def data(self) -> bytes:
        """As stored."""
        return canonical_json({"format": HEAD, "version": HEAD_VERSION, "count": self.count, "hash": self.hash})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a file shows. faults: everything changed, missing or out of order. notes: no faults, but worth saying."""

    entries: tuple[Entry, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def write_line(
    last: Head, time: str, event: str, *, performer: str | None, grant: str | None, torn: str | None,
    details: Mapping[str, Any],
) -> bytes:
    """The line that follows `last`, without its break. Raises ValueError for details that no line can hold."""
    taken = [name for name in details if name in RESERVED]
    if taken:
        raise ValueError(f"a ledger line has a field {taken[0]!r} of its own")
    line = canonical_json({
        **details, "format": FORMAT, "version": VERSION, "number": last.count + 1, "time": time, "before": last.hash,
        "event": event, "performer": performer, "grant": grant, **({} if torn is None else {"torn": torn}),
    })
    Entry.parse(line, "the new line")
    return line


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines without their breaks, and what stands behind the last break: an unfinished line, or nothing."""
    *lines, rest = data.split(b"\n")
    return lines, rest


def examine(data: bytes, head: bytes | None) -> Chain:
    """Look at a whole ledger and its head. Names every fault; raises nothing."""
    lines, rest = split(data)
    entries: list[Entry] = []
    faults: list[str] = []
    notes: list[str] = []
    torn: tuple[int, str, str] | None = None  # place, hash, error of a line that is none
    for place, line in enumerate(lines, 1):
        try:
            entry = Entry.parse(line, f"line {place}")
        except RightsError as error:
            if torn is not None:
                faults.append(torn[2])
            torn = (place, sha256_bytes(line), error.what)
            continue
        if torn is not None and entry.torn == torn[1]:
            notes.append(f"line {torn[0]} is unfinished, as a power cut leaves it; line {place} confirms it")
        elif torn is not None:
            faults.append(torn[2])
        elif entry.torn is not None:
            faults.append(f"line {place} tells of an unfinished line before it, which is missing or was changed")
        torn = None
        entries.append(entry)
    if torn is not None:
        faults.append(torn[2])
    if rest:
        notes.append(f"line {len(lines) + 1} is unfinished ({len(rest)} bytes): a power cut, or the file was cut off")
    faults += _order(entries)
    _check_head(entries, head, faults, notes)
    for before, after in itertools.pairwise(entries):
        if after.time < before.time and after.number == before.number + 1:
            notes.append(f"number {after.number} is dated before number {before.number}: a clock was set back")
    return Chain(entries=tuple(entries), faults=tuple(faults), notes=tuple(notes))


def _order(entries: list[Entry]) -> list[str]:
    """Faults of numbers and hashes, wherever the lines stand."""
    faults = []
    by_number: dict[int, Entry] = {}
    highest = 0
    for entry in entries:
        if entry.number in by_number:
            faults.append(f"number {entry.number} appears twice")
            continue
        if entry.number < highest:
            faults.append(f"number {entry.number} stands behind number {highest}: lines were reordered")
        highest = max(highest, entry.number)
        by_number[entry.number] = entry
    known = sorted(by_number)
    for low, high in zip([0, *known], known, strict=False):
        if high > low + 1:
            faults.append(_missing(low + 1, high - 1))
    for number in known:
        before = FIRST if number == 1 else by_number[number - 1].hash if number - 1 in by_number else None
        if before is not None and by_number[number].before != before:
            faults.append(f"number {number - 1} was changed, or what number {number} says of it" if number > 1
                          else "number 1 was changed: it does not begin a ledger")
    return faults


def _missing(first: int, last: int) -> str:
    return f"number {first} is missing" if first == last else f"numbers {first} to {last} are missing"


def _check_head(entries: list[Entry], data: bytes | None, faults: list[str], notes: list[str]) -> None:
    if data is None:
        faults.append("ledger.head is missing: whether lines were cut off at the end cannot be told")
        return
    try:
        head = Head.parse(data, "ledger.head")
    except RightsError as error:
        faults.append(error.what)
        return
    last = max((entry.number for entry in entries), default=0)
    named = {entry.number: entry for entry in entries}.get(head.count)
    if head.count > last:
        faults.append(f"{_missing(last + 1, head.count)}: cut off at the end")
    elif head.count < last - 1:
        faults.append(f"ledger.head knows {head.count} lines, but there are {last}: it was changed, or is an old copy")
    elif head.count == last - 1:
        notes.append(f"ledger.head is one line behind: the program was stopped just after writing number {last}")
    if named is not None and named.hash != head.hash:
        faults.append(f"number {head.count} was changed, or ledger.head was: their hashes differ")
