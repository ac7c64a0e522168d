"""The live command on a set: two performers, a schedule, hands on a console, and a grant that is taken back."""

import json
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from people import embedding_of, stranger_of
from production import stamp

from cli.conftest import start
from cli.test_performers import Faces, Set, make_set
from playingage.core import sha256_file
from playingage.live.takes import Take, take_folders
from playingage.rights import Revocation, SigningKey
from playingage.rights.grant import REVOCATION_TYPE

Picture = NDArray[np.uint8]
SCHEDULE = """performer,scene,age
ada,1,30
ben,1,60
ada,2,65
"""


@pytest.fixture(scope="module")
def faces(portrait: Picture) -> Faces:
    other = stranger_of(portrait)
    return {"ada": (portrait, embedding_of(portrait)), "ben": (other, embedding_of(other))}


@contextmanager
def live(*arguments: object) -> Iterator[str]:
    """The command runs; its address. Ended by Ctrl-C, and it must end well."""
    process = start("live", *arguments, "--port", 0, "--no-open", "--size", 256)
    said = []
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"Monitors: (http\S+/)", line):
                yield found[1]
                break
        else:
            pytest.fail("".join(said))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def state(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}api/state", timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)["state"]
    return told


def act(url: str, name: str, **values: Any) -> dict[str, Any]:
    data = json.dumps({"act": name, **values}).encode()
    request = urllib.request.Request(f"{url}api/act", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def ages(url: str) -> dict[str, float | None]:
    """Of the faces of the newest picture, by performer."""
    return {face["performer"]: face["target_age"] for face in state(url)["faces"]}


def until(url: str, wanted: Callable[[dict[str, float | None]], bool], seconds: float = 60) -> dict[str, float | None]:
    end = time.monotonic() + seconds
    while not wanted(found := ages(url)):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def test_a_scene_changes_all_ages_and_a_revoked_grant_stops_one(tmp_path: Path, faces: Faces) -> None:
    keys: dict[str, SigningKey] = {}
    stage = make_set(tmp_path, faces, keys=keys)
    (stage.production.folder / "schedule" / "schedule.csv").write_text(SCHEDULE)
    with live("--source", stage.plates, "--loop", "--performer", "all", "-P", stage.production.folder) as url:
        until(url, lambda found: found == {"ada": 30, "ben": 60})
        act(url, "roll")
        time.sleep(1)
        assert act(url, "cut")["slate"]["take"] == 2
        told = act(url, "next")
        assert told["slate"]["scene"] == "2"
        until(url, lambda found: found == {"ada": 65, "ben": None})
        assert [each["stopped"] for each in told["performers"]] == ["", "NO AGE ASKED"]
        face = next(face["id"] for face in state(url)["faces"] if face["performer"] == "ada")
        act(url, "pin", face=face, performer=None)
        until(url, lambda found: found == {"": None, "ben": None})
        act(url, "pin", face=face, performer="ada")
        until(url, lambda found: found == {"ada": 65, "ben": None})
        act(url, "age", performer="ben", age=40)
        until(url, lambda found: found == {"ada": 65, "ben": 40})
        plans = stage.production.folder / "schedule" / "schedule.csv"
        plans.write_text(SCHEDULE.replace("ada,2,65", "ada,2,55"))
        until(url, lambda found: found == {"ada": 55, "ben": 40})
        plans.write_text("performer,scene,age\nada,2,old\n")
        time.sleep(1)
        assert ages(url) == {"ada": 55, "ben": 40}
        begun = time.monotonic()
        revoke(stage, keys["ada"])
        until(url, lambda found: found == {"ada": None, "ben": 40})
        assert time.monotonic() - begun < 10
        reasons = {face["performer"]: face["reasons"] for face in state(url)["faces"]}
        assert reasons["ada"] == ["grant"]
    (take,) = take_folders(stage.production.folder / "takes")
    with Take.open(take) as read:
        assert read.ended == "cut" and len(read.frames) > 2 and not read.verify()
        assert {face["performer"]: face["target_age"] for face in read.frames[-1].faces} == {"ada": 30, "ben": 60}
    used = {line["performer"]: (line["ages"], line["grant"], line["sha256"]) for line in stage.events("take")}
    assert {who: each[0] for who, each in used.items()} == {"ada": [30, 30], "ben": [60, 60]}
    assert used["ben"][1] == stage.production.grant("ben").sha256
    assert used["ada"][2] == sha256_file(take / "take.json")
    pins = stage.events("set-pin")
    assert [(line["performer"], line["by"]) for line in pins] == [(None, "this machine"), ("ada", "this machine")]


def revoke(stage: Set, key: SigningKey) -> None:
    grant = stage.production.grant("ada", "live")
    taken = Revocation(
        grant=grant.sha256, performer="ada", production=stage.production.id, by="Ada", reason="as agreed",
        signed=stamp(),
    )
    filing = stage.production.filing
    filing.revoke(key.sign(taken.payload, REVOCATION_TYPE), filing.keys())
