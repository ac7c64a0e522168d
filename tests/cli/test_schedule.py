"""`playingage schedule`: made, imported, turned around, checked; or refused, and nothing is written."""

import json
from pathlib import Path

import numpy as np
import pytest
from packages import performer_package
from production import make_production

from cli.conftest import Call, left_in
from playingage.production import Production
from playingage.schedule import Schedule

SCRIPT = "INT. KITCHEN #1#\n\nANN\nHi.\n\nEXT. LAKE #2A#\n\nANN (V.O.)\nHo.\n\nBEN (17)\nHey.\n"


def with_model(made: Production) -> None:
    grant = made.grant("ada", "train")
    performer_package(made.models("ada") / "a.pamodel", "ada", made, grant, [np.ones(128, np.float32)])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "script.fountain"
    file.write_text(SCRIPT)
    return file


@pytest.fixture
def long_year(tmp_path: Path) -> Production:
    made = make_production(tmp_path / "long-year", ("ada", "ben"), ages=(20, 60))
    with_model(made)
    return made


def test_a_script_becomes_a_table_and_a_text_without_loss(call: Call, tmp_path: Path, script: Path) -> None:
    table, text = tmp_path / "ages.csv", tmp_path / "ages.toml"
    done = call("schedule", "import", script, table, "--cast", "Ann=ada", "--cast", "BEN=ben", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert told["scenes"] == 2 and told["performers"] == ["ada", "ben"]
    assert any("17" in remark for remark in told["remarks"])
    assert call("schedule", "convert", table, text).code == 0
    assert Schedule.load(table) == Schedule.load(text)
    assert Schedule.load(table).sha256 == told["sha256"]


def test_what_is_there_is_not_replaced_unless_told(call: Call, tmp_path: Path, script: Path) -> None:
    out = tmp_path / "ages.csv"
    out.write_text("performer,scene,age\nada,1,33\n")
    refused = call("schedule", "import", script, out)
    assert refused.code == 2 and "is there already" in refused.err
    assert call("schedule", "import", script, out, "--update", "--cast", "ANN=ada").code == 0
    kept = Schedule.load(out)
    assert [scene.id for scene in kept.scenes] == ["1", "2A"]
    plan = kept.at("1", "", None, "ada")
    assert plan is not None and plan.span == (33, 33)
    assert call("schedule", "import", script, out, "--overwrite").code == 0
    assert Schedule.load(out).entries == ()


def test_a_new_one_lies_in_the_production_and_is_found(call: Call, long_year: Production) -> None:
    here = ("--production", long_year.folder)
    assert "holds no schedule" in call("schedule", "check", *here).err
    assert call("schedule", "new", *here, "--scenes", 2, "--performer", "ada=30", "--performer", "ben").code == 0
    file = long_year.folder / "schedule" / "schedule.toml"
    assert [(each.performer, each.scene) for each in Schedule.load(file).entries] == [
        ("ada", "*"), ("ben", "1"), ("ben", "2")]
    assert call("schedule", "new", *here).code == 2
    shown = json.loads(call("schedule", "show", *here, "--scene", 2, "--json").out)
    assert [(each["performer"], each["words"], each["from"]) for each in shown["performers"]] == [
        ("ada", "30", "the whole production"), ("ben", "no age", None)]
    assert "ben" in call("schedule", "show", *here).out


def test_a_check_tells_gaps_grants_and_models(call: Call, long_year: Production, tmp_path: Path) -> None:
    file = long_year.folder / "schedule" / "schedule.csv"
    file.write_text("scene,performer,age,at\n1,ada,30,\n1,ben,70,\n2,ada,20,0\n2,ada,61,48\n3,ben,,\n3,zoe,30,\n")
    chart = tmp_path / "ages.html"
    done = call("schedule", "check", "--production", long_year.folder, "--chart", chart, "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert not told["ready"]
    kinds = {(each["kind"], each["performer"], *each["scenes"]) for each in told["findings"] if each["failing"]}
    assert kinds == {("gap", "ben", "3"), ("unknown", "zoe", "3"), ("grant", "ben", "1"), ("grant", "ada", "2"),
                     ("model", "ben", "1")}
    assert [slot["scene"] for slot in told["strip"]] == ["1", "2", "3"]
    assert told["strip"][1]["performers"]["ada"]["age"] == [20, 61]
    page = chart.read_text(encoding="utf-8")
    assert "The Long Year" in page and "Ada" in page
    people = call("schedule", "check", "--production", long_year.folder)
    assert people.code == 1
    assert "20–61!" in people.out and "to mend" in people.out
    file.write_text("scene,performer,age\n1,ada,30\n")
    assert call("schedule", "check", "--production", long_year.folder).code == 0


def test_only_the_uses_asked_for_count(call: Call, tmp_path: Path) -> None:
    made = make_production(tmp_path / "long-year", ("ada",), ("train", "live"))
    with_model(made)
    (made.folder / "schedule" / "schedule.csv").write_text("scene,performer,age\n1,ada,30\n")
    here = ("schedule", "check", "--production", made.folder)
    assert call(*here).code == 1
    assert call(*here, "--use", "live").code == 0
    assert call(*here, "--use", "dance").code == 2


def test_outside_a_production_only_gaps_are_looked_for(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "ages.csv"
    file.write_text("scene,performer,age\n1,ada,30\n")
    done = call("schedule", "check", file)
    assert done.code == 0 and "not looked at" in done.err
    assert call("schedule", "check", file, "--production", tmp_path).code == 2


@pytest.mark.parametrize(("arguments", "words"), [
    (("check", "wrong.csv"), "wrong.csv line 2, field age: 'abc' is not an age in years"),
    (("check", "absent.csv"), "cannot be read"), (("check", "ages.txt"), "neither .csv nor .toml"),
    (("check", "good.csv", "--chart", "a.png"), "is no .html"), (("convert", "wrong.csv", "out.toml"), "line 2"),
    (("import", "script.doc", "out.csv"), "no script or timeline"), (("import", "bad.fdx", "out.csv"), "is not XML"),
    (("import", "bad.fdx", "out.csv", "--clips", "x"), "this is a script"),
    (("import", "bad.otio", "out.csv"), "no timeline of OpenTimelineIO"),
    (("import", "good.fountain", "out.csv", "--cast", "ANN"), "no character and performer"),
    (("import", "good.fountain", "out.csv", "--cast", "ANN=A B"), "is not an ID"),
    (("new", "out.csv", "--scenes", "-1"), "between 0 and 2000"),
    (("show", "good.csv", "--shot", "A"), "none is named"),
])
def test_bad_input_is_named_and_nothing_is_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if "bad.otio" in arguments:
        pytest.importorskip("opentimelineio")
    Path("wrong.csv").write_text("performer,age\nada,abc\n")
    Path("good.csv").write_text("performer,age\nada,30\n")
    Path("good.fountain").write_text(SCRIPT)
    for name in ("bad.fdx", "bad.otio", "script.doc", "ages.txt"):
        Path(name).write_text("x")
    before = left_in(tmp_path)
    done = call("schedule", *arguments)
    assert done.code == 2
    assert words in done.err
    assert left_in(tmp_path) == before
