"""A camera on the loopback device: MPEG-TS over UDP at its own pace, and everything that goes wrong with cameras.

    python -m benchmarks.soak.camera PORT NAME=CLIP...

Lines on standard input: `skip N` (so many frames are not sent), `repeat` (a frame is sent twice), `swap` (two frames
change places), `damage N` (every other datagram of so many frames is lost), `pause S` (nothing for so many seconds),
`restart S` (the same, and its clock begins at zero again), `rate R`, `clip NAME`, `drift PPM` (its clock runs fast).
"""

import io
import queue
import random
import socket
import sys
import threading
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

_DATAGRAM = 7 * 188
_SLICES = 6
_TICKS = 90000


@dataclass(frozen=True, slots=True)
class Stored:
    """One compressed picture."""

    data: bytes
    key: bool


class Camera:
    """Sends pictures until its input ends. One thread; commands come from another through a queue."""

    def __init__(self, port: int, clips: dict[str, Path]) -> None:
        self._clips = {name: _stored(path) for name, path in clips.items()}
        self._paths, self._name = clips, next(iter(clips))
        self._socket, self._to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), ("127.0.0.1", port)
        self.commands: queue.Queue[list[str]] = queue.Queue(maxsize=100)
        self._rate, self._fast = Fraction(24), 1.0
        self._skip = self._damage = 0
        self._repeat = False
        self._held: Stored | None = None
        self._swap = False
        self._at = 0
        self._restart()

    def _restart(self) -> None:
        """The stream's clock begins again, with a whole picture."""
        self._out = io.BytesIO()
        self._container = av.open(self._out, "w", format="mpegts", options={"pat_period": "0.2", "flush_packets": "1"})
        with av.open(str(self._paths[self._name])) as clip:
            self._stream = self._container.add_stream_from_template(clip.streams.video[0])
        self._ticks = Fraction(_TICKS)
        self._at = 0

    def work(self) -> None:
        """Frame after frame at its time."""
        due = time.monotonic()
        while True:
            due += float(1 / self._rate) / self._fast
            if (left := due - time.monotonic()) > 0:
                time.sleep(left)
            elif left < -1:
                due = time.monotonic()
            away = self._obey()
            if away is None:
                return
            if away:
                time.sleep(away)
                due = time.monotonic()
            pictures = self._clips[self._name]
            for picture in self._order(pictures[self._at % len(pictures)]):
                self._send(picture)
            self._at += 1
            self._ticks += _TICKS / self._rate

    def _order(self, picture: Stored) -> list[Stored]:
        if self._skip:
            self._skip -= 1
            return []
        if self._repeat:
            self._repeat = False
            return [picture, picture]
        if self._swap:
            self._swap, self._held = False, picture
            return []
        if self._held is not None:
            held, self._held = self._held, None
            return [picture, held]
        return [picture]

    def _send(self, picture: Stored) -> None:
        packet = av.Packet(picture.data)
        packet.stream, packet.time_base, packet.is_keyframe = self._stream, Fraction(1, _TICKS), picture.key
        packet.pts = packet.dts = int(self._ticks)
        self._ticks += 1  # a repeated picture comes at a time of its own
        self._container.mux(packet)
        data = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        damaged, self._damage = self._damage > 0, max(0, self._damage - 1)
        parts = [data[at : at + _DATAGRAM] for at in range(0, len(data), _DATAGRAM)]
        pace = 0.4 * float(1 / self._rate) / _SLICES
        for number, part in enumerate(parts):
            if damaged and random.random() < 0.5:
                continue
            self._socket.sendto(part, self._to)
            if number % max(8, len(parts) // _SLICES) == 7:
                time.sleep(pace)

    def _obey(self) -> float | None:
        """Seconds to be away; None at the end."""
        away = 0.0
        while not self.commands.empty():
            match self.commands.get():
                case ["skip", count]:
                    self._skip += int(count)
                case ["repeat"]:
                    self._repeat = True
                case ["swap"]:
                    self._swap = True
                case ["damage", count]:
                    self._damage += int(count)
                case ["pause", seconds]:
                    away += float(seconds)
                    self._ticks += Fraction(seconds) * _TICKS
                case ["restart", seconds]:
                    away += float(seconds)
                    self._restart()
                case ["rate", rate]:
                    self._rate = Fraction(rate)
                    self._restart()
                case ["clip", name]:
                    self._name = name
                    self._restart()
                case ["drift", ppm]:
                    self._fast = 1 + float(ppm) / 1e6
                case ["end"]:
                    return None
                case other:
                    print(f"not understood: {other}", file=sys.stderr)
        return away


def _stored(path: Path) -> list[Stored]:
    with av.open(str(path)) as clip:
        return [Stored(bytes(packet), packet.is_keyframe) for packet in clip.demux(video=0) if packet.size]


def main() -> None:
    """Run until standard input ends."""
    clips = dict(text.split("=", 1) for text in sys.argv[2:])
    camera = Camera(int(sys.argv[1]), {name: Path(path) for name, path in clips.items()})
    worker = threading.Thread(target=camera.work)
    worker.start()
    for line in sys.stdin:
        camera.commands.put(line.split())
    camera.commands.put(["end"])
    worker.join()


if __name__ == "__main__":
    main()
