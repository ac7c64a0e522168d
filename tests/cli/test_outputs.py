"""`--out` of `playingage live`, from the command line to a receiver."""

import itertools
import json
import socket
from fractions import Fraction
from pathlib import Path

import pytest
from media.receiver import Receiver, free_port

from cli.conftest import Call, start
from playingage.media.pattern import read_number

SECRET = "c0ffee-live-key"
LIVE = ("live", "--source", "pattern:640x360@24", "--age", "40", "--size", "256", "--no-open", "--port", "0")


def test_pictures_arrive_and_no_key_is_told(tmp_path: Path) -> None:
    port, file = free_port(socket.SOCK_DGRAM), tmp_path / "take.ts"
    key = tmp_path / "key.txt"
    key.write_text(f"rtmp://127.0.0.1:{free_port()}/live/{SECRET}\n", encoding="utf-8")
    receiver = Receiver(f"udp://127.0.0.1:{port}", most=60, timeout=60).start()
    process = start(
        *LIVE, "--no-keep-running", "--for", "10", "--json", "--out", f"clean=udp://127.0.0.1:{port}",
        "--out", f"aged=@{key}", "--out", f"both=file:{file}", "--out-rate", "25", "--out-bit-rate", "4",
    )
    told, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    got = receiver.wait()
    numbers = [number for each in got if (number := read_number(each.pixels)) is not None]
    assert len(numbers) == 60 and numbers == sorted(numbers) and len(set(numbers)) > 30
    assert receiver.tags is not None and receiver.tags.rate == 25
    steps = [round(float((b.seconds - a.seconds) * 25), 2) for a, b in itertools.pairwise(got)]
    assert all(step == round(step) for step in steps) and steps.count(1.0) > 40
    assert SECRET not in told + said
    assert "aged to rtmp://127.0.0.1" in said and "/live/**** waits: connection refused" in said
    outputs = json.loads(told.splitlines()[-1])["state"]["outputs"]
    assert [each["shows"] for each in outputs] == ["clean", "aged", "both"]
    stored = Receiver(str(file), most=10_000).start(0).wait(60)
    assert len(stored) > 60 and stored[0].pixels.shape == (360, 640, 3)
    assert stored[-1].seconds - stored[0].seconds > Fraction(3)


@pytest.mark.parametrize(
    ("out", "what"),
    [
        (f"rtmp://a/live/{SECRET}", "does not begin with what it shows"),
        (f"aged=rtmp://a.example/{SECRET}", "wants an application and a key"),
        ("aged=/dev/video77", "no such device"),
        ("aged=@no-such-file", "cannot be read"),
        ("aged=udp://127.0.0.1:5000 --out-rate 0", "not a frame rate"),
        ("aged=udp://127.0.0.1:5000 --out-bit-rate 0", "bits a second"),
    ],
)
def test_refusals(call: Call, out: str, what: str) -> None:
    done = call(*LIVE, "--for", "1", "--out", *out.split())
    assert done.code == 2 and what in done.err
    assert SECRET not in done.err and "Traceback" not in done.err and "Monitors" not in done.err
