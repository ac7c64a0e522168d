"""Ingest of a 1080p feature film through the command, as a share of its own running time; and of its parts.

The footage is the demo's moving portrait with grain, cut to another shot every few seconds, at the bit rate of a disc.
A film's ratio is that of its minutes: memory and work a minute do not grow, which the longer run shows.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import CACHE, report
from playingage.archive.scan import scan
from playingage.demo import PortraitSource
from playingage.demo.portrait import PORTRAIT
from playingage.media import open_sink, open_stored
from playingage.production import Production
from playingage.rights import GrantStatement, Named, Signer, SigningKey, TrustedKey, Use, issue

_SHOT, _GRAIN, _CRF = 4, 2.5, 20


def film(minutes: float) -> Path:
    """A made film: 1080p24 H.264, a shot every four seconds, of which every third shows two faces and one none."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"film-{minutes:g}min.mp4"
    if path.exists():
        return path
    rng = np.random.default_rng(1)
    grain = [rng.normal(0, _GRAIN, (1080, 1920, 1)).astype(np.float32) for _ in range(8)]
    count, number = round(minutes * 60 * 24), 0
    with PortraitSource(realtime=False, frames=count) as source, open_sink(path, source.info, crf=_CRF) as sink:
        for frame in source:
            shot = number // (_SHOT * 24)
            pixels = _shot(np.asarray(frame.pixels, np.uint8), shot)
            noisy = pixels + grain[int(rng.integers(len(grain)))]
            sink.write(replace(frame, pixels=np.clip(noisy, 0, 255).astype(np.uint8)))
            number += 1
    return path


def _shot(pixels: NDArray[np.uint8], shot: int) -> NDArray[np.uint8]:
    """The camera's picture as another shot sees it."""
    kind = shot % 6
    if kind == 1:
        pixels = pixels[:, ::-1]
    elif kind == 2:  # two faces side by side
        half = np.asarray(cv2.resize(pixels, (960, 540), interpolation=cv2.INTER_AREA), np.uint8)
        both = cv2.copyMakeBorder(np.hstack([half, half[:, ::-1]]), 270, 270, 0, 0, cv2.BORDER_REFLECT)
        pixels = np.asarray(both, np.uint8)
    elif kind == 3:  # nobody
        pixels = np.asarray(cv2.GaussianBlur(pixels[::-1], (0, 0), 25), np.uint8)
    elif kind == 4:
        near = cv2.resize(pixels[180:900, 320:1600], (1920, 1080), interpolation=cv2.INTER_LINEAR)
        pixels = np.asarray(near, np.uint8)
    light = 0.7 + 0.3 * ((shot * 7) % 5) / 4
    lit: NDArray[np.uint8] = np.clip(pixels.astype(np.float32) * np.float32(light), 0, 255).astype(np.uint8)
    return lit


def production(folder: Path) -> Production:
    """A production that may take in NASA's portrait."""
    made = Production.create(folder, "Benchmark")
    made.add_performer("eileen", "Eileen", references=[PORTRAIT])
    key, stamp = SigningKey.make(), datetime.now(UTC).isoformat("T", "milliseconds")
    trusted = TrustedKey(key=key.public, holder="Eileen", capacity="self", performers=("eileen",), added=stamp)
    made.filing.set_keys(made.filing.keys().plus(trusted), "key-trusted", key=key.public.id)
    said = GrantStatement(
        id=uuid.uuid4().hex, performer=Named(id="eileen", name="Eileen"), signer=Signer(name="Eileen", capacity="self"),
        description="A benchmark with NASA's portrait, which is in the public domain.",
        production=Named(id=made.id, name=made.name), ages=(18, 85), uses=(Use.INGEST,), titles=("*",),
        valid_from="2020-01-01", valid_until=None, posthumous=False, contact="benchmark@example.org", signed=stamp,
    )
    envelope = key.sign(said.payload, "application/vnd.playingage.grant+json")
    made.filing.file(envelope, issue(envelope, made.filing.keys(), []))
    return made


def ingesting(out: Path | None, minutes: float) -> None:
    """The whole command on a film, and decoding with shots alone."""
    path = film(minutes)
    rows: list[dict[str, Any]] = []
    length = minutes * 60
    for threads in (1, 2):
        begun, used, count = time.perf_counter(), time.process_time(), 0
        with open_stored(str(path), threads=threads) as source:
            for _ in scan(source, 6.0):
                count += 1
        taken, processor = time.perf_counter() - begun, time.process_time() - used
        rows.append(_row(f"decode and find shots, {threads} decoding", length, taken, processor))
    with tempfile.TemporaryDirectory() as folder:
        taken, processor, answer = _command(path, Path(folder) / "production")
        row = _row("the whole command", length, taken, processor)
        title = answer["titles"][0]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rows.append({**row, "memory MB": round(peak), "looked at": title["frames"], "kept": title["kept"]})
    rate = path.stat().st_size * 8 / length / 1e6
    report(f"ingest: {minutes:g} minutes of 1080p24 H.264 at {rate:.0f} Mbit/s", rows, out)


def _row(what: str, length: float, taken: float, processor: float) -> dict[str, Any]:
    return {
        "what": what, "x running time": round(taken / length, 3), "cores": round(processor / taken, 2),
        "ms a frame": round(1000 * taken / (length * 24), 1),
    }


def _command(path: Path, folder: Path) -> tuple[float, float, dict[str, Any]]:
    production(folder)
    command = [
        sys.executable, "-m", "playingage", "ingest", str(path), "--performer", "eileen", "--age", "38",
        "--production", str(folder), "--json",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, env={**os.environ}, stdout=subprocess.PIPE, text=True, check=True)
    taken = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answer: dict[str, Any] = json.loads(done.stdout)
    return taken, processor, answer
