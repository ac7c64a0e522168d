"""What is kept of a pair besides its pictures: plain JSON, a line a frame."""

from typing import Any

from playingage.live.pair import Pair
from playingage.live.ports import FaceNote


def frame_note(pair: Pair) -> dict[str, Any]:
    """Everything about the frame but where its pictures lie. Boxes in pixels, ages in years, times in seconds."""
    state, aged = pair.state, pair.aged
    note: dict[str, Any] = {
        "number": pair.clean.number,
        "serial": pair.serial,
        "timecode": pair.timecode,
        "captured": round(pair.captured, 6),
        "age": pair.age,
        "view": pair.verdict.view.value,
        "words": pair.verdict.words,
        "note": pair.verdict.note,
        "state": None if state is None else state.version,
        "asked": {} if state is None else {each.performer: each.age for each in state.performers},
        "faces": [_face(face) for face in pair.faces],
    }
    if aged is not None and aged.number != pair.clean.number:
        note["held_from"] = aged.number
    return note


def _face(face: FaceNote) -> dict[str, Any]:
    return {
        "id": face.id, "performer": face.performer, "name": face.name, "box": [round(each, 1) for each in face.box],
        "confidence": round(face.confidence, 3), "source_age": _rounded(face.source_age),
        "target_age": _rounded(face.target_age), "strength": round(face.strength, 3),
        "likeness": _rounded(face.likeness), "pinned": face.pinned, "reasons": [str(each) for each in face.reasons],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
