"""Invitations: a name, a role and an end. Decisions and their file; the time is passed in by a clock.

Neither tokens nor the devices' secrets are kept, only their SHA-256: both are 192 random bits, so that no slow hash is
needed. Used by the server's thread alone.
"""

import fcntl
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import IO, Any

from playingage.core import PlayingAgeError, SettingError, sha256_bytes
from playingage.core.files import write_whole

FORMAT, VERSION = "playingage-invitations", 1
MOST_HOURS = 168.0
MOST_DEVICES = 32
MOST_OPEN = 100
MOST_NAME = 60
_KEPT = 24 * 3600.0
"""Seconds for which an ended invitation stays in the list."""
RESERVED = ("administrator", "this machine")


class Role(IntEnum):
    """What somebody may do; each includes the ones before."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, word: object) -> "Role":
        """A role as written. Raises SettingError."""
        found = {str(role): role for role in cls if role is not cls.NOBODY}.get(word if isinstance(word, str) else "")
        if found is None:
            raise SettingError(f"{word!r} is no role", "There are viewer, operator and administrator.")
        return found


class InvitationError(PlayingAgeError):
    """An invitation that cannot be made, used or revoked, or the file in which they are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One invitation. made, expires, revoked: seconds since 1970. token: SHA-256. devices: SHA-256 and since when."""

    id: str
    name: str
    role: Role
    once: bool
    made: float
    by: str
    expires: float
    token: str
    revoked: float | None = None
    devices: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def ended(self, now: float) -> bool:
        """True when nobody may use it any more."""
        return self.revoked is not None or now >= self.expires

    def state(self, now: float) -> str:
        """In a word."""
        if self.revoked is not None:
            return "revoked"
        if now >= self.expires:
            return "expired"
        return "in use" if self.devices else "waiting"

    def document(self) -> dict[str, Any]:
        """Plain JSON, as it is kept."""
        return {
            **self.extra, "id": self.id, "name": self.name, "role": str(self.role), "once": self.once,
            "made": iso(self.made), "by": self.by, "expires": iso(self.expires), "token": self.token,
            "revoked": None if self.revoked is None else iso(self.revoked),
            "devices": {device: iso(since) for device, since in self.devices.items()},
        }

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Invitation":
        """As it was kept. Raises KeyError, TypeError, ValueError or SettingError."""
        rest = dict(value)
        read = {name: rest.pop(name) for name in ("id", "name", "role", "once", "made", "by", "expires", "token",
                                                  "revoked", "devices")}
        if not all(isinstance(read[name], str) for name in ("id", "name", "by", "token")) or (
            not isinstance(read["once"], bool) or len(read["token"]) != 64
        ):
            raise ValueError("a field of the wrong kind")
        return cls(
            id=read["id"], name=read["name"], role=Role.parse(read["role"]), once=read["once"],
            made=_time(read["made"]), by=read["by"], expires=_time(read["expires"]), token=read["token"],
            revoked=None if read["revoked"] is None else _time(read["revoked"]),
            devices={str(device): _time(since) for device, since in read["devices"].items()}, extra=rest,
        )


class Invitations:
    """All invitations of a server, newest last. `file`: where they outlive it; None: nowhere. Raises InvitationError.

    The clock may be set back while the server runs: time seen once does not come again.
    """

    def __init__(self, file: Path | None, clock: Callable[[], float]) -> None:
        self._file, self._clock = file, clock
        self._latest = clock()
        self._all: dict[str, Invitation] = {}
        self._extra: dict[str, Any] = {}
        self._devices: dict[str, str] = {}
        self._lock: IO[str] | None = None
        if file is not None:
            self._open(file)

    def now(self) -> float:
        """Seconds since 1970, never less than before."""
        self._latest = max(self._latest, self._clock())
        return self._latest

    def list(self) -> tuple[Invitation, ...]:
        """Those in force, and those that ended lately."""
        return tuple(self._all.values())

    def get(self, id: str) -> Invitation | None:
        """The invitation of that number."""
        return self._all.get(id)

    def draft(self, name: object, role: object, hours: object, once: object, by: str) -> tuple[Invitation, str]:
        """A checked invitation, not in force yet, and its token. Raises SettingError or InvitationError."""
        asked = Role.parse(role)
        clean = " ".join(name.split()) if isinstance(name, str) else ""
        if not 0 < len(clean) <= MOST_NAME or not clean.isprintable():
            raise SettingError(f"an invitation needs a name of 1 to {MOST_NAME} characters", "Say whom it is for.")
        if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= MOST_HOURS:
            raise SettingError(f"{hours!r} hours: an invitation lasts more than 0 and at most {MOST_HOURS:g} hours")
        if not isinstance(once, bool):
            raise SettingError(f"once is true or false, not {once!r}")
        now = self.now()
        open_now = [each for each in self._all.values() if not each.ended(now)]
        if clean.casefold() in (*RESERVED, *(each.name.casefold() for each in open_now)):
            raise InvitationError(f"there is a {clean!r} already", "Choose another name, or revoke that invitation.")
        if len(open_now) >= MOST_OPEN:
            raise InvitationError(f"{MOST_OPEN} invitations are in force", "Revoke some first.")
        token = secrets.token_urlsafe(24)
        made = Invitation(
            id=secrets.token_hex(4), name=clean, role=asked, once=once, made=now, by=by, expires=now + hours * 3600,
            token=hashed(token),
        )
        return made, token

    def add(self, invitation: Invitation) -> None:
        """Put a drafted invitation in force."""
        self._keep(invitation)

    def find(self, token: str) -> Invitation | None:
        """The invitation of a token, in force or not. Looks at all of them, however early it is found."""
        wanted, found = hashed(token), None
        for each in self._all.values():
            if hmac.compare_digest(each.token, wanted):
                found = each
        return found

    def enter(self, id: str) -> str:
        """Let one more device in: its secret, for the cookie. Raises InvitationError."""
        invitation = self._all[id]
        self.check(invitation)
        secret = secrets.token_urlsafe(24)
        devices = {**invitation.devices, hashed(secret): self.now()}
        self._keep(replace(invitation, devices=devices))
        return secret

    def check(self, invitation: Invitation) -> None:
        """Raise InvitationError unless one more device may come in."""
        if invitation.revoked is not None:
            raise InvitationError("This invitation was revoked.")
        if self.now() >= invitation.expires:
            raise InvitationError("This invitation has expired. Ask for another.")
        if invitation.once and invitation.devices:
            raise InvitationError("This invitation was for one device, and has been used. Ask for another.")
        if len(invitation.devices) >= MOST_DEVICES:
            raise InvitationError(f"{MOST_DEVICES} devices use this invitation. Ask for another.")

    def of_device(self, secret: str) -> Invitation | None:
        """The invitation by which the device with this secret came in; in force or not."""
        return self._all.get(self._devices.get(hashed(secret), ""))

    def revoke(self, id: str) -> Invitation:
        """End an invitation at once. Raises InvitationError."""
        invitation = self._all.get(id)
        if invitation is None:
            raise InvitationError("there is no such invitation")
        if not invitation.ended(self.now()):
            self._keep(replace(invitation, revoked=self.now()))
        return self._all[id]

    def close(self) -> None:
        """Let another server have the file."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _keep(self, changed: Invitation) -> None:
        """Stored first, then in force; those that ended long ago go."""
        now = self.now()
        new = {**self._all, changed.id: changed}
        new = {id: each for id, each in new.items() if now < min(each.expires, each.revoked or now) + _KEPT}
        if self._file is not None:
            document = {**self._extra, "format": FORMAT, "version": VERSION,
                        "invitations": [each.document() for each in new.values()]}
            try:
                write_whole(self._file, json.dumps(document, indent=1).encode() + b"\n", mode=0o600)
            except OSError as error:
                raise InvitationError(f"{self._file}: cannot be written: {error.strerror}; nothing was done",
                                      "Free space, or make the folder writable.") from error
        self._take(new)

    def _take(self, new: dict[str, Invitation]) -> None:
        self._all = new
        self._devices = {device: each.id for each in new.values() for device in each.devices}

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = file.with_suffix(".lock").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = file.read_bytes()
        except FileNotFoundError:
            return
        except BlockingIOError:
            self.close()
            raise InvitationError(f"{file}: is in use by another server",
                                  "Stop that one, or take another port.") from None
        except OSError as error:
            self.close()
            raise InvitationError(f"{file}: cannot be read: {error.strerror}", "Make it readable.") from error
        try:
            self._take(self._read(data))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SettingError) as error:
            self.close()
            raise InvitationError(f"{file}: is not a list of invitations, version {VERSION}: {error}",
                                  "Move it away: all invitations are then void.") from None

    def _read(self, data: bytes) -> dict[str, Invitation]:
        document = json.loads(data)
        if document.pop("format") != FORMAT or document.pop("version") != VERSION:
            raise ValueError("another format or version")
        read = [Invitation.parse(each) for each in document.pop("invitations")]
        self._extra = document
        return {each.id: each for each in read}


def hashed(secret: str) -> str:
    """SHA-256 of what somebody sent, which need not be proper text."""
    return sha256_bytes(secret.encode("utf-8", "surrogatepass"))


def iso(seconds: float) -> str:
    """Seconds since 1970 as UTC with offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat("T", "milliseconds")


def _time(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return moment.timestamp()
