"""One page on the socket, from hello to goodbye."""

import asyncio
import json
import logging
from typing import Any

from aiohttp import WSMsgType, web

from playingage.core import PlayingAgeError, SettingError
from playingage.live import LiveRun, Viewer, Want
from playingage.web import protocol
from playingage.web.access import Role, me, name_of, require, role_of
from playingage.web.guard import RefusedError

log = logging.getLogger(__name__)
_FUTURE = 0.25
_STATE_EVERY, _STATE_LOOK = 1.0, 0.1


class Visit:
    """Serves one viewer: a sender of pairs, a teller of states, and the reader of what the page says."""

    def __init__(self, run: LiveRun, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._run, self._socket, self._request = run, socket, request
        self._by = name_of(request)
        self._news = asyncio.Event()
        self._missed_before = run.stats.upstream_drops
        loop = asyncio.get_running_loop()
        self._viewer: Viewer = run.feed.join(lambda: self._wake(loop))
        self._changed = asyncio.Event()
        self._listener = lambda state: self._change(loop)
        run.direction.listeners.append(self._listener)

    async def serve(self) -> None:
        """Until the page goes, or talks nonsense."""
        tasks = [
            asyncio.create_task(work) for work in (self._send_pairs(), self._tell(), self._tell_set())
        ]
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    break
                try:
                    said = protocol.parse(message.data)
                except ValueError as error:
                    log.warning("%s: closed for a message that is none: %s", self._viewer.name, error)
                    await self._socket.close(code=1008, message=b"not a message")
                    break
                await self._hear(said)
        finally:
            self._run.feed.leave(self._viewer)
            self._run.direction.listeners.remove(self._listener)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._news.set)

    def _change(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._changed.set)

    async def _hear(self, said: object) -> None:
        run, now = self._run, self._run.clock()
        match said:
            case Want():
                self._viewer.ask(said)
            case protocol.Ping(at):
                await self._say({"type": "pong", "at": at, "server": now})
            case protocol.Shown(serial, came, ready, at, error):
                delivery = self._viewer.acknowledge(serial, came=came, ready=ready, shown=at)
                if delivery is not None and delivery.encoded - _FUTURE <= at <= now + _FUTURE:
                    self._viewer.last_delay = at - delivery.pair.captured
                    run.stats.delay("shown", self._viewer.last_delay, now)
                    run.stats.clock_error(error)
                    run.stats.count("shown", now)
            case protocol.Skipped(serial):
                self._viewer.acknowledge(serial)
            case protocol.AskAge(age):
                try:
                    require(self._request, Role.OPERATOR)
                    run.set_age(age)
                except SettingError as error:
                    await self._say({"type": "refused", "words": error.what})
                except RefusedError as refusal:
                    await self._say({"type": "refused", "words": refusal.words})
            case protocol.Act(act, number, values):
                await self._act(act, number, values)

    async def _act(self, act: str, number: int, values: dict[str, Any]) -> None:
        """Carry it out, off the loop: a take that begins makes files."""
        try:
            require(self._request, Role.OPERATOR)
            state = await asyncio.to_thread(self._run.direction.act, act, values, self._by)
        except PlayingAgeError as error:
            await self._say({"type": "refused", "id": number, "words": error.diagnostics()})
        except RefusedError as refusal:
            await self._say({"type": "refused", "id": number, "words": refusal.words})
        else:
            await self._say({"type": "did", "id": number, "act": act, "version": state.version})

    async def _tell_set(self) -> None:
        """The on-set state at once when it changes, and when somebody comes; its scenes only when those change."""
        direction, scenes = self._run.direction, None
        self._changed.set()
        while not self._socket.closed:
            await self._changed.wait()
            self._changed.clear()
            state, by = direction.state, direction.by
            document = state.document
            if state.scenes is scenes:
                del document["scenes"]
            scenes = state.scenes
            await self._say({
                "type": "set", **document, "by": by, "recorder": direction.recorder.report(),
                "me": {**me(self._request), "may_act": role_of(self._request) >= Role.OPERATOR},
            })

    async def _send_pairs(self) -> None:
        run = self._run
        while not self._socket.closed:
            await self._news.wait()
            self._news.clear()
            while (delivery := self._viewer.next(now := run.clock())) is not None:
                missed = self._viewer.dropped + run.stats.upstream_drops - self._missed_before
                message = protocol.pack(delivery, now, missed)
                await self._socket.send_bytes(message)
                sent = run.clock()
                run.stats.delay("sent", sent - delivery.pair.captured, sent)
                run.stats.count("sent", sent)

    async def _tell(self) -> None:
        """The state: when its words change, and every second."""
        before: tuple[object, ...] = ()
        quiet = 0.0
        while not self._socket.closed:
            state = self._run.state()
            key = (state["age"], state["source"]["state"], state["engine"]["state"], state["engine"]["detail"])
            if key != before or quiet >= _STATE_EVERY:
                before, quiet = key, 0.0
                await self._say({"type": "state", **state, "recorder": self._run.direction.recorder.report()})
            await asyncio.sleep(_STATE_LOOK)
            quiet += _STATE_LOOK

    async def _say(self, value: dict[str, Any]) -> None:
        if not self._socket.closed:
            await self._socket.send_str(json.dumps(value))
