"""What is asked for, and which faces may be learned from, under which grant."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playingage.archive import Faceset
from playingage.archive.decisions import load_decided
from playingage.production import Production
from playingage.rights import Grant, GrantError, Use
from playingage.training.run.errors import TrainingError
from playingage.training.run.settings import RunSettings

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for. titles, ages: only faces of these; all when left out. fresh: throw away a run of that name.

    leave_out: titles that the grant does not cover are left out instead of refused.
    """

    production: Production
    performer: str
    name: str = "main"
    settings: RunSettings
    titles: tuple[str, ...] = ()
    ages: tuple[float, float] | None = None
    leave_out: bool = False
    fresh: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise TrainingError(
                f"{self.name!r} is no name for a model",
                "Take lower-case letters, digits and '-', 40 at most, a letter first.",
            )


def choose(request: Request, note: Callable[[str], None]) -> tuple[Faceset, Grant]:
    """The faces to learn from, and the grant that covers them. Raises GrantError, FacesetError or TrainingError."""
    production, performer = request.production, request.performer
    production.grant(performer, Use.TRAIN)
    faceset = load_decided(production.archive(performer))
    if faceset.performer != performer:
        raise TrainingError(
            f"{faceset.folder}: is the archive of {faceset.performer!r}, not of {performer!r}",
            "Put the right folder back.",
        )
    known = sorted({row.title for row in faceset.used})
    unknown = [title for title in request.titles if title not in known]
    if unknown:
        raise TrainingError(
            f"there are no faces to learn from of title {unknown[0]!r}; known: {', '.join(known) or 'none'}",
            "Write titles as they were given to `playingage ingest`.",
        )
    low, high = request.ages or (0.0, 130.0)
    titles = request.titles or known
    rows = [row for row in faceset.used if row.title in titles and low <= row.age <= high]
    if not rows:
        raise TrainingError(
            f"{faceset.folder}: of {len(faceset.rows)} faces there is none to learn from, as chosen",
            "Ingest footage, accept faces on the faces page, or widen --titles and --ages.",
        )
    grant, covered = _covering(request, sorted({row.title for row in rows}), note)
    return faceset.with_rows(row for row in rows if row.title in covered), grant


def _covering(request: Request, titles: Sequence[str], note: Callable[[str], None]) -> tuple[Grant, Sequence[str]]:
    production, performer = request.production, request.performer
    try:
        return production.grant(performer, Use.TRAIN, titles=titles), titles
    except GrantError as error:
        if not request.leave_out:
            raise GrantError(error.what, f"{error.do} Or leave those titles out with --leave-out.") from error
    grant = production.grant(performer, Use.TRAIN)
    covered = [title for title in titles if title in grant.statement.titles]
    if not covered:
        raise GrantError(
            f"{grant.name} covers none of the titles in the archive: {', '.join(titles)}", "Ask for a grant that does."
        )
    left = ", ".join(title for title in titles if title not in covered)
    note(f"Left out, since the grant does not cover them: {left}.")
    return grant, covered
