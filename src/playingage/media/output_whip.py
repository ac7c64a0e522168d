"""WHIP by the optional package aiortc: our own H.264 by WebRTC to a server that takes it over HTTP (RFC 9725).

FFmpeg 8.1's own WHIP writer makes an offer that Chromium refuses, and its handshake fails: decision 15. Everything here
happens in the process of one output, with an event loop in a thread beside.
"""

import asyncio
import importlib.util
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import av
import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError, UnwritableError
from playingage.media.output import OutputFormat
from playingage.media.output_address import OutputAddress
from playingage.media.output_stream import Pictures, need_encoder, set_up, x264_options
from playingage.media.reasons import reason_of

T = TypeVar("T")
_MOST_WAITING = 60
"""Packets that may wait to be sent before the connection counts as lost."""


class WhipOutput:
    """One connection. See `Output`. It asks no STUN or TURN server: the receiver can be reached without."""

    def __init__(self, address: OutputAddress, form: OutputFormat, timeout_s: float) -> None:
        self._address, self._timeout = address, timeout_s
        self._pictures = Pictures(form)
        self._encoder = av.CodecContext.create("libx264", "w")
        set_up(self._encoder, form, self._pictures.tags)
        self._encoder.options = {**x264_options(form), "profile": "baseline"}
        self._encoder.profile = "Baseline"
        self._base = 1 / form.rate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call = _Call(address, timeout_s)
        self._closed = False
        try:
            self._run(self._call.begin())
        except BaseException:
            self.close()
            raise

    @staticmethod
    def check(address: OutputAddress, form: OutputFormat) -> None:
        """Raise SettingError where aiortc or the encoder is not installed."""
        if importlib.util.find_spec("aiortc") is None:
            raise SettingError(
                f"{address}: WHIP needs the package aiortc, which is not installed",
                "Install it with: pip install 'playingage[whip]'",
            )
        need_encoder(address)

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        """Compress and send one picture. Raises UnwritableError."""
        if self._closed:
            raise UnwritableError(f"{self._address}: is closed")
        try:
            packets = self._encoder.encode(self._pictures.picture(pixels, tick))
        except (av.FFmpegError, ValueError) as error:
            raise UnwritableError(f"{self._address}: {reason_of(error)}", "It is tried again.") from None
        for packet in packets:
            packet.time_base = self._base
            self._loop.call_soon_threadsafe(self._call.packets.put_nowait, packet)
        if self._call.state not in ("connected", "connecting") or self._call.packets.qsize() > _MOST_WAITING:
            raise UnwritableError(f"{self._address}: the connection is {self._call.state}", "It is tried again.")

    def close(self) -> None:
        """End the session, at the server too; may be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            self._run(self._call.end())
        except UnwritableError:
            pass  # a server that is gone needs no farewell
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(self._timeout)
            if not self._thread.is_alive():
                self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it in the loop. Raises UnwritableError for whatever the network does."""
        from aiohttp import ClientError

        waiting = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, self._timeout), self._loop)
        try:
            return waiting.result(self._timeout + 1)
        except TimeoutError:
            raise UnwritableError(f"{self._address}: no answer within {self._timeout:g} s", "It is tried again.") \
                from None
        except (ClientError, OSError, ValueError) as error:
            why = self._address.clean(str(error) or type(error).__name__)
            raise UnwritableError(f"{self._address}: {why}", "It is tried again.") from None


class _Call:
    """The WebRTC side: lives in the loop."""

    def __init__(self, address: OutputAddress, timeout_s: float) -> None:
        self._address, self._timeout = address, timeout_s
        self.packets: asyncio.Queue[Any] = asyncio.Queue()
        self.state = "new"
        self._peer: Any = None
        self._session = ""
        self._target, token = split_token(address.target)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def begin(self) -> None:
        """Offer, answer, and wait for the connection."""
        from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

        self._peer = peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        changed = asyncio.Event()

        @peer.on("connectionstatechange")
        def note() -> None:
            self.state = peer.connectionState
            changed.set()

        transceiver = peer.addTransceiver(_track(self.packets), direction="sendonly")
        known = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in known if codec.mimeType == "video/H264"])
        await peer.setLocalDescription(await peer.createOffer())
        answer = await self._ask(peer.localDescription.sdp)
        await peer.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        while self.state != "connected":
            if self.state in ("failed", "closed"):
                raise OSError(f"the connection {self.state}")
            await changed.wait()
            changed.clear()

    async def end(self) -> None:
        """Say good-bye and close."""
        from aiohttp import ClientSession

        if self._peer is not None:
            await self._peer.close()
        if self._session:
            async with ClientSession(headers=self._headers) as session:
                await session.delete(self._session)

    async def _ask(self, offer: str) -> str:
        from aiohttp import ClientSession

        async with (
            ClientSession(headers=self._headers) as session,
            session.post(self._target, data=offer, headers={"Content-Type": "application/sdp"}) as response,
        ):
            if response.status not in (200, 201):
                raise OSError(f"the server answers {response.status} {response.reason}")
            if location := response.headers.get("Location"):
                self._session = urljoin(str(response.url), location)
            return await response.text()


def _track(packets: "asyncio.Queue[Any]") -> Any:
    from aiortc import MediaStreamTrack

    class Track(MediaStreamTrack):  # type: ignore[misc, unused-ignore]
        """Compressed pictures as they come."""

        kind = "video"

        async def recv(self) -> Any:
            return await packets.get()

    return Track()


def split_token(target: str) -> tuple[str, str]:
    """A WHIP address without its bearer token, and the token, which stands before an @."""
    parts = urlsplit(target)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=host).geturl(), user.lstrip(":")
