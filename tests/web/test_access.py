"""Who is let in, as what, until when: decisions, by a clock of the test's own."""

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import PlayingAgeError, SettingError
from playingage.web.access import Access, Asked, Guest, Limit, Role
from playingage.web.control import Control
from playingage.web.guard import RefusedError
from playingage.web.invitations import MOST_DEVICES, MOST_OPEN, Invitation, InvitationError, Invitations, hashed
from playingage.web.settings import ServerSettings

TOKEN = "a-token-of-some-length"
START = 1_800_000_000.0


class Clock:
    """Stands still unless told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> Access:
    return Access(ServerSettings(host="0.0.0.0", token=TOKEN), 8035, clock=clock, limit=Limit(clock))


def make(door: Access, role: str = "viewer", hours: float = 12, name: str = "Director", **more: Any
         ) -> tuple[Invitation, str]:
    made, token = door.invitations.draft(name, role, hours, more.get("once", False), "administrator")
    door.invitations.add(made)
    return made, token


def enter(door: Access, token: str, cookies: dict[str, str] | None = None) -> dict[str, str]:
    """Open an address with a token: the cookies of that browser afterwards."""
    guest = door.admit(Asked(token=token, cookies=cookies or {}, address="10.0.0.7"))
    if guest.device:
        return cookies or {}
    return (cookies or {}) | {door.cookie(guest.role, False): door.enter(guest)[0]}


def refusal(door: Access, **asked: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        door.admit(Asked(**{"address": "10.0.0.7", **asked}))
    assert caught.value.words and TOKEN not in caught.value.words
    return caught.value


def test_on_loopback_without_a_token_everybody_is_the_administrator() -> None:
    assert Access(ServerSettings(), 8035).admit(Asked()) == Guest(name="this machine", role=Role.ADMINISTRATOR)


def test_the_printed_token_is_the_administrators(door: Access) -> None:
    assert refusal(door).status == 401
    for asked in (Asked(token=TOKEN), Asked(bearer=TOKEN), Asked(cookies=enter(door, TOKEN))):
        assert (guest := door.admit(asked)).name == "administrator" and door.role(guest) is Role.ADMINISTRATOR
    assert refusal(door, cookies={"playingage-8035-administrator": TOKEN}).status == 401, "no cookie holds it"


def test_an_administrators_browser_is_known_after_a_crash_and_not_in_the_next_run(door: Access) -> None:
    cookies = enter(door, TOKEN)
    again = Access(ServerSettings(host="0.0.0.0", token=TOKEN), 8035)
    assert again.admit(Asked(cookies=cookies)).role is Role.ADMINISTRATOR
    other = Access(ServerSettings(host="0.0.0.0", token=TOKEN + "2"), 8035)
    assert refusal(other, cookies=cookies).status == 401
    ((name, value),) = cookies.items()
    for wrong in (value[:-1], value.partition(".")[0], f"x{value}", value.replace(".", ".."), f".{value}", "."):
        assert refusal(door, cookies={name: wrong}, address=wrong).status == 401


@pytest.mark.parametrize("role", ["viewer", "operator", "administrator"])
def test_an_invitation_has_its_role_and_its_name(door: Access, role: str) -> None:
    _, token = make(door, role, name="Second  unit")
    cookies = enter(door, token)
    guest = door.admit(Asked(cookies=cookies))
    assert (str(door.role(guest)), guest.name) == (role, "Second unit") and token not in cookies.values()
    assert door.about(guest)["until"] == "2027-01-15T20:00:00.000+00:00"


def test_it_ends_on_time_for_those_inside_too(door: Access, clock: Clock) -> None:
    _, token = make(door, hours=1)
    cookies = enter(door, token)
    guest = door.admit(Asked(cookies=cookies))
    clock.now += 3599.9
    assert door.role(guest) is Role.VIEWER
    clock.now += 0.1
    assert door.role(guest) is Role.NOBODY
    for asked in ({"cookies": cookies}, {"token": token}, {"bearer": token}):
        assert "expired" in refusal(door, **asked).words
    clock.now -= 1800
    assert door.role(guest) is Role.NOBODY, "a clock set back does not let anybody in again"


def test_it_ends_at_once_when_revoked(door: Access) -> None:
    made, token = make(door, "administrator")
    cookies = enter(door, token)
    guest = door.admit(Asked(cookies=cookies))
    door.invitations.revoke(made.id)
    assert door.role(guest) is Role.NOBODY
    for asked in ({"cookies": cookies}, {"token": token}, {"bearer": token}):
        assert "revoked" in refusal(door, **asked).words
    assert door.admit(Asked(token=TOKEN)).role is Role.ADMINISTRATOR


def test_one_for_one_device_lets_one_in(door: Access) -> None:
    _, token = make(door, once=True)
    asked = door.admit(Asked(token=token))
    with pytest.raises(RefusedError, match="open its address"):
        door.stay_out(asked)
    cookies = enter(door, token)
    assert enter(door, token, cookies) == cookies, "the same browser may open it again"
    door.stay_out(door.admit(Asked(cookies=cookies)))
    with pytest.raises(RefusedError, match="has been used"):
        enter(door, token)


def test_a_shared_one_lets_several_in_up_to_a_bound(door: Access) -> None:
    _, token = make(door)
    cookies = [enter(door, token) for _ in range(MOST_DEVICES)]
    assert len({each["playingage-8035-viewer"] for each in cookies}) == MOST_DEVICES
    with pytest.raises(RefusedError, match="Ask for another"):
        enter(door, token)


def test_the_highest_role_of_a_browser_counts_and_a_viewers_link_takes_nothing_away(door: Access) -> None:
    cookies = enter(door, TOKEN)
    _, token = make(door)
    assert enter(door, token, cookies) == cookies, "the administrator tried the link"
    _, operators = make(door, "operator", name="Second unit")
    both = enter(door, operators, enter(door, token))
    assert len(both) == 2 and door.admit(Asked(cookies=both)).role is Role.OPERATOR
    _, other = make(door, name="Producer")
    assert door.admit(Asked(cookies=enter(door, other, enter(door, token)))).name == "Producer", "handed on"


@given(st.text(max_size=300))
def test_no_other_secret_opens(secret: str) -> None:
    clock = Clock()
    door = Access(ServerSettings(host="0.0.0.0", token=TOKEN), 8035, clock=clock, limit=Limit(clock))
    _, token = make(door)
    if secret not in (TOKEN, token, ""):
        assert refusal(door, token=secret).status == 401
        assert refusal(door, bearer=secret).status == 401
        assert refusal(door, cookies={door.cookie(Role.ADMINISTRATOR, False): secret}).status == 401


@given(st.integers(0, 31), st.sampled_from("abcXYZ019-_\udcff\0"))
def test_a_token_with_one_sign_changed_opens_nothing(at: int, sign: str) -> None:
    clock = Clock()
    door = Access(ServerSettings(host="0.0.0.0", token=TOKEN), 8035, clock=clock, limit=Limit(clock))
    _, token = make(door)
    assert len(token) == 32
    changed = token[:at] + sign + token[at + 1 :]
    if changed != token:
        assert refusal(door, token=changed).status == 401
    assert refusal(door, token=hashed(token)).status == 401, "what is kept opens nothing"


def test_guessing_is_slowed_down_and_said_once(clock: Clock) -> None:
    said: list[str] = []
    door = Access(ServerSettings(host="0.0.0.0", token=TOKEN), 8035, clock=clock, limit=Limit(clock), warn=said.append)
    _, token = make(door)
    inside = enter(door, token)
    for guess in range(5):
        assert refusal(door, token=f"guess {guess}").status == 401
    waits = []
    for guess in range(12):
        refused = refusal(door, bearer=TOKEN)
        assert refused.status == 429, "not even the right one, as long as it waits"
        waits.append(refused.again)
        assert door.admit(Asked(cookies=inside, address="10.0.0.7")).name == "Director", "who is in stays in"
        assert door.admit(Asked(token=TOKEN, address="10.0.0.8")).role is Role.ADMINISTRATOR
        clock.now += refused.again
        assert refusal(door, token=f"another {guess}").status == 401
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert len(said) == 1 and "10.0.0.7" in said[0] and "guess" not in said[0]
    clock.now += 60
    assert door.admit(Asked(token=TOKEN, address="10.0.0.7")).role is Role.ADMINISTRATOR


def test_a_forgotten_page_that_tries_on_and_on_is_no_guessing(door: Access) -> None:
    for _ in range(100):
        assert refusal(door, cookies={door.cookie(Role.ADMINISTRATOR, False): "of yesterday's run"}).status == 401
        assert refusal(door, token="of yesterday's run, too").status == 401
    assert door.admit(Asked(token=TOKEN, address="10.0.0.7")).role is Role.ADMINISTRATOR


def test_guessing_by_cookie_and_from_a_whole_network_is_slowed_down_too(door: Access) -> None:
    for guess in range(5):
        refusal(door, cookies={door.cookie(Role.VIEWER, False): f"guess {guess}"}, address=f"2001:db8::{guess}")
    assert refusal(door, cookies={door.cookie(Role.VIEWER, False): "guess"}, address="2001:db8::ffff").status == 429
    assert refusal(door, token="guess", address="2001:db8:0:1::1").status == 401


def test_the_limit_keeps_to_its_memory(clock: Clock) -> None:
    limit = Limit(clock)
    for address in range(6000):
        limit.wrong(f"10.0.{address // 256}.{address % 256}", "x" * 40)
    assert len(limit._tries) == 4096


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": " "}, {"name": "x" * 61}, {"name": 5}, {"name": "a\u202eb"}, {"name": "Administrator"},
        {"name": "this machine"}, {"role": "owner"}, {"role": "nobody"}, {"role": None}, {"hours": 0}, {"hours": -1},
        {"hours": 169}, {"hours": "12"}, {"hours": True}, {"hours": float("nan")}, {"hours": float("inf")},
        {"once": 1}, {"name": "director"},
    ],
)  # fmt: skip
def test_what_cannot_be_an_invitation_is_refused(door: Access, wrong: dict[str, Any]) -> None:
    make(door)
    fine = {"name": "Producer", "role": "viewer", "hours": 12, "once": False}
    with pytest.raises((SettingError, InvitationError)):
        door.invitations.draft(**{**fine, **wrong}, by="administrator")
    door.invitations.draft(**fine, by="administrator")


def test_there_are_no_more_than_a_hundred(door: Access, clock: Clock) -> None:
    for number in range(MOST_OPEN):
        make(door, name=f"guest {number}", hours=1)
    with pytest.raises(InvitationError, match="in force"):
        make(door)
    clock.now += 3600
    make(door)
    assert len(door.invitations.list()) == MOST_OPEN + 1
    clock.now += 24 * 3600
    make(door, name="the day after")
    assert [each.name for each in door.invitations.list()] == ["Director", "the day after"]


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Callable[[], Access]:
    settings = ServerSettings(host="0.0.0.0", token=TOKEN, invitations=tmp_path / "state" / "invitations.json")
    return lambda: Access(settings, 8035, clock=clock)


def test_they_outlive_the_server_without_being_written_down(
    kept: Callable[[], Access], tmp_path: Path, clock: Clock
) -> None:
    first = kept()
    made, token = make(first, "operator")
    ended, _ = make(first, name="Producer")
    cookies = enter(first, token)
    first.invitations.revoke(ended.id)
    first.invitations.close()
    file = tmp_path / "state" / "invitations.json"
    text = file.read_text()
    assert token not in text and cookies["playingage-8035-operator"] not in text and hashed(token) in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    second = kept()
    guest = second.admit(Asked(cookies=cookies))
    assert (guest.name, guest.role, guest.invitation) == ("Director", Role.OPERATOR, made.id)
    assert second.invitations.get(ended.id) == first.invitations.get(ended.id)
    clock.now = made.expires
    assert second.role(guest) is Role.NOBODY
    second.invitations.close()


def test_unknown_fields_are_kept(kept: Callable[[], Access], tmp_path: Path) -> None:
    first = kept()
    make(first)
    first.invitations.close()
    file = tmp_path / "state" / "invitations.json"
    document = json.loads(file.read_text())
    document["colour"], document["invitations"][0]["size"] = "red", 5
    file.write_text(json.dumps(document))
    second = kept()
    make(second, name="Producer")
    second.invitations.close()
    after = json.loads(file.read_text())
    assert after["colour"] == "red" and after["invitations"][0]["size"] == 5 and len(after["invitations"]) == 2


@pytest.mark.parametrize("change", [
    {"version": 2}, {"format": "other"}, {"invitations": 5}, {"invitations": [{}]}, {"invitations": [5]},
])  # fmt: skip
def test_another_file_is_refused(kept: Callable[[], Access], tmp_path: Path, change: dict[str, Any]) -> None:
    file = tmp_path / "state" / "invitations.json"
    file.parent.mkdir()
    document = {"format": "playingage-invitations", "version": 1, "invitations": []}
    file.write_text(json.dumps(document))
    kept().invitations.close()
    for text in (json.dumps(document | change), "{", "[]", "\xff"):
        file.write_text(text)
        with pytest.raises(InvitationError, match=r"invitations.json"):
            kept()


def test_two_servers_do_not_write_one_file(kept: Callable[[], Access]) -> None:
    first = kept()
    with pytest.raises(InvitationError, match="another server"):
        kept()
    first.invitations.close()
    kept().invitations.close()


def test_what_cannot_be_stored_is_not_in_force(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Invitations(tmp_path / "a" / "b.json", clock)

    def full(*given: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("playingage.web.invitations.write_whole", full)
    made, token = there.draft("Director", "viewer", 1, False, "x")
    with pytest.raises(PlayingAgeError, match="No space left"):
        there.add(made)
    assert there.list() == () and there.find(token) is None
    there.close()


def page(heading: str) -> tuple[dict[str, Any], set[str]]:
    """The example and the fields of a part of the format's page."""
    text = (Path(__file__).parents[2] / "docs" / "formats" / "access.md").read_text(encoding="utf-8")
    part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    example = re.search(r"```json\n(.*?)\n```", part, re.DOTALL)
    assert example is not None
    return json.loads(example[1]), set(re.findall(r"^\| `(\w+)` \| required", part, re.MULTILINE))


def test_the_page_of_the_formats_is_as_the_code(kept: Callable[[], Access], tmp_path: Path) -> None:
    document, fields = page("Invitations")
    assert set(document["invitations"][0]) == fields
    file = tmp_path / "state" / "invitations.json"
    file.parent.mkdir()
    file.write_text(json.dumps(document))
    access = kept()
    (read,) = access.invitations.list()
    access.invitations.close()
    assert read.document() == document["invitations"][0]
    for name in fields:
        file.write_text(json.dumps({**document, "invitations": [
            {key: value for key, value in document["invitations"][0].items() if key != name}]}))
        with pytest.raises(InvitationError):
            kept()
    document, fields = page("A running server")
    assert set(document) == fields | {"format", "version"}
    file = tmp_path / "server.json"
    file.write_text(json.dumps(document))
    assert Control.read(file).document == document
    for name in fields:
        file.write_text(json.dumps({key: value for key, value in document.items() if key != name}))
        with pytest.raises(PlayingAgeError):
            Control.read(file)
