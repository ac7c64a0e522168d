"""Scripts in Final Draft's XML: scene headings with their numbers, and who speaks."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from playingage.schedule.faults import Fault, ScheduleError
from playingage.schedule.script import ScriptScene

_SAVE = "Save the script again as Final Draft (.fdx)."


def parse_fdx(data: bytes, file: str) -> tuple[ScriptScene, ...]:
    """The scenes of the script, in order. Raises ScheduleError for what is not Final Draft's XML, or tries tricks."""
    root = _root(data, file)
    content = root.find("Content")
    if root.tag != "FinalDraft" or content is None:
        raise _error(file, 0, f"is XML, but no Final Draft script: it begins with <{root.tag}>")
    found: list[tuple[str, str, list[str]]] = []
    for paragraph in _paragraphs(content):
        kind, text = paragraph.get("Type"), _text(paragraph)
        if kind == "Scene Heading":
            found.append(((paragraph.get("Number") or "").strip(), text, []))
        elif kind == "Character" and found and text:
            found[-1][2].append(text)
    return tuple(ScriptScene(number=number, heading=heading, cues=tuple(cues)) for number, heading, cues in found)


def _root(data: bytes, file: str) -> Element:
    try:
        root: Any = fromstring(data, forbid_dtd=True)
    except ParseError as error:
        raise _error(file, error.position[0], f"is not XML: {error}") from error
    except DefusedXmlException as error:
        raise _error(file, 0, "declares entities or a document type, which no script needs") from error
    except (LookupError, ValueError, UnicodeError, RecursionError) as error:
        raise _error(file, 0, f"is not XML that can be read: {error}") from error
    assert isinstance(root, Element)
    return root


def _paragraphs(content: Element) -> Iterator[Element]:
    """Paragraphs in order; those of dual dialogue lie within one. Omitted scenes are not entered."""
    for paragraph in content.iterfind("Paragraph"):
        yield paragraph
        for both in paragraph.iterfind("DualDialogue"):
            yield from both.iterfind("Paragraph")


def _text(paragraph: Element) -> str:
    return "".join(part.text or "" for part in paragraph.iterfind("Text")).strip()


def _error(file: str, line: int, what: str) -> ScheduleError:
    return ScheduleError(file, (Fault(line=line, field="", what=what),), _SAVE)
