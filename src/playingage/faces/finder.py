"""Faces of a single picture, without memory."""

import numpy as np
from numpy.typing import NDArray

from playingage.faces.detector import FaceDetector, tiles, whole
from playingage.faces.face import Face, overlap
from playingage.faces.mesh import FaceMesh, pose_of, region_of_detection, region_of_landmarks
from playingage.faces.presence import presence
from playingage.runtime import Device, choose_device

MIN_CONFIDENCE = 0.5


class FaceFinder:
    """Finds every face of a picture: detection on the whole and on tiles, then the mesh twice, so that tilt settles."""

    def __init__(self, device: Device) -> None:
        self.detector = FaceDetector(device)
        self.mesh = FaceMesh(device)

    @classmethod
    def load(cls, device: str = "CPU") -> "FaceFinder":
        """A finder on the named device. Raises DeviceError or ModelError."""
        return cls(choose_device(device))

    def find(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Faces of an RGB picture (uint8 H x W x 3), the surest detection first, numbered from 0."""
        height, width = pixels.shape[:2]
        faces: list[Face] = []
        for found in self.detector.detect(pixels, [whole(height, width), *tiles(height, width)]):
            points, _ = self.mesh.landmarks(pixels, region_of_detection(found))
            points, confidence = self.mesh.landmarks(pixels, region_of_landmarks(points))
            if confidence < MIN_CONFIDENCE:
                continue
            pose = pose_of(points)
            face = Face(
                id=len(faces), landmarks=points, pose=pose, confidence=confidence,
                strength=presence(pose, confidence),
            )
            if all(overlap(face.box, other.box) < 0.4 for other in faces):
                faces.append(face)
        return faces
