"""Host names, origins, forwarding, settings; and the messages that pages may send."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import SettingError
from playingage.live import Want
from playingage.web.guard import Guard, RefusedError
from playingage.web.protocol import AskAge, Ping, Shown, Skipped, parse
from playingage.web.settings import ServerSettings

TOKEN = "a-token-of-some-length"
LOCAL = Guard(ServerSettings(port=8035))
OPEN = Guard(ServerSettings(host="0.0.0.0", token=TOKEN, names=("monitor.set",)), ("cart",))
PROXIED = Guard(ServerSettings(token=TOKEN, names=("monitor.set", "https://aged.film:8443", "https://10.1.1.1")))


def refused(guard: Guard, headers: dict[str, str], scheme: str = "http") -> int:
    try:
        guard.check(headers, scheme)
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
def test_off_loopback_addresses_and_own_names_are_served(host: str) -> None:
    assert refused(OPEN, {"Host": host}) == 0
    assert refused(OPEN, {"Host": host, "Origin": f"http://{host}"}) == 0
    assert refused(OPEN, {"Host": host, "Origin": f"https://{host}"}, "https") == 0
    assert refused(OPEN, {"Host": host, "Origin": "http://evil.example"}) == 403


def test_off_loopback_other_names_are_not_served() -> None:
    for host in ("evil.example", "monitor.set.evil.example", "xmonitor.set"):
        assert refused(OPEN, {"Host": host, "Origin": f"http://{host}"}) == 403


HOSTS = st.one_of(st.text(max_size=40), st.from_regex(r"[a-z0-9.:\[\]%@-]{0,30}", fullmatch=True))


@given(HOSTS, st.one_of(st.none(), st.text(max_size=40)), st.sampled_from(["http", "https"]))
def test_whatever_host_and_origin_say_the_guard_answers_or_refuses(host: str, origin: str | None, scheme: str) -> None:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    for guard in (LOCAL, OPEN, PROXIED):
        assert refused(guard, headers, scheme) in (0, 403)


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z][a-z0-9-]{0,10}){0,3}", fullmatch=True)


@given(NAMES, st.integers(1, 65535))
def test_no_name_but_our_own_is_answered_to(name: str, port: int) -> None:
    known = name in ("localhost", "cart", "monitor.set")
    assert refused(OPEN, {"Host": f"{name}:{port}"}) == (0 if known else 403)
    assert refused(LOCAL, {"Host": f"{name}:{port}"}) == (0 if name == "localhost" else 403)


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


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("monitor.set", "https://monitor.set", 0),
        ("monitor.set:8035", "http://monitor.set:8035", 0),
        ("monitor.set", "https://monitor.set:9999", 403),
        ("monitor.set", "https://evil.example", 403),
        ("127.0.0.1:8035", "https://aged.film:8443", 0),
        ("aged.film", "https://aged.film:8443", 0),
        ("aged.film", "https://AGED.film:8443", 0),
        ("aged.film", "http://aged.film:8443", 403),
        ("10.1.1.1", "https://10.1.1.1", 0),
        ("10.1.1.2", "https://10.1.1.2", 403),
        ("127.0.0.1:8035", "https://127.0.0.1:8035", 403),
    ],
)
def test_behind_a_proxy_that_speaks_tls_its_own_pages_are_served(host: str, origin: str, status: int) -> None:
    assert refused(PROXIED, {"Host": host, "Origin": origin}) == status


def test_a_proxy_that_was_not_told_of_opens_nothing() -> None:
    """Else everybody who reaches the proxy would be this machine, who needs no token."""
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert refused(LOCAL, {"Host": "127.0.0.1:8035", header: "10.0.0.9"}) == 403
        assert refused(PROXIED, {"Host": "127.0.0.1:8035", header: "10.0.0.9"}) == 0


def test_a_server_with_a_name_asks_for_a_token_on_loopback_too() -> None:
    assert len(ServerSettings(names=("monitor.set",)).token) >= 32
    assert ServerSettings(names=("https://aged.film:443/",)).names == ("https://aged.film",)


def test_only_the_proxy_on_this_machine_says_who_asked() -> None:
    headers = {"X-Forwarded-For": "10.0.0.66, 10.0.0.9"}
    assert PROXIED.address(headers, "127.0.0.1") == "10.0.0.9"
    assert PROXIED.address(headers, "10.0.0.5") == "10.0.0.5"
    assert PROXIED.address({"X-Forwarded-For": "nonsense"}, "::1") == "::1"
    assert Guard(ServerSettings(token=TOKEN)).address(headers, "127.0.0.1") == "127.0.0.1"


def test_off_loopback_a_token_is_made_up_and_differs() -> None:
    first, second = ServerSettings(host="0.0.0.0"), ServerSettings(host="0.0.0.0")
    assert len(first.token) >= 32 and first.token != second.token
    assert ServerSettings().token == "" and ServerSettings(host="::1").loopback
    assert first.token not in repr(first)


@pytest.mark.parametrize("wrong", [
    {"port": 70000}, {"port": -1}, {"host": "example.org"}, {"token": "short"}, {"certificate": Path("x.pem")},
    {"names": ("",)}, {"names": ("a b",)}, {"names": ("ftp://monitor.set",)}, {"names": ("https://monitor.set/path",)},
    {"names": ("https://user@monitor.set",)}, {"names": ("monitor.set:8035",)}, {"names": ("http://[::",)},
    {"names": ("https://",)},
])  # fmt: skip
def test_settings_check_themselves(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        ServerSettings(**wrong)  # type: ignore[arg-type]


@given(st.text(max_size=40))
def test_a_name_is_taken_or_refused(name: str) -> None:
    with contextlib.suppress(SettingError):
        assert all(ServerSettings(token=TOKEN, names=(name,)).hosts)


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
