"""Flicker and sliding of changes that are known exactly."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from render.material import write_clip

from playingage.core import SettingError, UnreadableError
from playingage.engine import Engine
from playingage.faces import Face, FaceFinder
from playingage.faces.region import INNER_LIPS, OVAL
from playingage.review.motion import (
    Flicker,
    KnownMotion,
    MotionFinder,
    Sheet,
    Swim,
    Unrolled,
    flicker,
    measure_clip,
    swim,
)
from playingage.review.motion.flow import carried, own_places

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def head(portrait: Picture) -> Picture:
    return np.ascontiguousarray(portrait[20:276, 92:348])


@pytest.fixture(scope="module")
def face(head: Picture, engine: Engine) -> Face:
    return FaceFinder(engine.device).find(head)[0]


def texture(shape: tuple[int, ...], seed: int, sigma: float, size: float) -> Floats:
    """Smooth noise, H x W x 3 with equal channels, of standard deviation `size`."""
    noise = np.random.default_rng(seed).normal(0, 1, shape[:2]).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.asarray(np.repeat((soft / soft.std() * size)[..., None], 3, axis=2), np.float32)


def moved(picture: NDArray[np.generic], shift: tuple[float, float]) -> Floats:
    """What is shown moves by `shift` pixels."""
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    done = cv2.warpAffine(np.asarray(picture, np.float32), matrix, picture.shape[1::-1], flags=cv2.INTER_CUBIC,
                          borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(done, np.float32)


def rounded(picture: NDArray[np.generic]) -> Picture:
    return np.clip(np.rint(np.asarray(picture, np.float32)), 0, 255).astype(np.uint8)


def seen_flicker(head: Picture, change_of: Callable[[int], Floats]) -> Flicker:
    """Of two frames of a head that moves by (1.5, 0.7); `change_of` gives the change at frame 0 and 1."""
    before = [rounded(moved(head, (1.5 * n, 0.7 * n))) for n in (0, 1)]
    after = [rounded(picture + change_of(n)) for n, picture in enumerate(before)]
    inside = np.zeros(head.shape[:2], np.bool_)
    inside[60:200, 60:200] = True
    places = MotionFinder().places(before[1], before[0])
    found = flicker((before[0], after[0]), (before[1], after[1]), inside, places)
    assert found is not None and found.share > 0.9
    return found


@pytest.mark.parametrize("levels", [2.0, 6.0])
def test_a_known_flicker_is_read_as_what_it_is(head: Picture, levels: float) -> None:
    found = seen_flicker(head, lambda n: np.full(head.shape, levels / 2 if n else -levels / 2, np.float32))
    assert found.change == pytest.approx(levels, rel=0.05)


def test_a_change_that_moves_with_the_skin_does_not_flicker(head: Picture) -> None:
    change = texture(head.shape, 1, 6, 8)
    still = seen_flicker(head, lambda n: moved(change, (1.5 * n, 0.7 * n)))
    sliding = seen_flicker(head, lambda n: moved(change, (4.5 * n, 0.7 * n)))
    assert still.change < 0.7 and still.extra < 0.3
    assert sliding.change > 4 * still.change


def test_flicker_hides_in_grain_only_from_the_extra(head: Picture) -> None:
    grain = [np.random.default_rng(n).normal(0, 6, head.shape).astype(np.float32) for n in (0, 1)]
    before = [rounded(head + each) for each in grain]
    after = [rounded(picture + np.float32(3 * n)) for n, picture in enumerate(before)]
    inside = np.ones(head.shape[:2], np.bool_)
    found = flicker((before[0], after[0]), (before[1], after[1]), inside, own_places(*head.shape[:2]))
    assert found is not None
    assert found.change == pytest.approx(3, rel=0.05) and 0.2 < found.extra < 1.5


def test_where_nothing_can_be_followed_nothing_is_said(head: Picture) -> None:
    inside = np.ones(head.shape[:2], np.bool_)
    negative = 255 - head
    assert flicker((head, head), (negative, negative), inside, own_places(*head.shape[:2])) is None


def turned(face: Face, head: Picture, angle: float) -> tuple[Picture, Floats, Floats]:
    """The head turned by `angle` degrees in the picture, with its landmarks, and the matrix."""
    matrix = np.asarray(cv2.getRotationMatrix2D((128.0, 120.0), angle, 1.05), np.float64)
    matrix[:, 2] += (3.3, -2.6)
    picture = cv2.warpAffine(head, matrix, (256, 256), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    points = face.points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(picture, np.uint8), np.asarray(points, np.float32), np.asarray(matrix, np.float32)


def slid(face: Face, head: Picture, shift: float, finder: MotionFinder | None, jitter: float = 0.0) -> Swim:
    """What is read when a change slides by `shift` pixels of the sheet and landmarks are wrong by `jitter`."""
    sheet = Sheet(face.points)
    change = texture(head.shape, 3, 3, 6)
    later, points, matrix = turned(face, head, 14)
    pixels = shift * np.ptp(face.points[:468], axis=0).max() * 1.08 / sheet.side
    aged = cv2.warpAffine(moved(change, (pixels, 0)), matrix, (256, 256), flags=cv2.INTER_CUBIC)
    return swim(
        Unrolled.of(head, rounded(head + change), *sheet.places(face.points)),
        Unrolled.of(later, rounded(later + np.asarray(aged, np.float32)), *sheet.places(points + np.float32(jitter))),
        sheet.eye_distance, finder,
    )


@pytest.mark.parametrize("shift", [0.0, 2.0, 5.0])
def test_a_change_that_slides_over_the_skin_is_found(face: Face, head: Picture, shift: float) -> None:
    percent = 100 / Sheet(face.points).eye_distance
    for finder in (None, MotionFinder()):
        found = slid(face, head, shift, finder)
        assert found.slid == pytest.approx(shift * percent, abs=0.6)
        assert found.input_slid is not None and found.input_slid < 0.7
        assert found.kept is not None and (found.kept > 0.9) == (shift == 0)


def test_wrong_landmarks_are_no_sliding(face: Face, head: Picture) -> None:
    percent = 100 / Sheet(face.points).eye_distance
    fooled, mended = (slid(face, head, 0.0, finder, jitter=2.0) for finder in (None, MotionFinder()))
    assert (fooled.slid or 0) > 2 * percent, "without flow they would be"
    assert mended.slid is not None and mended.slid < 0.7


def test_no_change_cannot_slide(face: Face, head: Picture) -> None:
    sheet = Sheet(face.points)
    unrolled = Unrolled.of(head, head, *sheet.places(face.points))
    found = swim(unrolled, unrolled, sheet.eye_distance, None)
    assert found.slid is None and found.kept is None


def grid_motion(count: int = 8) -> KnownMotion:
    """A head that turns and drifts: 256 x 256 pixels, a point every 8."""
    axis = np.arange(0, 264, 8, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1) - 128
    turns = [np.radians(2.0 * n) for n in range(count)]
    places = [grid @ np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) + 128 + 1.3 * n
              for n, t in enumerate(turns)]
    return KnownMotion(np.stack(places).astype(np.float32), 8, (256, 256))


def test_known_motion_and_its_inverse() -> None:
    motion = grid_motion()
    own = own_places(256, 256)
    inner = np.s_[60:196, 60:196]
    back = carried(motion.moved(5, own), motion.still(5))
    assert np.abs(back - own)[inner].max() < 0.05
    step = motion.between(5, 4)
    assert np.abs(carried(motion.still(4), step) - motion.still(5))[inner].max() < 0.05


def test_motions_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cover"):
        KnownMotion(np.zeros((3, 4, 4, 2), np.float32), 8, (256, 256))
    path = tmp_path / "motion.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(UnreadableError, match="holds no motion"):
        KnownMotion.load(path, (256, 256))


def clip_of(tmp_path: Path, name: str, pictures: list[Picture]) -> Path:
    return write_clip(tmp_path / name, pictures, "ffv1", "bgr0", tags=(1, 1, 0, 2))


@pytest.fixture(scope="module")
def shot(head: Picture) -> list[Picture]:
    return [rounded(moved(head, (1.2 * n, 0.5 * n))) for n in range(10)]


@pytest.mark.parametrize("known", [False, True])
def test_a_clip_whose_face_flickers(
    tmp_path: Path, shot: list[Picture], face: Face, engine: Engine, known: bool
) -> None:
    outline = [np.round(face.points[list(OVAL)] + (1.2 * n, 0.5 * n)).astype(np.int32) for n in range(10)]
    masks = [np.zeros_like(picture) for picture in shot]
    after = []
    for n, picture in enumerate(shot):
        change = cv2.fillPoly(np.zeros(picture.shape, np.float32), [outline[n]], (1, 1, 1)) * (1 if n % 2 else -1)
        masks[n][150:170, 110:150, 2] = 255
        change[150:170, 110:150] = 5  # what stands there was to be left alone
        after.append(rounded(picture + change))
    motion = None
    if known:
        motion = tmp_path / "motion.npz"
        axis = np.arange(0, 264, 8, dtype=np.float32)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1)
        np.savez(motion, places=np.stack([grid - (1.2 * n, 0.5 * n) for n in range(10)]), step=8)
    told: list[int] = []
    found = measure_clip(
        clip_of(tmp_path, "before.mkv", shot), clip_of(tmp_path, "after.mkv", after), engine,
        truth=clip_of(tmp_path, "truth.mkv", shot), masks=clip_of(tmp_path, "masks.mkv", masks), motion=motion,
        progress=told.append,
    )
    assert told == list(range(1, 21))
    assert found.frames == 10 and len(found.faces) == 1
    one = found.faces[0]
    assert one.frames == 10 and len(one.change_flicker.values) == 9
    assert one.change_flicker.mean == pytest.approx(2, rel=0.2)
    assert len(one.ages_in.values) == len(one.ages_out.values) == 10
    assert found.occluder.mean == pytest.approx(5, abs=0.01) and found.occluder_most.mean == pytest.approx(5, abs=0.01)
    assert found.nothing.mean == 0 and found.error.mean == pytest.approx(1.4, abs=0.4)
    assert found.faces[0].eyeballs.mean == pytest.approx(1, abs=0.2)


def test_a_clip_left_alone(tmp_path: Path, shot: list[Picture], engine: Engine) -> None:
    clip = clip_of(tmp_path, "before.mkv", shot)
    found = measure_clip(clip, clip, engine).faces[0]
    assert found.change_flicker.mean == found.extra_flicker.mean == found.eyes.mean == found.mouth.mean == 0
    assert found.ages_in == found.ages_out and not found.slid.values and found.slid.mean is None


def test_an_open_mouth_that_is_painted_over(tmp_path: Path, shot: list[Picture], face: Face, engine: Engine) -> None:
    inside = np.round(face.points[list(INNER_LIPS)]).astype(np.int32)
    after = [cv2.fillPoly(picture.copy(), [inside + np.int32(np.round((1.2 * n, 0.5 * n)))], (90, 40, 40))
             for n, picture in enumerate(shot)]
    found = measure_clip(
        clip_of(tmp_path, "before.mkv", shot), clip_of(tmp_path, "after.mkv", [np.asarray(a) for a in after]), engine
    )
    assert (found.faces[0].inner_mouth.mean or 0) > 20


def test_clips_that_do_not_belong_together(tmp_path: Path, shot: list[Picture], engine: Engine) -> None:
    whole, short = clip_of(tmp_path, "whole.mkv", shot[:3]), clip_of(tmp_path, "short.mkv", shot[:2])
    with pytest.raises(SettingError, match="shorter"):
        measure_clip(whole, short, engine)
    small = clip_of(tmp_path, "small.mkv", [np.ascontiguousarray(picture[:128]) for picture in shot[:3]])
    with pytest.raises(SettingError, match="another size"):
        measure_clip(whole, small, engine)
