"""Host names, origins, tokens; and the messages that pages may send."""

import json

import pytest

from playingage.core import SettingError
from playingage.live import Want
from playingage.web.guard import Guard, RefusedError
from playingage.web.protocol import AskAge, Ping, Shown, Skipped, parse
from playingage.web.settings import ServerSettings

TOKEN = "a-token-of-some-length"
LOCAL = Guard(ServerSettings(port=8035), 8035)
OPEN = Guard(ServerSettings(host="0.0.0.0", token=TOKEN, names=("monitor.set",)), 8035, ("cart",))


def refused(guard: Guard, headers: dict[str, str], cookies: dict[str, str] | None = None, token: str = "") -> int:
    try:
        guard.check(headers, cookies or {}, token, "http")
    except RefusedError as refusal:
        assert refusal.words
        return refusal.status
    return 0


@pytest.mark.parametrize("host", ["127.0.0.1:8035", "localhost:8035", "[::1]:8035", "LOCALHOST"])
def test_loopback_names_are_served_on_loopback(host: str) -> None:
    assert refused(LOCAL, {"Host": host}) == 0


@pytest.mark.parametrize("host", ["evil.example:8035", "192.168.1.5:8035", "", "127.0.0.1.evil.example", "[::", "cart"])
def test_a_rebound_name_is_not_served(host: str) -> None:
    assert refused(LOCAL, {"Host": host}) == 403


@pytest.mark.parametrize("host", ["192.168.1.5:8035", "monitor.set:8035", "Cart:8035", "localhost:8035", "[fe80::1]"])
def test_off_loopback_addresses_and_own_names_are_served_with_the_token(host: str) -> None:
    assert refused(OPEN, {"Host": host}, {"playingage-8035": TOKEN}) == 0
    assert refused(OPEN, {"Host": host, "Authorization": f"Bearer {TOKEN}"}) == 0
    assert refused(OPEN, {"Host": host}, token=TOKEN) == 0
    assert refused(OPEN, {"Host": host}) == 401
    assert refused(OPEN, {"Host": host}, {"playingage-8035": TOKEN[:-1]}) == 401
    assert refused(OPEN, {"Host": host}, token="é" * 20) == 401
    assert refused(OPEN, {"Host": "evil.example"}, {"playingage-8035": TOKEN}) == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8035"}, 0),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "https://127.0.0.1:8035"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 0),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 0),
    ],
)
def test_other_sites_are_not_served(headers: dict[str, str], status: int) -> None:
    assert refused(LOCAL, {"Host": "127.0.0.1:8035", **headers}) == status


def test_off_loopback_a_token_is_made_up_and_differs() -> None:
    first, second = ServerSettings(host="0.0.0.0"), ServerSettings(host="0.0.0.0")
    assert len(first.token) >= 32 and first.token != second.token
    assert ServerSettings().token == "" and ServerSettings(host="::1").loopback


@pytest.mark.parametrize("wrong", [{"port": 70000}, {"port": -1}, {"host": "example.org"}, {"token": "short"}])
def test_settings_check_themselves(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        ServerSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"type": "want", "pictures": "aged", "short_side": 720, "linked": True},
         Want(pictures="aged", short_side=720, linked=True)),
        ({"type": "ping", "at": 1.5}, Ping(1.5)),
        ({"type": "shown", "serial": 7, "came": 0.5, "ready": 1, "at": 2, "error": 0.1}, Shown(7, 0.5, 1.0, 2.0, 0.1)),
        ({"type": "skipped", "serial": 7}, Skipped(7)),
        ({"type": "age", "age": 40}, AskAge(40)),
    ],
)  # fmt: skip
def test_messages_are_read(value: dict[str, object], said: object) -> None:
    assert parse(json.dumps(value)) == said


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '{"type":"x"}', '{"type":"want"}', '{"type":"want","pictures":"both"}',
        '{"type":"want","pictures":["both"],"short_side":3}', '{"type":"want","pictures":"both","short_side":1e9}',
        '{"type":"want","pictures":"both","short_side":1.5}', '{"type":"ping","at":NaN}', '{"type":"ping","at":true}',
        '{"type":"ping","at":1e999}', '{"type":"skipped","serial":-1}', '{"type":"shown","serial":1}',
        '{"type":"ping","at":"' + "9" * 3000 + '"}', "[" * 2000,
    ],
)  # fmt: skip
def test_nonsense_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)
