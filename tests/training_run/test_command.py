"""`playingage train`: from a production with a grant and an archive to a package and the ledger's lines."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from archive.material import make_faceset, make_row  # noqa: E402
from cli.conftest import Call, Outcome, account, call  # noqa: E402, F401
from production import grant, make_production  # noqa: E402
from typer.main import get_command  # noqa: E402

from playingage.cli.app import app  # noqa: E402
from playingage.cli.stopping import Stopped  # noqa: E402
from playingage.core import sha256_file  # noqa: E402
from playingage.production import Production  # noqa: E402
from playingage.rights import SigningKey  # noqa: E402
from playingage.training.run import performers  # noqa: E402
from training_run.command import TinyMaker  # noqa: E402
from training_run.tiny import rows  # noqa: E402

_PATIENCE = 120
ROOT = Path(__file__).parents[1]
SHORT = ("--device", "cpu", "--steps", "40")
Train = Callable[..., Outcome]


@pytest.fixture
def keys() -> dict[str, SigningKey]:
    return {}


@pytest.fixture
def made(tmp_path: Path, keys: dict[str, SigningKey]) -> Production:
    production = make_production(tmp_path / "year", titles=("First Film", "Second"), keys=keys)
    fill(production)
    return production


def fill(production: Production, *, titles: tuple[str, ...] = ("First Film", "Second")) -> None:
    faces = [
        make_row(n, title=titles[n % len(titles)], age=24.0 + n, file=f"crops/{n}.png", width=8, height=8)
        for n in range(6)
    ]
    faces.append(make_row(6, title=titles[0], age=70.0, file="crops/6.png", width=8, height=8, state="rejected"))
    make_faceset(production.archive("ada"), tuple(faces))


@pytest.fixture
def train(call: Call, made: Production, monkeypatch: pytest.MonkeyPatch) -> Train:  # noqa: F811
    monkeypatch.setattr(performers, "PerformerMaker", TinyMaker)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    return lambda *arguments: call("train", "ada", "-P", made.folder, *SHORT, *arguments)


def events(production: Production) -> list[dict[str, Any]]:
    return [{"event": entry.event, **entry.details} for entry in production.entries() if entry.event == "train"]


def test_from_grant_to_package(train: Train, made: Production) -> None:
    done = train("--json", "--size", "256")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    package, folder = made.models("ada") / "main.pamodel", made.runs("ada") / "main"
    assert told["package"] == str(package) and told["ended"] == "steps" and told["faces"] == 6
    model = json.loads((package / "model.json").read_text(encoding="utf-8"))
    assert told["sha256"] == sha256_file(package / "model.json")
    assert model["record"] == told["record"] == sha256_file(folder / "record.json")
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    in_force = made.grant("ada", "train")
    assert record["grant"] == record["sessions"][0]["grant"] == in_force.sha256
    assert record["data"]["titles"] == {"First Film": 3, "Second": 3}
    assert (record["data"]["youngest"], record["data"]["oldest"]) == (24, 29)
    assert record["result"]["steps"] == 40 and record["settings"]["run"]["size"] == 256
    assert len(record["sessions"][0]["code_sha256"]) == 64 and record["sessions"][0]["versions"]["torch"]
    assert [each["stage"] for each in events(made)] == ["started", "exported"]
    assert made.packages("ada") == {told["sha256"]}
    assert events(made)[0]["titles"] == ["First Film", "Second"]
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    assert status["state"] == "finished" and told["sha256"][:12] in status["words"]
    assert "taken for stills" in done.err and "Device: CPU" in done.err
    assert sorted(p.name for p in made.models("ada").iterdir()) == ["main.pamodel", "runs"]


def test_the_same_command_again_exports_anew_and_learns_nothing(train: Train, made: Production) -> None:
    first = train("--json")
    log = (made.runs("ada") / "main" / "log.jsonl").read_bytes()
    again = train("--json")
    assert again.code == 0 and "Going on from step 40" in again.err
    assert (made.runs("ada") / "main" / "log.jsonl").read_bytes() == log
    assert json.loads(again.out)["step"] == json.loads(first.out)["step"]
    assert made.packages("ada") == {json.loads(each.out)["sha256"] for each in (first, again)}
    assert not list(made.models("ada").glob(".*former"))


def test_other_settings_are_refused_and_named(train: Train, made: Production) -> None:
    train()
    before = (made.runs("ada") / "main" / "checkpoint.pt").read_bytes()
    refused = train("--seed", "8", "--precision", "bf16-mixed")
    assert refused.code == 2
    assert "run.seed was 7, now 8" in refused.err and "run.precision was 32-true, now bf16-mixed" in refused.err
    assert "--fresh" in refused.err and "--name" in refused.err
    assert (made.runs("ada") / "main" / "checkpoint.pt").read_bytes() == before
    assert train("--seed", "8", "--name", "other").code == 0
    assert train("--seed", "8", "--fresh").code == 0
    assert len(rows(made.runs("ada") / "main")) == len(rows(made.runs("ada") / "other"))


def test_another_archive_is_refused(train: Train, made: Production) -> None:
    train()
    refused = train("--ages", "24-27")
    assert refused.code == 2 and "data.faces was 6, now 4" in refused.err
    (made.archive("ada") / "crops" / "2.png").write_bytes((made.archive("ada") / "crops" / "3.png").read_bytes())
    refused = train()
    assert refused.code == 2 and "data.faces_sha256" in refused.err


def test_titles_and_ages_choose(train: Train) -> None:
    told = json.loads(train("--json", "--titles", "Second", "--ages", "20-28").out)
    assert told["faces"] == 2
    assert "known: First Film, Second" in train("--titles", "Third", "--fresh").err
    assert "none to learn from" in train("--ages", "60-80").err
    assert "20-45" in train("--ages", "young").err


def test_titles_without_a_grant_are_refused_by_name_or_left_out(
    tmp_path: Path, train: Train, call: Call  # noqa: F811
) -> None:
    production = make_production(tmp_path / "half", titles=("First Film",))
    fill(production)
    line = ("train", "ada", "-P", production.folder, *SHORT)
    refused = call(*line)
    assert refused.code == 2 and "'Second'" in refused.err and "--leave-out" in refused.err
    assert events(production) == [] and not production.runs("ada").exists()
    done = call(*line, "--leave-out", "--json")
    assert done.code == 0 and "Left out, since the grant does not cover them: Second." in done.err
    assert json.loads(done.out)["faces"] == 3
    assert events(production)[0]["titles"] == ["First Film"]


def test_no_grant_for_training(tmp_path: Path, train: Train, call: Call) -> None:  # noqa: F811
    production = make_production(tmp_path / "live", uses=("live", "render"))
    fill(production)
    refused = call("train", "ada", "-P", production.folder, *SHORT)
    assert refused.code == 2 and "'train'" in refused.err
    assert call("train", "bob", "-P", production.folder).code == 2
    assert "lies in no production" in call("train", "ada", "-P", tmp_path).err


def test_a_grant_that_ends_meanwhile_exports_nothing(
    train: Train, made: Production, keys: dict[str, SigningKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock passes the grant's end between the start and the export; another grant then exports."""
    from playingage.training.run import job

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=800)

    soon = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
    grant(made, keys["ada"], "ada", titles=("First Film", "Second"), valid_until=soon)
    with monkeypatch.context() as patched:
        patched.setattr(job, "datetime", Later)
        refused = train()
    assert refused.code == 2 and "no longer stands: it expired on" in refused.err
    assert not (made.models("ada") / "main.pamodel").exists()
    assert [each["stage"] for each in events(made)] == ["started"]
    assert train().code == 0


def test_no_archive_and_a_name_that_is_none(train: Train, made: Production) -> None:
    assert "is no name for a model" in train("--name", "../evil").err
    (made.archive("ada") / "faceset.json").unlink()
    refused = train()
    assert refused.code == 2 and "Ingest footage first" in refused.err


def test_without_torch_it_says_what_to_install(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "playingage.cli.train.find_spec", lambda name: None if name == "torch" else find_spec(name)
    )
    refused = train()
    assert refused.code == 2 and "pip install 'playingage[train]'" in refused.err


def test_an_export_that_fails_leaves_the_former_package(
    train: Train, made: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    from playingage.training.run import TrainingError
    from training_run.tiny import TinyLearner

    train()
    before = sha256_file(made.models("ada") / "main.pamodel" / "model.json")

    def fail(self: TinyLearner, folder: Path, record: str) -> Path:
        (folder / "half").write_text("written")
        raise TrainingError("the exported network does otherwise than the trained one")

    monkeypatch.setattr(TinyLearner, "export", fail)
    refused = train()
    assert refused.code == 2 and "does otherwise" in refused.err
    assert sha256_file(made.models("ada") / "main.pamodel" / "model.json") == before
    assert sorted(path.name for path in made.models("ada").iterdir()) == ["main.pamodel", "runs"]
    status = json.loads((made.runs("ada") / "main" / "status.json").read_text(encoding="utf-8"))
    assert status["state"] == "failed"


def test_a_stop_while_exporting_leaves_nothing_half_written(
    train: Train, made: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training_run.tiny import TinyLearner

    def stopped(self: TinyLearner, folder: Path, record: str) -> Path:
        (folder / "half").write_text("written")
        raise Stopped(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TinyLearner, "export", stopped)
        refused = train()
    assert "the same command goes on" in refused.err
    assert sorted(path.name for path in made.models("ada").iterdir()) == ["runs"]
    status = json.loads((made.runs("ada") / "main" / "status.json").read_text(encoding="utf-8"))
    assert status["state"] == "stopped"
    assert train().code == 0


def test_the_page_has_a_port_where_none_is_given() -> None:
    command = get_command(app).commands["train"]  # type: ignore[attr-defined]
    ports = [
        command.make_context("train", ["ada", *words]).params["page"]
        for words in (["--page"], ["--page", "--json"], ["--page", "8040"], ["--json"])
    ]
    assert ports == [8036, 8036, 8040, None]


def start(production: Production, *arguments: str, pause: float = 0.0) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "training_run.command", "train", "ada", "-P", str(production.folder), *SHORT]
    return subprocess.Popen(
        [*line, *arguments],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env=os.environ | {"PLAYINGAGE_TEST_PAUSE": str(pause), "COLUMNS": "200"},
    )


def wait_for(file: Path, word: str, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and word in file.read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    raise AssertionError(f"{word} was never in {file}: {process.communicate()}")


def test_ctrl_c_saves_and_says_how_to_go_on(made: Production, train: Train) -> None:
    folder = made.runs("ada") / "main"
    process = start(made, "--page", "0", pause=2)
    wait_for(folder / "log.jsonl", '"step":10', process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130, err
    assert "the same command goes on" in err and "Traceback" not in err and not out
    assert "Live page: http://127.0.0.1:" in err
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    assert status["state"] == "stopped" and status["step"] >= 10
    assert [each["stage"] for each in events(made)] == ["started", "stopped"]
    done = train("--json")
    assert done.code == 0 and f"Going on from step {status['step']}" in done.err
    train("--name", "whole")
    assert rows(folder) == rows(made.runs("ada") / "whole")


def test_a_killed_command_goes_on(made: Production, train: Train) -> None:
    folder = made.runs("ada") / "main"
    process = start(made, pause=2)
    wait_for(folder / "log.jsonl", '"step":10', process)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    assert train().code == 0
    train("--name", "whole")
    assert rows(folder) == rows(made.runs("ada") / "whole")
    assert [each["stage"] for each in events(made)] == ["started", "started", "exported", "started", "exported"]
