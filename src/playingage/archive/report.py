"""`coverage.html`: what a faceset covers, as one page that needs nothing else."""

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from playingage.archive.choose import LEVELS, PITCHES, SIDES, YAWS, worth_of
from playingage.archive.coverage import ENOUGH, SIZES, THIN, Era, eras_of, expressions_of, missing
from playingage.archive.errors import FacesetError
from playingage.archive.faceset import Faceset
from playingage.archive.files import Disk, Store
from playingage.archive.row import FaceRow
from playingage.archive.view import as_seen
from playingage.faces import template_transform, warp_crop

NAME = "coverage.html"
_STYLE = Path(__file__).with_name("coverage.css")
_SIDE, _SHEET, _PICTURES = 128, 16, 400
Group = tuple[str, tuple[str, ...], Callable[[Era], Counter[str]]]


def write_report(faceset: Faceset, name: str, store: Store | None = None) -> Path:
    """Write the page into the faceset's folder. `name`: the performer's, for people. Raises FacesetError."""
    path = faceset.folder / NAME
    (store or Disk()).write(path, page(faceset, name).encode())
    return path


def page(faceset: Faceset, name: str) -> str:
    """The whole page."""
    eras = eras_of(faceset.rows)
    used, doubtful = len(faceset.used), sum(row.state == "rejected" and bool(row.reason) for row in faceset.rows)
    ages = f"aged {min(r.age for r in faceset.used):.0f} to {max(r.age for r in faceset.used):.0f}" if used else ""
    words = [f"{used} faces", ages, f"{len(faceset.titles)} titles", f"{doubtful} set aside" if doubtful else ""]
    wanted = "".join(f"<li>{escape(text)}</li>" for text in missing(eras))
    groups = _groups(eras)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{escape(name)}: coverage</title>
<style>{_STYLE.read_text(encoding="utf-8")}</style></head><body><main>
<h1>{escape(name)}: what the archive covers</h1>
<p class="quiet">{escape(", ".join(word for word in words if word))}. Updated
{escape(str(faceset.document.get("updated", ""))[:16].replace("T", " "))}.</p>
<h2>What to look for next</h2><ul class="next">{wanted}</ul>
<h2>Faces by age</h2>{_key()}
<div class="tables">{"".join(_heat(eras, each) for each in groups)}</div>
<h2>Pose and expression together</h2>
<div class="cards">{"".join(_cross(era, expressions_of(eras)) for era in eras)}</div>
<h2>Pictures</h2>{_sheets(faceset, eras)}
<h2>Titles</h2>{_titles(faceset)}
</main></body></html>
"""


def _groups(eras: Sequence[Era]) -> tuple[tuple[Group, ...], ...]:
    """Tables, each of some groups of columns."""
    return (
        (("head turned", tuple(n for n, *_ in YAWS), lambda e: e.yaw),
         ("head raised", tuple(n for n, *_ in PITCHES), lambda e: e.pitch)),
        (("expression", expressions_of(eras), lambda e: e.expression),),
        (("light", tuple(n for n, *_ in SIDES), lambda e: e.side),
         ("skin", tuple(n for n, *_ in LEVELS), lambda e: e.level),
         ("eye to eye, pixels", tuple(n for n, *_ in SIZES), lambda e: e.size)),
    )


def _heat(eras: Sequence[Era], groups: Sequence[Group]) -> str:
    first = '<th class="gap"></th>'.join(
        f'<th class="group" colspan="{len(columns)}">{escape(title)}</th>' for title, columns, _ in groups
    )
    second = '<th class="gap"></th>'.join(
        "".join(f"<th>{escape(column)}</th>" for column in columns) for _, columns, _ in groups
    )
    lines = []
    for era in eras:
        cells = '<td class="gap"></td>'.join(
            "".join(_cell(count(era)[column]) for column in columns) for _, columns, count in groups
        )
        lines.append(f'<tr><th>{escape(era.name)} <span class="quiet">({era.count})</span></th>{cells}</tr>')
    return (f'<div class="wide"><table><tr><th></th>{first}</tr><tr><th>age</th>{second}</tr>'
            f'{"".join(lines)}</table></div>')


def _cross(era: Era, expressions: Sequence[str]) -> str:
    heads = "".join(f"<th>{escape(name)}</th>" for name, *_ in YAWS)
    lines = "".join(
        f"<tr><th>{escape(each)}</th>" + "".join(_cell(era.bins[yaw, each]) for yaw, *_ in YAWS) + "</tr>"
        for each in expressions
    )
    return (f'<div><h3>{escape(era.name)} <span>{era.count} faces</span></h3><div class="wide"><table>'
            f"<tr><th></th>{heads}</tr>{lines}</table></div></div>")


def _cell(count: int) -> str:
    style, text = _colour(count), str(count) if count else "–"
    return f'<td style="{style}">{text}</td>'


def _colour(count: int) -> str:
    """Dark for none, amber for plenty; steps of the logarithm."""
    if count == 0:
        return "background:#2a1f1f;color:#a3706a"
    part = float(np.clip(np.log1p(count) / np.log1p(ENOUGH), 0, 1))
    low, high = np.array([46, 42, 34]), np.array([240, 178, 76])
    r, g, b = (int(v) for v in low + (high - low) * part)
    return f"background:rgb({r},{g},{b});color:{'#191919' if part > 0.55 else '#d9d9d9'}"


def _key() -> str:
    parts = [("none", 0), ("a few", THIN), ("some", 15), (f"{ENOUGH} and more", ENOUGH)]
    return '<p class="key">Faces that training takes:' + "".join(
        f'<span><b style="{_colour(count)}"></b>{escape(name)}</span>' for name, count in parts
    ) + "</p>"


def _sheets(faceset: Faceset, eras: Sequence[Era]) -> str:
    each = max(4, min(_SHEET, _PICTURES // max(1, len(eras))))
    parts = []
    for era in eras:
        figures = "".join(_figure(faceset, row) for row in _varied(era.rows, each))
        titles = escape(", ".join(era.titles[:4])) + (" and others" if len(era.titles) > 4 else "")
        parts.append(f'<h3>{escape(era.name)} <span>{titles}</span></h3><div class="sheet">{figures}</div>')
    return "".join(parts)


def _varied(rows: Sequence[FaceRow], most: int) -> list[FaceRow]:
    """The best of each pose and expression in turn, in order of pose."""
    bins: dict[tuple[int, str], list[FaceRow]] = {}
    for row in sorted(rows, key=lambda row: (-worth_of(row), row.id)):
        bins.setdefault((round(row.yaw / 15), row.expression), []).append(row)
    queues = sorted(bins.values(), key=lambda queue: -worth_of(queue[0]))
    turns = max(map(len, queues), default=0)
    chosen = [queue[turn] for turn in range(turns) for queue in queues if turn < len(queue)][:most]
    return sorted(chosen, key=lambda row: row.yaw)


def _figure(faceset: Faceset, row: FaceRow) -> str:
    what = f"{row.expression}, {row.yaw:+.0f}°"
    tip = f"{row.title}, {row.timecode or f'{row.seconds:.1f} s'}, age {row.age:.1f}, {row.eye:.0f} px"
    try:
        view = as_seen(faceset.picture(row), "srgb")
    except FacesetError:
        return f'<figure title="{escape(tip)}"><img alt="missing"><figcaption>cut is missing</figcaption></figure>'
    points = np.ascontiguousarray(row.landmarks, np.float32)
    crop = warp_crop(view, template_transform(points, _SIDE), _SIDE)
    picture = np.clip(crop + 0.5, 0, 255).astype(np.uint8)
    done, coded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 82])
    assert done, "OpenCV writes any 8-bit picture as JPEG"
    data = base64.b64encode(coded.tobytes()).decode()
    image = f'<img src="data:image/jpeg;base64,{data}" alt="{escape(what)}">'
    return (f'<figure title="{escape(tip)}">{image}'
            f"<figcaption>{escape(what)}</figcaption></figure>")


def _titles(faceset: Faceset) -> str:
    used = Counter(row.title for row in faceset.used)
    lines = []
    for title, about in sorted(faceset.titles.items(), key=lambda each: (each[1].get("age", 0), each[0])):
        doubtful = sum(row.title == title and not row.used for row in faceset.rows)
        notes = "; ".join(map(str, about.get("notes", ())))
        lines.append(
            f"<tr><td>{escape(title)}<br><span class=quiet>{escape(notes)}</span></td><td class=n>"
            f"{about.get('age', 0):.1f}</td><td class=n>{used[title]}</td><td class=n>{doubtful or ''}</td>"
            f"<td>{escape(str(about.get('rights', '')))}</td></tr>"
        )
    return ('<div class="wide"><table class="list"><tr><th>title</th><th class=n>age</th><th class=n>faces</th>'
            f'<th class=n>rejected</th><th>rights</th></tr>{"".join(lines)}</table></div>')
