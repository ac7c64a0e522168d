"""What people do in a clip: paths drawn from a seed, the picture of every frame, and who is where in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.crossing.actors import EYES, HEIGHT, WIDTH, Actor, Picture

SIZE = (1280, 720)
FRAMES, RATE = 120, 24
_GREY, _LOUD = 128, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Of one person in one frame: middle of the eyes in pixels, scale of the cut-out, yaw and roll in degrees, away:
    0..1 from the face to the back of the head. Larger people are in front, but for `front`.
    """

    x: float
    y: float
    scale: float
    yaw: float = 0.0
    roll: float = 0.0
    away: float = 0.0
    front: float = 0.0


Course = Callable[[float], Where]
"""From the time 0..1 of a clip to a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """kind: of KINDS. people: their indices; paths: theirs. performers: how many of the first are of the cast."""

    kind: str
    seed: int
    people: tuple[int, ...]
    performers: int
    paths: tuple[Course, ...]
    blur: float
    noise: float
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """A frame, and of each person the share 0..1 of their face that is to be seen, turned to the camera.

    labels: H x W, 1 + the place of the person who is seen there, 0 for the ground.
    """

    pixels: Picture
    labels: Picture
    seen: tuple[float, ...]
    sizes: tuple[float, ...]


def _ease(t: float, start: float, end: float) -> float:
    t = min(1.0, max(0.0, (t - start) / max(end - start, 1e-6)))
    return t * t * (3 - 2 * t)


def _sway(rng: np.random.Generator) -> Callable[[float], float]:
    rates, starts = rng.uniform(0.5, 2.5, 3), rng.uniform(0, 6.3, 3)
    return lambda t: float(np.sin(rates * t * 6.3 + starts) @ (0.5, 0.3, 0.2))


def _living(path: Course, rng: np.random.Generator, turns: float) -> Course:
    """Nobody keeps still: heads turn, nod and sway."""
    x, y, yaw, roll = (_sway(rng) for _ in range(4))

    def at(t: float) -> Where:
        where = path(t)
        return Where(
            x=where.x + 8 * x(t), y=where.y + 5 * y(t), scale=where.scale, yaw=where.yaw + turns * yaw(t),
            roll=where.roll + 6 * roll(t), away=where.away, front=where.front,
        )

    return at


def _scale(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.55, 1.15))


def _cross(count: int, rng: np.random.Generator) -> list[Course]:
    """All walk from one side to the other, in front of each other."""
    paths: list[Course] = []
    for place in range(count):
        left, right = 150 + 40 * place, SIZE[0] - 150 - 40 * place
        a, b = (left, right) if place % 2 else (right, left)
        start, end, y, scale = rng.uniform(0, 0.25), rng.uniform(0.7, 1.0), rng.uniform(230, 330), _scale(rng)
        paths.append(lambda t, a=a, b=b, s=start, e=end, y=y, c=scale: Where(x=a + (b - a) * _ease(t, s, e), y=y,
                                                                            scale=c))
    return paths


def _cover(count: int, rng: np.random.Generator) -> list[Course]:
    """The first stands; others come before them, stop, and go on or back. While covered the first may step aside."""
    x, y, scale = rng.uniform(400, 800), rng.uniform(250, 310), float(rng.uniform(0.55, 0.8))
    aside = float(rng.choice((-1, 0, 1))) * 330
    paths: list[Course] = [lambda t: Where(x=x + aside * _ease(t, 0.45, 0.6), y=y, scale=scale)]
    for place in range(1, count):
        side, back = float(rng.choice((-1, 1))), bool(rng.random() < 0.5)
        come, go = 0.12 + 0.05 * place, 0.5 + 0.1 * place
        far = x + side * (420 + 60 * place)
        end = far if back else x - side * (420 + 40 * place)
        large = scale * float(rng.uniform(1.1, 1.5))
        paths.append(lambda t, f=far, e=end, c=come, g=go, s=large: Where(
            x=f + (x - f) * _ease(t, c, c + 0.22) + (e - x) * _ease(t, g, g + 0.25), y=y + 15, scale=s))
    return paths


def _leave(count: int, rng: np.random.Generator) -> list[Course]:
    """The first goes out; others come in where they stood; the first comes back from the other side."""
    x, y, scale = rng.uniform(450, 850), rng.uniform(240, 320), _scale(rng)
    side = float(rng.choice((-1, 1)))
    out, other = (-260.0, SIZE[0] + 260.0) if side < 0 else (SIZE[0] + 260.0, -260.0)

    def first(t: float) -> Where:
        if t < 0.5:
            return Where(x=x + (out - x) * _ease(t, 0.2, 0.38), y=y, scale=scale)
        return Where(x=other + (x + side * 200 - other) * _ease(t, 0.6, 0.8), y=y, scale=scale)

    paths: list[Course] = [first]
    for place in range(1, count):
        begin = out if place % 2 else other
        stop, large = x + (place - 1) * 230 * (-1) ** place, _scale(rng)
        paths.append(lambda t, b=begin, s=stop, c=large, p=place: Where(
            x=b + (s - b) * _ease(t, 0.28 + 0.05 * p, 0.5 + 0.05 * p), y=y, scale=c))
    return paths


def _turn(count: int, rng: np.random.Generator) -> list[Course]:
    """All turn away and back at their own times, some beside each other, and one takes another's place meanwhile."""
    paths: list[Course] = []
    for place in range(count):
        x, y, scale = 200 + 880 / max(1, count - 1) * place, rng.uniform(240, 320), _scale(rng)
        away, back = rng.uniform(0.15, 0.35), rng.uniform(0.55, 0.8)
        to = float(rng.choice((-1, 1))) * float(rng.choice((0, 300)))
        paths.append(lambda t, x=x, y=y, c=scale, a=away, b=back, m=to: Where(
            x=x + m * _ease(t, a + 0.06, b), y=y, scale=c, yaw=90 * (_ease(t, a, a + 0.08) - _ease(t, b - 0.08, b)),
            away=_ease(t, a + 0.03, a + 0.08) - _ease(t, b - 0.08, b - 0.03)))
    return paths


def _close(count: int, rng: np.random.Generator) -> list[Course]:
    """Cheek to cheek, apart, and together again."""
    x, y, scale = rng.uniform(450, 750), rng.uniform(250, 310), float(rng.uniform(0.6, 1.0))
    gap = float(rng.uniform(0.75, 1.25)) * 130 * scale
    paths: list[Course] = []
    for place in range(count):
        home = x + (place - (count - 1) / 2) * gap
        off = home + (place - (count - 1) / 2) * 260
        paths.append(lambda t, h=home, o=off, p=place: Where(
            x=o + (h - o) * (_ease(t, 0.05, 0.25) - _ease(t, 0.5, 0.62) + _ease(t, 0.7, 0.85)), y=y + 12 * (p % 2),
            scale=scale, front=(p % 2) * 0.01, yaw=18 * (-1) ** p))
    return paths


def _busy(count: int, rng: np.random.Generator) -> list[Course]:
    """Everybody goes where they like."""
    paths: list[Course] = []
    for _ in range(count):
        knots = rng.uniform((80, 200, 0.5), (SIZE[0] - 80, 360, 1.2), (6, 3))

        def at(t: float, k: NDArray[np.float64] = knots) -> Where:
            part = min(t * 5, 4.999)
            i, u = int(part), part - int(part)
            x, y, scale = k[i] + (k[i + 1] - k[i]) * (u * u * (3 - 2 * u))
            return Where(x=float(x), y=float(y), scale=float(scale))

        paths.append(at)
    return paths


KINDS: dict[str, Callable[[int, np.random.Generator], list[Course]]] = {
    "cross": _cross, "cover": _cover, "leave": _leave, "turn": _turn, "close": _close, "busy": _busy,
}


def clips(actors: Sequence[Actor], half: str, count: int, seed: int) -> Iterator[Clip]:
    """Clips of the people of one half, every kind in turn; in every third the strangers are those most alike."""
    rng = np.random.default_rng(seed)
    own = [i for i, actor in enumerate(actors) if actor.half == half]
    leads = [i for i in own if actors[i].known is not None]
    faces = np.stack([actor.identity for actor in actors])
    kinds = list(KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        people = int(rng.integers(2, 5 if kind in ("cover", "leave", "close") else 7))
        performers = int(rng.integers(1, min(3, people) + (0 if people > 3 else 1)))
        cast = [int(each) for each in rng.choice(leads, performers, replace=False)]
        rest = [i for i in own if i not in cast]
        if number % 3 == 2:
            alike = sorted(rest, key=lambda i: min(float(np.linalg.norm(faces[i] - faces[c])) for c in cast))
            others = alike[: people - performers]
        else:
            others = [int(each) for each in rng.choice(rest, people - performers, replace=False)]
        chosen = [*cast, *others]
        # Anybody may have the first part: the performer is not always the one who is covered.
        paths = KINDS[kind](people, rng)
        order = rng.permutation(people)
        yield Clip(
            kind=kind, seed=seed * 1000 + number, people=tuple(chosen), performers=performers,
            paths=tuple(_living(paths[order[i]], rng, 16.0) for i in range(people)),
            blur=float(rng.choice((0.0, 0.0, 0.8, 1.5))), noise=float(rng.uniform(1, 6)),
            gain=float(rng.uniform(0.6, 1.1)),
        )


def background(seed: int) -> Picture:
    """Soft colours."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 200, (6, 10, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)


def frames(clip: Clip, actors: Sequence[Actor]) -> Iterator[Shown]:
    """The pictures of a clip."""
    ground = background(clip.seed)
    rng = np.random.default_rng(clip.seed)
    for number in range(FRAMES):
        yield _frame(clip, [actors[i] for i in clip.people], ground, number / (FRAMES - 1), rng)


@cache
def _grain() -> Picture:
    noise = np.random.default_rng(7).normal(_GREY, _LOUD, (SIZE[1] + 64, SIZE[0] + 64, 1)).clip(0, 255)
    return np.ascontiguousarray(np.repeat(noise.astype(np.uint8), 3, axis=2))


def _frame(clip: Clip, people: list[Actor], ground: Picture, t: float, rng: np.random.Generator) -> Shown:
    where = [path(t) for path in clip.paths]
    canvas, labels = ground.copy(), np.zeros(SIZE[::-1], np.uint8)
    whole, placed = [0.0] * len(people), {}
    for i in sorted(range(len(people)), key=lambda i: where[i].scale + where[i].front):
        at, person = where[i], people[i]
        move = cv2.getRotationMatrix2D(EYES, at.roll, at.scale)
        move[:, 2] += (at.x - EYES[0], at.y - EYES[1])
        corners = np.array([(0, 0, 1), (WIDTH, 0, 1), (0, HEIGHT, 1), (WIDTH, HEIGHT, 1)]) @ move.T
        low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, SIZE)
        high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, SIZE)
        area = float(person.oval.sum()) * at.scale**2
        whole[i] = max(area, 1.0)
        if (high - low).min() < 2:
            continue
        local = move.copy()
        local[:, 2] -= low
        extent = int(high[0] - low[0]), int(high[1] - low[1])
        part = np.s_[low[1] : high[1], low[0] : high[0]]
        look = cv2.warpAffine(person.seen(at.yaw, at.away), local, extent, flags=cv2.INTER_AREA)
        alpha = look[..., 3].astype(np.float32) * np.float32(1 / 255)
        canvas[part] = cv2.blendLinear(np.ascontiguousarray(look[..., :3]), np.ascontiguousarray(canvas[part]), alpha,
                                       1 - alpha)
        labels[part][look[..., 3] > 127] = i + 1
        placed[i] = part, cv2.warpAffine(person.oval, local, extent, flags=cv2.INTER_NEAREST)
    seen = []
    for i, at in enumerate(where):
        share = 0.0
        if i in placed:
            part, oval = placed[i]
            share = float(((labels[part] == i + 1) & (oval > 0)).sum()) / whole[i]
        seen.append(0.0 if at.away > 0.1 else share)
    picture = canvas if clip.blur == 0 else cv2.GaussianBlur(canvas, (0, 0), clip.blur)
    down, right = (int(value) for value in rng.integers(0, 64, 2))
    grain = _grain()[down : down + SIZE[1], right : right + SIZE[0]]
    picture = cv2.addWeighted(picture, clip.gain, grain, clip.noise / _LOUD, -_GREY * clip.noise / _LOUD)
    sizes = tuple(float(at.scale) * 150 for at in where)
    return Shown(pixels=picture, labels=labels, seen=tuple(seen), sizes=sizes)
