"""Making, listing and revoking invitations, for administrators: the page `/access` and its API."""

import json
import math
from typing import Any
from urllib.parse import urlsplit

import segno
from aiohttp import web

from playingage.core import PlayingAgeError, SettingError
from playingage.web.access import Role, declare, me, name_of
from playingage.web.addresses import own_addresses
from playingage.web.guard import RefusedError
from playingage.web.invitations import Invitation, iso
from playingage.web.reception import Reception

_SEND = 'Send JSON: {"role": "viewer", "hours": 12, "name": "Director"} as application/json.'


class Desk:
    """Invitations over HTTP. `pages`: the files of the pages, by name."""

    def __init__(self, reception: Reception, pages: dict[str, bytes]) -> None:
        self._reception, self._pages = reception, pages
        self._invitations = reception.access.invitations

    def add_routes(self, application: web.Application) -> None:
        """All for administrators."""
        add = application.router
        for route in (
            add.add_get("/access", self._page),
            add.add_get("/api/invitations", self._list),
            add.add_post("/api/invitations", self._make),
            add.add_delete("/api/invitations/{id}", self._revoke),
        ):
            declare(application, route, Role.ADMINISTRATOR)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._pages["access.html"], content_type="text/html", charset="utf-8")

    async def _list(self, request: web.Request) -> web.StreamResponse:
        open_sockets = self._reception.counts()
        return web.json_response({
            "now": iso(self._invitations.now()), "me": me(request), "usable": bool(self._reception.settings.token),
            "invitations": [{**self._shown(each), "pages": open_sockets.get(each.id, 0)}
                            for each in self._invitations.list()],
        })

    async def _make(self, request: web.Request) -> web.StreamResponse:
        asked = await _body(request)
        if not self._reception.settings.token:
            raise RefusedError(409, "Only this machine reaches this server, and needs no invitation: start it with "
                                    "--host 0.0.0.0 for others.")
        try:
            async with self._reception.changing:
                made, token = self._invitations.draft(
                    asked.get("name"), asked.get("role"), asked.get("hours"), asked.get("once", False), name_of(request)
                )
                await self._reception.record("invitation-made", invitation=made.id, name=made.name, role=str(made.role),
                                             expires=iso(made.expires), once=made.once, by=made.by)
                self._invitations.add(made)
        except SettingError as error:
            raise RefusedError(422, error.diagnostics()) from None
        except PlayingAgeError as error:
            raise RefusedError(409, error.diagnostics()) from None
        bases = self._bases(request)
        addresses = [f"{base}/?token={token}" for base in bases]
        return web.json_response({**self._shown(made), "address": addresses[0], "addresses": addresses,
                                  "codes": [qr(each) for each in addresses]}, status=201)

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        found = self._invitations.get(request.match_info["id"])
        if found is None:
            raise RefusedError(404, "There is no such invitation.")
        async with self._reception.changing:
            if not found.ended(self._invitations.now()):
                await self._reception.record("invitation-revoked", invitation=found.id, name=found.name,
                                             role=str(found.role), by=name_of(request))
            try:
                return web.json_response(self._shown(self._invitations.revoke(found.id)))
            except PlayingAgeError as error:
                raise RefusedError(503, error.diagnostics()) from None

    def _shown(self, each: Invitation) -> dict[str, Any]:
        """Without its token, which nobody knows any more."""
        return {"id": each.id, "name": each.name, "role": str(each.role), "once": each.once, "made": iso(each.made),
                "by": each.by, "expires": iso(each.expires), "state": each.state(self._invitations.now()),
                "devices": len(each.devices)}

    def _bases(self, request: web.Request) -> list[str]:
        """Where others reach this server, the likeliest first."""
        settings = self._reception.settings
        scheme, port = request.scheme, self._reception.port
        # What the administrator came by works, unless that is this machine's own name for itself.
        came = urlsplit(f"{scheme}://{request.host}")
        direct: list[str] = []
        if came.hostname is not None and came.hostname not in ("localhost", "127.0.0.1", "::1"):
            direct.append(f"{scheme}://{request.host}")
        direct += [f"{scheme}://{name}:{port}" for name in settings.names if "://" not in name]
        if settings.host in ("0.0.0.0", "::"):
            version = 4 if settings.host == "0.0.0.0" else 6
            direct += [f"{scheme}://{_bracketed(each)}:{port}" for each in own_addresses()
                       if version == 6 or ":" not in each]
        elif not settings.loopback:
            direct.append(f"{scheme}://{_bracketed(settings.host)}:{port}")
        found = [*settings.origins, *direct]
        return list(dict.fromkeys(found)) or [f"{scheme}://{request.host}"]


def qr(text: str) -> list[str]:
    """A QR code, row by row: 1 is dark. Without its margin of four."""
    return ["".join("1" if dark else "0" for dark in row) for row in segno.make(text, error="m", micro=False).matrix]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise RefusedError(415, _SEND)
    try:
        value = json.loads(await request.text())
        if not isinstance(value, dict) or not set(value) <= {"role", "hours", "name", "once"}:
            raise ValueError
        if isinstance(hours := value.get("hours"), float) and not math.isfinite(hours):
            raise ValueError
    except (ValueError, RecursionError):
        raise RefusedError(400, _SEND) from None
    return value
