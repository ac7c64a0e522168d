"""`playingage faces`: from the command to the ledger."""

import json
import re
import signal
from pathlib import Path

import pytest
from archive.material import make_faceset, make_row
from production import make_production
from web.client import ask

from cli.conftest import Call, start
from playingage.archive import Faceset
from playingage.archive.decisions import Change, Decision, Journal
from playingage.production import Production


@pytest.fixture
def production(tmp_path: Path) -> Production:
    made = make_production(tmp_path / "year", ("ada",))
    make_faceset(made.archive("ada"), tuple(make_row(i) for i in range(3)))
    return made


def test_it_serves_until_stopped_and_says_how_the_faces_stand(production: Production) -> None:
    with Journal(production.archive("ada"), "ada") as journal:  # as left by a page that was killed
        change = Change(faces=("face-0001",), set={"state": "accepted"}, was={"state": "kept"})
        journal.append(Decision(number=1, at="2026-11-21T14:00:00+00:00", by="x", changes=(change,)))
    process = start("faces", "ada", "-P", production.folder, "--port", 0, "--no-open", "--json")
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r"Faces of Ada: (http://127\.0\.0\.1:\d+/)", said)
    assert found is not None, said
    assert json.loads(ask(found[1], "/api/faces")[2])["name"] == "Ada"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out) == {"performer": "ada", "decisions": 0, "kept": 2, "accepted": 1, "rejected": 0}
    assert Faceset.load(production.archive("ada")).rows[1].state == "accepted"


def test_decisions_are_recorded_in_the_ledger(
    production: Production, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from playingage.web.faces import FacesServer

    begin = FacesServer.start

    def decided(self: FacesServer) -> None:
        self.desk.decide("x", ["face-0000", "face-0002"], {"state": "rejected"})
        begin(self)

    monkeypatch.setattr(FacesServer, "start", decided)
    done = call("faces", "ada", "-P", production.folder, "--port", 0, "--no-open", "--for", 0.2)
    assert done.code == 0 and "1 decision; 0 faces accepted, 2 rejected, 1 undecided" in done.out
    last = production.ledger.entries()[-1]
    assert (last.event, last.performer, last.details["decisions"]) == ("faces", "ada", 1)
    assert last.grant == production.grant("ada").sha256


def test_what_is_missing_is_said(production: Production, call: Call, tmp_path: Path) -> None:
    bob = call("faces", "bob", "-P", production.folder, "--no-open")
    assert bob.code == 2 and "no performer 'bob'" in bob.err
    production.add_performer("eve", "Eve")
    eve = call("faces", "eve", "-P", production.folder, "--no-open")
    assert eve.code == 2 and "no grant" in eve.err
    nowhere = call("faces", "ada", "-P", tmp_path, "--no-open")
    assert nowhere.code == 2 and "no production" in nowhere.err
    (production.archive("ada") / "faceset.json").unlink()
    empty = call("faces", "ada", "-P", production.folder, "--no-open")
    assert empty.code == 2 and "Ingest footage first" in empty.err
