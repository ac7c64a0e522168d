"""The words inside an output that say it is altered, and how they are found again."""

from collections.abc import Iterable
from dataclasses import replace

from playingage import __version__
from playingage.media.ports import SourceInfo

_BEGIN = "Re-aged with Playing Age "
_KIND = "compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source type of a picture that was partly made by a trained model."""


def mark_of(
    model_sha256: str, *, performer: str = "", grant: str = "", schedule: str = "", slate: str = ""
) -> str:
    """The mark: program and version, IPTC's digital source type, the model by its hash; whose, and by which grant.

    schedule: hash of the one that said the ages, for which slate.
    """
    whose = f"; performer={performer}; grant={grant}" if performer else ""
    told = f"; schedule={schedule}; slate={slate}" if schedule else ""
    return f"{_BEGIN}{__version__}; digitalSourceType={_KIND}; model={model_sha256}{whose}{told}"


def with_mark(info: SourceInfo, model_sha256: str) -> SourceInfo:
    """`info` for a sink, with the mark in its comment after what was there. A mark that is there is not repeated."""
    return with_marks(info, [mark_of(model_sha256)])


def with_marks(info: SourceInfo, marks: Iterable[str]) -> SourceInfo:
    """As `with_mark`, for several."""
    tags = dict(info.metadata)
    for mark in marks:
        before = tags.get("comment", "").strip()
        if mark not in (line.strip() for line in before.splitlines()):
            tags["comment"] = f"{before}\n{mark}" if before else mark
    return replace(info, metadata=tuple(sorted(tags.items())))


def marks_in(metadata: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The marks in a source's text tags, the oldest first; none where it does not say that it was re-aged."""
    lines = (line.strip() for key, text in metadata if key.lower() in ("comment", "description")
             for line in text.splitlines())
    return tuple(line for line in lines if line.startswith(_BEGIN))
