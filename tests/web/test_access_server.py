"""Access over the wire: roles by route, invitations over HTTP, what ends when an invitation does."""

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from live.fakes import FakeReager, FakeSource

from playingage.core import PlayingAgeError
from playingage.live import LiveRun, LiveSettings
from playingage.web import MonitorServer, ServerSettings
from playingage.web.access import needed, prepare
from playingage.web.control import Control, running
from playingage.web.invitations import Role
from playingage.web.reception import ENDED
from playingage.web.takes import TakesPart
from web.client import ask, next_pair, talk
from web.conftest import Serve, Served

TOKEN = "a-token-of-some-length"
WANT = {"type": "want", "pictures": "both", "short_side": 300, "linked": False}
ROLES = ("viewer", "operator", "administrator")


def settings(**more: Any) -> ServerSettings:
    return ServerSettings(**{"host": "0.0.0.0", "port": 0, "token": TOKEN, **more})


def base(served: Served) -> str:
    return f"http://127.0.0.1:{served.server.port}/"


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def invite(served: Served, role: str = "viewer", *, name: str = "", hours: float = 1, **more: Any) -> dict[str, Any]:
    """Make one, and its token beside it."""
    body = {"role": role, "name": name or f"some {role}", "hours": hours, **more}
    status, _, text = ask(base(served), "/api/invitations", method="POST", json=body, **bearer(TOKEN))
    assert status == 201, text
    made: dict[str, Any] = json.loads(text)
    return made | {"token": made["address"].split("?token=")[1]}


def enter(served: Served, token: str, path: str = "/") -> dict[str, str]:
    """Open an address in a browser: its cookies."""
    status, headers, _ = ask(base(served), f"{path}?token={token}")
    assert status == 303, headers
    name, value = headers["Set-Cookie"].split(";")[0].split("=", 1)
    return {name: value}


def routes(served: Served) -> list[tuple[str, str, Role]]:
    """Every method and path that the server answers to, with the role that it needs."""
    application = served.server._application()
    found = []
    for route in application.router.routes():
        assert route.resource is not None
        path = re.sub(r"\{[^}]*\}", "x", route.resource.canonical)
        found.append((route.method, path, needed(application, route)))
    return found


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Served]:
    """A server with all parts that a live run gives it."""
    source, reager = FakeSource(), FakeReager()
    run = LiveRun(source, reager, LiveSettings(log_every=0))
    with run, MonitorServer(run, settings(), parts=(TakesPart(tmp_path),)) as server:
        yield Served(source, reager, run, server)


def test_every_route_needs_a_role_and_whoever_has_less_is_refused(whole: Served) -> None:
    served = whole
    tokens = {role: invite(served, role)["token"] for role in ROLES}
    seen = routes(served)
    assert len(seen) > 20 and ("POST", "/api/takes/x/marks", Role.OPERATOR) in seen
    assert {role for _, _, role in seen} == {Role.VIEWER, Role.OPERATOR, Role.ADMINISTRATOR}
    for method, path, wanted in seen:
        assert wanted >= (Role.VIEWER if method in ("GET", "HEAD") else Role.OPERATOR)
        assert ask(base(served), path, method=method)[0] == 401, (method, path)
        for role in ROLES:
            status = ask(base(served), path, method=method, **bearer(tokens[role]))[0]
            if Role.parse(role) < wanted:
                assert status == 403, (method, path, role)
            else:
                assert status not in (401, 403, 500), (method, path, role)


def test_the_roles_are_those_that_the_documentation_promises(serve: Serve) -> None:
    seen = {(method, path): role for method, path, role in routes(serve())}
    for path in ("/", "/monitor/camera", "/console", "/socket", "/api/state", "/api/me"):
        assert seen["GET", path] is Role.VIEWER
    for place in (("POST", "/api/age"), ("POST", "/api/act")):
        assert seen[place] is Role.OPERATOR
    for place in (("GET", "/access"), ("HEAD", "/access"), ("GET", "/api/invitations"), ("HEAD", "/api/invitations"),
                  ("POST", "/api/invitations"), ("DELETE", "/api/invitations/x")):
        assert seen[place] is Role.ADMINISTRATOR


def test_a_route_that_nobody_declared_needs_a_viewer_to_read_and_an_operator_to_do() -> None:
    application = web.Application()
    prepare(application, None)  # type: ignore[arg-type]

    async def nothing(request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    for method, role in (("GET", Role.VIEWER), ("POST", Role.OPERATOR), ("PUT", Role.OPERATOR), ("*", Role.OPERATOR)):
        route = application.router.add_route(method, f"/{method.lower().replace('*', 'all')}", nothing)
        assert needed(application, route) is role


def test_an_invitation_is_made_listed_used_and_revoked(serve: Serve) -> None:
    served = serve(server=settings())
    made = invite(served, name="Director", hours=12)
    assert (made["name"], made["role"], made["state"], made["by"]) == ("Director", "viewer", "waiting", "administrator")
    assert made["address"].startswith("http://") and len(made["codes"]) == len(made["addresses"]) >= 1
    assert set("".join(made["codes"][0])) == {"0", "1"} and len(made["codes"][0]) == len(made["codes"][0][0])
    cookies = enter(served, made["token"])
    assert ask(base(served), "/", cookies=cookies)[0] == 200
    me = json.loads(ask(base(served), "/api/me", cookies=cookies)[2])
    assert (me["name"], me["role"]) == ("Director", "viewer") and me["until"]
    text = ask(base(served), "/api/invitations", **bearer(TOKEN))[2].decode()
    listed = json.loads(text)["invitations"]
    assert [(each["name"], each["state"], each["devices"]) for each in listed] == [("Director", "in use", 1)]
    assert made["token"] not in text and not {"token", "address"} & set(listed[0])
    status, _, body = ask(base(served), f"/api/invitations/{made['id']}", method="DELETE", **bearer(TOKEN))
    assert status == 200 and json.loads(body)["state"] == "revoked"
    for more in ({"cookies": cookies}, bearer(made["token"])):
        status, _, body = ask(base(served), "/", **more)
        assert status == 401 and b"Director was revoked" in body
    assert ask(base(served), "/api/invitations/none", method="DELETE", **bearer(TOKEN))[0] == 404


def test_what_is_no_invitation_is_refused_in_words(serve: Serve) -> None:
    served = serve(server=settings())
    fine = {"role": "viewer", "hours": 1, "name": "Director"}
    wrong: list[tuple[int, dict[str, Any]]] = [
        (422, {"json": fine | {"role": "owner"}}), (422, {"json": fine | {"hours": 1000}}),
        (422, {"json": {"role": "viewer"}}), (400, {"json": fine | {"x": 1}}), (400, {"json": [fine]}),
        (415, {"data": json.dumps(fine)}), (413, {"json": fine | {"name": "x" * 9000}}),
        (400, {"data": b'{"hours": NaN}', "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}),
        (403, {"json": fine, "headers": {"Origin": "http://evil.example"}}),
    ]  # fmt: skip
    for expected, request in wrong:
        request["headers"] = request.get("headers", {}) | bearer(TOKEN)["headers"]
        status, _, body = ask(base(served), "/api/invitations", method="POST", **request)
        assert status == expected and body, (request, body)
    invite(served, name="Director")
    status, _, body = ask(base(served), "/api/invitations", method="POST", json=fine, **bearer(TOKEN))
    assert status == 409 and b"already" in body
    assert len(json.loads(ask(base(served), "/api/invitations", **bearer(TOKEN))[2])["invitations"]) == 1


def test_where_nobody_else_comes_nobody_is_invited(serve: Serve) -> None:
    served = serve()
    status, _, body = ask(served.url, "/api/invitations", method="POST",
                          json={"role": "viewer", "hours": 1, "name": "Director"})
    assert status == 409 and b"--host" in body
    assert json.loads(ask(served.url, "/api/invitations")[2])["usable"] is False


def test_the_address_is_cleaned_and_leads_nowhere_else(serve: Serve) -> None:
    served = serve(server=settings())
    for path, where in (
        ("/?token=", "/"), ("/monitor/aged?x=1&y=2&token=", "/monitor/aged?x=1&y=2"),
        ("/api/me?a=%2F%2Fb&token=", "/api/me?a=//b"),
    ):
        status, headers, _ = ask(base(served), f"{path}{TOKEN}")
        assert (status, headers["Location"], headers["Referrer-Policy"]) == (303, where, "no-referrer"), path
        cookie = headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie and TOKEN not in cookie
    for path in ("//evil.example/?token=", "/nothing?token=", "/%2F/evil.example?token=", "/\\evil.example?token="):
        status, headers, _ = ask(base(served), f"{path}{TOKEN}")
        assert status == 404 and "Location" not in headers and "Set-Cookie" not in headers, path


def test_a_link_that_is_only_looked_at_beforehand_is_not_used_up(serve: Serve) -> None:
    served = serve(server=settings())
    token = invite(served, once=True)["token"]
    assert ask(base(served), f"/?token={token}", headers={"Sec-Purpose": "prefetch;prerender"})[0] == 403
    assert ask(base(served), f"/?token={token}", method="HEAD")[0] == 401
    assert ask(base(served), "/api/state", **bearer(token))[0] == 401
    cookies = enter(served, token)
    status, _, body = ask(base(served), f"/?token={token}", headers={"Accept": "text/html"})
    assert status == 401 and b"has been used" in body and b"<h1>" in body
    assert ask(base(served), f"/?token={token}", cookies=cookies)[0] == 303


def test_of_many_that_open_one_for_one_device_at_once_one_comes_in(serve: Serve) -> None:
    written: list[str] = []

    def record(event: str, details: Mapping[str, Any]) -> None:
        time.sleep(0.05)
        written.append(event)

    served = serve(server=settings(record=record))
    token = invite(served, once=True)["token"]

    async def work(session: aiohttp.ClientSession) -> list[int]:
        async def one() -> int:
            async with session.get(f"{base(served)}?token={token}", allow_redirects=False) as answer:
                return answer.status

        return await asyncio.gather(*(one() for _ in range(8)))

    assert sorted(talk(work)) == [303] + [401] * 7
    assert written == ["invitation-made", "invitation-used"]


def test_wrong_tokens_are_slowed_down(serve: Serve) -> None:
    served = serve(server=settings())
    cookies = enter(served, TOKEN)
    for guess in range(5):
        assert ask(base(served), f"/?token=guess-{guess}")[0] == 401
    status, headers, _ = ask(base(served), f"/?token={TOKEN}")
    assert status == 429 and 1 <= int(headers["Retry-After"]) <= 60
    assert ask(base(served), "/", cookies=cookies)[0] == 200


def test_odd_bytes_are_answered_as_wrong_ones(serve: Serve) -> None:
    served = serve(server=settings())
    for line in (b"Authorization: Bearer \xff\xfe", b"Cookie: playingage-%d-viewer=\xff" % served.server.port,
                 b"Authorization: Basic eDp5", b"Cookie: ;;;=", b"Authorization: Bearer"):
        with socket.create_connection(("127.0.0.1", served.server.port), 20) as raw:
            raw.sendall(b"GET /api/state HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + line + b"\r\n\r\n")
            answer = b"".join(iter(lambda: raw.recv(4096), b""))
        assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400")), (line, answer[:80])


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_open_sockets_of_an_ended_invitation_are_closed_within_a_second(serve: Serve, how: str) -> None:
    served = serve(server=settings())
    made = invite(served, "operator", hours=1 if how == "revoked" else 6 / 3600)
    cookies, others = enter(served, made["token"]), enter(served, invite(served, name="other")["token"])

    async def work(session: aiohttp.ClientSession) -> tuple[float, int | None]:
        async with (
            session.ws_connect(base(served) + "socket", headers=_cookie(cookies)) as ended,
            session.ws_connect(base(served) + "socket", headers=_cookie(others)) as other,
        ):
            for each in (ended, other):
                await each.send_json(WANT)
                await next_pair(each)
            if how == "revoked":
                async with session.delete(f"{base(served)}api/invitations/{made['id']}", **bearer(TOKEN)) as answer:
                    assert answer.status == 200
            began = time.time() if how == "revoked" else datetime.fromisoformat(made["expires"]).timestamp()
            while (await ended.receive(20)).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                pass
            took = time.time() - began
            assert (await next_pair(other))["number"] > 0, "others go on"
            return took, ended.close_code

    took, code = talk(work)
    assert code == ENDED and 0 <= took < 5  # within a second, on a machine that has time
    assert ask(base(served), "/", cookies=cookies)[0] == 401


def test_a_page_that_does_not_say_goodbye_is_cut_off(serve: Serve) -> None:
    served = serve(server=settings())
    made = invite(served)
    with socket.create_connection(("127.0.0.1", served.server.port), 20) as raw:
        raw.sendall((f"GET /socket?token={made['token']} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        assert raw.recv(12) == b"HTTP/1.1 101"
        began = time.monotonic()
        assert ask(base(served), f"/api/invitations/{made['id']}", method="DELETE", **bearer(TOKEN))[0] == 200
        try:
            while raw.recv(4096):
                pass
        except ConnectionResetError:
            pass
    assert time.monotonic() - began < 8


def test_a_viewer_changes_nothing_by_socket_and_an_operator_signs_what_changes(serve: Serve) -> None:
    served = serve(server=settings())
    signed: list[str] = []
    served.run.direction.act = lambda act, values, by: signed.append(by) or served.run.direction.state  # type: ignore

    async def work(session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        for token in (invite(served)["token"], invite(served, "operator", name="Second unit")["token"]):
            async with session.ws_connect(f"{base(served)}socket?token={token}") as page:
                await page.send_json({"type": "age", "age": 61})
                await page.send_json({"type": "act", "act": "mark", "id": 7, "words": "there"})
                while not told or told[-1]["type"] not in ("did", "refused") or told[-1].get("id") != 7:
                    told.append(json.loads((await page.receive(20)).data))
                told.append({"type": "next", "age": served.run.age})
        return [each for each in told if each["type"] in ("refused", "did", "next")]

    told = talk(work)
    assert [each["type"] for each in told] == ["refused", "refused", "next", "did", "next"]
    assert "operator" in told[0]["words"] and "viewer" in told[1]["words"]
    assert (told[2]["age"], told[-1]["age"]) == (35, 61) and signed == ["Second unit"]


def test_what_cannot_be_recorded_is_not_done(serve: Serve) -> None:
    written: list[tuple[str, Mapping[str, Any]]] = []
    full = False

    def record(event: str, details: Mapping[str, Any]) -> None:
        if full:
            raise PlayingAgeError("ledger.jsonl: cannot be written: No space left on device")
        written.append((event, details))

    served = serve(server=settings(record=record))
    made = invite(served, name="Director")
    other = invite(served, name="Producer")
    enter(served, made["token"])
    full = True
    body = {"role": "viewer", "name": "Eve", "hours": 1}
    for method, path, json_body in (
        ("POST", "/api/invitations", body), ("DELETE", f"/api/invitations/{made['id']}", None),
    ):
        status, _, text = ask(base(served), path, method=method, json=json_body, **bearer(TOKEN))
        assert status == 503 and b"No space left" in text
    assert ask(base(served), f"/?token={other['token']}")[0] == 503
    full = False
    listed = json.loads(ask(base(served), "/api/invitations", **bearer(TOKEN))[2])["invitations"]
    assert [(each["name"], each["state"]) for each in listed] == [("Director", "in use"), ("Producer", "waiting")]
    ask(base(served), f"/api/invitations/{made['id']}", method="DELETE", **bearer(TOKEN))
    assert [event for event, _ in written] == ["invitation-made", "invitation-made", "invitation-used",
                                               "invitation-revoked"]
    assert written[2][1] == {"invitation": made["id"], "name": "Director", "role": "viewer", "address": "127.0.0.1"}
    assert made["token"] not in repr(written)


def test_tokens_are_in_no_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        served = serve(server=settings())
        made = invite(served)
        cookies = enter(served, made["token"])
        for token in (made["token"], TOKEN, "a-wrong-one"):
            ask(base(served), f"/?token={token}", **bearer(token))
        for text in (f"GET /?token={TOKEN} HTTP/9.9\r\n\r\n", f"G\x01T /?token={TOKEN}\r\n\r\n",
                     f"GET /?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", served.server.port), 20) as raw:
                raw.sendall(text.encode())
                raw.settimeout(20)
                assert b" 200 " not in raw.recv(4096)
        served.server.stop()
    for secret in (TOKEN, made["token"], "a-wrong-one", *cookies.values()):
        assert secret not in caplog.text
    assert "invitation-made" in caplog.text and "Nothing is encrypted" in caplog.text


@pytest.mark.parametrize(("opened", "patience", "closed"), [(60, 60.0, 60 - 32), (5, 1.0, 5)])
def test_connections_that_never_say_who_they_are_are_few_and_do_not_stay(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, opened: int, patience: float, closed: int
) -> None:
    monkeypatch.setattr("playingage.web.reception._UNKNOWN_FOR", patience)
    served = serve(server=settings())
    cookies = enter(served, TOKEN)

    async def work(session: aiohttp.ClientSession) -> int:
        async with session.ws_connect(base(served) + "socket", headers=_cookie(cookies)) as page:
            await page.send_json(WANT)
            idle = [await asyncio.open_connection("127.0.0.1", served.server.port) for _ in range(opened)]

            def gone() -> int:
                return sum(reader.at_eof() or reader.exception() is not None for reader, _ in idle)

            until = time.monotonic() + 30
            while gone() < closed and time.monotonic() < until:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.6)
            assert (await next_pair(page))["number"] >= 0, "who is in stays in"
            for _, writer in idle:
                writer.close()
            return gone()

    assert talk(work) == closed


def test_one_guest_does_not_take_every_place(serve: Serve) -> None:
    served = serve(server=settings(), max_viewers=64)
    cookies = enter(served, invite(served)["token"])

    async def work(session: aiohttp.ClientSession) -> int:
        pages = [await session.ws_connect(base(served) + "socket", headers=_cookie(cookies)) for _ in range(20)]
        try:
            await session.ws_connect(base(served) + "socket", headers=_cookie(cookies))
        except aiohttp.WSServerHandshakeError as error:
            return error.status
        finally:
            for page in pages:
                await page.close()
        return 0

    assert talk(work) == 429


def test_behind_a_proxy_that_speaks_tls(serve: Serve) -> None:
    served = serve(server=ServerSettings(port=0, token=TOKEN, names=("https://aged.film",)))
    proxied = {"Host": "aged.film", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.9",
               "Origin": "https://aged.film"}
    status, headers, _ = ask(base(served), f"/?token={TOKEN}", headers=proxied)
    assert status == 303 and "Secure" in headers["Set-Cookie"] and headers["Set-Cookie"].startswith("__Host-")
    name, value = headers["Set-Cookie"].split(";")[0].split("=", 1)
    body = {"role": "viewer", "name": "Director", "hours": 1}
    status, _, text = ask(base(served), "/api/invitations", method="POST", json=body, headers=proxied,
                          cookies={name: value})
    assert status == 201 and json.loads(text)["address"].startswith("https://aged.film/?token=")
    assert ask(base(served), "/", headers={"Host": "aged.film"})[0] == 401, "loopback or not"
    evil = proxied | {"Origin": "https://evil.example"}
    assert ask(base(served), "/api/age", method="POST", json={"age": 60}, headers=evil, cookies={name: value})[0] == 403


def test_a_running_server_tells_its_own_account_where_it_is(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "servers"
    served = serve(server=settings(control=folder))
    (found,) = running(folder)
    assert found.file.stat().st_mode & 0o077 == 0 and folder.stat().st_mode & 0o077 == 0
    assert found.address == f"http://127.0.0.1:{served.server.port}" and found.token not in (TOKEN, "")
    assert json.loads(ask(found.address, "/api/me", **bearer(found.token))[2])["name"] == "command line"
    assert json.loads(found.file.read_text())["version"] == 1
    served.server.stop()
    assert running(folder) == ()
    killed = Control(file=folder / "killed.json", address="http://127.0.0.1:1", token="x", certificate="",
                     process=_finished())
    killed.write()
    assert running(folder) == () and not killed.file.exists()
    for text in ("{", "[]", '{"format": "playingage-server", "version": 2}', json.dumps(found.document | {"token": 5})):
        (folder / "odd.json").write_text(text)
        with pytest.raises(PlayingAgeError, match="odd"):
            running(folder)


def _finished() -> int:
    """The number of a process that is no more."""
    import subprocess
    import sys

    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def _cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
