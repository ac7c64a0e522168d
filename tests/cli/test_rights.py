"""The ceremony on the command line: keys, grants, revocation, ledger, forgetting; every refusal in words, code 2."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from .conftest import Call, left_in


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> Path:
    """A production with Ada, whose key is trusted; we are in its folder, her key and password beside it."""
    monkeypatch.delenv("PLAYINGAGE_PRODUCTION", raising=False)
    (tmp_path / "pw").write_text("correct horse\n")
    assert call("init", tmp_path / "made", "--name", "The Long Year").code == 0
    monkeypatch.chdir(tmp_path / "made")
    assert call("performer", "add", "ada", "--name", "Ada Lovelace").code == 0
    made = call("key", "create", tmp_path / "ada.pem", "--holder", "Ada Lovelace", "--password-file", tmp_path / "pw")
    assert made.code == 0, made.err
    assert call("key", "trust", tmp_path / "ada.pub.json", "--performer", "ada").code == 0
    return tmp_path


def statement(call: Call, place: Path, name: str = "ada.toml", *more: object) -> Path:
    made = call("grant", "create", place / name, "--performer", "ada", "--description",
                "Ada as a girl of 20 in scenes 3 to 7", "--ages", "18-45", "--contact", "ada@example.org", *more)
    assert made.code == 0, made.err
    return place / name


def sign(call: Call, place: Path, file: Path, key: str = "ada.pem", *more: object) -> dict[str, Any]:
    signed = call("grant", "sign", file, "--key", place / key, "--password-file", place / "pw", "--json", *more)
    assert signed.code == 0, signed.err
    return dict(json.loads(signed.out))


def test_the_whole_ceremony(place: Path, call: Call) -> None:
    grant = sign(call, place, statement(call, place))["grant"]
    assert call("grant", "verify", "--use", "render", "--age", 20, "--title", "Dawn").code == 0
    listed = json.loads(call("grant", "list", "--json").out)
    assert [(row["grant"], row["in_force"]) for row in listed] == [(grant, True)]
    revoked = call("grant", "revoke", grant[:8], "--key", place / "ada.pem", "--password-file", place / "pw",
                   "--reason", "The scene was changed")
    assert revoked.code == 0, revoked.err
    refused = call("grant", "verify")
    assert refused.code == 2 and "was revoked on" in refused.err and "The scene was changed" in refused.err
    again = call("grant", "file", place / "made" / "grants" / f"ada-{grant[:16]}.dsse.json")
    assert again.code == 2 and "was revoked on" in again.err
    assert call("ledger", "verify").code == 0
    events = [line["event"] for line in json.loads(call("ledger", "show", "--json").out)]
    assert events == ["created", "performer-added", "key-trusted", "grant-filed", "grant-revoked"]


def test_a_statement_is_written_to_be_filled_in(place: Path, call: Call) -> None:
    assert call("grant", "create", place / "bare.toml", "--performer", "ada").code == 0
    text = (place / "bare.toml").read_text()
    assert "# Where the signer can be reached." in text
    refused = call("grant", "sign", place / "bare.toml", "--key", place / "ada.pem", "--password-file", place / "pw")
    assert refused.code == 2 and "description is empty" in refused.err
    filled = text.replace('description = ""', 'description = "Younger in all scenes of the film"')
    filled = filled.replace("ages = []", "ages = [20, 40]").replace('contact = ""', 'contact = "ada@example.org"')
    (place / "bare.toml").write_text(filled)
    sign(call, place, place / "bare.toml")
    again = call("grant", "create", place / "bare.toml", "--performer", "ada")
    assert again.code == 2 and "is there already" in again.err and (place / "bare.toml").read_text() == filled


def test_json_statements_too(place: Path, call: Call) -> None:
    file = statement(call, place, "ada.json", "--use", "train", "--title", "Dawn")
    assert json.loads(file.read_text())["titles"] == ["Dawn"]
    assert sign(call, place, file)["statement"]["uses"] == ["train"]


def test_signed_far_from_the_production(place: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    file = statement(call, place)
    monkeypatch.chdir(place)
    assert sign(call, place, file)["filed"] is False
    envelope = place / "ada.dsse.json"
    taken = call("grant", "revoke", envelope, "--key", place / "ada.pem", "--password-file", place / "pw",
                 "--reason", "Changed my mind", "--out", place / "taken.dsse.json")
    assert taken.code == 0, taken.err
    made = ("-P", place / "made")
    assert call("grant", "verify", envelope, *made).code == 0
    assert call("grant", "file", envelope, *made).code == 0
    assert call("grant", "file", place / "taken.dsse.json", *made).code == 0
    assert "was revoked" in call("grant", "verify", *made).err


def test_a_second_signature(place: Path, call: Call) -> None:
    call("key", "create", place / "agent.pem", "--holder", "Her agent", "--password-file", place / "pw")
    first = sign(call, place, statement(call, place))
    untrusted = call("grant", "sign", first["file"], "--key", place / "agent.pem", "--password-file", place / "pw")
    assert untrusted.code == 2 and "does not trust" in untrusted.err
    assert call("key", "trust", place / "agent.pub.json", "--performer", "ada").code == 0
    assert sign(call, place, Path(first["file"]), "agent.pem")["grant"] == first["grant"]
    assert len(json.loads(Path(first["file"]).read_bytes())["signatures"]) == 2
    twice = call("grant", "sign", first["file"], "--key", place / "agent.pem", "--password-file", place / "pw")
    assert twice.code == 2 and "has signed it already" in twice.err


def test_rotation_and_retirement(place: Path, call: Call) -> None:
    (place / "pw2").write_text("another horse\n")
    old = sign(call, place, statement(call, place))["grant"]
    rotated = call("key", "rotate", place / "ada.pem", place / "ada-2.pem", "--password-file", place / "pw",
                   "--new-password-file", place / "pw2")
    assert rotated.code == 0, rotated.err
    assert call("grant", "verify").code == 0  # signed and filed before
    late = statement(call, place, "late.toml")
    refused = call("grant", "sign", late, "--key", place / "ada.pem", "--password-file", place / "pw")
    assert refused.code == 2 and "was retired on" in refused.err
    (place / "pw").write_text("another horse\n")
    new = sign(call, place, late, "ada-2.pem")["grant"]
    keys = json.loads(call("key", "list", "--json").out)
    assert [bool(key["retired"]) for key in keys] == [True, False]
    assert keys[1]["succeeds"] == keys[0]["keyid"]
    stolen = call("key", "retire", keys[0]["keyid"][:8], "--reason", "Laptop stolen", "--compromised")
    assert stolen.code == 0, stolen.err
    states = {row["grant"]: row["state"] for row in json.loads(call("grant", "list", "--json").out)}
    assert states[new] == "in force" and old not in states


def test_rotation_away_from_the_production(place: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert call("key", "rotate", place / "ada.pem", place / "ada-2.pem", "--password-file", place / "pw",
                "--new-password-file", place / "pw").code == 0
    monkeypatch.chdir(place / "made")
    wrong = call("key", "trust", place / "ada-2.rotation.dsse.json", "--performer", "ada")
    assert wrong.code == 2 and "speaks for the same performers" in wrong.err
    assert call("key", "trust", place / "ada-2.rotation.dsse.json").code == 0
    assert len(json.loads(call("key", "list", "--json").out)) == 2


def test_keys_are_secret_and_never_written_over(place: Path, call: Call) -> None:
    pem = place / "ada.pem"
    assert pem.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    before = pem.read_bytes()
    again = call("key", "create", pem, "--holder", "Eve", "--no-password")
    assert again.code == 2 and "is there already" in again.err and pem.read_bytes() == before
    asked = call("key", "create", place / "eve.pem", "--holder", "Eve")
    assert asked.code == 2 and "--password-file" in asked.err and not (place / "eve.pem").exists()
    short = place / "short"
    short.write_text("1234")
    weak = call("key", "create", place / "eve.pem", "--holder", "Eve", "--password-file", short)
    assert weak.code == 2 and "protects nothing" in weak.err
    assert call("key", "create", place / "eve.pem", "--holder", "Eve", "--no-password").code == 0
    assert b"BEGIN PRIVATE KEY" in (place / "eve.pem").read_bytes()
    wrong = call("grant", "sign", statement(call, place), "--key", pem, "--password-file", short)
    assert wrong.code == 2 and "wrong password" in wrong.err
    assert not [name for name in left_in(place) if name.endswith(".tmp")]


def test_an_operator_may_revoke_but_not_grant(place: Path, call: Call) -> None:
    call("key", "create", place / "op.pem", "--holder", "Producer", "--password-file", place / "pw")
    assert call("key", "trust", place / "op.pub.json", "--capacity", "operator").code == 0
    refused = call("grant", "sign", statement(call, place), "--key", place / "op.pem", "--password-file", place / "pw")
    assert refused.code == 2 and "is an operator's, so it cannot grant for ada" in refused.err
    grant = sign(call, place, place / "ada.toml")["grant"]
    assert call("grant", "revoke", grant[:8], "--key", place / "op.pem", "--password-file", place / "pw",
                "--reason", "At her request, by telephone").code == 0
    assert "by Producer: At her request" in call("grant", "verify").err


def test_a_statement_for_another_production(place: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    file = statement(call, place)
    call("init", place / "other", "--name", "Other")
    monkeypatch.chdir(place / "other")
    call("performer", "add", "ada", "--name", "Ada")
    call("key", "trust", place / "ada.pub.json", "--performer", "ada")
    refused = call("grant", "sign", file, "--key", place / "ada.pem", "--password-file", place / "pw")
    assert refused.code == 2 and "is for another production, 'The Long Year'" in refused.err
    assert left_in(place / "other" / "grants") == [".lock", "revocations", "trusted_keys.json"]


def test_a_tampered_ledger_is_told_line_by_line(place: Path, call: Call) -> None:
    sign(call, place, statement(call, place))
    noted = json.loads(call("ledger", "verify", "--json").out)["hash"]
    assert call("ledger", "verify", "--holds", noted).code == 0
    file = place / "made" / "ledger.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"Ada Lovelace", b"Eve Lovelace"))
    refused = call("ledger", "verify")
    assert refused.code == 2 and "number 3 was changed" in refused.err
    assert "Altered: number 3" in call("ledger", "show").err
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert "number 4 is missing: cut off at the end" in call("ledger", "verify").err
    file.write_bytes(whole)
    (place / "made" / "grants" / "trusted_keys.json").write_text("{}")
    assert "is not what the ledger recorded" in call("ledger", "verify").err


def test_a_ledger_written_anew_is_told_by_a_hash_noted_before(
    place: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = json.loads(call("ledger", "verify", "--json").out)["hash"]
    monkeypatch.chdir(place)
    shutil.rmtree(place / "made")
    assert call("init", place / "made", "--name", "The Long Year").code == 0
    assert call("ledger", "verify", "-P", place / "made").code == 0
    refused = call("ledger", "verify", "--holds", noted, "-P", place / "made")
    assert refused.code == 2 and "noted elsewhere, is missing" in refused.err


def test_forgetting_asks_first(place: Path, call: Call) -> None:
    crops = place / "made" / "archive" / "ada" / "crops"
    crops.mkdir(parents=True)
    (crops / "1.png").write_bytes(b"face")
    asked = call("performer", "forget", "ada")
    assert asked.code == 2 and "nothing was removed" in asked.err
    planned = json.loads(call("performer", "forget", "ada", "--dry-run", "--json").out)
    assert planned["files"] == 1 and planned["removed"] is False and (crops / "1.png").exists()
    done = call("performer", "forget", "ada", "--yes")
    assert done.code == 0 and "is forgotten: 1 file," in done.out and not crops.exists()
    assert json.loads(call("performer", "show", "ada", "--json").out)["forgotten"] is not None
    assert call("performer", "forget", "zoe").code == 2
    assert call("ledger", "verify").code == 0


def test_performers_on_the_command_line(place: Path, call: Call) -> None:
    from playingage.demo.portrait import PORTRAIT

    assert call("performer", "reference", "ada", PORTRAIT).code == 0
    listed = json.loads(call("performer", "list", "--json").out)
    assert [(row["id"], len(row["references"])) for row in listed] == [("ada", 1)]
    assert call("performer", "died", "ada", "--on", "2026-11-01").code == 0
    sign(call, place, statement(call, place))
    refused = call("grant", "verify")
    assert refused.code == 2 and "covers no posthumous use" in refused.err


def test_outside_a_production(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["grant", "list"], ["key", "list"], ["ledger", "verify"], ["performer", "list"]):
        refused = call(*words)
        assert refused.code == 2 and "lies in no production" in refused.err and "playingage init" in refused.err
