"""The report as one HTML page that needs nothing else."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from playingage.review.evaluation.bars import Settled
from playingage.review.evaluation.markup import table
from playingage.review.evaluation.section import Section

NOTICE = "Pictures of real people in this folder were re-aged for measuring only. They stay here and go into no page."
_STYLE = Path(__file__).with_name("page.css")
_MARKS = {"pass": ("pass", "✓ pass"), "miss": ("miss", "✕ miss"), "not measured": ("open", "– not measured")}


def page(title: str, facts: Mapping[str, str], settled: Sequence[Settled], sections: Sequence[Section]) -> str:
    """The whole page: what was measured, every bar, then the sections in order."""
    shown = [section for section in sections if section.html]
    links = "".join(f'<a href="#{section.key}">{escape(section.title)}</a>' for section in shown)
    body = "".join(
        f'<section id="{section.key}"><h2>{escape(section.title)}</h2>{section.html}</section>' for section in shown
    )
    about = table(["what", "how"], [(escape(key), escape(value)) for key, value in facts.items()], words=2)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{escape(title)}</title>
<style>{_STYLE.read_text(encoding="utf-8")}</style></head><body><main>
<h1>{escape(title)}</h1>
{_score(settled)}
<p class="notice">{escape(NOTICE)}</p>
<nav><a href="#bars">The bars</a>{links}<a href="#about">How it was measured</a></nav>
<section id="bars"><h2>The bars</h2>{bars_table(settled)}</section>
{body}
<section id="about"><h2>How it was measured</h2>{about}</section>
</main></body></html>
"""


def _score(settled: Sequence[Settled]) -> str:
    count = {name: sum(each.status == name for each in settled) for name in _MARKS}
    left = f", {count['not measured']} not measured" if count["not measured"] else ""
    return (f'<p class="score"><b class="pass">{count["pass"]} passed</b>, <b class="miss">{count["miss"]} missed</b>'
            f'<span class="quiet">{left}</span></p>')


def bars_table(settled: Sequence[Settled]) -> str:
    """Every bar with its figure, its limit and what became of it."""
    rows = []
    for each in settled:
        bar, found = each.bar, each.measured
        css, words = _MARKS[each.status]
        detail = "" if found is None else f"<br><small>{escape(found.detail)}</small>"
        rows.append((
            f'<span class="state {css}">{words}</span>', escape(bar.text) + detail,
            each.value, f'<span class="quiet">{"≥" if bar.least else "≤"} {each.limit}</span>', bar.by,
        ))
    return table(["", "what", "measured", "bar", "by"], rows, words=2)
