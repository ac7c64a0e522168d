"""Pieces of HTML that the parts of a report are put together from."""

from collections.abc import Sequence
from html import escape

from playingage.review.evaluation.statistics import Slope, Spread

_FACE = "minmax(96px, 224px)"
"""Width of a face in a sheet: cut-outs are not enlarged beyond their own pixels."""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """A table; the first `words` columns are text, the rest numbers. Cells are HTML, see `escape`."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(
            f'<{tag}{"" if place < words else " class=n"}>{cell}</{tag}>' for place, cell in enumerate(cells)
        ) + "</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<div class="wide"><table>{line("th", [escape(head) for head in heads])}{body}</table></div>'


def plot(address: str, caption: str, *, alone: bool = False) -> str:
    """A plot (a data address) with a caption in plain text; `alone` where it does not stand among others."""
    css = "plot alone" if alone else "plot"
    return (f'<figure class="{css}"><img src="{address}" alt="{escape(caption)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>")


def plots(*each: str) -> str:
    """Several plots beside each other."""
    return f'<div class="plots">{"".join(each)}</div>'


def sheet(heads: Sequence[str], rows: Sequence[Sequence[str]], *, first: str = _FACE) -> str:
    """Faces in a grid under `heads`; `first` is the width of the first column."""
    columns = f"grid-template-columns: {first} repeat({len(heads) - 1}, {_FACE})"
    cells = [f'<div class="head">{escape(head)}</div>' for head in heads] + [cell for row in rows for cell in row]
    return f'<div class="sheet" style="{columns}">{"".join(cells)}</div>'


def face(address: str, what: str) -> str:
    """A face in a sheet."""
    return f'<div class="cell"><img src="{address}" alt="{escape(what)}"></div>'


def mean(seen: Spread | None, form: str, *, error: bool = False) -> str:
    """A mean as written by `form`, with its standard error if wanted; empty where there is none."""
    if seen is None:
        return ""
    tail = f" ± {seen.error:.1f}" if error and seen.error is not None else ""
    return f"{seen.mean:{form}}{tail}"


def number(value: float | None, form: str) -> str:
    """A number as written by `form`; empty where there is none."""
    return "" if value is None else f"{value:{form}}"


def slope(found: Slope | None) -> str:
    """A slope with its standard error; empty where there is none."""
    if found is None or found.value != found.value:
        return ""
    return f"{found.value:.2f}" + ("" if found.error is None else f" ± {found.error:.2f}")


def years(shift: float) -> str:
    """A request: +10, 0, -30."""
    return f"{shift:+g}" if shift else "0"
