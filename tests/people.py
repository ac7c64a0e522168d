"""Two people of one portrait: NASA's, and what a lens of the test makes of it, whom no network takes for the first."""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces import FaceFinder, FaceIdentity
from playingage.runtime import choose_device

Picture = NDArray[np.uint8]


def stranger_of(portrait: Picture) -> Picture:
    """Another face: wide where the first is narrow, and the other way round. 0.68 from the first."""
    bent = portrait
    for x, y, reach, amount in ((224, 128, 90, 0.8), (224, 175, 60, -0.4), (224, 90, 60, 0.6)):
        bent = _bend(bent, x, y, reach, amount)
    return bent


def _bend(picture: Picture, x: float, y: float, reach: float, amount: float) -> Picture:
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    right, down = columns - x, rows - y
    far = np.minimum(np.hypot(right, down) / reach, 1)
    much = np.asarray(1 + amount * (1 - far) ** 2, np.float32)
    return np.asarray(cv2.remap(picture, x + right * much, y + down * much, cv2.INTER_LINEAR), np.uint8)


def embedding_of(picture: Picture) -> NDArray[np.float32]:
    """Of the largest face."""
    device = choose_device("CPU")
    face = max(FaceFinder(device).find(picture), key=lambda found: found.size)
    return FaceIdentity(device).embed(picture, face.landmarks)


def beside(*portraits: Picture) -> Picture:
    """Heads side by side on grey, 300 x 340 pixels each."""
    return np.hstack([np.ascontiguousarray(portrait[10:350, 75:375]) for portrait in portraits])
