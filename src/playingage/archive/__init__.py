"""From dated footage to a faceset: the pictures of one performer that a model learns from.

Calls run downward: faceset -> table (Parquet, the only user of pyarrow) -> row; files writes everything atomically.
"""

from playingage.archive.errors import FacesetError, IngestError
from playingage.archive.faceset import Faceset
from playingage.archive.row import EXPRESSIONS, STATES, USED, FaceRow

__all__ = ["EXPRESSIONS", "STATES", "USED", "FaceRow", "Faceset", "FacesetError", "IngestError"]
