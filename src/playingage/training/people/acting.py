"""What a sitter does in a shot: a scene at every moment of it, on smooth paths drawn from a seed.

The paths know neither who sits nor at what age, so that the same shot at another age differs in nothing else.
"""

from dataclasses import dataclass, replace

import numpy as np

from playingage.training.people.scene import Occluder, Scene, Triple

ACTS = ("turn", "talk", "express", "hand", "thing")
"""turn: the head turns to both sides. talk: speech and small movements. express: rest, smile, laugh, frown.
hand, thing: talk while a hand or a rod crosses the face."""
_BLINK = 0.13
"""Seconds from open lids to closed ones, and back."""
_HAND_SIZE: Triple = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """One of ACTS over `length` seconds; `seed` draws the way it is done."""

    act: str
    seed: int
    length: float

    def __post_init__(self) -> None:
        if self.act not in ACTS or not self.length > 0:
            raise ValueError(f"no acting {self.act!r} of {self.length} seconds; acts are {', '.join(ACTS)}")

    def at(self, scene: Scene, seconds: float) -> Scene:
        """`scene` as it is after `seconds`: pose, gaze, expression and occluders move, all else stays."""
        rng = np.random.default_rng((0xAC7, self.seed))
        sway = [_sway(rng, seconds) for _ in range(7)]
        turn = 38.0 * float(rng.choice((-1, 1))) if self.act == "turn" else 7.0
        yaw = turn * float(np.sin(2 * np.pi * seconds / self.length)) + 2 * sway[0]
        nod = 5.0 if self.act == "turn" else 3.0
        return replace(
            scene, yaw=yaw, pitch=nod * sway[1], roll=nod * sway[2], body_yaw=2 * sway[3],
            shift=(scene.shift[0] + 0.012 * sway[4], scene.shift[1] + 0.006 * sway[5]),
            gaze=(-0.4 * yaw + _saccades(rng, seconds, self.length), 2 * sway[6]),
            expression=_units(self._expression(rng, seconds)), occluders=self._occluders(rng, seconds),
        )

    def _expression(self, rng: np.random.Generator, seconds: float) -> dict[str, float]:
        blinks = np.cumsum(rng.uniform(0.7, 1.3, 12))
        close = max(float(np.clip(1.3 - abs(seconds - b) / _BLINK, 0, 1)) for b in blinks)
        units = {"eye-left-closure": max(0.08, close), "eye-right-closure": max(0.08, close)}
        if self.act == "express":
            part = 4 * seconds / self.length  # rest, smile, laugh, frown: each a quarter, passing over
            smile, laugh, frown = (_bump(part - k, 0.9) for k in (1.2, 2.1, 3.3))
            units |= {
                "mouth-corner-puller": 0.8 * max(smile, laugh), "mouth-open": 0.5 * laugh + 0.01,
                "eyebrows-left-down": 0.7 * frown, "eyebrows-right-down": 0.7 * frown, "nose-compression": 0.4 * frown,
                "eyebrows-left-up": 0.5 * smile, "eyebrows-right-up": 0.5 * smile,
            }
        else:
            loud = 0.15 if self.act == "turn" else 0.6
            beats = rng.uniform(0, 2 * np.pi, 3)
            voice = sum(np.sin(2 * np.pi * f * seconds + b) for f, b in zip((1.3, 2.9, 4.1), beats, strict=True)) / 3
            units |= {
                "mouth-open": loud * float(max(voice + 0.35, 0.02)), "mouth-protusion": 0.4 * loud * _positive(voice),
                "mouth-retraction": 0.5 * loud * _positive(-voice),
                "eyebrows-left-up": (brow := 0.4 * _bump(seconds - 0.6 * self.length, 0.5)), "eyebrows-right-up": brow,
            }
        return units

    def _occluders(self, rng: np.random.Generator, seconds: float) -> tuple[Occluder, ...]:
        side = float(rng.choice((-1, 1)))
        # Across the face and half the way back, from well outside the picture of the head.
        away = 1.7 * float(np.cos(1.5 * np.pi * seconds / self.length))
        if self.act == "hand":
            kind = "hand-left" if side > 0 else "hand-right"
            place = (side * away, -0.25 + 0.2 * float(np.sin(3 * seconds)), 0.75)
            turn = (10.0, 5.0, side * (20 + 12 * float(np.sin(2 * seconds))))
            return (Occluder(kind, place, turn, _HAND_SIZE, _HAND_SIZE, touches=False),)
        if self.act == "thing":
            turn = (0.0, 0.0, 25 + 20 * float(np.sin(1.3 * seconds)))
            return (Occluder("rod", (side * away, 0.2, 0.7), turn, (0.09, 1.6, 0.09), (0.25, 0.06, 0.04)),)
        return ()


def _sway(rng: np.random.Generator, seconds: float) -> float:
    """A slow wander within about -1..1: three waves that never quite repeat."""
    waves = zip(rng.uniform((0.15, 0.35, 0.7), (0.3, 0.6, 1.1)), rng.uniform(0, 2 * np.pi, 3), (0.6, 0.3, 0.1),
                strict=True)
    return float(sum(size * np.sin(2 * np.pi * rate * seconds + start) for rate, start, size in waves))


def _saccades(rng: np.random.Generator, seconds: float, length: float) -> float:
    """Degrees: the eyes rest and jump, as eyes do; a jump takes a twentieth of a second."""
    times, places = np.sort(rng.uniform(0, length, 5)), rng.normal(0, 7, 6)
    moves = (np.clip((seconds - t) / 0.05, 0, 1) * (b - a)
             for t, a, b in zip(times, places[:-1], places[1:], strict=True))
    return float(places[0] + sum(moves))


def _bump(x: float, width: float) -> float:
    """1 at 0, smoothly to 0 at `width` on both sides."""
    t = max(0.0, 1 - abs(x) / width)
    return float(t * t * (3 - 2 * t))


def _positive(x: float) -> float:
    return float(max(x, 0.0))


def _units(units: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(weight)) for name, weight in units.items())
