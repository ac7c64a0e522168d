"""A finished title's faces into the faceset: cuts first, then table and document as one step, then tidying up."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from playingage.archive.decisions import applied, read_decisions
from playingage.archive.errors import FacesetError
from playingage.archive.faceset import Faceset
from playingage.archive.files import Store, locked
from playingage.archive.row import FaceRow
from playingage.archive.work import Work, moved, slug_of


def commit(
    folder: Path, performer: str, grant: str, title: str, rows: Iterable[FaceRow], known: dict[str, Any], work: Work,
    store: Store,
) -> Faceset:
    """Put the title's `rows` in the place of those it had; what people decided stays. Raises FacesetError.

    Killed anywhere, it can be done again: cuts lie either in the work's folder or in their place.
    """
    slug = slug_of(title)
    placed = [moved(row, slug) for row in rows]
    for row in placed:
        target = folder / row.file
        if work.cut(row.id).exists():
            _make(target.parent)
            store.rename(work.cut(row.id), target)
        elif not target.exists():
            raise FacesetError(f"{work.cut(row.id)} is missing", f"Delete {work.folder} and ingest the title again.")
    with locked(folder):
        faceset = load_or_new(folder, performer, grant)
        old = {row.id: row for row in faceset.rows if row.title == title}
        here = {row.id for row in placed}
        news = [_as_decided(row, old.get(row.id)) for row in placed]
        news += [row for row in old.values() if row.decided and row.id not in here]
        others = [row for row in faceset.rows if row.title != title]
        rows_now = applied([*others, *news], read_decisions(folder, performer))
        document = {**faceset.document, "titles": {**faceset.titles, title: known}}
        saved = replace(faceset, rows=rows_now, document=document, grant=grant).save(store)
    _tidy(folder / "crops" / slug, {Path(row.file).name for row in saved.rows if row.title == title})
    work.remove()
    return saved


def load_or_new(folder: Path, performer: str, grant: str) -> Faceset:
    """The faceset in `folder`, or an empty one. Raises FacesetError for another performer's."""
    if not Faceset.exists(folder):
        return Faceset(folder=folder, performer=performer, grant=grant)
    faceset = Faceset.load(folder)
    if faceset.performer != performer:
        raise FacesetError(f"{folder}: is the faceset of {faceset.performer!r}, not of {performer!r}", "Check the id.")
    return faceset


def _as_decided(row: FaceRow, old: FaceRow | None) -> FaceRow:
    if old is None or not old.decided:
        return row
    return replace(row, state=old.state, reason="", expression=old.expression, extra=old.extra)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FacesetError(f"{folder} cannot be made: {error.strerror}", "Check the folder and the disk.") from error


def _tidy(folder: Path, needed: set[str]) -> None:
    """Cuts that no row names any more go."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in needed:
                path.unlink(missing_ok=True)
