"""The server of a training run's live page: the files of the run's folder, for this machine."""

import re
from pathlib import Path

from aiohttp import web

from playingage.web.serving import PageServer
from playingage.web.settings import ServerSettings

_PLAIN = {"index.html": "text/html", "status.json": "application/json", "log.jsonl": "application/x-ndjson"}
_SHEET = re.compile(r"[0-9]{1,12}\.png")


class RunServer(PageServer):
    """Serves the page in `folder` and what it shows. `policy`: the page's own content security policy."""

    def __init__(self, folder: Path, policy: str, settings: ServerSettings) -> None:
        super().__init__(settings, most_in=1024)
        self._folder, self._policy = folder, policy

    def add_routes(self, application: web.Application) -> None:
        """The page, its contact sheets, status and log."""
        application.router.add_get("/", self._page)
        application.router.add_get("/previews/{name}", self._sheet)
        application.router.add_get("/{name}", self._plain)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return self._answer(self._folder / "index.html", "text/html")

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in _PLAIN:
            raise web.HTTPNotFound
        return self._answer(self._folder / name, _PLAIN[name])

    async def _sheet(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if _SHEET.fullmatch(name) is None:
            raise web.HTTPNotFound
        return self._answer(self._folder / "previews" / name, "image/png")

    def _answer(self, path: Path, kind: str) -> web.StreamResponse:
        try:
            body = path.read_bytes()
        except OSError:
            raise web.HTTPNotFound from None
        answer = web.Response(body=body, content_type=kind, charset=None if kind == "image/png" else "utf-8")
        answer.headers["Content-Security-Policy"] = self._policy
        return answer
