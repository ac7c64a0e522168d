"""Grants while the picture runs: what is taken back, ends, or can no longer be read stops at once."""

import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from playingage.core import PlayingAgeError
from playingage.live.parts import Granted
from playingage.live.stage import Stage
from playingage.live.worker import Worker
from playingage.production import Entry, Production
from playingage.production.ledger import now
from playingage.rights import Grant, GrantError, Use

log = logging.getLogger(__name__)
_EVERY, _SURE = 0.04, 10.0
REVOKED, UNREADABLE = "NO GRANT IN FORCE", "GRANTS CANNOT BE READ"


class GrantWatch:
    """A thread that holds the grants of a stage's performers against the production's files.

    It looks at the files' times every `every` seconds and reads them when one changed, when a grant's end passes, and
    every 10 s. Use it in a `with` block, from before the first frame. Whatever it cannot read counts as no grant.
    """

    def __init__(
        self, production: Production, stage: Stage, performers: Iterable[str], *, use: Use = Use.LIVE,
        every: float = _EVERY,
    ) -> None:
        self._production, self._stage, self._use, self._every = production, stage, use, every
        self._held: dict[str, tuple[Grant, ...]] = dict.fromkeys(performers, ())
        self._why: dict[str, str] = {}
        self._stamp: object = None
        self._stopping = threading.Event()
        self._worker = Worker("grants", self._work, self._dead)

    def look(self) -> None:
        """Read all grants now, and stop or resume the performers."""
        entries: Sequence[Entry] | None = None
        for performer in self._held:
            try:
                entries = self._production.entries() if entries is None else entries
                grants = self._production.grants(performer, self._use, entries=entries)
            except GrantError as error:
                self._lose(performer, REVOKED, error)
            except (PlayingAgeError, OSError) as error:
                self._lose(performer, UNREADABLE, error)
            else:
                self._held[performer] = grants
                self._why.pop(performer, None)
                self._stage.resume(performer, tuple(map(_granted, grants)))

    def _lose(self, performer: str, words: str, error: Exception) -> None:
        self._held[performer] = ()
        text = error.what if isinstance(error, PlayingAgeError) else str(error)
        if self._why.get(performer) != text:
            self._why[performer] = text
            log.warning("%s: %s", performer, text)
        self._stage.stop(performer, words)

    def __enter__(self) -> "GrantWatch":
        self._stamp = self._stamps()
        self.look()
        self._worker.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._worker.join(5.0)
        if self._worker.error is not None:
            raise self._worker.error

    def _work(self) -> None:
        since = 0.0
        while not self._stopping.wait(self._every):
            since += self._every
            stamp = self._stamps()
            if stamp != self._stamp or since >= _SURE or self._ended(now()):
                self._stamp, since = stamp, 0.0
                self.look()

    def _dead(self) -> None:
        """Without a watch nobody is re-aged."""
        log.error("the watch over grants died", exc_info=self._worker.error)
        for performer in self._held:
            self._stage.stop(performer, UNREADABLE)

    def _ended(self, at: datetime) -> bool:
        ends = (grant.statement.ends for grants in self._held.values() for grant in grants)
        return any(end is not None and at > end for end in ends)

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        folder = self._production.folder
        people = (folder / "performers" / performer / "performer.json" for performer in self._held)
        return tuple(map(_stamp, (
            *people, folder / "grants", folder / "grants" / "revocations", folder / "ledger.head",
            *sorted((folder / "grants").glob("*.json")),
        )))


def _granted(grant: Grant) -> Granted:
    said = grant.statement
    return Granted(
        sha256=grant.sha256, ages=(float(said.ages[0]), float(said.ages[1])), until=said.valid_until or "",
    )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
