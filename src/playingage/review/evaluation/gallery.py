"""The pictures of a report: people at every request, closer views, what is furthest off, and truth."""

from collections.abc import Mapping, Sequence
from html import escape

from playingage.review.evaluation.markup import face, sheet, years
from playingage.review.evaluation.pictures import PictureStore, read_picture
from playingage.review.evaluation.sheets import Faces, cut, furthest, jpeg, some_people
from playingage.review.evaluation.stills import Result, Stills
from playingage.review.evaluation.truth import FOLDER, MODEL, Missed, Truth

_CLOSE = (-20.0, 20.0)
_CLOSER, _CASES = 4, 6


def people_html(stills: Stills, faces: Faces) -> str:
    """Some people at every request, closer views, and the results that are furthest off."""
    names = some_people(stills)
    shifts = sorted({result.shift for result in stills.results})
    found = {(result.person.name, result.shift): result for result in stills.results}
    rows, styles = [], []
    for number, name in enumerate(names):
        first = next(result for result in stills.results if result.person.name == name)
        styles.append(f".p{number}{{background-image:url({faces.before(first)})}}")
        who = f'<div class="who">{escape(first.person.sex)} {first.person.age:.0f}</div>'
        each = [_shown(found.get((name, shift)), number, faces) for shift in shifts]
        rows.append([who, f'<div class="cell p{number}"></div>', *each])
    return (
        f"<style>{''.join(styles)}</style><p>Chosen to differ in sex, age and skin tone, not for looks. "
        "Point at a face to see the input in its place.</p>"
        + sheet(["", "input", *map(years, shifts)], rows, first="3.2rem") + _closer(stills, found, faces)
        + _furthest(stills, faces)
    )


def _shown(result: Result | None, number: int, faces: Faces) -> str:
    """A re-aged face that gives way to the input behind it while it is pointed at."""
    if result is None:
        return '<div class="empty"></div>'
    what = f"{years(result.shift)} years"
    return (f'<button class="cell p{number}" aria-label="{what}; point at it to see the input">'
            f'<img src="{faces.after(result)}" alt="{what}"></button>')


def _closer(stills: Stills, found: Mapping[tuple[str, float], Result], faces: Faces) -> str:
    """The largest faces that were asked both ways."""
    both = [r for r in stills.results if r.shift == _CLOSE[0] and (r.person.name, _CLOSE[1]) in found]
    both.sort(key=lambda result: (result.box[0] - result.box[2], result.person.name))
    rows = []
    for first in both[:_CLOSER]:
        older = found[first.person.name, _CLOSE[1]]
        rows.append([face(faces.before(first, close=True), "input"), face(faces.after(first, close=True), "younger"),
                     face(faces.after(older, close=True), "older")])
    if not rows:
        return ""
    lines = [[*a, *b] for a, b in zip(rows[::2], rows[1::2], strict=False)] or rows
    heads = ["input", *map(years, _CLOSE)] * (len(lines[0]) // 3)
    return f"<h3>Closer: do pores, stubble and moles survive?</h3>{sheet(heads, lines)}"


def _furthest(stills: Stills, faces: Faces) -> str:
    figures = []
    for worst in furthest(stills):
        result = worst.result
        who = f"{result.person.sex} {result.person.age:.0f}, {years(result.shift)} years, {result.person.name}"
        figures.append(
            f'<figure><div><img src="{faces.before(result)}" alt="input">'
            f'<img src="{faces.after(result)}" alt="re-aged"></div><figcaption><b>{escape(worst.what)}</b>: '
            f"{escape(worst.figure)}<br>{escape(who)}</figcaption></figure>"
        )
    return f'<h3>Furthest off: look at these first</h3><div class="pairs">{"".join(figures)}</div>'


def truth_sheet(truth: Truth, store: PictureStore) -> str:
    """Some cases: the picture, truth, the model, the baselines."""
    others = list(truth.missed[0].case.baselines)
    rows = []
    for missed in _spread(truth.missed):
        case, (left, top, right, bottom) = missed.case, missed.box
        half = 0.72 * max(right - left, bottom - top)
        x, y = (left + right) / 2, (top + bottom) / 2
        paths = [case.picture, case.truth, store.folder / FOLDER / "out" / f"{case.name}.png",
                 *(case.baselines[name] for name in others)]
        cells = [jpeg(cut(read_picture(path), x, y, half, 224)) for path in paths]
        who = f'<div class="who">{case.age:.0f} to {case.target_age:.0f}<br>{escape(case.name)}</div>'
        rows.append([who, *(face(address, case.name) for address in cells)])
    return sheet(["", "input", "truth", MODEL, *others], rows, first="6rem")


def _spread(missed: Sequence[Missed]) -> list[Missed]:
    """A few cases from most years younger to most years older."""
    ordered = sorted(missed, key=lambda each: (each.case.target_age - each.case.age, each.case.name))
    step = max(1, len(ordered) // _CASES)
    return ordered[step // 2 :: step][:_CASES]
