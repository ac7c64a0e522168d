"""Folders of takes and their names: SCENE_SHOT_TAKE. What is there is never written over."""

import json
import re
from functools import lru_cache
from pathlib import Path

from playingage.core import PlayingAgeError
from playingage.live.state import Slate

TAKE_FILE, FRAMES_FILE, STATES_FILE, MARKS_FILE = "take.json", "frames.jsonl", "states.jsonl", "marks.jsonl"
PICTURES = ("clean", "aged", "matte")
_UNFIT = re.compile(r"[^A-Za-z0-9.+-]+")
_NAME = re.compile(r"[A-Za-z0-9.+-]+(?:_[A-Za-z0-9.+-]+)?_\d{3,5}")
_MOST_TRIES = 1000


class TakeError(PlayingAgeError):
    """A take cannot be kept, or what is kept cannot be read."""


def clip_file(picture: str) -> str:
    """The name of a picture's clip in a take's folder."""
    return f"{picture}.mkv"


def stem(scene: str, shot: str) -> str:
    """The names of all takes of a shot begin with this and an underline."""
    parts = [_UNFIT.sub("-", part).strip("-.") for part in (scene, shot)]
    return "_".join(part for part in (parts[0] or "0", parts[1]) if part)


def name_of(slate: Slate) -> str:
    """The folder of a take: 12_A_003."""
    return f"{stem(slate.scene, slate.shot)}_{slate.take:03d}"


def is_name(text: str) -> bool:
    """Whether a folder of that name can be a take's."""
    return _NAME.fullmatch(text) is not None and len(text) < 100


def last_take(folder: Path, scene: str, shot: str) -> int:
    """The highest number of the takes of a shot that are kept; 0 where there are none."""
    start = stem(scene, shot) + "_"
    try:
        names = [each.name for each in folder.iterdir() if each.name.startswith(start)]
    except OSError:
        return 0
    return max((int(name[len(start):]) for name in names if name[len(start):].isdecimal()), default=0)


def make_folder(folder: Path, slate: Slate) -> tuple[Path, int]:
    """A new folder for a take, and the take's number: the slate's, or the next that is free. Raises TakeError."""
    take = slate.take
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_MOST_TRIES):
            made = folder / f"{stem(slate.scene, slate.shot)}_{take:03d}"
            try:
                made.mkdir()
            except FileExistsError:
                take = max(take, last_take(folder, slate.scene, slate.shot)) + 1
                continue
            return made, take
    except OSError as error:
        raise TakeError(f"{folder}: takes cannot be kept there: {error.strerror}",
                        "Free space, or make the folder writable.") from error
    raise TakeError(f"{folder}: no number is free for {slate}", "Choose another shot or folder.")


def take_folders(folder: Path) -> tuple[Path, ...]:
    """Folders of takes, the last rolled at the end. Empty ones are none: nothing was recorded. Raises TakeError."""
    try:
        found = [each for each in folder.iterdir() if is_name(each.name) and (each / FRAMES_FILE).is_file()]
        times = [(_rolled(each / TAKE_FILE, (each / TAKE_FILE).stat().st_mtime_ns), each.name, each)
                 for each in found if (each / TAKE_FILE).is_file()]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TakeError(f"{folder}: cannot be read: {error.strerror}", "Make it readable.") from error
    return tuple(path for _, _, path in sorted(times))


@lru_cache(maxsize=4096)
def _rolled(file: Path, changed: int) -> str:
    """When a take rolled, in ISO time of UTC; empty where its file does not say."""
    try:
        return str(json.loads(file.read_bytes())["rolled"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""
