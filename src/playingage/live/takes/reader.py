"""Takes read back: any frame's pictures by their place, whatever end the take came to."""

import json
import os
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

from playingage.core import sha256_bytes, sha256_file
from playingage.live.takes.names import (
    FRAMES_FILE,
    MARKS_FILE,
    PICTURES,
    STATES_FILE,
    TAKE_FILE,
    TakeError,
    clip_file,
)
from playingage.live.takes.writer import FORMAT, VERSION, is_recording

_LOOKED_INTO = 240
"""So many frames at the end of a take that was not closed are looked into: the disk may not have got them."""
_LINES, _BREATH = 128, 0.0002
"""After so many lines reading pauses for so many seconds: the live path's threads share the interpreter with it."""
_KINDS: Mapping[str, type] = {
    "slate": dict, "set": dict, "source": dict, "picture": dict, "counts": dict, "files": dict, "performers": list,
    "torn_frames": list,
}
_BACKUP = "Take it from a backup."


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFrame:
    """A frame of a take. line: counts what was written; position: frames since the first, gaps counted.

    at: offset, length and CRC-32 of each picture's JPEG. note: the whole line, see docs/formats/take.md.
    """

    line: int
    position: int
    number: int
    timecode: str
    at: Mapping[str, tuple[int, int, int]]
    note: Mapping[str, Any]

    @property
    def faces(self) -> list[dict[str, Any]]:
        """As they were found in the frame."""
        return list(self.note.get("faces") or ())

    @classmethod
    def parse(cls, line: bytes) -> "TakeFrame":
        """A line of frames.jsonl. Raises ValueError for anything else."""
        note = json.loads(line)
        try:
            at = {name: (int(a), int(b), int(c)) for name, (a, b, c) in note["at"].items()}
            whole = [int(note[each]) for each in ("index", "position", "number")]
            faces = note.get("faces") or []
            if min(*whole, *(each[0] for each in at.values())) < 0 or any(each[1] < 1 for each in at.values()):
                raise ValueError("no places and numbers of a frame")
            if any(picture not in at for picture in PICTURES) or not all(isinstance(face, dict) for face in faces):
                raise ValueError("no pictures and faces of a frame")
            return cls(line=whole[0], position=whole[1], number=whole[2], timecode=str(note["timecode"]),
                       at=MappingProxyType(at), note=MappingProxyType(note))
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"no frame: {error}") from error


class Take:
    """A take's folder, read as far as it is whole. Any thread may read pictures; close it, or use it in a `with` block.

    document: take.json. frames: those whose pictures are there. torn: lines that are no whole frames. recording:
    whether it was being recorded when it was opened. Raises TakeError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, folder.name
        self.recording = is_recording(folder)
        self.data = _read(folder / TAKE_FILE)
        self.document = _document(self.data, folder / TAKE_FILE)
        self._lock = threading.Lock()
        self._files: dict[str, int] = {}
        try:
            for picture in PICTURES:
                self._files[picture] = os.open(folder / clip_file(picture), os.O_RDONLY)
            self.frames, self.torn = self._frames()
        except OSError as error:
            self.close()
            raise TakeError(f"{folder}: cannot be read: {error.strerror}: {error.filename}", _BACKUP) from error
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, folder: Path) -> "Take":
        """The take in a folder. Raises TakeError."""
        return cls(Path(folder))

    @property
    def closed(self) -> bool:
        """Whether its end was written: by a cut, or by a recovery."""
        return self.document.get("state") == "closed"

    @property
    def sealed(self) -> bool:
        """Whether the hashes of its files are kept."""
        return bool(self.document.get("files"))

    @property
    def ended(self) -> str:
        """How: cut, stopped, disk full, unwritable, power cut; rolling while it is recorded."""
        if self.closed:
            return str(self.document.get("ended", ""))
        return "rolling" if self.recording else "power cut"

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return Fraction(self.document["picture"]["rate"])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.document["picture"]["width"]), int(self.document["picture"]["height"])

    @property
    def seconds(self) -> float:
        """Length."""
        return float((self.frames[-1].position + 1) / self.rate) if self.frames else 0.0

    @property
    def slate(self) -> str:
        """For people."""
        slate = self.document["slate"]
        place = " ".join(str(slate[each]) for each in ("scene", "shot") if slate.get(each))
        return f"{place} take {slate.get('take')}".strip()

    @cached_property
    def states(self) -> Mapping[int, Mapping[str, Any]]:
        """What was decided on the set, by the version that frames name."""
        found: dict[int, Mapping[str, Any]] = {}
        for line in _lines(self.folder / STATES_FILE)[0]:
            try:
                state = json.loads(line)["state"]
                if all(isinstance(each, dict) for each in state.get("performers") or ()):
                    found[int(state["version"])] = state
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return MappingProxyType(found)

    @property
    def marks(self) -> list[dict[str, Any]]:
        """Operators' words: index, number, timecode, words, at."""
        found = []
        for line in _lines(self.folder / MARKS_FILE)[0]:
            try:
                found.append(dict(json.loads(line)))
            except (ValueError, TypeError):
                continue
        return found

    def jpeg(self, index: int, picture: str) -> bytes:
        """The JPEG of a frame's picture: `clean`, `aged` or `matte`. Raises TakeError where it is not there."""
        if picture not in PICTURES or not 0 <= index < len(self.frames):
            raise TakeError(f"{self.folder}: there is no {picture!r} of frame {index}",
                            f"Frames are 0 to {len(self.frames) - 1}; pictures {', '.join(PICTURES)}.")
        offset, length, _ = self.frames[index].at[picture]
        with self._lock:
            handle = self._files.get(picture)
            if handle is None:
                raise TakeError(f"{self.folder}: is closed")
            data = os.pread(handle, length, offset)
        if len(data) != length:
            raise TakeError(f"{self.folder / clip_file(picture)}: ends before frame {index}", _BACKUP)
        return data

    def pixels(self, index: int, picture: str) -> NDArray[np.uint8]:
        """H x W x 3 RGB, full range; H x W of the matte."""
        grey = picture == "matte"
        try:
            made = simplejpeg.decode_jpeg(self.jpeg(index, picture), colorspace="GRAY" if grey else "RGB")
        except ValueError as error:
            raise TakeError(f"{self.folder}: frame {index} of {picture} is damaged: {error}", _BACKUP) from error
        return np.asarray(made[..., 0] if grey else made, np.uint8)

    def verify(self) -> list[str]:
        """Everything that is not as it was recorded, in sentences; empty where all is whole."""
        faults = []
        for name, kept in (self.document.get("files") or {}).items():
            path = self.folder / str(name)
            if not path.is_file():
                faults.append(f"{name} is missing")
            elif sha256_file(path) != kept.get("sha256"):
                faults.append(f"{name} is altered: its SHA-256 is not the one that take.json names")
        if not self.sealed:
            faults.append("is still being recorded" if self.recording
                          else "was not closed: its end is missing. Recover it with: playingage takes recover")
        if self.torn:
            faults.append(f"{self.torn} lines of {FRAMES_FILE} are no whole frames")
        faults += [f"frame {index} of {clip_file(picture)} is damaged" for index, picture in self.damaged()]
        return faults

    def damaged(self) -> list[tuple[int, str]]:
        """Frames whose JPEG is not the one that was recorded, with the picture's name."""
        return [(index, picture) for index, frame in enumerate(self.frames) for picture in PICTURES
                if zlib.crc32(self.jpeg(index, picture)) != frame.at[picture][2]]

    @property
    def sha256(self) -> str:
        """Hash of take.json as it stands."""
        return sha256_bytes(self.data)

    def close(self) -> None:
        """Give the files back; may be called twice."""
        with self._lock:
            files, self._files = self._files, {}
        for handle in files.values():
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frames(self) -> tuple[tuple[TakeFrame, ...], int]:
        lines, rest = _lines(self.folder / FRAMES_FILE)
        if not lines and not (self.folder / FRAMES_FILE).is_file():
            raise TakeError(f"{self.folder / FRAMES_FILE}: is missing", _BACKUP)
        sizes = {picture: os.fstat(handle).st_size for picture, handle in self._files.items()}
        parsed: list[TakeFrame] = []
        torn = int(bool(rest) and not self.recording)
        for number, line in enumerate(lines):
            if number % _LINES == _LINES - 1:
                time.sleep(_BREATH)
            try:
                frame = TakeFrame.parse(line)
            except ValueError:
                torn += 1
                continue
            inside = all(frame.at[name][0] + frame.at[name][1] <= sizes[name] for name in PICTURES)
            if inside and (not parsed or frame.position > parsed[-1].position):
                parsed.append(frame)
            else:
                torn += 1
        if self.closed:
            out = {index for first, last in self.document.get("torn_frames") or () for index in range(first, last + 1)}
            kept = [frame for frame in parsed if frame.line not in out]
        else:
            kept = [*parsed[:-_LOOKED_INTO], *(frame for frame in parsed[-_LOOKED_INTO:] if self._whole(frame))]
        return tuple(kept), torn + len(parsed) - len(kept)

    def _whole(self, frame: TakeFrame) -> bool:
        return all(zlib.crc32(os.pread(self._files[name], frame.at[name][1], frame.at[name][0])) == frame.at[name][2]
                   for name in PICTURES)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise TakeError(f"{path.parent}: is no take: it has no {path.name}", "Give the folder of a take.") from error
    except OSError as error:
        raise TakeError(f"{path}: cannot be read: {error.strerror}", "Make it readable.") from error


def _lines(path: Path) -> tuple[list[bytes], bytes]:
    """Whole lines, and what follows them."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], b""
    except OSError as error:
        raise TakeError(f"{path}: cannot be read: {error.strerror}", "Make it readable.") from error
    *lines, rest = data.split(b"\n")
    return lines, rest


def _document(data: bytes, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise TakeError(f"{path}: is altered or damaged, it is not JSON: {error}", _BACKUP) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise TakeError(f"{path}: is no take", "Give the folder of a take.")
    if document.get("version") != VERSION:
        raise TakeError(f"{path}: version {document.get('version')!r} of {FORMAT}; this program reads {VERSION}",
                        "Use the release of playingage that the take was recorded with.")
    try:
        for name, kind in _KINDS.items():
            if not isinstance(document.get(name, kind()), kind):
                raise TypeError(f"{name} is no {'object' if kind is dict else 'list'}")
        if not all(isinstance(each, dict) for each in document.get("files", {}).values()):
            raise TypeError("files are no objects")
        if not all(isinstance(each, list) and [type(n) for n in each] == [int, int] for each in
                   document.get("torn_frames", [])):
            raise TypeError("torn_frames are no pairs of numbers")
        picture, slate = document["picture"], document["slate"]
        if Fraction(picture["rate"]) <= 0 or min(int(picture["width"]), int(picture["height"])) < 1:
            raise ValueError("no picture")
        if not isinstance(slate["take"], int):
            raise TypeError("no take")
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise TakeError(f"{path}: is altered or damaged: {error}", _BACKUP) from error
    return document
