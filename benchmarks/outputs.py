"""What outputs cost and how late they are: `python -m benchmarks.outputs`.

Pictures of the demo's portrait at 1080p24 go to receivers on this machine, in real time. Cost is processor time of the
sending process and of the thread that feeds it, milliseconds a picture. Delay is from the moment at which a picture is
handed over until the receiver has decoded it, told by the number written into it; beside it stands the plain time of
encoding and decoding one picture alone, so that the two can be compared where the machine is shared.
"""

import argparse
import contextlib
import itertools
import socket
import threading
import time
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.common import CACHE, report
from playingage.demo import PortraitSource
from playingage.media.output import OutputFormat, output_line
from playingage.media.output_address import OutputAddress
from playingage.media.output_process import OutputProcess
from playingage.media.output_stream import Pictures, set_up, x264_options

BITS, RATE = 16, Fraction(24)
Eight = NDArray[np.uint8]


def pictures(count: int) -> list[Eight]:
    """Moving, grainy pictures of 1920 x 1080."""
    with PortraitSource(realtime=False, frames=count) as source:
        return [np.asarray(frame.pixels, np.uint8).copy() for frame in source]


def numbered(pixels: Eight, number: int) -> Eight:
    """With its number as black and white blocks at the top left."""
    made = pixels.copy()
    for bit in range(BITS):
        made[:32, bit * 32 : (bit + 1) * 32] = 255 if number >> bit & 1 else 0
    return made


def number_in(luma: NDArray[Any]) -> int:
    """What `numbered` wrote."""
    return sum(int(luma[16, bit * 32 + 16] > 127) << bit for bit in range(BITS))


class Receiver(threading.Thread):
    """Decodes what comes and notes when."""

    def __init__(self, address: str, form: str | None, options: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.seen: dict[int, float] = {}
        self._address, self._form = address, form
        self._options = {"flags": "low_delay", "fflags": "nobuffer", "analyzeduration": "500000", **options}

    def run(self) -> None:
        with (contextlib.suppress(av.FFmpegError),  # the sender's end is not always one that the protocol tells
              av.open(self._address, format=self._form, options=self._options, timeout=5) as container):
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for picture in container.decode(stream):
                now = time.monotonic()
                rows = np.frombuffer(memoryview(picture.planes[0]), np.uint8).reshape(picture.height, -1)
                self.seen.setdefault(number_in(rows), now)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measure(kind: str, stock: list[Eight], seconds: float, folder: Path) -> dict[str, Any]:
    """One output for so many seconds."""
    address, receiver = _place(kind, folder)
    form = OutputFormat(width=1920, height=1080, rate=RATE)
    line = output_line(OutputAddress.parse(address), form)
    assert isinstance(line, OutputProcess)
    if receiver is not None:
        receiver.start()
        time.sleep(1.0)
    line.connect()
    assert line._process is not None
    child = psutil.Process(line._process.pid)
    before = child.cpu_times()
    count, handed, parent = round(seconds * 24), {}, 0.0
    begun = time.monotonic()
    for number, pixels in zip(range(count), itertools.cycle(stock), strict=False):
        made = numbered(pixels, number)
        time.sleep(max(0.0, begun + number / 24 - time.monotonic()))
        handed[number] = time.monotonic()
        own = time.thread_time()
        line.send(made, number)
        parent += time.thread_time() - own
    after = child.cpu_times()
    time.sleep(0.5)
    line.close()
    spent = after.user + after.system - before.user - before.system
    row: dict[str, Any] = {"output": kind, "sender_ms": round(1000 * spent / count, 1),
                           "feeding_ms": round(1000 * parent / count, 2)}
    if receiver is not None:
        late = [1000 * (receiver.seen[n] - at) for n, at in handed.items() if n in receiver.seen and n > 24]
        row |= {"arrived": f"{len(late)} of {count - 25}", "delay_ms": round(median(late), 1),
                "delay_p95_ms": round(float(np.percentile(late, 95)), 1),
                "delay_frames": round(median(late) * float(RATE) / 1000, 2)}
    return row


def _place(kind: str, folder: Path) -> tuple[str, Receiver | None]:
    if kind == "file":
        return f"file:{folder / f'{time.time_ns()}.ts'}", None
    port = free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    if kind == "udp":
        return (address := f"udp://127.0.0.1:{port}"), Receiver(address, "mpegts", {})
    if kind == "tcp":
        address = f"tcp://127.0.0.1:{port}"
        return address, Receiver(f"{address}?listen=1", "mpegts", {})
    address = f"rtmp://127.0.0.1:{port}/live/key"
    return address, Receiver(address, "flv", {"listen": "1"})


def alone(stock: list[Eight]) -> dict[str, Any]:
    """One picture converted, encoded, and decoded, in this process, with nothing between."""
    form = OutputFormat(width=1920, height=1080, rate=RATE)
    made = Pictures(form)
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    set_up(encoder, form, made.tags)
    encoder.options = x264_options(form)
    decoder.thread_count = 1
    taken: dict[str, list[float]] = {"convert": [], "encode": [], "decode": []}
    for tick, pixels in enumerate(stock):
        steps = [time.perf_counter()]
        picture = made.picture(pixels, tick)
        steps.append(time.perf_counter())
        packets = encoder.encode(picture)
        steps.append(time.perf_counter())
        for packet in packets:
            decoder.decode(packet)
        steps.append(time.perf_counter())
        for name, (a, b) in zip(taken, itertools.pairwise(steps), strict=True):
            taken[name].append(1000 * (b - a))
    return {f"{name}_ms": round(median(values[3:]), 1) for name, values in taken.items()}


def main() -> None:
    """Print a table, and with --out write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--outputs", nargs="+", default=["udp", "tcp", "rtmp", "file"])
    parser.add_argument("--out", type=Path, help="folder for the figures as JSON")
    given = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    stock = pictures(48)
    plain = alone(stock)
    rows = [measure(kind, stock, given.seconds, CACHE) for kind in given.outputs]
    report("One picture alone", [plain], given.out)
    report("Outputs", rows, given.out)


if __name__ == "__main__":
    main()
