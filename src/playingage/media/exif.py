"""The orientation that a camera wrote into a JPEG, PNG or TIFF (EXIF 2.32, tag 0x0112). Works on bytes only."""

import struct
from collections.abc import Iterator

TURNS = {
    1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False),
}
"""EXIF orientation to (quarter turns counter-clockwise, then mirrored left to right) that make the picture upright."""
_ORIENTATION, _SHORT = 0x0112, 3


def orientation_of(data: bytes) -> tuple[int, bool] | None:
    """How to turn the picture file `data` to be upright, in the terms of `TURNS`; None where it does not say."""
    try:
        for body in _blocks(data):
            found = _tag(body)
            if found is not None:
                return TURNS.get(found)
    except (struct.error, IndexError, KeyError):
        return None
    return None


def _blocks(data: bytes) -> Iterator[bytes]:
    """The TIFF structures in a file: the file itself, or what JPEG's APP1 and PNG's eXIf hold."""
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        yield data
    elif data.startswith(b"\xff\xd8"):
        place = 2
        while data[place] == 0xFF and data[place + 1] != 0xDA:
            size = int.from_bytes(data[place + 2 : place + 4], "big")
            if data[place + 1] == 0xE1 and data[place + 4 : place + 10] == b"Exif\0\0":
                yield data[place + 10 : place + 2 + size]
            place += 2 + size
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        place = 8
        while place + 8 <= len(data):
            size = int.from_bytes(data[place : place + 4], "big")
            if data[place + 4 : place + 8] == b"eXIf":
                yield data[place + 8 : place + 8 + size]
            place += 12 + size


def _tag(tiff: bytes) -> int | None:
    """The orientation in the first directory of a TIFF structure."""
    order = {b"II": "<", b"MM": ">"}[tiff[:2]]
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for entry in range(count):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
        if tag == _ORIENTATION and kind == _SHORT:
            return int(value)
    return None
