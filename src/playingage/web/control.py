"""How other programs of this account reach a running server: a file that only the account can read.

It holds a token of its own, made up for each run, which is worth nothing once the server has stopped.
"""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any

from playingage.core import PlayingAgeError
from playingage.core.files import write_whole
from playingage.web.settings import ServerSettings

FORMAT, VERSION = "playingage-server", 1
_END = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Where a running server is. certificate: SHA-256 of the one that it shows, or empty without TLS."""

    file: Path
    address: str
    token: str = field(repr=False)
    certificate: str
    process: int

    @classmethod
    def make(cls, settings: ServerSettings, port: int, scheme: str) -> "Control":
        """Of a server that starts now in this process."""
        assert settings.control is not None
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
        shown = f"[{host}]" if ":" in host else host
        certificate = "" if settings.certificate is None else _fingerprint(settings.certificate)
        name = f"{settings.host.replace(':', '_')}-{port}.json"
        return cls(file=settings.control / name, address=f"{scheme}://{shown}:{port}",
                   token=secrets.token_urlsafe(24), certificate=certificate, process=os.getpid())

    @property
    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"format": FORMAT, "version": VERSION, "address": self.address, "token": self.token,
                "certificate": self.certificate, "process": self.process}

    def write(self) -> None:
        """Tell. Raises PlayingAgeError."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.file, json.dumps(self.document).encode() + b"\n", mode=0o600)
        except OSError as error:
            raise PlayingAgeError(f"{self.file}: cannot be written: {error.strerror}",
                                  "Make the folder writable, or set XDG_STATE_HOME to one that is.") from error

    def remove(self) -> None:
        """Tell no more."""
        with suppress(OSError):
            self.file.unlink()

    @classmethod
    def read(cls, file: Path) -> "Control":
        """As a server told. Raises PlayingAgeError."""
        try:
            value = json.loads(file.read_bytes())
            if value["format"] != FORMAT or value["version"] != VERSION:
                raise ValueError("another format or version")
            read = {name: value[name] for name in ("address", "token", "certificate", "process")}
            if not all(isinstance(read[name], str) for name in ("address", "token", "certificate")):
                raise ValueError("a field of the wrong kind")
            return cls(file=file, **read)
        except OSError as error:
            raise PlayingAgeError(f"{file}: cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise PlayingAgeError(f"{file}: does not say where a server is: {error}", "Remove it.") from None


def running(folder: Path) -> tuple[Control, ...]:
    """The servers of this account that run now; what a killed one left behind is removed. Raises PlayingAgeError."""
    found = []
    for file in sorted(folder.glob("*.json")):
        control = Control.read(file)
        if _alive(control.process):
            found.append(control)
        else:
            control.remove()
    return tuple(found)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _fingerprint(certificate: Path) -> str:
    """SHA-256 of the first certificate in a PEM file, as a client gets it."""
    text = certificate.read_text(encoding="ascii", errors="replace")
    first = text[text.index("-----BEGIN CERTIFICATE-----") : text.index(_END) + len(_END)]
    return sha256(PEM_cert_to_DER_cert(first)).hexdigest()
