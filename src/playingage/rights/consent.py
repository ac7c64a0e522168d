"""The operator's explicit statement that the people in a picture agreed to be re-aged: a value, no I/O."""

from dataclasses import dataclass

from playingage.core import SettingError

_LEAST, _MOST = 8, 2000


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
