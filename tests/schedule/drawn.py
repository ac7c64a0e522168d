"""Schedules drawn by chance."""

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from playingage.schedule import REGIONS, Entry, Key, Offset, Part, Plan, Scene, Schedule, Shot
from playingage.schedule.names import KNOWN, tidy


def _line(text: str) -> str:
    return tidy("".join(sign for sign in text if sign.isprintable() or sign.isspace()))


texts = st.text(max_size=30).map(_line)
names = st.text(min_size=1, max_size=12).map(_line).map(lambda text: text.replace(";", ",")).filter(bool)
numbers = st.one_of(
    st.from_regex(r"[0-9]{1,3}[A-C]?", fullmatch=True), st.text(min_size=1, max_size=6).map(_line),
).filter(lambda text: text not in ("", "*"))
performers = st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True)
ages = st.one_of(
    st.integers(0, 120).map(float), st.floats(0, 150), st.decimals(1, 99, places=2).map(float),
)
regions = st.dictionaries(st.sampled_from(REGIONS), ages, max_size=3)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.text(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.dates(),
              st.sampled_from(["toml:", "toml:v = 1", " spaced ", "=1+1", "a;b,c\td", 'quoted "so"', "line\r\nbreak"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
extras = st.dictionaries(
    st.text(min_size=1, max_size=10).map(_line).filter(lambda name: bool(name) and name.casefold() not in KNOWN),
    values, max_size=2,
)
offsets = {
    "frames": st.integers(0, 10**6).map(lambda count: Offset(frames=count)),
    "seconds": st.integers(0, 10**6).map(lambda count: Offset(unit="seconds", seconds=Fraction(count, 1000))),
    "timecode": st.tuples(st.integers(0, 86399), st.integers(0, 23)).map(
        lambda pair: Offset(unit="timecode", seconds=Fraction(pair[0]), frames=pair[1])),
}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    kind = draw(st.sampled_from(["alone", "constant", "constant", "keys"]))
    if kind == "alone":
        return Plan(alone=True)
    if kind == "constant":
        return Plan(keys=(Key(age=draw(ages), regions=draw(regions)),))
    times = draw(st.lists(offsets[draw(st.sampled_from(sorted(offsets)))], min_size=1, max_size=4, unique_by=str))
    times.sort(key=lambda at: (at.seconds, at.frames))
    aged = draw(st.integers(0, len(times) - 1))
    keys = []
    for number, at in enumerate(times):
        age = draw(ages) if number == aged else draw(st.none() | ages)
        parts = draw(regions)
        if age is None and not parts:
            age = 30.0
        keys.append(Key(at=at, age=age, regions=parts, note=draw(texts), extra=draw(extras)))
    return Plan(keys=tuple(keys))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    scene = draw(st.just("*") | numbers)
    shot = "" if scene == "*" else draw(st.just("") | numbers)
    take = None if scene == "*" else draw(st.none() | st.integers(1, 9999))
    maybe = st.none() | plans() if scene != "*" and not shot and take is None else plans()
    return Entry(performer=draw(performers), scene=scene, shot=shot, take=take, plan=draw(maybe), note=draw(texts),
                 extra=draw(extras))


shots = st.builds(
    Shot, id=numbers, start=st.sampled_from(["", "10:00:00:05", "01:02:03:12"]),
    frames=st.none() | st.integers(1, 10**6), note=texts, extra=extras,
    rate=st.sampled_from([None, Fraction(24), Fraction(24000, 1001)]),
)
scenes = st.builds(
    Scene, id=numbers, heading=texts, characters=st.lists(names, max_size=3, unique_by=str.casefold).map(tuple),
    details=st.lists(shots, max_size=2, unique_by=lambda shot: shot.id.casefold()).map(tuple), note=texts, extra=extras,
)
schedules = st.builds(
    Schedule,
    listed=st.lists(scenes, max_size=4, unique_by=lambda scene: scene.id.casefold()).map(tuple),
    cast=st.lists(st.builds(Part, character=names, performer=performers, note=texts, extra=extras), max_size=3,
                  unique_by=lambda part: part.character.casefold()).map(tuple),
    entries=st.lists(entries(), max_size=6, unique_by=lambda entry: entry.where).map(tuple),
    extra=extras,
)
