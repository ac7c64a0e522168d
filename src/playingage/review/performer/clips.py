"""A performance taken to several ages, every way: measured in motion, and shown side by side in a short clip."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from playingage.archive import FaceRow
from playingage.core import SettingError
from playingage.engine import Engine, view_uint8
from playingage.faces import Face
from playingage.frames import Colour, Frame
from playingage.media import open_sink, open_source
from playingage.media.ports import SourceInfo
from playingage.render import with_mark
from playingage.review.evaluation.measures import Before, Rgb
from playingage.review.evaluation.sheets import jpeg
from playingage.review.motion import ClipCase, FaceFigures, measure_clips
from playingage.review.motion.clips import Progress
from playingage.review.performer.measures import Kept, Likeness, Reader, likeness
from playingage.review.performer.real import Real
from playingage.review.performer.stills import DEFAULT, MODEL, NOTHING, WAYS

_EVERY, _MOST = 0.4, 32
"""Seconds between the frames that are looked at closely, and how many at most."""
_SHOWN, _HEIGHT = 12.0, 480
"""Seconds and height in pixels of what is shown side by side."""
_ROOM = 1.9
"""Side of the shown square, in sizes of the face's box."""
_CRF = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """A clip and the ages that it is taken to. source_age: in years; None reads it off the face."""

    clip: Path
    ages: tuple[float, ...]
    source_age: float | None = None

    def __post_init__(self) -> None:
        if not self.clip.is_file():
            raise SettingError(f"{self.clip} is not there", "Give a clip.")
        if len(set(self.ages)) < len(self.ages):
            raise SettingError("--age names an age twice", "Name each age once.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One frame of a clip looked at closely, as in `stills.Result`."""

    second: float
    like: Likeness | None
    kept: Kept
    sharpness: float | None
    read_age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipResult:
    """A clip taken one way to one age. `motion` is None where no face is there long enough.

    shown: the file with all ways side by side, empty where the performer is not in the clip. poster: a picture of it.
    """

    clip: str
    way: str
    target_age: float
    motion: FaceFigures | None
    looks: tuple[Look, ...]
    shown: str
    poster: str


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The square about the performer's face over the whole clip: left, top, side, in pixels of the frame."""

    left: int
    top: int
    side: int


def measure_performances(
    performances: Sequence[Performance], engines: Mapping[str, Engine], real: Real, reader: Reader, folder: Path,
    progress: Progress,
) -> tuple[ClipResult, ...]:
    """Every clip at every age, all ways, into `folder`. Raises PlayingAgeError before anything is made."""
    for performance in performances:
        for age in performance.ages:
            for engine in engines.values():
                engine.check_age(age)
    found: list[ClipResult] = []
    for performance in performances:
        for age in performance.ages:
            found += _one(performance, age, engines, real, reader, folder, progress)
    return tuple(found)


def _one(
    performance: Performance, age: float, engines: Mapping[str, Engine], real: Real, reader: Reader, folder: Path,
    progress: Progress,
) -> list[ClipResult]:
    case = ClipCase(clip=performance.clip, target_age=age, age=performance.source_age)
    motion: dict[str, FaceFigures | None] = {}
    whose = np.stack([row.identity for row in real.rows])
    paths = {NOTHING: performance.clip}
    for way, engine in engines.items():
        made = measure_clips([case], engine, folder / way, _named(progress, way), only=whose)[0]
        motion[way] = _changed(made.figures.faces)
        paths[way] = folder / way / f"{case.name}.mkv"
    motion[NOTHING] = _still(motion[MODEL])
    looks, place = _look(paths, age, real, reader, progress, case.name)
    shown = poster = ""
    if place is not None:
        shown = f"{case.name}.mp4"
        poster = _show(paths, place, folder / shown, engines[MODEL].package.sha256, progress)
    return [ClipResult(clip=performance.clip.name, way=way, target_age=age, motion=motion[way],
                       looks=tuple(looks[way]), shown=shown, poster=poster) for way in WAYS]


def _changed(faces: Sequence[FaceFigures]) -> FaceFigures | None:
    """The performer's: others are not touched, and their change does not flicker."""
    return next((face for face in faces if face.change_flicker.mean), None)


def _named(progress: Progress, way: str) -> Progress:
    return lambda what, total: progress(f"{what}, {way}", total)


def _still(figures: FaceFigures | None) -> FaceFigures | None:
    """What doing nothing gives: the input's own ages, and no change that could flicker or slide."""
    if figures is None:
        return None
    nothing = {
        name: replace(getattr(figures, name), values=tuple(0.0 for _ in getattr(figures, name).values))
        for name in ("change_flicker", "extra_flicker", "around_flicker", "eyes", "mouth", "eyeballs", "inner_mouth")
    }
    none = replace(figures.slid, seconds=(), values=())
    return replace(figures, ages_out=figures.ages_in, slid=none, kept=none, **nothing)


def _together(paths: Mapping[str, Path], tell: Callable[[int], None]) -> Iterator[tuple[int, dict[str, Frame]]]:
    """The frames of all ways of the same time."""
    with ExitStack() as stack:
        sources = {way: stack.enter_context(open_source(str(path))) for way, path in paths.items()}
        for number, frames in enumerate(zip(*sources.values(), strict=False)):
            tell(number + 1)
            yield number, dict(zip(sources, frames, strict=True))


def _look(
    paths: Mapping[str, Path], age: float, real: Real, reader: Reader, progress: Progress, name: str
) -> tuple[dict[str, list[Look]], _Place | None]:
    """Look closely at some frames of all ways, and find where the performer's face is."""
    looks: dict[str, list[Look]] = {way: [] for way in paths}
    boxes: list[tuple[float, float, float, float]] = []
    size = (0, 0)
    with open_source(str(paths[NOTHING])) as source:
        info = source.info
    apart = max(1, round(_EVERY * float(info.rate)), (info.frames or 0) // _MOST)
    near = real.near_age(age)
    with progress(f"Looking at {name}", info.frames or 0) as tell:
        for number, frames in _together(paths, tell):
            if number % apart:
                continue
            before = view_uint8(frames[NOTHING])
            size = before.shape[1], before.shape[0]
            face = _performer(before, real.rows, reader)
            if face is None:
                continue
            boxes.append(face.box)
            measure = Before(before, face, reader.finder.mesh)
            for way, frame in frames.items():
                looks[way].append(_closely(view_uint8(frame), frame, measure, near, reader))
    return looks, _place(boxes, size) if boxes else None


def _performer(picture: Rgb, real: Sequence[FaceRow], reader: Reader) -> Face | None:
    """The face that is most like the performer's real ones."""
    best: tuple[float, Face] | None = None
    for face in reader.finder.find(picture):
        like = likeness(reader.embedding(picture, face), real)
        if like is not None and (best is None or like.similarity > best[0]):
            best = like.similarity, face
    return None if best is None else best[1]


def _closely(picture: Rgb, frame: Frame, before: Before, near: Sequence[FaceRow], reader: Reader) -> Look:
    face = before.face
    return Look(
        second=float(frame.seconds), like=likeness(reader.embedding(picture, face), near),
        kept=reader.kept(before.picture, picture, face), sharpness=before.measure(picture).sharpness,
        read_age=reader.age(picture, face),
    )


def _place(boxes: Sequence[tuple[float, float, float, float]], size: tuple[int, int]) -> _Place:
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    face = max(max(box[2] - box[0], box[3] - box[1]) for box in boxes)
    side = min(round(max(_ROOM * face, *(1.15 * (high - low)))), *size)
    left, top = (int(np.clip(round(c - side / 2), 0, s - side)) for c, s in zip((low + high) / 2, size, strict=True))
    return _Place(left, top, side)


def _show(paths: Mapping[str, Path], place: _Place, target: Path, model: str, progress: Progress) -> str:
    """The face as it is, by the default, by the model, beside each other, as H.264 that browsers play.

    Returns the first frame as a data address.
    """
    height = min(_HEIGHT, place.side // 2 * 2)
    with open_source(str(paths[NOTHING])) as source:
        info = source.info
    count = min(info.frames or 1 << 30, round(_SHOWN * float(info.rate)))
    like = SourceInfo(name=target.name, width=3 * height, height=height, rate=info.rate, frames=count)
    ways = (NOTHING, DEFAULT, MODEL)
    poster = ""
    with (
        progress(f"Showing {target.stem}", count) as tell,
        open_sink(target, with_mark(like, model), codec="h264", crf=_CRF, audio=False, overwrite=True) as sink,
    ):
        for number, frames in _together(paths, lambda _: None):
            if number >= count:
                break
            row = np.hstack([_cut(view_uint8(frames[way]), place, height) for way in ways])
            sink.write(Frame(pixels=row, number=number, rate=info.rate, colour=Colour()))
            if number == 0:
                poster = jpeg(row)
            tell(number + 1)
    return poster


def _cut(picture: Rgb, place: _Place, height: int) -> Rgb:
    part = picture[place.top : place.top + place.side, place.left : place.left + place.side]
    flags = cv2.INTER_AREA if height < place.side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (height, height), interpolation=flags), np.uint8)
