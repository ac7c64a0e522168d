"""Faces of shot after shot."""

import numpy as np
from numpy.typing import NDArray

from playingage.engine import CutFinder, view_uint8
from playingage.faces import Face, FaceTracker
from playingage.frames import Frame


class ShotTracker:
    """Follows faces through frames, anew from each cut on. `tracker` must not smooth by itself."""

    def __init__(self, tracker: FaceTracker) -> None:
        self._tracker = tracker
        self._cuts = CutFinder()
        self._last: tuple[Face, ...] = ()

    def update(self, frame: Frame) -> tuple[tuple[Face, ...], bool]:
        """The next frame's faces, and whether a new shot begins with it."""
        view, seconds = view_uint8(frame), float(frame.seconds)
        cut = self._cuts.is_cut(view)
        if cut:
            self._tracker.reset()
        faces = self._tracker.update(view, seconds)
        if not cut and self._jumped(faces):
            cut, faces = True, self._anew(view, seconds)
        self._last = faces
        return faces, cut

    def _anew(self, view: NDArray[np.uint8], seconds: float) -> tuple[Face, ...]:
        self._tracker.reset()
        return self._tracker.update(view, seconds)

    def _jumped(self, faces: tuple[Face, ...]) -> bool:
        """A face is lost in the frame in which another begins: a cut between alike backgrounds.

        Coming in softly would show it at its own age for the first frames.
        """
        before = {face.id for face in self._last if face.confidence > 0}
        known = {face.id for face in self._last}
        lost = any(face.id in before and face.confidence == 0 for face in faces)
        return lost and any(face.id not in known and face.confidence > 0 for face in faces)
