"""A comment inside a picture file: PNG (iTXt), JPEG (COM) and TIFF (ImageDescription). Works on bytes only."""

import struct
import zlib

_PNG, _JPEG, _TIFF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", {b"II*\x00": "<", b"MM\x00*": ">"}
_KEYWORD = b"Comment"
_DESCRIPTION, _ASCII = 270, 2
_LONGEST = 1 << 16
"""Comments are cut here when read: nobody's text is that long, and a damaged file may claim anything."""


def with_comment(data: bytes, comment: str) -> bytes:
    """The same picture file with `comment` in it; pixels are not touched. Raises ValueError for another kind."""
    if data.startswith(_PNG):
        body = _KEYWORD + b"\0\0\0\0\0" + comment.encode()
        chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
        return data[:33] + chunk + data[33:]  # right behind the header chunk
    if data.startswith(_JPEG):
        place = 2
        while data[place] == 0xFF and 0xE0 <= data[place + 1] <= 0xEF:  # application segments come first
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        text = comment.encode()[: 0xFFFF - 2]
        return data[:place] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + data[place:]
    if data[:4] in _TIFF:
        return _tiff_with(data, comment.encode("ascii", "replace") + b"\0", _TIFF[data[:4]])
    raise ValueError("comments are written into PNG, JPEG and TIFF only")


def comment_of(data: bytes) -> str:
    """The comment of a picture file, or "" where there is none or the file is damaged."""
    try:
        if data.startswith(_PNG):
            found = _png_comment(data)
        elif data.startswith(_JPEG):
            found = _jpeg_comment(data)
        else:
            found = _tiff_comment(data, _TIFF[data[:4]]) if data[:4] in _TIFF else b""
    except (IndexError, struct.error, zlib.error):
        return ""
    return found[:_LONGEST].decode("utf-8", "replace").strip("\0 ")


def _png_comment(data: bytes) -> bytes:
    place = 8
    while place + 8 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        key, _, rest = body.partition(b"\0") if kind in (b"tEXt", b"iTXt") else (b"", b"", b"")
        if key == _KEYWORD and kind == b"tEXt":
            return rest.decode("latin-1").encode()
        if key == _KEYWORD:
            text = rest[2:].split(b"\0", 2)[2]
            return zlib.decompressobj().decompress(text, _LONGEST) if rest[0] else text
        if kind == b"IEND":
            break
        place += 12 + length
    return b""


def _jpeg_comment(data: bytes) -> bytes:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] == 0xFE:
            return data[place + 4 : place + 2 + length]
        place += 2 + max(length, 2)
    return b""


def _tiff_entries(data: bytes, order: str) -> tuple[list[bytes], bytes]:
    """The 12-byte entries of the first directory, and the link to the next one."""
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + 12 * count
    if end + 4 > len(data):
        raise IndexError("the directory is cut off")
    return [data[i : i + 12] for i in range(start + 2, end, 12)], data[end : end + 4]


def _tiff_comment(data: bytes, order: str) -> bytes:
    for entry in _tiff_entries(data, order)[0]:
        tag, kind, count, place = struct.unpack(order + "HHII", entry)
        if tag == _DESCRIPTION and kind == _ASCII:
            return entry[8 : 8 + count] if count <= 4 else data[place : place + count]
    return b""


def _tiff_with(data: bytes, text: bytes, order: str) -> bytes:
    """A new directory at the end of the file, with the text before it; the header is turned to it."""
    entries, following = _tiff_entries(data, order)
    data += b"\0" * (len(data) % 2)
    text = text.ljust(6, b"\0")
    text += b"\0" * (len(text) % 2)
    entry = struct.pack(order + "HHII", _DESCRIPTION, _ASCII, len(text), len(data))
    kept = [e for e in entries if struct.unpack_from(order + "H", e)[0] != _DESCRIPTION]
    whole = sorted([*kept, entry], key=lambda e: int(struct.unpack_from(order + "H", e)[0]))
    directory = struct.pack(order + "H", len(whole)) + b"".join(whole) + following
    header = data[:4] + struct.pack(order + "I", len(data) + len(text))
    return header + data[8:] + text + directory
