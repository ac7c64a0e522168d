"""Who asks, and what they may: the printed token, invitations, roles of routes. Decisions only; the clock is passed in.

Every request is somebody's: `role_of`, `name_of` and `require` tell whose, as it stands now, also in the middle of a
socket. A route needs a viewer if it only reads and an operator otherwise, unless `declare` says another role.
"""

import hmac
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any

from aiohttp import web

from playingage.web.guard import RefusedError
from playingage.web.invitations import Invitation, InvitationError, Invitations, Role, hashed, iso
from playingage.web.settings import ServerSettings

_TRIES, _FIRST_WAIT, _MOST_WAIT, _FORGET = 5, 1.0, 60.0, 3600.0
_MOST_ADDRESSES = 4096
_LONGEST = 256
ADMINISTRATOR, HERE, COMMAND = "administrator", "this machine", "command line"
_ASK = "This server asks for an invitation: open the whole address that you were given, with ?token= in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Whose a request is. invitation: its number, or none. device: the SHA-256 of what its cookie holds, or none."""

    name: str
    role: Role
    invitation: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request shows to be let in. address: where it comes from."""

    token: str = ""
    bearer: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: str = ""


@dataclass(slots=True)
class _Tries:
    wrong: set[str] = field(default_factory=set)
    count: int = 0
    until: float = 0.0
    last: float = -math.inf


class Limit:
    """Wrong tokens by address: after a few, each further one costs twice the wait, up to a minute.

    What was wrong before and comes again (a forgotten page that tries on) counts once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def waits(self, address: str) -> int:
        """Seconds until this address may show another token, 0 if at once."""
        tries = self._tries.get(_group(address))
        return 0 if tries is None or tries.count < _TRIES else max(0, math.ceil(tries.until - self._clock()))

    def wrong(self, address: str, secret: str) -> bool:
        """Count a wrong one. True when the address is refused from now on, the first time."""
        now, group = self._clock(), _group(address)
        tries = self._tries.setdefault(group, _Tries())
        self._tries.move_to_end(group)
        while len(self._tries) > _MOST_ADDRESSES:
            self._tries.popitem(last=False)
        if now - tries.last > _FORGET:
            tries.wrong, tries.count = set(), 0
        tries.last = now
        known = hashed(secret)
        if known in tries.wrong:
            return False
        if len(tries.wrong) < 64:
            tries.wrong.add(known)
        tries.count += 1
        over = tries.count - _TRIES
        if over >= 0:
            tries.until = now + min(_MOST_WAIT, _FIRST_WAIT * 2.0 ** min(over, 16))
        return over == 0


class Access:
    """Lets requests in. `clock`: seconds since 1970. `port` is part of the cookies' names.

    Raises InvitationError where the file of invitations cannot be used.
    """

    def __init__(
        self, settings: ServerSettings, port: int, *, clock: Callable[[], float] = time.time,
        limit: Limit | None = None, warn: Callable[[str], None] = lambda words: None,
    ) -> None:
        self.invitations = Invitations(settings.invitations, clock)
        self.limit = limit or Limit()
        self._settings, self._port, self._warn = settings, port, warn
        self.command_token = ""
        """Of the programs of this account; made up by whoever tells them."""

    def cookie(self, role: Role, encrypted: bool) -> str:
        """Its name, one for each role, so that a link for viewers does not put an administrator out."""
        return f"{'__Host-' if encrypted else ''}playingage-{self._port}-{role}"

    def admit(self, asked: Asked) -> Guest:
        """Whose request it is. Raises RefusedError: 401, or 429 after too many wrong tokens."""
        if not self._settings.token:
            return Guest(name=HERE, role=Role.ADMINISTRATOR)
        best: Guest | None = None
        ended: Invitation | None = None
        stale = ""
        for role in (Role.ADMINISTRATOR, Role.OPERATOR, Role.VIEWER):
            for encrypted in (True, False):
                given = asked.cookies.get(self.cookie(role, encrypted), "")
                if not given:
                    continue
                guest, past = self._of_cookie(given)
                ended, stale = ended or past, stale or (given if guest is None and past is None else "")
                if guest is not None and (best is None or guest.role > best.role):
                    best = guest
        shown = asked.token or asked.bearer
        if shown:
            return self._of_token(shown, asked.address, best)
        if best is not None:
            return best
        if ended is not None:
            raise RefusedError(401, _end_words(ended))
        if stale:
            self._check_wait(asked.address)
            self._wrong(asked.address, stale)
        raise RefusedError(401, _ASK)

    def stay_out(self, guest: Guest) -> None:
        """For a token that comes with a request which is no page: one for one device would never be used up so."""
        invitation = self.invitations.get(guest.invitation)
        if invitation is not None and not guest.device and invitation.once:
            raise RefusedError(401, "This invitation is for one browser: open its address there.")

    def may_enter(self, guest: Guest) -> None:
        """Raise RefusedError unless this guest's token may let one more device in."""
        if (invitation := self.invitations.get(guest.invitation)) is not None:
            try:
                self.invitations.check(invitation)
            except InvitationError as error:
                raise RefusedError(401, error.what) from None

    def enter(self, guest: Guest) -> tuple[str, int | None]:
        """Let the device of a guest with a token in: the cookie's value, and for how many seconds; None: this session.

        Raises RefusedError or InvitationError.
        """
        if not guest.invitation:
            nonce = secrets.token_urlsafe(24)
            return f"{nonce}.{self._signed(nonce)}", None
        self.may_enter(guest)
        invitation = self.invitations.get(guest.invitation)
        assert invitation is not None
        return self.invitations.enter(guest.invitation), max(1, int(invitation.expires - self.invitations.now()))

    def role(self, guest: Guest) -> Role:
        """What this guest may do now: nothing once the invitation has ended."""
        if not guest.invitation:
            return guest.role
        invitation = self.invitations.get(guest.invitation)
        if invitation is None or invitation.ended(self.invitations.now()):
            return Role.NOBODY
        return invitation.role

    def about(self, guest: Guest) -> dict[str, Any]:
        """For the guest's own page: name, role, and when it ends."""
        invitation = self.invitations.get(guest.invitation)
        return {"name": guest.name, "role": str(self.role(guest)),
                "until": None if invitation is None else iso(invitation.expires)}

    def _of_cookie(self, given: str) -> tuple[Guest | None, Invitation | None]:
        """The guest, or the invitation that has ended, or neither."""
        if len(given) > _LONGEST:
            return None, None
        device = hashed(given)
        nonce, _, signed = given.partition(".")
        if signed and same(signed, self._signed(nonce)):
            return Guest(name=ADMINISTRATOR, role=Role.ADMINISTRATOR, device=device), None
        invitation = self.invitations.of_device(given)
        if invitation is None:
            return None, None
        if invitation.ended(self.invitations.now()):
            return None, invitation
        return _guest(invitation, device), None

    def _signed(self, nonce: str) -> str:
        """What shows that a cookie came from whoever knows the printed token: from this run, started again or not."""
        said = f"administrator {nonce}".encode("utf-8", "surrogatepass")
        return hmac.new(self._settings.token.encode("utf-8", "surrogatepass"), said, "sha256").hexdigest()

    def _of_token(self, shown: str, address: str, best: Guest | None) -> Guest:
        self._check_wait(address)
        if same(shown, self._settings.token):
            return Guest(name=ADMINISTRATOR, role=Role.ADMINISTRATOR)
        if self.command_token and same(shown, self.command_token):
            return Guest(name=COMMAND, role=Role.ADMINISTRATOR)
        invitation = self.invitations.find(shown) if len(shown) <= _LONGEST else None
        if invitation is None:
            self._wrong(address, shown)
            raise RefusedError(401, "That token is not a right one. Open the address as it was given to you.")
        if invitation.ended(self.invitations.now()):
            raise RefusedError(401, _end_words(invitation))
        if best is not None and (best.role > invitation.role or best.invitation == invitation.id):
            return best
        return _guest(invitation, "")

    def _check_wait(self, address: str) -> None:
        if waits := self.limit.waits(address):
            raise RefusedError(429, f"Too many wrong tokens came from here. Wait {waits} s.", waits)

    def _wrong(self, address: str, secret: str) -> None:
        if self.limit.wrong(address, secret[:_LONGEST]):
            self._warn(f"{_TRIES} wrong tokens came from {address}: it has to wait between further ones")


def _guest(invitation: Invitation, device: str) -> Guest:
    return Guest(name=invitation.name, role=invitation.role, invitation=invitation.id, device=device)


def _end_words(invitation: Invitation) -> str:
    what = "was revoked" if invitation.revoked is not None else "has expired"
    return f"The invitation of {invitation.name} {what}. Ask the crew for another one."


def _group(address: str) -> str:
    """An address, or the network of one household's IPv6 addresses."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


def same(given: str, wanted: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass"))


ACCESS: web.AppKey[Access] = web.AppKey("access", Access)
_Needs = dict[tuple[web.AbstractResource | None, str], Role]
_NEEDS: web.AppKey[_Needs] = web.AppKey("needs", dict)
GUEST: web.RequestKey[Guest] = web.RequestKey("guest", Guest)


def prepare(application: web.Application, access: Access) -> None:
    """Make an application one whose requests are somebody's."""
    application[ACCESS] = access
    application[_NEEDS] = {}


def declare(application: web.Application, route: web.AbstractRoute, role: Role) -> None:
    """Say which role a route needs, where that is not the usual one."""
    application[_NEEDS][route.resource, _method(route)] = role


def needed(application: web.Application, route: web.AbstractRoute) -> Role:
    """The role that a route needs: as declared, else a viewer to read and an operator for everything else."""
    declared = application[_NEEDS].get((route.resource, _method(route)))
    if declared is not None:
        return declared
    return Role.VIEWER if _method(route) == "GET" else Role.OPERATOR


def _method(route: web.AbstractRoute) -> str:
    return "GET" if route.method == "HEAD" else route.method


def role_of(request: web.Request) -> Role:
    """What whoever made this request may do now; NOBODY when their invitation has ended since."""
    return request.app[ACCESS].role(request[GUEST])


def name_of(request: web.Request) -> str:
    """Who made this request, for the record."""
    return request[GUEST].name


def me(request: web.Request) -> dict[str, Any]:
    """For the page: `name`, `role`, `until` (time with offset, or None)."""
    return request.app[ACCESS].about(request[GUEST])


def require(request: web.Request, role: Role) -> None:
    """Raise RefusedError unless whoever made this request may do what `role` may, now."""
    now = role_of(request)
    if now is Role.NOBODY:
        raise RefusedError(401, "Your invitation has ended. Ask the crew for another one.")
    if now < role:
        raise RefusedError(403, f"This needs an {role}; you are here as {now}.")


__all__ = ["ACCESS", "GUEST", "Access", "Asked", "Guest", "Limit", "Role", "declare", "me", "name_of", "needed",
           "prepare", "require", "role_of"]
