"""What every re-aged picture keeps, whatever the network."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import playingage
from playingage.core import DeviceError, ModelError, SettingError
from playingage.engine import Engine, Reager


@pytest.fixture(scope="module")
def reager(engine: Engine) -> Reager:
    return Reager(engine)


def as_dtype(picture: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    if dtype == "uint8":
        return picture
    if dtype == "uint16":  # 10-bit code values spread over 16 bits, with more than 256 levels
        ramp = np.linspace(0, 3, picture.shape[1]).astype(np.uint16)[None, :, None]
        ten = np.minimum(picture.astype(np.uint16) * 4 + ramp, 1023)
        deep: NDArray[Any] = ((ten.astype(np.uint32) * 65535 + 511) // 1023).astype(np.uint16)
        return deep
    scaled: NDArray[Any] = (picture.astype(np.float32) / 255).astype(dtype)
    return scaled


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("age", [25, 75])
def test_outside_the_matte_every_bit_stays(reager: Reager, portrait: NDArray[np.uint8], dtype: str, age: float) -> None:
    image = as_dtype(portrait, dtype)
    out, matte = reager(image, age=age, source_age=48, return_matte=True)
    assert out.dtype == image.dtype and out.shape == image.shape
    changed = (out != image).any(axis=2)
    assert changed.mean() > 0.01
    assert not changed[matte == 0].any()
    assert matte.min() == 0 and 0.5 < matte.max() <= 1
    assert not changed[400:].any(), "the suit is no face"


def test_deep_pictures_keep_their_levels(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    image = as_dtype(portrait, "uint16")
    out, matte = reager(image, age=75, source_age=40, return_matte=True)
    inside = out[matte > 0.5]
    assert len(np.unique(inside // 257)) < len(np.unique(inside)), "values fell onto 8-bit steps"
    assert len(np.unique(inside)) > 300


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_target_equal_to_source_changes_nothing(reager: Reager, portrait: NDArray[np.uint8], dtype: str) -> None:
    image = as_dtype(portrait, dtype)
    out, matte = reager(image, age=44, source_age=44, return_matte=True)
    assert np.array_equal(out, image) and not matte.any()


def test_same_input_same_output(engine: Engine, portrait: NDArray[np.uint8]) -> None:
    first = Reager(engine)(portrait, age=70)
    again = Reager(Engine(engine.package, engine.device))(portrait, age=70)
    assert first.tobytes() == again.tobytes()


def test_several_faces_at_once(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    four = np.tile(portrait[:320], (2, 2, 1))
    out, matte = reager(four, age=75, source_age=40, return_matte=True)
    for y in (0, 320):
        for x in (0, 512):
            part = np.s_[y : y + 320, x : x + 512]
            assert matte[part].max() > 0.5
            assert (out[part] != four[part]).any()


def test_a_face_cut_by_the_edge(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    half = np.ascontiguousarray(portrait[60:, 210:])  # cuts forehead and cheek off
    faces = reager.find(half)
    assert faces, "the face is still to be found"
    out, matte = reager(half, age=75, source_age=40, return_matte=True)
    assert out.shape == half.shape
    assert not (out != half).any(axis=2)[matte == 0].any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3000, 3), (7, 5, 3), (300, 400, 3)])
def test_no_face_no_change(reager: Reager, shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, shape, np.uint8)
    out, matte = reager(noise, age=70, return_matte=True)
    assert np.array_equal(out, noise) and not matte.any()


def test_a_huge_picture(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    huge = np.zeros((8192, 8192, 3), np.uint8)
    face = cv2.resize(portrait[:300, 80:380], (2400, 2400), interpolation=cv2.INTER_CUBIC)
    huge[3000:5400, 1000:3400] = face
    out, matte = reager(huge, age=75, source_age=40, return_matte=True)
    changed = (out != huge).any(axis=2)
    assert changed[3000:5400, 1000:3400].any() and not changed[matte == 0].any()


def test_age_maps_change_only_where_they_differ(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    face = reager.find(portrait)[0]
    middle = round(float(face.landmarks[168, 0]))
    ages = np.full(portrait.shape[:2], 40, np.float32)
    ages[:, middle:] = 75
    out, matte = reager(portrait, age=ages, source_age=40, return_matte=True)
    changed = (out != portrait).any(axis=2)
    assert not changed[:, : middle - 3].any() and changed[:, middle:].any()
    assert not matte[:, : middle - 3].any()


def test_a_batch_is_its_pictures_one_by_one(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    batch = np.stack([portrait, portrait[:, ::-1]])
    out, mattes = reager(batch, age=70, source_age=40, return_matte=True)
    assert out.shape == batch.shape and mattes.shape == batch.shape[:3]
    assert np.array_equal(out[0], reager(portrait, age=70, source_age=40))
    empty: NDArray[np.uint8] = np.zeros((0, 8, 8, 3), np.uint8)
    assert reager(empty, age=70).shape == empty.shape


def test_strength_scales_the_change(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    image = as_dtype(portrait, "float32")
    whole = reager(image, age=75, source_age=40) - image
    half = reager(image, age=75, source_age=40, strength=0.5) - image
    none = reager(image, age=75, source_age=40, strength=0.0)
    assert np.allclose(half, whole / 2, atol=2e-3)
    assert np.array_equal(none, image)


def test_scene_linear_pictures_see_the_same_change(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    from playingage.frames import from_view, to_view

    view = as_dtype(portrait, "float32")
    linear = from_view(view, "linear")
    out = to_view(reager(linear, age=75, source_age=40, transfer="linear"), "linear")
    error = np.abs(out - reager(view, age=75, source_age=40))  # the crop is interpolated in another encoding
    assert error.max() < 0.1 and error[error > 1e-6].mean() < 0.004


def test_bright_and_broken_floats_stay_outside_the_matte(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    image = as_dtype(portrait, "float32").copy()
    image[450, 10] = np.nan
    image[460:470, 10:20] = 37.5
    out, matte = reager(image, age=75, source_age=40, return_matte=True)
    assert np.isnan(out[450, 10]).all() and (out[460:470, 10:20] == 37.5).all() and not matte[450:].any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_black_and_white_stays_black_and_white(reager: Reager, portrait: NDArray[np.uint8], dtype: str) -> None:
    grey = cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY)
    image = as_dtype(np.asarray(np.repeat(grey[..., None], 3, axis=2), np.uint8), dtype)
    out = reager(image, age=75, source_age=42)
    assert (out != image).any() and not np.ptp(out, axis=2).any()


def test_the_input_is_left_alone(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    mine = portrait.copy()
    out = reager(mine, age=70)
    assert np.array_equal(mine, portrait) and mine.flags.writeable and out.flags.writeable


@pytest.mark.parametrize("age", [5, 101, float("nan"), float("inf")])
def test_unknown_ages_are_refused(reager: Reager, portrait: NDArray[np.uint8], age: float) -> None:
    with pytest.raises(SettingError, match="outside what the model"):
        reager(portrait, age=age)


def test_unfit_arguments(reager: Reager, portrait: NDArray[np.uint8]) -> None:
    with pytest.raises(TypeError, match="float64"):
        reager(portrait.astype(np.float64), age=30)  # type: ignore[type-var]
    with pytest.raises(ValueError, match="H x W x 3"):
        reager(portrait[..., 0], age=30)
    with pytest.raises(ValueError, match="age map"):
        reager(portrait, age=np.full((9, 9), 30, np.float32))
    with pytest.raises(SettingError, match="strength"):
        reager(portrait, age=30, strength=2)
    with pytest.raises(DeviceError, match="no device 'TPU'"):
        playingage.load(device="TPU")
    with pytest.raises(ModelError, match="missing"):
        playingage.load("nowhere.pamodel")
    with pytest.raises(ModelError, match="no default network of 300"):
        playingage.load(size=300)
