"""The account's record of consent: one file, appended to, each line holding the hash of the one before."""

import fcntl
import os
from dataclasses import asdict
from pathlib import Path

from playingage.core import PlayingAgeError, canonical_json, sha256_bytes
from playingage.rights.consent import ConsentStatement

_FIRST = "0" * 64


def state_folder() -> Path:
    """Where this account's records are kept (XDG_STATE_HOME, else ~/.local/state)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "playingage"


def record_statement(statement: ConsentStatement, file: Path) -> str:
    """Append the statement to the record, each line holding the hash of the one before; returns its own hash.

    Raises PlayingAgeError when the record cannot be written: without a record nobody is re-aged.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as record:
            # Two commands at once must not both follow the same line; the lock goes with the file's closing.
            fcntl.flock(record, fcntl.LOCK_EX)
            record.seek(0)
            content = record.read()
            lines = content.splitlines()
            before = sha256_bytes(lines[-1]) if lines else _FIRST
            line = canonical_json({"version": 1, "before": before, **asdict(statement)})
            # A line that a power cut left unfinished stays as it is, and stays visible in the chain.
            record.write((b"" if not content or content.endswith(b"\n") else b"\n") + line + b"\n")
            record.flush()
            os.fsync(record.fileno())
    except OSError as error:
        raise PlayingAgeError(
            f"{file}: the statement of consent cannot be recorded: {error.strerror}",
            "Make the folder writable, or set XDG_STATE_HOME to one that is.",
        ) from error
    return sha256_bytes(line)
