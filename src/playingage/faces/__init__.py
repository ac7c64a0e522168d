"""Faces in frames: detection, 478 landmarks, tracking, alignment to the canonical crop, the region that may change.

Calls run downward: tracker -> finder's parts (detector, mesh) -> runtime. A tracker belongs to one thread.
"""

from playingage.faces.align import TEMPLATE, scale_of, template_transform, warp_crop
from playingage.faces.face import Face, Pose, overlap
from playingage.faces.finder import FaceFinder
from playingage.faces.region import face_region
from playingage.faces.smoothing import LandmarkFilter, smooth_two_sided
from playingage.faces.tracker import FaceTracker

__all__ = [
    "TEMPLATE", "Face", "FaceFinder", "FaceTracker", "LandmarkFilter", "Pose", "face_region", "overlap", "scale_of",
    "smooth_two_sided", "template_transform", "warp_crop",
]
