"""Model packages: reading and checking them, and running their networks on crops."""

from playingage.models.identity import IDENTITY_FILE, IDENTITY_NETWORK, Identity, Likeness
from playingage.models.networks import AgeReader, CropReager
from playingage.models.package import PACKAGES, ModelPackage, ModelSpec, default_package, read_spec
from playingage.models.parsing import MASKS, HeadParser

__all__ = [
    "IDENTITY_FILE", "IDENTITY_NETWORK", "MASKS", "PACKAGES", "AgeReader", "CropReager", "HeadParser", "Identity",
    "Likeness", "ModelPackage", "ModelSpec", "default_package",
    "read_spec",
]
