"""Keys and their passwords: asked for, or read from a file; never an argument, which other people could see."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli.output import say
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.rights import SigningKey

Key = Annotated[Path, typer.Option("--key", metavar="PEM", help="The signer's private key.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="File with the key's password; else it is asked.")
]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="Leave the new key unprotected: who has the file can sign.")
]


def load_key(file: Path, password_file: Path | None) -> "SigningKey":
    """A private key from its file. Raises BadKeyError or SettingError."""
    from playingage.rights import BadKeyError, SigningKey
    from playingage.rights.signing import is_locked

    try:
        pem = file.read_bytes()
    except OSError as error:
        raise BadKeyError(f"{file}: cannot be read: {error.strerror}", "Check the path of the key.") from error
    password = None
    if is_locked(pem):
        password = _from(password_file) if password_file is not None else _ask(f"Password of {file.name}", twice=False)
    return SigningKey.read(pem, password, str(file))


def new_password(password_file: Path | None, none: bool, what: str) -> bytes | None:
    """The password of a new key; None where the user wants none. Raises SettingError."""
    if none:
        if password_file is not None:
            raise SettingError("--no-password and a password file are given", "Leave out one of the two.")
        say("The key will not be protected: who has the file can sign.")
        return None
    return _from(password_file) if password_file is not None else _ask(f"New password for {what}", twice=True)


def _from(file: Path) -> bytes:
    try:
        password = file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise SettingError(f"{file}: the password cannot be read: {error.strerror}", "Check the path.") from error
    if not password:
        raise SettingError(f"{file}: holds no password", "Write the password into it, and nothing else.")
    return password


def _ask(prompt: str, *, twice: bool) -> bytes:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise SettingError("a password is needed, and nobody is there to type it", "Give it with --password-file.")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)).encode()
