"""Loss curves as inline SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]
_MOST = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 8.0, 8.0, 22.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A curve: steps and values. kind: its class in the page's style."""

    name: str
    kind: str
    points: Points


def chart(lines: Sequence[Line], steps: int, *, width: int = 640, height: int = 260) -> str:
    """All curves over the steps of the run, values on a logarithmic axis where they allow it."""
    drawn = [line for line in lines if line.points]
    values = [value for line in drawn for _, value in line.points if math.isfinite(value)]
    if not values:
        return '<p class="none">No steps yet.</p>'
    axis = _Axis(values, steps, width, height)
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(_label(drawn))}">']
    for value in axis.ticks:
        y = axis.y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for share in (0.0, 0.5, 1.0):
        anchor = ("start", "middle", "end")[round(share * 2)]
        parts.append(f'<text x="{axis.x(share * steps):.1f}" y="{height - 6}" text-anchor="{anchor}">'
                     f"{share * steps:,.0f}</text>")
    parts += [_curve(line, axis) for line in drawn]
    return "".join(parts) + "</svg>"


class _Axis:
    def __init__(self, values: list[float], steps: int, width: int, height: int) -> None:
        self._steps, self._width, self._height = max(1, steps), width, height
        self._log = min(values) > 0
        low, high = self._scaled(min(values)), self._scaled(max(values))
        spare = max((high - low) * 0.06, 1e-6, abs(high) * 1e-3)
        self._low, self._high = low - spare, high + spare

    def x(self, step: float) -> float:
        return _LEFT + (self._width - _LEFT - _RIGHT) * min(1.0, step / self._steps)

    def y(self, value: float) -> float:
        share = (self._scaled(value) - self._low) / (self._high - self._low)
        return self._height - _BOTTOM - (self._height - _TOP - _BOTTOM) * share

    @property
    def ticks(self) -> list[float]:
        shares = [0.04 + 0.92 * i / 3 for i in range(4)]
        scaled = [self._low + (self._high - self._low) * share for share in shares]
        return [math.exp(value) if self._log else value for value in scaled]

    def _scaled(self, value: float) -> float:
        return math.log(value) if self._log else value


def _curve(line: Line, axis: _Axis) -> str:
    points = [point for point in line.points if math.isfinite(point[1])]
    points = _thinned(points)
    places = " ".join(f"{axis.x(step):.1f},{axis.y(value):.1f}" for step, value in points)
    dots = ""
    if len(points) == 1:
        x, y = axis.x(points[0][0]), axis.y(points[0][1])
        dots = f'<circle class="{line.kind} dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    return f'<polyline class="{line.kind}" points="{places}"><title>{escape(line.name)}</title></polyline>{dots}'


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Neighbours as their mean, so that a long run's curve stays small and readable."""
    size = math.ceil(len(points) / _MOST)
    if size <= 1:
        return points
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(p[0] for p in each) / len(each), sum(p[1] for p in each) / len(each)) for each in groups]


def _label(lines: Sequence[Line]) -> str:
    return "; ".join(f"{line.name} now {line.points[-1][1]:.4g}" for line in lines)
