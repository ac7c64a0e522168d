"""The operator's explicit statement that the people in a picture agreed to be re-aged, and its record."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from playingage.core import PlayingAgeError, SettingError, canonical_json, sha256_bytes

_LEAST, _MOST = 8, 2000
_FIRST = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStatement:
    """What was stated, by whom and for what.

    statement: in the operator's words, who agreed to what. operator: the account's name. stated: ISO 8601 time with
    offset.
    what: the command. source: the picture's address. age: asked playing age in years. model: SHA-256 of the package.
    """

    statement: str
    operator: str
    stated: str
    what: str
    source: str
    age: float
    model: str

    def __post_init__(self) -> None:
        check_statement(self.statement)


def check_statement(statement: str) -> None:
    """Raises SettingError for words that cannot say who agreed to what."""
    length = len(statement.strip())
    if not _LEAST <= length <= _MOST:
        raise SettingError(
            f"a statement of consent of {length} characters says too {'little' if length < _LEAST else 'much'}",
            "Say who agreed and when, for example: --consent 'Ada Lovelace, self, agreed in writing 2026-11-20'.",
        )


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
        lines = file.read_bytes().splitlines() if file.exists() else []
        before = sha256_bytes(lines[-1]) if lines else _FIRST
        line = canonical_json({"version": 1, "before": before, **asdict(statement)})
        with file.open("ab") as record:
            record.write(line + b"\n")
            record.flush()
            os.fsync(record.fileno())
    except OSError as error:
        raise PlayingAgeError(
            f"{file}: the statement of consent cannot be recorded: {error.strerror}",
            "Make the folder writable, or set XDG_STATE_HOME to one that is.",
        ) from error
    return sha256_bytes(line)
