"""Who may ask: host names (DNS rebinding), origins (cross-site requests), the token. Decisions only."""

import hmac
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


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """A request that is not served: HTTP status and words."""

    status: int
    words: str


class Guard:
    """Checks requests against the settings. `own_names`: this machine's names. `port`: the one really listened on."""

    def __init__(self, settings: ServerSettings, port: int, own_names: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._names = {"localhost", *(name.lower() for name in (*settings.names, *own_names))}
        self.cookie = f"playingage-{port}"

    def check(self, headers: Mapping[str, str], cookies: Mapping[str, str], query_token: str, scheme: str) -> bool:
        """Raise `RefusedError` unless the request may be served. True when the token came in the address."""
        host = headers.get("Host", "")
        self._check_host(host)
        self._check_origin(headers, f"{scheme}://{host}")
        wanted = self._settings.token
        if not wanted:
            return False
        if query_token:
            if not _same(query_token, wanted):
                raise RefusedError(401, "That token is not the right one.")
            return True
        bearer = headers.get("Authorization", "").removeprefix("Bearer ")
        if not (_same(cookies.get(self.cookie, ""), wanted) or _same(bearer, wanted)):
            raise RefusedError(401, "This monitor asks for a token. Open the address with ?token= that was printed.")
        return False

    def _check_host(self, host: str) -> None:
        name = _hostname(host)
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            known = name in self._names
        else:
            known = address.is_loopback or not self._settings.loopback
        if not known:
            raise RefusedError(403, "This server does not answer to that host name.")

    def _check_origin(self, headers: Mapping[str, str], own: str) -> None:
        origin = headers.get("Origin")
        if origin is not None and origin.lower() != own.lower():
            raise RefusedError(403, "Requests from other sites are not served.")
        if (
            origin is None
            and headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
            and (headers.get("Sec-Fetch-Mode") != "navigate")
        ):
            raise RefusedError(403, "Requests from other sites are not served.")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
