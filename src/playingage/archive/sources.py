"""What the faceset remembers of the files of a title, and whether they are still the same."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from playingage.archive.errors import IngestError
from playingage.archive.footage import Entry, Footage
from playingage.core import canonical_json, sha256_bytes, sha256_file

Record = dict[str, Any]


def stamp_of(footage: Footage) -> tuple[int, int]:
    """Bytes and newest time of change in nanoseconds of all its files: equal stamps mean the same files."""
    size = newest = 0
    try:
        for path in footage.paths():
            found = path.stat()
            size, newest = size + found.st_size, max(newest, found.st_mtime_ns)
    except OSError as error:
        raise IngestError(f"{error.filename} cannot be read: {error.strerror}", "Check the path.") from error
    return size, newest


def digest_of(footage: Footage) -> str:
    """SHA-256 of a file, read in pieces; of a sequence, that of its files' hashes one after the other."""
    try:
        hashes = [sha256_file(path) for path in footage.paths()]
    except OSError as error:
        raise IngestError(f"{error.filename} cannot be read: {error.strerror}", "Check the path.") from error
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def records_of(
    entries: Sequence[Entry], ages: Sequence[float], known: Sequence[Mapping[str, Any]], tell: Callable[[int], None]
) -> list[Record]:
    """A record of each source. Files whose size and time are as in `known` records are not read again."""
    there = {(each.get("path"), each.get("size"), each.get("changed")): each.get("sha256") for each in known}
    records = []
    for i, (entry, age) in enumerate(zip(entries, ages, strict=True)):
        size, changed = stamp_of(entry.footage)
        sha256 = there.get((entry.footage.address, size, changed)) or digest_of(entry.footage)
        records.append({
            "path": entry.footage.address, "name": entry.footage.name, "kind": entry.footage.kind.value,
            "files": entry.footage.files, "size": size, "changed": changed, "sha256": sha256, "age": age,
            "shot": entry.when.shot, "rights": entry.rights,
        })
        tell(i + 1)
    return records


def key_of(title: str, records: Sequence[Record], settings: str, performer: str) -> str:
    """Names what is to be done: the same key gives the same faces."""
    parts = [{name: each[name] for name in ("sha256", "age", "rights", "name", "kind")} for each in records]
    return sha256_bytes(canonical_json({"title": title, "files": parts, "settings": settings, "performer": performer}))
