"""Settings of the monitors' server."""

import ipaddress
import secrets
from dataclasses import dataclass

from playingage.core import SettingError

_LEAST_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens and who may look. Raises `SettingError` when a value does not fit.

    host: an IP address or `localhost`. port: 0 for any free one. token: asked of every viewer; made up when the
    address is not loopback and none is given; at least 16 characters. names: further host names under which the
    server is reached.
    """

    host: str = "127.0.0.1"
    port: int = 8035
    token: str = ""
    names: tuple[str, ...] = ()

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
        if not self.loopback and not self.token:
            object.__setattr__(self, "token", secrets.token_urlsafe(24))

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the server."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
