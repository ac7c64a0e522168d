"""`playingage review`: from the command through grant and ledger to the report."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from production import grant as sign
from review.archives import pictures_of, production_with

from cli.conftest import Call
from playingage.engine import Engine
from playingage.models import PACKAGES
from playingage.production import Production
from playingage.rights import SigningKey

Pictures = list[tuple[float, NDArray[np.uint8]]]


@pytest.fixture(scope="module")
def pictures(portrait: NDArray[np.uint8], engine: Engine) -> Pictures:
    return pictures_of(portrait, engine, 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, pictures: Pictures, engine: Engine) -> Path:
    return production_with(tmp_path_factory.mktemp("whole") / "year", pictures, engine).folder


@pytest.fixture
def production(whole: Path, tmp_path: Path) -> Production:
    """A copy of its own."""
    return Production.open(shutil.copytree(whole, tmp_path / "year"))


def test_a_review_by_name_is_reported_and_recorded(production: Production, call: Call) -> None:
    done = call("review", "main", "-P", production.folder, "--performer", "ada", "--count", 3)
    assert done.code == 0, done.err
    out = production.models("ada") / "reviews" / "main"
    assert "Similarity to real pictures of the age asked" in done.out and str(out / "report.html") in done.out
    document = json.loads((out / "review.json").read_bytes())
    assert document["held_out"]["surely"] and document["production"] == production.id
    page = (out / "report.html").read_text()
    assert "Ada: ada-main" in page and "own footage speaks for 30% at 70" in page
    last = production.ledger.entries()[-1]
    assert (last.event, last.performer, last.grant) == ("review", "ada", production.grant("ada").sha256)
    assert last.details["package"] == document["model"]["sha256"] and last.details["output"] == str(out)


def test_a_path_is_enough_and_json_goes_to_standard_output(production: Production, call: Call, tmp_path: Path) -> None:
    path = production.models("ada") / "main.pamodel"
    done = call("review", path, "--count", 3, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["format"] == "playingage-review" and (tmp_path / "out" / "report.html").is_file()


def test_a_judge_is_asked_about_every_way(production: Production, call: Call, tmp_path: Path) -> None:
    import sys

    (tmp_path / "judge.py").write_text('''
import csv, json, sys
from pathlib import Path
_, before, after = sys.argv[1:4]
faces = []
for row in csv.DictReader(open(sys.argv[sys.argv.index("--csv") + 1])):
    same = (Path(before) / (row["name"] + ".png")).read_bytes() == (Path(after) / (row["name"] + ".png")).read_bytes()
    faces.append({"name": row["name"], "age_in": float(row["age"]),
                  "age_out": float(row["age"]) if same else float(row["target_age"]) + 1})
print(json.dumps({"n": len(faces), "age": {}, "faces": faces}))
''')
    done = call("review", "main", "-P", production.folder, "--count", 3, "--out", tmp_path / "out", "--json",
                "--judge", f"{sys.executable} {tmp_path / 'judge.py'}")
    assert done.code == 0, done.err
    ways = json.loads(done.out)["ways"]
    assert ways["model"]["age_error"]["mean"] == ways["default"]["age_error"]["mean"] == 1
    assert ways["nothing"]["age_error"]["mean"] > 15


def test_without_a_grant_nothing_is_loaded_or_made(production: Production, call: Call) -> None:
    expired = production
    for file in (expired.folder / "grants").glob("*.dsse.json"):
        file.unlink()
    done = call("review", "main", "-P", expired.folder)
    assert done.code == 2 and "grant" in done.err
    assert not (expired.models("ada") / "reviews").exists()
    assert expired.ledger.entries()[-1].event != "review"


def test_titles_and_the_ages_of_clips_have_to_be_covered(
    tmp_path: Path, pictures: Pictures, engine: Engine, call: Call
) -> None:
    narrow = production_with(tmp_path / "titles", pictures[::2], engine, titles=("Film of 42", "Film of 25"))
    done = call("review", "main", "-P", narrow.folder)
    assert done.code == 2 and "Film of 70" in done.err
    keys: dict[str, SigningKey] = {}
    young = production_with(tmp_path / "ages", pictures[::2], engine, ages=(20, 50), keys=keys)
    clip = tmp_path / "clip.mkv"
    clip.write_bytes(b"")
    asked = ("review", "main", "-P", young.folder, "--clip", clip, "--age", 60)
    done = call(*asked)
    assert done.code == 2 and "age 60 is not in it (20 to 50)" in done.err
    sign(young, keys["ada"], "ada", ("train", "render"), ages=(20, 70))
    done = call(*asked)
    assert done.code == 2 and "clip.mkv" in done.err and "not in it" not in done.err  # now it is the empty clip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "no model of that name"),
        (("main", "--performer", "bob"), "no model of that name"),
        ((str(PACKAGES / "default-256.pamodel"),), "nobody's own model"),
        (("main", "--age", "30"), "--clip and --age go together"),
        (("main", "--source-age", "30"), "--source-age is of the --clip"),
        (("main", "--clip", "none.mov", "--age", "30"), "none.mov is not there"),
        (("main", "--judge-weights", "."), "no --judge"),
        (("main", "--count", "0"), "--count 0"),
    ],
)
def test_wrong_arguments_are_said(
    production: Production, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    done = call("review", *arguments, "-P", production.folder)
    assert done.code == 2 and said in done.err


def test_an_altered_package_is_refused(production: Production, call: Call) -> None:
    file = production.models("ada") / "main.pamodel" / "model.json"
    file.write_text(file.read_text().replace('"ada-main"', '"ada-better"'))
    done = call("review", "main", "-P", production.folder)
    assert done.code == 2 and "ledger knows no model" in done.err
