"""One render: source, engine, sink, and a second sink for the matte where one is wanted."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from playingage.core import SettingError, UnreadableError, WriteBehind, prefetch
from playingage.engine import AgeRequest, Cast, CastAges, Engine, Look, Reaged, Reason, reage_frame
from playingage.faces import FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.media.ports import Sink, Source
from playingage.render.casting import Casting
from playingage.render.matte import matte_frame
from playingage.render.steady import SteadyFrame, steady_faces
from playingage.schedule import Plan

_AHEAD, _BEHIND = 3, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """age: playing age in years for every face, or every performer without one of their own. source_age: the real one
    where known; not for a cast. look: what is asked besides. plans: by performer, ages frame by frame from the first
    frame on, and of regions, before all others."""

    age: float
    source_age: float | None = None
    look: Look = field(default_factory=Look)
    plans: Mapping[str, Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, age in (("age", self.age), ("source age", self.source_age)):
            if age is not None and not 0 <= age <= 150:  # also refuses NaN; the model knows its own limits
                raise SettingError(f"{name} {age:g} is no age of a person", "Give it in years.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderReport:
    """What a render did.

    frames_aged: frames with at least one pixel in the matte. cuts: numbers of the first frames of shots after the
    first. seconds: wall time; real_time: seconds of picture rendered in a second of wall time. source_ages: by face.
    faded: by reason, frames in which a face got less of the change than asked, or none; reasons without any are left
    out. children: faces that read as children and were left as they are. model, model_sha256: several are joined by
    commas. performers: who was asked for, by which model and grant, at which age (with a plan: `ages` from youngest to
    oldest, and whether `keyed`), and in how many frames they are;
    others: faces that were none of them. Both empty where everybody was re-aged.
    """

    frames: int
    frames_aged: int
    faces: int
    cuts: tuple[int, ...]
    seconds: float
    real_time: float
    source_ages: dict[int, float]
    faded: dict[str, int]
    children: tuple[int, ...]
    model: str
    model_sha256: str
    device: str
    performers: tuple[dict[str, Any], ...] = ()
    others: int = 0


@dataclass(slots=True)
class _Tally:
    frames: int = 0
    aged: int = 0
    cuts: list[int] = field(default_factory=list)
    ages: dict[int, float] = field(default_factory=dict)
    faded: Counter[str] = field(default_factory=Counter)
    children: set[int] = field(default_factory=set)
    roles: Counter[int] = field(default_factory=Counter)
    others: set[int] = field(default_factory=set)
    end: float = 0.0

    def count(self, item: SteadyFrame, done: Reaged) -> None:
        if item.cut:
            self.cuts.append(self.frames)
        self.frames += 1
        self.aged += bool(item.faces) and bool(done.matte.any())
        self.ages.update(zip((face.id for face in item.faces), item.ages, strict=True))
        self.faded.update({reason.value for outcome in done.outcomes for reason in outcome.reasons})
        self.faded.update([Reason.UNKNOWN.value] if item.others else [])
        self.roles.update(set(item.roles))
        self.others.update(item.others)
        self.children.update(outcome.face for outcome in done.outcomes if Reason.CHILD in outcome.reasons)
        self.end = float(item.frame.seconds + 1 / item.frame.rate)


def render(
    source: Source, sink: Sink, engine: Engine | Casting, settings: RenderSettings,
    progress: Callable[[int], None] = lambda _: None, *, matte: Sink | None = None,
) -> RenderReport:
    """Re-age every frame of `source` into `sink`; `progress` is told the number of frames done.

    engine: for everybody; or who is who, as `recognise` found it in the same source: then nobody else is touched.
    matte: where the mattes go, opened as `matte_info` says. The caller opens the sinks and finishes or abandons them.
    Raises MediaError, and SettingError for an age the model does not know.
    """
    casting = engine if isinstance(engine, Casting) else None
    cast = engine.cast if isinstance(engine, Casting) else Cast.everybody(engine, settings.source_age)
    if casting is not None and settings.source_age is not None:
        raise ValueError("in a cast each role has a source age of its own")
    cast.check_age(settings.age)
    tracker = FaceTracker(cast.device, TrackerSettings(smooth=False, irises=False))
    reader = prefetch(steady_faces(source, tracker, CastAges(cast), casting), _AHEAD)
    writer: WriteBehind[Reaged] = WriteBehind(lambda done: _write(done, sink, matte), _BEHIND)
    begun, tally = time.monotonic(), _Tally()
    try:
        for item in reader:
            done = reage_frame(item.frame, _wanted(item, tally.frames, cast, settings))
            writer.put(done)
            tally.count(item, done)
            progress(tally.frames)
        writer.finish()
    finally:
        writer.stop()
        reader.close()
    if not tally.frames:
        raise UnreadableError(f"{source.info.name}: holds no picture", "Check that it is a clip, sequence or picture.")
    return _report(tally, cast, settings, time.monotonic() - begun)


def _report(tally: _Tally, cast: Cast, settings: RenderSettings, seconds: float) -> RenderReport:
    packages = [role.engine.package for role in cast.roles]
    performers = tuple(
        {**role.facts, "age": cast.age_of(number, settings.age), "frames": tally.roles[number],
         **_planned(settings.plans.get(role.performer))}
        for number, role in enumerate(cast.roles)
    )
    return RenderReport(
        frames=tally.frames, frames_aged=tally.aged, faces=len(tally.ages), cuts=tuple(tally.cuts), seconds=seconds,
        real_time=tally.end / max(seconds, 1e-6),
        source_ages={key: round(value, 1) for key, value in sorted(tally.ages.items())},
        faded=dict(sorted(tally.faded.items())), children=tuple(sorted(tally.children)),
        model=", ".join(package.spec.name for package in packages),
        model_sha256=", ".join(package.sha256 for package in packages), device=str(cast.device),
        performers=performers if cast.known else (), others=len(tally.others),
    )


def _planned(plan: Plan | None) -> dict[str, Any]:
    return {} if plan is None or plan.span is None else {"ages": list(plan.span), "keyed": not plan.constant}


def _wanted(item: SteadyFrame, index: int, cast: Cast, settings: RenderSettings) -> list[tuple[Engine, AgeRequest]]:
    """What is asked of each face of a frame; `index` counts from 0."""
    asked = {role: _asked(index, item.frame.rate, role, cast, settings) for role in set(item.roles)}
    return [
        (cast.roles[role].engine, AgeRequest(
            face=face, source_age=age, target_age=asked[role][0], look=asked[role][1], read=read,
        ))
        for face, age, read, role in zip(item.faces, item.ages, item.read, item.roles, strict=True)
    ]


def _asked(index: int, rate: Fraction, role: int, cast: Cast, settings: RenderSettings) -> tuple[float, Look]:
    plan = settings.plans.get(cast.roles[role].performer)
    if plan is None or plan.alone:
        return cast.age_of(role, settings.age), settings.look
    regions = plan.regions(index, rate)
    look = replace(settings.look, regions={**settings.look.regions, **regions}) if regions else settings.look
    return plan.age(index, rate), look


def _write(done: Reaged, sink: Sink, matte: Sink | None) -> None:
    sink.write(done.frame)
    if matte is not None:
        matte.write(matte_frame(done.frame, done.matte))
