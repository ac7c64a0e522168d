"""`--performer`: the person's own model, under their grant, recorded; or a refusal before anything is written."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from packages import performer_package
from people import beside, embedding_of, stranger_of
from production import make_production, stamp
from render.material import read_all, write_pictures

from cli.conftest import Call, left_in
from playingage.cli.casting import parse_performers
from playingage.core import SettingError
from playingage.media import open_source
from playingage.production import Production
from playingage.render import marks_in
from playingage.rights import Revocation, SigningKey
from playingage.rights.grant import REVOCATION_TYPE

Picture = NDArray[np.uint8]
Faces = dict[str, tuple[Picture, NDArray[np.float32]]]
HALF = 300


@dataclass(frozen=True)
class Set:
    """A production with two performers, a package each, and footage in which both are."""

    production: Production
    plates: Path
    packages: dict[str, Path]

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (self.production.folder / "ledger.jsonl").read_bytes().splitlines()]
        return [line for line in lines if line["event"] == name]


@pytest.fixture(scope="module")
def faces(portrait: Picture) -> Faces:
    other = stranger_of(portrait)
    return {"ada": (portrait, embedding_of(portrait)), "ben": (other, embedding_of(other))}


def make_set(
    folder: Path, faces: Faces, uses: Sequence[str] = ("train", "live", "render"),
    keys: dict[str, SigningKey] | None = None,
) -> Set:
    made = make_production(folder / "long-year", ("ada", "ben"), uses, ages=(20, 70), keys=keys)
    packages = {
        name: performer_package(
            made.models(name) / "first.pamodel", name, made, made.grant(name, "train"), [embedding]
        )
        for name, (_, embedding) in faces.items()
    }
    pictures = [np.roll(beside(faces["ada"][0], faces["ben"][0]), n, axis=0) for n in range(3)]
    return Set(made, Path(write_pictures(folder / "plates", pictures)), packages)


@pytest.fixture
def stage(tmp_path: Path, faces: Faces) -> Set:
    return make_set(tmp_path, faces)


def test_each_gets_their_own_and_it_is_recorded(call: Call, stage: Set, tmp_path: Path, account: Path) -> None:
    out = tmp_path / "aged"
    done = call("render", stage.plates, out / "a.%03d.png", "--performer", "ada=70", "--performer", "ben=25", "-P",
                stage.production.folder, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [(each["performer"], each["age"], each["frames"]) for each in told["performers"]] == [
        ("ada", 70, 3), ("ben", 25, 3)]
    assert (told["others"], told["frames_aged"]) == (0, 3)
    lines = stage.events("render")
    assert [line["performer"] for line in lines] == ["ada", "ben"]
    for line, each in zip(lines, told["performers"], strict=True):
        assert line["grant"] == each["grant"]
        assert line["package"] == each["model_sha256"] and line["age"] == each["age"]
        assert line["source"] == str(stage.plates)
    with open_source(str(out / "a.%03d.png")) as opened:
        marks = marks_in(opened.info.metadata)
    assert len(marks) == 2
    for mark, each in zip(marks, told["performers"], strict=True):
        for words in (f"model={each['model_sha256']}", f"performer={each['performer']}", f"grant={each['grant']}"):
            assert words in mark
    assert not (account / "playingage" / "consent.jsonl").exists(), "a grant needs no statement"


def test_whoever_is_not_named_stays_to_the_bit(call: Call, stage: Set, tmp_path: Path) -> None:
    done = call("render", stage.plates, tmp_path / "a.%03d.png", "--age", 65, "--performer", "ada", "-P",
                stage.production.folder)
    assert done.code == 0, done.err
    assert "Ada: in 3 frames, to 65." in done.err and "none of them: 1 faces" in done.err
    for before, after in zip(read_all(stage.plates), read_all(tmp_path / "a.%03d.png"), strict=True):
        assert np.array_equal(before.pixels[:, HALF:], after.pixels[:, HALF:])
        assert not np.array_equal(before.pixels[:, :HALF], after.pixels[:, :HALF])


@pytest.mark.parametrize("where", ["environment", "folder"])
def test_the_production_is_found(
    call: Call, stage: Set, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "environment":
        monkeypatch.setenv("PLAYINGAGE_PRODUCTION", str(stage.production.folder))
    else:
        monkeypatch.chdir(stage.production.folder / "renders")
    still = tmp_path / "one.png"
    cv2.imwrite(str(still), np.zeros((64, 64, 3), np.uint8))
    done = call("render", still, tmp_path / "out.png", "--performer", "ada=30")
    assert done.code == 0, done.err
    assert "Ada: not recognised in any frame." in done.err


def test_the_newest_package_is_taken_unless_one_is_named(
    call: Call, stage: Set, tmp_path: Path, faces: Faces
) -> None:
    made, folder = stage.production, stage.production.models("ada")
    for name, created in (("a-newest", "2026-12-01T00:00:00+00:00"), ("z-oldest", "2026-01-01T00:00:00+00:00")):
        performer_package(folder / f"{name}.pamodel", "ada", made, made.grant("ada", "train"), [faces["ada"][1]],
                          created=created)
    common = ("--performer", "ada=30", "-P", made.folder, "--json")
    newest = json.loads(call("render", stage.plates, tmp_path / "n.%03d.png", *common).out)
    named = json.loads(call("render", stage.plates, tmp_path / "o.%03d.png", *common, "--model",
                            folder / "z-oldest.pamodel").out)
    assert (newest["model"], named["model"]) == ("a-newest", "z-oldest")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--performer", "ada=75"), "age 75 is not in it (20 to 70)"), (("--performer", "ada=19"), "age 19"),
        (("--performer", "ada=30", "--region", "eyes=72"), "age 72"), (("--performer", "ada"), "--age"),
        (("--performer", "eve=30"), "no performer 'eve'"), (("--performer", "ada=old"), "'old' is no age"),
        (("--performer", "=30"), "names nobody"), (("--performer", "ada=30", "--performer", "ada=40"), "named twice"),
        (("--performer", "ada=30", "--performer", "ben=40", "--source-age", "50"), "--source-age"),
        (("--performer", "ada=30", "--performer", "ben=40", "--model", "x.pamodel"), "--model"),
        (("--performer", "ada=30", "--source-age", "12"), "children"), (("--performer", "ada=nan"), "nan"),
    ],
)
def test_what_is_not_covered_is_refused(
    call: Call, stage: Set, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    done = call("render", stage.plates, out / "a.%03d.png", *arguments, "-P", stage.production.folder)
    assert done.code == 2
    assert words in done.err
    assert not left_in(out) and not stage.events("render")


@pytest.mark.parametrize("command", ["render", "live"])
def test_a_use_that_is_not_granted_is_refused(
    call: Call, tmp_path: Path, faces: Faces, command: str
) -> None:
    stage = make_set(tmp_path, faces, ("train",))
    where = (stage.plates, tmp_path / "a.%03d.png") if command == "render" else ("--source", stage.plates, "--no-open")
    done = call(command, *where, "--performer", "ada=30", "-P", stage.production.folder)
    assert done.code == 2
    assert f"use '{command}' is not in it" in done.err
    assert not stage.events(command) and not list(tmp_path.glob("a.*"))


def test_reference_pictures_tell_how_the_performer_looks_now(
    call: Call, stage: Set, tmp_path: Path, faces: Faces
) -> None:
    """A model that knows the performer only as they do not look any more; then a picture of today is added."""
    made = stage.production
    performer_package(made.models("ada") / "second.pamodel", "ada", made, made.grant("ada", "train"),
                      [-faces["ada"][1]], created="2026-12-01T00:00:00+00:00")
    common = ("--performer", "ada=60", "-P", made.folder, "--json")
    before = json.loads(call("render", stage.plates, tmp_path / "a.%03d.png", *common).out)
    assert before["performers"][0]["frames"] == 0
    for name, picture in (("now", faces["ada"][0]), ("crowd", beside(*(faces[each][0] for each in ("ada", "ben"))))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.ascontiguousarray(picture[..., ::-1]))
        made.add_references("ada", [tmp_path / f"{name}.png"])
    after = call("render", stage.plates, tmp_path / "b.%03d.png", *common)
    assert json.loads(after.out)["performers"][0]["frames"] == 3
    assert "shows 2 faces, so nobody is recognised by it" in after.err


@pytest.mark.parametrize("what", ["revoked", "altered", "taken away"])
def test_a_grant_that_no_longer_stands_is_refused(call: Call, tmp_path: Path, faces: Faces, what: str) -> None:
    keys: dict[str, SigningKey] = {}
    stage = make_set(tmp_path, faces, keys=keys)
    made = stage.production
    (file,) = (filed.file for filed in made.filing.all("ada"))
    if what == "revoked":
        said = Revocation(
            grant=made.grant("ada").sha256, performer="ada", production=made.id, by="Ada", reason="Changed her mind",
            signed=stamp(),
        )
        made.filing.revoke(keys["ada"].sign(said.payload, REVOCATION_TYPE), made.filing.keys())
    elif what == "altered":
        file.write_bytes(re.sub(rb'("sig": ?")', rb"\1AAAA", file.read_bytes()))
    else:
        file.unlink()
    for command in (("render", stage.plates, tmp_path / "a.%03d.png"), ("live", "--source", stage.plates, "--no-open")):
        done = call(*command, "--performer", "ada=30", "-P", made.folder)
        assert done.code == 2
        assert {"revoked": "was revoked", "altered": "signature", "taken away": "missing"}[what] in done.err
    assert not stage.events("render") and not stage.events("live") and not list(tmp_path.glob("a.*"))


def test_models_that_are_not_the_performers_are_refused(call: Call, stage: Set, tmp_path: Path) -> None:
    def refused(*more: object) -> str:
        done = call("render", stage.plates, tmp_path / "a.%03d.png", "--performer", "ada=30", "-P",
                    stage.production.folder, *more)
        assert done.code == 2 and not stage.events("render")
        return done.err

    assert "is a model of Ben (ben), not one of performer 'ada'" in refused("--model", stage.packages["ben"])
    from playingage.models import PACKAGES

    assert "is nobody's model, not one of performer 'ada'" in refused("--model", PACKAGES / "default-256.pamodel")
    listing = stage.packages["ada"] / "model.json"
    listing.write_bytes(listing.read_bytes().replace(b'"ages":[18,85]', b'"ages":[18,86]'))
    assert "knows no model" in refused()
    stage.packages["ada"].rename(tmp_path / "away")
    assert "holds no model of performer 'ada'" in refused()


def test_a_performers_package_is_not_for_everybody(call: Call, stage: Set, tmp_path: Path) -> None:
    done = call("render", stage.plates, tmp_path / "a.%03d.png", "--age", 30, "--model", stage.packages["ada"])
    assert done.code == 2
    assert "needs a grant" in done.err


def test_live_names_who_is_seen_and_records_it(call: Call, stage: Set) -> None:
    done = call("live", "--source", stage.plates, "--loop", "--performer", "ada=60", "--no-open", "--port", 0, "--for",
                2, "--json", "-P", stage.production.folder)
    assert done.code == 0, done.err
    assert "Ada (ada): model first" in done.err
    state = json.loads(done.out.splitlines()[-1])["state"]
    seen = sorted((face["name"], face["target_age"], face["reasons"]) for face in state["faces"])
    assert seen == [("", None, ["unknown"]), ("Ada", 60.0, [])]
    (line,) = stage.events("live")
    assert (line["performer"], line["age"]) == ("ada", 60)


def test_as_written() -> None:
    assert [(each.performer, each.age) for each in parse_performers(["ada", "ben = 35.5"])] == [
        ("ada", None), ("ben", 35.5)]
    with pytest.raises(SettingError):
        parse_performers(["ada=1", "ada"])
