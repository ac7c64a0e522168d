"""Milliseconds of each stage, one thread each: what bounds the live picture and the render."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]

from benchmarks.common import RATE, clip, report, time_ms
from playingage.engine import AgeRequest, Engine
from playingage.engine.composite import add_patch, to_frame
from playingage.faces import FaceFinder, FaceTracker, face_region, template_transform, warp_crop
from playingage.frames import Frame
from playingage.media import open_source
from playingage.models import AgeReader, CropReager, default_package
from playingage.runtime import Device, choose_device


def stages(out: Path | None) -> None:
    """Every stage of a 1080p frame with one face, then whole frames with 1, 2, 4 faces and 4K."""
    cv2.setNumThreads(1)
    device = choose_device("CPU")
    print(f"Device: {device}")
    with open_source(str(clip()), threads=1) as source:
        frames = [source.read() for _ in range(24)]
    frame = frames[-1]
    assert frame is not None
    pixels: Any = frame.pixels
    face = FaceFinder(device).find(pixels)[0]
    rows: list[dict[str, Any]] = []

    def add(stage: str, work: Any, repeats: int = 25) -> None:
        rows.append({"stage": stage, **time_ms(work, repeats)})

    with open_source(str(clip()), threads=1) as source:
        add("decode H.264 1080p to RGB", source.read, 60)
    tracker = FaceTracker(device)
    times = iter(range(10_000))
    add("track one face", lambda: tracker.update(pixels, next(times) / 24), 60)
    for size in (512, 256):
        package = default_package(size)
        network, reader = CropReager(package, device), AgeReader(package, device)
        transform = template_transform(face.landmarks, size)
        crop = np.clip(warp_crop(pixels, transform, size) / 255, 0, 1).astype(np.float32)
        delta, matte = network(crop, 35, 70)
        region = face_region(face.landmarks, transform, size)
        patch = to_frame(delta, matte * region, transform, 1080, 1920)
        assert patch is not None
        canvas = pixels.copy()
        add(f"crop {size}", lambda t=transform, s=size: warp_crop(pixels, t, s))
        add(f"network alone {size}", lambda n=network, c=crop: n(c, 35, 70))
        add(f"region {size}", lambda t=transform, s=size: face_region(face.landmarks, t, s))
        add(f"change to frame {size}", lambda d=delta, m=matte * region, t=transform: to_frame(d, m, t, 1080, 1920))
        add(f"composite {size}", lambda c=canvas, p=patch: add_patch(c, p, "bt709"))
        age_crop = np.clip(warp_crop(pixels, template_transform(face.landmarks, reader.size), reader.size) / 255, 0, 1)
        if size == 512:
            small_crop = age_crop.astype(np.float32)
            add("read age (8 frames of a track)", lambda r=reader, c=small_crop: r(c))
    small = cv2.resize(pixels, (1280, 720), interpolation=cv2.INTER_AREA)
    add("JPEG 1080p", lambda: simplejpeg.encode_jpeg(pixels, 85, "RGB", "420", True))
    add("JPEG 720p", lambda: simplejpeg.encode_jpeg(small, 85, "RGB", "420", True))
    report("stages: one thread each, 1080p, one face", rows, out)
    whole_frames(device, frame, out)


def whole_frames(device: Device, frame: Frame, out: Path | None) -> None:
    """The engine's call with 1, 2 and 4 faces at 1080p, and one face in 4K; relative to one face."""
    rows: list[dict[str, Any]] = []
    face = FaceFinder(device).find(frame.pixels)[0]  # type: ignore[arg-type]
    for size in (512, 256):
        engine = Engine(default_package(size), device)
        base = 0.0
        for count in (1, 2, 4):
            # The same face again and again costs what as many faces of this size would.
            requests = [AgeRequest(face=face, source_age=35, target_age=70)] * count
            got = time_ms(lambda r=requests, e=engine: e.apply(frame, r), 15)
            base = base or got["ms"]
            what = {"network": size, "picture": "1080p 8-bit", "faces": count}
            rows.append({**what, **got, "to one face": round(got["ms"] / base, 2)})
        large = cv2.resize(frame.pixels, (3840, 2160), interpolation=cv2.INTER_CUBIC)
        for name, pixels in (("4K 8-bit", large), ("4K 16-bit", large.astype(np.uint16) * 257)):
            big = Frame(pixels=np.ascontiguousarray(pixels), number=0, rate=RATE)
            twice = replace(face, landmarks=face.landmarks * 2 + np.float32(0.5))
            request = AgeRequest(face=twice, source_age=35, target_age=70)
            got = time_ms(lambda b=big, r=request, e=engine: e.apply(b, [r]), 10)
            what = {"network": size, "picture": name, "faces": 1}
            rows.append({**what, **got, "to one face": round(got["ms"] / base, 2)})
    report("engine: crop to composite, tracking left out", rows, out)
