"""Asking for, and recording, the operator's statement of consent."""

import getpass
import sys
from datetime import datetime

import typer

from playingage.cli.output import say
from playingage.core import SettingError
from playingage.rights import ConsentStatement, record_statement, state_folder

HOW = "Add --consent 'who agreed, in which capacity, when'. It is recorded in your account's consent record."


def require_consent(statement: str | None, *, what: str, source: str, age: float, model: str) -> None:
    """Record the statement of consent; asks for it where a person sits at the terminal.

    Raises SettingError where there is none, and PlayingAgeError where it cannot be recorded.
    """
    if statement is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise SettingError("nobody is re-aged without consent, and none was stated", HOW)
        say("Nobody is re-aged without consent. Who in this picture agreed to it, in which capacity, and when?")
        statement = typer.prompt("Consent", err=True)
    stated = ConsentStatement(
        statement=statement, operator=getpass.getuser(), stated=datetime.now().astimezone().isoformat("T", "seconds"),
        what=what, source=source, age=age, model=model,
    )
    file = state_folder() / "consent.jsonl"
    say(f"Consent recorded in {file} as {record_statement(stated, file)[:12]}.")
