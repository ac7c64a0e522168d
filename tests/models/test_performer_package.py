"""A performer's package is loaded with a grant of that performer and production, or not at all."""

import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from production import grant as sign
from production import make_production

from playingage.core import ModelError, PlayingAgeError, sha256_file
from playingage.models import PACKAGES, ModelPackage
from playingage.production import Production
from playingage.rights import GrantError, SigningKey


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Production, dict[str, SigningKey]]:
    keys: dict[str, SigningKey] = {}
    folder = tmp_path_factory.mktemp("made")
    return make_production(folder / "production", ("ada", "bob"), ("train", "render"), keys=keys), keys


def package_of(production: Production, folder: Path, /, **changes: Any) -> Path:
    """A package that says it is Ada's."""
    path = shutil.copytree(PACKAGES / "default-256.pamodel", folder / "ada.pamodel")
    said = {"performer": "ada", "performer_name": "Ada", "production": production.id,
            "grant": production.grant("ada", "train").sha256, "coverage": [[20, 1.0], [60, 0.2]]}
    document = {**json.loads((path / "model.json").read_bytes()), **said, **changes}
    (path / "model.json").write_text(json.dumps(document))
    return path


Made = tuple[Production, dict[str, SigningKey]]


def test_with_its_grant_it_loads(made: Made, tmp_path: Path) -> None:
    production, _ = made
    package = ModelPackage.load(package_of(production, tmp_path), production.grant("ada", "render"), use="render")
    assert (package.spec.performer, package.spec.performer_name) == ("ada", "Ada")
    assert package.spec.production == production.id
    assert package.spec.coverage == ((20, 1.0), (60, 0.2))


def test_without_a_grant_it_is_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(GrantError, match=r"is a model of Ada \(ada\) and needs a grant; none was given"):
        ModelPackage.load(package_of(made[0], tmp_path))


def test_another_performers_grant(made: Made, tmp_path: Path) -> None:
    with pytest.raises(GrantError, match="it is of performer 'bob', not 'ada'"):
        ModelPackage.load(package_of(made[0], tmp_path), made[0].grant("bob"))


def test_another_productions_grant(made: Made, tmp_path: Path) -> None:
    path = package_of(made[0], tmp_path)
    other = make_production(tmp_path / "other")
    with pytest.raises(GrantError, match="it is for another production, 'The Long Year'"):
        ModelPackage.load(path, other.grant("ada"))


def test_a_use_that_is_not_covered(made: Made, tmp_path: Path) -> None:
    with pytest.raises(GrantError, match=r"use 'live' is not in it \(train, render\)"):
        ModelPackage.load(package_of(made[0], tmp_path), made[0].grant("ada"), use="live")


def test_out_of_time(made: Made, tmp_path: Path) -> None:
    production, keys = made
    path, before = package_of(production, tmp_path), production.grant("ada")
    with pytest.raises(GrantError, match="not yet valid, only from 2020-01-01"):
        ModelPackage.load(path, before, at=datetime(2019, 12, 31, tzinfo=UTC))
    sign(production, keys["ada"], "ada", valid_from="2021-01-01", valid_until="2021-06-30")
    short = production.grant("ada", "live", at=datetime(2021, 6, 30, 23, 59, tzinfo=UTC))
    with pytest.raises(GrantError, match="it expired on 2021-06-30"):
        ModelPackage.load(path, short, at=datetime(2021, 7, 1, tzinfo=UTC))


def test_a_default_package_needs_none() -> None:
    assert ModelPackage.load(PACKAGES / "default-256.pamodel").spec.performer is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"production": None}, "its production is None"),
        ({"grant": "abc"}, "its grant is 'abc'"),
        ({"performer": None}, "names no performer, but has performer_name"),
        ({"coverage": [[20, 2]]}, "coverage out of range"),
        ({"coverage": 7}, "usable field"),
    ],
)
def test_fields_that_do_not_fit(made: Made, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ModelPackage.load(package_of(made[0], tmp_path, **changes), made[0].grant("ada"))


def test_a_package_that_the_ledger_never_saw(made: Made, tmp_path: Path) -> None:
    production, _ = made
    path, grant = package_of(production, tmp_path), production.grant("ada")
    with pytest.raises(ModelError, match="ledger knows no model"):
        ModelPackage.load(path, grant, known=production.packages("ada"))
    production.ledger.append("train", performer="ada", grant=grant, package=sha256_file(path / "model.json"))
    assert ModelPackage.load(path, grant, known=production.packages("ada")).sha256 in production.packages("ada")


@pytest.fixture(scope="module")
def small(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with small files, so that a flipped byte is often a telling one."""
    path = package_of(made[0], tmp_path_factory.mktemp("small"))
    document = json.loads((path / "model.json").read_bytes())
    for name in document["files"]:
        (path / name).write_bytes(f"content of {name}".encode())
        document["files"][name] = sha256_file(path / name)
    (path / "model.json").write_text(json.dumps(document))
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_refused(made: Made, small: Path, data: st.DataObject) -> None:
    production, grant = made[0], made[0].grant("ada")
    known = {sha256_file(small / "model.json")}
    ModelPackage.load(small, grant, known=known)
    file = small / data.draw(st.sampled_from(sorted(each.name for each in small.iterdir() if each.is_file())))
    if file.name not in {"model.json", *json.loads((small / "model.json").read_bytes())["files"]}:
        return
    before = file.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    after = bytearray(before)
    after[place] ^= data.draw(st.integers(1, 255))
    try:
        file.write_bytes(after)
        with pytest.raises(PlayingAgeError):
            ModelPackage.load(small, grant, known=known)
    finally:
        file.write_bytes(before)
    assert production.id


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1), flip=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_zip_is_refused_or_the_same(made: Made, small: Path, place: float, flip: int, cut: bool) -> None:
    import io

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(small.iterdir()):
            archive.write(file, file.name)
    data = bytearray(packed.getvalue())
    at = int(place * (len(data) - 1))
    if cut:
        del data[at:]
    else:
        data[at] ^= flip
    damaged = small.with_name("damaged.zip")
    damaged.write_bytes(data)
    whole = ModelPackage.load(small, made[0].grant("ada"))
    try:
        loaded = ModelPackage.load(damaged, made[0].grant("ada"))
    except PlayingAgeError:
        return
    assert loaded.sha256 == whole.sha256 and loaded.contents == whole.contents


def test_from_python_too(made: Made, tmp_path: Path) -> None:
    import playingage

    path = package_of(made[0], tmp_path)
    with pytest.raises(GrantError, match="none was given"):
        playingage.load(path)
    assert playingage.load(path, grant=made[0].grant("ada", "render")) is not None
