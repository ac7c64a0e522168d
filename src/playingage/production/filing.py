"""Keys, grants and revocations as a production keeps them, each change recorded in its ledger."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playingage.core import sha256_bytes
from playingage.core.files import write_whole
from playingage.production.ledger import Ledger
from playingage.rights import Grant, GrantError, GrantStatement, Revocation, RightsError, TrustedKeys, issue
from playingage.rights.chain import Entry
from playingage.rights.documents import MOST_BYTES, parse_moment
from playingage.rights.signing import open_envelope
from playingage.rights.statement import PAYLOAD_TYPE

SUFFIX = ".dsse.json"
_BACKUP = "Take it from a backup. Keys are changed with `playingage key` alone."


@dataclass(frozen=True, slots=True)
class Filed:
    """An envelope as it lies in the folder: the grant it gives, or the error that it meets."""

    file: Path
    grant: Grant | None
    error: GrantError | None


@dataclass(frozen=True, slots=True)
class Filing:
    """The folder `grants/` of a production."""

    folder: Path
    ledger: Ledger

    @property
    def keys_file(self) -> Path:
        """The public keys that the production trusts."""
        return self.folder / "trusted_keys.json"

    def keys(self, entries: Sequence[Entry] | None = None) -> TrustedKeys:
        """The trusted keys, as the ledger last recorded them. Raises RightsError where the file is another."""
        entries = self.ledger.entries() if entries is None else entries
        recorded = next((e for e in reversed(entries) if "keys_sha256" in e.details), None)
        data = _read(self.keys_file)
        if recorded is None:
            if data is not None:
                raise RightsError(f"{self.keys_file}: the ledger knows of no trusted keys",
                                  "Remove the file, and trust the keys with: playingage key trust")
            return TrustedKeys()
        expected = recorded.details["keys_sha256"]
        if data is None or sha256_bytes(data) != expected:
            waiting = _read(self._next_keys)
            if waiting is None or sha256_bytes(waiting) != expected:
                state = "is missing" if data is None else "is altered"
                raise RightsError(
                    f"{self.keys_file}: {state}: it is not what the ledger recorded on {recorded.time} (number "
                    f"{recorded.number})", _BACKUP)
            self._settle()  # a change that was recorded, and stopped then
            data = waiting
        return TrustedKeys.parse(data, str(self.keys_file))

    def set_keys(self, keys: TrustedKeys, event: str, **details: Any) -> None:
        """Store changed keys: first aside, then recorded, then in place, so that a kill leaves one or the other."""
        self.folder.mkdir(exist_ok=True)
        write_whole(self._next_keys, keys.data)
        self.ledger.append(event, keys_sha256=sha256_bytes(keys.data), **details)
        self._settle()

    def all(self, performer: str | None = None, *, entries: Sequence[Entry] | None = None) -> tuple[Filed, ...]:
        """Every envelope in the folder, checked now. Raises RightsError where keys, ledger or revocations are bad."""
        entries = self.ledger.entries() if entries is None else entries
        keys = self.keys(entries)
        revocations = [data for _, data in self.revocations(keys)]
        found = []
        for file in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                grant = self.check(_bytes(file), file.name, keys, revocations, entries)
                if performer is None or grant.statement.performer.id == performer:
                    found.append(Filed(file, grant, None))
            except GrantError as error:
                found.append(Filed(file, None, error))
        return tuple(found)

    def check(
        self, envelope: bytes, where: str, keys: TrustedKeys, revocations: Sequence[bytes], entries: Sequence[Entry]
    ) -> Grant:
        """The Grant of an envelope, with what this ledger knows of it. Raises GrantError."""
        filed = _first_filed(entries, payload_hash(envelope, where))
        grant = issue(envelope, keys, revocations, filed=filed, where=where)
        for entry in entries:
            if (entry.event, entry.grant, entry.performer) == (
                "grant-revoked", grant.sha256, grant.statement.performer.id
            ):
                raise GrantError(
                    f"{where}: was revoked on {entry.time} by {entry.details.get('by')}: {entry.details.get('reason')} "
                    f"(ledger number {entry.number})", "Ask the performer for another grant.")
        return grant

    def missing(self, performer: str, entries: Sequence[Entry]) -> tuple[str, ...]:
        """Grants that the ledger knows and that lie in the folder no more, in words."""
        there = set()
        for file in self.folder.glob(f"*{SUFFIX}"):
            try:
                there.add(payload_hash(_bytes(file), file.name))
            except RightsError:
                continue
        return tuple(
            f"grant {entry.grant[:12]}, recorded on {entry.time}, is missing from {self.folder}, or was altered"
            for entry in entries
            if entry.event == "grant-filed" and entry.performer == performer and entry.grant
            and entry.grant not in there
        )

    def revocations(self, keys: TrustedKeys) -> tuple[tuple[Revocation, bytes], ...]:
        """All revocations. Raises GrantError where one is damaged or of an unknown key: it may be of any grant."""
        found = []
        for file in sorted((self.folder / "revocations").glob("*")):
            if file.name.startswith("."):
                continue
            try:
                data = _bytes(file)
                found.append((Revocation.of(data, keys, f"revocations/{file.name}"), data))
            except RightsError as error:
                raise GrantError(f"{error.what}. It may revoke any grant, so none counts until it is mended",
                                 "Take the file from a backup, or have it signed again.") from error
        return tuple(found)

    def file(self, envelope: bytes, grant: Grant) -> Path:
        """Keep an issued grant's envelope, and record it."""
        target = self.folder / f"{grant.statement.performer.id}-{grant.sha256[:16]}{SUFFIX}"
        write_whole(target, envelope)
        said = grant.statement
        self.ledger.append(
            "grant-filed", performer=said.performer.id, grant=grant, key=grant.key_id, signed=said.signed,
            uses=[str(use) for use in said.uses], valid_from=said.valid_from, valid_until=said.valid_until,
        )
        return target

    def revoke(self, envelope: bytes, keys: TrustedKeys) -> Path:
        """Keep a signed revocation, and record it. Raises RightsError."""
        made = Revocation.of(envelope, keys)
        for file in self.folder.glob(f"*{SUFFIX}"):
            try:
                opened = open_envelope(_bytes(file), PAYLOAD_TYPE, file.name)
                said = GrantStatement.parse(opened.payload, file.name)
            except RightsError:
                continue  # it counts for nothing anyway
            if sha256_bytes(opened.payload) == made.grant and said.performer.id != made.performer:
                raise GrantError(f"the revocation is of performer {made.performer!r}, but the grant is of "
                                 f"{said.performer.id!r}", "Revoke a grant with a key that speaks for its performer.")
        target = self.folder / "revocations" / f"{made.grant[:16]}-{sha256_bytes(envelope)[:8]}{SUFFIX}"
        target.parent.mkdir(exist_ok=True)
        write_whole(target, envelope)
        self.ledger.append("grant-revoked", performer=made.performer, grant=made.grant, by=made.by, reason=made.reason,
                           signed=made.signed)
        return target

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Only one process changes keys and grants at a time."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _settle(self) -> None:
        """Put recorded keys in place; another process may have done so first."""
        with suppress(FileNotFoundError):
            self._next_keys.replace(self.keys_file)

    @property
    def _next_keys(self) -> Path:
        return self.folder / ".trusted_keys.next"


def payload_hash(envelope: bytes, where: str) -> str:
    """The hash by which a grant is known, of an envelope whose signatures nobody has checked yet. Raises GrantError."""
    try:
        return sha256_bytes(open_envelope(envelope, PAYLOAD_TYPE, where).payload)
    except GrantError:
        raise
    except RightsError as error:
        raise GrantError(error.what, error.do) from error


def _first_filed(entries: Sequence[Entry], sha256: str) -> datetime | None:
    return next((parse_moment(entry.time, "the ledger") for entry in entries
                 if entry.event == "grant-filed" and entry.grant == sha256), None)


def _bytes(file: Path) -> bytes:
    """The start of an envelope's file, longer than any may be. Raises GrantError."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise GrantError(f"{file.name}: cannot be read: {error.strerror}", "Make it readable.") from error


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
