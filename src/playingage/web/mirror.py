"""The rehearsal mirror: one performer's aged picture, mirrored, on a screen of its own."""

from aiohttp import web

from playingage.web.serving import load_pages


class MirrorPart:
    """The page `/mirror`, for everybody who may see pictures. What it asks for goes the way of every act."""

    def __init__(self) -> None:
        self._body = load_pages()["mirror.html"]

    def add_routes(self, application: web.Application) -> None:
        """The page; its pictures come over the monitors' socket."""
        application.router.add_get("/mirror", self._page)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._body, content_type="text/html", charset="utf-8")
