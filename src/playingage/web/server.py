"""The monitors' server: pages, control API and socket, in a thread of its own."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiohttp import web

from playingage.core import PlayingAgeError, SettingError
from playingage.live import LiveRun
from playingage.web import inviting, protocol
from playingage.web.access import name_of
from playingage.web.guard import RefusedError
from playingage.web.mirror import MirrorPart
from playingage.web.serving import Handler, PageServer
from playingage.web.settings import ServerSettings
from playingage.web.visit import Visit

log = logging.getLogger(__name__)
_HEARTBEAT = 10.0


class Part(Protocol):
    """Something more that the server serves: takes, a mirror."""

    def add_routes(self, application: web.Application) -> None:
        """Say what; called once, before the server starts."""
        ...


class MonitorServer(PageServer):
    """Serves the monitors and the console of a `LiveRun`, and what `parts` add."""

    def __init__(
        self, run: LiveRun, settings: ServerSettings | None = None, *, parts: Sequence[Part] = (),
        died: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(settings, most_in=protocol.MOST_IN, died=died)
        self._run, self._parts = run, parts

    def add_routes(self, application: web.Application) -> None:
        """The monitors, the API and the socket."""
        application.router.add_get("/", self._page("both"))
        application.router.add_get("/monitor/camera", self._page("camera"))
        application.router.add_get("/monitor/aged", self._page("aged"))
        application.router.add_get("/console", self._console)
        application.router.add_get("/api/state", self._state)
        application.router.add_post("/api/act", self._act)
        application.router.add_post("/api/age", self._age)
        application.router.add_get("/socket", self._socket)
        inviting.Desk(self.reception, self.pages).add_routes(application)
        parts: tuple[Part, ...] = (MirrorPart(), *self._parts)
        for part in parts:
            part.add_routes(application)

    def _page(self, pictures: str) -> Handler:
        body = self.pages["monitor.html"].replace(b'data-pictures="both"', f'data-pictures="{pictures}"'.encode())

        async def handle(request: web.Request) -> web.StreamResponse:
            return web.Response(body=body, content_type="text/html", charset="utf-8")

        return handle

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._run.snapshot())

    async def _age(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            raise RefusedError(415, 'Send JSON: {"age": 35} as application/json.')
        try:
            value = json.loads(await request.text())
            if not isinstance(value, dict) or set(value) != {"age"}:
                raise ValueError
        except (ValueError, RecursionError):
            raise RefusedError(400, 'Send JSON: {"age": 35}.') from None
        try:
            after = self._run.set_age(value["age"])
        except SettingError as error:
            raise RefusedError(422, error.diagnostics()) from None
        return web.json_response({"age": self._run.age, "after_frame": after})

    async def _console(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.pages["console.html"], content_type="text/html", charset="utf-8")

    async def _act(self, request: web.Request) -> web.StreamResponse:
        """An act of the direction, by program: {"act": "scene", "scene": "12"}; the answer is the on-set state."""
        try:
            value = json.loads(await request.text()) if request.content_type == "application/json" else None
            if not isinstance(value, dict) or not isinstance(value.get("act"), str):
                raise ValueError
        except (ValueError, RecursionError):
            raise RefusedError(400, 'Send JSON: {"act": "scene", "scene": "12"} as application/json.') from None
        values = {key: each for key, each in value.items() if key != "act"}
        try:
            state = await asyncio.to_thread(self._run.direction.act, value["act"], values, name_of(request))
        except PlayingAgeError as error:
            raise RefusedError(422, error.diagnostics()) from None
        return web.json_response(state.document)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        answer = web.WebSocketResponse(
            heartbeat=_HEARTBEAT,
            compress=False,
            max_msg_size=protocol.MOST_IN,
            writer_limit=1 << 18,
            timeout=2.0,
        )
        try:
            await answer.prepare(request)
            try:
                visit = Visit(self._run, answer, request)
            except PlayingAgeError as error:
                full: dict[str, Any] = {"type": "full", "words": error.what}
                await answer.send_str(json.dumps(full))
                await answer.close(code=1013, message=b"full")
                return answer
            await self.attend(answer, visit.serve())
        except ConnectionError:
            log.debug("a page went away")
        return answer
