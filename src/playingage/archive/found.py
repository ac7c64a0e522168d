"""What a title gave so far, within a bound."""

from dataclasses import replace

from playingage.archive.choose import choose
from playingage.archive.people import Company, Known, Seen, Verdict
from playingage.archive.row import FaceRow
from playingage.archive.settings import IngestSettings
from playingage.archive.work import Chunk

_POOL = 3
"""Faces of a title put aside while it runs, in multiples of what is kept; then two thirds of them stay."""


class Found:
    """What a title gave so far; the faces of it within a bound."""

    def __init__(self, settings: IngestSettings, known: Known) -> None:
        self.known, self.settings = known, settings
        self.company = Company(settings.same + 4 * settings.doubt)
        self.rows: list[FaceRow] = []
        self.seen: list[Seen] = []
        self.looked = self.faces = self.interlaced = 0
        self.bars: dict[str, int] = {}
        self.notes: list[str] = []

    def add(self, chunk: Chunk) -> list[FaceRow]:
        """Take a chunk in; returns the rows that are no longer needed. Depends on the chunks so far alone."""
        self.seen += chunk.seen
        self.looked, self.faces = self.looked + chunk.looked, self.faces + chunk.faces
        self.interlaced += chunk.interlaced
        self.notes += chunk.notes
        for text in chunk.bars:
            self.bars[text] = self.bars.get(text, 0) + 1
        self.rows += chunk.rows
        most = self.settings.most
        if len(self.rows) <= _POOL * most:
            return []
        near = [row for row in self.rows if row.distance <= self.settings.same]
        far = [row for row in self.rows if row.distance > self.settings.same]
        stay = {row.id for row in choose(near, most * 3 // 2, 2 * self.settings.each)}
        stay |= {row.id for row in choose(far, most // 2, self.settings.each)}
        gone = [row for row in self.rows if row.id not in stay]
        self.rows = [row for row in self.rows if row.id in stay]
        return gone

    def of(self, who: str, verdicts: dict[int, Verdict]) -> list[FaceRow]:
        """The faces of tracks of that kind; of a performer's, single ones unlike the rest or hidden are doubtful."""
        limit = self.settings.same + self.settings.doubt
        found = []
        for row in self.rows:
            verdict = verdicts[row.track]
            hidden = row.occlusion > self.settings.hidden
            odd = verdict.who == "performer" and bool(self.known) and row.distance > limit + 2 * self.settings.doubt
            kind = "doubtful" if verdict.who == "performer" and (odd or hidden) else verdict.who
            if kind != who:
                continue
            if who == "performer":
                found.append(row)
            else:
                reason = verdict.reason or (
                    f"doubtful: {row.distance:.2f} from the references, unlike its neighbours" if odd
                    else f"hidden: {row.occlusion:.0%} of it is behind something"
                )
                found.append(replace(row, state="rejected", reason=reason))
        return found
