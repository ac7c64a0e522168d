"""`playingage invite`, and the options by which a live run is opened to others."""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from live.fakes import FakeReager, FakeSource
from production import make_production
from web.client import ask

from cli.conftest import Call, start
from playingage.cli.serving import server_settings
from playingage.core import PlayingAgeError
from playingage.live import LiveRun, LiveSettings
from playingage.production import Production
from playingage.web import MonitorServer, ServerSettings


@contextmanager
def serving(settings: ServerSettings) -> Iterator[MonitorServer]:
    run = LiveRun(FakeSource(), FakeReager(), LiveSettings(log_every=0))
    with run, MonitorServer(run, settings) as server:
        yield server


@pytest.mark.parametrize("tls", [None, "self"])
def test_somebody_is_invited_listed_and_shown_out(call: Call, tls: str | None) -> None:
    with serving(server_settings("0.0.0.0", 0, tls=tls)) as server:
        made = call("invite", "--role", "operator", "--hours", 2, "--name", "Second unit")
        scheme = "http" if tls is None else "https"
        assert made.code == 0 and re.fullmatch(rf"{scheme}://\S+:{server.port}/\?token=\S{{32}}\n", made.out)
        assert "Second unit: operator until" in made.err
        again = call("invite", "--name", "Second unit")
        assert again.code == 2 and "already" in again.err
        document = json.loads(call("invite", "--name", "Director", "--once", "--json").out)
        assert document["once"] and document["role"] == "viewer" and "codes" not in document
        listed = call("invite", "--list")
        assert "Second unit, operator, waiting" in listed.out and "Director, viewer" in listed.out
        assert call("invite", "--revoke", "Second unit").out == "Second unit: revoked.\n"
        assert call("invite", "--revoke", document["id"]).code == 0
        states = {each["name"]: each["state"] for each in json.loads(call("invite", "--list", "--json").out)}
        assert states == {"Second unit": "revoked", "Director": "revoked"}
        assert call("invite", "--revoke", "nobody").code == 2


def test_what_is_asked_wrongly_or_of_nobody_is_said(call: Call, account: Path) -> None:
    for arguments, words in (
        ((), "--name WHO"), (("--list", "--name", "x"), "--list"), (("--name", "x"), "no live run"),
        (("--list", "--port", 8035), "on port 8035"),
    ):
        outcome = call("invite", *arguments)
        assert outcome.code == 2 and words in outcome.err
    with serving(server_settings("127.0.0.1", 0)), serving(server_settings("0.0.0.0", 0)) as other:
        assert "several run" in call("invite", "--list").err
        assert call("invite", "--list", "--port", other.port).code == 0
        assert call("invite", "--name", "x", "--port", other.port, "--hours", 900).code == 2
        assert call("invite", "--name", "x", "--port", other.port, "--role", "owner").code == 2
    with serving(server_settings("127.0.0.1", 0)):
        alone = call("invite", "--name", "x")
        assert alone.code == 2 and "Only this machine" in alone.err
    gone = account / "playingage" / "servers" / "gone.json"
    gone.write_text(json.dumps({"format": "playingage-server", "version": 1, "address": "http://127.0.0.1:9",
                                "token": "x", "certificate": "", "process": os.getpid()}))
    assert "does not answer" in call("invite", "--list").err


def test_invitations_are_in_the_productions_ledger(call: Call, tmp_path: Path) -> None:
    production = make_production(tmp_path / "year", ("ada",))
    with serving(server_settings("0.0.0.0", 0, production=production)) as server:
        made = json.loads(call("invite", "--name", "Director", "--json").out)
        token = made["address"].split("?token=")[1]
        assert ask(f"http://127.0.0.1:{server.port}", f"/?token={token}")[0] == 303
        call("invite", "--revoke", "Director")
    lines = [each for each in Production.open(production.folder).ledger.entries() if each.event.startswith("invit")]
    assert [each.event for each in lines] == ["invitation-made", "invitation-used", "invitation-revoked"]
    assert {each.details["invitation"] for each in lines} == {made["id"]}
    assert lines[0].details["by"] == lines[2].details["by"] == "command line"
    assert token not in (production.folder / "ledger.jsonl").read_text()


def test_options_that_do_not_go_together_are_said(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    file.write_text("nonsense")
    for options in ({"tls": "other"}, {"tls": "self", "certificate": file}, {"certificate": file},
                    {"certificate": file, "key": file}, {"names": ["a b"]}):
        with pytest.raises(PlayingAgeError) as caught:
            server_settings("0.0.0.0", 0, **options)
        assert caught.value.do


def test_invitations_are_kept_by_production_and_port(account: Path, tmp_path: Path) -> None:
    production = make_production(tmp_path / "year", ("ada",))
    folder = account / "playingage" / "invitations"
    assert server_settings("0.0.0.0", 8035).invitations == folder / "none-8035.json"
    assert server_settings("0.0.0.0", 9000, production=production).invitations == folder / f"{production.id}-9000.json"
    assert server_settings("0.0.0.0", 0).invitations is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_live_run_says_its_certificate_and_lets_nobody_in_without_a_token() -> None:
    process = start("live", "--source", "pattern:320x180@10", "--age", 40, "--size", 256, "--host", "0.0.0.0",
                    "--port", 0, "--tls", "self", "--name", "monitor.set", "--no-open", "--no-keep-running")
    assert process.stderr is not None
    said = ""
    while "Monitors:" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    assert re.search(r"^  ([0-9A-F]{2}:){31}[0-9A-F]{2}$", said, re.MULTILINE), said
    found = re.search(r"https://[^ :]+:(\d+)/\?token=(\S+)", said)
    assert found is not None
    address = f"https://127.0.0.1:{found[1]}"
    assert ask(address, "/", ssl=False)[0] == 401
    assert ask(address, f"/?token={found[2]}", ssl=False)[0] == 303
    assert ask(address, "/", ssl=False, headers={"Host": "monitor.set"})[0] == 401
    assert ask(address, "/", ssl=False, headers={"Host": "evil.example"})[0] == 403
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert found[2] not in err
