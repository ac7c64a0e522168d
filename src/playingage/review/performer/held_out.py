"""Which faces a performer's model did not learn from."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playingage.archive import FaceRow
from playingage.core import SettingError, sha256_bytes

_ONE_IN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Ids of the faces, and in words how they are known. `surely`: training itself wrote them down."""

    faces: frozenset[str]
    how: str
    surely: bool


def by_hash(face: str) -> bool:
    """One face in five, the same ones always."""
    return int(sha256_bytes(face.encode()), 16) % _ONE_IN == 0


def held_out_rows(rows: Iterable[FaceRow], record: Path | None) -> tuple[tuple[FaceRow, ...], HeldOut]:
    """The rows that were held out: those that the training's `record.json` names, else those that a hash chooses.

    Raises SettingError where none is left, or where the record is damaged.
    """
    used = [row for row in rows if row.used]
    named = None if record is None else _named(record)
    if named and record is not None:
        held = HeldOut(faces=frozenset(named), surely=True, how=f"named by training in {record.name}")
    else:
        missing = ("there is no record of the training" if record is None else
                   "of so few faces training held none out" if named is not None else
                   f"{record.name} names no held-out faces")
        held = HeldOut(
            faces=frozenset(row.id for row in used if by_hash(row.id)), surely=False,
            how=f"{missing}: one face in five by a hash of its id. The model may have learned from them",
        )
    found = tuple(row for row in used if row.id in held.faces)
    if not found:
        raise SettingError(
            "no face was held out from training, so that nothing can be reviewed",
            "Check that the production's archive is the one the model was trained on.",
        )
    return found, held


def _named(record: Path) -> Sequence[str] | None:
    try:
        document = json.loads(record.read_bytes())
        named = document.get("held_out", (document.get("learner") or {}).get("held_out"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise SettingError(f"{record}: cannot be read: {error}", "Take an undamaged copy.") from error
    if named is None:
        return None
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise SettingError(f"{record}: held_out is no list of faces", "Take an undamaged copy.")
    return named
