"""`--slate`: a shot of the schedule says who is how old in it, frame by frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli.casting import ALL, Asked
from playingage.cli.output import say
from playingage.core import SettingError

if TYPE_CHECKING:
    from fractions import Fraction

    from playingage.engine import Cast
    from playingage.schedule import Plan, Schedule

Slated = Annotated[
    str | None,
    typer.Option("--slate", metavar="SCENE[/SHOT[/TAKE]]",
                 help="Ages of this shot from the schedule: 12, 12/A, 12/A/3. IN begins where the take began."),
]
ScheduleFile = Annotated[
    Path | None, typer.Option("--schedule", metavar="FILE", help="Schedule of --slate; else the production's own.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slating:
    """A slate as it was given. Raises SettingError."""

    scene: str
    shot: str = ""
    take: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Slating":
        """Read 12, 12/A or 12/A/3."""
        scene, *rest = [part.strip() for part in text.split("/")]
        take = rest[1] if len(rest) > 1 else ""
        if not scene or len(rest) > 2 or (take and not (take.isascii() and take.isdigit() and 0 < int(take) < 10000)):
            raise SettingError(f"--slate {text}: is no scene, shot and take", "Write it like 12, 12/A or 12/A/3.")
        return cls(scene=scene, shot=rest[0] if rest else "", take=int(take) if take else None)

    def __str__(self) -> str:
        parts = [self.scene, self.shot, "" if self.take is None else str(self.take)]
        return "/".join(parts).rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a schedule asks of a shot. asked: whom, with their first age and all that follow. plans: by performer."""

    file: Path
    sha256: str
    slate: Slating
    asked: tuple[Asked, ...]
    plans: Mapping[str, "Plan"]

    @property
    def document(self) -> dict[str, str]:
        """For reports and the ledger."""
        return {"schedule": self.sha256, "slate": str(self.slate)}

    def check(self, cast: "Cast") -> None:
        """Raises SettingError for an age on the way that a model does not know or a grant does not cover."""
        for role in cast.roles:
            plan = self.plans.get(role.performer)
            for age in () if plan is None or plan.span is None else plan.span:
                role.check_age(age)


def plan_slate(
    slate: str | None, file: Path | None, asked: tuple[Asked, ...], age: float | None, production: Path | None
) -> Planned | None:
    """What the schedule asks of those named, or of all whom it has in the scene. None without a slate.

    An age given by hand counts before the schedule's; `age` where that says nothing. Raises SettingError.
    """
    if slate is None:
        if file is not None:
            raise SettingError("--schedule without a shot says no age", "Name the shot: --slate 12/A/3.")
        return None
    from playingage.cli.schedule import find

    place = Slating.parse(slate)
    path, schedule = find(file, production)
    if schedule.scene(place.scene) is None:
        say(f"Scene {place.scene} is not in the schedule: what is said of the whole production counts.")
    named = [each for each in asked if each.performer != ALL]
    if len(named) < len(asked) or not named:
        known = {each.performer for each in named}
        named += [Asked(performer=id, age=None) for id in _present(schedule, place) if id not in known]
    whom, plans = [], {}
    for each in named:
        plan = schedule.at(place.scene, place.shot, place.take, each.performer)
        if each.age is not None or (plan is None and age is not None):
            whom.append(each)
        elif plan is None:
            raise SettingError(f"{path.name}: says no age of {each.performer} in {place}",
                               f"Give one: --performer {each.performer}=AGE, or write it into the schedule.")
        elif plan.alone or plan.span is None:
            say(f"{each.performer}: left alone in {place}, as the schedule says.")
        else:
            plans[each.performer] = plan
            whom.append(Asked(performer=each.performer, age=plan.age(0, _any_rate()), further=plan.span))
    if not whom:
        raise SettingError(f"{path.name}: asks nothing of anybody in {place}", "There is nothing to render.")
    say(f"Schedule: {path}, {schedule.sha256[:12]}, {place}.")
    return Planned(file=path, sha256=schedule.sha256, slate=place, asked=tuple(whom), plans=plans)


def _present(schedule: "Schedule", place: Slating) -> list[str]:
    """Who is in the scene and has an age there; where it does not say who is, all who have one."""
    scene = schedule.scene(place.scene)
    present = () if scene is None else schedule.present(scene)
    return [id for id in present or schedule.performers
            if present or schedule.at(place.scene, place.shot, place.take, id) is not None]


def _any_rate() -> "Fraction":
    """At the take's first frame every rate gives the same."""
    from fractions import Fraction

    return Fraction(24)
