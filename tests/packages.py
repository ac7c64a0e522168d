"""A performer's package made in the test: the default networks under the performer's name."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playingage.core import canonical_json, sha256_bytes
from playingage.models import IDENTITY_FILE, PACKAGES, Identity, Likeness
from playingage.production import Production
from playingage.rights import Grant


def performer_package(
    folder: Path, performer: str, production: Production, grant: Grant, embeddings: Sequence[NDArray[np.float32]], *,
    size: int = 256, created: str = "2026-11-21T10:00:00+00:00",
) -> Path:
    """`folder` becomes a package of the performer, which the production's ledger knows. embeddings: 128 each."""
    shutil.copytree(PACKAGES / f"default-{size}.pamodel", folder)
    identity = Identity(people=tuple(Likeness(embedding=np.asarray(each, np.float32)) for each in embeddings))
    (folder / IDENTITY_FILE).write_bytes(identity.to_bytes())
    document = json.loads((folder / "model.json").read_bytes())
    document |= {
        "performer": performer, "performer_name": performer.capitalize(), "production": production.id,
        "grant": grant.sha256, "coverage": [[30, 1.0], [60, 0.5]], "created": created, "name": folder.stem,
        "files": {**document["files"], IDENTITY_FILE: sha256_bytes(identity.to_bytes())},
    }
    listing = canonical_json(document)
    (folder / "model.json").write_bytes(listing)
    production.ledger.append("train", performer=performer, grant=grant, package=sha256_bytes(listing))
    return folder
