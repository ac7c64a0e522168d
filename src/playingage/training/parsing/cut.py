"""Masks of portraits, cut along their colours: GrabCut (Rother et al. 2004) seeded by the landmarks.

First the person is cut from what is behind, then the hair from skin and clothes. A beard is what differs from the
cheek's skin where a beard can grow, for the men who are listed as wearing one. Portraits on which the cut finds no
plausible head are left out. Lengths are in eye distances from the eyes' middle; y grows downward.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import UnreadableError
from playingage.faces.finder import FaceFinder
from playingage.faces.region import EYE_LEFT, EYE_RIGHT, INNER_LIPS, OVAL
from playingage.models.parsing import SIDE
from playingage.training.arrays import Array, f32
from playingage.training.parsing.examples import U8, WIDE, Example, example_transform, to_example
from playingage.training.portraits import Entry

EYE = SIDE / 6.4
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
_JAW = OVAL[8:29]
"""From ear to ear below the chin."""
_CHEEKS = (50, 101, 118, 117, 205, 36, 280, 330, 347, 346, 425, 266, 9, 8, 151)
_ROUNDS = 4


def cut(entry: Entry, finder: FaceFinder, *, beard: str = "none") -> Example | None:
    """A listed picture with its masks, or None where no face or no plausible cut was found."""
    read = cv2.imread(str(entry.path), cv2.IMREAD_COLOR)
    if read is None:
        raise UnreadableError(f"{entry.path}: cannot be read as a picture", "Check the data folder.")
    picture = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    faces = finder.find(picture)
    if not faces:
        return None
    face = max(faces, key=lambda f: f.size)
    transform = example_transform(face.landmarks)
    points = f32(face.points @ transform[:, :2].T + transform[:, 2])
    rgb = to_example(picture, transform)
    known = to_example(np.full(picture.shape[:2], 255, np.uint8), transform, outside=0)
    head = Head(rgb, known, points, may_be_long=entry.sex == "F")
    if not head.plausible():
        return None
    return Example(
        name=entry.name, kind=entry.kind, rgb=rgb, masks=head.masks(beard), known=known * head.sure.astype(np.uint8),
        cover=np.asarray(np.round(head.person * 255), np.uint8),
    )


class Head:
    """One aligned portrait being cut. Masks are float32 0..1. Only hair that `may_be_long` is looked for below the
    ears: there collars and dark suits look like it.
    """

    def __init__(self, rgb: U8, known: U8, points: Array, *, may_be_long: bool) -> None:
        self.lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.uint8)
        self.known = known > 250
        self.points = points
        self.eyes = points[[33, 133, 362, 263]].mean(axis=0)
        y, x = np.mgrid[:WIDE, :WIDE].astype(np.float32)
        self.x, self.y = (x - self.eyes[0]) / EYE, (y - self.eyes[1]) / EYE
        self.oval = _filled(points[list(OVAL)])
        self.chin = float((points[152, 1] - self.eyes[1]) / EYE)
        self.may_be_long = may_be_long
        self.person = self._person()
        self.sure = np.ones((WIDE, WIDE), np.bool_)
        self.hair = self._hair()

    def plausible(self) -> bool:
        """The person fills the shoulders, not the corners; hair lies above the face, not on it and not everywhere."""
        top = (self.y < -2.4) & (np.abs(self.x) > 1.8) & self.known
        low = (self.y > self.chin + 1.2) & (np.abs(self.x) < 1.2) & self.known
        inner = _filled(_shrunk(self.points[list(OVAL)], 0.7)) > 0.5
        return bool(
            _share(self.person, top) < 0.15 and _share(1 - self.person, low) < 0.1
            and _share(self.hair, inner) < 0.06 and self.hair.mean() < 0.4
        )

    def masks(self, beard: str) -> U8:
        """W x W x 6 in the order of `MASKS`."""
        hair = _soft(self.hair)
        shown = 1 - hair
        below = _below(self.points[list(_JAW)])
        skin = self._skin()
        face = np.clip(self.oval + skin * (1 - below), 0, 1) * shown
        for outline in (EYE_LEFT, EYE_RIGHT, INNER_LIPS):
            face = face * (1 - _filled(self.points[list(outline)]))
        neck = skin * below * (1 - self.oval) * shown
        planes = [hair, self._beard(beard) * shown, self._brows() * shown, _soft(face), _soft(neck), 0 * hair]
        return np.asarray(np.round(np.clip(np.dstack(planes), 0, 1) * 255), np.uint8)

    def _person(self) -> Array:
        marks = np.full((WIDE, WIDE), cv2.GC_PR_BGD, np.uint8)
        head = (self.x / 1.6) ** 2 + ((self.y + 0.2) / 2.4) ** 2 < 1
        shoulders = (self.y > self.chin + 0.6) & (np.abs(self.x) < 1.0 + 1.6 * (self.y - self.chin - 0.5))
        marks[head | shoulders] = cv2.GC_PR_FGD
        marks[(np.abs(self.x) > 2.1) & (self.y < self.chin - 0.4)] = cv2.GC_BGD
        marks[self.y < -3.0] = cv2.GC_BGD
        neck = (np.abs(self.x) < 0.7) & (self.y > 0) & (self.y < 3.6)
        marks[(_filled(_shrunk(self.points[list(OVAL)], 0.95)) > 0.5) | neck] = cv2.GC_FGD
        return self._grab(self.lab, marks)

    def _hair(self) -> Array:
        """Above the chin, where there is nothing beside the face but hair and ears; then long hair, down from there."""
        outside = _filled(_shrunk(self.points[list(OVAL)], 1.06)) < 0.5
        distance = f32(cv2.GaussianBlur(self._distance(), (0, 0), 1.0))
        lowest = self.chin if self.may_be_long else 0.5 * self.chin
        off = (self.person < 0.5) | (self.y > lowest)
        marks = np.full((WIDE, WIDE), cv2.GC_PR_BGD, np.uint8)
        marks[outside] = cv2.GC_PR_FGD
        marks[distance < 2.0] = cv2.GC_PR_BGD
        marks[distance < 1.2] = cv2.GC_BGD
        marks[(np.abs(self.x) < 0.45) & (self.y > 0)] = cv2.GC_BGD
        marks[_filled(_shrunk(self.points[list(OVAL)], 0.72)) > 0.5] = cv2.GC_BGD
        marks[off] = cv2.GC_BGD
        if (marks == cv2.GC_PR_FGD).sum() < 60:
            return np.zeros((WIDE, WIDE), np.float32)
        # What is behind must not shape the colours of skin, nor clothes those of hair.
        lab = self.lab.copy()
        lab[off] = self._skin_colour()[0].astype(np.uint8)
        hair = self._grab(lab, marks)
        if not self.may_be_long or hair[(self.y > self.chin - 0.35) & (self.y < self.chin)].sum() < 40:
            return hair
        marks = np.full((WIDE, WIDE), cv2.GC_BGD, np.uint8)
        marks[hair > 0] = cv2.GC_FGD
        below = (self.y > self.chin) & (self.person > 0.5) & (np.abs(self.x) > 0.4)
        marks[below] = np.where(distance[below] < 2.0, cv2.GC_BGD, cv2.GC_PR_BGD)
        lab = self.lab.copy()
        lab[self.person < 0.5] = self._skin_colour()[0].astype(np.uint8)
        long = self._grab(lab, marks)
        # Dark clothes are taken for dark hair: where it runs out of the picture nothing is learned.
        low = self.known & (self.y > self.chin + 1.8) & (np.abs(self.x) < 2.4)
        if _share(long, low) > 0.2 or not low.any():
            self.sure[self.y > self.chin] = False
        return long

    def _grab(self, picture: U8, marks: U8) -> Array:
        cv2.setRNGSeed(1)
        scratch = np.zeros((2, 1, 65), np.float64)
        done = cv2.grabCut(picture, marks, (0, 0, 1, 1), scratch[0], scratch[1], _ROUNDS, cv2.GC_INIT_WITH_MASK)[0]
        chosen = ((done == cv2.GC_FGD) | (done == cv2.GC_PR_FGD)).astype(np.uint8)
        chosen = np.asarray(cv2.morphologyEx(chosen, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
        count, labels, sizes, _ = cv2.connectedComponentsWithStats(chosen, connectivity=8)
        for k in range(1, count):
            if sizes[k, cv2.CC_STAT_AREA] < 40:
                chosen[labels == k] = 0
        return f32(chosen)

    def _skin_colour(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        spots = np.zeros((WIDE, WIDE), np.uint8)
        for x, y in self.points[list(_CHEEKS)]:
            cv2.circle(spots, (int(x), int(y)), 3, 1, -1)
        colours = self.lab[spots > 0].astype(np.float64)
        middle = np.median(colours, axis=0)
        spread = np.cov(colours.T) + np.diag((30.0, 6.0, 6.0))
        return middle, np.asarray(np.linalg.inv(spread))

    def _distance(self) -> Array:
        """How far every pixel's colour is from this face's skin, in standard deviations."""
        middle, inverse = self._skin_colour()
        off = self.lab.astype(np.float64) - middle
        return f32(np.sqrt(np.einsum("hwc,cd,hwd->hw", off, inverse, off)))

    def _skin(self) -> Array:
        """Skin by its colour, near the head only: ears and neck (shadow under the chin is darker skin)."""
        near = (np.abs(self.x) < 1.6) & (self.y < self.chin + 1.4) & (self.y > -2.8)
        middle, inverse = self._skin_colour()
        off = self.lab.astype(np.float64) - middle
        off[..., 0] = np.where(off[..., 0] < 0, off[..., 0] * 0.4, off[..., 0])
        distance = np.sqrt(np.einsum("hwc,cd,hwd->hw", off, inverse, off))
        return f32((distance < 3.5) & near & (self.person > 0.5) & (self.hair < 0.5))

    def _beard(self, kind: str) -> Array:
        if kind == "none":
            return np.zeros((WIDE, WIDE), np.float32)
        zone = self._beard_zone(kind)
        far = f32(cv2.GaussianBlur(self._distance(), (0, 0), 1.0))
        return f32(cv2.GaussianBlur(np.clip((far - 1.3) / 1.5, 0, 1), (0, 0), 0.8)) * zone

    def _beard_zone(self, kind: str) -> Array:
        p = self.points
        jaw = p[list(_JAW)] + (0, 0.12 * EYE)
        if kind == "moustache":
            under_nose = p[[2, 98, 327]].mean(axis=0)
            low, high = p[[61, 291]].mean(axis=0)[1] + 0.1 * EYE, under_nose[1]
            zone = f32((self.y * EYE + self.eyes[1] > high) & (self.y * EYE + self.eyes[1] < low))
            wide = np.abs(self.x - (under_nose[0] - self.eyes[0]) / EYE) < 0.72
            zone = zone * f32(wide)
        else:
            upper = p[[454, 366, 401, 435, 432, 426, 327, 2, 98, 206, 212, 215, 177, 137, 234]]
            zone = _filled(np.concatenate([jaw, upper[::-1]]))
            if kind == "goatee":
                zone = zone * f32(np.abs(self.x - (p[152, 0] - self.eyes[0]) / EYE) < 0.8)
        return f32(zone * (1 - _filled(_shrunk(p[list(LIPS)], 1.02))))

    def _brows(self) -> Array:
        """Darker or otherwise coloured than skin, inside the brows' outlines."""
        zone = np.zeros((WIDE, WIDE), np.float32)
        for outline in BROWS:
            zone = np.maximum(zone, _filled(_shrunk(self.points[list(outline)], 1.1)))
        return f32(zone * np.clip((self._distance() - 0.3) / 1.5, 0.25, 1))


def _share(plane: Array, where: NDArray[np.bool_]) -> float:
    """Mean of a plane over a region; 0 where the region lies outside the picture."""
    return float(plane[where].mean()) if where.any() else 0.0


def _filled(outline: Array) -> Array:
    canvas = np.zeros((WIDE, WIDE), np.float32)
    cv2.fillPoly(canvas, [np.round(outline * 16).astype(np.int32)], 1.0, cv2.LINE_AA, shift=4)
    return canvas


def _below(jaw: Array) -> Array:
    """What lies under the jaw's line, which runs from ear to ear."""
    left, right = jaw[0], jaw[-1]
    first, last = (left, right) if left[0] > right[0] else (right, left)
    corners = [(last[0], last[1]), (0, last[1]), (0, WIDE), (WIDE, WIDE), (WIDE, first[1]), (first[0], first[1])]
    line = jaw if left[0] > right[0] else jaw[::-1]
    return _filled(np.concatenate([line, np.array(corners, np.float32)]))


def _shrunk(outline: Array, factor: float) -> Array:
    centre = outline.mean(axis=0)
    return f32(centre + (outline - centre) * factor)


def _soft(mask: Array) -> Array:
    return f32(cv2.GaussianBlur(mask, (0, 0), 0.8))
