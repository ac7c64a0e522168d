"""What a set needs besides the picture: schedule, direction, the watch over grants."""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli.kept import Kept
from playingage.cli.output import say
from playingage.core import PlayingAgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from playingage.cli.casting import GrantedCast
    from playingage.engine import Cast, Look
    from playingage.live import Direction, LiveRun, Pair, Told
    from playingage.live.outputs import Outputs
    from playingage.live.takes import TakeRecorder
    from playingage.media.ports import SourceInfo
    from playingage.production import Production
    from playingage.schedule import Schedule
    from playingage.web.server import Part

log = logging.getLogger(__name__)
IN_THE_LEDGER = {"pin": "set-pin", "unpin": "set-unpin", "emergency": "set-emergency"}
"""Acts that the ledger records, and its words for them."""
ScheduleFile = Annotated[
    Path | None,
    typer.Option("--schedule", metavar="FILE",
                 help="Ages by scene, shot and take (.csv or .toml); the production's own, unless told."),
]
Scene = Annotated[str, typer.Option("--scene", help="Scene to begin with; the schedule's first, unless told.")]
Shot = Annotated[str, typer.Option("--shot", help="Shot to begin with.")]
Takes = Annotated[
    Path | None,
    typer.Option("--takes", metavar="FOLDER", help="Where takes are recorded; the production's own, unless told."),
]


@dataclass(slots=True, kw_only=True)
class OnSet:
    """What runs beside the picture. stack: what is to be ended with it. kept: what the run before it was asked."""

    direction: "Direction"
    kept: Kept = field(default_factory=Kept)
    listeners: "list[Callable[[Pair], None]]" = field(default_factory=list)
    parts: "list[Part]" = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)
    outputs: "Outputs | None" = None

    def add_outputs(self, outputs: "Outputs | None") -> None:
        """Pictures go there too, and their outputs end with the set."""
        self.outputs = outputs
        if outputs is not None:
            self.listeners.append(self.stack.enter_context(outputs))

    def tell(self, run: "LiveRun") -> None:
        """The consoles learn how the outputs do."""
        if self.outputs is not None:
            run.beside["outputs"] = self.outputs.report

    def roll_on(self) -> None:
        """A take that rolled when the run before this one died is over; the next one rolls."""
        if (self.kept.get("state") or {}).get("rolling") is True:
            try:
                self.direction.act("roll", {}, "started again")
            except PlayingAgeError as error:
                log.warning("the next take does not roll: %s", error.what)


def find_schedule(file: Path | None, production: "Production | None") -> "tuple[Path, Schedule] | None":
    """The schedule that is named, else the production's own, if it has one, and its file. Says which.

    Raises ScheduleError.
    """
    from playingage.schedule import Schedule, schedule_of

    if file is None and production is not None:
        file = schedule_of(production.folder)
    if file is None:
        return None
    schedule = Schedule.load(file)
    say(f"Schedule: {file}, {len(schedule.scenes)} scenes, {schedule.sha256[:12]}.")
    return file, schedule


def open_recorder(
    folder: Path | None, source: "SourceInfo", granted: "GrantedCast | None", stack: ExitStack
) -> "TakeRecorder | None":
    """The recorder of takes, running; None where neither folder nor production is there. Says where they go."""
    from playingage.live.takes import TakeRecorder, into_ledger

    production = None if granted is None else granted.production
    if folder is None and production is None:
        return None
    target = production.folder / "takes" if folder is None and production is not None else Path(folder or ".")
    record, known = (None, "") if production is None else (into_ledger(production), production.id)
    recorder = TakeRecorder(target, source, record=record, production=known)
    say(f"Takes: {target}.")
    return stack.enter_context(recorder)


def direct(
    cast: "Cast", granted: "GrantedCast | None", *, age: float | None, look: "Look",
    schedule: "tuple[Path, Schedule] | None" = None, source: "SourceInfo | None" = None, takes: Path | None = None,
    scene: str = "", shot: str = "", kept: Kept | None = None,
) -> OnSet:
    """Whoever says what is asked of the picture; with the grants watched where there are any. Raises SettingError.

    age: asked of everybody, or of the performers without one of their own. source: of what takes are recorded; None
    records none. takes: where. kept: what the run before this one was asked, if it was started again.
    """
    from playingage.live import Direction, Granted, PartFacts
    from playingage.live.grants import GrantWatch
    from playingage.live.watched import ScheduleWatch
    from playingage.web.takes import TakesPart

    kept = kept or Kept()
    restore = kept.get("state")
    parts = [] if granted is None else [
        PartFacts(
            performer=role.performer, name=role.name, start=role.age, follows=role.age is None and age is not None,
            known=role.engine.ages, grants=(Granted(sha256=role.grant, ages=role.ages),),
            model=role.engine.package.spec.name, model_sha256=role.engine.package.sha256, size=role.engine.size,
            look=look,
        )
        for role in cast.roles
    ]
    stack = ExitStack()
    recorder = None if source is None else open_recorder(takes, source, granted, stack)
    low, high = cast.ages if granted is None or age is not None else _all_ages(cast)
    direction = Direction(
        min(max(low, 35.0), high) if age is None else age, youngest=low, oldest=high, look=look, parts=parts,
        schedule=None if schedule is None else schedule[1], recorder=recorder, restore=restore,
    )
    if scene and restore is None:
        direction.act("scene", {"scene": scene, "shot": shot or None}, "start")
    direction.listeners.append(kept.state)
    onset = OnSet(direction=direction, kept=kept, stack=stack)
    if recorder is not None:
        onset.listeners.append(recorder)
        onset.parts.append(TakesPart(recorder.folder, report=recorder.report))
    if schedule is not None:
        onset.stack.enter_context(ScheduleWatch(schedule[0], direction))
    if granted is not None:
        direction.tellers = (*direction.tellers, _journal(granted))
        onset.stack.enter_context(
            GrantWatch(granted.production, direction, [part.performer for part in parts], use=granted.use)
        )
    return onset


def _journal(granted: "GrantedCast") -> "Callable[[Told], None]":
    """Writes into the ledger what an operator said of who is who, and that a clean picture was asked for."""
    by_id = {role.performer: role.grant for role in granted.cast.roles}

    def tell(told: "Told") -> None:
        if told.act in IN_THE_LEDGER:
            performer = told.values.get("performer")
            grants = {each.performer: each.grant for each in told.state.performers} or by_id
            granted.production.ledger.append(
                IN_THE_LEDGER[told.act], performer=performer, grant=grants.get(str(performer)), by=told.by,
                slate=str(told.state.slate), **{name: told.values.get(name) for name in ("face", "on")
                                                if name in told.values},
            )

    return tell


def _all_ages(cast: "Cast") -> tuple[float, float]:
    return min(role.ages[0] for role in cast.roles), max(role.ages[1] for role in cast.roles)
