"""After the cut: hashes, the ledger, and takes that a power cut left open. Nothing that was recorded is changed."""

import hashlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playingage.core import PlayingAgeError, sha256_bytes
from playingage.core.files import write_whole
from playingage.live.pair import View
from playingage.live.takes.names import (
    FRAMES_FILE,
    PICTURES,
    STATES_FILE,
    TAKE_FILE,
    TakeError,
    clip_file,
    take_folders,
)
from playingage.live.takes.reader import Take
from playingage.live.takes.uses import Record, TakeUse, uses_of
from playingage.live.takes.writer import dump, is_recording, stamp

log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_REST = 2.0
"""While a picture is live, hashing rests this many times as long as it works."""
RECOVERED = "power cut"


def seal(folder: Path, record: Record | None = None, *, rest: float = 0.0,
         stop: threading.Event | None = None) -> tuple[TakeUse, ...]:
    """Keep the hashes of a closed take's files in its take.json, and its uses by `record`; who was aged in it.

    rest: how many times as long as it works it rests, to leave the time to others. stop: ends it at once; the take is
    sealed later. Raises TakeError, or what `record` raises: the take is then not sealed.
    """
    with Take.open(folder) as take:
        if take.sealed:
            return uses_of(take, take.sha256)
        if not take.closed:
            raise TakeError(f"{folder}: is not closed", "Recover it with: playingage takes recover")
        missing = _missing([frame.number for frame in take.frames])
        counts = {**take.document["counts"], "frames": len(take.frames), "missing": missing["count"],
                  "missing_numbers": missing["numbers"], "torn": take.torn,
                  "late": sum(frame.note.get("view") == View.LATE for frame in take.frames)}
        if take.frames:
            counts |= {"first": take.frames[0].number, "last": take.frames[-1].number}
        files: dict[str, Any] = {}
        for name in (*map(clip_file, PICTURES), FRAMES_FILE, STATES_FILE):
            kept = _hash(folder / name, rest, stop)
            if kept is None:
                return ()
            files[name] = kept
        data = dump({**take.document, "performers": _performers(take), "counts": counts, "files": files})
        uses = uses_of(take, sha256_bytes(data))
    if record is not None and uses:
        record(uses)
    try:
        write_whole(folder / TAKE_FILE, data)
    except OSError as error:
        raise TakeError(f"{folder / TAKE_FILE}: cannot be written: {error.strerror}", "Free space.") from error
    return uses


def recover(folder: Path, record: Record | None = None, *, rest: float = 0.0,
            stop: threading.Event | None = None) -> bool:
    """Close and seal a take that its program did not; True where there was something to do.

    What was recorded stays as it is: the end that is torn is left out in the reading. Raises TakeError.
    """
    if is_recording(folder):
        return False
    with Take.open(folder) as take:
        if take.sealed:
            return False
        document = take.document
        if not take.closed:
            last = folder / FRAMES_FILE
            bad = {index for index, _ in take.damaged()}
            good = [frame for index, frame in enumerate(take.frames) if index not in bad]
            whole = {frame.line for frame in good}
            lines = take.torn + len(take.frames)
            document = {
                **document, "state": "closed", "ended": RECOVERED,
                "words": f"was not closed; {len(whole)} whole frames are there, {lines - len(whole)} torn",
                "torn_frames": _ranges(sorted(set(range(lines)) - whole)),
                "cut": stamp(datetime.fromtimestamp(last.stat().st_mtime, UTC)),
                "counts": {**document["counts"], "frames": len(whole),
                           "positions": good[-1].position + 1 if good else 0},
            }
            try:
                write_whole(folder / TAKE_FILE, dump(document))
            except OSError as error:
                raise TakeError(f"{folder / TAKE_FILE}: cannot be written: {error.strerror}", "Free space.") from error
            log.warning("%s: recovered: %s", take.name, document["words"])
    seal(folder, record, rest=rest, stop=stop)
    return True


def recover_all(
    folder: Path, record: Record | None = None, *, rest: float = 0.0, stop: threading.Event | None = None,
    told: Callable[[Path, PlayingAgeError | None], None] = lambda folder, error: None,
) -> list[Path]:
    """Recover every take of a folder that needs it; `told` of each, and why one that cannot be is left."""
    done = []
    for each in take_folders(folder):
        if stop is not None and stop.is_set():
            break
        try:
            if recover(each, record, rest=rest, stop=stop):
                done.append(each)
                told(each, None)
        except PlayingAgeError as error:
            log.warning("%s", error)
            told(each, error)
    return done


def _performers(take: Take) -> list[dict[str, Any]]:
    """Every performer with the models and grants that they had in the take."""
    found: list[dict[str, Any]] = []
    for state in take.states.values():
        for each in state.get("performers") or ():
            used = {key: each.get(key) for key in ("performer", "name", "model", "model_sha256", "grant", "ages")}
            if used not in found:
                found.append(used)
    return found


def _missing(numbers: Sequence[int]) -> dict[str, Any]:
    """Frame numbers that the camera gave and the take has not; `numbers`: the first thousand gaps, ends included."""
    gaps = [(a + 1, b - 1) for a, b in itertools.pairwise(numbers) if b > a + 1]
    return {"count": sum(b - a + 1 for a, b in gaps), "numbers": [list(gap) for gap in gaps[:1000]]}


def _ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Growing numbers as first and last of each run."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def _hash(path: Path, rest: float, stop: threading.Event | None) -> dict[str, Any] | None:
    """Bytes and SHA-256 of a file; None where it was stopped."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while True:
                begun = time.perf_counter()
                chunk = file.read(_CHUNK)
                if not chunk:
                    break
                digest.update(chunk)
                size += len(chunk)
                if stop is not None and stop.is_set():
                    return None
                if rest:
                    time.sleep((time.perf_counter() - begun) * rest)
    except OSError as error:
        raise TakeError(f"{path}: cannot be read: {error.strerror}", "Take it from a backup.") from error
    return {"bytes": size, "sha256": digest.hexdigest()}
