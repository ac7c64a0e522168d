"""The pictures of a review: each era beside real frames of it, and what is furthest off, with the reasons."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from playingage.archive import FaceRow
from playingage.engine import Engine
from playingage.review.evaluation.markup import face, sheet
from playingage.review.evaluation.measures import Rgb
from playingage.review.evaluation.pictures import read_picture
from playingage.review.evaluation.sheets import cut, jpeg
from playingage.review.performer.real import Real
from playingage.review.performer.stills import DEFAULT, MODEL, NOTHING, Cuts, Result, Stills, folder_of

_ROWS, _REAL, _WORST = 4, 2, 3
_CELL = 224
_HALF = 1.75
"""Half a cell's side in eye distances."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Cut-outs of results and real frames as data addresses. `folder` holds a folder for each way."""

    folder: Path
    cuts: Cuts
    rows: Mapping[str, FaceRow]

    def result(self, result: Result) -> str:
        """What a way made of a face."""
        row = self.rows[result.face]
        if result.way == NOTHING:
            return self.real(row)
        path = self.folder / result.way / folder_of(result.target_age) / "out" / f"{row.id}.png"
        return jpeg(_face(read_picture(path), row))

    def real(self, row: FaceRow) -> str:
        """A face as it is in the archive."""
        return jpeg(_face(self.cuts.picture(row), row))


def eras_html(stills: Stills, real: Real, pictures: Pictures) -> str:
    """For every era a sheet: inputs, the default, the model, and real frames of that age in the nearest pose."""
    parts = []
    for era in stills.eras:
        these = [each for each in stills.of(MODEL) if each.target_age == era.age]
        rows = []
        for result in _spread(these):
            row = pictures.rows[result.face]
            default = next(each for each in stills.of(DEFAULT) if (each.face, each.target_age) == (row.id, era.age))
            like = real.most_like(row, era.age, _REAL)
            cells = [face(pictures.real(row), "input"), face(pictures.result(default), "default"),
                     face(pictures.result(result), "model"),
                     *(face(pictures.real(each), "a real frame") for each in like)]
            cells += ['<div class="empty"></div>'] * (_REAL - len(like))
            who = f'<div class="who">{row.age:.0f}<br>{escape(row.title)}<br>{_figures(result)}</div>'
            rows.append([who, *cells])
        if rows:
            heads = ["from", "input", "default", "model", *["real frame"] * _REAL]
            parts.append(f"<h3>At {era.age:.0f}</h3>" + sheet(heads, rows, first="7.5rem"))
    return "".join(parts)


def worst_html(stills: Stills, engine: Engine, pictures: Pictures) -> str:
    """The model's results that are furthest off in each respect, and what speaks for why."""
    respects: list[tuple[str, Callable[[Result], float | None], str]] = [
        ("least like the performer at that age", lambda r: None if r.similarity is None else -r.similarity,
         "similarity {:.2f}"),
        ("furthest from the age asked", lambda r: r.age_error, "{:.0f} years off"),
        ("gaze moves most", lambda r: r.kept.gaze, "{:.1f} % of the eye distance"),
        ("mouth moves most", lambda r: max(r.kept.mouth, r.kept.smile), "{:.1f} % of the eye distance"),
        ("softest", lambda r: None if r.sharpness is None else -r.sharpness, "sharpness {:.2f} of the input's"),
        ("roughest", lambda r: r.sharpness, "sharpness {:.2f} of the input's"),
    ]
    figures = []
    for what, value_of, words in respects:
        there = [(value, each) for each in stills.of(MODEL) if (value := value_of(each)) is not None]
        seen: set[str] = set()
        for value, each in sorted(there, key=lambda pair: -pair[0]):
            if each.face not in seen and len(seen) < _WORST:
                seen.add(each.face)
                figures.append(_worst(each, what, words.format(abs(value)), engine, pictures))
    return f'<div class="pairs">{"".join(figures)}</div>'


def _worst(result: Result, what: str, figure: str, engine: Engine, pictures: Pictures) -> str:
    row = pictures.rows[result.face]
    why = reasons(result, row, engine)
    said = escape("; ".join(why)) if why else "nothing unusual about the input"
    return (
        f'<figure><div><img src="{pictures.real(row)}" alt="input"><img src="{pictures.result(result)}" alt="re-aged">'
        f"</div><figcaption><b>{escape(what)}</b>: {escape(figure)}<br>{row.age:.0f} to {result.target_age:.0f}, "
        f"{escape(row.title)}, {escape(row.timecode or f'frame {row.frame}')}<br>{said}</figcaption></figure>"
    )


def reasons(result: Result, row: FaceRow, engine: Engine) -> tuple[str, ...]:
    """What about the input, or the age asked, may explain a poor result."""
    found = []
    if result.taken < 0.98:
        found.append(f"takes {result.taken:.0%} of the change, by pose and size")
    if abs(row.yaw) > 25 or abs(row.pitch) > 20:
        found.append(f"turned {abs(row.yaw):.0f}° across, {abs(row.pitch):.0f}° up or down")
    if row.eye < 60:
        found.append(f"small: {row.eye:.0f} px between the eyes")
    if row.occlusion > 0.15:
        found.append(f"{row.occlusion:.0%} of the face is covered")
    if row.sharpness < 0.33:
        found.append("the input is soft")
    if row.light < 0.18 or row.light > 0.8:
        found.append("dark" if row.light < 0.18 else "very bright")
    if abs(row.light_side) > 0.4:
        found.append("lit hard from one side")
    if row.interlaced:
        found.append("interlaced")
    if row.noise > 0.03:
        found.append("grainy")
    if abs(result.target_age - result.source_age) > 30:
        found.append(f"{abs(result.target_age - result.source_age):.0f} years at once")
    spoken = coverage_at(engine, result.target_age)
    if spoken is not None and spoken < 0.5:
        found.append(f"own footage speaks for {spoken:.0%} at {result.target_age:.0f}: the rest is the default's")
    return tuple(found)


def coverage_at(engine: Engine, age: float) -> float | None:
    """How far the performer's own footage speaks at an age, 0..1, as the package says; None where it does not."""
    points = sorted(engine.package.spec.coverage)
    if not points:
        return None
    ages = [point[0] for point in points]
    if not ages[0] <= age <= ages[-1]:
        return points[0 if age < ages[0] else -1][1]
    after = next(i for i, each in enumerate(ages) if each >= age)
    if ages[after] == age or after == 0:
        return points[after][1]
    (a, low), (b, high) = points[after - 1], points[after]
    return low + (high - low) * (age - a) / (b - a)


def _figures(result: Result) -> str:
    like = "" if result.similarity is None else f"like {result.similarity:.2f}<br>"
    return f"{like}reads {result.read_age:.0f}"


def _spread(results: Sequence[Result]) -> list[Result]:
    """A few, from the youngest input to the oldest."""
    ordered = sorted(results, key=lambda each: (each.source_age, each.face))
    if len(ordered) <= _ROWS:
        return ordered
    return [ordered[round(i * (len(ordered) - 1) / (_ROWS - 1))] for i in range(_ROWS)]


def _face(picture: Rgb, row: FaceRow) -> Rgb:
    low, high = row.landmarks.min(axis=0), row.landmarks.max(axis=0)
    x, y = (low + high) / 2
    half = max(_HALF * row.eye, 0.58 * float(max(high - low)))
    return cut(picture, float(x), float(y), half, _CELL)
