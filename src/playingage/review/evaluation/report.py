"""The report as one HTML page that needs nothing else."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from playingage.review.evaluation import plots
from playingage.review.evaluation.bars import Settled
from playingage.review.evaluation.section import Section
from playingage.review.evaluation.sheets import Faces, furthest, some_people
from playingage.review.evaluation.statistics import Slope, Spread
from playingage.review.evaluation.stills import Result, Stills
from playingage.review.evaluation.summary import SIDES
from playingage.review.evaluation.truth import MODEL, NOTHING, Truth

NOTICE = "Pictures of real people in this folder were re-aged for measuring only. They stay here: no page, no repository."
_STYLE = Path(__file__).with_name("page.css")
_MARKS = {"pass": ("pass", "✓ pass"), "miss": ("miss", "✕ miss"), "not measured": ("open", "– not measured")}
_CLOSE = (-20.0, 20.0)


def page(title: str, facts: Mapping[str, str], settled: Sequence[Settled], sections: Sequence[Section]) -> str:
    """The whole page: what was measured, every bar, then the sections in order."""
    shown = [section for section in sections if section.html]
    links = "".join(f'<a href="#{section.key}">{escape(section.title)}</a>' for section in shown)
    body = "".join(
        f'<section id="{section.key}"><h2>{escape(section.title)}</h2>{section.html}</section>' for section in shown
    )
    about = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in facts.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{escape(title)}</title>
<style>{_STYLE.read_text(encoding="utf-8")}</style></head><body><main>
<h1>{escape(title)}</h1>
{_score(settled)}
<p class="notice">{escape(NOTICE)}</p>
<nav>{links}<a href="#about">How it was measured</a></nav>
<section id="bars"><h2>The bars</h2>{bars_table(settled)}</section>
{body}
<section id="about"><h2>How it was measured</h2><div class="wide"><table>{about}</table></div></section>
</main></body></html>
"""


def _score(settled: Sequence[Settled]) -> str:
    count = {name: sum(each.status == name for each in settled) for name in _MARKS}
    open_ones = f", {count['not measured']} not measured" if count["not measured"] else ""
    return (f'<p class="score"><b class="pass">{count["pass"]} passed</b>, <b class="miss">{count["miss"]} missed</b>'
            f'<span class="quiet">{open_ones}</span></p>')


def bars_table(settled: Sequence[Settled]) -> str:
    """Every bar with its figure, its limit and what became of it."""
    rows = []
    for each in settled:
        bar, found = each.bar, each.measured
        css, words = _MARKS[each.status]
        unit = f" {bar.unit}" if bar.unit else ""
        sign = "≥" if bar.least else "≤"
        value = "" if found is None else f"{found.value:.{bar.digits}f}{unit}"
        rows.append(
            f'<tr><td class="state {css}">{words}</td><td>{escape(bar.text)}</td><td class="n">{value}</td>'
            f'<td class="n of">{sign} {bar.limit:.{bar.digits}f}{unit}</td>'
            f'<td class="quiet">{escape(found.detail) if found else ""}</td></tr>'
        )
    return ('<div class="wide"><table><tr><th></th><th>what</th><th class="n">measured</th><th class="n">bar</th>'
            f'<th>detail</th></tr>{"".join(rows)}</table></div>')


def stills_html(stills: Stills, requests: Sequence[Mapping[str, Any]], slopes: Mapping[str, Any]) -> str:
    """Asked against judged, and what became of person, landmarks and skin."""
    unjudged = f'<p class="notice">Nothing was judged: {escape(stills.unjudged)}. Ages as the package\'s own estimator ' \
               "reads them are weak evidence: it learned from the same pictures as the model.</p>"
    pictures = [_plot(plots.asked_and_judged(stills), "Each point is a person. The shaded room passes.")]
    if stills.judged:
        pictures.append(_plot(plots.identity(stills), "Identity distance; above: share recognised. Shaded: somebody else."))
    pictures.append(_plot(plots.landmarks(stills), "Eyes and mouth have to stay: expression, gaze and speech."))
    pictures.append(_plot(plots.sharpness(stills), "Skin detail: a blur lies far below, noise far above; bar: median."))
    lines = "".join(f"<li>{escape(_slope_words(name, slopes[name]))}</li>" for name in SIDES if slopes[name])
    return (("" if stills.judged else unjudged) + f'<div class="plots">{"".join(pictures)}</div><ul>{lines}</ul>'
            + _requests_table(requests, judged=stills.judged))


def _plot(address: str, caption: str, css: str = "plot") -> str:
    return (f'<figure class="{css}"><img src="{address}" alt="{escape(caption)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>")


def _slope_words(name: str, found: Mapping[str, Any]) -> str:
    def told(slope: Slope | None) -> str:
        if slope is None or slope.value != slope.value:
            return "none"
        return f"{slope.value:.2f}" + ("" if slope.error is None else f" ± {slope.error:.2f}")

    means = "none" if found["means"] is None else f"{found['means']:.2f}"
    return (f"{name}: judged over asked, line through the requests' means {means}, through all people "
            f"{told(found['people'])}, through nothing {told(found['through_zero'])}; read by the package's own "
            f"estimator {told(found['read'])}")


def _requests_table(requests: Sequence[Mapping[str, Any]], *, judged: bool) -> str:
    heads = ["asked", "people", "judged", "of asked", "coarse", "recognised", "identity", "eyes %", "mouth %",
             "sharpness", "read", "changed", "outside", "ms"]
    rows = []
    for entry in requests:
        own, seen = entry["own"], entry["judged"] or {}
        texture, eyes, mouth = (seen.get(key) or own[key] for key in ("sharpness", "eyes", "mouth"))
        cells = [
            f"{entry['shift']:+g}" if entry["shift"] else "0", str(entry["people"]),
            _mean(seen.get("shift"), "+.1f", error=True), _number(seen.get("share"), ".0%"),
            _number(seen.get("coarse_share"), ".2f"), _number(seen.get("recognised"), ".0%"),
            _mean(seen.get("identity"), ".2f"), _mean(eyes, ".2f"), _mean(mouth, ".2f"),
            "" if texture is None else f"{texture.median:.2f} ({texture.p05:.2f}–{texture.p95:.2f})",
            _mean(own["read_shift"], "+.1f"), _mean(own["changed"], ".2f"), _mean(own["outside_mean"], ".2f"),
            "" if own["milliseconds"] is None else f"{own['milliseconds'].median:.0f}",
        ]
        rows.append("".join(f'<td class="n">{cell}</td>' for cell in cells))
    whose = "the judge's" if judged else "our own"
    return (f'<div class="wide"><table><tr>{"".join(f"""<th class="n">{head}</th>""" for head in heads)}</tr>'
            + "".join(f"<tr>{row}</tr>" for row in rows) + "</table></div>"
            f'<p class="quiet">Eyes, mouth and sharpness are {whose}; sharpness: median (5 to 95 %). Read: years as the '
            "package's own estimator sees them. Changed: mean in the face, outside: mean outside the head, of 255. ms: "
            "one call for one face, median.</p>")


def _mean(seen: Spread | None, form: str, *, error: bool = False) -> str:
    if seen is None:
        return ""
    tail = f" ± {seen.error:.1f}" if error and seen.error is not None else ""
    return f"{seen.mean:{form}}{tail}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def people_html(stills: Stills, faces: Faces) -> str:
    """Some people at every request, closer views, and the results that are furthest off."""
    names = some_people(stills)
    shifts = sorted({result.shift for result in stills.results})
    by_name = {(result.person.name, result.shift): result for result in stills.results}
    rows, styles = [], []
    for number, name in enumerate(names):
        first = next(result for result in stills.results if result.person.name == name)
        styles.append(f".p{number}{{background-image:url({faces.before(first)})}}")
        rows.append(f'<div class="who">{escape(first.person.sex or "")} {first.person.age:.0f}</div>'
                    f'<div class="cell p{number}"></div>')
        for shift in shifts:
            result = by_name.get((name, shift))
            rows.append('<div class="empty"></div>' if result is None else
                        f'<button class="cell p{number}" aria-label="{shift:+g} years; press to see the input">'
                        f'<img src="{faces.after(result)}" alt="{shift:+g} years"></button>')
    heads = ["", "input", *(f"{shift:+g}" if shift else "0" for shift in shifts)]
    columns = f"grid-template-columns: 3.2rem repeat({len(shifts) + 1}, minmax(96px, 1fr))"
    head = "".join(f'<div class="head">{each}</div>' for each in heads)
    sheet = (f"<style>{''.join(styles)}</style><p>Chosen to differ in sex, age and skin tone, not for looks. "
             f'Point at a face to see the input in its place.</p><div class="sheet" style="{columns}">{head}{"".join(rows)}</div>')
    return sheet + _closer(names, by_name, faces) + _furthest(stills, faces)


def _closer(names: Sequence[str], by_name: Mapping[tuple[str, float], Result], faces: Faces) -> str:
    rows = []
    for name in names:
        there = [by_name[name, shift] for shift in _CLOSE if (name, shift) in by_name]
        if len(there) == len(_CLOSE):
            addresses = [faces.before(there[0], close=True), *(faces.after(each, close=True) for each in there)]
            rows += [f'<div class="cell"><img src="{address}" alt=""></div>' for address in addresses]
    if not rows:
        return ""
    head = "".join(f'<div class="head">{each}</div>' for each in ("input", "-20", "+20"))
    columns = "grid-template-columns: repeat(6, minmax(96px, 1fr))"
    return (f'<h3>Closer: do pores, stubble and moles survive?</h3><div class="sheet" style="{columns}">'
            f'{head * 2 if len(rows) > 3 else head + "<div></div>" * 3}{"".join(rows)}</div>')


def _furthest(stills: Stills, faces: Faces) -> str:
    figures = []
    for worst in furthest(stills):
        result = worst.result
        words = f"{worst.what}: {worst.figure}, {result.person.sex} {result.person.age:.0f}, {result.shift:+g} years"
        figures.append(f'<figure><div><img src="{faces.before(result)}" alt="input"><img src="{faces.after(result)}" '
                       f'alt="re-aged"></div><figcaption>{escape(words)} · {escape(result.person.name)}</figcaption></figure>')
    return f'<h3>Furthest off: look at these first</h3><div class="pairs">{"".join(figures)}</div>'


def groups_html(entries: Sequence[Mapping[str, Any]], *, judged: bool) -> str:
    """How each group fares."""
    rows = []
    for entry in entries:
        moved = entry["moved" if judged else "read"]
        cells = [
            *(_slope_cell(moved[name]) for name in SIDES), _number(entry["recognised"], ".0%"),
            _mean(entry["identity"], ".2f"), _mean(entry["eyes"], ".2f"), _mean(entry["mouth"], ".2f"),
            *("" if (s := entry["sharpness"][name]) is None else f"{s.median:.2f}" for name in SIDES),
            _mean(entry["zero_changed"], ".2f"),
        ]
        rows.append(f"<tr><td>{escape(entry['by'])}</td><td>{escape(entry['group'])}</td><td class='n'>{entry['people']}"
                    f"</td>{''.join(f'<td class=n>{cell}</td>' for cell in cells)}</tr>")
    heads = ["people", "older, of asked", "younger, of asked", "recognised", "identity", "eyes %", "mouth %",
             "sharpness older", "younger", "request 0"]
    head = "".join(f'<th class="n">{each}</th>' for each in heads)
    whose = "judged" if judged else "read by the package's own estimator"
    return (f"<p>Of what was asked, how far the age moves as {whose} (slope through nothing ± standard error). With few "
            "people in a group the error is as large as any difference: read the plot before the table. Skin tone is the "
            "individual typology angle of the cheeks in the picture, which light and grading colour too.</p>"
            + _plot(plots.groups(entries, judged=judged), "In brackets: people. Dashed: exactly what was asked.",
                    "plot alone")
            + f'<div class="wide"><table><tr><th>by</th><th>group</th>{head}</tr>{"".join(rows)}</table></div>')


def _slope_cell(found: Slope | None) -> str:
    if found is None or found.value != found.value:
        return ""
    return f"{found.value:.2f}" + ("" if found.error is None else f" ± {found.error:.2f}")


def truth_html(truth: Truth, figures: Mapping[str, Any]) -> str:
    """Error of the model, of nothing and of the baselines."""
    rows = []
    for part in figures["parts"]:
        for way, found in part["ways"].items():
            strong = ("<b>", "</b>") if way == MODEL else ("", "")
            cells = [f"{found['face_rms']:.2f}", "" if way == NOTHING else f"{found['face_rms_of_nothing']:.2f}",
                     f"{found['face_mean']:.2f}", "" if way == NOTHING else f"{found['face_mean_of_nothing']:.2f}",
                     f"{found['skin_rms']:.2f}", "" if way == NOTHING else f"{found['better_than_nothing']:.0%}"]
            rows.append(f"<tr><td>{escape(part['years'])}</td><td class='n'>{part['cases']}</td><td>{strong[0]}"
                        f"{escape(way)}{strong[1]}</td>{''.join(f'<td class=n>{cell}</td>' for cell in cells)}</tr>")
    heads = ["RMS", "of nothing", "mean", "of nothing", "all skin, RMS", "better than nothing"]
    return ("<p>The same made-up person in the same shot at both ages is known to the pixel. Errors are in 8-bit levels, "
            "in the face where skin is seen. Who ages how is chance: no model can reach 0.</p>"
            + _plot(plots.against_truth(truth), "Each point is a picture, each bar the mean of a request.", "plot alone")
            + '<div class="wide"><table><tr><th>years</th><th class="n">pictures</th><th>way</th>'
            + "".join(f'<th class="n">{head}</th>' for head in heads) + f'</tr>{"".join(rows)}</table></div>')
