"""TLS: pages and sockets in a browser and by a client that trusts that one certificate; what else is turned away."""

import asyncio
import json
import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.sync_api import Browser

from playingage.core import SettingError
from playingage.rights.certificate import Certificate, own_certificate
from playingage.web import ServerSettings
from playingage.web.control import running
from web.browser import watch
from web.client import next_pair, talk
from web.conftest import Serve, Served

TOKEN = "a-token-of-some-length"
WANT = {"type": "want", "pictures": "both", "short_side": 300, "linked": False}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return own_certificate(tmp_path_factory.mktemp("tls"), ("localhost", "127.0.0.1"))


@pytest.fixture
def tls(serve: Serve, certificate: Certificate) -> Callable[..., Served]:
    def start(**more: Any) -> Served:
        chosen = {"host": "0.0.0.0", "port": 0, "token": TOKEN, **more}
        return serve(server=ServerSettings(certificate=certificate.file, key=certificate.key, **chosen))

    return start


def test_a_browser_sees_the_pictures_over_https_and_wss(tls: Callable[..., Served], browser: Browser) -> None:
    served = tls()
    assert served.url.startswith("https://") and served.url.endswith(f"/?token={TOKEN}")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, ignore_https_errors=True)
    page = context.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda opened: sockets.append(opened.url))
    page.goto(f"https://127.0.0.1:{served.server.port}/?token={TOKEN}")
    seen = watch(page, 5)
    assert len(seen) == 5 and all(pair["camera"] == pair["aged"] for pair in seen)
    assert sockets == [f"wss://127.0.0.1:{served.server.port}/socket"]
    (cookie,) = context.cookies()
    assert cookie["secure"] and cookie["httpOnly"] and cookie["name"].startswith("__Host-playingage-")
    assert page.url.endswith(f":{served.server.port}/") and page.evaluate("document.cookie") == ""
    context.close()


def test_a_browser_that_was_told_nothing_refuses_it(tls: Callable[..., Served], browser: Browser) -> None:
    page = browser.new_page()
    with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(f"https://127.0.0.1:{tls().server.port}/?token={TOKEN}")
    page.context.close()


def test_a_client_that_trusts_this_certificate_and_no_other(
    tls: Callable[..., Served], certificate: Certificate, tmp_path: Path
) -> None:
    served = tls()
    trusts = ssl.create_default_context(cafile=certificate.file)
    stranger = ssl.create_default_context(cafile=own_certificate(tmp_path, ("localhost",)).file)
    assert trusts.verify_mode is ssl.CERT_REQUIRED and trusts.check_hostname

    async def work(session: aiohttp.ClientSession) -> int:
        for host in ("localhost", "127.0.0.1"):
            url = f"https://{host}:{served.server.port}/socket?token={TOKEN}"
            async with session.ws_connect(url, ssl=trusts) as page:
                await page.send_json(WANT)
                number = int((await next_pair(page))["number"])
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(url, ssl=stranger)
        return number

    assert talk(work) >= 0


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_old_versions_and_plain_requests_get_nothing(tls: Callable[..., Served]) -> None:
    served = tls()
    place = ("127.0.0.1", served.server.port)
    for newest, fits in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        with socket.create_connection(place, 20) as raw:
            if fits:
                with context.wrap_socket(raw) as wrapped:
                    assert wrapped.version() == "TLSv1.2"
            else:
                with pytest.raises(ssl.SSLError):
                    context.wrap_socket(raw)
    with socket.create_connection(place, 20) as raw:
        raw.sendall(f"GET /?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert not raw.recv(4096).startswith(b"HTTP/1.1 2"), "closed, or refused, and nothing told"

    async def work(session: aiohttp.ClientSession) -> int:
        async with session.get(f"https://127.0.0.1:{place[1]}/api/me", ssl=False,
                               headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            return answer.status

    assert talk(work) == 200


def test_invitations_lead_to_https_and_the_command_line_knows_the_certificate(
    tls: Callable[..., Served], tmp_path: Path, certificate: Certificate
) -> None:
    served = tls(control=tmp_path / "servers")
    (control,) = running(tmp_path / "servers")
    assert control.certificate == certificate.fingerprint and control.address.startswith("https://127.0.0.1:")
    pinned = aiohttp.Fingerprint(bytes.fromhex(control.certificate))
    body = {"role": "viewer", "hours": 1, "name": "Director"}

    async def work(session: aiohttp.ClientSession) -> dict[str, Any]:
        async with session.post(f"{control.address}/api/invitations", json=body, ssl=pinned,
                                headers={"Authorization": f"Bearer {control.token}"}) as answer:
            return dict(await answer.json())

    made = talk(work)
    assert made["by"] == "command line"
    assert all(each.startswith("https://") and f":{served.server.port}/" in each for each in made["addresses"])
    assert json.dumps(made).count(TOKEN) == 0


def test_files_that_do_not_serve_are_said_before_anything_listens(certificate: Certificate, tmp_path: Path) -> None:
    from playingage.web.tls import server_context

    other = own_certificate(tmp_path / "other", ("localhost",))
    locked = tmp_path / "locked.pem"
    _lock(certificate.key, locked)
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for file, key, words in (
        (certificate.file, other.key, "not a certificate and its private key"),
        (nonsense, certificate.key, "not a certificate"), (certificate.file, nonsense, "not a certificate"),
        (tmp_path / "none.pem", certificate.key, "none.pem: cannot be read"), (certificate.file, locked, "password"),
    ):
        with pytest.raises(SettingError, match=words):
            server_context(file, key)
    copied = tmp_path / "copy.pem"
    shutil.copy(certificate.file, copied)
    server_context(copied, certificate.key)


def _lock(key: Path, locked: Path) -> None:
    """The same key under a password."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    private = load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))


def test_a_handshake_that_never_comes_does_not_stay(
    tls: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playingage.web.serving._HANDSHAKE", 0.5)
    served = tls()
    with socket.create_connection(("127.0.0.1", served.server.port), 20) as raw:
        raw.settimeout(20)
        assert raw.recv(1) == b"", "closed"


class Terminator:
    """A TLS proxy that knows nothing of HTTP, as stunnel is one: bytes to `port`, from a port of its own."""

    def __init__(self, certificate: Certificate, port: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.file, certificate.key)
        self._to = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._main(),))
        self.port = 0

    def __enter__(self) -> "Terminator":
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *given: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    async def _main(self) -> None:
        self._end = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0, ssl=self._context, ssl_shutdown_timeout=0.1)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += [writer, to]
        await asyncio.gather(_pump(reader, to), _pump(there, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        writer.close()


def test_a_browser_behind_a_tls_proxy_acts_once_the_run_knows_its_address(
    serve: Serve, browser: Browser, certificate: Certificate
) -> None:
    """Before, its origin said https where the server heard http, and every act and socket was refused."""
    port = _free_port()
    with Terminator(certificate, port) as proxy:
        served = serve(server=ServerSettings(port=port, token=TOKEN, names=(f"https://127.0.0.1:{proxy.port}",)))
        context = browser.new_context(viewport={"width": 1280, "height": 720}, ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"https://127.0.0.1:{proxy.port}/?token={TOKEN}")
        assert len(watch(page, 3)) == 3
        status = page.evaluate("""async () => (await fetch("/api/age", { method: "POST",
            headers: { "Content-Type": "application/json" }, body: JSON.stringify({ age: 61 }) })).status""")
        assert status == 200 and served.run.age == 61
        context.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
