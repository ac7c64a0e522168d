"""Who was aged in a take, to what, under which grant: what the ledger keeps of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playingage.live.takes.names import TakeError
from playingage.live.takes.reader import Take
from playingage.production import Production

_NOTHING = 0.02
"""Strengths up to which a face counts as unchanged, as on the monitors."""
EVENT = "take"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeUse:
    """One performer's part in a take. ages: youngest and oldest that they were taken to, in years.

    frames: how many of the take's show them aged. first, last: timecodes of these. sha256: of take.json.
    """

    performer: str
    grant: str
    package: str
    ages: tuple[float, float]
    frames: int
    first: str
    last: str
    take: str
    slate: str
    id: str
    ended: str
    sha256: str


Record = Callable[[Sequence[TakeUse]], None]
"""Keeps the uses of a take; raises PlayingAgeError where it cannot."""


def uses_of(take: Take, sha256: str) -> tuple[TakeUse, ...]:
    """A line for each performer and grant; `sha256` of the take.json that holds the hashes."""
    try:
        found = _found(take)
    except (TypeError, ValueError, AttributeError) as error:
        raise TakeError(f"{take.folder}: who was aged in it cannot be read: {error}",
                        "Take it from a backup.") from error
    return tuple(
        TakeUse(
            performer=performer, grant=grant, package=package, ages=(min(aged)[0], max(aged)[0]), frames=len(aged),
            first=aged[0][1], last=aged[-1][1], take=take.name, slate=take.slate, id=str(take.document.get("id", "")),
            ended=take.ended, sha256=sha256,
        )
        for (performer, grant, package), aged in found.items()
    )


def _found(take: Take) -> dict[tuple[str, str, str], list[tuple[float, str]]]:
    """Age and timecode of each aged frame, by performer, grant and package."""
    found: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
    for frame in take.frames:
        if frame.note.get("view") in ("failed", "clean", "late"):
            continue
        parts = _parts(take.states.get(frame.note.get("state") or -1, {}))
        for face in frame.faces:
            performer, age = face.get("performer"), face.get("target_age")
            if not performer or age is None or (face.get("strength") or 0) <= _NOTHING:
                continue
            part = parts.get(performer, {})
            key = str(performer), str(part.get("grant", "")), str(part.get("model_sha256", ""))
            found.setdefault(key, []).append((float(age), frame.timecode))
    return found


def into_ledger(production: Production) -> Record:
    """Keeps uses in a production's ledger, once for each take.json."""

    def record(uses: Sequence[TakeUse]) -> None:
        for use in uses:
            production.ledger.append(
                EVENT, performer=use.performer, grant=use.grant or None, take=use.take, slate=use.slate, id=use.id,
                package=use.package, ages=list(use.ages), frames=use.frames, timecode=[use.first, use.last],
                ended=use.ended, sha256=use.sha256,
            )

    return record


def _parts(state: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(each.get("performer")): each for each in state.get("performers") or ()}
