"""A face's landmarks, and networks that see people who are colours."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from archive.footage import fake_tools
from playingage.archive.expression import eye_distance
from playingage.archive.watch import Tools
from playingage.faces import FaceFinder


@pytest.fixture(scope="session")
def mean_face(portrait: NDArray[np.uint8]) -> NDArray[np.float32]:
    """478 x 3: the landmarks of NASA's portrait, in eye distances about the middle between the eyes."""
    face = FaceFinder.load().find(portrait)[0]
    centre = face.landmarks[[33, 133, 362, 263]].mean(axis=0)
    return np.asarray((face.landmarks - centre) / eye_distance(face.landmarks), np.float32)


@pytest.fixture
def tools(mean_face: NDArray[np.float32]) -> Callable[[], Tools]:
    return lambda: fake_tools(mean_face)
