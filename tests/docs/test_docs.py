"""The documentation says what the code does: options, fields, dependencies, words on the monitors, decisions."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from playingage.cli.app import app
from playingage.core import ModelError
from playingage.models import ModelSpec

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {"demo": "getting-started.md", "live": "live.md", "render": "render.md", "inspect": "inspect.md",
         "evaluate": "evaluate.md", "faces": "faceset-page.md", "review": "review.md", "ingest": "archive.md",
         "train": "train.md", "invite": "access.md"}
TEXTS = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
RIGHTS = (
    "init", "performer add", "performer reference", "performer list", "performer show", "performer died",
    "performer forget", "key create", "key list", "key trust", "key rotate", "key retire", "grant create", "grant sign",
    "grant file", "grant verify", "grant revoke", "grant list", "ledger show", "ledger verify",
)
PAGES |= dict.fromkeys(RIGHTS, "rights.md")
PAGES |= dict.fromkeys([f"schedule {each}" for each in ("new", "import", "check", "show", "convert")], "schedule.md")
PAGES |= dict.fromkeys([f"takes {each}" for each in ("list", "show", "play", "verify", "recover")], "takes.md")


def leaves(group: Any, before: str = "") -> dict[str, Any]:
    """All commands by their words, those of groups too."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= leaves(command, f"{before}{name} ") if hasattr(command, "commands") else {f"{before}{name}": command}
    return found


COMMANDS = leaves(get_command(app))


def called(line: str) -> tuple[str, str]:
    """The command of a line that follows `playingage`, and the rest of the line."""
    words = line.split(" ")
    name = next((name for count in (2, 1) if (name := " ".join(words[:count])) in COMMANDS), None)
    assert name is not None, f"there is no command {line}"
    return name, line[len(name) :]


def options_of(command: str) -> set[str]:
    """The options of a command, without --help."""
    found = {name for given in COMMANDS[command].params for name in (*given.opts, *given.secondary_opts)}
    return {name for name in found if name.startswith("--")} - {"--help"}


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its first two lines."""
    assert f"\n## {heading}\n" in text, f"no heading {heading!r}"
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_commands_are_documented() -> None:
    assert set(COMMANDS) == set(PAGES)


@pytest.mark.parametrize("command", sorted(PAGES))
def test_each_page_lists_exactly_the_options_of_its_command(command: str) -> None:
    text = (DOCS / PAGES[command]).read_text(encoding="utf-8")
    table = re.findall(r"^\| (`--[^|]*)\|", text, re.MULTILINE)
    expected = set().union(*(options_of(each) for each, page in PAGES.items() if page == PAGES[command]))
    assert {name for cell in table for name in OPTION.findall(cell)} == expected


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_examples_use_options_that_exist(file: Path) -> None:
    for line in re.findall(r"^ *playingage (\w.*)$", file.read_text(encoding="utf-8"), re.MULTILINE):
        command, rest = called(line)
        bare = re.sub(r'"[^"]*"', "", rest)
        assert set(OPTION.findall(bare)) <= options_of(command) | {"--help"}, f"playingage {command}{rest}"


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_options_named_in_the_text_exist(file: Path) -> None:
    known = set().union(*map(options_of, COMMANDS)) | {"--help", "--version"}
    named = re.findall(r"`(--[a-z][a-z-]*)[^`]*`", file.read_text(encoding="utf-8"))
    allowed = {"--no-deps"} if file.parent.name == "adr" else set()
    assert set(named) <= known | allowed | ({"--i-have-consent"} if file.name.startswith("0006") else set())


@pytest.mark.parametrize("command", sorted(PAGES))
def test_examples_in_the_help_use_options_that_exist(command: str) -> None:
    examples = str(COMMANDS[command].epilog)
    assert f"playingage {command}" in examples
    assert set(OPTION.findall(re.sub(r'"[^"]*"', "", examples))) <= options_of(command)


@pytest.fixture
def package_page() -> str:
    return (DOCS / "formats" / "model-package.md").read_text(encoding="utf-8")


@pytest.fixture
def example(package_page: str) -> dict[str, Any]:
    found = re.search(r"```json\n(.*?)```", package_page, re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found.group(1))
    return document


def parse(document: dict[str, Any]) -> ModelSpec:
    return ModelSpec.parse(json.dumps(document).encode(), "the page")


def test_the_package_page_lists_exactly_the_fields_that_are_needed(package_page: str, example: dict[str, Any]) -> None:
    fields = {row[0].strip("`"): row[1] for row in rows(package_page, "Fields of model.json")}
    assert set(fields.values()) == {"required", "optional"}
    required = {name for name, needed in fields.items() if needed == "required"}
    assert set(example) == set(fields)
    parse({name: example[name] for name in required})  # nothing else is needed
    for name in required:
        with pytest.raises(ModelError):
            parse({key: value for key, value in example.items() if key != name})


def test_the_package_page_example_says_what_is_needed_inside(example: dict[str, Any]) -> None:
    spec = parse(example)
    assert spec.age_size == example["age_estimator"]["size"] and spec.files == example["files"]
    with pytest.raises(ModelError):
        parse({**example, "age_estimator": {"file": "age.onnx"}})
    for name in ("reager.onnx", "age.onnx"):
        with pytest.raises(ModelError):
            parse({**example, "files": {key: value for key, value in example["files"].items() if key != name}})


def requirements(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = re.fullmatch(r"([a-z0-9-]+)(.*)", line)
        assert match is not None, line
        found[match.group(1)] = match.group(2)
    return found


def test_dependencies_are_listed_with_their_ranges() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert extras["train"][0] == "playingage[archive]"
    assert extras["dev"][0] == "playingage[otio,whip]"
    declared = {
        "Run time": project["project"]["dependencies"], "Archive": extras["archive"], "Training": extras["train"][1:],
        "NDI": extras["ndi"], "WHIP": extras["whip"], "OTIO": extras["otio"],
        "Development": extras["dev"][1:], "Build": project["build-system"]["requires"],
    }
    assert set(extras) == {"archive", "ndi", "otio", "train", "whip", "dev"}
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    for heading, lines in declared.items():
        table = rows(page, heading)
        assert {row[0].strip("`"): row[1].strip("`") for row in table} == requirements(lines), heading
        assert all(row[2] and row[3] for row in table), f"{heading}: a licence or a reason is missing"


def test_decisions_are_numbered_without_gaps_and_complete() -> None:
    files = sorted((DOCS / "adr").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(file.name[:4])}. "), file.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Rejected", "Consequences"]


def test_the_navigation_lists_exactly_the_pages() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    listed = set(re.findall(r": (\S+\.md)$", navigation, re.MULTILINE))
    written = {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md")}
    assert written | {"model-card.md"} == listed  # the card is written with the network that it describes


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"(?<!!)\[[^\]]*\]\((?!http)([^)#]+)", text):
        found = (ROOT / target).exists() or list((ROOT / target).parent.glob(f"{Path(target).name}*"))
        assert found, f"README.md names {target}"


def test_words_on_the_monitors_are_those_of_the_code() -> None:
    source = ROOT / "src" / "playingage"
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for file in (*source.glob("live/*.py"), *source.glob("web/pages/*.js"))
    )
    named = {
        words for page in ("faults.md", "live.md")
        for words in re.findall(r"\*\*([A-Z][A-Z ]+)\*\*", (DOCS / page).read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert [words for words in sorted(named) if words not in code] == []
