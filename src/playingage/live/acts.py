"""What a console may ask for, by name. Each act checks its values before anything changes.

Acts on the slate come one at a time and speak to the recorder without the stage's lock, so that a slow disk holds up
neither a frame nor another act.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from playingage.core import SettingError
from playingage.engine import Look
from playingage.live.ports import Pinner
from playingage.live.stage import Stage
from playingage.live.state import Slate

Values = Mapping[str, Any]
_MOST_WORDS = 200


def carry_out(stage: Stage, name: str, values: Values) -> None:
    """Do the act `name`. Raises SettingError for one that is none, or that cannot be."""
    act = ACTS.get(name)
    if act is None:
        raise SettingError(f"there is no act {name!r}", f"Known: {', '.join(ACTS)}.")
    with stage.slating if name in _SLATING else stage.lock:
        act(stage, values)


def _scene(stage: Stage, values: Values) -> None:
    """scene, and shot where one is meant; any that a slate can hold, in the schedule or not."""
    _at_rest(stage)
    scene, shot = _text(values, "scene"), values.get("shot")
    known = next((each for each in stage.current.scenes if each.scene == scene), None)
    place = next(iter(known.shots), "") if known is not None and shot is None else _text(values, "shot", "")
    _go(stage, scene, place)


def _shot(stage: Stage, values: Values) -> None:
    _at_rest(stage)
    slate = stage.fresh_take(stage.current.slate.scene, _text(values, "shot"))
    _to(stage, slate, f"SHOT {slate.shot or '-'}")


def _next(stage: Stage, values: Values) -> None:
    _step(stage, 1)


def _previous(stage: Stage, values: Values) -> None:
    _step(stage, -1)


def _step(stage: Stage, by: int) -> None:
    _at_rest(stage)
    scenes = [each.scene for each in stage.current.scenes]
    if not scenes:
        raise SettingError("there is no schedule to step through", "Type the scene's number.")
    here = stage.current.slate.scene
    at = scenes.index(here) + by if here in scenes else 0
    if not 0 <= at < len(scenes):
        raise SettingError(f"scene {here} is the {'last' if by > 0 else 'first'} of the schedule")
    _go(stage, scenes[at], next(iter(stage.current.scenes[at].shots), ""))


def _take(stage: Stage, values: Values) -> None:
    _at_rest(stage)
    slate = replace(stage.current.slate, take=values.get("take"))  # type: ignore[arg-type]  # a slate checks itself
    _to(stage, slate, f"TAKE {slate.take}")


def _roll(stage: Stage, values: Values) -> None:
    """The take begins with the next frame."""
    _at_rest(stage)
    slate = stage.current.slate
    stage.recorder.roll(slate, stage.state)
    with stage.lock:
        stage.change(replace(stage.current, rolling=True, rolled_at=None, notice=f"ROLLING {slate}"))


def _cut(stage: Stage, values: Values) -> None:
    """The take ends; the next one is slated."""
    slate = stage.current.slate
    if not stage.current.rolling:
        raise SettingError("nothing rolls")
    with stage.lock:
        stage.change(replace(stage.current, rolling=False, rolled_at=None, notice=f"CUT {slate}"))
    stage.recorder.cut()
    take = max(slate.take + 1, stage.recorder.next_take(slate.scene, slate.shot))
    _to(stage, replace(slate, take=take), f"CUT {slate}")


def _mark(stage: Stage, values: Values) -> None:
    """words, kept with the take that rolls, or the last one."""
    stage.recorder.mark(_text(values, "words"))


def _age(stage: Stage, values: Values) -> None:
    """performer and age in years; age None goes back to the schedule. Without a performer: of everybody.

    was: only while this age is still set by hand (None: while none is), so that a sweep overrules nobody.
    """
    age = values.get("age")
    if values.get("performer") is None:
        _still(values, stage.age)
        wanted = _number(age, "age")
        if not stage.youngest <= wanted <= stage.oldest:
            raise SettingError(f"age {wanted:g} is not between {stage.youngest:g} and {stage.oldest:g}")
        stage.set_age(wanted)
        return
    part, hand = stage.part(values["performer"]), stage.hand(values["performer"])
    _still(values, hand.age)
    if age is None:
        stage.set_hand(part.performer, replace(hand, age=None))
        return
    wanted = _number(age, "age")
    _may_be(stage, part.performer, wanted)
    stage.set_hand(part.performer, replace(hand, age=wanted))


def _regions(stage: Stage, values: Values) -> None:
    """performer, and regions with an age in years each; None goes back to the schedule."""
    part, hand = stage.part(values.get("performer")), stage.hand(values.get("performer"))
    regions = values.get("regions")
    if regions is not None:
        if not isinstance(regions, Mapping):
            raise SettingError("regions are names with ages", 'Send them like {"eyes": 60}.')
        regions = {str(name): _number(age, f"region {name}") for name, age in regions.items()}
        Look(regions=regions)
        for age in regions.values():
            _may_be(stage, part.performer, age)
    stage.set_hand(part.performer, replace(hand, regions=regions))


def _strength(stage: Stage, values: Values) -> None:
    part, hand = stage.part(values.get("performer")), stage.hand(values.get("performer"))
    strength = _number(values.get("strength"), "strength")
    Look(strength=strength)
    stage.set_hand(part.performer, replace(hand, strength=strength))


def _on(stage: Stage, values: Values) -> None:
    part, hand = stage.part(values.get("performer")), stage.hand(values.get("performer"))
    on = _switch(values)
    stage.set_hand(part.performer, replace(hand, on=on), f"{part.name}: {'ON' if on else 'OFF'}")


def _emergency(stage: Stage, values: Values) -> None:
    """on: every aged monitor shows the clean picture, and says so."""
    on = _switch(values)
    notice = "EMERGENCY: CLEAN PICTURE" if on else "AGED PICTURES AGAIN"
    stage.change(replace(stage.current, emergency=on, notice=notice))


def _pin(stage: Stage, values: Values) -> None:
    """face by its number, and the performer whom it shows; None where it is nobody of the cast."""
    performer = values.get("performer")
    who = "NOBODY OF THE CAST" if performer is None else stage.part(performer).name
    _pinner(stage).pin(_face(values), performer)
    stage.change(replace(stage.current, notice=f"FACE {_face(values)} IS {who}"))


def _unpin(stage: Stage, values: Values) -> None:
    """face: the program decides again who it is."""
    _pinner(stage).unpin(_face(values))
    stage.change(replace(stage.current, notice=f"FACE {_face(values)}: THE PROGRAM DECIDES"))


ACTS: Mapping[str, Callable[[Stage, Values], None]] = {
    "scene": _scene, "shot": _shot, "next": _next, "previous": _previous, "take": _take, "roll": _roll, "cut": _cut,
    "mark": _mark, "age": _age, "regions": _regions, "strength": _strength, "on": _on, "emergency": _emergency,
    "pin": _pin, "unpin": _unpin,
}
_SLATING = frozenset({"scene", "shot", "next", "previous", "take", "roll", "cut"})


def _go(stage: Stage, scene: str, shot: str) -> None:
    slate = stage.fresh_take(scene, shot)
    with stage.lock:
        stage.new_hands()
        _to(stage, slate, f"SCENE {scene}")


def _to(stage: Stage, slate: Slate, notice: str) -> None:
    with stage.lock:
        stage.change(replace(stage.current, slate=slate, notice=notice))


def _at_rest(stage: Stage) -> None:
    if stage.current.rolling:
        raise SettingError(f"{stage.current.slate} rolls", "Cut first.")


def _still(values: Values, age: float | None) -> None:
    if "was" in values and values["was"] != age:
        raise SettingError("another age was set meanwhile")


def _may_be(stage: Stage, performer: str, age: float) -> None:
    part = stage.part(performer)
    why = part.why_not(age)
    if why:
        low, high = part.ages
        raise SettingError(f"{part.name}: {why.lower()}: {age:g}", f"Ask for {low:g} to {high:g}.")


def _pinner(stage: Stage) -> Pinner:
    if stage.pinner is None:
        raise SettingError("nobody is told from others here", "Name performers with --performer.")
    return stage.pinner


def _face(values: Values) -> int:
    face = values.get("face")
    if isinstance(face, bool) or not isinstance(face, int):
        raise SettingError(f"face {face!r} is no number of a face")
    return face


def _text(values: Values, name: str, default: str | None = None) -> str:
    text = values.get(name, default)
    if not isinstance(text, str) or len(text) > _MOST_WORDS:
        raise SettingError(f"{name} {text!r} is no text of up to {_MOST_WORDS} characters")
    return text.strip()


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingError(f"{name} {value!r} is no number")
    return float(value)


def _switch(values: Values) -> bool:
    on = values.get("on")
    if not isinstance(on, bool):
        raise SettingError(f"on {on!r} is neither true nor false")
    return on
