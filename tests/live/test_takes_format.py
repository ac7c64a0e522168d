"""The page of the format names every field that is written, and no other of take.json and a frame."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from live.shooting import recorder, shoot
from playingage.live.takes import FORMAT, VERSION

PAGE = (Path(__file__).parents[2] / "docs" / "formats" / "take.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format")
    with recorder(folder) as made:
        shoot(made, range(4))
        made.mark("good")
    return folder / "12_A_001"


def section(name: str) -> str:
    return PAGE.split(f"## {name}\n")[1].split("\n## ")[0]


def fields(name: str) -> set[str]:
    """Names in the first column of a section's table."""
    rows = re.findall(r"^\| (`[^|]+`) \|", section(name), re.MULTILINE)
    return {field for row in rows for field in re.findall(r"`([a-z_0-9]+)`", row)}


def line(folder: Path, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / name).read_text().splitlines()[0])
    return value


def test_take_json(folder: Path) -> None:
    document = json.loads((folder / "take.json").read_text())
    assert (document["format"], document["version"]) == (FORMAT, VERSION) and f'"{FORMAT}"' in PAGE
    assert fields("take.json") == {*document, "torn_frames"}  # that one only after a power cut
    for name in (*document["counts"], *document["source"], *document["picture"], *document["performers"][0]):
        assert f"`{name}`" in section("take.json"), name
    assert set(document["files"]) == {path.name for path in folder.iterdir()} - {"take.json", "marks.jsonl"}
    for ended in ("cut", "stopped", "disk full", "unwritable", "picture changed", "power cut"):
        assert f"`{ended}`" in section("take.json")


def test_frames(folder: Path) -> None:
    frame = line(folder, "frames.jsonl")
    assert fields("frames.jsonl") == {*frame, "held_from"}
    for name in frame["faces"][0]:
        assert f"`{name}`" in section("frames.jsonl"), name


def test_states_and_marks(folder: Path) -> None:
    state = line(folder, "states.jsonl")
    for name in (*state, *state["state"]):
        assert f"`{name}`" in section("states.jsonl"), name
    assert set(re.findall(r"`([a-z]+)`", section("marks.jsonl"))) == set(line(folder, "marks.jsonl"))
