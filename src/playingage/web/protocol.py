"""What pages and server say to each other. Pure: bytes and plain values in, values or bytes out.

Server to page: one binary message for each pair (4 bytes big-endian length of the header, header as UTF-8 JSON, then
the JPEGs in the order of `pictures` that carry bytes), and text messages (JSON): `state`, `set`, `did`, `refused`,
`pong`, `full`. Page to server: text messages (JSON): `want`, `ping`, `shown`, `skipped`, `act`, `age`.
`set` is the on-set state, `did` or `refused` the answer to the `act` with that `id`. Times are seconds of the server's
monotonic clock; the page learns that clock by `ping` and `pong` (half the shortest round trip bounds the error).
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from playingage.frames import Frame
from playingage.live import Delivery, FaceNote, Want

VERSION = 1
MOST_IN = 2048
"""Bytes of the longest message that a page may send."""
MOST_OUT = 32 << 20
"""Bytes of the longest message to a page."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The page asks for the time; `at` is its own clock, given back as it came."""

    at: float


@dataclass(frozen=True, slots=True)
class Shown:
    """The page drew pair `serial` at `at`.

    It `came` to the page, was decoded and `ready`; the page's clock may be wrong by `error` seconds.
    """

    serial: int
    came: float
    ready: float
    at: float
    error: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """The page let pair `serial` go."""

    serial: int


@dataclass(frozen=True, slots=True)
class AskAge:
    """The page asks for another age; not checked yet."""

    age: object


@dataclass(frozen=True, slots=True)
class Act:
    """The page asks for an act of the direction; its values are not checked yet. id: the page's own, given back."""

    act: str
    id: int
    values: dict[str, Any]


def parse(text: str) -> Want | Ping | Shown | Skipped | AskAge | Act:
    """Read a page's message. Raises ValueError for anything that is not one."""
    if len(text) > MOST_IN:
        raise ValueError("message too long")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("message too deep") from None
    if not isinstance(value, dict):
        raise ValueError("a message is an object")
    match value.get("type"):
        case "want":
            pictures = value.get("pictures")
            if pictures not in ("both", "camera", "aged", "none"):
                raise ValueError(f"pictures {pictures!r}")
            return Want(
                pictures=pictures, short_side=_whole(value, "short_side", 1, 16384), linked=value.get("linked") is True
            )
        case "ping":
            return Ping(_number(value, "at"))
        case "shown":
            return Shown(
                _whole(value, "serial", 0, 1 << 53),
                _number(value, "came"),
                _number(value, "ready"),
                _number(value, "at"),
                _number(value, "error"),
            )
        case "skipped":
            return Skipped(_whole(value, "serial", 0, 1 << 53))
        case "age":
            return AskAge(value.get("age"))
        case "act":
            act = value.get("act")
            if not isinstance(act, str):
                raise ValueError(f"act {act!r}")
            values = {key: each for key, each in value.items() if key not in ("type", "act", "id")}
            return Act(act, _whole(value, "id", 0, 1 << 53), values)
        case other:
            raise ValueError(f"no message of type {other!r}")


def pack(delivery: Delivery, sent: float, dropped: int) -> bytes:
    """The binary message of a delivery. Raises ValueError if it is too long.

    `sent`: now, run's clock. `dropped`: frames that this viewer has missed since it joined, wherever they were lost.
    """
    pair = delivery.pair
    pictures: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    names: dict[int, str] = {}
    for name, jpeg in delivery.pictures.items():
        entry: dict[str, Any] = {"picture": name, "width": jpeg.width, "height": jpeg.height}
        if (same := names.get(id(jpeg))) is not None:
            entry["same"] = same
        else:
            entry["bytes"] = len(jpeg.data)
            names[id(jpeg)] = name
            blobs.append(jpeg.data)
        pictures.append(entry)
    header = json.dumps(
        {
            "version": VERSION,
            "serial": pair.serial,
            "number": pair.clean.number,
            "timecode": pair.timecode,
            "captured": pair.captured,
            "encoded": delivery.encoded,
            "sent": sent,
            "show_at": delivery.show_at,
            "age": pair.age,
            "view": pair.verdict.view,
            "words": pair.verdict.words,
            "note": pair.verdict.note,
            "aged_number": None if pair.aged is None else pair.aged.number,
            "set": None if pair.state is None else pair.state.version,
            "rolling": pair.state is not None and pair.state.rolling,
            "faces": [_face(face, pair.clean) for face in pair.faces],
            "pictures": pictures,
            "dropped": dropped,
        },
        separators=(",", ":"),
    ).encode()
    message = b"".join((len(header).to_bytes(4, "big"), header, *blobs))
    if len(message) > MOST_OUT:
        raise ValueError(f"a pair of {len(message)} bytes is longer than {MOST_OUT}")
    return message


def _face(face: FaceNote, frame: Frame) -> dict[str, Any]:
    """What pages are told of a face; its box (left, top, right, bottom) in shares of the picture."""
    sides = (frame.width, frame.height) * 2
    return {
        "id": face.id, "name": face.name, "performer": face.performer, "strength": round(face.strength, 3),
        "reasons": list(face.reasons), "confidence": round(face.confidence, 3),
        "likeness": None if face.likeness is None else round(face.likeness, 3), "pinned": face.pinned,
        "source_age": face.source_age, "target_age": face.target_age,
        "box": [round(edge / side, 4) for edge, side in zip(face.box, sides, strict=True)],
    }


def _number(value: dict[str, Any], key: str) -> float:
    number = value.get(key)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise ValueError(f"{key} is not a number")
    return float(number)


def _whole(value: dict[str, Any], key: str, low: int, high: int) -> int:
    number = _number(value, key)
    if not low <= number <= high or number != int(number):
        raise ValueError(f"{key} {number} is not a whole number between {low} and {high}")
    return int(number)
