"""Faces in frames: detection, 478 landmarks, tracking, alignment to the canonical crop, the region that may change.

Calls run downward: tracker -> finder's parts (detector, mesh) -> runtime. A tracker belongs to one thread.
"""

from playingage.faces.align import (
    HEAD_EYES,
    TEMPLATE,
    box_in_frame,
    head_transform,
    scale_of,
    template_transform,
    warp_crop,
    warp_pixels,
    warp_planes,
)
from playingage.faces.face import Face, Pose, overlap
from playingage.faces.finder import FaceFinder
from playingage.faces.identity import FaceIdentity
from playingage.faces.placing import place_of
from playingage.faces.region import face_part, face_region, neck_region, spare_openings
from playingage.faces.smoothing import LandmarkFilter, smooth_two_sided
from playingage.faces.tracker import FaceTracker

__all__ = [
    "HEAD_EYES",
    "TEMPLATE",
    "Face",
    "FaceFinder",
    "FaceIdentity",
    "FaceTracker",
    "LandmarkFilter",
    "Pose",
    "box_in_frame",
    "face_part",
    "face_region",
    "head_transform",
    "neck_region",
    "overlap",
    "place_of",
    "scale_of",
    "smooth_two_sided",
    "spare_openings",
    "template_transform",
    "warp_crop",
    "warp_pixels",
    "warp_planes",
]
