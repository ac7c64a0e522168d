"""The ledger's file: appended to under a lock, flushed to disk before anything goes on."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playingage.core import sha256_bytes
from playingage.core.files import write_whole
from playingage.rights import Grant
from playingage.rights.chain import FIRST, Chain, Entry, Head, LedgerError, examine, split, write_line
from playingage.rights.documents import RightsError

_HELP = "Look with `playingage ledger verify`, and take ledger.jsonl and ledger.head from a backup."


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ledger:
    """`ledger.jsonl` and `ledger.head` of a production. `clock` gives the time of new lines."""

    file: Path
    clock: Callable[[], datetime] = now

    @property
    def head_file(self) -> Path:
        """Where number and hash of the last line stand."""
        return self.file.with_name("ledger.head")

    def begin(self, production: str, name: str) -> str:
        """Make the ledger with its first line. Raises LedgerError where there is one."""
        line = write_line(Head(count=0, hash=FIRST), self._stamp(), "created", performer=None, grant=None, torn=None,
                          details={"production": production, "name": name})
        try:
            with self.file.open("xb") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
            write_whole(self.head_file, Head(count=1, hash=sha256_bytes(line)).data)
        except FileExistsError as error:
            raise LedgerError(f"{self.file}: exists already", "A ledger is never written over.") from error
        except OSError as error:
            raise self._unwritable(error) from error
        return sha256_bytes(line)

    def append(
        self, event: str, *, performer: str | None = None, grant: Grant | str | None = None, **details: Any
    ) -> str:
        """Record an event; `details` are plain JSON. Returns the line's hash, when it is on disk.

        Raises LedgerError where the end of the ledger is not as it was left, or cannot be written: what cannot be
        recorded is not done.
        """
        named = grant.sha256 if isinstance(grant, Grant) else grant
        try:
            with self.file.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                data = file.read()
                lines, rest = split(data)
                last = self._last(lines)
                line = write_line(last, self._stamp(), event, performer=performer, grant=named,
                                  torn=sha256_bytes(rest) if rest else None, details=details)
                # An unfinished line stays; the new one holds its hash, so that it stays visible and cannot be changed.
                _add(file.fileno(), len(data), (b"\n" if rest else b"") + line + b"\n")
                write_whole(self.head_file, Head(count=last.count + 1, hash=sha256_bytes(line)).data)
        except FileNotFoundError as error:
            raise LedgerError(f"{self.file}: is missing", _HELP) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return sha256_bytes(line)

    def examine(self) -> Chain:
        """All lines, with everything that is wrong. Raises LedgerError where there is no ledger."""
        try:
            with self.file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # not while a line is written, and the head not yet
                return examine(file.read(), self._head())
        except OSError as error:
            raise LedgerError(f"{self.file}: cannot be read: {error.strerror}", _HELP) from error

    def entries(self) -> tuple[Entry, ...]:
        """All lines of a ledger without fault. Raises LedgerError naming every fault."""
        chain = self.examine()
        if chain.faults:
            raise LedgerError(f"{self.file}: is altered or damaged: {'; '.join(chain.faults)}", _HELP)
        return chain.entries

    def _head(self) -> bytes | None:
        try:
            return self.head_file.read_bytes()
        except OSError:
            return None

    def _last(self, lines: list[bytes]) -> Head:
        """The last whole line, held against ledger.head, which may be one line behind."""
        data = self._head()
        if data is None or not lines:
            raise LedgerError(f"{self.head_file if lines else self.file}: is missing or empty", _HELP)
        try:
            head = Head.parse(data, str(self.head_file))
            last = Entry.parse(lines[-1], f"{self.file}: line {len(lines)}")
        except RightsError as error:
            raise LedgerError(error.what, _HELP) from error
        same = last.number == head.count and last.hash == head.hash
        if not same and not (last.number == head.count + 1 and last.before == head.hash):
            raise LedgerError(f"{self.file}: does not end as ledger.head says: altered, or cut off at the end", _HELP)
        return Head(count=last.number, hash=last.hash)

    def _stamp(self) -> str:
        return self.clock().astimezone(UTC).isoformat("T", "milliseconds")

    def _unwritable(self, error: OSError) -> LedgerError:
        return LedgerError(f"{self.file}: cannot be written: {error.strerror}; nothing was done",
                           "Free space, or make the folder writable.")


def _add(handle: int, size: int, data: bytes) -> None:
    """Write at the end, through to the disk. On a full disk the file is left as it was. Raises OSError."""
    try:
        done = 0
        while done < len(data):
            done += os.pwrite(handle, data[done:], size + done)
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise
