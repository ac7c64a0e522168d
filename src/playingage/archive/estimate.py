"""How much footage there is, told before any of it is read through."""

from collections.abc import Sequence
from dataclasses import dataclass

from playingage.archive.footage import Title
from playingage.core import PlayingAgeError
from playingage.media import Kind, open_stored

_OF_FILM, _OF_PICTURE = 0.6, 0.4
"""Seconds that a second of 1080p film and a single picture take on two cores, about; see docs/performance.md."""
_OPENED = 8
"""Clips that are opened to see how long they run; the others by their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """titles, files, bytes: exact; pictures: single ones. seconds: of film, about; None where none could be opened."""

    titles: int
    files: int
    bytes: int
    pictures: int
    seconds: float | None

    @property
    def expected(self) -> float:
        """Seconds that it takes, about."""
        return _OF_FILM * (self.seconds or 0.0) + _OF_PICTURE * self.pictures

    def __str__(self) -> str:
        words = [many(self.titles, "title"), many(self.files, "file"), _size(self.bytes)]
        if self.seconds is not None:
            words.append(f"about {_clock(self.seconds)} of film")
        return f"{', '.join(words)}; expect about {_clock(self.expected)} on two cores"


def amount_of(titles: Sequence[Title], rate: float = 24.0) -> Amount:
    """Adds up names and sizes; opens a few clips, reads none. Sequences count as `rate` pictures a second."""
    entries = [entry.footage for title in titles for entry in title.entries]
    clips = sorted((each for each in entries if each.kind is Kind.CLIP), key=lambda each: -each.size)
    seconds = size = 0.0
    for clip in clips[:_OPENED]:
        try:
            with open_stored(clip.address, threads=1) as source:
                seconds += float(source.info.duration or 0)
            size += clip.size
        except PlayingAgeError:
            continue  # told when its turn comes
    known = sum(each.files / rate for each in entries if each.kind is Kind.SEQUENCE)
    known += seconds * sum(each.size for each in clips) / size if size else 0.0
    return Amount(
        titles=len(titles), files=sum(each.files for each in entries), bytes=sum(each.size for each in entries),
        pictures=sum(each.kind is Kind.PICTURE for each in entries), seconds=known or None,
    )


def many(count: int, what: str) -> str:
    """1 title, 2 titles."""
    return f"{count} {what}{'s'[: count != 1]}"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _size(count: int) -> str:
    value, unit = float(count), "bytes"
    for each in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, each
    return f"{value:.0f} {unit}" if unit in ("bytes", "kB") else f"{value:.1f} {unit}"
