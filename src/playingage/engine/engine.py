"""The engine: stateless but for its networks; the same input gives the same output, byte for byte."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import ModelError, SettingError
from playingage.engine.borders import ADULT, Outcome, Reason, outcome_of, reading_reasons
from playingage.engine.composite import Patch, add_patch, merge_matte, to_frame
from playingage.engine.hair import regrey
from playingage.engine.heads import Head, HeldMasks, head_side, parse_head, uncovered
from playingage.engine.look import Look
from playingage.engine.marks import Marks
from playingage.engine.regions import with_regions
from playingage.faces import (
    TEMPLATE,
    Face,
    face_part,
    head_transform,
    place_of,
    spare_openings,
    template_transform,
    warp_pixels,
    warp_planes,
)
from playingage.frames import DISPLAY_ENCODED, Frame, to_view
from playingage.frames.pixels import Image, Plane, full_scale
from playingage.models import AgeReader, CropReager, HeadParser, ModelPackage
from playingage.runtime import Device

_GATE = 1.0
"""Years between source and target from which the change counts in full; equal ages change nothing."""


_COLOUR = 0.02
"""Mean difference between a crop's strongest and weakest channel (0..1) from which it counts as a colour picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AgeRequest:
    """Take this face from `source_age` to `target_age`, in years: one number, or H x W float32 over the frame.

    look: what is asked besides; its strength is multiplied with the face's own. read: what the reading of the face
    speaks against re-ageing it. held: what was found of this face's head in the frames before, to go on with.
    """

    face: Face
    source_age: float | Plane
    target_age: float | Plane
    look: Look = field(default_factory=Look)
    read: tuple[Reason, ...] = ()
    held: HeldMasks | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reaged:
    """A re-aged frame and its matte: float32 H x W, 0 where the frame is bit-identical to the input, up to 1.

    outcomes: what became of each face that was asked for, in the order of the requests.
    """

    frame: Frame
    matte: Plane
    outcomes: tuple[Outcome, ...] = ()


class Engine:
    """Re-ages faces of frames with one model package on one device. size: of the crop, where not the package's own."""

    def __init__(self, package: ModelPackage, device: Device, size: int | None = None) -> None:
        if package.spec.template != TEMPLATE:
            raise ModelError(
                f"{package.path}: made for the alignment {package.spec.template!r}; this program aligns to {TEMPLATE!r}"
            )
        self.package = package
        self.device = device
        self._reager = CropReager(package, device, size)
        self._reader = AgeReader(package, device)
        self._parser = HeadParser.of(package, device)

    @property
    def size(self) -> int:
        """Side of the crop in pixels."""
        return self._reager.size

    @property
    def ages(self) -> tuple[float, float]:
        """Youngest and oldest age the model knows, in years."""
        return self.package.spec.ages

    def check_age(self, age: float | Plane) -> None:
        """Raises SettingError for an age, or a map with an age, that the model does not know."""
        low, high = self.ages
        least, most = (float(np.min(age)), float(np.max(age))) if isinstance(age, np.ndarray) else (age, age)
        if not (low <= least and most <= high):  # also refuses NaN
            wrong = least if not low <= least else most
            raise SettingError(
                f"age {wrong:g} is outside what the model {self.package.spec.name!r} knows",
                f"Give an age from {low:g} to {high:g}.",
            )

    def check_source_age(self, age: float | Plane) -> None:
        """Raises SettingError for a child's age, or one that the model does not know."""
        least = float(np.min(age)) if isinstance(age, np.ndarray) else age
        if least < ADULT:
            raise SettingError(
                f"source age {least:g} is a child's: children are out of range",
                f"Give an age from {ADULT:g} on.",
            )
        self.check_age(age)

    def check_look(self, look: Look) -> None:
        """Raises SettingError for a region's age that the model does not know."""
        for name, age in look.regions.items():
            try:
                self.check_age(age)
            except SettingError as error:
                raise SettingError(f"region {name}: {error.what}", error.do) from None

    def read_age(self, frame: Frame, face: Face) -> float:
        """The apparent age of a face in years, within the model's ages."""
        return float(np.clip(self.apparent_age(frame, face), *self.ages))

    def apparent_age(self, frame: Frame, face: Face) -> float:
        """The apparent age of a face in years as it is read, be it outside the model's ages."""
        return self._reader(_crop(frame, template_transform(face.landmarks, self._reader.size), self._reader.size))

    def reading_reasons(self, apparent: float) -> tuple[Reason, ...]:
        """What speaks against re-ageing a face that reads as `apparent` years."""
        return reading_reasons(apparent, self.ages, self.package.spec.child_below)

    def apply(self, frame: Frame, requests: Sequence[AgeRequest]) -> Reaged:
        """One frame and what is asked of its faces to one frame and its matte.

        Pixels outside the matte are bit-identical; dtype, alpha, time and tags stay. Raises SettingError for ages
        that the model
        does not know and ValueError for maps that do not fit the frame.
        """
        return reage_frame(frame, [(self, request) for request in requests])

    def check(self, request: AgeRequest) -> None:
        """Raises SettingError for ages that the model does not know."""
        self.check_source_age(request.source_age)
        self.check_age(request.target_age)
        self.check_look(request.look)

    def patches(self, frame: Frame, request: AgeRequest, strength: float) -> Iterator[Patch]:
        """What changes in the frame where a face is taken to its age with this strength, above 0."""
        head = self._head(frame, request)
        yield from self._face(frame, request, strength, head)
        yield from _hair(frame, request, strength, head)

    def _face(self, frame: Frame, request: AgeRequest, strength: float, head: "_Head | None") -> Iterator[Patch]:
        """The change of the face from hairline to jaw."""
        size = self._reager.size
        transform = template_transform(request.face.landmarks, size)
        source = _age_crop(request.source_age, transform, size, frame)
        asked = _age_crop(request.target_age, transform, size, frame)
        target = with_regions(asked, request.look.regions, request.face.landmarks, transform, size)
        gate = _gate(source, target)
        if not np.any(gate):
            return
        crop = _crop(frame, transform, size)
        place = place_of(request.face.landmarks, transform, size) if self._reager.wants_place else None
        delta, seen = self._reager(crop, source, target, place)
        if request.look.keep_moles:
            _marks(crop, request.face, transform, head).spare(delta)
        delta = _as_colourful(delta, crop)
        box, mask = face_part(request.face.landmarks, transform, size)
        mask *= seen[box]
        mask *= np.float32(strength) * (gate[box] if isinstance(gate, np.ndarray) else gate)
        if head is not None:
            mask *= uncovered(head.parsed, head.transform, transform, size)[box]
        at = box[0].start, box[1].start
        patch = to_frame(delta, mask, transform, frame.height, frame.width, at)
        if patch is not None:
            yield patch

    def _head(self, frame: Frame, request: AgeRequest) -> "_Head | None":
        """The parsed head, where the package can parse and something is asked of it."""
        side = head_side(self._reager.size)
        transform = head_transform(request.face.landmarks, side)
        source = _age_crop(request.source_age, transform, side, frame)
        target = _age_crop(request.target_age, transform, side, frame)
        if self._parser is None or not (np.any(_gate(source, target)) or request.look.regions):
            return None
        parsed = parse_head(self._parser, _head_crop(frame, transform, side), request.held)
        return _Head(parsed=parsed, transform=transform, source=source, target=target)


def reage_frame(frame: Frame, wanted: Sequence[tuple[Engine, AgeRequest]], helpers: Executor | None = None) -> Reaged:
    """`Engine.apply` where each face has an engine of its own. All see the frame as it was before any change.

    helpers: threads that take engines beside this one; the result is the same to the bit.
    """
    pixels = frame.pixels.copy()
    matte = np.zeros(pixels.shape[:2], np.float32)
    outcomes = tuple(outcome_of(request.face, request.read) for _, request in wanted)
    work: list[tuple[Engine, AgeRequest, float]] = []
    for (engine, request), outcome in zip(wanted, outcomes, strict=True):
        engine.check(request)
        strength = request.look.strength * outcome.taken
        if strength > 0:
            work.append((engine, request, strength))
    for patch in _patches(frame, work, helpers):
        add_patch(pixels, patch, frame.colour.transfer)
        merge_matte(matte, patch)
    return Reaged(frame=replace(frame, pixels=pixels), matte=matte, outcomes=outcomes)


def _patches(
    frame: Frame, work: Sequence[tuple[Engine, AgeRequest, float]], helpers: Executor | None
) -> Iterator[Patch]:
    """The patches of all faces, in order. An engine's networks belong to one thread at a time."""
    if helpers is None or len({id(engine) for engine, _, _ in work}) < 2:
        for engine, request, strength in work:
            yield from engine.patches(frame, request, strength)
        return
    by_engine: dict[int, list[int]] = {}
    for at, (engine, _, _) in enumerate(work):
        by_engine.setdefault(id(engine), []).append(at)

    def of(places: list[int]) -> dict[int, list[Patch]]:
        return {at: list(work[at][0].patches(frame, *work[at][1:])) for at in places}

    mine, *others = by_engine.values()
    asked = [helpers.submit(of, places) for places in others]
    try:
        found = of(mine)
    finally:
        wait(asked)  # none works on when this frame is given up
    for each in asked:
        found |= each.result()
    for at in range(len(work)):
        yield from found[at]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Head:
    """A parsed head, where it is (2 x 3, frame to head crop), and the ages in years over its crop."""

    parsed: Head
    transform: NDArray[np.float32]
    source: float | Plane
    target: float | Plane


def _marks(crop: Image, face: Face, transform: NDArray[np.float32], head: _Head | None) -> Marks:
    """The marks of a face, which serve as long as the masks of its head do: they lie still in its crop."""
    if head is None:
        return Marks.of(crop, face.landmarks, transform)
    masks = head.parsed.masks
    if masks.marks is None:
        masks.marks = Marks.of(crop, face.landmarks, transform)
    return masks.marks


def _hair(frame: Frame, request: AgeRequest, strength: float, head: _Head | None) -> Iterator[Patch]:
    """The change of hair, beard and brows."""
    if head is None:
        return
    gate = _gate(head.source, head.target)
    done = regrey(head.parsed, head.source, head.target, request.look)
    if done is None or not np.any(gate):
        return
    delta, mask = done
    mask *= gate * np.float32(strength)
    spare_openings(mask, request.face.landmarks, head.transform)  # an open mouth may be taken for a moustache
    patch = to_frame(_as_colourful(delta, head.parsed.crop), mask, head.transform, frame.height, frame.width)
    if patch is not None:
        yield patch


def _gate(source: float | Plane, target: float | Plane) -> np.float32 | Plane:
    """0 at equal ages, 1 from a year's difference on."""
    if isinstance(source, np.ndarray) or isinstance(target, np.ndarray):
        return np.asarray(np.clip(np.abs(np.subtract(target, source, dtype=np.float32)) / _GATE, 0, 1), np.float32)
    return np.float32(min(abs(target - source) / _GATE, 1.0))


def _crop(frame: Frame, transform: NDArray[np.float32], size: int) -> Image:
    """The canonical crop as the networks want it: float32, display-encoded, 0..1, its channels apart in memory."""
    planes = _as_seen(warp_planes(frame.pixels, transform, size), frame)
    return planes.transpose(1, 2, 0)


def _head_crop(frame: Frame, transform: NDArray[np.float32], side: int) -> Image:
    """The crop of the head in the same numbers, its channels side by side."""
    return _as_seen(warp_pixels(frame.pixels, transform, side), frame)


def _as_seen(numbers: NDArray[Any], frame: Frame) -> NDArray[np.float32]:
    """A frame's numbers as float32, display-encoded, 0..1."""
    view: NDArray[np.float32] = np.multiply(numbers, np.float32(1 / full_scale(frame.pixels.dtype)), dtype=np.float32)
    if frame.colour.transfer in DISPLAY_ENCODED and np.issubdtype(frame.pixels.dtype, np.integer):
        return view
    np.nan_to_num(view, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
    view = to_view(view, frame.colour.transfer)
    return np.clip(view, 0, 1, out=view)


def _as_colourful(delta: Image, crop: Image) -> Image:
    """The change with no more colour than the plate has: black-and-white pictures stay black and white."""
    red, green, blue = (np.ascontiguousarray(crop[::8, ::8, channel]) for channel in range(3))
    spread = cv2.mean(cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)))[0]
    if spread >= _COLOUR:
        return delta
    grey = delta @ np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec.709 luma
    return np.asarray(grey[..., None] + (delta - grey[..., None]) * np.float32(spread / _COLOUR), np.float32)


def _age_crop(age: float | Plane, transform: NDArray[np.float32], size: int, frame: Frame) -> float | Plane:
    if not isinstance(age, np.ndarray):
        return float(age)
    if age.shape != (frame.height, frame.width):
        raise ValueError(f"an age map wants {frame.height} x {frame.width} values, not {age.shape}")
    plane = np.ascontiguousarray(age, np.float32)
    return np.asarray(cv2.warpAffine(plane, transform, (size, size), borderMode=cv2.BORDER_REPLICATE), np.float32)
