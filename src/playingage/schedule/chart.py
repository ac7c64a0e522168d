"""The strip as a page: performers by scenes, ages as colour and number. Plain HTML and SVG, without scripts."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape

from playingage.schedule.coverage import Cell, Kind, Slot, Strip
from playingage.schedule.plan import Plan, written

_WIDTH, _NAMES, _HEAD, _ROW, _GAP = 1360, 150, 46, 50, 3
_NARROW, _WIDE = 44, 150
_STOPS = ((5, (66, 98, 190)), (22, (70, 150, 205)), (38, (110, 180, 160)), (52, (190, 190, 120)), (68, (226, 160, 76)),
          (90, (200, 92, 70)))
_FLAGS: Mapping[Kind, tuple[str, str]] = {
    "unknown": ("?", "no performer of the production"), "grant": ("G", "no grant in force covers it"),
    "model": ("M", "their model does not know it, or there is none"),
    "weak": ("w", "their own footage says little there"),
}
_RATE = Fraction(24)
_CSS = """
:root { color-scheme: dark; font: 300 15px/1.45 "Helvetica Neue", Inter, Roboto, "Segoe UI", "Liberation Sans", Arial,
  sans-serif; font-variant-numeric: tabular-nums; }
body { margin: 0 auto; padding: 28px 24px 60px; max-width: 1360px; background: #000; color: #e4e4e2; }
h1 { font-weight: 300; font-size: 24px; margin: 0 0 4px; } h2 { font-weight: 300; font-size: 18px; margin: 34px 0 8px; }
p { margin: 0 0 6px; color: #9a9a97; } p.bad, td.bad { color: #e3ae55; }
svg { display: block; width: 100%; height: auto; margin: 18px 0 0; }
svg text { font-weight: 400; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 4px 14px 4px 0;
  border-bottom: 1px solid #262625; vertical-align: top; font-weight: 300; } th { color: #9a9a97; }
.scenes { columns: 340px; column-gap: 32px; } .scenes div { break-inside: avoid; padding: 3px 0; }
.scenes b { display: inline-block; min-width: 54px; font-weight: 300; color: #9a9a97; }
@media print { :root { color-scheme: light; } body { background: #fff; color: #000; } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What the page says above the strip. facts: further lines."""

    title: str
    facts: Sequence[str] = ()
    names: Mapping[str, str] | None = None


def colour_of(age: float) -> str:
    """Of an age: blue is young, green and yellow between, red old."""
    for (first, low), (second, high) in itertools.pairwise(_STOPS):
        if age <= second:
            part = min(max((age - first) / (second - first), 0), 1)
            return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{each:02x}" for each in _STOPS[-1][1])


def label_of(plan: Plan) -> str:
    """An age as few signs tell it: 17, 17-30, alone."""
    if plan.alone:
        return "alone"
    ages = [age for _, age in plan.curve("age", _RATE)]
    if len(set(ages)) == 1:
        return _short(ages[0])
    return f"{_short(ages[0])}\N{EN DASH}{_short(ages[-1])}"


def told(plan: Plan | None) -> str:
    """All of a plan in words."""
    if plan is None:
        return "no age"
    if plan.alone:
        return "left alone"
    parts = []
    for key in plan.keys:
        ages = ([] if key.age is None else [written(key.age)]) + [f"{n} {written(a)}" for n, a in key.regions.items()]
        parts.append((f"at {key.at}: " if key.at is not None else "") + ", ".join(ages))
    return "; ".join(parts)


def draw_page(strip: Strip, heading: Heading) -> str:
    """The whole page."""
    failing = [finding for finding in strip.findings if finding.failing]
    verdict = f"{len(failing)} to mend" if failing else "nothing to mend"
    facts = "".join(f"<p>{escape(line)}</p>" for line in heading.facts)
    rows = "".join(
        f'<tr><td{" class=bad" if finding.failing else ""}>{escape(finding.kind)}</td>'
        f"<td>{escape(finding.performer)}</td><td>{escape(', '.join(finding.scenes))}</td>"
        f"<td>{escape(finding.words)}</td></tr>" for finding in strip.findings
    )
    findings = f"<h2>Found</h2><table><tr><th></th><th>performer</th><th>scenes</th><th></th></tr>{rows}</table>"
    scenes = {slot.scene: slot.heading for slot in strip.slots if slot.heading}
    listed = "".join(f"<div><b>{escape(id)}</b>{escape(words)}</div>" for id, words in scenes.items())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading.title)}</title><style>{_CSS}</style></head><body>"
        f'<h1>{escape(heading.title)}</h1>{facts}<p{" class=bad" if failing else ""}>{verdict}</p>'
        f"{_legend()}{''.join(_strips(strip, heading.names or {}))}"
        f"{findings if strip.findings else ''}"
        f"{f'<h2>Scenes</h2><div class=scenes>{listed}</div>' if listed else ''}</body></html>\n"
    )


def _legend() -> str:
    ages = range(10, 91, 10)
    parts = []
    for number, age in enumerate(ages):
        parts.append(f'<rect x="{number * 46}" y="2" width="43" height="22" rx="2" fill="{colour_of(age)}"/>'
                     f'{_text(number * 46 + 21, 18, str(age), _ink(colour_of(age)), 12, "middle")}')
    x = len(ages) * 46 + 16
    parts.append(f'<rect x="{x}" y="2" width="34" height="22" rx="2" fill="none" stroke="#e3ae55" '
                 f'stroke-dasharray="4 3"/>{_text(x + 17, 18, "?", "#e3ae55", 13, "middle")}'
                 f'{_text(x + 42, 18, "no age", "#9a9a97", 12)}')
    x += 104
    parts.append(f'<rect x="{x}" y="2" width="46" height="22" rx="2" fill="none" stroke="#5a5a58"/>'
                 f'{_text(x + 23, 18, "alone", "#9a9a97", 12, "middle")}')
    x += 62
    for kind in ("grant", "model", "weak"):
        mark, words = _FLAGS[kind]
        parts.append(f'{_flag(x, 4, mark, kind)}{_text(x + 22, 18, words, "#9a9a97", 12)}')
        x += 36 + len(words) * 6
    return f'<svg viewBox="0 0 {_WIDTH} 26" role="img" aria-label="legend">{"".join(parts)}</svg>'


def _strips(strip: Strip, names: Mapping[str, str]) -> Iterator[str]:
    """The slots in as many rows as it takes; a scene is broken only where it alone is too wide."""
    room = _WIDTH - _NAMES
    wide = max(_NARROW, min(_WIDE, room // max(1, len(strip.slots))))
    most = room // wide
    row: list[Slot] = []
    for scene in _by_scene(strip.slots):
        if row and len(row) + len(scene) > most:
            yield _strip(row, strip.performers, names, wide)
            row = []
        row += scene
        while len(row) > most:
            yield _strip(row[:most], strip.performers, names, wide)
            row = row[most:]
    if row:
        yield _strip(row, strip.performers, names, wide)


def _by_scene(slots: Sequence[Slot]) -> list[list[Slot]]:
    scenes: dict[str, list[Slot]] = {}
    for slot in slots:
        scenes.setdefault(slot.scene, []).append(slot)
    return list(scenes.values())


def _strip(slots: Sequence[Slot], performers: Sequence[str], names: Mapping[str, str], wide: int) -> str:
    height = _HEAD + _ROW * len(performers)
    parts = []
    for number, slot in enumerate(slots):
        x = _NAMES + number * wide
        first = number == 0 or slots[number - 1].scene != slot.scene
        if first:
            parts.append(f'<line x1="{x}" y1="6" x2="{x}" y2="{height}" stroke="#262625"/>')
            parts.append(_text(x + 5, 19, "all" if slot.scene == "*" else slot.scene, "#e4e4e2", 14,
                               title=f"{slot.scene} {slot.heading}"))
            if wide >= 100 and slot.heading:
                parts.append(_text(x + 5, 37, _cut(slot.heading, (wide - 8) // 7), "#9a9a97", 11))
        if slot.label:
            parts.append(_text(x + 5, 37, _cut(slot.label, (wide - 6) // 7), "#9a9a97", 12))
    for row, performer in enumerate(performers):
        y = _HEAD + row * _ROW
        name = names.get(performer, performer)
        parts.append(f'<line x1="0" y1="{y}" x2="{_NAMES + len(slots) * wide}" y2="{y}" stroke="#262625"/>')
        parts.append(_text(0, y + 28, _cut(name, 19), "#e4e4e2", 14, title=name))
        for number, slot in enumerate(slots):
            cell = slot.cells.get(performer)
            if cell is not None:
                parts.append(_cell(cell, slot, _NAMES + number * wide, y, wide))
    label = f"scenes {slots[0].scene} to {slots[-1].scene}"
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _cell(cell: Cell, slot: Slot, x: int, y: int, wide: int) -> str:
    left, top, width, tall = x + _GAP, y + _GAP, wide - 2 * _GAP, _ROW - 2 * _GAP
    where = f"{cell.performer}, scene {slot.scene}{f' {slot.label}' if slot.label else ''}: {told(cell.plan)}"
    said = "".join(f"; {_FLAGS[kind][1]}" for kind in cell.kinds if kind in _FLAGS)
    box = f'x="{left}" y="{top}" width="{width}" height="{tall}" rx="2"'
    middle = left + width / 2
    if cell.plan is None:
        inside = (f'<rect {box} fill="none" stroke="#e3ae55" stroke-dasharray="4 3"/>'
                  f'{_text(middle, top + 28, "?", "#e3ae55", 16, "middle")}')
    elif cell.plan.alone:
        inside = (f'<rect {box} fill="none" stroke="#5a5a58"/>'
                  f'{_text(middle, top + 26, "alone", "#9a9a97", 12, "middle")}')
    else:
        flagged = any(kind in _FLAGS for kind in cell.kinds)
        inside = _aged(cell.plan, box, left, top, width, tall, flagged=flagged and width < 100)
    marks = [_FLAGS[kind][0] for kind in cell.kinds if kind in _FLAGS]
    flags = "".join(_flag(left + width - 15 * (number + 1), top, mark, kind) for number, (mark, kind) in enumerate(
        zip(marks, [kind for kind in cell.kinds if kind in _FLAGS], strict=True)))
    return f"<g><title>{escape(where + said)}</title>{inside}{flags}</g>"


def _aged(plan: Plan, box: str, left: int, top: int, width: int, tall: int, *, flagged: bool) -> str:
    """Colour, number, the line of keys, and ages of regions."""
    curve = plan.curve("age", _RATE)
    label = label_of(plan)
    middle = left + width / 2
    size = 16 if len(label) * 9 <= width - 4 else 13 if len(label) * 7 <= width - 2 else 11
    regions = sorted({name for key in plan.keys for name in key.regions})
    if len({age for _, age in curve}) == 1:
        colour = colour_of(curve[0][1])
        drawn, ink = f'<rect {box} fill="{colour}"/>', _ink(colour)
    else:
        drawn, ink = _ramp(curve, left, top, width, tall), "#000000"
    base = top + (25 if regions else 28) + (4 if flagged else 0)
    drawn += _text(middle, base, label, ink, size, "middle")
    if regions:
        values = [_short(plan.curve(name, _RATE)[0][1]) for name in regions]
        words = f"{regions[0]} {values[0]}" if len(regions) == 1 else f"+{len(regions)} parts"
        drawn += _text(middle, top + tall - 3, _cut(words, width // 5), ink, 10, "middle")
    return drawn


def _ramp(curve: Sequence[tuple[float, float]], left: int, top: int, width: int, tall: int) -> str:
    """Columns of the ages between the first key and the last, and a line above."""
    begin, end = curve[0][0], curve[-1][0]
    low, high = min(age for _, age in curve), max(age for _, age in curve)
    count = max(8, width // 3)
    columns = []
    for number in range(count):
        at = begin + (end - begin) * (number + 0.5) / count
        colour = colour_of(_between(curve, at))
        x = left + width * number / count
        columns.append(f'<rect x="{x:.1f}" y="{top}" width="{width / count + 0.4:.1f}" height="{tall}" '
                       f'fill="{colour}"/>')
    points = " ".join(
        f"{left + width * (at - begin) / (end - begin):.1f},"
        f"{top + tall - 3 - 7 * (age - low) / ((high - low) or 1):.1f}" for at, age in curve
    )
    return f'{"".join(columns)}<polyline points="{points}" fill="none" stroke="#000" stroke-opacity=".6"/>'


def _between(curve: Sequence[tuple[float, float]], at: float) -> float:
    for (first, start), (second, end) in itertools.pairwise(curve):
        if at <= second:
            return start + (end - start) * (at - first) / (second - first)
    return curve[-1][1]


def _flag(x: float, y: float, mark: str, kind: Kind) -> str:
    fill = {"grant": "#d6402b", "unknown": "#d6402b", "model": "#8a3fb0"}.get(kind, "#3a3a39")
    return (f'<rect x="{x}" y="{y}" width="15" height="15" rx="2" fill="{fill}"/>'
            f'{_text(x + 7.5, y + 11.5, mark, "#ffffff", 11, "middle")}')


def _text(x: float, y: float, words: str, ink: str, size: int, anchor: str = "start", *, title: str = "") -> str:
    told = f"<title>{escape(title)}</title>" if title else ""
    return (f'<text x="{x:g}" y="{y:g}" fill="{ink}" font-size="{size}" text-anchor="{anchor}">{told}'
            f"{escape(words)}</text>")


def _ink(colour: str) -> str:
    """Black or white, whichever reads better on a colour."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#000000" if 0.3 * red + 0.59 * green + 0.11 * blue > 110 else "#ffffff"


def _short(age: float) -> str:
    return written(round(age, 1))


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: max(1, most - 1)] + "\N{HORIZONTAL ELLIPSIS}"
