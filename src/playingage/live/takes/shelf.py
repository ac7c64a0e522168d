"""All takes of a folder, for those who look at them: listed, opened once, their pictures made smaller on request."""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import simplejpeg  # type: ignore[import-untyped]

from playingage.core import SettingError
from playingage.live.takes.names import FRAMES_FILE, PICTURES, TAKE_FILE, TakeError, is_name, take_folders
from playingage.live.takes.reader import Take
from playingage.live.takes.writer import add_mark, is_recording

PARTS = (1, 2, 4)
"""Pictures are given whole, at a half or at a quarter of their width: what JPEG can be decoded to at once."""
_SMALL_QUALITY = 88
_MOST_OPEN = 4
_MOST_BYTES = 64 << 20
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Frames of a take: from `first` on, `count` of them, each `step` after the last; `part` of PARTS."""

    first: int
    count: int
    step: int
    pictures: tuple[str, ...]
    part: int


class Shelf:
    """The takes in `folder`. Any thread may ask; at most a few takes are open at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[tuple[int, int], Take]] = OrderedDict()
        self._told: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}
        self._small: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()
        self._bytes = 0

    def glances(self) -> list[dict[str, Any]]:
        """What is known of each take at a glance, the last rolled first. Raises TakeError."""
        found = []
        for folder in reversed(take_folders(self.folder)):
            try:
                found.append(self._glance(folder))
            except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
                found.append({"name": folder.name, "words": "cannot be read", "ended": "unreadable", "frames": 0})
        return found

    def take(self, name: str) -> Take:
        """The take as it is now; it stays the shelf's. Raises TakeError."""
        if not is_name(name):
            raise TakeError(f"there is no take {name[:80]!r}", "Names are as 12_A_003.")
        folder = self.folder / name
        state = _state(folder)
        with self._lock:
            kept = self._open.get(name)
            if kept is not None and kept[0] == state:
                self._open.move_to_end(name)
                return kept[1]
        take = Take.open(folder)
        with self._lock:
            old = self._open.pop(name, None)
            self._open[name] = state, take
            gone = [old] if old is not None else []
            while len(self._open) > _MOST_OPEN:
                gone.append(self._open.popitem(last=False)[1])
        for _, each in gone:
            each.close()
        return take

    def sheet(self, name: str) -> dict[str, Any]:
        """Everything about a take and its frames that a page shows. Raises TakeError."""
        take = self.take(name)
        faces, words, kinds = [], [], dict[tuple[str, str, str], int]()
        for frame in take.frames:
            note = frame.note
            said = (str(note.get("view", "")), str(note.get("words", "")), str(note.get("note", "")))
            words.append(kinds.setdefault(said, len(kinds)))
            faces.append([
                [face.get("performer") or "", face.get("name") or "", face.get("target_age"), face.get("strength"),
                 face.get("source_age"), list(face.get("reasons") or ())] for face in frame.faces
            ])
        return {
            "name": take.name, "slate": take.slate, "ended": take.ended, "recording": take.recording,
            "sealed": take.sealed, "torn": take.torn, "rate": str(take.rate), "width": take.size[0],
            "height": take.size[1], "seconds": take.seconds, "document": take.document, "sha256": take.sha256,
            "numbers": [frame.number for frame in take.frames], "positions": [frame.position for frame in take.frames],
            "timecodes": [frame.timecode for frame in take.frames], "faces": faces, "words": words,
            "said": [list(each) for each in kinds], "marks": take.marks, "performers": _performers(take),
        }

    def pictures(self, name: str, wanted: Wanted) -> list[tuple[int, dict[str, bytes | str]]]:
        """JPEGs by frame; of one that is the same as another, that one's name. Raises TakeError or SettingError."""
        _check(wanted)
        take = self.take(name)
        found = []
        for index in range(wanted.first, wanted.first + wanted.count * wanted.step, wanted.step):
            if not 0 <= index < len(take.frames):
                break
            at, jpegs = take.frames[index].at, dict[str, bytes | str]()
            for picture in wanted.pictures:
                same = next((each for each in jpegs if at[each][1:] == at[picture][1:]), None)
                jpegs[picture] = same if same is not None else self._jpeg(take, index, picture, wanted.part)
            found.append((index, jpegs))
        return found

    def mark(self, name: str, index: object, words: object) -> list[dict[str, Any]]:
        """Keep words with a frame; all marks. Raises TakeError or SettingError."""
        take = self.take(name)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(take.frames):
            raise SettingError(f"there is no frame {index!r} to mark", f"Frames are 0 to {len(take.frames) - 1}.")
        if not isinstance(words, str) or not words.strip() or len(words) > _MOST_WORDS:
            raise SettingError("a mark wants words", f"Use up to {_MOST_WORDS} characters.")
        add_mark(take.folder, words.strip(), index, take.frames[index].note, datetime.now(UTC))
        return take.marks

    def close(self) -> None:
        """Give all files back."""
        with self._lock:
            takes = [take for _, take in self._open.values()]
            self._open.clear()
        for take in takes:
            take.close()

    def _jpeg(self, take: Take, index: int, picture: str, part: int) -> bytes:
        if part == 1:
            return take.jpeg(index, picture)
        key = take.name, index, PICTURES.index(picture), part
        with self._lock:
            kept = self._small.get(key)
            if kept is not None:
                self._small.move_to_end(key)
                return kept
        made = smaller(take.jpeg(index, picture), take.size, part)
        with self._lock:
            if key not in self._small:
                self._small[key] = made
                self._bytes += len(made)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._small.popitem(last=False)[1])
        return made

    def _glance(self, folder: Path) -> dict[str, Any]:
        state = _state(folder)
        kept = self._told.get(folder.name)
        if kept is not None and kept[0] == state and kept[1]["ended"] != "rolling":
            return kept[1]
        document = json.loads((folder / TAKE_FILE).read_bytes())
        slate, closed = document["slate"], document.get("state") == "closed"
        counts = document.get("counts") or {}
        told = {
            "name": folder.name, "scene": str(slate["scene"]), "shot": str(slate["shot"]), "take": slate["take"],
            "rolled": document.get("rolled"), "timecode": document.get("timecode"), "frames": counts.get("frames", 0),
            "seconds": round(float(counts.get("positions", 0) / Fraction(document["picture"]["rate"])), 2),
            "ended": document.get("ended") if closed else "rolling" if is_recording(folder) else "power cut",
            "words": document.get("words", ""), "sealed": bool(document.get("files")),
        }
        self._told[folder.name] = state, told
        return told


def smaller(jpeg: bytes, size: tuple[int, int], part: int) -> bytes:
    """A JPEG of a half or a quarter of the width. Raises TakeError for one that is damaged."""
    try:
        pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB", fastdct=True, min_width=-(-size[0] // part),
                                        min_height=-(-size[1] // part))
        return bytes(simplejpeg.encode_jpeg(pixels, quality=_SMALL_QUALITY, colorspace="RGB", colorsubsampling="420"))
    except ValueError as error:
        raise TakeError(f"a picture is damaged: {error}", "Look with: playingage takes verify") from error


def _check(wanted: Wanted) -> None:
    if wanted.part not in PARTS:
        raise SettingError(f"pictures come whole, in halves or quarters, not in {wanted.part!r}")
    if not wanted.pictures or any(each not in PICTURES for each in wanted.pictures):
        raise SettingError(f"pictures are {', '.join(PICTURES)}")
    if not 1 <= wanted.count <= 48 or wanted.step == 0 or abs(wanted.step) > 48:
        raise SettingError("up to 48 frames are given at once, each at most 48 after the last")


def _state(folder: Path) -> tuple[int, int]:
    """Another for every change of a take."""
    try:
        return (folder / TAKE_FILE).stat().st_mtime_ns, (folder / FRAMES_FILE).stat().st_size
    except OSError as error:
        raise TakeError(f"there is no take {folder.name!r}", "See which there are: playingage takes list") from error


def _performers(take: Take) -> list[Mapping[str, Any]]:
    """Who could be aged in it, with the models and grants that they had."""
    found: list[Mapping[str, Any]] = []
    for state in take.states.values():
        for each in state.get("performers") or ():
            used = {key: each.get(key) for key in ("performer", "name", "model", "model_sha256", "grant", "ages")}
            if used not in found:
                found.append(used)
    return found
