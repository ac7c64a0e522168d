"""Serves takes and the page that plays them. Their work is done in two threads of low priority, beside the live path's.

Frames go out as JPEGs, several to an answer: four bytes, the length of a JSON head (big-endian), the head, the JPEGs.
"""

import asyncio
import hashlib
import json
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from playingage.core import PlayingAgeError
from playingage.live.takes import PICTURES, TakeError
from playingage.live.takes.shelf import Shelf, Wanted
from playingage.web.access import me
from playingage.web.guard import RefusedError
from playingage.web.protocol import MOST_IN
from playingage.web.serving import PageServer, load_pages
from playingage.web.settings import ServerSettings

T = TypeVar("T")
_THREADS, _NICE = 2, 10
_NEWS, _LOOK = 20.0, 0.15
_MOST_TAKES = 500
_PIECE, _BREATH = 500, 0.0002
_NUMBERS = {"first": "0", "count": "1", "step": "1", "part": "1"}
Report = Callable[[], Mapping[str, Any]]


class TakesPart:
    """The routes of takes: a part of the monitors' server. `report`: how the recorder does, where there is one."""

    def __init__(self, folder: Path, *, report: Report | None = None) -> None:
        self.shelf = Shelf(folder)
        self._report = report or dict
        self._pages = load_pages()
        self._going = False
        self._pool = ThreadPoolExecutor(_THREADS, "playingage takes", initializer=_step_back)

    def add_routes(self, application: web.Application) -> None:
        """The page, the list, a take's facts, its frames, marks."""
        router = application.router
        router.add_get("/playback", self.page)
        router.add_get("/api/takes", self._list)
        router.add_get("/api/takes/{name}", self._sheet)
        router.add_get("/api/takes/{name}/frames", self._frames)
        router.add_post("/api/takes/{name}/marks", self._mark)
        application.on_shutdown.append(self._go)
        application.on_cleanup.append(self._end)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page that plays."""
        return web.Response(body=self._pages["playback.html"], content_type="text/html", charset="utf-8")

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """All takes, at once or, with `known`, when there is something new."""
        loop = asyncio.get_running_loop()
        known, end = request.query.get("known", ""), loop.time() + _NEWS
        while (now := self._now()) == known and loop.time() < end and not self._going:
            await asyncio.sleep(_LOOK)
        takes = await self._work(self.shelf.glances)
        return web.json_response({
            "takes": takes[:_MOST_TAKES], "recorder": dict(self._report()), "known": now, "me": me(request),
        })

    def _now(self) -> str:
        """Another text for everything that is new."""
        report = self._report()
        told = [str(report.get(key)) for key in ("state", "take", "last", "words")]
        try:
            changed = self.shelf.folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        return hashlib.sha256(json.dumps([*told, changed]).encode()).hexdigest()[:16]

    async def _sheet(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        body = await self._work(lambda: b"".join(in_pieces(self.shelf.sheet(name))))
        answer = web.Response(body=body, content_type="application/json")
        if len(body) > 1 << 14:
            answer.enable_compression()
        return answer

    async def _frames(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        try:
            first, count, step, part = (int(query.get(name, default)) for name, default in _NUMBERS.items())
        except ValueError:
            raise RefusedError(400, "first, count, step and part are whole numbers.") from None
        pictures = tuple(query.get("pictures", "clean,aged").split(","))[: len(PICTURES)]
        name = request.match_info["name"]
        wanted = Wanted(first=first, count=count, step=step, pictures=pictures, part=part)
        return web.Response(body=await self._work(lambda: pack(self.shelf.pictures(name, wanted))),
                            content_type="application/octet-stream")

    async def _mark(self, request: web.Request) -> web.StreamResponse:
        try:
            value = json.loads(await request.text()) if request.content_type == "application/json" else None
            if not isinstance(value, dict) or set(value) != {"frame", "words"}:
                raise ValueError
        except (ValueError, RecursionError):
            raise RefusedError(400, 'Send JSON: {"frame": 12, "words": "smile"} as application/json.') from None
        name = request.match_info["name"]
        marks = await self._work(lambda: self.shelf.mark(name, value["frame"], value["words"]))
        return web.json_response({"marks": marks})

    async def _work(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except TakeError as error:
            raise RefusedError(404, error.diagnostics()) from None
        except PlayingAgeError as error:
            raise RefusedError(422, error.diagnostics()) from None

    async def _go(self, application: web.Application) -> None:
        self._going = True

    async def _end(self, application: web.Application) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.shelf.close()


class TakesServer(PageServer):
    """Serves the takes of a folder alone, for those who look at them when no camera runs."""

    def __init__(
        self, folder: Path, settings: ServerSettings | None = None, *, died: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(settings, most_in=MOST_IN, died=died)
        self.part = TakesPart(folder)

    def add_routes(self, application: web.Application) -> None:
        """The part's, and its page in front."""
        self.part.add_routes(application)
        application.router.add_get("/", self.part.page)


def in_pieces(document: Mapping[str, Any]) -> Iterator[bytes]:
    """JSON of an object in pieces: a long list made in one would keep the live path's threads from going on."""
    yield b"{"
    for number, (key, value) in enumerate(document.items()):
        yield (b"," if number else b"") + json.dumps(key).encode() + b":"
        if isinstance(value, list) and len(value) > _PIECE:
            for start in range(0, len(value), _PIECE):
                text = json.dumps(value[start : start + _PIECE], separators=(",", ":"))[1:-1]
                yield (b"," if start else b"[") + text.encode()
                time.sleep(_BREATH)
            yield b"]"
        else:
            yield json.dumps(value, separators=(",", ":")).encode()
    yield b"}"


def pack(frames: list[tuple[int, dict[str, bytes | str]]]) -> bytes:
    """One answer of several frames: for each, its number and each picture's bytes or the name of its equal."""
    head = [[index, {name: each if isinstance(each, str) else len(each) for name, each in jpegs.items()}]
            for index, jpegs in frames]
    text = json.dumps({"frames": head}, separators=(",", ":")).encode()
    data = [each for _, jpegs in frames for each in jpegs.values() if not isinstance(each, str)]
    return b"".join([struct.pack(">I", len(text)), text, *data])


def _step_back() -> None:
    """This thread's work waits for that of the live path, where the system knows priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
