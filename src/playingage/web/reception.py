"""What stands before every handler: how a request arrives (`guard`), whose it is (`access`), and how long that holds.

Runs in the server's loop. An open socket or a long answer ends within a second when its invitation does.
"""

import asyncio
import html
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from playingage.core import PlayingAgeError
from playingage.web.access import GUEST, Access, Asked, Guest, Role, needed, prepare, require
from playingage.web.guard import HEADERS, Guard, RefusedError
from playingage.web.invitations import InvitationError
from playingage.web.settings import ServerSettings

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ENDED = 4401
"""WebSocket close code: the invitation has ended."""
_LOOK, _GOODBYE = 0.25, 0.7
_UNKNOWN_FOR, _MOST_UNKNOWN, _MOST_SOCKETS = 10.0, 32, 20
_REFUSED = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Playing Age</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark">
</head><body><h1>Playing Age</h1><p>{}</p></body></html>
"""


class _Proper(logging.Filter):
    """Requests that are none are the sender's fault, and their text may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


requests_log = logging.getLogger("playingage.web.requests")
requests_log.addFilter(_Proper())


@dataclass(slots=True, eq=False)
class _Served:
    request: web.Request
    guest: Guest
    socket: web.WebSocketResponse | None = None
    ended: bool = False


_SERVED: web.RequestKey[_Served] = web.RequestKey("served", _Served)


class Reception:
    """Lets requests in, and out again. Raises InvitationError where the file of invitations cannot be used."""

    def __init__(self, settings: ServerSettings, port: int, *, access: Access | None = None) -> None:
        name = socket.gethostname()
        self.settings, self.port = settings, port
        self.access = access or Access(settings, port, warn=log.warning)
        self._guard = Guard(settings, (name, f"{name}.local"))
        self._served: set[_Served] = set()
        self._known: set[object] = set()
        self._since: dict[object, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.changing = asyncio.Lock()
        """Held while an invitation is recorded and then made, used or revoked."""

    def application(self, most_in: int) -> web.Application:
        """An application behind this reception. `most_in`: bytes of the longest body."""
        application = web.Application(middlewares=[self._checked], client_max_size=most_in)
        prepare(application, self.access)
        application.on_response_prepare.append(self._noticed)
        return application

    async def record(self, event: str, **details: Any) -> None:
        """Write down what is about to happen. Raises RefusedError when that cannot be: then it does not."""
        said = ", ".join(f"{name} {value!r}" for name, value in details.items())
        log.info("%s: %s", event, said)
        if self.settings.record is not None:
            try:
                await asyncio.to_thread(self.settings.record, event, details)
            except PlayingAgeError as error:
                log.warning("%s", error.diagnostics())
                raise RefusedError(503, f"Not done, as it cannot be recorded: {error.what}") from None

    async def watch(self, server: web.Server) -> None:
        """End what an ended invitation still holds open, and connections that never say who they are."""
        while True:
            await asyncio.sleep(_LOOK)
            for served in tuple(self._served):
                if not served.ended and self.access.role(served.guest) is Role.NOBODY:
                    served.ended = True
                    task = asyncio.create_task(self._end(served))
                    self._closing.add(task)
                    task.add_done_callback(self._closing.discard)
            self._sweep(server.connections)

    def counts(self) -> Mapping[str, int]:
        """Open sockets by the invitation's number."""
        return Counter(each.guest.invitation for each in self._served if each.socket is not None)

    @web.middleware
    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await self._serve(request, handler)
        except RefusedError as refusal:
            response = _refusal(request, refusal)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.reason}\n")
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._guard.check(request.headers, request.scheme)
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        asked = Asked(
            token=request.query.get("token", ""), bearer=bearer.strip() if scheme.lower() == "bearer" else "",
            cookies=request.cookies, address=self._guard.address(request.headers, request.remote),
        )
        guest = self.access.admit(asked)
        request[GUEST] = guest
        self._known.add(request.protocol)
        if asked.token and request.method == "GET" and "Upgrade" not in request.headers:
            return await self._enter(request, guest, asked.address)
        self.access.stay_out(guest)
        require(request, needed(request.app, request.match_info.route))
        if "Upgrade" in request.headers and guest.role < Role.ADMINISTRATOR and self._sockets(guest) >= _MOST_SOCKETS:
            raise RefusedError(429, f"{_MOST_SOCKETS} pages are open here already.")
        served = request[_SERVED] = _Served(request, guest)
        self._served.add(served)
        try:
            return await handler(request)
        finally:
            self._served.discard(served)

    async def _enter(self, request: web.Request, guest: Guest, address: str) -> web.StreamResponse:
        """Trade the token in the address for a cookie, and go on without it."""
        if request.match_info.http_exception is not None:
            raise request.match_info.http_exception
        if "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
            raise RefusedError(403, "Not before somebody opens it.")
        clean = request.rel_url.with_query([(k, v) for k, v in request.query.items() if k != "token"])
        response = web.Response(status=303, headers={"Location": f"/{str(clean).lstrip('/')}"})
        if not guest.device:
            async with self.changing:
                self.access.may_enter(guest)
                if guest.invitation:
                    await self.record("invitation-used", invitation=guest.invitation, name=guest.name,
                                      role=str(guest.role), address=address)
                try:
                    secret, seconds = self.access.enter(guest)
                except InvitationError as error:
                    raise RefusedError(503, error.diagnostics()) from None
            encrypted = self._guard.encrypted(request.headers, request.scheme)
            response.set_cookie(self.access.cookie(guest.role, encrypted), secret, httponly=True, samesite="Lax",
                                path="/", secure=encrypted, max_age=seconds)
        return response

    async def _noticed(self, request: web.Request, response: web.StreamResponse) -> None:
        if isinstance(response, web.WebSocketResponse):
            request[_SERVED].socket = response

    def _sockets(self, guest: Guest) -> int:
        return sum(each.socket is not None and (each.guest.invitation, each.guest.device) ==
                   (guest.invitation, guest.device) for each in self._served)

    async def _end(self, served: _Served) -> None:
        transport = served.request.transport
        if served.socket is not None:
            try:
                async with asyncio.timeout(_GOODBYE):
                    await served.socket.close(code=ENDED, message=b"the invitation has ended")
            except (TimeoutError, ConnectionError):
                log.debug("a page did not say goodbye")
        if transport is not None:
            transport.abort()

    def _sweep(self, connections: Iterable[web.RequestHandler]) -> None:
        now, unknown = asyncio.get_running_loop().time(), Counter[str]()
        there = list(connections)
        self._known &= set(there)
        self._since = {each: self._since.get(each, now) for each in there}
        for each in there:
            transport = each.transport
            if each in self._known or transport is None:
                continue
            peer = str((transport.get_extra_info("peername") or ("",))[0])
            unknown[peer] += 1
            if now - self._since[each] > _UNKNOWN_FOR or unknown[peer] > _MOST_UNKNOWN:
                transport.abort()


def _refusal(request: web.Request, refusal: RefusedError) -> web.Response:
    """Words, as a page where a person reads them."""
    if "text/html" in request.headers.get("Accept", ""):
        response = web.Response(status=refusal.status, text=_REFUSED.format(html.escape(refusal.words)),
                                content_type="text/html")
    else:
        response = web.Response(status=refusal.status, text=refusal.words + "\n")
    if refusal.again:
        response.headers["Retry-After"] = str(refusal.again)
    return response
