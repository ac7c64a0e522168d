"""Who sits for the picture: one made-up person, drawn from a seed, described without any age."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Sex = Literal["female", "male"]
ANCESTRIES = ("caucasian", "african", "asian")

# Morphs that make a face one's own: stem, the two opposite endings, spread of the weight. `l-` stems move both sides.
IDENTITY: tuple[tuple[str, str, str, float], ...] = (
    ("head/head-scale-horiz", "-incr", "-decr", 0.3), ("head/head-scale-vert", "-incr", "-decr", 0.25),
    ("head/head-fat", "-incr", "-decr", 0.45), ("head/head-angle", "-in", "-out", 0.25),
    ("head/head-back-scale-depth", "-incr", "-decr", 0.3),
    ("forehead/forehead-scale-vert", "-incr", "-decr", 0.3), ("forehead/forehead-temple", "-incr", "-decr", 0.35),
    ("forehead/forehead-trans", "-forward", "-backward", 0.3),
    ("eyebrows/eyebrows-angle", "-up", "-down", 0.4), ("eyebrows/eyebrows-trans", "-up", "-down", 0.35),
    ("eyebrows/eyebrows-trans", "-forward", "-backward", 0.3),
    ("eyes/l-eye-scale", "-incr", "-decr", 0.3), ("eyes/l-eye-corner1", "-up", "-down", 0.35),
    ("eyes/l-eye-corner2", "-up", "-down", 0.35), ("eyes/l-eye-height2", "-incr", "-decr", 0.3),
    ("eyes/l-eye-eyefold", "-up", "-down", 0.4), ("eyes/l-eye-eyefold-angle", "-up", "-down", 0.4),
    ("eyes/l-eye-trans", "-in", "-out", 0.3), ("eyes/l-eye-epicanthus", "-in", "-out", 0.2),
    ("nose/nose-scale-vert", "-incr", "-decr", 0.35), ("nose/nose-scale-horiz", "-incr", "-decr", 0.35),
    ("nose/nose-scale-depth", "-incr", "-decr", 0.35), ("nose/nose-hump", "-incr", "-decr", 0.4),
    ("nose/nose-point", "-up", "-down", 0.4), ("nose/nose-point-width", "-incr", "-decr", 0.4),
    ("nose/nose-width1", "-incr", "-decr", 0.35), ("nose/nose-width2", "-incr", "-decr", 0.35),
    ("nose/nose-width3", "-incr", "-decr", 0.35), ("nose/nose-curve", "-concave", "-convex", 0.35),
    ("nose/nose-greek", "-incr", "-decr", 0.3), ("nose/nose-base", "-up", "-down", 0.3),
    ("mouth/mouth-scale-horiz", "-incr", "-decr", 0.35), ("mouth/mouth-scale-vert", "-incr", "-decr", 0.2),
    ("mouth/mouth-lowerlip-height", "-incr", "-decr", 0.35), ("mouth/mouth-upperlip-height", "-incr", "-decr", 0.35),
    ("mouth/mouth-lowerlip-volume", "-incr", "-decr", 0.35), ("mouth/mouth-upperlip-volume", "-incr", "-decr", 0.35),
    ("mouth/mouth-cupidsbow", "-incr", "-decr", 0.4), ("mouth/mouth-trans", "-up", "-down", 0.25),
    ("mouth/mouth-philtrum-volume", "-incr", "-decr", 0.35), ("mouth/mouth-angles", "-up", "-down", 0.25),
    ("chin/chin-height", "-incr", "-decr", 0.3), ("chin/chin-width", "-incr", "-decr", 0.35),
    ("chin/chin-prominent", "-incr", "-decr", 0.35), ("chin/chin-bones", "-incr", "-decr", 0.35),
    ("chin/chin-cleft", "-incr", "-decr", 0.3), ("chin/chin-prognathism", "-incr", "-decr", 0.2),
    ("cheek/l-cheek-bones", "-incr", "-decr", 0.45), ("cheek/l-cheek-volume", "-incr", "-decr", 0.4),
    ("cheek/l-cheek-inner", "-incr", "-decr", 0.3),
    ("ears/l-ear-scale", "-incr", "-decr", 0.35), ("ears/l-ear-wing", "-incr", "-decr", 0.4),
    ("ears/l-ear-lobe", "-incr", "-decr", 0.4), ("ears/l-ear-rot", "-forward", "-backward", 0.3),
    ("neck/neck-scale-horiz", "-incr", "-decr", 0.2), ("neck/neck-scale-depth", "-incr", "-decr", 0.2),
)
HEAD_SHAPES = ("oval", "round", "square", "rectangular", "triangular", "invertedtriangular", "diamond")
ASYMMETRIES = ("brown-1", "cheek-1", "eye-3", "eye-5", "jaw-1", "mouth-1", "nose-1", "nose-3", "temple-1")
HAIR: dict[Sex, tuple[str, ...]] = {
    "female": ("bob01", "bob02", "long01", "ponytail01", "braid01", "short02", "short03", "afro01"),
    "male": ("short01", "short02", "short03", "short04", "short01", "short04", "afro01", "long01", "none"),
}
# Base hair colours, linear light: black, dark brown, brown, auburn, light brown, dark blond, blond.
HAIR_COLOURS = (
    (0.010, 0.008, 0.007), (0.025, 0.016, 0.011), (0.055, 0.032, 0.019), (0.10, 0.040, 0.018),
    (0.13, 0.080, 0.045), (0.21, 0.140, 0.075), (0.34, 0.240, 0.130),
)
IRISES = ("brown", "brownlight", "green", "blue", "bluegreen", "grey", "lightblue", "deepblue", "ice")
BEARDS = ("none", "shadow", "stubble", "full", "goatee", "moustache")
BROWS = tuple(f"eyebrow{k:03d}" for k in range(1, 13))


@dataclass(frozen=True)
class Sitter:
    """One person at no particular age.

    `ancestry` are weights of ANCESTRIES that sum to 1; `morphs` (target, weight); colours are linear light;
    `tone` multiplies the skin's albedo; `ageing` (0.6..1.3) is how strongly the years show; `grey_at` is the age at
    which half of the hair is grey; `shine` (0..1) is how oily the skin is; `beard` is one of BEARDS.
    """

    seed: int
    sex: Sex
    ancestry: tuple[float, float, float]
    morphs: tuple[tuple[str, float], ...]
    hair: str
    hair_colour: tuple[float, float, float]
    brows: str
    iris: str
    lashes: str
    teeth: str
    tone: tuple[float, float, float]
    ageing: float
    grey_at: float
    shine: float
    skin_variant: int
    beard: str = "none"

    @property
    def dominant(self) -> str:
        """The ancestry with the largest weight; it picks the skin and the expression morphs."""
        return ANCESTRIES[int(np.argmax(self.ancestry))]


def sitter_of(seed: int) -> Sitter:
    """The person of this seed: the same seed gives the same person for ever within a version of this module."""
    rng = np.random.default_rng((0x517, seed))
    sex: Sex = "female" if rng.random() < 0.5 else "male"
    main = int(rng.choice(3, p=(0.5, 0.25, 0.25)))
    mix = rng.dirichlet((0.6, 0.6, 0.6)) * 0.3
    mix[main] += 0.7
    ethnic = ANCESTRIES[main]
    pale = ethnic == "caucasian"
    colour = np.array(HAIR_COLOURS[int(rng.integers(0, 7 if pale else 2))]) * np.exp(rng.normal(0, 0.15))
    hairs = [h for h in HAIR[sex] if h != "afro01" or ethnic == "african"]
    if ethnic == "african":
        hairs = [h for h in hairs if h in ("afro01", "short03", "short04", "short02", "none")]
    tone = np.exp(rng.normal(0, 0.16) + rng.normal(0, 0.035, 3))
    return Sitter(
        seed=seed, sex=sex, ancestry=(float(mix[0]), float(mix[1]), float(mix[2])), morphs=_identity(rng),
        hair=str(rng.choice(hairs)), hair_colour=(float(colour[0]), float(colour[1]), float(colour[2])),
        brows=str(rng.choice(BROWS)), iris=str(rng.choice(IRISES) if pale else "brown"),
        lashes=f"eyelashes0{int(rng.integers(1, 5))}",
        teeth=str(rng.choice(("teeth_base", "teeth_shape01", "teeth_shape02", "teeth_shape03"))),
        tone=(float(tone[0]), float(tone[1]), float(tone[2])), ageing=float(rng.uniform(0.7, 1.25)),
        grey_at=float(np.clip(rng.normal(57, 8), 42, 78)), shine=float(rng.uniform(0.1, 1.0)),
        skin_variant=int(rng.integers(0, 1 << 16)),
    )


def _identity(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    morphs: list[tuple[str, float]] = []
    for stem, plus, minus, spread in IDENTITY:
        weight = float(np.clip(rng.normal(0, spread), -0.9, 0.9))
        name = stem + (plus if weight > 0 else minus)
        morphs.append((name, abs(weight)))
        if "/l-" in name:
            morphs.append((name.replace("/l-", "/r-"), abs(weight)))
    morphs.append((f"head/head-{rng.choice(HEAD_SHAPES)}", float(rng.uniform(0, 0.5))))
    for stem in ASYMMETRIES:
        morphs.append((f"asym/asym-{stem}-{rng.choice(('l', 'r'))}", float(abs(rng.normal(0, 0.18)))))
    return tuple(morphs)
