"""One to four performers in one 1080p picture: processor time of every stage, and the live command with a browser.

The people are NASA's astronaut and what lenses make of her, whom no network takes for one another.
"""

import itertools
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks.common import CACHE, report
from playingage.demo.portrait import PORTRAIT
from playingage.engine import Cast, Engine, Role, Session
from playingage.faces import FaceFinder, FaceIdentity
from playingage.frames import Frame
from playingage.live.encode import encode_picture
from playingage.media import open_sink, open_source
from playingage.media.ports import SourceInfo
from playingage.models import default_package
from playingage.production import Production
from playingage.runtime import choose_device, keep_memory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

Picture = Any
RATE = Fraction(24)
LENSES: tuple[tuple[tuple[float, float, float, float], ...], ...] = (
    (),
    ((224, 128, 90, 0.8), (224, 175, 60, -0.4), (224, 90, 60, 0.6)),
    ((224, 128, 90, -0.35), (224, 165, 50, 0.5)),
    ((224, 150, 70, 0.9), (224, 100, 50, -0.4)),
)
"""Bends of the portrait: place (x, y), reach in pixels, amount."""


def people(count: int) -> list[Picture]:
    """Heads of `count` people, 300 x 340."""
    from people import _bend

    data = np.frombuffer(PORTRAIT.read_bytes(), np.uint8)
    portrait = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    made = []
    for lenses in LENSES[:count]:
        bent: Picture = portrait
        for lens in lenses:
            bent = _bend(bent, *lens)
        made.append(np.ascontiguousarray(bent[10:350, 75:375]))
    return made


def frame(heads: list[Picture], number: int) -> Picture:
    """All side by side in 1920 x 1080, each moving a little; one alone is a close-up of 320 pixels, others of 170."""
    canvas = np.full((1080, 1920, 3), 90, np.uint8)
    width = 900 if len(heads) == 1 else 470
    for i, head in enumerate(heads):
        scale, angle = width / head.shape[1], 3 * np.sin(number / 17 + i)
        move = cv2.getRotationMatrix2D((150, 170), angle, scale)
        centre = 1920 * (i + 0.5) / len(heads) + 12 * np.sin(number / 11 + 2 * i), 540 + 8 * np.cos(number / 13 + i)
        move[:, 2] += np.array(centre) - (150, 170)
        cv2.warpAffine(head, move, (1920, 1080), dst=canvas, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_TRANSPARENT)
    return canvas


def clip(count: int) -> Path:
    """Ten seconds of them as H.264; made once."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"several-{count}.mp4"
    if not path.exists():
        info = SourceInfo(name="several", width=1920, height=1080, rate=RATE)
        with open_sink(path, info) as sink:
            for number in range(240):
                sink.write(Frame(pixels=frame(people(count), number), number=number, rate=RATE))
    return path


def names(count: int) -> list[str]:
    """IDs of the performers."""
    return [f"p{i}" for i in range(count)]


def production(folder: Path, count: int, size: int) -> Production:
    """A production with a package of each performer: the default network under their name."""
    from packages import performer_package
    from people import embedding_of
    from production import make_production

    made = make_production(folder, names(count))
    for name, head in zip(names(count), people(count), strict=True):
        models = made.models(name)
        models.mkdir(parents=True, exist_ok=True)
        granted = made.grant(name, "live")
        performer_package(models / "one.pamodel", name, made, granted, [embedding_of(head)], size=size)
    return made


def costs(counts: tuple[int, ...], sizes: tuple[int, ...], out: Path | None) -> None:
    """Processor milliseconds a frame of decoding, looking, re-ageing and encoding, all threads together."""
    cv2.setNumThreads(1)
    keep_memory()
    rows = [_cost(count, size) for size in sizes for count in counts]
    report("several: processor time of a 1080p frame in ms, two 1080p JPEGs included", rows, out)


def _cost(count: int, size: int) -> dict[str, Any]:
    device = choose_device("CPU")
    finder, identity = FaceFinder(device), FaceIdentity(device)
    roles = []
    for name, head in zip(names(count), people(count), strict=True):
        face = max(finder.find(head), key=lambda found: found.size)
        known = identity.embed(head, face.landmarks)[None]
        roles.append(Role(engine=Engine(default_package(size), device), performer=name, name=name, identity=known))
    session = Session(Cast(roles=tuple(roles)))
    taken: dict[str, list[float]] = {"decode": [], "look": [], "re-age": [], "encode": []}
    aged = []

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun = time.process_time()
        done = work()
        taken[name].append((time.process_time() - begun) * 1000)
        return done

    with open_source(str(clip(count)), threads=1, accurate=False) as source:
        for number in itertools.count():
            shown = timed("decode", source.read)
            if shown is None:
                break
            looked = timed("look", lambda shown=shown: session.look(shown))
            done = timed("re-age", lambda looked=looked: session.reage(looked, 70))
            timed("encode", lambda a=shown, b=done: [encode_picture(each, (1920, 1080), 85) for each in (a, b.frame)])
            if number >= 48:
                aged.append(sum(face.strength > 0.5 for face in done.faces))
    means = {name: float(np.mean(values[48:])) for name, values in taken.items()}
    total = sum(means.values())
    return {
        "network": size, "performers": count, "re-aged": f"{np.mean(aged):.2f}",
        **{name: f"{median(values[48:]):.1f}" for name, values in taken.items()},
        "sum of means": f"{total:.1f}", "cores at 24 a second": f"{total * 24 / 1000:.2f}",
    }
