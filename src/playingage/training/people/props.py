"""Things made here and not by the assets: glasses, balls, boxes and rods, as points and triangles."""

import numpy as np

from playingage.training.people.assets import F32, I32
from playingage.training.people.scene import Glasses


def tube(path: F32, radius: float, closed: bool, sides: int = 6) -> tuple[F32, I32]:
    """A wire of `radius` along `path` (n, 3): points and triangles."""
    n = len(path)
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9
    helper = np.where(np.abs(ahead[:, 2:]) < 0.9, np.array((0.0, 0.0, 1.0)), np.array((0.0, 1.0, 0.0)))
    one = np.cross(ahead, helper)
    one /= np.linalg.norm(one, axis=1, keepdims=True) + 1e-9
    two = np.cross(ahead, one)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = path[:, None] + radius * (np.cos(turn)[:, None] * one[:, None] + np.sin(turn)[:, None] * two[:, None])
    tris = []
    for k in range(n if closed else n - 1):
        for s in range(sides):
            a, b = k * sides + s, k * sides + (s + 1) % sides
            c, d = ((k + 1) % n) * sides + s, ((k + 1) % n) * sides + (s + 1) % sides
            tris += [(a, b, c), (b, d, c)]
    return ring.reshape(-1, 3).astype(np.float32), np.array(tris, np.int32)


def joined(parts: list[tuple[F32, I32]]) -> tuple[F32, I32]:
    """Several meshes as one."""
    starts = np.cumsum([0] + [len(p) for p, _ in parts[:-1]])
    return (
        np.concatenate([p for p, _ in parts]).astype(np.float32),
        np.concatenate([t + s for (_, t), s in zip(parts, starts, strict=True)]).astype(np.int32),
    )


def glasses(
    spec: Glasses, left: F32, right: F32, front: float, ears: F32
) -> tuple[tuple[F32, I32], tuple[F32, I32]]:
    """Frame and lenses for eyes at `left` and `right` (3), lenses at depth `front`, arms to `ears` (3, left)."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    rim = np.stack((
        spec.width * np.sign(c) * np.abs(c) ** (2 / spec.square),
        spec.height * np.sign(s) * np.abs(s) ** (2 / spec.square),
        -0.05 * np.abs(c) ** 2,
    ), 1)
    frame: list[tuple[F32, I32]] = []
    lenses: list[tuple[F32, I32]] = []
    fan = np.array([(0, k + 1, (k + 1) % len(turn) + 1) for k in range(len(turn))], np.int32)
    for sign, eye in ((1.0, left), (-1.0, right)):
        centre = np.array((eye[0] + sign * 0.01, eye[1] - 0.03, front))
        edge = (rim * (sign, 1, 1) + centre).astype(np.float32)
        frame.append(tube(edge, spec.wire, True))
        lenses.append((np.concatenate((centre[None], edge)).astype(np.float32), fan))
        hinge = centre + np.array((sign * spec.width, spec.height * 0.4, -0.05))
        ear = ears * np.array((sign, 1, 1))
        arm = np.stack((hinge, np.array((ear[0], hinge[1], hinge[2] - 0.12)), ear, ear + np.array((0, -0.25, -0.15))))
        frame.append(tube(arm.astype(np.float32), max(spec.wire, 0.014), False))
    inner = [np.array((e[0] - g * spec.width, e[1] + 0.02, front)) for g, e in ((1.0, left), (-1.0, right))]
    middle = (inner[0] + inner[1]) / 2 + np.array((0, 0.05, 0.03))
    frame.append(tube(np.stack((inner[0], middle, inner[1])).astype(np.float32), spec.wire, False))
    return joined(frame), joined(lenses)


def solid(kind: str, size: tuple[float, float, float]) -> tuple[F32, I32]:
    """A ball, box or rod of half sizes `size` about the origin."""
    corners = {"ball": (14, 20, 2.0), "box": (14, 20, 9.0), "rod": (8, 12, 2.0)}[kind]
    rows, columns, square = corners
    up = np.linspace(-np.pi / 2, np.pi / 2, rows)
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    e = 2 / square

    def power(x: F32) -> F32:
        out: F32 = (np.sign(x) * np.abs(x) ** e).astype(np.float32)
        return out

    cu, su = power(np.cos(up).astype(np.float32)), power(np.sin(up).astype(np.float32))
    if kind == "rod":
        cu, su = np.r_[np.zeros(1), np.ones(rows - 2), np.zeros(1)].astype(np.float32), np.r_[
            -np.ones(1), np.linspace(-1, 1, rows - 2), np.ones(1)].astype(np.float32)
    ca, sa = power(np.cos(around).astype(np.float32)), power(np.sin(around).astype(np.float32))
    points = np.stack((cu[:, None] * sa, np.broadcast_to(su[:, None], (rows, columns)), cu[:, None] * ca), -1)
    tris = []
    for r in range(rows - 1):
        for k in range(columns):
            a, b = r * columns + k, r * columns + (k + 1) % columns
            tris += [(a, b, a + columns), (b, b + columns, a + columns)]
    return (points.reshape(-1, 3) * size).astype(np.float32), np.array(tris, np.int32)


def normals(points: F32, tris: I32) -> F32:
    """Unit normals (n, 3), each the mean of its triangles' by area."""
    a, b, c = points[tris[:, 0]], points[tris[:, 1]], points[tris[:, 2]]
    face = np.cross(b - a, c - a)
    out = np.empty_like(points)
    flat = tris.T.ravel()
    for k in range(3):
        out[:, k] = np.bincount(flat, np.tile(face[:, k], 3), len(points))
    out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-12
    return out
