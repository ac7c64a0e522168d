"""What can go wrong between footage and faceset."""

from playingage.core import PlayingAgeError


class FacesetError(PlayingAgeError):
    """A stored faceset cannot be read or written."""


class IngestError(PlayingAgeError):
    """Footage cannot be taken in: wrong dates, nobody or somebody else in it, nothing to tell the performer by."""
