"""What the camera sees: performers and a stranger side by side, none of them to be found in a street, as clips."""

import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from packages import performer_package  # noqa: E402
from people import embedding_of, stranger_of  # noqa: E402
from production import make_production  # noqa: E402

from playingage.demo.portrait import PORTRAIT  # noqa: E402

Picture = NDArray[np.uint8]
WIDTH, HEIGHT, RATE = 1920, 1080, 24
SECONDS = 12
_EVA, _STRANGER = 3, 9
"""Seeds of the rendered people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Clips by name, the production's folder, its schedule, and its performers' ids."""

    clips: dict[str, Path]
    production: Path
    schedule: Path
    performers: tuple[str, ...]


def make_scene(folder: Path, data: Path, size: int) -> Scene:
    """Everything under `folder`, made once. data: where MakeHuman's assets are; without them two performers play."""
    portrait = np.asarray(cv2.imdecode(np.frombuffer(PORTRAIT.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)
    heads = {"ada": _head(portrait), "ben": _head(stranger_of(portrait))}
    heads |= _rendered(data / "makehuman.tar.xz", folder / "assets")
    performers = tuple(name for name in heads if name != "stranger")
    home = folder / f"production-{size}"
    if not home.is_dir():
        made = make_production(home, performers)
        for name in performers:
            performer_package(made.models(name) / "first.pamodel", name, made, made.grant(name, "train"),
                              [embedding_of(heads[name])], size=size)
    schedule = folder / "schedule.csv"
    lines = [f"{name},{scene},{20 + (7 * scene + 20 * n) % 60}" for scene in range(1, 13)
             for n, name in enumerate(performers)]
    schedule.write_text("\n".join(("performer,scene,age", *lines, "")), encoding="utf-8")
    clips = {}
    for name, scale in (("full", 1.0), ("small", 2 / 3)):
        clips[name] = folder / f"{name}-{len(heads)}.ts"
        if not clips[name].is_file():
            _write(clips[name], list(heads.values()), scale)
    return Scene(clips=clips, production=home, schedule=schedule, performers=performers)


def _head(portrait: Picture) -> Picture:
    return np.ascontiguousarray(portrait[10:350, 75:375])


def _rendered(archive: Path, cache: Path) -> dict[str, Picture]:
    if not archive.is_file():
        return {}
    from playingage.training.people import People

    people, found = People(archive, cache), {}
    for name, seed in (("eva", _EVA), ("stranger", _STRANGER)):
        scene = replace(people.scene(1001), yaw=0.0, pitch=0.0, roll=0.0, body_yaw=0.0, eye_gap=0.13, occluders=(),
                        glasses=None)
        picture = np.asarray(np.clip(people.render(people.sitter(seed), 38, scene, 512).rgb, 0, 1) * 255, np.uint8)
        found[name] = np.ascontiguousarray(picture[52:460, 76:436])
    return found


def _write(path: Path, heads: list[Picture], scale: float) -> None:
    """H.264 in MPEG-TS, a whole picture every half second; it ends as it begins."""
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    fresh = path.with_name("fresh-" + path.name)
    with av.open(str(fresh), "w", format="mpegts") as container:
        options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "g": "12", "x264-params": "bframes=0"}
        stream = container.add_stream("libx264", rate=Fraction(RATE), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(SECONDS * RATE):
            picture = _picture(heads, number / (SECONDS * RATE))
            if scale != 1:
                picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    fresh.replace(path)


def _picture(heads: list[Picture], part: float) -> Picture:
    """All heads before a wall, each moving in its own way; `part` 0..1 of the clip."""
    across = np.linspace(70, 120, WIDTH, dtype=np.float32)
    wall = np.repeat(np.repeat(across[None, :, None], HEIGHT, 0), 3, 2)
    noise = np.random.default_rng(round(part * 1e6)).normal(0, 2, (HEIGHT // 2, WIDTH // 2, 1)).astype(np.float32)
    wall += cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)[..., None]
    slot = WIDTH // len(heads)
    side = min(slot - 60, 460)
    for place, head in enumerate(heads):
        tall = round(side * head.shape[0] / head.shape[1])
        angle = 2 * np.pi * (part * (1 + place % 2) + place / 4)
        large = np.asarray(cv2.resize(head, (side, tall), interpolation=cv2.INTER_CUBIC), np.float32)
        left = slot * place + (slot - side) / 2 + 22 * np.sin(angle)
        top = 230 + 40 * np.cos(angle)
        move = np.float32([[1, 0, left], [0, 1, top]])
        soft = cv2.GaussianBlur(np.pad(np.ones((tall - 40, side - 40), np.float32), 20), (0, 0), 8)[..., None]
        moved = cv2.warpAffine(large, move, (WIDTH, HEIGHT))
        cover = cv2.warpAffine(soft, move, (WIDTH, HEIGHT))[..., None]
        wall += (moved - wall) * cover
    return np.asarray(np.clip(wall, 0, 255), np.uint8)
