"""The monitors' server: pages, control API and socket, in a thread of its own."""

import json
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web

from playingage.core import PlayingAgeError, SettingError
from playingage.live import LiveRun
from playingage.web import protocol
from playingage.web.guard import RefusedError
from playingage.web.serving import Handler, PageServer
from playingage.web.settings import ServerSettings
from playingage.web.visit import Visit

log = logging.getLogger(__name__)
_HEARTBEAT = 10.0


class MonitorServer(PageServer):
    """Serves the monitors of a `LiveRun`."""

    def __init__(
        self, run: LiveRun, settings: ServerSettings | None = None, *, died: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(settings, most_in=protocol.MOST_IN, died=died)
        self._run = run

    def add_routes(self, application: web.Application) -> None:
        """The monitors, the API and the socket."""
        application.router.add_get("/", self._page("both"))
        application.router.add_get("/monitor/camera", self._page("camera"))
        application.router.add_get("/monitor/aged", self._page("aged"))
        application.router.add_get("/api/state", self._state)
        application.router.add_post("/api/age", self._age)
        application.router.add_get("/socket", self._socket)

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

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        answer = web.WebSocketResponse(
            heartbeat=_HEARTBEAT,
            compress=False,
            max_msg_size=protocol.MOST_IN,
            writer_limit=1 << 18,
            timeout=2.0,
        )
        await answer.prepare(request)
        self.sockets.add(answer)
        try:
            try:
                visit = Visit(self._run, answer)
            except PlayingAgeError as error:
                full: dict[str, Any] = {"type": "full", "words": error.what}
                await answer.send_str(json.dumps(full))
                await answer.close(code=1013, message=b"full")
                return answer
            await visit.serve()
        except ConnectionError:
            log.debug("a page went away")
        finally:
            self.sockets.discard(answer)
        return answer
