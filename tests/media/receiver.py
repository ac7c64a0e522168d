"""Receivers of streams on this machine, in threads: what came, when, and with which tags."""

import socket
import threading
import time
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Got:
    """One received picture. at: `time.monotonic()`; seconds: the stream's own time."""

    pixels: NDArray[np.uint8]
    seconds: Fraction
    at: float
    key: bool


@dataclass(frozen=True, slots=True)
class Tags:
    """What the stream says of itself."""

    codec: str
    rate: Fraction | None
    colours: tuple[int, int, int, int]
    pixel_format: str


@dataclass
class Receiver:
    """Opens `address` in a thread and keeps what comes, until `most` pictures, the end, or `stop`."""

    address: str
    most: int = 20
    form: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    got: list[Got] = field(default_factory=list)
    tags: Tags | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, settle: float = 0.3) -> "Receiver":
        """Begin to listen; `settle` seconds are given for that."""
        self._thread.start()
        time.sleep(settle)
        return self

    def stop(self) -> None:
        """Go away, as a receiver that is switched off."""
        self._stop.set()
        self._thread.join(self.timeout)

    def wait(self, timeout: float = 40.0) -> list[Got]:
        """What came, once it is all there."""
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"only {len(self.got)} of {self.most} pictures came"
        if self.error is not None and not self.got:
            raise self.error
        return self.got

    def _run(self) -> None:
        try:
            with av.open(self.address, format=self.form, options=self.options, timeout=self.timeout) as container:
                stream = container.streams.video[0]
                for picture in container.decode(stream):
                    if self._stop.is_set() or len(self.got) >= self.most:
                        break
                    self._keep(stream, picture)
        except (FFmpegError, OSError) as error:
            self.error = error

    def _keep(self, stream: av.VideoStream, picture: av.VideoFrame) -> None:
        context = stream.codec_context
        self.tags = Tags(
            context.name, stream.average_rate,
            (int(context.color_primaries), int(context.color_trc), int(context.colorspace), int(context.color_range)),
            picture.format.name,
        )
        assert picture.pts is not None and picture.time_base is not None
        pixels = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
        self.got.append(Got(pixels, picture.pts * picture.time_base, time.monotonic(), picture.key_frame))
