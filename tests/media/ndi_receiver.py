"""Receives NDI pictures from the sender whose name ends as told, and prints what it got as JSON; run by a test."""

import json
import sys
import time
from typing import Any

import numpy as np


def main(name: str) -> dict[str, Any]:
    from cyndilib.finder import Finder
    from cyndilib.receiver import Receiver
    from cyndilib.video_frame import VideoFrameSync
    from cyndilib.wrapper.ndi_recv import RecvBandwidth, RecvColorFormat

    until = time.monotonic() + 30
    with Finder() as finder:
        source = None
        while source is None and time.monotonic() < until:
            finder.wait_for_sources(0.5)
            found = [each for each in finder.get_source_names() if f"({name})" in each]
            source = finder.get_source(found[0]) if found else None
        if source is None:
            return {"error": "no such source"}
        receiver = Receiver(color_format=RecvColorFormat.RGBX_RGBA, bandwidth=RecvBandwidth.highest)
        frame = VideoFrameSync()
        receiver.frame_sync.set_video_frame(frame)
        receiver.set_source(source)
        while time.monotonic() < until:
            time.sleep(0.1)
            if receiver.is_connected():
                receiver.frame_sync.capture_video()
                if min(frame.get_resolution()) > 0:
                    break
        time.sleep(1.0)
        receiver.frame_sync.capture_video()
        width, height = frame.get_resolution()
        if not width:
            return {"error": "no picture"}
        pixels = np.array(frame.get_array(), np.uint8).reshape(height, width, 4)
        at = [pixels[y, x, :3].tolist() for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
        return {"size": [width, height], "rate": str(frame.get_frame_rate()), "colours": at}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])), flush=True)
