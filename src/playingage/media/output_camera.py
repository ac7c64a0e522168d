"""A virtual camera on Linux: pictures written into a v4l2loopback device, which other programs see as a camera."""

import contextlib
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from playingage.core import SettingError, UnwritableError
from playingage.media.output import OutputFormat
from playingage.media.output_address import OutputAddress
from playingage.media.output_stream import Pictures
from playingage.media.reasons import reason_of


class CameraOutput:
    """An open device; raw 4:2:0 pictures, BT.601 as programs take it from cameras. See `Output`."""

    def __init__(self, address: OutputAddress, form: OutputFormat, timeout_s: float) -> None:
        self._address = address
        self._pictures = Pictures(form, Colorspace.ITU601)
        self._container: OutputContainer | None = None
        try:
            self._container = av.open(address.target, "w", format="v4l2", timeout=timeout_s)
            stream: Any = self._container.add_stream("rawvideo", rate=form.rate)
            stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
            stream.codec_context.time_base = stream.time_base = 1 / form.rate
            self._stream = cast(VideoStream, stream)
            self._container.start_encoding()
        except (FFmpegError, OSError, ValueError) as error:
            self.close()
            raise UnwritableError(
                f"{address}: does not take pictures: {reason_of(error)}", "Check that v4l2loopback is loaded."
            ) from None

    @staticmethod
    def check(address: OutputAddress, form: OutputFormat) -> None:
        """Raise SettingError where FFmpeg has no writer of V4L2 devices or the device is not there."""
        try:
            av.ContainerFormat("v4l2", "w")
        except ValueError:
            raise SettingError(
                f"{address}: the FFmpeg inside PyAV {av.__version__} cannot write to V4L2 devices",
                "A virtual camera works on Linux with PyAV's own wheel.",
            ) from None
        if not Path(address.target).exists():
            raise SettingError(
                f"{address}: there is no such device",
                "Make a virtual camera first: modprobe v4l2loopback exclusive_caps=1 card_label='Playing Age'",
            )
        if not Path(address.target).is_char_device():
            raise SettingError(f"{address}: is no device", "Name a v4l2loopback device, /dev/videoN.")

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        """Write one picture. Raises UnwritableError."""
        if self._container is None:
            raise UnwritableError(f"{self._address}: is closed")
        try:
            self._container.mux(self._stream.encode(self._pictures.picture(pixels, tick)))
        except (FFmpegError, OSError, ValueError) as error:
            raise UnwritableError(f"{self._address}: {reason_of(error)}", "It is tried again.") from None

    def close(self) -> None:
        """Close the device; may be called twice."""
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(FFmpegError, OSError, ValueError):
                container.close()
