"""NDI to a receiver on this machine. Discovery by multicast is left out: the senders are looked for on loopback."""

import json
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from media.clips import LEVELS, picture
from playingage.media.output import OutputFormat, check_output, output_line
from playingage.media.output_address import OutputAddress

WIDTH, HEIGHT, RATE = 320, 180, Fraction(24000, 1001)
LOOPBACK = {"ndi": {"networks": {"ips": "127.0.0.1"}}}


def test_ndi_pictures_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cyndilib", reason="cyndilib is not installed: pip install 'playingage[ndi]'")
    (tmp_path / "ndi-config.v1.json").write_text(json.dumps(LOOPBACK), encoding="utf-8")
    monkeypatch.setenv("NDI_CONFIG_DIR", str(tmp_path))
    address, form = OutputAddress.parse("ndi:Playing%20Age%20test"), OutputFormat(width=WIDTH, height=HEIGHT, rate=RATE)
    check_output(address, form)
    line, stop = output_line(address, form), threading.Event()

    def send() -> None:
        for tick in range(2000):
            line.send(np.round(picture(tick, WIDTH, HEIGHT) * 255).astype(np.uint8), tick)
            if stop.wait(1 / 24):
                return

    thread = threading.Thread(target=send)
    try:
        line.connect()
        thread.start()
        script = Path(__file__).with_name("ndi_receiver.py")
        told = subprocess.run(
            [sys.executable, script, address.target], capture_output=True, text=True, timeout=60, check=True
        )
    finally:
        stop.set()
        thread.join(10)
        line.close()
    got = json.loads(told.stdout.splitlines()[-1])
    assert got.get("error") is None
    assert got["size"] == [WIDTH, HEIGHT] and got["rate"] == "24000/1001"
    assert np.abs(np.array(got["colours"][:3]) / 255 - np.array(LEVELS[:3])).max() < 0.05  # NDI's own compression
