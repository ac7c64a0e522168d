"""NDI by the optional package cyndilib, which brings NDI's own run time."""

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError, UnwritableError
from playingage.media.output import OutputFormat
from playingage.media.output_address import OutputAddress


class NdiOutput:
    """An NDI sender with the address's name. Pictures are sent as RGBX; receivers come and go by themselves."""

    def __init__(self, address: OutputAddress, form: OutputFormat, timeout_s: float) -> None:
        from cyndilib.sender import Sender
        from cyndilib.video_frame import VideoSendFrame
        from cyndilib.wrapper.ndi_structs import FourCC

        self._address, self._form = address, form
        self._sender: Any = Sender(address.target, clock_video=False)
        frame = VideoSendFrame()
        frame.set_resolution(form.width, form.height)
        frame.set_frame_rate(form.rate)
        frame.set_fourcc(FourCC.RGBX)
        self._sender.set_video_frame(frame)
        # The sender may still read one picture while the next is written.
        self._buffers = [np.full((form.height, form.width, 4), 255, np.uint8) for _ in range(2)]
        self._open = False
        try:
            self._sender.open()
            self._open = True
        except RuntimeError as error:
            raise UnwritableError(f"{address}: NDI does not start: {error}", "Is another sender of this name there?") \
                from None

    @staticmethod
    def check(address: OutputAddress, form: OutputFormat) -> None:
        """Raise SettingError where cyndilib is not installed."""
        if importlib.util.find_spec("cyndilib") is None:
            raise SettingError(
                f"{address}: NDI needs the package cyndilib, which is not installed",
                "Install it with: pip install 'playingage[ndi]' (NDI's own licence applies: docs/dependencies.md)",
            )

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        """Send one picture. Raises UnwritableError."""
        if not self._open:
            raise UnwritableError(f"{self._address}: is closed")
        buffer = self._buffers[tick % 2]
        buffer[..., :3] = pixels
        if not self._sender.write_video_async(buffer.reshape(-1)):
            raise UnwritableError(f"{self._address}: NDI did not take the picture", "It is tried again.")

    def close(self) -> None:
        """End the sender; may be called twice."""
        if self._open:
            self._open = False
            self._sender.close()
