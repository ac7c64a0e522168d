"""Scripts in Fountain: scene headings, their numbers, and who speaks. Nothing else of the form is needed here."""

import re
from collections.abc import Iterator

from playingage.schedule.script import ScriptScene

_TITLE = re.compile(r"[A-Za-z][^:\n]{0,60}:")
_HEADING = re.compile(r"(?:INT\.?/EXT|EXT\.?/INT|INT|EXT|EST|I\.?/E)(?=[. ])", re.IGNORECASE)
_FORCED = re.compile(r"\.(?=\w)")
_NUMBER = re.compile(r"#([\w.\-]+)#$")
_OTHER = ("!", ">", "~", "#", "=")
"""A line that begins so is forced action, transition or centred, lyrics, section, synopsis."""


def parse_fountain(text: str) -> tuple[ScriptScene, ...]:
    """The scenes of any text, in order. Lines before the first heading belong to none."""
    found: list[tuple[str, str, list[str]]] = []
    for kind, line in _lines(text):
        if kind == "heading":
            number = _NUMBER.search(line)
            heading = _NUMBER.sub("", line) if number else line
            found.append((number[1] if number else "", heading.strip(), []))
        elif found:
            found[-1][2].append(line)
    return tuple(ScriptScene(number=number, heading=heading, cues=tuple(cues)) for number, heading, cues in found)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Headings, and lines that say who speaks, without the marks that force them."""
    text = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
    lines = _without(_without(text, "/*", "*/"), "[[", "]]", never="\n\n").split("\n")
    start = _after_title(lines)
    blank = True
    for number in range(start, len(lines)):
        line = lines[number].strip()
        after = lines[number + 1].strip() if number + 1 < len(lines) else ""
        if blank and _FORCED.match(line):
            yield "heading", line[1:].strip()
        elif blank and _HEADING.match(line):
            yield "heading", line
            after = ""
        elif blank and after and _speaks(line):
            yield "cue", line
        blank = not line or (line.startswith("#") and not after) or bool(_HEADING.match(line) and blank)


def _without(text: str, begin: str, end: str, *, never: str = "") -> str:
    """The text without what stands between two marks, unless `never` does too. A mark that is left open is text."""
    kept, done = [], 0
    opens, closes, broken = text.find(begin), -1, -1
    while opens >= 0:
        after = opens + len(begin)
        closes = text.find(end, after) if closes < after else closes
        if closes < 0:
            break
        if never and broken < after:
            broken = text.find(never, after) % (len(text) + 1)
        if never and broken < closes:
            opens = text.find(begin, broken)
            continue
        kept.append(text[done:opens])
        done = closes + len(end)
        opens = text.find(begin, done)
    return "".join((*kept, text[done:]))


def _after_title(lines: list[str]) -> int:
    """Where the title page ends: its lines are KEY: VALUE, or KEY: and values moved in on the next lines."""
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not lines or not _TITLE.match(lines[start]):
        return 0
    value = lines[start].partition(":")[2].strip()
    moved_in = start + 1 < len(lines) and lines[start + 1][:1] in (" ", "\t") and lines[start + 1].strip()
    if not value and not moved_in:
        return 0
    return next((number for number in range(start, len(lines)) if not lines[number].strip()), len(lines))


def _speaks(line: str) -> bool:
    if line.startswith("@"):
        return len(line) > 1
    if line.startswith(_OTHER):
        return False
    name = line.partition("(")[0]
    return any(sign.isalpha() for sign in name) and name == name.upper()
