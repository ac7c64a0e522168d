"""Model packages: reading and checking them, and running their networks on crops."""

from playingage.models.networks import AgeReader, CropReager
from playingage.models.package import PACKAGES, ModelPackage, ModelSpec, default_package

__all__ = ["PACKAGES", "AgeReader", "CropReager", "ModelPackage", "ModelSpec", "default_package"]
