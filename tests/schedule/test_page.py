"""docs/formats/schedule.md says what the code reads."""

import re
from pathlib import Path

from playingage.schedule import names
from playingage.schedule.document import FORMAT, VERSION, read_toml

PAGE = (Path(__file__).parents[2] / "docs" / "formats" / "schedule.md").read_text(encoding="utf-8")


def listed(heading: str) -> tuple[str, ...]:
    section = PAGE.split(f"\n### {heading}\n", 1)[1].split("\n#", 1)[0]
    return tuple(re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE))


def test_fields_and_columns_are_those_of_the_code() -> None:
    assert listed("Fields of the file") == names.TOP
    assert listed("Fields of cast") == names.PART
    assert listed("Fields of scenes") == names.SCENE
    assert listed("Fields of shots") == names.SHOT
    assert listed("Fields of ages") == names.ENTRY
    assert listed("Fields of keys") == names.KEY
    assert listed("Columns") == names.COLUMNS


def test_the_example_is_read() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    schedule = read_toml(example[1], "page")
    plan = schedule.at("12a", "b", 3, "tom")
    assert plan is not None and len(plan.keys) == 2
    assert f'"{FORMAT}"' in PAGE and f"version {VERSION}" in PAGE
