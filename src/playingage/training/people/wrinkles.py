"""Lines and spots that one sitter will have when old, on the head's chart; how deep they show is the age's business."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from playingage.training.people.assets import F32, Mesh
from playingage.training.people.skins import CHART, SIZE

# Way points (x, y) in dm on the face seen from the front, depth, width in pixels of the chart.
Way = list[tuple[float, float]]
Line = tuple[Way, float, float]


class Wrinkles:
    """Draws the wrinkle map of a sitter."""

    def __init__(self, base: Mesh) -> None:
        head = base.groups["body"]
        points = base.points[head.vertex]
        front = (head.uv[:, 0] > 0.641) & (head.uv[:, 1] > 0.149) & (points[:, 2] > 0.55)
        self._place = LinearNDInterpolator(points[front, :2], head.uv[front])

    def of(self, seed: int) -> NDArray[np.uint8]:
        """(1400, 744, 2) uint8: relief (128 is level, less is a groove) and age spots (0..255)."""
        rng = np.random.default_rng((0x317, seed))
        relief = np.zeros((CHART[3], CHART[2]), np.float32)
        for way, depth, width in _lines(rng):
            self._draw(relief, way, depth, width, rng)
        relief = cv2.GaussianBlur(relief, (0, 0), 1.3).astype(np.float32)
        # skin beside a groove bulges
        swell = cv2.GaussianBlur(relief, (0, 0), 6) * 0.8
        crepe = rng.normal(0, 1, (CHART[3] // 2, CHART[2] // 2)).astype(np.float32)
        crepe = cv2.resize(cv2.GaussianBlur(crepe, (0, 0), 1.4), CHART[2:], interpolation=cv2.INTER_LINEAR) * 0.16
        level = np.clip(128 + 127 * (swell - relief + crepe.astype(np.float32)), 0, 255)
        return np.dstack((level.astype(np.uint8), self._spots(rng)))

    def _draw(self, on: F32, way: Way, depth: float, width: float, rng: np.random.Generator) -> None:
        anchor = np.array(way)
        t = np.linspace(0, 1, 40)
        degree = min(len(way) - 1, 2)
        knots = np.linspace(0, 1, len(way))
        line = np.stack([np.polyval(np.polyfit(knots, anchor[:, k], degree), t) for k in (0, 1)], 1)
        line += cv2.GaussianBlur(rng.normal(0, 0.03, (40, 2)), (1, 0), sigmaX=1e-3, sigmaY=5) if len(way) > 2 else 0.0
        uv = self._place(line)
        ok = np.isfinite(uv).all(1)
        x = uv[:, 0] * SIZE - CHART[0]
        y = (1 - uv[:, 1]) * SIZE - CHART[1]
        strength = depth * np.sin(np.pi * np.clip(t, 0.02, 0.98)) ** 0.5  # fades at both ends
        strength *= 0.75 + 0.25 * np.sin(9 * t + rng.uniform(0, 6))
        for k in range(39):
            if ok[k] and ok[k + 1]:
                a, b = ((round(float(x[j]) * 16), round(float(y[j]) * 16)) for j in (k, k + 1))
                cv2.line(on, a, b, float(strength[k]), max(1, round(width)), cv2.LINE_AA, 4)

    def _spots(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        spots = np.zeros((CHART[3], CHART[2]), np.uint8)
        for _ in range(int(rng.integers(15, 60))):
            uv = self._place(rng.uniform(-0.7, 0.7), rng.uniform(6.5, 8.1)).ravel()
            if np.isfinite(uv).all():
                centre = (int(uv[0] * SIZE - CHART[0]), int((1 - uv[1]) * SIZE - CHART[1]))
                axes = (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
                cv2.ellipse(spots, centre, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(60, 230)), -1)
        return np.asarray(cv2.GaussianBlur(spots, (0, 0), 1.5), np.uint8)


def _lines(rng: np.random.Generator) -> list[Line]:
    u = rng.uniform
    out: list[Line] = []
    brow = u(0.3, 1.0)
    for k in range(int(rng.integers(3, 6))):
        y, tilt = 7.66 + 0.075 * k + u(-0.015, 0.015), u(-0.03, 0.03)
        left, right = u(-0.5, -0.25), u(0.25, 0.5)
        out.append(([(left, y - 0.03 - tilt), (0, y + u(-0.03, 0.03)), (right, y - 0.03 + tilt)], brow * u(0.5, 1), 2))
    frown, crow, fold = u(0.2, 1.0), u(0.4, 1.0), u(0.5, 1.0)
    for s in (-1, 1):
        x = s * u(0.04, 0.09)
        out.append(([(x, 7.40), (x * 1.2, 7.48), (x * 1.3, 7.57)], frown * u(0.5, 1), 2))
        for k in range(int(rng.integers(3, 6))):
            end = 7.28 + u(-0.03, 0.03) + 0.075 * (k - 1.8)
            start = 7.27 + 0.02 * (k - 1.8)
            out.append(([(s * u(0.49, 0.52), start), (s * 0.57, (start + end) / 2 - 0.01), (s * u(0.62, 0.7), end)],
                        crow * u(0.5, 1), 1))
        for k in range(2):
            y = 7.155 - 0.05 * k
            out.append(([(s * 0.15, y), (s * 0.3, y - 0.055), (s * 0.46, y + 0.02)], u(0.3, 0.8), 2))
        out.append(([(s * 0.165, 7.02), (s * 0.26, 6.90), (s * u(0.29, 0.34), 6.70)], fold, 4))
        out.append(([(s * u(0.24, 0.27), 6.63), (s * 0.275, 6.55), (s * u(0.26, 0.31), 6.46)], u(0.2, 0.9), 3))
        out.append(([(s * u(0.38, 0.42), 6.85), (s * 0.44, 6.72), (s * 0.4, 6.58)], u(0, 0.5), 2))
    for _ in range(int(rng.integers(5, 11))):
        x = u(-0.19, 0.19)
        out.append(([(x, 6.765), (x * 1.1, 6.84)], u(0.2, 0.6), 1))
    for _ in range(int(rng.integers(8, 18))):
        x, y = rng.choice((-1, 1)) * u(0.35, 0.7), u(6.6, 7.1)
        out.append(([(x, y), (x + u(-0.03, 0.03), y - 0.06), (x + u(-0.06, 0.06), y - u(0.08, 0.16))], u(0.1, 0.4), 1))
    return out
