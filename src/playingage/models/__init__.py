"""Model packages: reading and checking them, and running their networks on crops."""

from playingage.models.networks import AgeReader, CropReager
from playingage.models.package import PACKAGES, ModelPackage, ModelSpec, default_package
from playingage.models.parsing import MASKS, HeadParser

__all__ = [
    "MASKS", "PACKAGES", "AgeReader", "CropReager", "HeadParser", "ModelPackage", "ModelSpec", "default_package",
]
