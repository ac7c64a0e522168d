"""`playingage ingest` with the real networks, grants and ledger."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from production import make_production

from cli.conftest import Call
from playingage.archive import Faceset
from playingage.demo.portrait import PORTRAIT
from playingage.production import Production


@pytest.fixture
def stills(tmp_path: Path, portrait: NDArray[np.uint8]) -> Path:
    """Four pictures of Eileen, unlike each other, in a folder."""
    folder = tmp_path / "Shuttle Days"
    folder.mkdir()
    pictures = {
        "plain": portrait, "mirrored": portrait[:, ::-1], "dark": portrait // 3,
        "close": cv2.resize(portrait[20:320, 70:370], (900, 900), interpolation=cv2.INTER_CUBIC),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(picture[..., ::-1]))
    return folder


@pytest.fixture
def production(tmp_path: Path) -> Production:
    return make_production(
        tmp_path / "production", performers=("eileen",), titles=("Shuttle Days", "Other"),
        references={"eileen": [PORTRAIT]},
    )


def test_a_folder_becomes_a_faceset_and_the_second_time_nothing_is_done(
    call: Call, stills: Path, production: Production
) -> None:
    line = ("ingest", stills, "--performer", "eileen", "--age", 38, "-P", production.folder, "--rights", "NASA")
    outcome = call(*line, "--json")
    assert outcome.code == 0, outcome.err
    said = json.loads(outcome.out)
    assert [(t["title"], t["status"]) for t in said["titles"]] == [("Shuttle Days", "ingested")]
    faceset = Faceset.load(production.archive("eileen"))
    assert len(faceset.used) == said["titles"][0]["kept"] >= 3
    assert all(row.distance < 0.45 and row.rights == "NASA" and row.age == 38 for row in faceset.rows)
    assert max(row.eye for row in faceset.rows) > 2 * min(row.eye for row in faceset.rows)
    assert said["coverage"]["eras"][0]["faces"] == len(faceset.used) and said["coverage"]["missing"]
    assert Path(said["report"]).read_text(encoding="utf-8").count("data:image/jpeg") == len(faceset.used)
    assert "1 title, 4 files" in outcome.err
    phases = [(e.details["phase"], e.details["title"], e.grant) for e in production.entries() if e.event == "ingest"]
    grant = production.grant("eileen", "ingest", titles=["Shuttle Days"]).sha256
    assert phases == [("start", "Shuttle Days", grant), ("result", "Shuttle Days", grant)]
    assert faceset.grant == grant
    again = call(*line)
    assert again.code == 0 and "unchanged" in again.err
    assert [e.event for e in production.entries()].count("ingest") == 2


def test_report_only_makes_the_page_anew(call: Call, stills: Path, production: Production) -> None:
    call("ingest", stills, "--performer", "eileen", "--age", 38, "-P", production.folder)
    page = production.archive("eileen") / "coverage.html"
    page.unlink()
    assert call("ingest", "--performer", "eileen", "--report-only", "-P", production.folder).code == 0
    assert "Shuttle Days" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--performer", "eileen", "--age", 38, "--title", "Not Granted"), "Not Granted"),
        (("--performer", "eileen"), "--shot 1994-06"), (("--performer", "eileen", "--shot", "1994"), "day of birth"),
        (("--performer", "nobody", "--age", 38), "nobody"), (("--age", 38), "--performer"),
        (("--performer", "eileen", "--shot", "soon"), "not a date"), (("--performer", "eileen", "--age", 0), "age"),
        (("--performer", "eileen", "--age", 38, "--report-only"), "--report-only"),
        (("--performer", "eileen", "--age", 38, "--redo", "Something"), "Something"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_stored(
    call: Call, stills: Path, production: Production, options: tuple[object, ...], words: str
) -> None:
    outcome = call("ingest", stills, "-P", production.folder, *options)
    assert outcome.code == 2 and words in outcome.err
    assert not Faceset.exists(production.archive("eileen"))
    assert not any(e.event == "ingest" and e.details["phase"] == "result" for e in production.entries())


def test_a_grant_of_another_production_is_none(
    call: Call, stills: Path, production: Production, tmp_path: Path
) -> None:
    other = make_production(tmp_path / "other", performers=("eileen",))
    for file in production.filing.folder.glob("*.dsse.json"):
        file.unlink()
    for file in other.filing.folder.glob("*.dsse.json"):
        (production.filing.folder / file.name).write_bytes(file.read_bytes())
    outcome = call("ingest", stills, "--performer", "eileen", "--age", 38, "-P", production.folder)
    assert outcome.code == 2 and "grant" in outcome.err and not Faceset.exists(production.archive("eileen"))


def test_a_picture_of_nobody_and_one_that_is_none_fail_and_the_rest_goes_on(
    call: Call, stills: Path, production: Production, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 300, 3), 128, np.uint8))
    (tmp_path / "list.csv").write_text(
        f"file,title,age\nwall.png,Other,30\n{stills.name},Shuttle Days,38\n", encoding="utf-8"
    )
    outcome = call(
        "ingest", "--performer", "eileen", "--list", tmp_path / "list.csv", "-P", production.folder, "--json"
    )
    assert outcome.code == 2 and "no face was found" in outcome.err and "1 of 2 titles failed" in outcome.err
    assert [t["status"] for t in json.loads(outcome.out)["titles"]] == ["failed", "ingested"]
    (tmp_path / "wall.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    outcome = call("ingest", tmp_path / "wall.png", "--performer", "eileen", "--age", 3, "--title", "Other", "-P",
                   production.folder)
    assert outcome.code == 2 and "wall.png" in outcome.err
