"""What a schedule leaves open, and what neither grant nor model covers. Facts come in as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from playingage.schedule.model import EVERY, Scene, Schedule, same
from playingage.schedule.plan import Plan

WEAK = 0.5
"""Below this the performer's own footage says little about an age, and the default re-ager's knowledge stands."""
Kind = Literal["gap", "grant", "model", "unknown", "weak", "remark"]
FAILING: tuple[Kind, ...] = ("gap", "grant", "model", "unknown")
"""What makes a schedule one that cannot be shot as it stands."""


class _Extra(Protocol):
    @property
    def extra(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a performer. Ages are pairs of youngest and oldest, in years.

    granted: for each use the ages of each grant in force. refused: for each use without a grant in force, why.
    model: what the performer's newest model knows, or None, and then `no_model` says why. coverage: (age, weight
    0..1): how far their own footage speaks.
    """

    name: str
    granted: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    model: tuple[float, float] | None = None
    no_model: str = ""
    coverage: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about a performer (or a scene, or the whole): what it is, where, in words."""

    kind: Kind
    words: str
    performer: str = ""
    scenes: tuple[str, ...] = ()

    @property
    def failing(self) -> bool:
        """Whether it has to be mended before the scenes are shot."""
        return self.kind in FAILING

    @property
    def told(self) -> str:
        """For people."""
        where = ""
        if self.scenes:
            where = f"scene{'s'[: len(self.scenes) > 1]} {', '.join(self.scenes)}: "
        return f"{f'{self.performer}: ' if self.performer else ''}{where}{self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A performer in one place of the strip. plan: what is asked, or None. kinds: what was found about it."""

    performer: str
    plan: Plan | None
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place of the strip: a scene, or a shot or take that has ages of its own. scene: "*" where there are none."""

    scene: str
    heading: str = ""
    shot: str = ""
    take: int | None = None
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Shot and take: A, A/3, /3; empty for the scene."""
        return self.shot + ("" if self.take is None else f"/{self.take}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A schedule laid out: performers, slots in the scenes' order, and everything that was found."""

    performers: tuple[str, ...]
    slots: tuple[Slot, ...]
    findings: tuple[Finding, ...]

    @property
    def failing(self) -> bool:
        """Whether anything has to be mended."""
        return any(finding.failing for finding in self.findings)


def lay_out(schedule: Schedule, facts: Mapping[str, Facts] | None = None) -> Strip:
    """The strip of a schedule. facts: of performers by ID, those who are not in it are unknown; None looks at none."""
    slots = []
    found: dict[tuple[Kind, str, str], dict[str, None]] = {}
    for scene in schedule.scenes or (None,):
        id = EVERY if scene is None else scene.id
        for shot, take in [("", None)] if scene is None else _places(schedule, scene):
            cells = {}
            for performer in schedule.performers if scene is None else schedule.present(scene):
                cell, said = _cell(schedule, id, () if scene is None else scene.shots, (shot, take), performer, facts)
                if cell is not None:
                    cells[performer] = cell
                for kind, words in said:
                    found.setdefault((kind, performer, words), {})[id] = None
            if cells or not (shot or take):
                slots.append(Slot(scene=id, heading="" if scene is None else scene.heading, shot=shot, take=take,
                                  cells=cells))
    findings = [
        Finding(kind=kind, performer=performer, words=words, scenes=tuple(id for id in scenes if id != EVERY))
        for (kind, performer, words), scenes in found.items()
    ]
    order: tuple[Kind, ...] = ("gap", "unknown", "grant", "model", "weak", "remark")
    findings.sort(key=lambda finding: order.index(finding.kind))
    return Strip(performers=schedule.performers, slots=tuple(slots), findings=(*findings, *_remarks(schedule)))


def weight_at(coverage: Sequence[tuple[float, float]], age: float) -> float | None:
    """How far own footage speaks at an age, 0..1; None where nothing is known."""
    points = sorted(coverage)
    if not points:
        return None
    if age <= points[0][0] or age >= points[-1][0]:
        return points[0 if age <= points[0][0] else -1][1]
    after = next(number for number, point in enumerate(points) if point[0] >= age)
    (first, low), (second, high) = points[after - 1], points[after]
    return high if second == first else low + (high - low) * (age - first) / (second - first)


def _places(schedule: Schedule, scene: Scene) -> list[tuple[str, int | None]]:
    """The scene as a whole, then its shots and takes that have ages of their own."""
    own: dict[tuple[str, int | None], tuple[str, int | None]] = {}
    for entry in schedule.entries_of(scene):
        if entry.shot or entry.take is not None:
            own.setdefault((same(entry.shot), entry.take), (entry.shot, entry.take))
    order = {same(shot): number for number, shot in enumerate(scene.shots)}
    return [("", None), *sorted(own.values(), key=lambda place: (order.get(same(place[0]), -1), place[1] or 0))]


def _cell(
    schedule: Schedule, scene: str, shots: tuple[str, ...], place: tuple[str, int | None], performer: str,
    facts: Mapping[str, Facts] | None,
) -> tuple[Cell | None, list[tuple[Kind, str]]]:
    shot, take = place
    plan = schedule.at(scene, shot, take, performer)
    if plan is None:
        bare = [each for each in shots if schedule.at(scene, each, None, performer) is None]
        if shot or take is not None or (shots and not bare):
            return None, []  # the scene's own slot tells, or every shot has its own
        some = len(bare) < len(shots)
        words = f"has no age in shot{'s'[: len(bare) > 1]} {', '.join(bare)}" if some else "has no age"
        return Cell(performer=performer, plan=None, kinds=("gap",)), [("gap", words)]
    said = [] if facts is None else _judged(plan, facts.get(performer))
    kinds = tuple(dict.fromkeys(kind for kind, _ in said))
    return Cell(performer=performer, plan=plan, kinds=kinds), said


def _judged(plan: Plan, facts: Facts | None) -> list[tuple[Kind, str]]:
    """What grants and model say to a plan."""
    if plan.span is None:
        return []
    if facts is None:
        return [("unknown", "is no performer of the production")]
    low, high = plan.span
    ages = f"age {low:g}" if low == high else f"ages {low:g} to {high:g}"
    found: list[tuple[Kind, str]] = [("grant", words) for words in facts.refused.values()]
    short: dict[str, list[str]] = {}
    for use, granted in facts.granted.items():
        if not any(first <= low and high <= last for first, last in granted):
            only = " or ".join(f"{first:g} to {last:g}" for first, last in granted)
            short.setdefault(only, []).append(use)
    found += [("grant", f"{ages}: grants in force for {' and '.join(uses)} cover {only}")
              for only, uses in short.items()]
    if facts.model is None:
        return [*found, ("model", facts.no_model or "has no model")]
    if not facts.model[0] <= low <= high <= facts.model[1]:
        found.append(("model", f"{ages}: their model knows {facts.model[0]:g} to {facts.model[1]:g}"))
    else:
        inside = [age for age, _ in facts.coverage if low < age < high]
        weights = [weight for age in (low, high, *inside) if (weight := weight_at(facts.coverage, age)) is not None]
        if weights and min(weights) < WEAK:
            found.append(("weak", f"{ages}: their own footage says little there ({min(weights):.0%})"))
    return found


def _remarks(schedule: Schedule) -> list[Finding]:
    """What is worth knowing of the whole."""
    found = []
    listed = {same(scene.id) for scene in schedule.listed}
    beyond = tuple(scene.id for scene in schedule.scenes if same(scene.id) not in listed)
    if listed and beyond:
        found.append(Finding(kind="remark", scenes=beyond, words="have ages, but are not in the list of scenes"))
    nobody = {same(name): name for scene in schedule.listed for name in scene.characters
              if schedule.performer_of(name) is None}
    if nobody:
        found.append(Finding(kind="remark", words=f"nobody is named who plays {', '.join(nobody.values())}"))
    parts: tuple[_Extra, ...] = (schedule, *schedule.cast, *schedule.listed, *schedule.entries,
             *(shot for scene in schedule.listed for shot in scene.details),
             *(key for entry in schedule.entries if entry.plan is not None for key in entry.plan.keys))
    unknown = dict.fromkeys(name for part in parts for name in part.extra)
    if unknown:
        found.append(Finding(kind="remark", words=f"fields that mean nothing here, kept: {', '.join(unknown)}"))
    return found
