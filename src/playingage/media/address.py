"""What an address means, and the names of numbered pictures. Looks at the disk only where it says so."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from playingage.core import SettingError, UnreadableError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".webp", ".bmp", ".dpx")
STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "rtp", "tcp")
_FIELD = re.compile(r"%0?(\d*)d|#+")
_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+)://")
_NUMBERED = re.compile(r"^(.*?)(\d+)(\.[^.]+)$")


class Kind(Enum):
    """What stands behind an address."""

    CLIP = "clip"
    PICTURE = "picture"
    SEQUENCE = "sequence"
    FOLDER = "folder"
    DEVICE = "device"
    STREAM = "stream"
    PATTERN = "pattern"


def kind_of(address: str) -> Kind:
    """What an address means, by its form; a folder is recognised on disk. Raises SettingError for an unknown scheme."""
    if not address.strip():
        raise SettingError("the source's address is empty", "Give a file, a device, a network address or pattern:.")
    if address.startswith("pattern:"):
        return Kind.PATTERN
    scheme = _SCHEME.match(address)
    if scheme is not None:
        name = scheme.group(1).lower()
        if name not in STREAM_SCHEMES:
            raise SettingError(
                f"{address}: addresses of the form {name}:// are not supported",
                f"Use one of {', '.join(STREAM_SCHEMES)}, or a path.",
            )
        return Kind.STREAM
    if re.fullmatch(r"/dev/video\d+(\?.*)?", address):
        return Kind.DEVICE
    path = Path(address)
    if path.is_dir():
        return Kind.FOLDER
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return Kind.SEQUENCE if _FIELD.search(path.name) and not path.is_file() else Kind.PICTURE
    return Kind.CLIP


@dataclass(frozen=True, slots=True)
class SequenceName:
    """The name of numbered pictures: `folder/prefix` + number with at least `digits` digits + `suffix`."""

    folder: Path
    prefix: str
    digits: int
    suffix: str

    def __post_init__(self) -> None:
        if not 1 <= self.digits <= 20:
            raise ValueError(f"a picture's number has 1 to 20 digits, not {self.digits}")

    @classmethod
    def parse(cls, text: str) -> SequenceName:
        """Read `shot.%04d.png`, `shot.%d.png` or `shot.####.png`. Raises SettingError unless one number is in it."""
        path = Path(text)
        fields = list(_FIELD.finditer(path.name))
        if len(fields) != 1:
            raise SettingError(
                f"{text}: a sequence's name needs one number field, it has {len(fields)}",
                "Write it as shot.%04d.png or shot.####.png.",
            )
        found = fields[0]
        digits = len(found.group()) if found.group().startswith("#") else int(found.group(1) or 1)
        if not 1 <= digits <= 20:
            raise SettingError(f"{text}: a number of {digits} digits makes no sense", "Use 1 to 20 digits.")
        return cls(path.parent, path.name[: found.start()], digits, path.name[found.end() :])

    def path(self, number: int) -> Path:
        """The path of picture `number`."""
        if number < 0:
            raise ValueError(f"picture number {number} is negative")
        return self.folder / f"{self.prefix}{number:0{self.digits}}{self.suffix}"

    def number(self, name: str) -> int | None:
        """The number in a file's name, or None if it is not of this sequence."""
        inner = name[len(self.prefix) : len(name) - len(self.suffix)]
        fits = name.startswith(self.prefix) and name.endswith(self.suffix) and inner.isascii() and inner.isdigit()
        if not fits or len(inner) < self.digits or (len(inner) > self.digits and inner[0] == "0"):
            return None
        return int(inner)

    def __str__(self) -> str:
        field = f"%0{self.digits}d" if self.digits > 1 else "%d"
        return str(self.folder / f"{self.prefix}{field}{self.suffix}")

    def numbers(self) -> list[int]:
        """The numbers on disk, sorted. Raises UnreadableError where there is none or one is missing in between."""
        if not self.folder.is_dir():
            raise UnreadableError(f"{self}: the folder does not exist", "Check the path.")
        found = sorted(n for p in self.folder.iterdir() if (n := self.number(p.name)) is not None)
        if not found:
            raise UnreadableError(f"{self}: no such picture is there", "Check the name and the number of digits.")
        missing = found[-1] - found[0] + 1 - len(found)
        if missing:
            gaps = (a + 1 for a, b in itertools.pairwise(found) if b != a + 1)
            some = ", ".join(str(n) for n in itertools.islice(gaps, 5))
            raise UnreadableError(
                f"{self}: {missing} pictures are missing between {found[0]} and {found[-1]}, from {some} on",
                "Render or copy them, or read the parts one by one.",
            )
        return found


def sequence_in(folder: Path) -> SequenceName:
    """The one sequence of numbered pictures in a folder. Raises UnreadableError if there is none or several."""
    groups: dict[tuple[str, str], set[str]] = {}
    for file in folder.iterdir():
        match = _NUMBERED.match(file.name)
        if match and match.group(3).lower() in PICTURE_SUFFIXES and not file.name.startswith("."):
            groups.setdefault((match.group(1), match.group(3)), set()).add(match.group(2))
    if not groups:
        raise UnreadableError(f"{folder}: holds no numbered pictures", "Give a folder with names like shot.0001.png.")
    if len(groups) > 1:
        names = ", ".join(sorted(f"{prefix}#{suffix}" for prefix, suffix in groups)[:4])
        raise UnreadableError(f"{folder}: holds several sequences ({names})", "Name the one to read, as shot.####.png.")
    ((prefix, suffix), numbers), = groups.items()
    return SequenceName(folder, prefix, min(len(n) for n in numbers), suffix)
