"""A raw client of the socket and the API, run in a thread of its own (the browser's driver keeps the main one)."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")


def talk(work: Callable[[aiohttp.ClientSession], Awaitable[T]], seconds: float = 60) -> T:
    """Run `work(session)` to its end, within `seconds`, and return what it returned."""
    result: list[T] = []
    error: list[BaseException] = []

    async def main() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
            result.append(await work(session))

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as caught:
            error.append(caught)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return result[0]


def ask(url: str, path: str = "/", *, method: str = "GET", **more: Any) -> tuple[int, dict[str, str], bytes]:
    """One request: status, headers, body; redirects are not followed."""

    async def work(session: aiohttp.ClientSession) -> tuple[int, dict[str, str], bytes]:
        async with session.request(
            method, url.split("?", maxsplit=1)[0].rstrip("/") + path, allow_redirects=False, **more
        ) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    return talk(work)


def header_of(message: bytes) -> dict[str, Any]:
    """The header of a binary message."""
    length = int.from_bytes(message[:4], "big")
    header: dict[str, Any] = json.loads(message[4 : 4 + length])
    assert len(message) == 4 + length + sum(entry.get("bytes", 0) for entry in header["pictures"])
    return header


async def next_pair(socket: aiohttp.ClientWebSocketResponse, timeout: float = 20.0) -> dict[str, Any]:
    """The header of the next pair on the socket; text messages are passed over."""
    while True:
        message = await socket.receive(timeout)
        if message.type is aiohttp.WSMsgType.BINARY:
            return header_of(message.data)
        assert message.type is aiohttp.WSMsgType.TEXT, message
