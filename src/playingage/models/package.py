"""The model package (`NAME.pamodel`): a folder or zip whose `model.json` names every other file by hash.

The SHA-256 of `model.json` is the package's name everywhere else. Format: docs/formats/model-package.md.
"""

import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playingage.core import ModelError, sha256_bytes
from playingage.rights import Grant, GrantError, Use
from playingage.rights.documents import HASH, ID

FORMAT, VERSION = "pamodel", 1
CHILD_BELOW = 15.0
"""Reading in years that means a child where a package does not say: clearly below any adult's."""
PACKAGES = Path(__file__).parent / "packages"
_MAX_FILE = 512 * 1024 * 1024
_OWNED = ("performer_name", "production", "grant", "coverage")
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_REMAKE = "Take an undamaged copy, or export the package again."


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What `model.json` says.

    size: side of the crop in pixels. ages: youngest and oldest playing age in years. template: name of the alignment.
    smaller: further networks with the same weights, side of the crop -> file. files: name -> SHA-256. age_size: side of
    the age estimator's crop. child_below: the reading in years below which the estimator means a child. document: all
    of it, unknown fields included.
    Of a performer's own model: performer, production: IDs; grant: hash of the grant that it was trained under;
    coverage: age in years -> how far the performer's own footage speaks there, 0..1.
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
    performer_name: str | None = None
    production: str | None = None
    grant: str | None = None
    coverage: tuple[tuple[float, float], ...] = ()
    smaller: Mapping[int, str] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sides of the crops that there are networks for, the native one first."""
        return self.size, *sorted(self.smaller, reverse=True)

    @classmethod
    def parse(cls, data: bytes, where: str) -> "ModelSpec":
        """Read and check `model.json`. Raises ModelError naming the field that is wrong."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
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
                age_size=int(document["age_estimator"]["size"]),
                child_below=float(document["age_estimator"].get("child_below", CHILD_BELOW)),
                document=document, smaller={int(k): str(v) for k, v in (document.get("smaller") or {}).items()},
                **_owner(document, where),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ModelError(f"{where}: model.json has no usable field {error}", _REMAKE) from error
        if not (64 <= spec.size <= 2048 and 0 < low < high < 130 and 32 <= spec.age_size <= 1024):
            raise ModelError(f"{where}: size {spec.size} or ages {spec.ages} out of range", _REMAKE)
        if not 0 <= spec.child_below < 130:
            raise ModelError(f"{where}: child_below {spec.child_below} out of range", _REMAKE)
        if not all(64 <= size < spec.size for size in spec.smaller):
            raise ModelError(f"{where}: smaller sizes {sorted(spec.smaller)} are not below {spec.size}", _REMAKE)
        for needed in ("reager.onnx", "age.onnx", *spec.smaller.values()):
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
    def load(
        cls, path: Path, grant: Grant | None = None, *, use: Use | str | None = None, at: datetime | None = None,
        known: Collection[str] | None = None,
    ) -> "ModelPackage":
        """Read a folder or zip, checking every hash. Raises ModelError, or GrantError.

        A performer's package needs a grant of that performer and production, in force `at` (now), which covers `use`;
        without `use`, any. known: hashes of the performer's packages that the production made; others are refused.
        """
        listing = _read(path, "model.json")
        spec, sha256 = ModelSpec.parse(listing, str(path)), sha256_bytes(listing)
        if spec.performer is not None:
            _require(path, spec, grant, None if use is None else Use(use), at or datetime.now(UTC))
            if known is not None and sha256 not in known:
                raise ModelError(
                    f"{path}: the production's ledger knows no model {sha256[:12]} of {spec.performer}: model.json was "
                    "changed, or it was trained elsewhere", "Take an undamaged copy, or train it in this production.",
                )
        contents: dict[str, bytes] = {}
        for name, expected in spec.files.items():
            data = _read(path, name)
            if sha256_bytes(data) != expected:
                raise ModelError(f"{path}: {name} is not the file that model.json names (SHA-256 differs)", _REMAKE)
            contents[name] = data
        return cls(path=path, spec=spec, sha256=sha256, contents=contents)


def read_spec(path: Path) -> ModelSpec:
    """What a package says of itself, without its networks and without a grant. Raises ModelError."""
    return ModelSpec.parse(_read(path, "model.json"), str(path))


def default_package(size: int = 512) -> ModelPackage:
    """The network that ships with the program, 512 or 256 pixels. Raises ModelError for another size."""
    path = PACKAGES / f"default-{size}.pamodel"
    if not path.exists():
        raise ModelError(f"there is no default network of {size} pixels", "Choose 512, or 256 for a weak machine.")
    return ModelPackage.load(path)


def _owner(document: dict[str, Any], where: str) -> dict[str, Any]:
    """The fields of a performer's package. Raises ModelError; ValueError for a field that cannot be read."""
    performer = document.get("performer")
    if performer is None:
        owned = [name for name in _OWNED if document.get(name) is not None]
        if owned or "identity.json" in document["files"]:
            raise ModelError(f"{where}: model.json names no performer, but has {(owned or ['identity.json'])[0]}: "
                             "it was changed", _REMAKE)
        return {"performer": None}
    texts = {name: document.get(name) for name in ("performer", "performer_name", "production", "grant")}
    for name, text in texts.items():
        fits = {"performer": ID, "grant": HASH}.get(name)
        if not isinstance(text, str) or not text or (fits is not None and not fits.fullmatch(text)):
            raise ModelError(f"{where}: model.json is of a performer, but its {name} is {text!r}", _REMAKE)
    coverage = tuple((float(age), float(weight)) for age, weight in document.get("coverage") or ())
    if not all(0 <= age <= 130 and 0 <= weight <= 1 for age, weight in coverage):
        raise ModelError(f"{where}: model.json has a coverage out of range", _REMAKE)
    return {**texts, "coverage": coverage}


def _require(path: Path, spec: ModelSpec, grant: Grant | None, use: Use | None, at: datetime) -> None:
    assert spec.performer is not None and spec.production is not None
    if grant is None:
        raise GrantError(
            f"{path}: is a model of {spec.performer_name} ({spec.performer}) and needs a grant; none was given",
            "Use it within its production, which holds the grant: --production FOLDER.",
        )
    try:
        grant.require(use=use, performer=spec.performer, production=spec.production, at=at)
    except GrantError as error:
        raise GrantError(f"{path}: {error.what}", error.do) from error


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
    except _BROKEN as error:
        raise ModelError(f"{path}: cannot be read as a model package: {error}", _REMAKE) from error
