"""A script that was revised, or another source, laid over a schedule that has ages already."""

from dataclasses import replace

from playingage.schedule.model import EVERY, Scene, Schedule, same
from playingage.schedule.script import Imported


def update(old: Schedule, new: Imported) -> Imported:
    """The new scenes in their order, with all that the old schedule says of ages, shots and notes.

    Scenes that only the old one lists are left out of the list; their ages stay. A timeline, whose scenes have no
    characters, takes none away.
    """
    before = {same(scene.id): scene for scene in old.listed}
    listed = [_over(before.get(same(scene.id)), scene) for scene in new.schedule.listed]
    from_script = any(scene.characters or scene.heading for scene in new.schedule.listed)
    if not from_script:
        by_id = {same(scene.id): scene for scene in listed}
        kept = [by_id.get(same(scene.id), scene) for scene in old.listed]
        listed = [*kept, *(scene for scene in listed if same(scene.id) not in before)]
    cast = {same(part.character): part for part in old.cast} | {
        same(part.character): part for part in new.schedule.cast
    }
    have = {entry.where for entry in old.entries}
    entries = (*old.entries, *(entry for entry in new.schedule.entries if entry.where not in have))
    made = replace(old, listed=tuple(listed), cast=tuple(cast.values()), entries=entries)
    present = {same(scene.id) for scene in listed}
    gone = dict.fromkeys(entry.scene for entry in old.entries
                         if entry.scene != EVERY and same(entry.scene) not in present)
    remarks = new.remarks
    if gone:
        remarks = (*remarks, f"scenes that have ages, but are in no list now: {', '.join(gone)}")
    return Imported(schedule=made, remarks=remarks)


def _over(old: Scene | None, new: Scene) -> Scene:
    if old is None:
        return new
    shots = {same(shot.id): shot for shot in old.details}
    for shot in new.details:
        known = shots.get(same(shot.id), shot)
        shots[same(shot.id)] = replace(known, start=shot.start, frames=shot.frames, rate=shot.rate)
    return replace(old, heading=new.heading or old.heading, details=tuple(shots.values()),
                   characters=new.characters if new.heading or new.characters else old.characters)
