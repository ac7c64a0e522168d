"""An HTTP server in a thread of its own: one event loop, guarded, with strict headers. What it serves, others say."""

import asyncio
import errno
import logging
import resource
import socket
import threading
from collections.abc import Callable, Coroutine
from importlib import resources
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from playingage.core import PlayingAgeError
from playingage.web.access import me
from playingage.web.control import Control
from playingage.web.reception import Handler, Reception, requests_log
from playingage.web.settings import ServerSettings
from playingage.web.tls import server_context

log = logging.getLogger(__name__)
_JOIN = 10.0
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_IDLE, _HANDSHAKE, _GOODBYE, _LAST_LOOP = 75.0, 5.0, 1.0, 0.02
_LAST_WORDS = 3.0
_MANY_FILES = 16384
_OPEN = "Nothing is encrypted: whoever is on this network can read pictures and tokens. With --tls self it is."


def load_pages() -> dict[str, bytes]:
    """The files shipped in `web/pages`, by name."""
    folder = resources.files("playingage.web") / "pages"
    return {item.name: item.read_bytes() for item in folder.iterdir() if item.is_file()}


class PageServer:
    """Start and stop it, or use it in a `with` block. The port is taken at once. Raises PlayingAgeError.

    A kind of server adds its routes and, if it wants, something that goes on beside them: both in the server's thread.
    `died` is called, from that thread, when the server breaks; `stop` then raises what it died of.
    """

    def __init__(
        self, settings: ServerSettings | None = None, *, most_in: int, died: Callable[[], None] = lambda: None
    ) -> None:
        self._died, self._most_in = died, most_in
        self.settings = settings or ServerSettings()
        self.pages = load_pages()
        self._thread = threading.Thread(target=self._serve, name="playingage web", daemon=True)
        certificate, key = self.settings.certificate, self.settings.key
        self._tls = None if certificate is None or key is None else server_context(certificate, key)
        self._bound = _bind(self.settings)
        self.port: int = self._bound.getsockname()[1]
        try:
            self.reception = Reception(self.settings, self.port)
        except BaseException:
            self._bound.close()
            raise
        self._control: Control | None = None
        self._loop = asyncio.new_event_loop()
        self.sockets: set[web.WebSocketResponse] = set()
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._error: BaseException | None = None

    def add_routes(self, application: web.Application) -> None:
        """Say what is served, besides the files of the pages."""
        raise NotImplementedError

    async def beside(self) -> None:
        """Goes on while the server runs, and is cancelled at its end."""

    @property
    def url(self) -> str:
        """The address to open, with the token where one is asked."""
        host = self.settings.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        shown = f"[{host}]" if ":" in host else host
        token = f"?token={self.settings.token}" if self.settings.token else ""
        return f"{self.scheme}://{shown}:{self.port}/{token}"

    @property
    def scheme(self) -> str:
        """http, or https with TLS."""
        return "http" if self._tls is None else "https"

    def start(self) -> None:
        """Serve from now on; returns when the port answers."""
        if self._tls is None and not self.settings.loopback:
            log.warning(_OPEN)
        if not self.settings.loopback:
            _room()
        if self.settings.control is not None:
            self._control = Control.make(self.settings, self.port, self.scheme)
            self.reception.access.command_token = self._control.token
            self._control.write()
        self._thread.start()
        self._ready.wait(_JOIN)
        self._raise()

    def stop(self) -> None:
        """Say goodbye to all pages and join the thread; may be called twice."""
        if self._control is not None:
            self._control.remove()
        if self._thread.ident is None:
            self._bound.close()
            self._loop.close()
            self.reception.access.invitations.close()
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
            self.reception.access.invitations.close()

    async def _main(self) -> None:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=2.0, handler_cancellation=True,
                               keepalive_timeout=_IDLE, logger=requests_log)
        await runner.setup()
        assert runner.server is not None
        plain = self._tls is None
        listening = await self._loop.create_server(
            runner.server, sock=self._bound, backlog=32, ssl=self._tls,
            ssl_handshake_timeout=None if plain else _HANDSHAKE, ssl_shutdown_timeout=None if plain else _GOODBYE,
        )
        beside, end = asyncio.create_task(self._beside(runner.server)), asyncio.create_task(self._end.wait())
        self._ready.set()
        await asyncio.wait((beside, end), return_when=asyncio.FIRST_COMPLETED)
        if beside.done():
            beside.result()
            await end
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
        listening.close()
        last = self._loop.time() + _LAST_WORDS
        while self.sockets and self._loop.time() < last:
            await asyncio.sleep(_LAST_LOOP)
        left = [each.transport for each in runner.server.connections]
        await runner.cleanup()
        for transport in left:
            if transport is not None:
                transport.abort()  # a TLS connection would wait for the other side's goodbye
        await asyncio.sleep(_LAST_LOOP)

    async def attend(self, page: web.WebSocketResponse, reading: Coroutine[Any, Any, None]) -> None:
        """Carry out `reading`, which hears the page, until the page goes or the server stops.

        A server that stops says so and waits for the page's answer. A line that closes under a page which is just
        speaking is reset, and then the page may never read the goodbye.
        """
        self.sockets.add(page)
        heard, end = asyncio.create_task(reading), asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait((heard, end), return_when=asyncio.FIRST_COMPLETED)
            if not heard.done():
                heard.cancel()
                await asyncio.wait((heard,))
                await page.close(code=1001, message=b"the server stops")
            elif not heard.cancelled():
                heard.result()
        finally:
            self.sockets.discard(page)
            heard.cancel()
            end.cancel()

    async def _beside(self, server: web.Server) -> None:
        watch = asyncio.create_task(self.reception.watch(server))
        try:
            await self.beside()
            await watch
        finally:
            watch.cancel()

    def _application(self) -> web.Application:
        application = self.reception.application(self._most_in)
        application.router.add_get("/pages/{name}", self._file)
        application.router.add_get("/api/me", self._me)
        self.add_routes(application)
        return application

    async def _me(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(me(request))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        kind = _TYPES.get("." + name.rpartition(".")[2])
        if kind is None or name not in self.pages:
            raise web.HTTPNotFound
        return web.Response(body=self.pages[name], content_type=kind, charset="utf-8")


def _room() -> None:
    """Files and sockets enough that strangers' connections leave some for camera and takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(_MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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


__all__ = ["Handler", "PageServer", "load_pages"]
