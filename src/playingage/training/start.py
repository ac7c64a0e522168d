"""Where training starts: a network that does to every face what the teacher does to the average one."""

import cv2
import numpy as np
import torch

from playingage.training.arrays import Array, f32
from playingage.training.network import GATE_YEARS, GRID, NetworkConfig, Reager
from playingage.training.pairs import Pairs
from playingage.training.portraits import CROP, WIDE
from playingage.training.teacher.apply import Strength
from playingage.training.teacher.statistics import Statistics

_EDGE = (WIDE - CROP) // 2
_INNER = slice(_EDGE, _EDGE + CROP)
_COARSE = slice(_EDGE // 4, (_EDGE + CROP) // 4)
_SOME = 150
"""Faces that the averages are taken over."""
_GAINS = (0.05, 0.18, 0.22)
"""Gain of the three octaves of detail for 25 years, roughly the regression's."""
_LINES, _FILL = 0.4, 0.35
"""Strength of the donors' lines and filling of own ones for 25 years, roughly the teacher's."""


def fresh(config: NetworkConfig, statistics: Statistics, strength: Strength, pairs: Pairs, seed: int) -> Reager:
    """The network before its first step; what is not known from the teacher is random under `seed`."""
    torch.manual_seed(seed)
    network = Reager(config)
    textures = first_textures(statistics, strength)
    if len(textures) != config.textures:
        raise ValueError(f"{config.textures} textures for {len(textures)} donors")
    warp, colour, matte = _averages(pairs)
    with torch.no_grad():
        network.textures[0] = torch.from_numpy(textures)
        habit = network.trunk.habit
        habit[0, 2:4] = torch.from_numpy(warp)
        habit[0, 4:7] = torch.tensor(_GAINS)[:, None, None]
        habit[0, 7:10] = torch.from_numpy(colour)
        habit[0, 10], habit[0, 11] = _LINES, -_FILL
        network.trunk.usual_matte[0, 0] = torch.from_numpy(np.log(matte / (1 - matte)))
    return network


def first_textures(statistics: Statistics, strength: Strength) -> Array:
    """D x 256 x 256: the donors' lines as the teacher draws them, relative lightness on the mean face."""
    return f32(statistics.donors[:, _INNER, _INNER] * (strength.donor / 100))


def _averages(pairs: Pairs) -> tuple[Array, Array, Array]:
    """Per unit of the gate: warp 2 x G x G (plan's units), change of colour 3 x G x G; and the matte HH, 0.02..0.98."""
    warp, colour, total = np.zeros((GRID, GRID, 2)), np.zeros((GRID, GRID, 3)), 0.0
    chosen = range(0, len(pairs.rgb), max(1, len(pairs.rgb) // _SOME))
    for i in chosen:
        before = f32(pairs.rgb[i]) / 255
        for t in range(pairs.aged.shape[1]):
            step = float(pairs.ages[i, 1 + t] - pairs.ages[i, 0]) / 100 / GATE_YEARS
            if abs(step) < 0.4:
                continue
            # Weighted by the step: the least-squares slope through nothing.
            change = (f32(pairs.aged[i, t]) / 255 - before)[_INNER, _INNER]
            colour += step * f32(cv2.resize(change, (GRID, GRID), interpolation=cv2.INTER_AREA))
            warp += step * f32(pairs.warp[i, t])[_COARSE, _COARSE]
            total += step * step
    matte = np.clip(np.mean([f32(pairs.matte[i])[_INNER, _INNER] for i in chosen], axis=0) / 255, 0.02, 0.98)
    scale = (2 / CROP) / 0.1 / total
    return f32((warp * scale).transpose(2, 0, 1)), f32((colour / total).transpose(2, 0, 1)), f32(matte)
