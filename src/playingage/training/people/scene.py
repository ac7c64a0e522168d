"""What happens around the sitter: pose, lens, light, expression, glasses, things in the way. Drawn from a seed."""

from dataclasses import dataclass

import numpy as np

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """A far lamp: `towards` points to it (camera axes: x right, y up, z to the camera), `colour` is linear."""

    towards: Triple
    colour: Triple


@dataclass(frozen=True)
class Glasses:
    """Half width and half height of a lens, radius of the rim's wire (dm), squareness (2: round), colour, tint."""

    width: float
    height: float
    wire: float
    square: float
    colour: Triple
    tint: float


@dataclass(frozen=True)
class Occluder:
    """A hand or a thing before the face: `kind`, place before the face and size (dm), turn (degrees), linear colour.

    `touches`: a hand lies on the face; else it keeps the place it is given, as one that moves must.
    """

    kind: str
    place: Triple
    turn: Triple
    size: Triple
    colour: Triple
    touches: bool = True


@dataclass(frozen=True)
class Scene:
    """One shot; it knows neither who sits nor at what age.

    Angles in degrees (yaw > 0 turns to the picture's right, pitch > 0 down, roll clockwise), `eye_gap` is the distance
    of the eyes as a share of the picture's width when seen from the front, `shift` moves the head by such shares,
    `sky`, `ground`, `side` are ambient light in linear colour, `soft` (0..1) is the softness of the key's shadow.
    """

    seed: int
    yaw: float
    pitch: float
    roll: float
    body_yaw: float
    fov: float
    eye_gap: float
    shift: tuple[float, float]
    lights: tuple[Light, ...]
    sky: Triple
    ground: Triple
    side: Triple
    soft: float
    exposure: float
    contrast: float
    gaze: tuple[float, float]
    expression: tuple[tuple[str, float], ...]
    cloth: Triple
    neckline: float
    glasses: Glasses | None
    occluders: tuple[Occluder, ...]


def scene_of(seed: int) -> Scene:
    """The shot of this seed."""
    rng = np.random.default_rng((0x5CE, seed))
    wide = rng.random() < 0.12
    yaw = float(rng.uniform(35, 80) * rng.choice((-1, 1)) if wide else np.clip(rng.normal(0, 17), -35, 35))
    pitch, roll = float(np.clip(rng.normal(0, 8), -20, 20)), float(np.clip(rng.normal(0, 7), -20, 20))
    lights, sky, ground, side = _light(rng)
    gap = float(rng.uniform(0.16, 0.225))
    return Scene(
        seed=seed, yaw=yaw, pitch=pitch, roll=roll, body_yaw=yaw * float(rng.uniform(0.2, 0.7)),
        fov=float(rng.uniform(10, 34)), eye_gap=gap,
        # a large head is moved down, so that tall hair stays in the picture
        shift=(float(rng.normal(0, 0.02)), float(rng.normal(-0.02 - (gap - 0.155), 0.01))),
        lights=lights, sky=sky, ground=ground, side=side, soft=float(rng.uniform(0.05, 1.0)),
        exposure=float(np.exp(rng.normal(0, 0.25))), contrast=float(rng.uniform(1.0, 1.35)),
        gaze=(float(rng.normal(-0.5 * np.clip(yaw, -30, 30) * (rng.random() < 0.5), 6)), float(rng.normal(0, 4))),
        expression=_expression(rng), cloth=_colour(rng, 0.02, 0.6), neckline=float(rng.uniform(5.75, 6.05)),
        glasses=_glasses(rng) if rng.random() < 0.15 else None, occluders=_occluders(rng),
    )


def _colour(rng: np.random.Generator, low: float, high: float) -> Triple:
    c = np.exp(rng.uniform(np.log(low), np.log(high))) * np.exp(rng.normal(0, 0.35, 3))
    return (float(c[0]), float(c[1]), float(c[2]))


def _tinted(rng: np.random.Generator, level: float, spread: float = 0.12) -> Triple:
    warm = rng.normal(0, spread)  # lamps and skies differ mostly along warm to cold
    c = level * np.exp(np.array((warm, rng.normal(0, 0.03), -warm)))
    return (float(c[0]), float(c[1]), float(c[2]))


def _towards(azimuth: float, height: float) -> Triple:
    a, h = np.radians(azimuth), np.radians(height)
    return (float(np.sin(a) * np.cos(h)), float(np.sin(h)), float(np.cos(a) * np.cos(h)))


def _light(rng: np.random.Generator) -> tuple[tuple[Light, ...], Triple, Triple, Triple]:
    kind = rng.choice(("studio", "hard", "soft", "contrast"), p=(0.4, 0.2, 0.25, 0.15))
    turn = float(rng.uniform(-75, 75))
    key, fill, rim, ambient = {
        "studio": (0.75, 0.3, 0.4, 0.3), "hard": (1.1, 0.1, 0.2, 0.25),
        "soft": (0.3, 0.2, 0.1, 0.65), "contrast": (1.2, 0.04, 0.7, 0.1),
    }[str(kind)]
    lights = (
        Light(_towards(turn, float(rng.uniform(-5, 60))), _tinted(rng, key * float(rng.uniform(0.8, 1.2)))),
        Light(_towards(-turn + float(rng.normal(0, 20)), float(rng.uniform(-20, 35))), _tinted(rng, fill, 0.2)),
        Light(_towards(180 - turn + float(rng.normal(0, 30)), float(rng.uniform(5, 60))),
              _tinted(rng, rim * float(rng.uniform(0, 1.5)), 0.25)),
    )
    side = float(rng.uniform(-0.5, 0.5)) * ambient
    return lights, _tinted(rng, ambient * 1.25), _tinted(rng, ambient * float(rng.uniform(0.3, 0.9)), 0.2), (side,) * 3


def _expression(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    units: dict[str, float] = {}
    kind = rng.choice(("rest", "smile", "laugh", "talk", "sad", "squint"), p=(0.34, 0.22, 0.12, 0.2, 0.06, 0.06))
    u = rng.uniform
    if kind == "smile":
        units = {"mouth-corner-puller": u(0.3, 0.9), "mouth-retraction": u(0, 0.3)}
    elif kind == "laugh":
        units = {"mouth-corner-puller": u(0.6, 1), "mouth-open": u(0.2, 0.6), "mouth-parling": u(0, 0.3)}
    elif kind == "talk":
        units = {"mouth-open": u(0.1, 0.6), str(rng.choice(("mouth-protusion", "mouth-retraction", "mouth-pursing",
                 "mouth-parling", "mouth-part-later"))): u(0, 0.6)}
    elif kind == "sad":
        units = {"mouth-depression": u(0.2, 0.7), "eyebrows-left-inner-up": (w := u(0.2, 0.8)),
                 "eyebrows-right-inner-up": w}
    elif kind == "squint":
        units = {"nose-compression": u(0, 0.5), "eyebrows-left-down": (w := u(0.2, 0.8)), "eyebrows-right-down": w}
    if rng.random() < 0.25:
        w = u(0.1, 0.7)
        units |= {"eyebrows-left-up": w, "eyebrows-right-up": w}
    lids = rng.random()
    close = 1.0 if lids < 0.07 else u(0.0, 0.35) if lids < 0.6 else 0.0
    units |= {"eye-left-closure": close, "eye-right-closure": close}
    return tuple((name, float(weight)) for name, weight in units.items() if weight)


def _glasses(rng: np.random.Generator) -> Glasses:
    return Glasses(float(rng.uniform(0.24, 0.29)), float(rng.uniform(0.15, 0.24)), float(rng.uniform(0.008, 0.026)),
                   float(rng.uniform(2, 4.5)), _colour(rng, 0.01, 0.3), float(rng.choice((0.0, 0.05, 0.1, 0.5))))


def _occluders(rng: np.random.Generator) -> tuple[Occluder, ...]:
    out: list[Occluder] = []
    if rng.random() < 0.22:
        side = str(rng.choice(("left", "right")))
        sign = 1.0 if side == "left" else -1.0
        place = (sign * float(rng.uniform(-0.1, 0.7)), float(rng.uniform(-1.3, 0.1)), float(rng.uniform(0.0, 0.25)))
        turn = (float(rng.normal(0, 20)), float(rng.normal(5, 18)), sign * float(rng.normal(20, 25)))
        out.append(Occluder(f"hand-{side}", place, turn, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)))
    if rng.random() < 0.14:
        kind = str(rng.choice(("ball", "box", "rod")))
        size = {"ball": (0.3, 0.3, 0.3), "box": (0.35, 0.7, 0.05), "rod": (0.06, 1.4, 0.06)}[kind]
        k = float(rng.uniform(0.6, 1.4))
        out.append(Occluder(
            kind, (float(rng.normal(0, 0.6)), float(rng.normal(-0.7, 0.6)), float(rng.uniform(0.5, 0.9))),
            (float(rng.uniform(-40, 40)), float(rng.uniform(-40, 40)), float(rng.uniform(-90, 90))),
            (size[0] * k, size[1] * k, size[2] * k), _colour(rng, 0.02, 0.7)))
    return tuple(out)
