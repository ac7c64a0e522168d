"""Addresses as they may be shown, logged and recorded: without names of users, passwords and keys."""

import re
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "***"
_SECRET = re.compile(r"user|login|pass|pwd|key|token|auth|secret|sig|cred", re.IGNORECASE)


def shown_address(address: str) -> str:
    """A source's address, anything that may let others in replaced by ***; files, devices and patterns as they are."""
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return f"{address.partition('://')[0]}://{HIDDEN}"
    user, at, host = parts.netloc.rpartition("@")
    query = "&".join(
        f"{name}={HIDDEN}" if _SECRET.search(name) else f"{name}{is_}{value}"
        for name, is_, value in (each.partition("=") for each in parts.query.split("&"))
    )
    return urlunsplit((parts.scheme, f"{HIDDEN}@{host}" if user else f"{at}{host}", parts.path, query, ""))
