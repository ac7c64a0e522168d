"""One part of an evaluation: its figures, what it measured for the bars, and its place in the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playingage.review.evaluation.bars import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`key` is its field in evaluation.json, which holds `figures` (plain JSON); `html` its body in the report.

    `measured`: for keys of `bars.BARS` what was found. Bars that no section measured are told as not measured.
    """

    key: str
    title: str
    figures: Mapping[str, Any]
    measured: Mapping[str, Measured] = field(default_factory=dict)
    html: str = ""
