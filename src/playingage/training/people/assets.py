"""Reads the MakeHuman (CC0) assets: base mesh, morph targets, proxies bound to the mesh, and where they lie.

Lengths are in decimetres, as in the assets: y up, the face looks along +z, the sitter's left is +x.
"""

import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playingage.core import PlayingAgeError

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]


class AssetError(PlayingAgeError):
    """The folder or archive of assets is absent or not what it should be."""


@dataclass(frozen=True)
class Surface:
    """Triangles with texture coordinates over the points of a mesh.

    `vertex` (m) is the point under each corner, `uv` (m, 2) its place in the texture (0..1, v up),
    `tris` (t, 3) index corners.
    """

    vertex: I32
    uv: F32
    tris: I32

    def only(self, keep: NDArray[np.bool_]) -> "Surface":
        """The surface of the kept triangles; `keep` is (t)."""
        used, tris = np.unique(self.tris[keep], return_inverse=True)
        return Surface(self.vertex[used], self.uv[used], tris.reshape(-1, 3).astype(np.int32))


@dataclass(frozen=True)
class Mesh:
    """`points` (n, 3) float32, and a surface for each group of the file."""

    points: F32
    groups: dict[str, Surface]


@dataclass(frozen=True)
class Proxy:
    """A mesh bound to the base mesh: each point rides on three base points, its offset scales with the body."""

    surface: Surface
    refs: I32
    weights: F32
    offsets: F32
    scales: tuple[tuple[int, int, float], ...]

    def fit(self, base: F32) -> F32:
        """Its points (n, 3) on the given base points (19158, 3)."""
        scale = np.array(
            [abs(float(base[a, k] - base[b, k])) / den for k, (a, b, den) in enumerate(self.scales)], np.float32
        )
        out: F32 = np.einsum("nkc,nk->nc", base[self.refs], self.weights) + self.offsets * scale
        return out


def read_obj(path: Path) -> Mesh:
    """A Wavefront file; polygons are fanned into triangles."""
    points: list[list[float]] = []
    places: list[list[float]] = []
    corners: dict[str, list[tuple[tuple[int, int], ...]]] = {}
    group = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            points.append([float(x) for x in rest.split()[:3]])
        elif word == "vt":
            places.append([float(x) for x in rest.split()[:2]])
        elif word == "g":
            group = rest.strip()
        elif word == "f":
            ids = [(int(c.split("/")[0]) - 1, int(c.split("/")[1]) - 1) for c in rest.split()]
            corners.setdefault(group, []).extend((ids[0], ids[k], ids[k + 1]) for k in range(1, len(ids) - 1))
    uv = np.array(places, np.float32)
    groups = {}
    for name, tris in corners.items():
        pairs, inverse = np.unique(np.array(tris, np.int32).reshape(-1, 2), axis=0, return_inverse=True)
        groups[name] = Surface(pairs[:, 0].copy(), uv[pairs[:, 1]], inverse.reshape(-1, 3).astype(np.int32))
    return Mesh(np.array(points, np.float32), groups)


def read_proxy(path: Path) -> Proxy:
    """A `.mhclo` file and the `.obj` beside it."""
    scales: dict[str, tuple[int, int, float]] = {}
    rows: list[list[float]] = []
    reading, obj = False, path.with_suffix(".obj")
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if reading and words[0].lstrip("-").isdigit():
            if len(words) == 1:  # the point is a base point
                rows.append([float(words[0])] * 3 + [1.0] + [0.0] * 5)
            else:
                rows.append([float(w) for w in words[:9]])
            continue
        # some files name their material or a tag after "verts"; only these words end the list
        reading = (reading or words[0] == "verts") and words[0] not in ("weights", "delete_verts")
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            scales[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] == "obj_file":
            obj = path.parent / words[1]
    table = np.array(rows, np.float32)
    mesh = read_obj(obj)
    (surface,) = mesh.groups.values() if len(mesh.groups) == 1 else (_joined(mesh),)
    if len(table) != len(mesh.points):
        raise AssetError(f"{path.name} binds {len(table)} points, its mesh has {len(mesh.points)}")
    return Proxy(
        surface, table[:, :3].astype(np.int32), table[:, 3:6].copy(), table[:, 6:9].copy(),
        (scales["x"], scales["y"], scales["z"]),
    )


def _joined(mesh: Mesh) -> Surface:
    parts = list(mesh.groups.values())
    starts = np.cumsum([0] + [len(p.vertex) for p in parts[:-1]])
    return Surface(
        np.concatenate([p.vertex for p in parts]), np.concatenate([p.uv for p in parts]),
        np.concatenate([p.tris + np.int32(s) for p, s in zip(parts, starts, strict=True)]),
    )


def unpacked(source: Path, cache_dir: Path) -> Path:
    """The folder of assets; an archive is unpacked once into `cache_dir`."""
    if source.is_dir():
        root = source / "makehuman" if (source / "makehuman").is_dir() else source
    else:
        root = cache_dir / "makehuman"
        done = cache_dir / "makehuman.unpacked"
        if not source.is_file():
            raise AssetError(f"no assets at {source}; give the folder or the archive of the MakeHuman system assets")
        if not done.is_file():
            cache_dir.mkdir(parents=True, exist_ok=True)
            with tarfile.open(source) as archive:
                archive.extractall(cache_dir, filter="data")
            done.write_text(source.name, encoding="utf-8")
    if not (root / "base.obj").is_file():
        raise AssetError(f"{root} has no base.obj; is it the folder of the MakeHuman system assets?")
    return root


class Assets:
    """The assets of one folder; what was read stays in memory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.base = read_obj(root / "base.obj")
        self._targets: dict[str, tuple[I32, F32]] = {}
        self.proxy = cache(self._proxy)

    def target(self, name: str) -> tuple[I32, F32]:
        """Morph `name` (path under targets/ without its ending): moved points (k) and how far (k, 3)."""
        if name not in self._targets:
            path = self.root / "targets" / f"{name}.target"
            if not path.is_file():
                raise AssetError(f"no morph target {name} in {self.root}")
            text = "\n".join(r for r in path.read_text(encoding="utf-8").splitlines() if r and not r.startswith("#"))
            table = np.array(text.split(), np.float32).reshape(-1, 4)
            self._targets[name] = (table[:, 0].astype(np.int32), table[:, 1:].copy())
        return self._targets[name]

    def morph(self, points: F32, name: str, weight: float) -> None:
        """Adds morph `name` times `weight` to `points` in place."""
        if weight:
            ids, moves = self.target(name)
            points[ids] += np.float32(weight) * moves  # a target names a point once

    def _proxy(self, folder: str) -> Proxy:
        (path,) = sorted((self.root / folder).glob("*.mhclo"))
        return read_proxy(path)
