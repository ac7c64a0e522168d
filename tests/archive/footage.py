"""Footage of people who are colours: small clips whose every pixel is known, and networks that see them at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.archive.dates import When
from playingage.archive.footage import Title, grouped
from playingage.archive.ingest import Ingest, Outcome, Person
from playingage.archive.listing import entries_of
from playingage.archive.settings import IngestSettings
from playingage.archive.watch import Tools
from playingage.faces import Face
from playingage.faces.mesh import pose_of
from playingage.frames import Frame
from playingage.media import SourceInfo, open_sink

RATE = Fraction(12)
SIZE = (240, 320)
ADA, BEN, EVE = (200, 40, 40), (40, 40, 200), (40, 190, 60)
PEOPLE = (ADA, BEN, EVE)
EYE = 24.0
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shot:
    """People at x positions (0..1) over so many frames."""

    people: tuple[tuple[Rgb, float], ...]
    frames: int = 12
    level: int = 90


def draw(shot: Shot, number: int, seed: int) -> NDArray[np.uint8]:
    """A frame: a fixed background of the shot with grain, and discs."""
    height, width = SIZE
    rng = np.random.default_rng((seed, number))
    wall = np.random.default_rng(seed).integers(0, 50, (6, 8, 3)).astype(np.float32)
    picture = np.asarray(cv2.resize(wall, (width, height), interpolation=cv2.INTER_LINEAR), np.float32) + shot.level
    picture += rng.normal(0, 2, picture.shape).astype(np.float32)
    for colour, x in shot.people:
        shade = 1 + 0.004 * number
        cv2.circle(picture, (int(x * width), height // 2), 40, tuple(min(255.0, c * shade) for c in colour), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def write_clip(path: Path, shots: Sequence[Shot], *, seed: int = 1, bars: int = 0) -> Path:
    """The shots one after the other, without loss; with `bars` black lines above and below."""
    info = SourceInfo(name=path.name, width=SIZE[1], height=SIZE[0], rate=RATE)
    number = 0
    with open_sink(path, info, codec="ffv1") as sink:
        for i, shot in enumerate(shots):
            for within in range(shot.frames):
                pixels = draw(shot, within, seed * 100 + i)
                pixels[:bars] = pixels[SIZE[0] - bars :] = 2
                sink.write(Frame(pixels=pixels, number=number, rate=RATE))
                number += 1
    return path


class Follower:
    """Finds discs by their colour, turned the more the further from the middle.

    `mean` is a face's 478 x 3 landmarks, eyes one unit apart about the origin.
    """

    def __init__(self, mean: NDArray[np.float32]) -> None:
        self.mean = mean
        self.looks = 0

    def reset(self) -> None:
        pass

    def update(self, pixels: NDArray[np.uint8], seconds: float) -> tuple[Face, ...]:
        self.looks += 1
        found = []
        for i, colour in enumerate(PEOPLE):
            main = int(np.argmax(colour))
            others = [c for c in range(3) if c != main]
            near = (pixels[..., main] > 185) & (pixels[..., others].max(axis=2) < 110)
            if near.sum() > 1000:
                ys, xs = np.nonzero(near)
                yaw = np.radians(120 * (xs.mean() / pixels.shape[1] - 0.5) + 6 * np.sin(seconds))
                turned = self.mean.copy()
                turned[:, 0] = self.mean[:, 0] * np.cos(yaw) + self.mean[:, 2] * np.sin(yaw)
                turned[:, 2] = self.mean[:, 2] * np.cos(yaw) - self.mean[:, 0] * np.sin(yaw)
                points = (turned * EYE + [xs.mean(), ys.mean() - 8, 0]).astype(np.float32)
                found.append(Face(id=i + 1, landmarks=points, pose=pose_of(points), confidence=1.0))
        return tuple(found)


class Identifier:
    """The colour at the middle of the face as an embedding: people are about 1 apart."""

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        x, y = landmarks[1, :2].astype(int)
        return embedding_of([int(v) for v in pixels[y - 3 : y + 3, x - 3 : x + 3].mean(axis=(0, 1))])


def embedding_of(colour: Sequence[int]) -> NDArray[np.float32]:
    """128 numbers of length 0.75 in the direction of the colour."""
    vector = np.zeros(128, np.float32)
    vector[:3] = np.array(colour, np.float32) / max(float(np.linalg.norm(colour)), 1.0) * 0.75
    return vector


def fake_tools(mean: NDArray[np.float32], hidden: float = 0.0) -> Tools:
    """Networks that see colours."""
    return Tools(follow=Follower(mean), identify=Identifier(), hidden=lambda pixels, landmarks: hidden)


@dataclass
class Permit:
    """Allows all but the `forbidden`, and remembers."""

    forbidden: frozenset[str] = frozenset()
    events: list[tuple[str, str]] = field(default_factory=list)

    def grant(self, title: str) -> str:
        from playingage.rights import GrantError

        if title in self.forbidden:
            raise GrantError(f"no grant for {title}", "Ask.")
        return "5" * 64

    def record(self, event: str, title: str, **details: Any) -> None:
        self.events.append((event, title))


def titles_of(
    *paths: Path, age: float = 30.0, title: str | None = None, rights: str | None = None
) -> tuple[Title, ...]:
    """Footage as given on the command line."""
    entries = entries_of([str(p) for p in paths], when=When(age=age), title=title, rights=rights, listing=None)
    return grouped(entries, None)


def ingest(
    folder: Path, tools: Callable[[], Tools], titles: Sequence[Title], *, known: Sequence[Rgb] = (ADA,), **other: Any
) -> list[Outcome]:
    """Take titles in; the references are `known` colours."""
    person = Person(id="ada", name="Ada", born=None, pictures=tuple(embedding_of(c) for c in known))
    settings = other.pop("settings", IngestSettings(chunk=1.0))
    fixed = {"clock": lambda: datetime(2026, 11, 1, tzinfo=UTC), "permit": Permit()}
    work = Ingest(folder, person, tools, settings=settings, **{**fixed, **other})
    return list(work.run(titles, lambda part: None, lambda text: None))
