"""The HTTP server: pages, control API and socket, in a thread of its own."""

import asyncio
import errno
import json
import logging
import socket
import threading
from collections.abc import Awaitable, Callable
from importlib import resources
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from playingage.core import PlayingAgeError, SettingError
from playingage.live import LiveRun
from playingage.web import protocol
from playingage.web.guard import HEADERS, Guard, RefusedError
from playingage.web.settings import ServerSettings
from playingage.web.visit import Visit

log = logging.getLogger(__name__)
_HEARTBEAT = 10.0
_JOIN = 10.0
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def load_pages() -> dict[str, bytes]:
    """The files shipped in `web/pages`, by name."""
    folder = resources.files("playingage.web") / "pages"
    return {item.name: item.read_bytes() for item in folder.iterdir() if item.is_file()}


class MonitorServer:
    """Serves the monitors of a `LiveRun`: start and stop it, or use it in a `with` block. The port is taken at once.

    `died` is called, from the server's thread, when the server breaks; `stop` then raises what it died of.
    """

    def __init__(
        self, run: LiveRun, settings: ServerSettings | None = None, *, died: Callable[[], None] = lambda: None
    ) -> None:
        self._run, self._died = run, died
        self.settings = settings or ServerSettings()
        self._pages = load_pages()
        self._thread = threading.Thread(target=self._serve, name="playingage web", daemon=True)
        self._bound = _bind(self.settings)
        self._loop = asyncio.new_event_loop()
        self.port: int = self._bound.getsockname()[1]
        self._guard = Guard(self.settings, self.port, (socket.gethostname(), f"{socket.gethostname()}.local"))
        self._sockets: set[web.WebSocketResponse] = set()
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._error: BaseException | None = None

    @property
    def url(self) -> str:
        """The address to open, with the token where one is asked."""
        host = self.settings.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port}/" + (f"?token={self.settings.token}" if self.settings.token else "")

    def start(self) -> None:
        """Serve from now on; returns when the port answers."""
        self._thread.start()
        self._ready.wait(_JOIN)
        self._raise()

    def stop(self) -> None:
        """Say goodbye to all pages and join the thread; may be called twice."""
        if self._thread.ident is None:
            self._bound.close()
            self._loop.close()
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(_JOIN)
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            self._error = error
            self._died()
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._bound.close()

    async def _main(self) -> None:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=2.0, handler_cancellation=True)
        await runner.setup()
        await web.SockSite(runner, self._bound, backlog=32).start()
        self._ready.set()
        await self._end.wait()
        for each in tuple(self._sockets):
            await each.close(code=1001, message=b"the server stops")
        await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._checked], client_max_size=protocol.MOST_IN)
        application.router.add_get("/", self._page("both"))
        application.router.add_get("/monitor/camera", self._page("camera"))
        application.router.add_get("/monitor/aged", self._page("aged"))
        application.router.add_get("/pages/{name}", self._file)
        application.router.add_get("/api/state", self._state)
        application.router.add_post("/api/age", self._age)
        application.router.add_get("/socket", self._socket)
        return application

    @web.middleware
    async def _checked(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            fresh = self._guard.check(request.headers, request.cookies, request.query.get("token", ""), request.scheme)
            if fresh and request.method == "GET" and request.path != "/socket":
                response: web.StreamResponse = web.Response(status=303, headers={"Location": request.path})
                response.set_cookie(self._guard.cookie, self.settings.token, httponly=True, samesite="Lax", path="/")
            else:
                response = await handler(request)
        except RefusedError as refusal:
            response = web.Response(status=refusal.status, text=refusal.words + "\n")
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.reason}\n")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _page(self, pictures: str) -> _Handler:
        body = self._pages["monitor.html"].replace(b'data-pictures="both"', f'data-pictures="{pictures}"'.encode())

        async def handle(request: web.Request) -> web.StreamResponse:
            return web.Response(body=body, content_type="text/html", charset="utf-8")

        return handle

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        kind = _TYPES.get("." + name.rpartition(".")[2])
        if kind is None or name not in self._pages:
            raise web.HTTPNotFound
        return web.Response(body=self._pages[name], content_type=kind, charset="utf-8")

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
        self._sockets.add(answer)
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
            self._sockets.discard(answer)
        return answer


def _bind(settings: ServerSettings) -> socket.socket:
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, settings.port))
        bound.listen(32)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PlayingAgeError(
                f"port {settings.port} on {settings.host} is taken by another program",
                "Choose another port, or 0 for any free one.",
            ) from None
        raise PlayingAgeError(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}") from None
    return bound
