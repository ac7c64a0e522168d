"""What the address of an output means, and how it may be shown: never with its key or password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from playingage.core import SettingError

HIDDEN = "****"
_DEVICE = re.compile(r"/dev/video\d+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_OPEN = ("mode", "latency", "listen", "pkt_size", "ttl", "localaddr")
"""Fields of a query that hold no secret; the values of all others are hidden."""
FORMS = (
    "udp://HOST:PORT, tcp://HOST:PORT, rtmp://HOST/APP/KEY, rtmps://, srt://HOST:PORT, whip+https://HOST/PATH,"
    " file:NAME.ts, /dev/videoN or ndi:NAME"
)


class Carrier(Enum):
    """How pictures leave."""

    STREAM = "stream"
    FILE = "file"
    RTMP = "rtmp"
    SRT = "srt"
    WHIP = "whip"
    CAMERA = "camera"
    NDI = "ndi"


_CARRIERS = {
    "udp": Carrier.STREAM, "tcp": Carrier.STREAM, "rtmp": Carrier.RTMP, "rtmps": Carrier.RTMP, "srt": Carrier.SRT,
    "whip+https": Carrier.WHIP, "whip+http": Carrier.WHIP, "file": Carrier.FILE, "ndi": Carrier.NDI,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAddress:
    """Where an output goes. `target` is for the carrier only; `shown`, which is also its text, may be logged.

    source: the text as it was given. secrets: what must appear nowhere, in `target`'s own form and decoded.
    """

    carrier: Carrier
    target: str = field(repr=False)
    shown: str
    source: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> OutputAddress:
        """Read an address; its errors show no secret. Raises SettingError."""
        return replace(_parse(text.strip()), source=text.strip())

    def clean(self, words: str) -> str:
        """The words without this address's secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            words = words.replace(secret, HIDDEN)
        return words

    def __str__(self) -> str:
        return self.shown


def _parse(text: str) -> OutputAddress:
    if _DEVICE.fullmatch(text):
        return OutputAddress(carrier=Carrier.CAMERA, target=text, shown=text)
    match = _SCHEME.match(text)
    scheme = match.group(1).lower() if match else ""
    carrier = _CARRIERS.get(scheme)
    if carrier is None:
        said = f"outputs of the form {scheme}: are not known" if match else "an output's address has no known form"
        raise SettingError(said, f"Use {FORMS}.")
    if carrier in (Carrier.FILE, Carrier.NDI):
        return _named(carrier, text[len(scheme) + 1 :], scheme)
    return _of_host(carrier, scheme, text)


def _named(carrier: Carrier, name: str, scheme: str) -> OutputAddress:
    name = unquote(name) if carrier is Carrier.NDI else name
    if not name:
        raise SettingError(f"{scheme}: names nothing", "Write file:take.ts or ndi:NAME.")
    if carrier is Carrier.FILE and Path(name).suffix.lower() != ".ts":
        raise SettingError(f"file:{name}: an output's file is MPEG-TS and ends in .ts", "Name it file:NAME.ts.")
    return OutputAddress(carrier=carrier, target=name, shown=f"{scheme}:{name}")


def _of_host(carrier: Carrier, scheme: str, text: str) -> OutputAddress:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise SettingError(f"{scheme}://{HIDDEN}: has no valid host and port", f"Use {FORMS}.") from None
    shown, secrets = _masked(carrier, parts)
    listens = scheme in ("srt", "tcp") and any(pair in parse_qsl(parts.query) for pair in (("mode", "listener"),
                                                                                         ("listen", "1")))
    if not parts.hostname and not (listens and scheme == "srt"):
        raise SettingError(f"{shown}: has no host", f"Use {FORMS}.")
    if port is None and scheme in ("udp", "tcp", "srt"):
        raise SettingError(f"{shown}: has no port", f"Write {scheme}://HOST:PORT.")
    if carrier is Carrier.RTMP and len([part for part in parts.path.split("/") if part]) < 2:
        raise SettingError(f"{shown}: RTMP wants an application and a key", f"Write {scheme}://HOST/APP/KEY.")
    target = text.split("+", 1)[1] if carrier is Carrier.WHIP else text
    return OutputAddress(carrier=carrier, target=target, shown=shown, secrets=secrets)


def _masked(carrier: Carrier, parts: SplitResult) -> tuple[str, tuple[str, ...]]:
    """The address as it may be shown, and what was hidden in it."""
    hidden: list[str] = []
    user, at, host = parts.netloc.rpartition("@")
    if user:
        hidden += [user, *user.split(":", 1)]
    path = parts.path
    if carrier is Carrier.WHIP and path.strip("/"):
        hidden += [path, *(part for part in path.split("/") if part)]
        path = f"/{HIDDEN}"
    elif carrier is Carrier.RTMP and path.strip("/"):
        before, _, key = path.rstrip("/").rpartition("/")
        hidden.append(key)
        path = f"{before}/{HIDDEN}"
    query = []
    for field_of in filter(None, parts.query.split("&")):
        name, _, value = field_of.partition("=")
        known = name in _OPEN
        query.append(f"{name}={value if known else HIDDEN}")
        hidden += [] if known else [value]
    secrets = tuple(dict.fromkeys(each for secret in hidden for each in (secret, unquote(secret)) if len(each) > 2))
    shown = f"{parts.scheme}://{HIDDEN + at if user else ''}{host}{path}{'?' if query else ''}{'&'.join(query)}"
    return shown, secrets
