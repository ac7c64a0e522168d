"""The model package (`NAME.pamodel`): a folder or zip whose `model.json` names every other file by hash.

The SHA-256 of `model.json` is the package's name everywhere else. Format: docs/formats/model-package.md.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playingage.core import ModelError, sha256_bytes

FORMAT, VERSION = "pamodel", 1
CHILD_BELOW = 15.0
"""Reading in years that means a child where a package does not say: clearly below any adult's."""
PACKAGES = Path(__file__).parent / "packages"
_MAX_FILE = 512 * 1024 * 1024
_REMAKE = "Take an undamaged copy, or export the package again."


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What `model.json` says.

    size: side of the crop in pixels. ages: youngest and oldest playing age in years. template: name of the alignment.
    files: name -> SHA-256. age_size: side of the age estimator's crop. child_below: the reading in years below which
    the estimator means a child. document: all of it, unknown fields included.
    """

    name: str
    size: int
    ages: tuple[float, float]
    template: str
    licence: str
    files: dict[str, str]
    performer: str | None
    age_size: int
    child_below: float
    document: dict[str, Any]

    @classmethod
    def parse(cls, data: bytes, where: str) -> "ModelSpec":
        """Read and check `model.json`. Raises ModelError naming the field that is wrong."""
        try:
            document = json.loads(data)
        except ValueError as error:
            raise ModelError(f"{where}: model.json is not JSON: {error}", _REMAKE) from error
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ModelError(f"{where}: model.json does not say format {FORMAT!r}", _REMAKE)
        if document.get("version") != VERSION:
            raise ModelError(
                f"{where}: model package version {document.get('version')!r}; this program reads version {VERSION}",
                "Use the release of playingage that the package was made for.",
            )
        try:
            low, high = (float(value) for value in document["ages"])
            spec = cls(
                name=str(document["name"]), size=int(document["size"]), ages=(low, high),
                template=str(document["template"]), licence=str(document["licence"]),
                files={str(k): str(v) for k, v in document["files"].items()},
                performer=document.get("performer"), age_size=int(document["age_estimator"]["size"]),
                child_below=float(document["age_estimator"].get("child_below", CHILD_BELOW)),
                document=document,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{where}: model.json has no usable field {error}", _REMAKE) from error
        if not (64 <= spec.size <= 2048 and 0 < low < high < 130 and 32 <= spec.age_size <= 1024):
            raise ModelError(f"{where}: size {spec.size} or ages {spec.ages} out of range", _REMAKE)
        for needed in ("reager.onnx", "age.onnx"):
            if needed not in spec.files:
                raise ModelError(f"{where}: model.json does not list {needed}", _REMAKE)
        if any("/" in name or "\\" in name or name.startswith(".") for name in spec.files):
            raise ModelError(f"{where}: model.json lists a file outside the package", "Do not use this package.")
        return spec


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPackage:
    """A package whose every file was checked. `sha256` names it."""

    path: Path
    spec: ModelSpec
    sha256: str
    contents: dict[str, bytes]

    @classmethod
    def load(cls, path: Path) -> "ModelPackage":
        """Read a folder or zip, checking every hash. Raises ModelError.

        A performer's package is refused here: it needs a grant, which this release cannot check yet.
        """
        listing = _read(path, "model.json")
        spec = ModelSpec.parse(listing, str(path))
        if spec.performer is not None:
            raise ModelError(f"{path}: a performer's model needs a grant", "This release loads default models only.")
        contents: dict[str, bytes] = {}
        for name, expected in spec.files.items():
            data = _read(path, name)
            if sha256_bytes(data) != expected:
                raise ModelError(f"{path}: {name} is not the file that model.json names (SHA-256 differs)", _REMAKE)
            contents[name] = data
        return cls(path=path, spec=spec, sha256=sha256_bytes(listing), contents=contents)


def default_package(size: int = 512) -> ModelPackage:
    """The network that ships with the program, 512 or 256 pixels. Raises ModelError for another size."""
    path = PACKAGES / f"default-{size}.pamodel"
    if not path.exists():
        raise ModelError(f"there is no default network of {size} pixels", "Choose 512, or 256 for a weak machine.")
    return ModelPackage.load(path)


def _read(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            file = path / name
            if file.stat().st_size > _MAX_FILE:
                raise ModelError(f"{path}: {name} is larger than {_MAX_FILE >> 20} MiB", "Do not use this package.")
            return file.read_bytes()
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > _MAX_FILE:
                raise ModelError(f"{path}: {name} is larger than {_MAX_FILE >> 20} MiB", "Do not use this package.")
            return archive.read(name)
    except FileNotFoundError as error:
        missing = name if path.exists() else "the package"
        raise ModelError(f"{path}: {missing} is missing", "Check the path, or take an undamaged copy.") from error
    except KeyError as error:
        raise ModelError(f"{path}: {name} is missing", _REMAKE) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: cannot be read as a model package: {error}", _REMAKE) from error
