"""Grants under a running picture: revoked, ended, unreadable, renewed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from production import grant, make_production, stamp

from playingage.live import Direction, PartFacts
from playingage.live.grants import REVOKED, UNREADABLE, GrantWatch
from playingage.production import Production
from playingage.rights import Revocation, SigningKey
from playingage.rights.grant import REVOCATION_TYPE

Stopped = dict[str, str]


def direction_of(*performers: str) -> Direction:
    return Direction(35, parts=tuple(PartFacts(performer=each, name=each, start=30) for each in performers))


def stopped(direction: Direction) -> Stopped:
    return {each.performer: each.stopped for each in direction.state.performers}


def until(holds: Callable[[], bool]) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < 30
        time.sleep(0.01)
    return time.monotonic() - begun


def revoke(production: Production, key: SigningKey, performer: str) -> None:
    taken = Revocation(
        grant=production.grant(performer).sha256, performer=performer, production=production.id, by=performer,
        reason="as agreed", signed=stamp(),
    )
    production.filing.revoke(key.sign(taken.payload, REVOCATION_TYPE), production.filing.keys())


def test_a_revoked_grant_stops_one_and_a_new_one_brings_them_back(tmp_path: Path) -> None:
    keys: dict[str, SigningKey] = {}
    production = make_production(tmp_path / "p", ("ada", "ben"), ages=(20, 70), keys=keys)
    direction = direction_of("ada", "ben")
    with GrantWatch(production, direction, ("ada", "ben"), every=0.02):
        assert stopped(direction) == {"ada": "", "ben": ""}
        assert [each.ages for each in direction.state.performers] == [(20, 70), (20, 70)]
        revoke(production, keys["ada"], "ada")
        assert until(lambda: stopped(direction) == {"ada": REVOKED, "ben": ""}) < 1
        grant(production, keys["ada"], "ada", ages=(25, 40))
        until(lambda: stopped(direction) == {"ada": "", "ben": ""})
        assert direction.state.performers[0].ages == (25, 40)
        assert direction.state.performers[0].grant == production.grant("ada").sha256


def test_a_grant_ends_by_the_clock(tmp_path: Path) -> None:
    end = datetime.now(UTC) + timedelta(seconds=1)
    production = make_production(tmp_path / "p", valid_until=end.isoformat())
    direction = direction_of("ada")
    with GrantWatch(production, direction, ("ada",), every=0.02):
        assert stopped(direction) == {"ada": ""}
        until(lambda: stopped(direction) == {"ada": REVOKED})
        assert datetime.now(UTC) > end


def test_what_cannot_be_read_counts_as_no_grant(tmp_path: Path) -> None:
    production = make_production(tmp_path / "p")
    direction = direction_of("ada")
    ledger = production.folder / "ledger.jsonl"
    before = ledger.read_bytes()
    with GrantWatch(production, direction, ("ada",), every=0.02):
        ledger.write_bytes(before.replace(b"grant-filed", b"grant-fiIed"))
        (production.folder / "ledger.head").touch()
        until(lambda: stopped(direction) == {"ada": UNREADABLE})
        ledger.write_bytes(before)
        (production.folder / "ledger.head").touch()
        until(lambda: stopped(direction) == {"ada": ""})


def test_a_use_that_is_not_granted_is_stopped_from_the_first_frame(tmp_path: Path) -> None:
    production = make_production(tmp_path / "p", uses=("train", "render"))
    direction = direction_of("ada")
    with GrantWatch(production, direction, ("ada",), every=5):
        assert stopped(direction) == {"ada": REVOKED}
