"""Writes a performer's package: the network, the default's age estimator and parser, likenesses, card, model.json."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from playingage.core import canonical_json, sha256_file
from playingage.faces.align import TEMPLATE
from playingage.models import ModelPackage, default_package
from playingage.models.identity import IDENTITY_FILE, Identity, Likeness
from playingage.models.parsing import FILE as PARSER
from playingage.training.export import compare_network, sample_crop, write_network
from playingage.training.network import GRID
from playingage.training.performer.exported import PerformerExported, at_size
from playingage.training.performer.network import PerformerReager

LICENCE = "LicenseRef-grant"
"""A performer's model may be used as far as the grant goes, and no further."""
SMALL = 256
"""Every package holds the network at this size too, for several faces at once and for weak machines."""
_YEARS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose model it is: id, name, production's id, and SHA-256 of the grant it was trained under."""

    performer: str
    name: str
    production: str
    grant: str


def coverage(network: PerformerReager) -> list[list[float]]:
    """[age, weight] every five years: how far the performer's own footage speaks there, 0..1."""
    low, high = default_package(256).spec.ages
    ages = np.arange(low, high + 1, _YEARS, dtype=np.float32)
    edges = torch.from_numpy(np.stack([ages - _YEARS / 2, ages + _YEARS / 2])) / 100
    with torch.no_grad():
        years = network.tables.years(edges.reshape(-1, 1, 1, 1)).reshape(2, len(ages), 3)
        told = 1 - ((years[1] - years[0]) / (_YEARS / 100) / network.tables.like_others.view(1, 3).clamp(min=1e-6))
    known = told.clamp(0, 1).mean(dim=1).tolist()
    return [[float(age), round(weight, 3)] for age, weight in zip(ages, known, strict=True)]


def export(
    network: PerformerReager, size: int, subject: Subject | None, likenesses: Sequence[Likeness], name: str,
    record: str, card: str, folder: Path,
) -> Path:
    """Write the package `folder`. `record` is the SHA-256 of the training record.

    Without a `subject` it is nobody's, as of a rendered person: it is loaded without a grant, and recognises no one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base = default_package(min(size, 512))
    networks = {size: "reager.onnx"}
    if size > SMALL:
        networks[SMALL] = f"reager-{SMALL}.onnx"
    for side, file in networks.items():
        _write(network, side, folder / file)
    files = {"age.onnx": base.contents["age.onnx"], "card.md": card.encode()}
    if PARSER in base.contents:
        files[PARSER] = base.contents[PARSER]
    if subject is not None and likenesses:
        files[IDENTITY_FILE] = Identity(people=tuple(likenesses)).to_bytes()
    for file, data in files.items():
        (folder / file).write_bytes(data)
    document = _document(network, size, subject, name, record, base)
    document["files"] = {file: sha256_file(folder / file) for file in sorted([*files, *networks.values()])}
    document["smaller"] = {str(side): file for side, file in networks.items() if side < size}
    (folder / "model.json").write_bytes(canonical_json(document))
    return folder


def _write(network: PerformerReager, size: int, path: Path) -> None:
    exported = PerformerExported(at_size(network, size)).eval()
    ages = torch.full((1, 1, GRID, GRID), 0.6)
    smooth = torch.linspace(-0.03, 0.03, GRID).expand(1, 2, GRID, GRID).contiguous()
    values = sample_crop(size), ages, ages - 0.3, smooth
    write_network(exported, values, ["crop", "source_age", "target_age", "place"], ["delta", "matte"], path)
    compare_network(exported, list(values), path, 1 / 255)


def _document(
    network: PerformerReager, size: int, subject: Subject | None, name: str, record: str, base: ModelPackage
) -> dict[str, object]:
    kept = ("age_estimator", "ages", "colour", "format", "version", "parser")
    document = {key: base.spec.document[key] for key in kept if key in base.spec.document}
    owner: dict[str, object] = {"performer": None, "grant": None}
    if subject is not None:
        owner = {"performer": subject.performer, "performer_name": subject.name, "production": subject.production,
                 "grant": subject.grant, "coverage": coverage(network)}
    return {
        **document, **owner, "name": name, "created": datetime.now(UTC).isoformat(timespec="seconds"), "size": size,
        "template": TEMPLATE, "licence": LICENCE, "training_record_sha256": record, "base": base.sha256,
    }
