"""The documents of the formats say what the code reads and writes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from production import make_production, stamp

from playingage.cli.onset import IN_THE_LEDGER
from playingage.core import PlayingAgeError, canonical_json, sha256_bytes
from playingage.live.takes.uses import EVENT
from playingage.production import Performer, Production
from playingage.production.forgetting import DONE, STARTED
from playingage.rights import (
    GrantError,
    GrantStatement,
    KeyCard,
    Revocation,
    SigningKey,
    TrustedKey,
    TrustedKeys,
    Use,
    rotate,
    write_rotation,
)
from playingage.rights.chain import FIRST, Entry, Head
from playingage.rights.grant import REVOCATION_TYPE
from playingage.rights.rotation import ROTATION_TYPE
from playingage.rights.signing import open_envelope
from playingage.rights.statement import PAYLOAD_TYPE

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / "docs" / "formats" / f"{name}.md").read_text(encoding="utf-8")
         for name in ("production", "grant", "ledger")}
OLD, NEW = SigningKey.make(), SigningKey.make()
KEYS = TrustedKeys(keys=(TrustedKey(key=OLD.public, holder="Ada", capacity="self", performers=("ada",),
                                    added="2026-01-01T00:00:00+00:00"),))


def section(page: str, heading: str) -> str:
    found = PAGES[page].split(f"\n## {heading}\n")
    assert len(found) == 2, f"{page}: {heading}"
    return found[1].split("\n## ")[0]


def table(page: str, heading: str) -> dict[str, str]:
    """The first column of a table and the second; several names in one cell stand alike."""
    lines = [line for line in section(page, heading).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines[2:]]
    return {name: row[1] for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


def example(page: str, heading: str) -> dict[str, Any]:
    found = re.search(r"```json\n(.*?)```", section(page, heading), re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


def write(folder: Path, document: dict[str, Any], name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(json.dumps(document).encode())
    return folder


def read_revocation(document: dict[str, Any]) -> object:
    return Revocation.of(OLD.sign(canonical_json(document), REVOCATION_TYPE), KEYS)


def read_rotation(document: dict[str, Any]) -> object:
    first = OLD.sign(canonical_json(document), ROTATION_TYPE)
    return rotate(KEYS, NEW.sign_also(open_envelope(first, ROTATION_TYPE, "it")), at=stamp(), where="it")


def made_documents() -> dict[str, dict[str, Any]]:
    card = KeyCard(key=NEW.public, holder="Ada", created=stamp())
    revocation = Revocation(grant=FIRST, performer="ada", production="p", by="Ada", reason="Why", signed=stamp())
    passing = open_envelope(write_rotation(OLD, NEW, card, stamp()), ROTATION_TYPE, "it").payload
    return {
        "Public key's file": card.document, "Fields of a revocation": json.loads(revocation.payload),
        "Fields of a rotation": json.loads(passing), "Trusted keys": KEYS.keys[0].document,
        "Fields of a statement": example("grant", "Fields of a statement"),
        "Fields of production.json": example("production", "Fields of production.json"),
        "Fields of performer.json": example("production", "Fields of performer.json"),
        "Fields of a line": example("ledger", "Fields of a line") | {"torn": FIRST},
        "Head": json.loads(Head(count=1, hash=FIRST).data),
    }


def readers(folder: Path) -> dict[tuple[str, str], Callable[[dict[str, Any]], object]]:
    wrap = TrustedKeys().data
    return {
        ("grant", "Fields of a statement"): lambda d: GrantStatement.parse(json.dumps(d).encode(), "it"),
        ("grant", "Fields of a revocation"): read_revocation,
        ("grant", "Fields of a rotation"): read_rotation,
        ("grant", "Public key's file"): lambda d: KeyCard.parse(json.dumps(d).encode(), "it"),
        ("grant", "Trusted keys"):
            lambda d: TrustedKeys.parse(json.dumps(json.loads(wrap) | {"keys": [d]}).encode(), "it"),
        ("production", "Fields of production.json"): lambda d: Production.open(write(folder, d, "production.json")),
        ("production", "Fields of performer.json"): lambda d: Performer.read(
            write(folder / "ada", d, "performer.json")),
        ("ledger", "Fields of a line"): lambda d: Entry.parse(canonical_json(d), "it"),
        ("ledger", "Head"): lambda d: Head.parse(canonical_json(d), "it"),
    }


@pytest.mark.parametrize(("page", "heading"), sorted(readers(Path())))
def test_each_table_lists_exactly_the_fields_and_which_are_needed(page: str, heading: str, tmp_path: Path) -> None:
    read, document = readers(tmp_path)[page, heading], made_documents()[heading]
    fields = table(page, heading)
    assert set(fields) == set(document) - {"package"}  # the example of a line is one of training
    assert set(fields.values()) <= {"required", "optional"}
    read(document)
    needed = {name for name, need in fields.items() if need == "required"} - {"scheme"}
    for name in needed:
        with pytest.raises(PlayingAgeError):
            read({key: value for key, value in document.items() if key != name})
    if heading not in ("Trusted keys", "Public key's file"):
        read({key: value for key, value in document.items() if key in needed | {"scheme"}})


@pytest.mark.parametrize("heading", ["Fields of a statement", "Public key's file", "Fields of production.json",
                                     "Fields of performer.json", "Fields of a line", "Head"])
def test_other_versions_and_formats_are_refused(heading: str, tmp_path: Path) -> None:
    read = next(read for (_, each), read in readers(tmp_path).items() if each == heading)
    document = made_documents()[heading]
    for change in ({"version": 2}, {"version": "1"}, {"version": True}, {"format": "other"}, {"format": None}):
        with pytest.raises(PlayingAgeError, match=r"version|format"):
            read(document | change)


def test_the_examples_hashes_are_hashes() -> None:
    line = re.search(r"```json\n(.*?)\n```", section("ledger", "Fields of a line"), re.DOTALL)
    assert line is not None
    assert Entry.parse(line[1].encode(), "it").hash == sha256_bytes(line[1].encode())
    envelope = re.search(r"```json\n(.*?)\n```", section("grant", "Envelope"), re.DOTALL)
    assert envelope is not None
    made = json.loads(OLD.sign(b"x", PAYLOAD_TYPE))
    assert set(json.loads(envelope[1])) == set(made)
    assert set(json.loads(envelope[1])["signatures"][0]) == set(made["signatures"][0])
    assert set(table("grant", "Envelope")) == {PAYLOAD_TYPE, REVOCATION_TYPE, ROTATION_TYPE}


def test_the_events_are_those_of_the_code() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "src").rglob("*.py")))
    written = set(re.findall(r'ledger\.append\(\s*"([a-z-]+)"', code))
    written |= set(re.findall(r'\.set_keys\([^"]*?"([a-z-]+)"', code)) | {STARTED, DONE, "created"}
    written |= {str(Use.LIVE), str(Use.RENDER)}  # named by the use
    written |= {EVENT, *IN_THE_LEDGER.values()}
    assert set(table("ledger", "Events")) == written


def test_the_folder_is_as_the_page_says(tmp_path: Path) -> None:
    made = make_production(tmp_path / "p")
    places = re.findall(r"`([^`]+)`", "".join(
        line.split("|")[1] for line in PAGES["production"].split("\n## ")[0].splitlines() if line.startswith("| `")))
    for place in ("production.json", "ledger.jsonl", "ledger.head", "grants/trusted_keys.json", "schedule/", "takes/",
                  "renders/", "grants/revocations/"):
        assert place in places and (made.folder / place).exists()
    top = {place.split("/")[0] for place in places}
    assert top == {each.name for each in made.folder.iterdir()}


def test_the_refusals_of_the_page_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8").split("\n## Refusals\n")[1].split("\n## ")[0]
    source = "".join(file.read_text(encoding="utf-8") for folder in ("rights", "production")
                     for file in (ROOT / "src" / "playingage" / folder).glob("*.py"))
    flat = re.sub(r"\{[^{}]*\}", "~", re.sub(r'"\s*\n\s*f?"', "", source))
    rows = [line.strip("|").split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    for sentence in (each for row in rows for each in row.split(" · ")):
        for part in re.split(r"\.\.\.|'[^']*'|\d+|playingage-grant|\bbob\b|\bada\b", sentence):
            words = part.strip(" :;,")
            assert len(words) < 6 or words.lower() in flat.lower(), f"{sentence!r}: {words!r}"


def test_a_statement_without_end_reads_as_one_with_null() -> None:
    document = example("grant", "Fields of a statement")
    without = {key: value for key, value in document.items() if key != "valid_until"}
    open_ended = GrantStatement.parse(json.dumps(without).encode(), "")
    assert open_ended == GrantStatement.parse(json.dumps(document | {"valid_until": None}).encode(), "")
    with pytest.raises(GrantError):
        GrantStatement.parse(json.dumps(document | {"valid_until": ""}).encode(), "")
