"""`identity.json` of a performer's package: by which embeddings the performer is recognised.

Format: docs/formats/model-package.md.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playingage.core import ModelError, canonical_json
from playingage.models.package import ModelPackage

IDENTITY_FILE = "identity.json"
IDENTITY_FORMAT, IDENTITY_VERSION = "playingage-identity", 1
IDENTITY_NETWORK = "dlib-resnet-v1"
"""The network that makes embeddings; those of another one cannot be compared."""
IDENTITY_LENGTH = 128
_MOST = 1000
_LARGEST = 100
_REMAKE = "Take an undamaged copy, or export the package again."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likeness:
    """How the performer's face looks to the network at an age in years (None: not known): 128 float32."""

    embedding: NDArray[np.float32]
    age: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.embedding.shape != (IDENTITY_LENGTH,) or not np.isfinite(self.embedding).all():
            raise ValueError(f"an embedding wants {IDENTITY_LENGTH} finite numbers")
        if self.age is not None and not 0 <= self.age <= 150:  # also refuses NaN
            raise ValueError(f"{self.age:g} is no age of a person")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Identity:
    """The likenesses of one performer; `extra` holds unknown fields, which are kept."""

    people: tuple[Likeness, ...]
    network: str = IDENTITY_NETWORK
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.people) <= _MOST:
            raise ValueError(f"{len(self.people)} likenesses; wanted are 1 to {_MOST}")

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """All of them: N x 128."""
        return np.stack([each.embedding for each in self.people])

    @classmethod
    def parse(cls, data: bytes, where: str) -> "Identity":
        """Read and check `identity.json`. Raises ModelError saying what is wrong."""
        place = f"{where}: {IDENTITY_FILE}"
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{place} is not JSON: {error}", _REMAKE) from error
        if not isinstance(document, dict) or document.get("format") != IDENTITY_FORMAT:
            raise ModelError(f"{place} does not say format {IDENTITY_FORMAT!r}", _REMAKE)
        if document.get("version") != IDENTITY_VERSION:
            raise ModelError(
                f"{place} is of version {document.get('version')!r}; this program reads version {IDENTITY_VERSION}",
                "Use the release of playingage that the package was made for.",
            )
        if document.get("network") != IDENTITY_NETWORK:
            raise ModelError(
                f"{place} holds embeddings of the network {document.get('network')!r}; this program recognises faces "
                f"by {IDENTITY_NETWORK!r}", "Export the package again with this release.",
            )
        try:
            people = tuple(_likeness(each) for each in document["people"])
            known = {"format", "version", "network", "people"}
            return cls(people=people, extra={key: value for key, value in document.items() if key not in known})
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ModelError(f"{place} has no usable field: {error}", _REMAKE) from error

    @classmethod
    def of(cls, package: ModelPackage) -> "Identity":
        """What a performer's package is recognised by. Raises ModelError where it holds none."""
        data = package.contents.get(IDENTITY_FILE)
        if data is None:
            raise ModelError(
                f"{package.path}: holds no {IDENTITY_FILE}, so the performer cannot be recognised",
                "Export the package again with this release.",
            )
        return cls.parse(data, str(package.path))

    def to_bytes(self) -> bytes:
        """As stored: canonical JSON."""
        people = [
            {**each.extra, "age": each.age, "embedding": [round(float(value), 6) for value in each.embedding]}
            for each in self.people
        ]
        return canonical_json({
            **self.extra, "format": IDENTITY_FORMAT, "version": IDENTITY_VERSION, "network": self.network,
            "people": people,
        })


def _likeness(entry: Mapping[str, Any]) -> Likeness:
    numbers = entry["embedding"]
    if not isinstance(numbers, list) or not all(_is_number(value) for value in numbers):
        raise ValueError("embedding is not a list of numbers")
    if any(abs(value) > _LARGEST for value in numbers):
        raise ValueError(f"embedding has a number beyond {_LARGEST}")
    age = entry.get("age")
    if age is not None and not _is_number(age):
        raise ValueError(f"age {age!r} is not a number")
    extra = {key: value for key, value in entry.items() if key not in ("age", "embedding")}
    return Likeness(embedding=np.array(numbers, np.float32), age=None if age is None else float(age), extra=extra)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
