"""Faces for the report: a few people at every request, and the results that are furthest off."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from playingage.review.evaluation.groups import groupings
from playingage.review.evaluation.measures import Rgb
from playingage.review.evaluation.pictures import PictureStore, read_picture, shift_name
from playingage.review.evaluation.stills import Result, Stills
from playingage.review.evaluation.summary import mouth_of, sharpness_of, side

Value = Callable[[Result], float | None]
_PEOPLE = 6
_CELL = 224
_ROOM, _CLOSE = 0.70, 0.24
"""Half a cell's side, of the face's size; the same of a close view."""
_QUALITY = 90
_GREY = (34, 34, 34)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """A result that is furthest off: in which respect, by how much."""

    result: Result
    what: str
    figure: str


def some_people(stills: Stills, count: int = _PEOPLE) -> list[str]:
    """Names of people who differ most in sex, age and skin tone, those with most requests first."""
    by_name: dict[str, list[Result]] = {}
    for result in stills.results:
        by_name.setdefault(result.person.name, []).append(result)
    ways = groupings(stills.results)
    chosen: list[str] = []
    seen: set[str] = set()

    def groups_of(name: str) -> set[str]:
        return {way.group_of(by_name[name][0]) for way in ways}

    def gain(name: str) -> tuple[int, int, str]:
        return len(groups_of(name) - seen), len(by_name[name]), name

    while len(chosen) < min(count, len(by_name)):
        name = max((n for n in by_name if n not in chosen), key=gain)
        chosen.append(name)
        seen |= groups_of(name)
    return sorted(chosen, key=lambda name: by_name[name][0].person.age)


def furthest(stills: Stills) -> list[Worst]:
    """The two that are furthest off in each respect; nobody twice in one."""
    asked = [result for result in stills.results if result.shift]
    respects: list[tuple[str, Sequence[Result], Value, str]] = [
        ("least like the person", asked, lambda r: r.verdict.identity if r.verdict else None,
         "identity distance {:.2f}"),
        ("moves least", [r for r in asked if abs(r.shift) >= 20],
         lambda r: -r.verdict.shift / r.shift if r.verdict else None, "{:.0%} of the years asked"),
        ("softest skin", asked, lambda r: _minus(sharpness_of(r)), "skin sharpness {:.2f}"),
        ("roughest skin", side(asked, "older"), sharpness_of, "skin sharpness {:.2f}"),
        ("mouth moves most", asked, mouth_of, "{:.1f} % of the eye distance"),
    ]
    found = []
    for what, results, value_of, words in respects:
        there = [(value, result) for result in results if (value := value_of(result)) is not None]
        names: set[str] = set()
        for value, result in sorted(there, key=lambda each: -each[0]):
            if result.person.name not in names and len(names) < 2:
                names.add(result.person.name)
                shown = -value if what in ("moves least", "softest skin") else value
                found.append(Worst(result=result, what=what, figure=words.format(shown)))
    return found


class Faces:
    """Cut-outs of the pictures in a store, as data addresses for an HTML page."""

    def __init__(self, store: PictureStore) -> None:
        self._folder = store.folder

    def before(self, result: Result, *, close: bool = False) -> str:
        """The face before re-ageing."""
        return self._cut(result, "in", close)

    def after(self, result: Result, *, close: bool = False) -> str:
        """The face after re-ageing."""
        return self._cut(result, "out", close)

    def _cut(self, result: Result, which: str, close: bool) -> str:
        path = self._folder / shift_name(result.shift) / which / f"{result.person.name}.png"
        left, top, right, bottom = result.box
        if close:  # one eye and the cheek under it
            half = _CLOSE * max(right - left, bottom - top)
            x, y = left + 0.70 * (right - left), top + 0.40 * (bottom - top)
        else:
            half = _ROOM * max(right - left, bottom - top)
            x, y = (left + right) / 2, (top + bottom) / 2 - 0.03 * (bottom - top)
        return jpeg(cut(read_picture(path), x, y, half, _CELL))


def cut(picture: Rgb, x: float, y: float, half: float, size: int) -> Rgb:
    """The square around (x, y), `half` pixels to each side, as `size` x `size`; grey beyond the border."""
    scale = size / (2 * half)
    if scale < 1:  # reduced by area first, so that skin does not alias
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture, x, y, scale = np.asarray(small, np.uint8), x * scale, y * scale, 1.0
    move = np.array([[scale, 0, size / 2 - scale * x], [0, scale, size / 2 - scale * y]], np.float32)
    return np.asarray(cv2.warpAffine(picture, move, (size, size), flags=cv2.INTER_CUBIC, borderValue=_GREY), np.uint8)


def jpeg(picture: Rgb) -> str:
    """A data address."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert ok
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _minus(value: float | None) -> float | None:
    return None if value is None else -value
