"""The live page of a run: one HTML file beside its pictures, refreshing itself, which also works from a disk."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from playingage.training.run.curves import Line, chart
from playingage.training.run.folder import PREVIEWS, Row

_STRIP = 12
_SILENT = 90
RUNNING = ("starting", "training", "exporting")
"""States of a run at work; the others are stopped, failed and finished."""
_STYLE = """
:root{color-scheme:dark}
body{margin:0 auto;max-width:1180px;padding:20px;background:#111315;color:#d9dde0;font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0}
h2{font-size:13px;letter-spacing:.06em;margin:26px 0 8px;text-transform:uppercase;color:#98a1a8}
h3{font-size:13px;font-weight:400;margin:0;color:#98a1a8}
.state{color:#f2b84b}.failed,.stale{color:#ff7b6b}.finished{color:#77d08b}.none{color:#98a1a8}
progress{width:100%;height:10px;margin:12px 0 4px;accent-color:#f2b84b}
.facts{display:flex;flex-wrap:wrap;gap:4px 28px}.facts b{font-variant-numeric:tabular-nums;color:#fff}
.two{display:grid;gap:24px;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr))}
.terms{display:grid;gap:8px 20px;grid-template-columns:repeat(auto-fill,minmax(230px,1fr))}
svg{width:100%;height:auto;background:#191c1f;border-radius:6px}svg text{fill:#98a1a8;font-size:11px}
polyline{fill:none;stroke-width:1.6}.grid{stroke:#2a2f33}.learned{stroke:#6fb3e0}
.held{stroke:#f2b84b;stroke-width:2.2}.dot{fill:#f2b84b;stroke:none}.bar{fill:#6fb3e0}
.model{stroke:#77d08b;stroke-width:2}
.key i{display:inline-block;width:18px;height:3px;margin:0 6px 4px 0;vertical-align:middle}
.key i:not(:first-child){margin-left:16px}
.key .l{background:#6fb3e0}.key .h{background:#f2b84b}.key .m{background:#77d08b}
img{max-width:100%;border-radius:4px;display:block}
.strip{display:flex;gap:10px;overflow-x:auto;padding-bottom:6px}.strip a{color:#98a1a8;font-size:12px;flex:none}
.strip img{height:110px}
table{border-collapse:collapse;font-size:13px;width:100%}
td{padding:2px 10px 2px 0;border-bottom:1px solid #23282c;vertical-align:top;overflow-wrap:anywhere}
td:first-child{color:#98a1a8;white-space:nowrap;width:1%;padding-right:32px}
"""
_SCRIPT = """
const told=document.getElementById("updated"),age=(Date.now()-Date.parse(told.dateTime))/1000;
if(told.dataset.running&&age>""" + str(_SILENT) + """){const b=document.getElementById("stale");
b.textContent="No news for "+Math.round(age/60)+" min: it was killed, or its disk is slow. The same command goes on.";}
"""


def _source(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; script-src {_source(_SCRIPT)}; style-src {_source(_STYLE)}; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy under which the page works when it is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What does not change while a run goes on.

    faces: number of faces learned from by age in whole years. titles: number of them by title. coverage: (age, weight):
    how far the performer's own footage speaks. settings: as a person reads them.
    """

    performer: str
    name: str
    steps: int
    device: str
    settings: Mapping[str, str] = field(default_factory=dict)
    faces: Mapping[int, int] = field(default_factory=dict)
    titles: Mapping[str, int] = field(default_factory=dict)
    coverage: Sequence[tuple[float, float]] = ()


def page(facts: Facts, status: Mapping[str, Any], rows: Sequence[Row], previews: Sequence[str]) -> str:
    """The HTML of the page. previews: names of the contact sheets, oldest first."""
    running = status["state"] in RUNNING
    title = f"{facts.performer}: {facts.name}"
    refresh = '<meta http-equiv="refresh" content="5">' if running else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{refresh}'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body>{_head(facts, status, running)}{_pictures(previews)}"
        f"{_curves(rows, facts.steps)}{_archive(facts)}{_settings(facts)}<script>{_SCRIPT}</script></body></html>\n"
    )


def _head(facts: Facts, status: Mapping[str, Any], running: bool) -> str:
    state, best, left = str(status["state"]), status["best"], status["seconds_left"]
    told = {
        "Step": f"{status['step']:,} of {facts.steps:,}",
        "Time left": duration(left) if running and left is not None else "",
        "Samples a second": f"{status['samples_per_s']:g}" if status["samples_per_s"] else "",
        "Best held-out": f"{best['held_out']:.4g} at step {best['step']:,}" if best else "",
        "Device": facts.device,
    }
    parts = "".join(f"<span>{name} <b>{escape(value)}</b></span>" for name, value in told.items() if value)
    words = escape(str(status["words"]))
    title = f"{escape(facts.performer)} · {escape(facts.name)}"
    return (
        f'<h1>{title} <span class="state {escape(state)}">{escape(state)}</span></h1>'
        f'<progress max="{facts.steps}" value="{status["step"]}">{status["step"]}</progress>'
        f'<div class="facts">{parts}</div><p>{words} <span id="stale" class="stale"></span></p>'
        f'<p class="none">As of <time id="updated" datetime="{escape(status["updated"])}" '
        f'data-running="{"yes" if running else ""}">{escape(str(status["updated"]).replace("T", " "))}</time></p>'
    )


def _pictures(previews: Sequence[str]) -> str:
    if not previews:
        return '<h2>Contact sheet</h2><p class="none">None yet.</p>'
    newest = previews[-1]
    former = previews[:-1] if len(previews) <= _STRIP + 1 else _spread(previews[:-1])
    strip = "".join(
        f'<a href="{PREVIEWS}/{name}"><img src="{PREVIEWS}/{name}" alt="" loading="lazy">step {_step(name):,}</a>'
        for name in reversed(former)
    )
    return (
        f'<h2>Contact sheet, step {_step(newest):,}</h2><a href="{PREVIEWS}/{newest}">'
        f'<img id="newest" src="{PREVIEWS}/{newest}" alt="Newest contact sheet"></a>'
        + (f'<h2>Before</h2><div class="strip">{strip}</div>' if strip else "")
    )


def _spread(names: Sequence[str]) -> list[str]:
    """As many as the strip holds, evenly over the run, the first and last among them."""
    return [names[round(i * (len(names) - 1) / (_STRIP - 1))] for i in range(_STRIP)]


def _step(name: str) -> int:
    return int(name.removesuffix(".png"))


def _curves(rows: Sequence[Row], steps: int) -> str:
    names = list(dict.fromkeys(name for row in rows for name in (row.get("terms") or {})))
    small = "".join(
        f"<div><h3>{escape(name)}</h3>{chart(_pair(rows, name), steps, width=320, height=150)}</div>" for name in names
    )
    return (
        '<h2>Loss</h2><p class="key"><i class="l"></i>training<i class="h"></i>held-out, averaged weights</p>'
        + chart(_pair(rows, "loss"), steps, width=1140, height=300)
        + (f'<h2>Its terms</h2><div class="terms">{small}</div>' if len(names) > 1 else "")
    )


def _pair(rows: Sequence[Row], name: str) -> list[Line]:
    return [
        Line(name="training", kind="learned", points=_points(rows, name, "loss", "terms")),
        Line(name="held-out", kind="held", points=_points(rows, name, "held_out", "held_out_terms")),
    ]


def _points(rows: Sequence[Row], name: str, total: str, terms: str) -> list[tuple[float, float]]:
    found = ((row["step"], row.get(total) if name == "loss" else (row.get(terms) or {}).get(name)) for row in rows)
    return [(step, value) for step, value in found if value is not None]


def _archive(facts: Facts) -> str:
    rows = _table({title: f"{count:,} faces" for title, count in facts.titles.items()})
    if not facts.faces:
        return ""
    return (
        '<h2>Archive</h2><p class="key"><i class="l"></i>faces by age'
        + ('<i class="m"></i>weight of the own footage, 0 to 1' if facts.coverage else "")
        + f'</p><div class="two"><div>{_ages(facts)}</div><div>{rows}</div></div>'
    )


def _ages(facts: Facts, width: int = 560, height: int = 170) -> str:
    ages = [*facts.faces, *(round(age) for age, _ in facts.coverage)]
    low, high = min(ages) - 2, max(ages) + 3
    scale, most = width / (high - low), max(facts.faces.values())
    floor = height - 18
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Faces learned from by age">']
    for age, count in facts.faces.items():
        tall = max(2.0, (floor - 8) * count / most)
        parts.append(
            f'<rect class="bar" x="{(age - low) * scale:.1f}" width="{max(2.0, scale - 1.5):.1f}" '
            f'y="{floor - tall:.1f}" height="{tall:.1f}"><title>{age}: {count} faces</title></rect>'
        )
    if facts.coverage:
        places = " ".join(
            f"{(age + 0.5 - low) * scale:.1f},{floor - (floor - 8) * weight:.1f}" for age, weight in facts.coverage
        )
        parts.append(f'<polyline class="model" points="{places}"/>')
    for age in range(-(-low // 10) * 10, high, 10):
        parts.append(f'<text x="{(age + 0.5 - low) * scale:.1f}" y="{height - 4}" text-anchor="middle">{age}</text>')
    return "".join(parts) + "</svg>"


def _settings(facts: Facts) -> str:
    return f"<h2>Settings</h2>{_table(facts.settings)}" if facts.settings else ""


def _table(cells: Mapping[str, str]) -> str:
    rows = (f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in cells.items())
    return f"<table>{''.join(rows)}</table>"


def duration(seconds: float) -> str:
    """A time span as a person says it."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute:02} min" if hours else f"{minute} min {second:02} s" if minute else f"{second} s"
