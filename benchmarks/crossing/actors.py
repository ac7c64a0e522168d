"""People cut out of pictures, to be moved over a background."""

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.engine.heads import SIDE, parse_head
from playingage.faces import FaceFinder, FaceIdentity, head_transform, warp_crop
from playingage.models import HeadParser, default_package
from playingage.runtime import Device

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
WIDTH, HEIGHT = 360, 460
EYES = (180.0, 185.0)
EYE = 60.0
"""Size of a cut-out, where the eyes' middle is in it, and the eye distance, in pixels."""
_GRID = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Actor:
    """One person.

    look: the cut-out, H x W x 4 RGBA. back: as from behind. depth: how near each pixel is, in pixels, by which a
    picture is turned a little. oval: where the face is in it, H x W, 0 or 1. identity: how the person looks on this
    picture. known: N x 128, how a package knows them; None for one with a single picture.
    """

    name: str
    look: Picture
    back: Picture
    oval: Picture
    depth: Plane
    identity: NDArray[np.float32]
    known: NDArray[np.float32] | None
    half: str

    def seen(self, yaw: float, away: float) -> Picture:
        """The cut-out with the head turned, in degrees, and `away` (0..1) from face to back."""
        rows, columns = _GRID
        moved = cv2.scaleAdd(self.depth, float(np.sin(np.radians(yaw))), columns)
        look = cv2.remap(self.look, moved, rows, cv2.INTER_LINEAR)
        if away <= 0:
            return np.asarray(look, np.uint8)
        return np.asarray(cv2.addWeighted(look, 1 - away, self.back, away, 0), np.uint8)


def half_of(name: str) -> str:
    """Half of the people were looked at while decisions were made; the other half was held out."""
    return "held out" if zlib.crc32(name.encode()) % 2 else "looked at"


class Studio:
    """Cuts people out of pictures."""

    def __init__(self, device: Device) -> None:
        self._finder, self._identity = FaceFinder(device), FaceIdentity(device)
        parser = HeadParser.of(default_package(256), device)
        assert parser is not None
        self._parser = parser

    def identities(self, files: list[Path]) -> NDArray[np.float32] | None:
        """Embeddings of the largest face of each picture that shows one."""
        found = []
        for file in files:
            picture = read(file)
            faces = self._finder.find(picture)
            if faces:
                found.append(self._identity.embed(picture, max(faces, key=lambda face: face.size).landmarks))
        return np.stack(found) if found else None

    def real(self, name: str, picture: Picture, known: NDArray[np.float32] | None) -> Actor | None:
        """Of a portrait; None where no single face is found."""
        faces = self._finder.find(picture)
        if len(faces) != 1 or abs(faces[0].pose.yaw) > 25:
            return None
        face = faces[0]
        to_head = head_transform(face.landmarks, SIDE)
        crop = np.clip(warp_crop(picture, to_head, SIDE) / 255, 0, 1).astype(np.float32)
        parsed = parse_head(self._parser, crop)
        body = np.clip(parsed.masks.planes.sum(axis=0) * 1.6, 0, 1).astype(np.float32)
        scale = EYE / (SIDE / 6.4)
        move = np.array([[scale, 0, EYES[0] - 0.5 * SIDE * scale], [0, scale, EYES[1] - 0.42 * SIDE * scale]])
        alpha = np.asarray(cv2.warpAffine(body, move, (WIDTH, HEIGHT)), np.float32)
        whole = (np.vstack([move, [0, 0, 1]]) @ np.vstack([to_head, [0, 0, 1]]))[:2]
        rgb = np.clip(cv2.warpAffine(picture, whole, (WIDTH, HEIGHT), flags=cv2.INTER_AREA,
                                     borderMode=cv2.BORDER_REPLICATE), 0, 255)
        points = face.landmarks[:468, :2] @ whole[:, :2].T + whole[:, 2]
        near = (face.landmarks[:468, 2].max() - face.landmarks[:468, 2]) * float(np.hypot(*whole[0, :2]))
        look, oval = _cut(rgb, alpha, points), np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillConvexPoly(oval, cv2.convexHull(np.round(points).astype(np.int32)), 1)
        return Actor(
            name=name, look=look, back=_back(look, oval), oval=oval, depth=_depth(points, near),
            identity=self._seen(look), known=known, half=half_of(name),
        )

    def _seen(self, look: Picture) -> NDArray[np.float32]:
        shown = flat(look)
        faces = self._finder.find(shown)
        if not faces:
            raise ValueError("no face in the cut-out")
        return self._identity.embed(shown, max(faces, key=lambda face: face.size).landmarks)


def _cut(rgb: Any, alpha: Plane, points: NDArray[np.floating]) -> Picture:
    """With shoulders under the head, so that a head in front of another is a person in front of another."""
    body = np.zeros((HEIGHT, WIDTH), np.float32)
    chin = float(points[:, 1].max())
    x, wide = float(points[:, 0].mean()), float(np.ptp(points[:, 0]))
    shoulders = [(x - 0.3 * wide, chin - 4), (x + 0.3 * wide, chin - 4), (x + 0.4 * wide, chin + 0.25 * wide),
                 (x + 1.15 * wide, chin + 0.6 * wide), (x + 1.2 * wide, HEIGHT + 9), (x - 1.2 * wide, HEIGHT + 9),
                 (x - 1.15 * wide, chin + 0.6 * wide), (x - 0.4 * wide, chin + 0.25 * wide)]
    cv2.fillPoly(body, [np.round(shoulders).astype(np.int32)], 1.0, cv2.LINE_AA)
    soft = cv2.GaussianBlur(np.maximum(alpha, body), (0, 0), 1.2)
    return np.dstack([np.asarray(rgb, np.uint8), np.clip(soft * 255, 0, 255).astype(np.uint8)])


def _depth(points: NDArray[np.floating], near: NDArray[np.floating]) -> Plane:
    """Scattered depths to a smooth field that ends softly around the head."""
    total, weight = np.zeros((HEIGHT, WIDTH), np.float32), np.full((HEIGHT, WIDTH), 1e-7, np.float32)
    for (x, y), depth in zip(points.astype(int), near, strict=True):
        if 0 <= y < HEIGHT and 0 <= x < WIDTH:
            total[y, x] += depth
            weight[y, x] += 1
    sigma = 9.0
    field = cv2.GaussianBlur(total, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    inside = cv2.GaussianBlur((cv2.GaussianBlur(weight, (0, 0), sigma) > 2e-5).astype(np.float32), (0, 0), 12)
    return np.asarray(cv2.GaussianBlur(field * inside, (0, 0), 5), np.float32)


def _back(look: Picture, oval: Picture) -> Picture:
    """The head as from behind: hair, as far as one can tell, over the face."""
    top = look[int(EYES[1] - 1.5 * EYE) : int(EYES[1] - 1.1 * EYE), int(EYES[0] - EYE) : int(EYES[0] + EYE), :3]
    colour = top.reshape(-1, 3).mean(axis=0)
    rng = np.random.default_rng(3)
    strands = cv2.GaussianBlur(rng.normal(0, 60, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.2, sigmaY=6)
    hair = np.clip(colour * 0.8 + strands[..., None], 0, 255)
    where = cv2.GaussianBlur(cv2.dilate(oval, np.ones((31, 31), np.uint8)).astype(np.float32), (0, 0), 6)[..., None]
    back = look.copy()
    back[..., :3] = (look[..., :3] * (1 - where) + hair * where).astype(np.uint8)
    return back


def flat(look: Picture) -> Picture:
    """A cut-out on grey."""
    alpha = look[..., 3:].astype(np.float32) / 255
    return np.asarray(look[..., :3] * alpha + 110 * (1 - alpha), np.uint8)


def read(file: Path) -> Picture:
    """An RGB picture."""
    found = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    if found is None:
        raise FileNotFoundError(file)
    return np.asarray(found, np.uint8)


def real_people(studio: Studio, data: Path) -> Iterator[Actor]:
    """Portraits; those with an earlier photograph are known by that one."""
    earlier: dict[str, list[Path]] = {}
    with (data / "earlier.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            earlier[row["person"]] = [data / row["grey_file"]]
    for path in sorted((data / "portraits").glob("*.jpg")) + sorted((data / "wild").glob("*.jpg")):
        known = studio.identities(earlier[path.stem]) if path.stem in earlier else None
        try:
            actor = studio.real(path.stem, read(path), known)
        except ValueError:
            continue
        if actor is not None:
            yield actor
