"""The page on the run's folder says what a run writes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from cli.conftest import account, call  # noqa: E402, F401

from playingage.production import Production  # noqa: E402
from playingage.training.run import checkpoint, record, status  # noqa: E402
from training_run.test_command import Train, keys, made, train  # noqa: E402, F401

PAGE = (Path(__file__).parents[2] / "docs" / "formats" / "training-run.md").read_text(encoding="utf-8")


def fields(heading: str) -> set[str]:
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| ([^|]*) \|", section, re.MULTILINE)[1:]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_the_page_lists_what_a_run_writes(train: Train, made: Production) -> None:  # noqa: F811
    assert train().code == 0
    folder = made.runs("ada") / "main"

    def read(name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
        return document

    for name in ("settings.json", "record.json", "status.json"):
        assert set(read(name)) == fields(f"Fields of {name}"), name
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {name for line in lines for name in line} == fields("Fields of log.jsonl")
    state, _ = checkpoint.newest(folder)
    assert state is not None and set(state) == fields("Checkpoints")
    written = read("record.json")
    for inside in (written["data"], written["sessions"][0], written["result"], *written["result"]["best"]):
        for name in inside if isinstance(inside, dict) else (inside,):
            assert f"`{name}`" in PAGE, name
    for made_as, number in (
        (record.SETTINGS_FORMAT, record.SETTINGS_VERSION), (record.RECORD_FORMAT, record.RECORD_VERSION),
        (status.STATUS_FORMAT, status.STATUS_VERSION), (checkpoint.FORMAT, checkpoint.VERSION),
    ):
        assert f'`"{made_as}"`' in PAGE and number == 1
    files = {path.name for path in folder.iterdir()} - {"previews"} | {checkpoint.BEFORE}  # one save was enough
    assert files == set(re.findall(r"`([\w.]+\.\w+)`", PAGE.split("\n## ")[0].split("|---|---|")[1]))
