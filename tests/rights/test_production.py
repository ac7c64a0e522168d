"""The folder: made whole, read strictly, and what was tampered with in it counts for nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from production import grant as file_grant
from production import make_production, stamp, statement, trust

from playingage.core import PlayingAgeError, sha256_bytes
from playingage.demo.portrait import PORTRAIT
from playingage.production import Production, ProductionError
from playingage.production.forgetting import forget, plan_removal
from playingage.rights import GrantError, Revocation, RightsError, SigningKey, issue
from playingage.rights.grant import REVOCATION_TYPE
from playingage.rights.statement import PAYLOAD_TYPE


@pytest.fixture
def keys() -> dict[str, SigningKey]:
    return {}


@pytest.fixture
def production(tmp_path: Path, keys: dict[str, SigningKey]) -> Production:
    return make_production(tmp_path / "made", ("ada", "bob"), keys=keys)


def revoke(production: Production, key: SigningKey, performer: str) -> Path:
    taken = production.grant(performer)
    said = Revocation(grant=taken.sha256, performer=performer, production=production.id, by="Ada", reason="Changed",
                      signed=stamp())
    return production.filing.revoke(key.sign(said.payload, REVOCATION_TYPE), production.filing.keys())


def test_a_production_is_made_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Production.create(tmp_path / "p", "The Long Year")
    assert Production.open(tmp_path / "p") == made == Production.find(made.archive("ada"))
    monkeypatch.chdir(made.folder / "takes")
    assert Production.find() == made
    with pytest.raises(ProductionError, match="is a production already"):
        Production.create(tmp_path / "p", "Another")
    with pytest.raises(ProductionError, match="lies in no production"):
        Production.find(tmp_path)
    with pytest.raises(ProductionError, match="is no production"):
        Production.open(tmp_path)


def test_an_interrupted_start_is_made_again_and_nothing_else_is_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    first = Production.create(folder, "The Long Year")
    (folder / "production.json").unlink()  # as a kill just before the end leaves it
    assert Production.create(folder, "The Long Year").id != first.id
    Production.open(folder).ledger.append("load")
    (folder / "production.json").unlink()
    with pytest.raises(ProductionError, match=r"holds a ledger, but no production\.json"):
        Production.create(folder, "The Long Year")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "film.mov").write_bytes(b"x")
    with pytest.raises(ProductionError, match=r"is not empty: film\.mov"):
        Production.create(tmp_path / "full", "x")


def test_unknown_fields_are_kept_and_other_versions_refused(production: Production) -> None:
    file = production.folder / "production.json"
    document = json.loads(file.read_bytes())
    file.write_text(json.dumps(document | {"x_studio": 7}))
    assert Production.open(production.folder).extra == {"x_studio": 7}
    person = production.folder / "performers" / "ada" / "performer.json"
    person.write_text(json.dumps(json.loads(person.read_bytes()) | {"x_agent": "B"}))
    production.note_death("ada", "2026-11-01")
    assert json.loads(person.read_bytes())["x_agent"] == "B"
    for other, message in (({"version": 2}, "version 2"), ({"format": "x"}, "says format 'x'"),
                           ({"name": ""}, "name is empty"), ({"created": "soon"}, "is not a day")):
        file.write_text(json.dumps(document | other))
        with pytest.raises(ProductionError, match=message):
            Production.open(production.folder)


def test_performers(production: Production, tmp_path: Path) -> None:
    added = production.add_performer("eve", "Eve", "1990-01-02", references=[PORTRAIT])
    assert production.performer("eve") == added and added.born == "1990-01-02"
    assert [file.read_bytes() for file in added.references] == [PORTRAIT.read_bytes()]
    assert [each.id for each in production.performers] == ["ada", "bob", "eve"]
    for id, message in (("Eve", "is not an ID"), ("../eve", "is not an ID"), ("e" * 41, "is not an ID"),
                        ("eve", "there is a performer 'eve' already")):
        with pytest.raises(ProductionError, match=message):
            production.add_performer(id, "Eve")
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(ProductionError, match="neither PNG nor JPEG"):
        production.add_performer("dan", "Dan", references=[text])
    with pytest.raises(ProductionError, match="there is no performer 'zoe'; known: ada, bob, eve"):
        production.performer("zoe")
    with pytest.raises(ProductionError, match="is not an ID"):
        production.archive("../..")


def test_no_grant_at_all(production: Production) -> None:
    production.add_performer("eve", "Eve")
    with pytest.raises(GrantError, match="there is no grant of performer 'eve' for use 'train'"):
        production.grant("eve", "train")


def test_the_last_signed_of_several_is_taken(production: Production, keys: dict[str, SigningKey]) -> None:
    first = production.grant("ada")
    file_grant(production, keys["ada"], "ada")
    assert production.grant("ada").sha256 != first.sha256


def test_a_grant_of_another_production_does_not_count(tmp_path: Path, production: Production) -> None:
    other = make_production(tmp_path / "other")
    for file in other.filing.folder.glob("*.dsse.json"):
        (production.filing.folder / "from-elsewhere.dsse.json").write_bytes(file.read_bytes())
    for file in production.filing.folder.glob("ada-*"):
        file.unlink()
    with pytest.raises(GrantError, match=r"from-elsewhere.*does not trust.*is missing from"):
        production.grant("ada")


def test_after_death_only_posthumous_grants_count(production: Production, keys: dict[str, SigningKey]) -> None:
    production.note_death("ada", "2026-11-01")
    production.grant("ada", at=datetime(2026, 10, 31, tzinfo=UTC))
    with pytest.raises(GrantError, match="covers no posthumous use"):
        production.grant("ada", at=datetime(2026, 11, 1, tzinfo=UTC))
    file_grant(production, keys["ada"], "ada", posthumous=True)
    assert production.grant("ada", at=datetime(2026, 11, 2, tzinfo=UTC)).statement.posthumous


def test_an_altered_or_missing_envelope_is_named(production: Production) -> None:
    [file] = production.filing.folder.glob("ada-*")
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"payload":"ey', b'"payload":"ez'))
    with pytest.raises(GrantError, match=rf"{file.name}: is altered"):
        production.grant("ada")
    production.grant("bob")
    file.unlink()
    with pytest.raises(GrantError, match=r"recorded on .*, is missing from"):
        production.grant("ada")


def test_a_revoked_grant_stays_revoked_when_the_revocation_is_taken_away(
    production: Production, keys: dict[str, SigningKey]
) -> None:
    file = revoke(production, keys["ada"], "ada")
    with pytest.raises(GrantError, match=r"was revoked on .* by Ada: Changed"):
        production.grant("ada")
    file.unlink()
    with pytest.raises(GrantError, match=r"was revoked on .* by Ada: Changed \(ledger number 8\)"):
        production.grant("ada")
    production.grant("bob")


def test_nobody_revokes_what_another_granted(production: Production, keys: dict[str, SigningKey]) -> None:
    said = Revocation(grant=production.grant("ada").sha256, performer="bob", production=production.id, by="Bob",
                      reason="Envy", signed=stamp())
    with pytest.raises(GrantError, match="is of performer 'bob', but the grant is of 'ada'"):
        production.filing.revoke(keys["bob"].sign(said.payload, REVOCATION_TYPE), production.filing.keys())
    production.ledger.append("grant-revoked", performer="bob", grant=said.grant, by="Bob", reason="Envy")
    production.grant("ada")


@pytest.fixture(scope="module")
def revoked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Production, Path]:
    """A production with a revoked grant, and the revocation's file."""
    keys: dict[str, SigningKey] = {}
    made = make_production(tmp_path_factory.mktemp("p") / "p", keys=keys)
    return made, revoke(made, keys["ada"], "ada")


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1), flip=st.integers(1, 255))
def test_a_changed_byte_of_a_revocation_opens_nothing(
    revoked: tuple[Production, Path], place: float, flip: int
) -> None:
    production, file = revoked
    before = file.read_bytes()
    data = bytearray(before)
    data[int(place * (len(data) - 1))] ^= flip
    try:
        file.write_bytes(data)
        with pytest.raises(GrantError, match="none counts until it is mended"):
            production.grant("ada")
    finally:
        file.write_bytes(before)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Production:
    return make_production(tmp_path_factory.mktemp("p") / "p", ("ada",), ("train",))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), place=st.floats(0, 1), flip=st.integers(1, 255))
def test_a_changed_byte_anywhere_is_a_clear_error_or_changes_no_right(
    shared: Production, data: st.DataObject, place: float, flip: int
) -> None:
    whole = shared.grant("ada", "train")
    files = sorted(file for file in shared.folder.rglob("*") if file.is_file() and file.stat().st_size)
    file = data.draw(st.sampled_from(files))
    before = file.read_bytes()
    changed = bytearray(before)
    changed[int(place * (len(changed) - 1))] ^= flip
    try:
        file.write_bytes(changed)
        try:
            found = Production.open(shared.folder).grant("ada", "train")
        except PlayingAgeError as error:
            assert error.what
        else:
            assert found == whole and file.name in ("production.json", "performer.json")
        with pytest.raises(PlayingAgeError):
            Production.open(shared.folder).grant("ada", "render")
    finally:
        file.write_bytes(before)


def test_trusted_keys_that_the_ledger_does_not_know_count_for_nothing(
    production: Production, keys: dict[str, SigningKey]
) -> None:
    filing = production.filing
    before = filing.keys_file.read_bytes()
    retired = filing.keys().retire(keys["ada"].public.id, at=stamp(), reason="lost", compromised=True)
    filing.set_keys(retired, "key-retired", key=keys["ada"].public.id)
    with pytest.raises(GrantError, match="compromised"):
        production.grant("ada")
    for tampered in (before, b"{}", b""):  # the key of before, brought back by hand
        filing.keys_file.write_bytes(tampered)
        with pytest.raises(RightsError, match="is altered: it is not what the ledger recorded"):
            production.grant("ada")
    filing.keys_file.unlink()
    with pytest.raises(RightsError, match="is missing"):
        production.grant("ada")


def test_a_kill_while_keys_change_leaves_the_old_or_the_new_ones(production: Production) -> None:
    filing, new = production.filing, SigningKey.make()
    before = filing.keys_file.read_bytes()
    trust(production, new, "ada")
    after = filing.keys_file.read_bytes()
    aside = filing.folder / ".trusted_keys.next"
    filing.keys_file.write_bytes(before)  # killed after the ledger's line, before the renaming
    aside.write_bytes(after)
    assert len(filing.keys().keys) == 3 and not aside.exists()
    aside.write_bytes(b"half")  # killed before the ledger's line
    assert len(filing.keys().keys) == 3


def test_a_grant_of_a_retired_key_counts_if_it_was_filed_before(
    production: Production, keys: dict[str, SigningKey]
) -> None:
    filing = production.filing
    filing.set_keys(filing.keys().retire(keys["ada"].public.id, at=stamp(), reason="new"), "key-retired")
    assert production.grant("ada").key_id == keys["ada"].public.id
    backdated = statement(production, "ada", ("live",), signed="2020-01-01T00:00:00+00:00")
    envelope = keys["ada"].sign(backdated.payload, PAYLOAD_TYPE)
    (filing.folder / "ada-backdated.dsse.json").write_bytes(envelope)
    found = {each.file.name: each.error for each in filing.all()}
    error = found["ada-backdated.dsse.json"]
    assert error is not None and "the ledger never recorded this grant" in error.what


def test_a_broken_ledger_stops_every_grant(production: Production) -> None:
    data = production.ledger.file.read_bytes()
    production.ledger.file.write_bytes(data.replace(b'"bob"', b'"eve"'))
    with pytest.raises(RightsError, match="is altered or damaged: number"):
        production.grant("ada")


def test_the_ledger_of_another_production_is_noticed(production: Production) -> None:
    file = production.folder / "production.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"id": "0" * 32}))
    with pytest.raises(ProductionError, match="the ledger was begun by"):
        Production.open(production.folder).grant("ada")


def test_the_hash_of_a_grant_is_that_of_its_payload(production: Production, keys: dict[str, SigningKey]) -> None:
    said = statement(production, "ada")
    made = issue(keys["ada"].sign(said.payload, PAYLOAD_TYPE), production.filing.keys(), [])
    assert made.sha256 == sha256_bytes(said.payload) == sha256_bytes(replace(said).payload)


def test_packages_that_the_ledger_saw_made(production: Production) -> None:
    taken = production.grant("ada")
    production.ledger.append("train", performer="ada", grant=taken, package="1" * 64)
    production.ledger.append("load", performer="ada", grant=taken, package="2" * 64)
    assert production.packages("ada") == {"1" * 64} and production.packages("bob") == frozenset()


def test_references_are_added_later(production: Production) -> None:
    production.add_references("ada", [PORTRAIT, PORTRAIT])
    assert len(production.performer("ada").references) == 1
    assert production.entries()[-1].event == "references-added"


def test_what_the_ledger_knows_of_a_performer_cannot_be_undone_by_hand(production: Production) -> None:
    file = production.folder / "performers" / "ada" / "performer.json"
    before = file.read_bytes()
    production.note_death("ada", "2026-11-01")
    file.write_bytes(before)
    with pytest.raises(GrantError, match="covers no posthumous use"):
        production.grant("ada")
    forget(production, "bob", plan_removal(production, "bob"))
    other = production.folder / "performers" / "bob" / "performer.json"
    other.write_text(json.dumps(json.loads(other.read_bytes()) | {"forgotten": None}))
    with pytest.raises(GrantError, match="'bob' was forgotten on"):
        production.grant("bob")
    production.add_performer("cid", "Cid")


def test_folders_where_envelopes_belong_and_huge_files(production: Production) -> None:
    folder = production.filing.folder
    (folder / "ada-folder.dsse.json").mkdir()
    (folder / "ada-huge.dsse.json").write_bytes(b"x" * (2 << 20))
    errors = {each.file.name: each.error.what for each in production.filing.all() if each.error is not None}
    assert "Is a directory" in errors["ada-folder.dsse.json"]
    assert "larger than any such file" in errors["ada-huge.dsse.json"]
    production.grant("ada")
    (folder / "revocations" / "folder").mkdir()
    with pytest.raises(GrantError, match=r"revocations/folder|folder: cannot be read"):
        production.grant("ada")
