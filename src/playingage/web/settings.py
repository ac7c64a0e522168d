"""Settings of the monitors' server."""

import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playingage.core import SettingError

_LEAST_TOKEN = 16
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)
Record = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens and who may look. Raises `SettingError` when a value does not fit.

    host: an IP address or `localhost`. port: 0 for any free one. token: the administrator's; made up when the address
    is not loopback, or has a name, and none is given; at least 16 characters. names: under which the server is reached
    too: hosts (`monitor.set`), or whole origins of a proxy before it (`https://monitor.set:8443`).
    certificate, key: PEM files, for TLS. invitations: file in which they are kept; None: in memory. control: folder in
    which a running server says how other programs of this account reach it; None: nowhere. record: called with event
    and details before an invitation is made, used or revoked; what it raises as PlayingAgeError prevents that.
    """

    host: str = "127.0.0.1"
    port: int = 8035
    token: str = field(default="", repr=False)
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    invitations: Path | None = None
    control: Path | None = None
    record: Record | None = None

    def __post_init__(self) -> None:
        if isinstance(self.port, bool) or not 0 <= self.port <= 65535:
            raise SettingError(f"port {self.port} is not between 0 and 65535")
        if self.host != "localhost":
            try:
                ipaddress.ip_address(self.host)
            except ValueError:
                raise SettingError(
                    f"{self.host!r} is not an IP address to listen on",
                    "Use 127.0.0.1, or 0.0.0.0 for all of this machine's.",
                ) from None
        if self.token and len(self.token) < _LEAST_TOKEN:
            raise SettingError(f"a token of {len(self.token)} characters is too short: {_LEAST_TOKEN} at least")
        if (self.certificate is None) != (self.key is None):
            raise SettingError("TLS needs a certificate and its private key", "Give both files, or neither.")
        object.__setattr__(self, "names", tuple(_checked(name) for name in self.names))
        # Before a server with a name stands a proxy, as a rule: then this machine's own address is everybody's.
        if (not self.loopback or self.names) and not self.token:
            object.__setattr__(self, "token", secrets.token_urlsafe(24))

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the server."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback

    @property
    def origins(self) -> tuple[str, ...]:
        """The names that are whole origins, lower case."""
        return tuple(name for name in self.names if "://" in name)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of all names, lower case."""
        return tuple(urlsplit(name).hostname or "" if "://" in name else name for name in self.names)


def _checked(name: str) -> str:
    """A host or an origin, lower case. Raises SettingError."""
    text = name.strip().lower().rstrip("/")
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port, plain = parts.hostname or "", parts.port, "://" not in text
    except ValueError:
        host, port, plain = "", None, True
    fits = _HOST.fullmatch(host) is not None or _is_address(host)
    if fits and plain and port is None and text.strip("[]") == host:
        return host
    if fits and not plain and parts.scheme in ("http", "https") and text == f"{parts.scheme}://{parts.netloc}" and (
        "@" not in parts.netloc
    ):
        # A browser leaves the usual port out of what it sends.
        usual = {"http": 80, "https": 443}[parts.scheme]
        return text.removesuffix(f":{usual}") if port == usual else text
    raise SettingError(f"{name!r} is neither a host name nor an origin",
                       "Write it like monitor.set, or https://monitor.set:8443.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
