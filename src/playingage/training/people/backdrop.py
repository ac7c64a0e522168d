"""Backgrounds: gradients, blurry blobs and noise, as an out-of-focus room or street looks."""

import cv2
import numpy as np

from playingage.training.people.assets import F32


def backdrop(seed: int, size: int) -> F32:
    """(size, size, 3) float32, display-encoded sRGB in 0..1; drawn small and enlarged: any size shows the same."""
    rng = np.random.default_rng((0xBAC, seed))
    n = 160
    y, x = np.mgrid[0:n, 0:n].astype(np.float32) / n
    angle = rng.uniform(0, 2 * np.pi)
    t = (0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))[..., None]
    tone = rng.uniform(0.05, 0.85)
    one, two = np.clip(tone + rng.normal(0, 0.12, (2, 3)) + rng.normal(0, 0.15, (2, 1)), 0.01, 0.99)
    out = (one * (1 - t) + two * t).astype(np.float32)
    if rng.random() < 0.75:
        for _ in range(int(rng.integers(3, 22))):
            colour = np.clip(rng.uniform(0, 1) + rng.normal(0, 0.15, 3), 0, 1)
            patch = np.zeros((n, n), np.float32)
            centre = (int(rng.integers(0, n)), int(rng.integers(0, n)))
            reach = (int(rng.integers(3, 45)), int(rng.integers(3, 60)))
            if rng.random() < 0.5:
                cv2.ellipse(patch, centre, reach, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
            else:
                far = (centre[0] + reach[0], centre[1] + reach[1])
                cv2.rectangle(patch, centre, far, 1.0, -1)
            patch = cv2.GaussianBlur(patch, (0, 0), float(rng.uniform(0.8, 10)))[..., None] * rng.uniform(0.2, 1)
            out = (out * (1 - patch) + colour * patch).astype(np.float32)
    grain = rng.normal(0, 1, (n, n, 1)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(0.7, 4)))[..., None].astype(np.float32)
    out += (grain / (grain.std() + 1e-6) * rng.uniform(0, 0.05)).astype(np.float32)
    big = cv2.resize(out, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(big, 0, 1), np.float32)
