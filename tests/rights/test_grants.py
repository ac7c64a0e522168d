"""A Grant comes from a signed statement by a trusted key, or not at all; every refusal names what is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from production import grant as file_grant
from production import make_production, stamp, statement, trust

from playingage.core import PlayingAgeError, canonical_json, sha256_bytes
from playingage.production import Production
from playingage.rights import (
    BadKeyError,
    Grant,
    GrantError,
    GrantStatement,
    KeyCard,
    Revocation,
    RightsError,
    SigningKey,
    TrustedKey,
    TrustedKeys,
    Use,
    issue,
    rotate,
    write_rotation,
)
from playingage.rights.grant import REVOCATION_TYPE
from playingage.rights.signing import open_envelope
from playingage.rights.statement import PAYLOAD_TYPE
from playingage.rights.wording import in_words

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY, OTHER, OPERATOR = SigningKey.make(), SigningKey.make(), SigningKey.make()


def trusted(key: SigningKey, *performers: str, capacity: str = "self", **more: Any) -> TrustedKey:
    return TrustedKey(key=key.public, holder="Ada Lovelace", capacity=capacity, performers=performers,
                      added="2026-01-01T00:00:00+00:00", **more)


KEYS = TrustedKeys(keys=(trusted(KEY, "ada"), trusted(OPERATOR, capacity="operator")))


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Production:
    return Production.create(tmp_path_factory.mktemp("p") / "production", "The Long Year")


@pytest.fixture
def said(production: Production) -> GrantStatement:
    return statement(production, "ada", ("train", "render"), ages=(18, 45), titles=("Dawn", "Dusk"),
                     valid_from="2026-11-01", valid_until="2026-12-31", signed="2026-11-02T10:00:00+00:00")


def signed(said: GrantStatement, key: SigningKey = KEY) -> bytes:
    return key.sign(said.payload, PAYLOAD_TYPE)


def revocation(said: GrantStatement, key: SigningKey = KEY, signed: str = "2026-11-10T00:00:00+00:00",
               **changes: Any) -> bytes:
    made = Revocation(grant=sha256_bytes(said.payload), performer="ada", production=said.production.id, by="Ada",
                      reason="The scene was changed", signed=signed)
    return key.sign(replace(made, **changes).payload, REVOCATION_TYPE)


def test_a_signed_statement_gives_a_grant(said: GrantStatement) -> None:
    made = issue(signed(said), KEYS, [])
    assert made.statement == said and made.key_id == KEY.public.id
    assert made.sha256 == sha256_bytes(open_envelope(signed(said), PAYLOAD_TYPE, "it").payload)


def test_nothing_else_makes_a_grant(said: GrantStatement) -> None:
    with pytest.raises(GrantError, match=r"made by rights\.issue alone"):
        Grant(statement=said, sha256="0" * 64, key_id="0" * 64, proof=object())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"use": Use.LIVE}, r"use 'live' is not in it \(train, render\)"),
        ({"performer": "bob"}, "of performer 'ada', not 'bob'"),
        ({"production": "other"}, "for another production, 'The Long Year'"),
        ({"at": datetime(2026, 10, 31, 23, 59, tzinfo=UTC)}, "not yet valid, only from 2026-11-01"),
        ({"at": datetime(2027, 1, 1, tzinfo=UTC)}, "expired on 2026-12-31"),
        ({"age": 17.5}, r"age 17\.5 is not in it \(18 to 45\)"),
        ({"title": "Noon"}, r"title 'Noon' is not in it \(Dawn, Dusk\)"),
        ({"died": datetime(2026, 11, 20, tzinfo=UTC)}, "has died, and it covers no posthumous use"),
    ],
)
def test_what_is_not_covered_is_named(said: GrantStatement, asked: dict[str, Any], message: str) -> None:
    made = issue(signed(said), KEYS, [])
    covered: dict[str, Any] = {"use": Use.TRAIN, "performer": "ada", "production": said.production.id, "at": NOW,
                               "age": 45, "title": "Dusk", "died": None}
    made.require(**covered)
    with pytest.raises(GrantError, match=message):
        made.require(**covered | asked)


def test_everything_that_is_missing_is_named_at_once(said: GrantStatement) -> None:
    with pytest.raises(GrantError) as raised:
        issue(signed(said), KEYS, []).require(use=Use.LIVE, performer="ada", production=said.production.id,
                                              at=datetime(2027, 6, 1, tzinfo=UTC), age=70, title="Noon")
    assert [word in raised.value.what for word in ("expired", "live", "age 70", "Noon")] == [True] * 4


def test_training_covers_taking_in_footage_but_not_the_other_way(production: Production) -> None:
    asked: dict[str, Any] = {"performer": "ada", "production": production.id, "at": NOW}
    issue(signed(statement(production, "ada", ("train",))), KEYS, []).require(use=Use.INGEST, **asked)
    with pytest.raises(GrantError, match="use 'train'"):
        issue(signed(statement(production, "ada", ("ingest",))), KEYS, []).require(use=Use.TRAIN, **asked)


def test_the_last_day_counts_whole(said: GrantStatement) -> None:
    issue(signed(said), KEYS, []).require(use=None, performer="ada", production=said.production.id,
                                          at=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_keys_that_may_not_grant(said: GrantStatement) -> None:
    with pytest.raises(GrantError, match="which this production does not trust"):
        issue(signed(said, OTHER), KEYS, [])
    with pytest.raises(GrantError, match="is an operator's, so it cannot grant for ada"):
        issue(signed(said, OPERATOR), KEYS, [])
    with pytest.raises(GrantError, match="speaks for bob, so it cannot grant for ada"):
        issue(signed(said, OTHER), KEYS.plus(trusted(OTHER, "bob")), [])
    with pytest.raises(GrantError, match=r"signed as 'self', but .* trusted as 'representative'"):
        issue(signed(said, OTHER), KEYS.plus(trusted(OTHER, "ada", capacity="representative")), [])
    with pytest.raises(GrantError, match="does not say when it was signed"):
        issue(signed(replace(said, signed=None)), KEYS, [])


def test_every_signature_has_to_count(said: GrantStatement) -> None:
    both = OTHER.sign_also(open_envelope(signed(said), PAYLOAD_TYPE, "it"))
    with pytest.raises(GrantError, match="does not trust"):
        issue(both, KEYS, [])
    keys = TrustedKeys(keys=(trusted(KEY, "ada"), replace(trusted(OTHER, "ada"), holder="Her agent")))
    assert issue(both, keys, []).sha256 == issue(signed(said), keys, []).sha256
    document = json.loads(both)
    document["signatures"][1]["sig"] = document["signatures"][0]["sig"]
    with pytest.raises(GrantError, match="does not fit its content"):
        issue(canonical_json(document), keys, [])


def test_revoked_by_the_performer_or_the_operator(said: GrantStatement) -> None:
    for key in (KEY, OPERATOR):
        with pytest.raises(GrantError, match=r"was revoked on 2026-11-10.* by Ada: The scene was changed"):
            issue(signed(said), KEYS, [revocation(said, key)])
    issue(signed(said), KEYS, [revocation(said, grant="1" * 64)])  # another grant's
    both = KEYS.plus(trusted(OTHER, "bob"))
    issue(signed(said), both, [revocation(said, OTHER, performer="bob")])  # Bob cannot take back what Ada gave


def test_a_revocation_that_does_not_count_stops_everything(said: GrantStatement) -> None:
    with pytest.raises(GrantError, match="does not trust"):
        issue(signed(said), KEYS, [revocation(said, OTHER, grant="1" * 64)])
    with pytest.raises(GrantError, match="speaks for bob, not for ada"):
        issue(signed(said), KEYS.plus(trusted(OTHER, "bob")), [revocation(said, OTHER)])
    late = KEYS.retire(KEY.public.id, at="2026-11-09T00:00:00+00:00", reason="lost")
    with pytest.raises(GrantError, match="was retired on 2026-11-09"):
        issue(signed(said), late, [revocation(said)])


def test_a_retired_key_counts_for_what_was_signed_and_filed_before(said: GrantStatement) -> None:
    envelope = signed(said)  # dated 2 November
    retired = KEYS.retire(KEY.public.id, at="2026-11-05T00:00:00+00:00", reason="new laptop")
    filed = datetime(2026, 11, 4, tzinfo=UTC)
    assert issue(envelope, retired, [], filed=filed).key_id == KEY.public.id
    for when, words in ((filed + timedelta(days=2), "only on 2026-11-06"), (None, "never")):
        with pytest.raises(GrantError, match=f"the ledger {words}.* recorded this grant, so its date .* proves"):
            issue(envelope, retired, [], filed=when)
    later = replace(said, signed="2026-11-06T00:00:00+00:00")
    with pytest.raises(GrantError, match=r"was retired on 2026-11-05.*, before this was signed"):
        issue(signed(later), retired, [], filed=filed)
    stolen = retired.retire(KEY.public.id, at=stamp(), reason="laptop stolen", compromised=True)
    with pytest.raises(GrantError, match="is compromised: nothing that it signed counts"):
        issue(envelope, stolen, [], filed=filed)


def test_a_key_signed_over_by_the_old_one() -> None:
    new = SigningKey.make()
    envelope = write_rotation(KEY, new, KeyCard(key=new.public, holder="Ada", created=stamp()), stamp())
    changed, key = rotate(KEYS, envelope, at="2026-11-20T00:00:00+00:00", where="it")
    assert (key.performers, key.capacity, key.succeeds) == (("ada",), "self", KEY.public.id)
    assert changed.find(KEY.public.id).retired == "2026-11-20T00:00:00+00:00"
    with pytest.raises(BadKeyError, match="was retired on"):
        rotate(changed, envelope, at=stamp(), where="it")
    with pytest.raises(BadKeyError, match="is not trusted here"):
        rotate(TrustedKeys(), envelope, at=stamp(), where="it")
    forged = write_rotation(OTHER, new, KeyCard(key=new.public, holder="Ada", created=stamp()), stamp())
    payload = json.loads(open_envelope(forged, json.loads(forged)["payloadType"], "it").payload)
    payload["old"] = KEY.public.id  # signed by another key than it names
    with pytest.raises(RightsError, match="is not signed by the old and the new key"):
        rotate(KEYS, OTHER.sign(canonical_json(payload), json.loads(forged)["payloadType"]), at=stamp(), where="it")


def test_keys_that_do_not_fit_together() -> None:
    with pytest.raises(BadKeyError, match="one performer only"):
        trusted(OTHER, "ada", "bob")
    with pytest.raises(BadKeyError, match="speaks for no performer"):
        trusted(OTHER, "ada", capacity="operator")
    with pytest.raises(BadKeyError, match="no performer is named"):
        trusted(OTHER)
    with pytest.raises(BadKeyError, match="trusted already"):
        KEYS.plus(trusted(KEY, "ada"))
    document = json.loads(KEYS.data)
    document["keys"][0]["public"] = OTHER.public.public
    with pytest.raises(RightsError, match="keyid is not that of the key beside it"):
        TrustedKeys.parse(canonical_json(document), "keys")


def test_private_keys_and_their_passwords() -> None:
    locked = KEY.pem(b"correct horse")
    assert b"ENCRYPTED" in locked and SigningKey.read(locked, b"correct horse", "it").public == KEY.public
    assert SigningKey.read(KEY.pem(None), None, "it").public == KEY.public
    for password, message in ((b"wrong horse", "wrong password"), (None, "none was given")):
        with pytest.raises(BadKeyError, match=message):
            SigningKey.read(locked, password, "it")
    with pytest.raises(BadKeyError, match="protects nothing"):
        KEY.pem(b"short")
    with pytest.raises(BadKeyError, match="not a private key"):
        SigningKey.read(b"-----BEGIN NOTHING-----", None, "it")


def test_another_kind_of_key_is_refused() -> None:
    elliptic = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
-----END PRIVATE KEY-----
"""
    with pytest.raises(BadKeyError, match="not an Ed25519 key"):
        SigningKey.read(elliptic.encode(), None, "it")


def edit(changes: dict[str, Any]) -> Callable[[GrantStatement], bytes]:
    return lambda said: json.dumps({**said.document, **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2 of playingage-grant"),
        ({"format": "other"}, "says format 'other'"),
        ({"description": "in films"}, "description has 8 characters; at least 20"),
        ({"ages": []}, "ages is not a pair"),
        ({"ages": [60, 20]}, "ages goes from 60 down to 20"),
        ({"ages": [20, float("nan")]}, "ages holds nan"),
        ({"uses": ["paint"]}, "uses names 'paint'"),
        ({"uses": []}, "uses is empty"),
        ({"titles": []}, "titles is empty"),
        ({"titles": ["*", "Dawn"]}, "any title"),
        ({"valid_from": "soon"}, "valid_from: 'soon' is not a day"),
        ({"valid_from": "2026-11-01T10:00:00"}, "has no offset"),
        ({"valid_until": "2026-10-01"}, "lies before valid_from"),
        ({"posthumous": "no"}, "posthumous is neither true nor false"),
        ({"contact": ""}, "contact is empty"),
        ({"performer": {"id": "Ada", "name": "Ada"}}, "'Ada' is not an ID"),
        ({"performer": "ada"}, "performer is not a group"),
        ({"signer": {"name": "Ada", "capacity": "friend"}}, r"signer\.capacity is 'friend'"),
        ({"signer": {"name": "Heirs", "capacity": "estate"}}, "posthumous is false"),
    ],
)
def test_statements_that_say_too_little_or_nonsense(
    said: GrantStatement, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(GrantError, match=message):
        GrantStatement.read(edit(changes)(said), "ada.json")
    with pytest.raises(GrantError):
        issue(KEY.sign(edit(changes)(said), PAYLOAD_TYPE), KEYS, [])


def test_unknown_fields_are_kept_signed_and_shown(said: GrantStatement) -> None:
    read = GrantStatement.read(edit({"x_union": "SAG-AFTRA 1234"})(said), "ada.json")
    assert read.document["x_union"] == "SAG-AFTRA 1234"
    assert b"SAG-AFTRA 1234" in issue(signed(read), KEYS, []).statement.payload
    assert 'x_union: "SAG-AFTRA 1234"' in "\n".join(in_words(read))


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(["grant", "revocation", "rotation"]), place=st.floats(0, 1), flip=st.integers(1, 255))
def test_any_changed_byte_is_refused(production: Production, kind: str, place: float, flip: int) -> None:
    said = statement(production, "ada", signed="2026-11-02T10:00:00+00:00")
    made: dict[str, bytes] = {
        "grant": signed(said), "revocation": revocation(said),
        "rotation": write_rotation(KEY, OTHER, KeyCard(key=OTHER.public, holder="Ada", created=stamp()), stamp()),
    }
    data = bytearray(made[kind])
    data[int(place * (len(data) - 1))] ^= flip
    with pytest.raises(PlayingAgeError):
        if kind == "grant":
            issue(bytes(data), KEYS, [])
        elif kind == "revocation":
            issue(signed(said), KEYS, [bytes(data)])
        else:
            rotate(KEYS, bytes(data), at=stamp(), where="it")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4), max_leaves=12,
)
FIELDS = ("format", "version", "id", "performer", "signer", "description", "production", "ages", "uses", "titles",
          "valid_from", "valid_until", "posthumous", "contact", "signed")


@settings(max_examples=200, deadline=None)
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(production: Production, field: str, value: Any) -> None:
    document = {**statement(production, "ada").document, field: value}
    try:
        read = GrantStatement.read(json.dumps(document).encode("utf-8", "surrogatepass"), "it")
        issue(KEY.sign(read.payload, PAYLOAD_TYPE), KEYS, [])
    except PlayingAgeError:
        return
    assert GrantStatement.parse(read.payload, "again") == read


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_bytes_come_is_a_clear_error(data: bytes) -> None:
    for read in (
        lambda: GrantStatement.read(data, "it"), lambda: issue(data, KEYS, []), lambda: TrustedKeys.parse(data, "it"),
        lambda: KeyCard.parse(data, "it"), lambda: rotate(KEYS, data, at=stamp(), where="it"),
        lambda: SigningKey.read(data, None, "it"),
    ):
        with pytest.raises(PlayingAgeError):
            read()


def test_deep_and_repeated_json_is_refused() -> None:
    for data in (b"[" * 100_000, b'{"a":1,"a":2}', b'{"a":' + b"9" * 5000 + b"}", b'{"a":"\\ud800"}', b"\xff\xfe"):
        with pytest.raises(RightsError):
            open_envelope(data, PAYLOAD_TYPE, "it")


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    production = make_production(tmp_path / "p")
    from playingage.rights import Named
    from playingage.rights.wording import template

    name = 'Ada "the Countess" \\ Lovelace\u007f'.replace("\u007f", "")
    text = template(
        id="1", performer=Named(id="ada", name=name), production=Named(id=production.id, name=production.name),
        signer=name, capacity="self", description="Ada as a girl of 20,\nin scenes 3 to 7", ages=(18, 45.5),
        uses=["train"], titles=["Dawn", 'The "End"'], valid_from="2026-11-21", valid_until=None, posthumous=False,
        contact="ada@example.org",
    )
    read = GrantStatement.read(text.encode(), "it")
    assert read.performer.name == name and read.titles == ("Dawn", 'The "End"') and read.ages == (18, 45.5)
    assert GrantStatement.read(json.dumps(read.document).encode(), "it") == read
    unquoted = text.replace('valid_from = "2026-11-21"', "valid_from = 2026-11-21")
    assert GrantStatement.read(unquoted.encode(), "it") == read


def test_the_production_finds_the_grant_in_force(tmp_path: Path) -> None:
    keys: dict[str, SigningKey] = {}
    production = make_production(tmp_path / "p", ("ada", "bob"), ("train",), keys=keys, titles=("Dawn",))
    assert production.grant("ada", "ingest", titles=["Dawn"]).statement.performer.id == "ada"
    with pytest.raises(GrantError, match=r"ada-.*use 'render' is not in it.*title 'Noon' is not in it"):
        production.grant("ada", "render", titles=["Noon"])
    file_grant(production, keys["ada"], "ada", ("render",))
    assert production.grant("ada", "render", titles=["Noon"]).statement.uses == (Use.RENDER,)
    trust(production, OPERATOR, None, "operator")
    assert production.grant("bob").statement.performer.id == "bob"
