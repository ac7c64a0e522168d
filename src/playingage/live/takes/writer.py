"""One take on disk while it is recorded. Format: docs/formats/take.md."""

import contextlib
import fcntl
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from playingage.core import UnwritableError, canonical_json
from playingage.core.files import sync_folder, write_whole
from playingage.frames import Colour
from playingage.live.state import Slate
from playingage.live.takes.encode import Encoded, stored_colour
from playingage.live.takes.names import FRAMES_FILE, MARKS_FILE, PICTURES, STATES_FILE, TAKE_FILE, clip_file
from playingage.media.motion_jpeg import JpegClipWriter, Placed
from playingage.media.ports import SourceInfo
from playingage.media.staging import unwritable

FORMAT, VERSION = "playingage-take", 1
_LONGEST_STEP = 600
"""Seconds; frame numbers that jump further began anew."""


class PictureChangedError(UnwritableError):
    """The camera gives pictures of another size or rate than the take's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """A take that is to be recorded. folder: its own, made and empty. begun: when, with its time zone.

    asked: the take's number on the slate, which may be taken already. production: id, or empty.
    """

    id: str
    folder: Path
    slate: Slate
    asked: int
    begun: datetime
    source: SourceInfo
    quality: int
    production: str = ""
    schedule: str = ""
    set_state: Mapping[str, Any] = field(default_factory=dict)


class TakeWriter:
    """Writes a take frame by frame; belongs to one thread. Raises UnwritableError: then call `finish`.

    It holds a lock on the take's frames, so that others see that it is being recorded.
    """

    def __init__(self, roll: Roll, first: Encoded) -> None:
        self.roll, self.folder = roll, roll.folder
        self.frames = 0
        self._size = first.width, first.height
        self._rate: Fraction = first.frame.rate
        self._position, self._number, self._captured = -1, -1, 0.0
        self._waiting: dict[int, dict[str, Any]] = {}
        self._places: dict[int, dict[str, list[int]]] = {}
        self._crcs: dict[int, dict[str, int]] = {}
        self._clips: dict[str, JpegClipWriter] = {}
        self._failed = False
        self._document = self._head(first)
        try:
            self._open(stored_colour(first.frame.colour), first)
        except BaseException as error:
            self._forget()
            if isinstance(error, OSError):
                raise unwritable(self.folder, error) from error
            raise

    @property
    def bytes_written(self) -> int:
        """Of the clips so far."""
        return sum(clip.bytes_written for clip in self._clips.values())

    @property
    def seconds(self) -> float:
        """Length so far."""
        return float((self._position + 1) / self._rate)

    def add(self, encoded: Encoded) -> None:
        """The next frame."""
        if (encoded.width, encoded.height) != self._size:
            raise PictureChangedError(
                f"{self.folder}: the picture changed from {self._size[0]}x{self._size[1]} to "
                f"{encoded.width}x{encoded.height}", "Roll again: a take holds pictures of one size.")
        if encoded.frame.rate != self._rate:
            raise PictureChangedError(
                f"{self.folder}: the picture changed from {float(self._rate):g} to {float(encoded.frame.rate):g} "
                "frames a second", "Roll again: a take has one rate.")
        index = self.frames
        position = self._next_position(encoded)
        if encoded.state is not None:
            self._states.add({"from": index, "state": _short(encoded.state)})
        self._waiting[index] = {"index": index, "position": position, **encoded.note}
        self._crcs[index] = {picture: zlib.crc32(jpeg) for picture, jpeg in encoded.jpegs.items()}
        self._places[index] = {}
        self.frames += 1
        try:
            for picture, clip in self._clips.items():
                self._placed(picture, clip.add(encoded.jpegs[picture], position))
        except BaseException:
            self._failed = True
            raise

    def sync(self) -> None:
        """Return when what was written is on the disk."""
        for clip in self._clips.values():
            clip.sync()
        try:
            self._states.sync()
            self._lines.sync()
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def finish(self, ended: str, words: str, at: datetime, lost: int, numbers: Sequence[int] = ()) -> None:
        """Close everything and say how it ended. What cannot be written any more is left: what is there is readable.

        lost: frames of the take that found no room, or could not be encoded; numbers: the first of them.
        """
        try:
            for picture, clip in self._clips.items():
                if self._failed:
                    clip.abandon()
                else:
                    self._placed(picture, clip.close())
            self._states.sync()
            self._lines.sync()
            document = {**self._document, "state": "closed", "ended": ended, "words": words, "cut": stamp(at)}
            document["counts"] = {**document["counts"], "frames": self._lines.count,
                                  "positions": self._position + 1, "not_kept_up": lost,
                                  "not_kept_up_numbers": list(numbers)}
            write_whole(self.folder / TAKE_FILE, dump(document))
        except OSError as error:
            raise unwritable(self.folder, error) from error
        finally:
            for clip in self._clips.values():
                clip.abandon()
            self._lines.close()
            self._states.close()

    def _head(self, first: Encoded) -> dict[str, Any]:
        roll, source = self.roll, self.roll.source
        colour, stored = first.frame.colour, stored_colour(first.frame.colour)
        return {
            "format": FORMAT, "version": VERSION, "id": roll.id, "name": self.folder.name,
            "slate": {"scene": roll.slate.scene, "shot": roll.slate.shot, "take": roll.slate.take},
            "asked_take": roll.asked, "state": "rolling", "ended": "", "words": "", "rolled": stamp(roll.begun),
            "cut": None, "production": roll.production, "schedule": roll.schedule, "set": _short(roll.set_state),
            "performers": [],
            "source": {
                "name": source.name, "width": source.width, "height": source.height, "rate": str(source.rate),
                "bits": source.bits, "codec": source.codec, "interlaced": source.interlaced,
                "colour": _colour(colour), "notes": list(source.notes),
            },
            "picture": {
                "width": first.width, "height": first.height, "rate": str(self._rate), "quality": roll.quality,
                "subsampling": "4:2:0", "colour": _colour(stored),
            },
            "timecode": first.timecode,
            "timecode_from": "count" if first.frame.timecode is None else source.timecode_from or "source",
            "counts": {"frames": 0, "positions": 0, "not_kept_up": 0}, "files": {},
        }

    def _open(self, colour: Colour, first: Encoded) -> None:
        self._lines = _Lines(self.folder / FRAMES_FILE)
        self._states = _Lines(self.folder / STATES_FILE)
        for picture in PICTURES:
            self._clips[picture] = JpegClipWriter(
                self.folder / clip_file(picture), width=first.width, height=first.height, rate=self._rate,
                colour=colour, timecode=first.timecode,
            )
        write_whole(self.folder / TAKE_FILE, dump(self._document))
        sync_folder(self.folder.parent)

    def _forget(self) -> None:
        """Nothing was recorded yet: leave nothing behind."""
        for clip in self._clips.values():
            clip.abandon()
        for name in (TAKE_FILE, FRAMES_FILE, STATES_FILE, *map(clip_file, PICTURES)):
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)

    def _next_position(self, encoded: Encoded) -> int:
        """Frames since the first: by frame numbers, or by the time where a source began to count anew."""
        number = encoded.frame.number
        if self._position < 0:
            step = 1
        else:
            step = number - self._number
            if not 1 <= step <= _LONGEST_STEP * self._rate:
                step = max(1, round((encoded.captured - self._captured) * float(self._rate)))
        self._position, self._number, self._captured = self._position + step, number, encoded.captured
        return self._position

    def _placed(self, picture: str, placed: list[Placed]) -> None:
        for each in placed:
            places = self._places[each.index]
            places[picture] = [each.offset, each.length, self._crcs[each.index][picture]]
            if len(places) == len(PICTURES):
                line = self._waiting.pop(each.index)
                del self._crcs[each.index], self._places[each.index]
                self._lines.add({**line, "at": places})


class _Lines:
    """A file of JSON lines under an exclusive lock."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._file = path.open("xb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def add(self, document: Mapping[str, Any]) -> None:
        data = canonical_json(document) + b"\n"
        try:
            done = 0
            while done < len(data):
                done += self._file.write(data[done:])
        except OSError as error:
            raise unwritable(self._path, error) from error
        self.count += 1

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def add_mark(folder: Path, words: str, index: int, frame: Mapping[str, Any], at: datetime) -> None:
    """Append an operator's words on a frame, through to the disk. Raises UnwritableError."""
    mark = {"index": index, "number": frame["number"], "timecode": frame["timecode"], "words": words, "at": stamp(at)}
    path = folder / MARKS_FILE
    try:
        with path.open("ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            torn = file.tell() and not path.read_bytes().endswith(b"\n")
            file.write((b"\n" if torn else b"") + canonical_json(mark) + b"\n")
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error


def is_recording(folder: Path) -> bool:
    """Whether a program is recording the take now."""
    try:
        with (folder / FRAMES_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def dump(document: Mapping[str, Any]) -> bytes:
    """take.json as it is written: for people to read, in the order that it is explained in."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def stamp(at: datetime) -> str:
    """A time as it is written."""
    return at.astimezone(UTC).isoformat("T", "milliseconds")


def _short(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state without the list of all scenes: the schedule's hash stands for it."""
    return {key: value for key, value in state.items() if key != "scenes"}


def _colour(colour: Colour) -> dict[str, Any]:
    return {"primaries": colour.primaries, "transfer": colour.transfer, "matrix": colour.matrix,
            "full_range": colour.full_range}
