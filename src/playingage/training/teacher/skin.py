"""Where a picture shows the skin of its face, told by colour."""

import cv2
import numpy as np

from playingage.training.geometry import Points
from playingage.training.teacher.bands import Plane, blur

_CHEEKS = (
    (118, 50, 205, 36, 126, 47), (347, 280, 425, 266, 355, 277), (151, 108, 107, 9, 336, 337), (6, 197, 195, 45, 275),
)


def skin_of(work: Plane, landmarks: Points) -> Plane:
    """HW 0..1: how much each place has the colour of cheeks, nose and lower forehead (a robust Gaussian).

    `work` is HW x 3 as `bands.to_work` gives it, `landmarks` at least 468 x 2 in its pixels.
    """
    sample_area = np.zeros(work.shape[:2], np.uint8)
    for outline in _CHEEKS:
        cv2.fillConvexPoly(sample_area, cv2.convexHull(np.round(landmarks[list(outline)]).astype(np.int32)), 1)
    smooth = blur(work, 1.5)
    colours = smooth[sample_area > 0]
    middle = np.median(colours, axis=0)
    spread = np.maximum(1.48 * np.median(np.abs(colours - middle), axis=0), (13.0, 3.5, 3.5))
    distance = np.sqrt((((smooth - middle) / spread) ** 2).sum(axis=-1))
    return blur((1 / (1 + np.exp(2.2 * (distance - 3.6)))).astype(np.float32), 1.5)
