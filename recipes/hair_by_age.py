"""Measures how hair and beard grow lighter and lose their colour with age, on the portraits that may be learned from.

    python recipes/hair_by_age.py RUN --data ../shared/data

RUN is the folder of a training run that has cut the portraits. Prints medians by sex and decade, and fits the share of
grey hair over age, whose parameters `playingage.engine.hair` holds: men's hair, for women's is dyed more often.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from playingage.models import MASKS
from playingage.training.parsing.examples import Example, stored
from playingage.training.portraits import entries

LUMA = np.array([0.2126, 0.7152, 0.0722])
EYE = 30.0
DARK = 0.35
"""Luma of a young man's hair against his skin's: too few are young to fit it."""
DECADES = ((25, 40), (40, 50), (50, 60), (60, 70), (70, 90))


def colours(example: Example, name: str) -> tuple[float, NDArray[np.float64]]:
    """Area in square eye distances of a mask, and the mean colour (0..1) inside it."""
    weight = (example.masks[..., MASKS.index(name)] / 255.0) ** 2 * (example.known > 128)
    total = float(weight.sum())
    return total / EYE**2, np.einsum("hwc,hw->c", example.rgb / 255.0, weight) / max(total, 1e-6)


def measured(example: Example, name: str, least: float) -> tuple[float, float] | None:
    """Luma against the skin's, and colour (largest less smallest channel over luma); None where there is too little."""
    area, colour = colours(example, name)
    _, skin = colours(example, "face")
    if area < least:
        return None
    tint = np.sqrt(skin / (skin @ LUMA) / (1.25, 0.94, 0.83))
    luma = float(colour @ LUMA)
    return luma / float(skin @ LUMA), float(np.ptp(colour / tint)) / luma


def share(age: NDArray[np.float64], half: float, spread: float, grey: float) -> NDArray[np.float64]:
    """Luma of hair against the skin's at an age in years."""
    return np.asarray(DARK + (grey - DARK) / (1 + np.exp((half - age) / spread)))


def main() -> None:
    """Print the tables and the fit."""
    parser = argparse.ArgumentParser(description="Measure how hair changes with age.")
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("--data", type=Path, required=True, help="folder with portraits.csv")
    given = parser.parse_args()
    listed = {e.name: e for e in entries(given.data) if e.kind == "portrait"}
    heads = stored(given.run / "heads" / "cut.npz")
    for name, least in (("hair", 0.3), ("beard", 0.15)):
        rows = [(listed[e.name], m) for e in heads if (m := measured(e, name, least)) is not None]
        for sex in "MF":
            for low, high in DECADES:
                some = np.array([m for e, m in rows if e.sex == sex and low <= e.age < high])
                if len(some):
                    luma, colour = np.median(some, axis=0)
                    print(f"{name} {sex} {low}-{high}: {len(some):3d} people, luma {luma:.2f}, colour {colour:.2f}")
        men = [(e.age, m[0]) for e, m in rows if e.sex == "M"]
        if name == "hair":
            ages, lumas = (np.array(column) for column in zip(*men, strict=True))
            half, spread, grey = curve_fit(share, ages, lumas, (58, 8, 0.95))[0]
            print(f"half grey at {half:.1f}, spread {spread:.1f} years; luma {DARK:.2f} to {grey:.2f} of the skin's")


if __name__ == "__main__":
    main()
