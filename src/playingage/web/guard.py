"""How a request must arrive: host names (DNS rebinding), origins (cross-site requests). Decisions only.

Who asks, and what they may, is `access`.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from playingage.web.settings import ServerSettings

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer."""
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """A request that is not served: HTTP status, words, and in how many seconds it may be tried again (0: no word)."""

    status: int
    words: str
    again: int = 0


class Guard:
    """Checks how requests arrive, against the settings. `own_names`: this machine's names."""

    def __init__(self, settings: ServerSettings, own_names: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._trusted = frozenset(settings.origins)
        self._proxied = frozenset(name.lower() for name in settings.hosts)
        self._names = {"localhost", *self._proxied, *(name.lower() for name in own_names)}

    def check(self, headers: Mapping[str, str], scheme: str) -> None:
        """Raise `RefusedError` unless the request may be served. `scheme`: of the connection, http or https."""
        host = headers.get("Host", "")
        self._check_host(host)
        self._check_origin(headers, host, scheme)
        if not self._settings.token and any(name in headers for name in _FORWARDED):
            raise RefusedError(403, "This came through a proxy, and the server knows of none: start it with --name.")

    def address(self, headers: Mapping[str, str], peer: str | None) -> str:
        """Where a request comes from. A proxy's word counts where there may be one, and only on this machine."""
        if self._settings.names and peer is not None and _loopback(peer):
            last = headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            try:
                return str(ipaddress.ip_address(last))
            except ValueError:
                return peer
        return peer or ""

    def encrypted(self, headers: Mapping[str, str], scheme: str) -> bool:
        """True when the browser speaks https, with this server or with the proxy before it."""
        return scheme == "https" or headers.get("X-Forwarded-Proto", "").lower() == "https"

    def _check_host(self, host: str) -> None:
        name = _hostname(host)
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            known = name in self._names
        else:
            known = address.is_loopback or not self._settings.loopback or name in self._proxied
        if not known:
            raise RefusedError(403, "This server does not answer to that host name.")

    def _check_origin(self, headers: Mapping[str, str], host: str, scheme: str) -> None:
        origin = headers.get("Origin")
        if origin is not None and not self._own(origin.lower(), host.lower(), scheme):
            raise RefusedError(403, "Requests from other sites are not served.")
        if (
            origin is None
            and headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
            and (headers.get("Sec-Fetch-Mode") != "navigate")
        ):
            raise RefusedError(403, "Requests from other sites are not served.")

    def _own(self, origin: str, host: str, scheme: str) -> bool:
        """A proxy that speaks TLS has the page's origin say https, where we hear http."""
        if origin == f"{scheme}://{host}" or origin in self._trusted:
            return True
        return _hostname(host) in self._proxied and origin == f"https://{host}"


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
