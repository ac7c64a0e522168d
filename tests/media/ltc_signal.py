"""Linear timecode made as a generator would, for tests."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from playingage.core import Timecode


def word_of(label: Timecode, user: int = 0) -> list[int]:
    """The 80 bits of a label, in the order of time; `user` is put into each of the eight binary groups."""
    text = str(label)
    hours, minutes, seconds, frames = int(text[:2]), int(text[3:5]), int(text[6:8]), int(text[9:])
    bits = [0] * 80

    def put(at: int, value: int, size: int) -> None:
        for i in range(size):
            bits[at + i] = value >> i & 1

    for at, value in ((0, frames), (16, seconds), (32, minutes), (48, hours)):
        put(at, value % 10, 4)
        put(at + 8, value // 10, 3 if at in (16, 32) else 2)
    bits[10] = int(label.drop)
    for group in range(8):
        put(4 + 8 * group, user, 4)
    bits[64:] = [0, 0, *[1] * 12, 0, 1]
    if sum(bits) % 2:  # an even number of zeros: every codeword begins with the same polarity
        bits[59 if round(label.rate) == 25 else 27] = 1
    return bits


def wave(
    labels: Iterable[Timecode], *, sample_rate: int = 48000, rate: Fraction | None = None, speed: float = 1.0,
    level: float = 0.5, backwards: bool = False, noise: float = 0.0, offset: float = 0.0, user: int = 0, seed: int = 1,
    rise: float = 40e-6, lead: float = 0.0,
) -> NDArray[np.float32]:
    """One channel of linear timecode: biphase mark, at `speed` times the rate. noise: RMS by `level`. lead: seconds of
    silence before it. rise: seconds that a change of sign takes."""
    cells: list[int] = []
    length = 1.0
    for label in labels:
        length = 1 / float(rate or label.rate) / speed / 80
        bits = word_of(label, user)
        cells += reversed(bits) if backwards else bits
    edges = [0.0]
    for number, bit in enumerate(cells):
        if bit:
            edges.append((number + 0.5) * length)
        edges.append((number + 1) * length)
    total = int(np.ceil((edges[-1] + lead) * sample_rate))
    times = np.arange(total) / sample_rate - lead
    # Values are +1 and -1 in turn, with straight ramps around the edges.
    which = np.clip(np.searchsorted(edges, times), 0, len(edges) - 1)
    near = np.where(
        (which > 0) & (np.abs(times - np.array(edges)[which - 1]) < np.abs(times - np.array(edges)[which])),
        which - 1, which,
    )
    ramp = np.clip((times - np.array(edges)[near]) / (rise / 2), -1, 1)
    signal = np.where(near % 2 == 0, ramp, -ramp)
    signal[times < 0] = 0
    random = np.random.default_rng(seed)
    made: NDArray[np.float32] = (level * (signal + noise * random.standard_normal(total)) + offset).astype(np.float32)
    return made
