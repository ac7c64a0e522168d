"""Finding, aligning and following real faces."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.faces import (
    Face,
    FaceFinder,
    FaceTracker,
    LandmarkFilter,
    Pose,
    face_region,
    scale_of,
    smooth_two_sided,
    template_transform,
    warp_crop,
)
from playingage.faces.align import similarity
from playingage.faces.presence import presence
from playingage.faces.tracker import TrackerSettings
from playingage.runtime import choose_device

EYES = ((468, 473),)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder.load()


@pytest.fixture(scope="module")
def face(finder: FaceFinder, portrait: NDArray[np.uint8]) -> Face:
    return finder.find(portrait)[0]


def place(portrait: NDArray[np.uint8], side: int, x: int, y: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A grey frame of `size` (width, height) with the portrait's head `side` pixels wide at x, y."""
    frame = np.full((size[1], size[0], 3), 96, np.uint8)
    head = cv2.resize(portrait[:280, 80:360], (side, side), interpolation=cv2.INTER_AREA)
    frame[y : y + side, x : x + side] = head
    return frame


def turned(portrait: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    move = cv2.getRotationMatrix2D((224, 130), degrees, 1)
    return np.asarray(cv2.warpAffine(portrait, move, (512, 512), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_irises_lie_in_the_eyes(face: Face) -> None:
    for iris, corners in ((468, (33, 133)), (473, (362, 263))):
        a, b = face.points[list(corners)]
        along = (face.points[iris] - a) @ (b - a) / ((b - a) @ (b - a))
        assert 0.25 < along < 0.75
    assert face.confidence > 0.9 and face.strength == 1.0
    assert abs(face.pose.yaw) < 10 and abs(face.pose.roll) < 10


def test_crop_puts_the_eyes_on_the_template(face: Face, portrait: NDArray[np.uint8]) -> None:
    transform = template_transform(face.landmarks, 512)
    eyes = face.points[[33, 133, 362, 263]] @ transform[:, :2].T + transform[:, 2]
    left, right = eyes[:2].mean(axis=0), eyes[2:].mean(axis=0)
    assert np.allclose(left, (192, 215), atol=14) and np.allclose(right, (320, 215), atol=14)
    assert warp_crop(portrait, transform, 512).shape == (512, 512, 3)


@pytest.mark.parametrize("degrees", [-45, -30, -15, 15, 30, 45])
def test_tilted_faces_are_found_level(finder: FaceFinder, portrait: NDArray[np.uint8], degrees: float) -> None:
    found = finder.find(turned(portrait, degrees))
    assert len(found) == 1
    assert found[0].pose.roll == pytest.approx(3 - degrees, abs=6)


@pytest.mark.parametrize("side", [60, 120, 400, 1000])
def test_near_and_far_faces(finder: FaceFinder, portrait: NDArray[np.uint8], side: int) -> None:
    found = finder.find(place(portrait, side, 300, 40, (1920, 1080)))
    assert len(found) == 1
    left, top, right, bottom = found[0].box
    assert 300 < left < right < 300 + side and 40 < top < bottom < 40 + side


def test_large_crops_are_reduced_without_aliasing() -> None:
    fine = np.indices((2000, 2000)).sum(axis=0) % 2 * 255
    picture = np.repeat(fine[..., None], 3, axis=2).astype(np.uint8)
    transform = np.array([[0.2, 0, 0], [0, 0.2, 0]], np.float32)
    crop = warp_crop(picture, transform, 256)
    assert np.abs(crop[20:-20, 20:-20] - 127.5).max() < 20


def test_similarity_recovers_a_known_transform() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(14, 2)) * 100
    angle, scale = 0.4, 1.7
    known = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]]) * scale
    known[:, 2] = (12, -7)
    found = similarity(points, points @ known[:, :2].T + known[:, 2])
    assert np.allclose(found, known, atol=1e-4)
    assert scale_of(found) == pytest.approx(1.7, rel=1e-5)


def test_region_covers_the_face_but_no_eye_or_mouth(face: Face) -> None:
    transform = template_transform(face.landmarks, 512)
    region = face_region(face.landmarks, transform, 512)
    assert region.shape == (512, 512) and region.min() == 0 and region.max() <= 1

    def at(index: int) -> float:
        x, y = (transform[:, :2] @ face.points[index] + transform[:, 2]).round().astype(int)
        return float(region[y, x])

    assert at(50) > 0.9 and at(280) > 0.9 and at(151) > 0.9  # cheeks, forehead
    assert at(468) < 0.15 and at(473) < 0.15  # irises
    assert not region[0].any() and not region[-1].any() and not region[:, 0].any() and not region[:, -1].any()


@pytest.mark.parametrize(("yaw", "far"), [(45, (330, 348, 280, 425, 422)), (-45, (101, 119, 50, 205, 202))])
def test_region_covers_the_far_cheek_of_a_turned_head(face: Face, yaw: float, far: tuple[int, ...]) -> None:
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    # Smaller z is nearer: a head that turns to the picture's right brings its left cheek forward.
    turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)
    middle = face.landmarks.mean(axis=0)
    turned = ((face.landmarks - middle) @ turn.T + middle).astype(np.float32)
    transform = template_transform(turned, 512)
    region = face_region(turned, transform, 512)
    places = (turned[list(far), :2] @ transform[:, :2].T + transform[:, 2]).round().astype(int)
    assert np.mean([region[y, x] for x, y in places]) > 0.5


def test_presence_falls_softly_to_profile() -> None:
    values = [presence(Pose(yaw=yaw, pitch=0, roll=0), 1.0) for yaw in range(91)]
    assert values[0] == values[50] == 1 and values[72] == values[90] == 0
    assert max(a - b for a, b in pairwise(values)) < 0.08


def test_four_faces_keep_their_ids_while_they_move(portrait: NDArray[np.uint8]) -> None:
    tracker = FaceTracker(choose_device("CPU"))
    first: dict[int, tuple[float, float]] = {}
    for step in range(12):
        frame = np.full((720, 1280, 3), 96, np.uint8)
        head = cv2.resize(portrait[:280, 80:360], (220, 220), interpolation=cv2.INTER_AREA)
        for index in range(4):
            x, y = 40 + 300 * index + 5 * step * (1 if index % 2 else -1), 100 + 80 * (index % 2) + 6 * step
            frame[y : y + 220, max(x, 0) : max(x, 0) + 220] = head
        faces = tracker.update(frame, step / 24)
        places = {f.id: ((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2) for f in faces}
        assert len(places) == 4
        first = first or places
        assert places.keys() == first.keys()
        for face_id, (middle, height) in places.items():
            assert abs(middle - first[face_id][0]) < 90, "ids changed places"
            assert abs(height - first[face_id][1] - 6 * step) < 15


def test_a_lost_face_fades_and_comes_back_softly_with_its_id(portrait: NDArray[np.uint8]) -> None:
    tracker = FaceTracker(choose_device("CPU"))
    there, gone = place(portrait, 300, 100, 60, (640, 480)), np.full((480, 640, 3), 96, np.uint8)
    strengths, ids = [], []
    for step in range(48):
        faces = tracker.update(gone if 12 <= step < 27 else there, step / 24)
        strengths.append(faces[0].strength if faces else 0.0)
        ids += [f.id for f in faces]
    assert strengths[0] == strengths[11] == 1 and strengths[26] == 0 and strengths[-1] == 1
    assert max(abs(a - b) for a, b in pairwise(strengths)) < 0.35
    assert set(ids) == {1}


def test_two_detections_never_make_two_tracks_of_one_face(portrait: NDArray[np.uint8]) -> None:
    settings = TrackerSettings(detect_every=0.0)
    tracker = FaceTracker(choose_device("CPU"), settings)
    frame = place(portrait, 420, 400, 100, (1280, 720))
    for step in range(8):
        assert [f.id for f in tracker.update(frame, step / 24)] == [1]


def test_filter_calms_still_points_and_follows_moving_ones() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=(478, 3)).astype(np.float32) * 100
    still, raw = LandmarkFilter(), []
    out = []
    for step in range(40):
        noisy = base + rng.normal(0, 0.6, base.shape).astype(np.float32)
        raw.append(noisy)
        out.append(still(noisy, step / 24, 200))
    assert np.std(out[20:], axis=0).mean() < 0.6 * np.std(raw[20:], axis=0).mean()
    moving = LandmarkFilter()
    for step in range(40):
        shifted = np.asarray(base + np.float32(8 * step), np.float32)
        got = moving(shifted, step / 24, 200)
    assert np.abs(got - shifted).max() < 4  # half a frame's way behind at most


def test_two_sided_smoothing_does_not_drag() -> None:
    base = np.zeros((478, 3), np.float32)
    window = [base + np.float32(5 * step) for step in range(7)]
    for middle in (0, 3, 6):
        assert np.allclose(smooth_two_sided(window, middle), window[middle], atol=1e-3)


def test_one_doubtful_frame_does_not_dim_the_change(portrait: NDArray[np.uint8]) -> None:
    tracker = FaceTracker(choose_device("CPU"))
    head = np.ascontiguousarray(portrait[:320, 60:380])
    hidden = head.copy()
    hidden[:] = 96
    shown = [head] * 4 + [hidden] + [head] * 3 + [hidden] * 4
    strengths = []
    for number, picture in enumerate(shown):
        faces = tracker.update(picture, number / 24)
        strengths.append(faces[0].strength if faces else 0.0)
    assert min(strengths[:9]) == 1
    assert strengths[9] < 1 and np.all(np.diff(strengths[9:]) < 0), "what stays away fades"


def test_after_a_cut_a_tracker_finds_what_a_new_one_finds(portrait: NDArray[np.uint8]) -> None:
    device = choose_device("CPU")
    settings = TrackerSettings(smooth=False, detect_every=0.0, search_every=0.0)
    used, fresh = FaceTracker(device, settings), FaceTracker(device, settings)
    empty = np.full((540, 960, 3), 90, np.uint8)
    shown = empty.copy()
    shown[:154, 300:454] = cv2.resize(portrait, (154, 154), interpolation=cv2.INTER_AREA)
    for i in range(3):  # networks and parts of the picture are looked at by turns: it stops in the midst of one
        used.update(empty, i / 6)
    used.reset()
    for i, picture in enumerate([empty, *[shown] * 4]):
        one, other = used.update(picture, 9 + i / 6), fresh.update(picture, 9 + i / 6)
        assert len(one) == len(other) and (i < 2 or len(one) == 1)
        assert all(np.array_equal(a.landmarks, b.landmarks) for a, b in zip(one, other, strict=True))
