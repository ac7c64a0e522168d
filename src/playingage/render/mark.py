"""The words inside an output that say it is altered, and how they are found again."""

from collections.abc import Iterable
from dataclasses import replace

from playingage import __version__
from playingage.media.ports import SourceInfo

_BEGIN = "Re-aged with Playing Age "
_KIND = "compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source type of a picture that was partly made by a trained model."""


def mark_of(model_sha256: str) -> str:
    """The mark: program and version, IPTC's digital source type, the model by its hash."""
    return f"{_BEGIN}{__version__}; digitalSourceType={_KIND}; model={model_sha256}"


def with_mark(info: SourceInfo, model_sha256: str) -> SourceInfo:
    """`info` for a sink, with the mark in its comment after what was there. A mark that is there is not repeated."""
    tags, mark = dict(info.metadata), mark_of(model_sha256)
    before = tags.get("comment", "").strip()
    if mark not in before:
        tags["comment"] = f"{before}\n{mark}" if before else mark
    return replace(info, metadata=tuple(sorted(tags.items())))


def marks_in(metadata: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The marks in a source's text tags, the oldest first; none where it does not say that it was re-aged."""
    lines = (line.strip() for key, text in metadata if key.lower() in ("comment", "description")
             for line in text.splitlines())
    return tuple(line for line in lines if line.startswith(_BEGIN))
