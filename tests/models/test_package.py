"""Packages are what their hashes say, or they are not loaded."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playingage.core import ModelError, canonical_json, sha256_file
from playingage.models import PACKAGES, CropReager, ModelPackage, default_package
from playingage.runtime import choose_device

SOURCE = PACKAGES / "default-256.pamodel"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return shutil.copytree(SOURCE, tmp_path / "mine.pamodel")


def rewrite(package: Path, **fields: Any) -> None:
    file = package / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), **fields}))


def test_a_package_may_hold_a_smaller_network_too(tmp_path: Path) -> None:
    folder = tmp_path / "both.pamodel"
    shutil.copytree(PACKAGES / "default-512.pamodel", folder)
    shutil.copy(SOURCE / "reager.onnx", folder / "reager-256.onnx")
    document = json.loads((folder / "model.json").read_bytes())
    document["files"]["reager-256.onnx"] = sha256_file(folder / "reager-256.onnx")
    document["smaller"] = {"256": "reager-256.onnx"}
    (folder / "model.json").write_bytes(canonical_json(document))
    package, device = ModelPackage.load(folder), choose_device("CPU")
    assert package.spec.sizes == (512, 256)
    crop = np.random.default_rng(1).random((256, 256, 3), np.float32)
    small, alone = CropReager(package, device, 256), CropReager(default_package(256), device)
    assert small.size == 256 and CropReager(package, device).size == 512
    assert np.array_equal(small(crop, 35, 70)[0], alone(crop, 35, 70)[0])
    with pytest.raises(ModelError, match="no network of 128 pixels, but of 512, 256"):
        CropReager(package, device, 128)
    for smaller in ({"1024": "reager-256.onnx"}, {"256": "else.onnx"}, {"small": "reager-256.onnx"}):
        (folder / "model.json").write_bytes(canonical_json({**document, "smaller": smaller}))
        with pytest.raises(ModelError):
            ModelPackage.load(folder)


@pytest.mark.parametrize("size", [256, 512])
def test_the_shipped_packages_load(size: int) -> None:
    package = default_package(size)
    assert package.spec.size == size and package.spec.performer is None
    total = sum(len(data) for data in package.contents.values())
    assert total < 40 * 1024 * 1024


def test_folder_and_zip_are_the_same_package(package: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "mine.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in package.iterdir():
            archive.write(file, file.name)
    assert ModelPackage.load(zipped).sha256 == ModelPackage.load(package).sha256


def test_unknown_fields_are_kept(package: Path) -> None:
    rewrite(package, x_studio={"note": "kept"})
    assert ModelPackage.load(package).spec.document["x_studio"] == {"note": "kept"}


def test_a_changed_file_is_refused(package: Path) -> None:
    data = bytearray((package / "reager.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (package / "reager.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=r"reager\.onnx is not the file"):
        ModelPackage.load(package)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"version": 2}, "version 2"),
        ({"format": "other"}, "format"),
        ({"size": "big"}, "usable field"),
        ({"size": 9}, "out of range"),
        ({"ages": [80, 20]}, "out of range"),
        ({"files": {}}, r"does not list reager\.onnx"),
        ({"files": {"../../etc/passwd": "0", "reager.onnx": "0", "age.onnx": "0"}}, "outside the package"),
        ({"performer": "Ada"}, "its performer is 'Ada'"),
        ({"performer": "ada"}, "its performer_name is None"),
        ({"grant": "0" * 64}, "names no performer, but has grant"),
        ({"age_estimator": {"size": 128, "child_below": float("nan")}}, "child_below nan out of range"),
        ({"size": float("inf")}, "usable field"),
    ],
)
def test_bad_listings(package: Path, fields: dict[str, Any], message: str) -> None:
    rewrite(package, **fields)
    with pytest.raises(ModelError, match=message):
        ModelPackage.load(package)


def test_missing_and_broken_packages(package: Path, tmp_path: Path) -> None:
    (package / "age.onnx").unlink()
    with pytest.raises(ModelError, match=r"age\.onnx is missing"):
        ModelPackage.load(package)
    text = tmp_path / "text.pamodel"
    text.write_text("not a zip")
    with pytest.raises(ModelError, match="cannot be read"):
        ModelPackage.load(text)
    (package / "model.json").write_text("{")
    with pytest.raises(ModelError, match="not JSON"):
        ModelPackage.load(package)
    with pytest.raises(ModelError, match="is missing"):
        ModelPackage.load(tmp_path / "nowhere")


def test_a_network_that_is_none(package: Path) -> None:
    from playingage.core import sha256_bytes
    from playingage.engine import Engine
    from playingage.runtime import choose_device

    (package / "reager.onnx").write_bytes(b"hello")
    files = {**json.loads((package / "model.json").read_bytes())["files"], "reager.onnx": sha256_bytes(b"hello")}
    rewrite(package, files=files)
    with pytest.raises(ModelError, match="cannot be loaded as a network"):
        Engine(ModelPackage.load(package), choose_device("CPU"))
