"""Forgetting a performer: faces, faceset, models and runs go; grants and ledger stay, as the proof.

The intent is recorded first, then the performer is marked, then files go, then it is recorded as done. Called again
after a kill it goes on.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from playingage.core import sha256_bytes, sha256_file
from playingage.production.folder import Production
from playingage.production.performers import ProductionError
from playingage.rights.chain import Entry

STARTED, DONE = "forget-started", "forget-done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A folder that goes. path: in the production. sha256: of the lines "path TAB size TAB SHA-256" of its files."""

    path: str
    files: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What goes. links: symbolic links in it, whose targets stay. resumed: whether an earlier call was interrupted."""

    performer: str
    parts: tuple[Part, ...]
    links: tuple[str, ...]
    resumed: bool

    @property
    def files(self) -> int:
        """How many files."""
        return sum(part.files for part in self.parts)

    @property
    def bytes(self) -> int:
        """How large."""
        return sum(part.bytes for part in self.parts)


def folders_of(production: Production, id: str) -> tuple[Path, ...]:
    """What holds a performer's faces, or what was learnt from them."""
    return (production.archive(id), production.models(id), production.folder / "performers" / id / "references")


def count_files(production: Production, id: str) -> int:
    """How many files would go, quickly."""
    return sum(1 for folder in folders_of(production, id) for _ in _files(folder))


def plan_removal(
    production: Production, id: str, tell: Callable[[int], None] = lambda _: None, *, hashed: bool = True
) -> Removal:
    """What would go, with every file read for its hash unless told. Removes nothing. Raises ProductionError."""
    production.performer(id)
    started = _open_start(production.entries(), id)
    parts, links, done = [], [], 0
    for folder in folders_of(production, id):
        if folder.is_symlink():
            raise ProductionError(f"{folder}: is a link to {folder.resolve()}, outside what may be removed here",
                                  "Remove what it leads to yourself, then the link, and call this again.")
        digest, files, size = sha256(), 0, 0
        name = folder.relative_to(production.folder).as_posix()
        for file in _files(folder):
            inside = file.relative_to(folder).as_posix()
            if file.is_symlink():
                links.append(f"{name}/{inside}")
                content, length = sha256_bytes(os.fsencode(file.readlink())), 0
            else:
                length = file.stat().st_size
                content = sha256_file(file) if hashed and file.is_file() else ""
            digest.update(f"{inside}\t{length}\t{content}\n".encode(errors="surrogateescape"))
            files, size, done = files + 1, size + length, done + 1
            tell(done)
        if folder.exists():
            parts.append(Part(path=name, files=files, bytes=size, sha256=digest.hexdigest()))
    return Removal(performer=id, parts=tuple(parts), links=tuple(links), resumed=started is not None)


def forget(
    production: Production, id: str, removal: Removal, tell: Callable[[int], None] = lambda _: None
) -> tuple[int, int]:
    """Remove what was planned, record it; files and bytes that the whole forgetting removed. Raises ProductionError."""
    performer = production.performer(id)
    with production.filing.changing():
        started = _open_start(production.entries(), id)
        if started is None:
            if performer.forgotten is not None and not removal.parts:
                raise ProductionError(
                    f"performer {id!r} was forgotten on {performer.forgotten}; nothing of them is kept",
                    "Nothing has to be done.")
            production.ledger.append(STARTED, performer=id, files=removal.files, bytes=removal.bytes, parts=[
                {"path": part.path, "files": part.files, "bytes": part.bytes, "sha256": part.sha256}
                for part in removal.parts
            ])
            started = _open_start(production.entries(), id)
            assert started is not None
        replace(performer, forgotten=started.time, born=None).write()
        done = 0
        for folder in folders_of(production, id):
            try:
                for file in _files(folder):
                    file.unlink()
                    done += 1
                    tell(done)
                _remove_folders(folder)
            except OSError as error:
                raise ProductionError(f"{error.filename or folder}: cannot be removed: {error.strerror}",
                                      "Make it removable, and call this again: it goes on.") from error
        files, size = int(started.details["files"]), int(started.details["bytes"])
        production.ledger.append(DONE, performer=id, started=started.number, files=files, bytes=size,
                                 parts=started.details["parts"], removed_now=done)
    return files, size


def _open_start(entries: tuple[Entry, ...], id: str) -> Entry | None:
    """The beginning of a forgetting that did not come to its end."""
    last = next((e for e in reversed(entries) if e.performer == id and e.event in (STARTED, DONE)), None)
    return last if last is not None and last.event == STARTED else None


def _files(folder: Path) -> Iterator[Path]:
    """Everything in it but folders, in a fixed order; links are not followed."""
    if folder.is_symlink() or not folder.exists():
        return
    for where, folders, files in os.walk(folder, onerror=_raise):
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links))
        for name in sorted((*files, *links)):
            yield Path(where) / name


def _raise(error: OSError) -> None:
    raise error


def _remove_folders(folder: Path) -> None:
    for where, _, _ in os.walk(folder, topdown=False):
        Path(where).rmdir()
