"""The report of a review: one page, with its clips beside it."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playingage.faces.identity import SAME
from playingage.review.evaluation import report
from playingage.review.evaluation.markup import mean, number, plot, plots, table
from playingage.review.evaluation.plots import drawn
from playingage.review.evaluation.statistics import Spread
from playingage.review.performer.clips import ClipResult
from playingage.review.performer.figures import against, by_way, of_clip, of_real
from playingage.review.performer.real import YEARS
from playingage.review.performer.stills import DEFAULT, MODEL, NOTHING, WAYS, Stills

NOTICE = "The performer's pictures in this folder come from the archive, under its rights. They stay in the production."
_STYLE = Path(report.__file__).with_name("page.css")
_OWN = """
video { width: 100%; display: block; background: #000; border-radius: 4px; }
.clip { margin: 1.2rem 0 2rem; } .heads { display: grid; grid-template-columns: repeat(3, 1fr); color: var(--quiet);
  font-size: .85rem; padding: .2rem 0; text-align: center; }
.sheet { justify-content: start; }
nav { display: flex; flex-wrap: wrap; }
"""
_WORDS = {MODEL: "this model", DEFAULT: "default re-ager", NOTHING: "do nothing"}
_COLOURS = {MODEL: "#f0b24c", DEFAULT: "#7fb2d9", NOTHING: "#8c8c8c"}
_REAL = "#6dbb7f"


def page(
    title: str, headline: str, sections: Sequence[tuple[str, str, str]], facts: Mapping[str, str],
    notices: Sequence[str],
) -> str:
    """The whole page. sections: key, title, body."""
    shown = [each for each in sections if each[2]]
    links = "".join(f'<a href="#{key}">{escape(name)}</a>' for key, name, _ in shown)
    body = "".join(f'<section id="{key}"><h2>{escape(name)}</h2>{html}</section>' for key, name, html in shown)
    about = table(["what", "how"], [(escape(key), escape(value)) for key, value in facts.items()], words=2)
    said = "".join(f'<p class="notice">{escape(words)}</p>' for words in (*notices, NOTICE))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{escape(title)}</title>
<style>{_STYLE.read_text(encoding="utf-8")}{_OWN}</style></head><body><main>
<h1>{escape(title)}</h1>
<p class="score">{escape(headline)}</p>
{said}
<nav>{links}<a href="#about">How it was measured</a></nav>
{body}
<section id="about"><h2>How it was measured</h2>{about}</section>
</main></body></html>
"""


def measures_html(stills: Stills) -> str:
    """The table of all measures, the gain over the others, and both measures over the ages."""
    figures, real = by_way(stills.results), of_real(stills.real)
    rows = [_row(_WORDS[way], figures[way]) for way in WAYS]
    rows.append(['<span class="quiet">real frames of that age</span>', str(real["results"]),
                 mean(real["age_error"], ".1f"), mean(real["similarity"], ".3f"), *[""] * 7])
    heads = ["", "results", "age error, years", "similarity", "distance", "recognised", "mouth %", "eyes %",
             "smile %", "gaze %", "sharpness"]
    gains = "".join(_gain(stills, other) for other in (DEFAULT, NOTHING))
    return (
        table(heads, rows)
        + '<p class="quiet">Every way takes the same held-out frames to the same ages. Similarity: the highest cosine '
        "with held-out real pictures within three years of the age asked, of other tracks than the input; distance is "
        f"the Euclidean one to the same picture, recognised the share up to {SAME:g}. Mouth, eyes: by how much they "
        "open or close; smile: corners of the mouth; gaze: irises; all in percent of the eye distance, 0 is kept. "
        "Sharpness: fine skin detail, result over input, median. Real frames measured alike tell what can be had.</p>"
        + gains + plots(plot(_over_ages(stills, "similarity"), "Likeness to real pictures of each age: points are "
                             "results, lines their means."),
                        plot(_over_ages(stills, "age_error"), "Years between the age asked and the age read."))
        + _by_era(stills)
    )


def _row(name: str, found: Mapping[str, Any]) -> list[str]:
    sharp: Spread | None = found["sharpness"]
    return [
        f"<b>{escape(name)}</b>", str(found["results"]), mean(found["age_error"], ".1f", error=True),
        _with_error(found["similarity"]), mean(found["distance"], ".3f"), number(found["recognised"], ".0%"),
        *(mean(found[key], ".2f") for key in ("mouth", "eyes", "smile", "gaze")),
        "" if sharp is None else f"{sharp.median:.2f}",
    ]


def _with_error(seen: Spread | None) -> str:
    if seen is None:
        return ""
    return f"{seen.mean:.3f}" + ("" if seen.error is None else f" ± {seen.error:.3f}")


def _gain(stills: Stills, other: str) -> str:
    found = against(stills, other)
    like, age = found["similarity"], found["age_error"]
    if like["mean"] is None or age["mean"] is None:
        return ""
    return (f"<p>Against <b>{escape(_WORDS[other])}</b>, face by face: similarity {like['mean'].mean:+.3f}"
            f"{_plus(like['mean'], '.3f')}, better in {like['better']:.0%}; age error {-age['mean'].mean:+.1f}"
            f"{_plus(age['mean'], '.1f')} years, better in {age['better']:.0%}.</p>")


def _plus(seen: Spread, form: str) -> str:
    return "" if seen.error is None else f" ± {seen.error:{form}}"


def _by_era(stills: Stills) -> str:
    rows = []
    for era in stills.eras:
        these = [each for each in stills.results if each.target_age == era.age]
        if not these:
            continue
        figures = by_way(these)
        real = of_real([each for each in stills.real if abs(each.age - era.age) <= YEARS])
        rows.append([f"{era.age:.0f}", str(len(era.rows)), str(figures[MODEL]["results"]),
                     *(mean(figures[way]["similarity"], ".3f") for way in WAYS), mean(real["similarity"], ".3f"),
                     *(mean(figures[way]["age_error"], ".1f") for way in WAYS), mean(real["age_error"], ".1f")])
    heads = ["age", "held-out faces", "results", "similarity: model", "default", "nothing", "real",
             "age error: model", "default", "nothing", "real"]
    return "<h3>By age</h3>" + table(heads, rows)


def _over_ages(stills: Stills, name: str) -> str:
    parts: list[str] = []
    with drawn(6.0, 4.0, parts) as figure:
        axes = figure.subplots()
        for way in reversed(WAYS):
            there = [(each.target_age, value) for each in stills.of(way) if (value := getattr(each, name)) is not None]
            if not there:
                continue
            axes.plot(*zip(*there, strict=True), ".", color=_COLOURS[way], alpha=0.35, markersize=5, linewidth=0)
            ages = sorted({age for age, _ in there})
            means = [sum(v for a, v in there if a == age) / sum(a == age for a, _ in there) for age in ages]
            axes.plot(ages, means, "-o", color=_COLOURS[way], markersize=4, linewidth=1.6, label=_WORDS[way])
        real = [(each.age, value) for each in stills.real if (value := _yard(each, name)) is not None]
        if real:
            axes.plot(*zip(*real, strict=True), "x", color=_REAL, markersize=5, linewidth=0, label="real frames")
        axes.set(xlabel="age asked", ylabel={"similarity": "cosine similarity", "age_error": "years off"}[name])
        axes.legend(fontsize=8)
    return parts[0]


def _yard(each: Any, name: str) -> float | None:
    found: float | None = each.similarity if name == "similarity" else abs(each.read_age - each.age)
    return found


def clips_html(clips: Sequence[ClipResult], folder: str) -> str:
    """Every clip and age: the three ways beside each other, playing, and their figures."""
    parts = []
    for name, age in dict.fromkeys((each.clip, each.target_age) for each in clips):
        these = {each.way: each for each in clips if (each.clip, each.target_age) == (name, age)}
        shown = these[MODEL].shown
        video = "" if not shown else (
            f'<div class="heads"><span>as it is</span><span>default re-ager</span><span>this model</span></div>'
            f'<video src="{escape(folder)}/{quote(shown)}" poster="{these[MODEL].poster}" controls loop muted '
            'playsinline preload="metadata"></video>'
        )
        rows = []
        for way in WAYS:
            found = of_clip(these[way])
            out = found["ages_out"]
            rows.append([
                f"<b>{escape(_WORDS[way])}</b>", mean(found["age_error"], ".1f"),
                "" if out["mean"] is None else f"{out['mean']:.1f} ± {out['scatter']:.1f}",
                mean(found["similarity"], ".3f"), *(mean(found[k], ".2f") for k in ("mouth", "eyes", "smile", "gaze")),
                number(found["extra_flicker"], ".2f"), number(found["change_flicker"], ".2f"),
                number(found["slid"], ".2f"), "" if (s := found["sharpness"]) is None else f"{s.median:.2f}",
            ])
        heads = ["", "age error, years", "read age ± over the shot", "similarity", "mouth %", "eyes %", "smile %",
                 "gaze %", "extra flicker", "of the change", "slides %", "sharpness"]
        parts.append(f'<div class="clip"><h3>{escape(name)} at {age:g}</h3>{video}{table(heads, rows)}</div>')
    if not parts:
        return ""
    return "".join(parts) + (
        '<p class="quiet">Clips go through the render path; the first seconds are shown, the whole is measured. Extra '
        "flicker: what the face has more than the input after motion is taken out, of 255 (RMS); of the change: of "
        "result less input alone. Slides: how far the change moves over the skin in a third of a second, percent of "
        "the eye distance.</p>"
    )
