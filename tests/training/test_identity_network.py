"""dlib's way of storing numbers, read back. What the converted network says is held to dlib in tests/faces."""

import importlib.util
import struct
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    path = Path(__file__).parents[2] / "recipes" / "identity_network.py"
    spec = importlib.util.spec_from_file_location("identity_network", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def number(value: int) -> bytes:
    data = abs(value).to_bytes(8, "little").rstrip(b"\0") or b"\0"
    return bytes([len(data) | (0x80 if value < 0 else 0)]) + data


def tensor(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]], version: int = 2) -> bytes:
    sizes = (*values.shape, *[1] * (4 - values.ndim))
    return number(version) + b"".join(map(number, sizes)) + values.astype("<f4").tobytes()


def name(text: str) -> bytes:
    return number(len(text)) + text.encode()


@pytest.mark.parametrize("value", [0, 1, 255, 256, 4736, 2**40, -1, -300])
def test_numbers(recipe: ModuleType, value: int) -> None:
    assert recipe.DlibFile(number(value) + b"rest").number() == value


def test_a_convolution_takes_in_the_affine_layer_behind_it(recipe: ModuleType) -> None:
    rng = np.random.default_rng(2)
    weights, bias = rng.normal(size=(2, 3, 5, 5)).astype(np.float32), np.array([0.5, -1], np.float32)
    gain, shift = np.array([2, 3], np.float32), np.array([0.25, 4], np.float32)
    data = b"\x01\x02junk" + name("con_4") + tensor(np.concatenate([weights.ravel(), bias]))
    data += b"".join(map(number, (2, 5, 5, 2, 2, 1, 1))) + struct.pack("<d", 1) + name("affine_")
    data += tensor(np.concatenate([gain, shift]))
    found, offset, stride, padding = recipe.DlibFile(data).convolution(3)
    assert np.allclose(found, weights * gain[:, None, None, None]) and np.allclose(offset, bias * gain + shift)
    assert (stride, padding) == (2, 1)


def test_what_is_no_such_file_is_said(recipe: ModuleType) -> None:
    with pytest.raises(ValueError, match="no further layer 'con_4'"):
        recipe.build(b"hello")
    with pytest.raises(ValueError, match="version 3"):
        recipe.DlibFile(tensor(np.zeros(2, np.float32), version=3)).tensor()
