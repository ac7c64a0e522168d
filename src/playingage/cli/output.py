"""How commands speak: people on standard error, results on standard output."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_people = Console(stderr=True, highlight=False, soft_wrap=True)
_results = Console(highlight=False, soft_wrap=True)


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
    _results.print(_plain(text))


def result_json(value: Any) -> None:
    """A result for a program: one JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def json_line(value: Any) -> None:
    """One JSON document on one line of standard output, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with time left on standard error; call what it yields with the number done. Quiet where nobody looks."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )
    with Progress(*columns, console=_people, disable=not sys.stderr.isatty(), transient=False) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
