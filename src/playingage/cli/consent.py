"""Asking for, and recording, the operator's statement of consent."""

import getpass
import os
import sys
from datetime import datetime

import typer

from playingage.cli.output import say
from playingage.core import SettingError
from playingage.rights import ConsentStatement, check_statement, record_statement, state_folder

HOW = "Add --consent 'who agreed, in which capacity, when'. It is recorded in your account's consent record."


def require_consent(statement: str | None, *, what: str, source: str, age: float, model: str) -> None:
    """Ask for and record the statement of consent at once; see `ask_consent` and `record_consent`."""
    record_consent(ask_consent(statement), what=what, source=source, age=age, model=model)


def ask_consent(statement: str | None) -> str:
    """The statement of consent; asks for it where a person sits at the terminal.

    Raises SettingError where there is none, or where it says nothing.
    """
    if statement is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise SettingError("nobody is re-aged without consent, and none was stated", HOW)
        say("Nobody is re-aged without consent. Who in this picture agreed to it, in which capacity, and when?")
        statement = str(typer.prompt("Consent", err=True))
    check_statement(statement)
    return statement


def record_consent(statement: str, *, what: str, source: str, age: float, model: str) -> None:
    """Write the statement into the account's record. Raises PlayingAgeError where that cannot be done."""
    stated = ConsentStatement(
        statement=statement, operator=_account(), stated=datetime.now().astimezone().isoformat("T", "seconds"),
        what=what, source=source, age=age, model=model,
    )
    file = state_folder() / "consent.jsonl"
    say(f"Consent recorded in {file} as {record_statement(stated, file)[:12]}.")


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"
