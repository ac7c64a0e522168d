"""The server of the page on which a person looks through the faces of a faceset.

The server's thread owns the desk. Pages talk over one socket in JSON. Page to server: `decide` (faces or title, set),
`undo`, `save`; each carries `by`, the page, and `seq`, which grows and comes back with the answer. Server to page:
`state` every second, `decided` to all pages, `changed` when another program changed the faceset, `done` and `refused`
to the one that asked.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from playingage.archive import FaceRow, Faceset, FacesetError
from playingage.archive.decisions import Decision
from playingage.core import PlayingAgeError
from playingage.web.desk import Desk, RefusedDecisionError, load
from playingage.web.guard import RefusedError
from playingage.web.serving import PageServer
from playingage.web.settings import ServerSettings
from playingage.web.thumbs import Thumbnails, whole_cut

log = logging.getLogger(__name__)
SIZES = (128, 256)
MOST_IN = 8 << 20
_EVERY, _IDLE = 1.0, 20.0
"""Seconds between looks at the faceset, and without a decision after which the journal is folded."""
_FRESH = "private, max-age=86400, immutable"


class FacesServer(PageServer):
    """Serves the faces of the faceset in `folder`. Decisions are folded while nobody decides, and at the end.

    Raises FacesetError where the faceset cannot be read, or its page is open already.
    """

    def __init__(
        self, folder: Path, name: str, settings: ServerSettings | None = None, *,
        died: Callable[[], None] = lambda: None,
    ) -> None:
        self.desk = Desk(folder)
        try:
            super().__init__(settings, most_in=MOST_IN, died=died)
        except BaseException:
            self.desk.close()
            raise
        self._name = name
        self._thumbs = Thumbnails()
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="playingage thumbnails")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="playingage faceset")
        self._busy = asyncio.Lock()
        self._last, self._trouble = 0.0, ""
        self._done: dict[str, int] = {}

    def stop(self) -> None:
        """Stop serving, fold what was decided, let the journal go."""
        try:
            super().stop()
        finally:
            for each in (self._workers, self._reader):
                each.shutdown(cancel_futures=True)
            if self.desk.unsaved:
                try:
                    self.desk.fold()()
                    self.desk.waits = ""
                except FacesetError as error:
                    self.desk.waits = error.what
            self.desk.close()

    def add_routes(self, application: web.Application) -> None:
        """The page, the faces, their pictures, the socket."""
        application.router.add_get("/", self._page)
        application.router.add_get("/api/faces", self._faces)
        application.router.add_get("/thumb", self._thumb)
        application.router.add_get("/cut", self._cut)
        application.router.add_get("/socket", self._socket)

    async def beside(self) -> None:
        """Notices what ingest does, folds the journal, says how things stand: none of them waits for another."""
        await asyncio.gather(self._watch(), self._tick())

    async def _watch(self) -> None:
        while True:
            try:
                async with self._busy:
                    if self.desk.stale():
                        await self._adopt(partial(load, self.desk.folder))
                self._trouble = ""
            except FacesetError as error:
                self._trouble = error.what
            now = asyncio.get_running_loop().time()
            if self.desk.unsaved and now - self._last > _IDLE:
                self._last = now
                await self._save()
            await asyncio.sleep(_EVERY)

    async def _tick(self) -> None:
        while True:
            await self._tell_all(self._state())
            await asyncio.sleep(_EVERY)

    async def _adopt(self, read: Callable[[], Faceset]) -> None:
        """Read in another thread, so that pages are answered meanwhile. Raises FacesetError."""
        faceset = await asyncio.get_running_loop().run_in_executor(self._reader, read)
        came = self.desk.adopt(faceset)
        if came is not None:
            await self._tell_all({"type": "changed", "serial": self.desk.serial, "came": came})

    async def _save(self) -> None:
        """Fold the journal into the faceset; where another program holds it, that is said in the state."""
        try:
            async with self._busy:
                await self._adopt(self.desk.fold())
            self.desk.waits = ""
        except FacesetError as error:
            self.desk.waits = error.what

    def _state(self) -> dict[str, Any]:
        return {"type": "state", "serial": self.desk.serial, "unsaved": self.desk.unsaved, "waits": self.desk.waits,
                "trouble": self._trouble, "pages": len(self.sockets)}

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.pages["faces.html"], content_type="text/html", charset="utf-8")

    async def _faces(self, request: web.Request) -> web.StreamResponse:
        body = json.dumps({**self.desk.document(), "name": self._name}, separators=(",", ":"), allow_nan=False)
        answer = web.Response(text=body, content_type="application/json")
        answer.enable_compression()
        return answer

    async def _thumb(self, request: web.Request) -> web.StreamResponse:
        size = request.query.get("size", "")
        if size not in map(str, SIZES):
            raise RefusedError(400, "There are small pictures of 128 and of 256 pixels.")
        row = self._row(request)
        return await self._picture(partial(self._thumbs.get, self.desk.faceset, row, int(size)))

    async def _cut(self, request: web.Request) -> web.StreamResponse:
        return await self._picture(partial(whole_cut, self.desk.faceset, self._row(request)))

    def _row(self, request: web.Request) -> FaceRow:
        row = self.desk.row(request.query.get("face", ""))
        if row is None:
            raise RefusedError(404, "There is no such face.")
        return row

    async def _picture(self, make: Callable[[], bytes]) -> web.StreamResponse:
        try:
            data = await asyncio.get_running_loop().run_in_executor(self._workers, make)
        except FacesetError as error:
            raise RefusedError(410, error.what) from None
        return web.Response(body=data, content_type="image/jpeg", headers={"Cache-Control": _FRESH})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        answer = web.WebSocketResponse(heartbeat=60.0, compress=False, max_msg_size=MOST_IN, timeout=2.0)
        await answer.prepare(request)
        try:
            await self.attend(answer, self._listen(answer))
        except ConnectionError:
            log.debug("a page went away")
        return answer

    async def _listen(self, page: web.WebSocketResponse) -> None:
        await page.send_json(self._state())
        async for message in page:
            if message.type is not WSMsgType.TEXT:
                break
            try:
                said = _read(message.data)
            except ValueError as error:
                log.warning("a page was closed for a message that is none: %s", error)
                await page.close(code=1008, message=b"not a message")
                break
            await self._hear(said, page)

    async def _hear(self, said: dict[str, Any], page: web.WebSocketResponse) -> None:
        """A message that a page sent again, as its line was lost, is answered and not acted on twice."""
        seq, by = said["seq"], said["by"]
        try:
            if seq > self._done.get(by, -1):
                self._done[by] = seq
                await self._act(said)
        except PlayingAgeError as error:
            if not isinstance(error, RefusedDecisionError):
                log.warning("%s", error.diagnostics())
            await page.send_json({"type": "refused", "seq": seq, "words": error.diagnostics()})
        else:
            await page.send_json({"type": "done", "seq": seq})
            await self._tell_all(self._state())

    async def _act(self, said: dict[str, Any]) -> None:
        """Raises PlayingAgeError for what is refused."""
        decision: Decision | None
        match said["type"]:
            case "decide":
                faces = self.desk.of_title(said["title"]) if "title" in said else said["faces"]
                decision = self.desk.decide(said["by"], faces, said["set"])
            case "undo":
                decision = self.desk.undo(said["by"])
                if decision is None:
                    raise RefusedDecisionError("There is nothing of yours to take back.")
            case _:
                await self._save()
                if self.desk.waits:
                    raise RefusedDecisionError(f"Kept in the journal for now: {self.desk.waits}.")
                return
        if decision is not None:
            self._last = asyncio.get_running_loop().time()
            changes = [{"faces": change.faces, "set": dict(change.set)} for change in decision.changes]
            await self._tell_all({"type": "decided", "by": decision.by, "changes": changes,
                                  "undoes": decision.undoes is not None})

    async def _tell_all(self, value: dict[str, Any]) -> None:
        for page in tuple(self.sockets):
            if not page.closed:
                try:
                    await page.send_json(value)
                except ConnectionError:
                    self.sockets.discard(page)


def _read(text: str) -> dict[str, Any]:
    """A page's message. Raises ValueError for anything that is not one."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("message too deep") from None
    if not isinstance(value, dict) or not isinstance(value.get("seq"), int) or not _word(value.get("by")):
        raise ValueError("a message is an object with seq and by")
    match value.get("type"):
        case "undo" | "save":
            return value
        case "decide":
            faces, title = value.get("faces"), value.get("title")
            named = isinstance(faces, list) and all(isinstance(face, str) for face in faces)
            if not isinstance(value.get("set"), dict) or not (named or isinstance(title, str)):
                raise ValueError("a decision names faces, or a title, and what is set")
            return value
        case other:
            raise ValueError(f"no message of type {other!r}")


def _word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 40
