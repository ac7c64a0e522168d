"""Forgetting: all faces go, the proof stays, and a kill in the middle only delays it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from production import make_production

from playingage.demo.portrait import PORTRAIT
from playingage.production import Production, ProductionError
from playingage.production.forgetting import forget, plan_removal
from playingage.rights import GrantError

COUNT = 400


@pytest.fixture
def production(tmp_path: Path) -> Production:
    made = make_production(tmp_path / "made", ("ada", "bob"), references={"ada": [PORTRAIT], "bob": [PORTRAIT]})
    for id in ("ada", "bob"):
        fill(made, id, 20)
    return made


def fill(production: Production, id: str, count: int) -> None:
    crops = production.archive(id) / "crops" / "Dawn"
    crops.mkdir(parents=True)
    for number in range(count):
        (crops / f"{number}.png").write_bytes(b"face %d" % number)
    (production.archive(id) / "faceset.json").write_text("{}")
    run = production.runs(id) / "first"
    run.mkdir(parents=True)
    (run / "checkpoint.pt").write_bytes(b"weights")
    (production.models(id) / "first.pamodel").write_bytes(b"package")


def left(production: Production, id: str) -> list[str]:
    return [str(file) for folder in (production.archive(id), production.models(id), production.performer(id).folder)
            for file in folder.rglob("*") if file.name != "performer.json"]


def test_everything_of_one_goes_and_is_recorded_and_nothing_of_the_other(production: Production) -> None:
    others = left(production, "bob")
    plan = plan_removal(production, "ada")
    assert [part.path for part in plan.parts] == ["archive/ada", "models/ada", "performers/ada/references"]
    assert left(production, "ada") and forget(production, "ada", plan) == (24, plan.bytes)
    assert left(production, "ada") == [] and left(production, "bob") == others
    started, done = production.entries()[-2:]
    assert (started.event, done.event) == ("forget-started", "forget-done")
    assert done.details["files"] == 24 and done.details["started"] == started.number
    assert [part["sha256"] for part in done.details["parts"]] == [part.sha256 for part in plan.parts]
    assert list(production.filing.folder.glob("ada-*.dsse.json"))  # the proof
    assert production.performer("ada").forgotten is not None and production.performer("ada").born is None
    with pytest.raises(GrantError, match="'ada' was forgotten on"):
        production.grant("ada")
    production.grant("bob")
    with pytest.raises(ProductionError, match="nothing of them is kept"):
        forget(production, "ada", plan_removal(production, "ada"))


def test_the_hash_tells_what_was_there(production: Production) -> None:
    before = plan_removal(production, "ada")
    assert plan_removal(production, "ada") == before
    (production.archive("ada") / "crops" / "Dawn" / "3.png").write_bytes(b"face X")
    assert plan_removal(production, "ada").parts[0].sha256 != before.parts[0].sha256


def test_somebody_forgotten_may_come_back(production: Production) -> None:
    forget(production, "ada", plan_removal(production, "ada"))
    production.add_performer("ada", "Ada", "1990-01-02")
    assert production.grant("ada").statement.performer.id == "ada"
    fill(production, "ada", 3)
    assert forget(production, "ada", plan_removal(production, "ada"))[0] == 6


def test_links_are_not_followed(production: Production, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "film.mov").write_bytes(b"film")
    (production.archive("ada") / "crops" / "link").symlink_to(outside)
    plan = plan_removal(production, "ada")
    assert plan.links == ("archive/ada/crops/link",)
    forget(production, "ada", plan)
    assert (outside / "film.mov").exists() and left(production, "ada") == []
    (production.archive("ada").parent / "bob").rename(outside / "bob")
    production.archive("bob").symlink_to(outside / "bob")
    with pytest.raises(ProductionError, match="is a link to"):
        plan_removal(production, "bob")


def test_killed_in_the_middle_it_goes_on(production: Production) -> None:
    crops = production.archive("ada") / "crops" / "Dawn"
    for number in range(COUNT):
        (crops / f"more-{number:04}.png").write_bytes(b"face")
    total = len([file for file in left(production, "ada") if Path(file).is_file()])
    program = f"""
import pathlib, time
from playingage.production import Production
from playingage.production.forgetting import forget, plan_removal
production = Production.open(pathlib.Path({str(production.folder)!r}))
forget(production, "ada", plan_removal(production, "ada"), lambda done: time.sleep(0.002))
"""
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        deadline = time.monotonic() + 60
        while len(list(crops.glob("*.png"))) > COUNT - 20 and time.monotonic() < deadline:
            time.sleep(0.005)
        child.kill()
    assert 0 < len(list(crops.glob("*.png"))) < COUNT
    assert production.entries()[-1].event == "forget-started"
    with pytest.raises(GrantError, match="was forgotten on"):  # nothing half-removed is used meanwhile
        production.grant("ada")
    plan = plan_removal(production, "ada")
    assert plan.resumed and plan.files < total
    assert forget(production, "ada", plan)[0] == total
    assert left(production, "ada") == []
    done = production.entries()[-1]
    assert done.event == "forget-done" and done.details["files"] == total and done.details["removed_now"] == plan.files


def test_what_cannot_be_removed_is_said_and_tried_again(
    production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(ProductionError, match="cannot be removed: Permission denied"):
            forget(production, "ada", plan_removal(production, "ada"))
    assert forget(production, "ada", plan_removal(production, "ada"))[0] == 24
