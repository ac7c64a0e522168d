"""Settings of the recorder."""

from dataclasses import dataclass

from playingage.core import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings:
    """How takes are recorded. Raises SettingError when a value does not fit.

    quality: of the JPEGs, 60..98. waiting: pairs that may wait to be encoded; the newest is dropped when there are
    more. behind: encoded frames that may wait for the disk. sync_every: seconds between two flushes to the disk.
    reserve: bytes that stay free: recording stops before. warn_minutes: so many minutes of space left are warned of.
    """

    quality: int = 92
    waiting: int = 8
    behind: int = 96
    sync_every: float = 0.5
    reserve: int = 1 << 30
    warn_minutes: float = 10.0

    def __post_init__(self) -> None:
        limits = (("quality", 60, 98), ("waiting", 1, 64), ("behind", 1, 1000), ("sync_every", 0.05, 1.0),
                  ("reserve", 0, 1 << 50), ("warn_minutes", 0, 600))
        for name, low, high in limits:
            if not low <= getattr(self, name) <= high:
                raise SettingError(f"{name} {getattr(self, name)!r} is not between {low:g} and {high:g}")
