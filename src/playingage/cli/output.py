"""How commands speak: people on standard error, results on standard output."""

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from playingage.cli.stopping import stop_if_asked
from playingage.core import UnwritableError

_people = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
_NOBODY_READS = 141
"""What a shell reports of a program that ends because its output's pipe was closed."""


def complain(message: str) -> None:
    """An error for a person, on standard error."""
    first, _, rest = message.partition("\n")
    _people.print(f"[bold red]playingage:[/bold red] {_plain(first)}")
    if rest:
        _people.print(_plain(rest))


def say(message: str) -> None:
    """A remark for a person, on standard error, so that `--json` output stays clean."""
    _people.print(_plain(message))


def result(text: str) -> None:
    """A result for a person, on standard output."""
    _emit(text)


def result_json(value: Any) -> None:
    """A result for a program: one JSON document on standard output."""
    _emit(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def json_line(value: Any) -> None:
    """One JSON document on one line of standard output, at once."""
    _emit(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """What JSON can hold: data classes and mappings as objects, rates and times as strings ("24000/1001").

    A float that is no number becomes null.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Fraction) or (not isinstance(value, (list, tuple, Mapping)) and not is_dataclass(value)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def _emit(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        # Python would complain again at its end about what is still in the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise SystemExit(_NOBODY_READS) from error
        raise UnwritableError(f"the results cannot be written to standard output: {error.strerror}") from error


@contextmanager
def progress_bar(what: str, total: int | None, *, unit: str = "frames") -> Iterator[Callable[[int], None]]:
    """A bar with time left on standard error; call what it yields with the number done. Quiet where nobody looks."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )
    with Progress(*columns, console=_people, disable=not sys.stderr.isatty(), transient=False) as bar:
        task = bar.add_task(what, total=total)

        def tell(done: int) -> None:
            stop_if_asked()
            bar.update(task, completed=done)

        yield tell


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
