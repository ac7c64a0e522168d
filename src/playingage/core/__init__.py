"""Rational time, hashing, canonical JSON and errors. Imports nothing of the package and no array library."""

from playingage.core.background import WriteBehind, prefetch
from playingage.core.errors import (
    DeviceError,
    MediaError,
    ModelError,
    PlayingAgeError,
    SettingError,
    SourceLostError,
    UnreadableError,
    UnwritableError,
)
from playingage.core.hashing import canonical_json, sha256_bytes, sha256_file
from playingage.core.timecode import Timecode, check_rate

__all__ = [
    "DeviceError", "MediaError", "ModelError", "PlayingAgeError", "SettingError", "SourceLostError", "Timecode",
    "UnreadableError", "UnwritableError", "WriteBehind", "canonical_json", "check_rate", "prefetch", "sha256_bytes",
    "sha256_file",
]
