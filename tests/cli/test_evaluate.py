"""`playingage evaluate`: from a folder of portraits to the report, with a judge that is a real program."""

import csv
import json
import os
import re
import signal
import sys
import time
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cli.conftest import Call, start
from playingage.engine import Engine, Reager
from playingage.media.comments import comment_of
from playingage.training.split import held_out

Portrait = NDArray[np.uint8]
HELD = [name for name in (f"p{n}" for n in range(40)) if held_out(name)][:2]
KNOWN = next(name for name in (f"p{n}" for n in count()) if not held_out(name))
DOCS = Path(__file__).parents[2] / "docs"

# Sees every face move by 80 % of what was asked, and takes anybody at -20 for somebody else.
JUDGE = '''
import csv, json, sys
from pathlib import Path
mode, before, after = sys.argv[1:4]
assert mode == "stills" and Path(sys.argv[sys.argv.index("--weights") + 1]).is_dir()
faces = []
for row in csv.DictReader(open(sys.argv[sys.argv.index("--csv") + 1])):
    for folder in (before, after):
        assert (Path(folder) / (row["name"] + ".png")).stat().st_size > 1000
    moved = float(row["target_age"]) - float(row["age"])
    faces.append({"name": row["name"], "age_in": 40.0, "age_out": 40 + 0.8 * moved,
                  "id_distance": 0.6 if moved == -20 else 0.2, "lm_eyes_pct": 0.5, "lm_mouth_pct": 0.7,
                  "sharp_skin": 0.9})
with open(Path(__file__).with_name("calls"), "a") as calls:
    calls.write(Path(after).parent.name + "\\n")
print(json.dumps({"n": len(faces), "age": {"coarse_share": 0.9}, "faces": faces}))
'''


@pytest.fixture
def data(tmp_path: Path, portrait: Portrait) -> Path:
    """NASA's portrait as three people: two held out (one of them in a mirror), one learned from."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, picture in ((HELD[0], portrait), (HELD[1], portrait[:, ::-1]), (KNOWN, portrait)):
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    with (folder / "portraits.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["person", "sex", "age_years", "file"])
        rows.writerows([name, "F", age, f"{name}.png"] for name, age in ((HELD[0], 42), (HELD[1], 30), (KNOWN, 42)))
    return folder


def judge_in(folder: Path, text: str) -> str:
    """A judge's program with its weights beside it; the command that runs it."""
    (folder / "weights").mkdir(exist_ok=True)
    (folder / "judge.py").write_text(text)
    return f"{sys.executable} {folder / 'judge.py'}"


def statuses(out: Path) -> dict[str, str]:
    document = json.loads((out / "evaluation.json").read_text())
    return {bar["key"]: bar["status"] for bar in document["bars"]}


def test_a_judged_report_and_going_on(call: Call, data: Path, tmp_path: Path) -> None:
    out, judge = tmp_path / "out", judge_in(tmp_path, JUDGE)
    line = ("evaluate", data, out, "--shifts", "-20", "0", "20", "--size", 256, "--judge", judge)
    done = call(*line)
    assert done.code == 0, done.err
    assert re.search(r"pass +0\.80 +at least 0\.70 +Judged age moves, share of the years asked: older", done.out)

    found = statuses(out)
    assert {found[key] for key in ("moved_older", "monotonic", "request_zero", "eyes", "texture_older")} == {"pass"}
    assert (found["recognised_20"], found["people"], found["flicker"]) == ("miss", "miss", "not measured")
    document = json.loads((out / "evaluation.json").read_text())
    assert (document["format"], document["version"]) == ("playingage-evaluation", 1)
    assert {person["name"] for person in document["people"]["each"]} == set(HELD)
    asked = {(r["name"], r["shift"]) for r in document["people"]["results"]}
    assert asked == {(HELD[0], -20), (HELD[0], 0), (HELD[0], 20), (HELD[1], 0), (HELD[1], 20)}  # 10 is too young
    zero = next(r for r in document["people"]["results"] if r["shift"] == 0)
    assert zero["own"]["changed"] == 0 and zero["own"]["sharpness"] == 1

    older = out / "pictures" / "+20" / "out" / f"{HELD[0]}.png"
    assert comment_of(older.read_bytes()).startswith("Re-aged with Playing Age")
    page = (out / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page) and "url(http" not in page
    assert "measuring only" in page and "measuring only" in (out / "README.txt").read_text()

    stamps = {path: path.stat().st_mtime_ns for path in out.glob("pictures/*/out/*.png")}
    assert call(*line).code == 0
    assert (tmp_path / "calls").read_text().split() == ["-20", "0", "+20"]  # nothing is judged twice
    assert stamps == {path: path.stat().st_mtime_ns for path in out.glob("pictures/*/out/*.png")}
    older.write_bytes(b"")
    (out / "pictures" / "0" / "judged.json").write_text("{")
    assert call(*line).code == 0
    assert (tmp_path / "calls").read_text().split()[3:] == ["0"]  # the same picture again: the same verdict
    assert cv2.imread(str(older)) is not None


def test_the_page_names_every_field(call: Call, data: Path, tmp_path: Path, portrait: Portrait) -> None:
    (tmp_path / "truth.csv").write_text(f"name,file,age,target_age,truth\na,data/{KNOWN}.png,42,50,data/{KNOWN}.png\n")
    done = call("evaluate", data, tmp_path / "out", "--shifts", "0", "--count", 1, "--size", 256, "--json",
                "--judge", judge_in(tmp_path, JUDGE), "--truth", tmp_path / "truth.csv")
    assert done.code == 0, done.err
    text = (DOCS / "evaluate.md").read_text(encoding="utf-8").split("## evaluation.json")[1]
    named = {name for row in re.findall(r"^\| (`[^|]*)\|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named - {"clips"} == set(json.loads(done.out))


def test_without_a_judge_the_report_says_so(
    call: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    out = tmp_path / "out"
    done = call("evaluate", data, out, "--shifts", "0,20", "--size", 256, "--estimate", "--count", 1)
    assert done.code == 0, done.err
    assert "Nothing will be judged: no judge was given" in done.err
    assert "Nothing was judged" in (out / "report.html").read_text()
    found = statuses(out)
    assert found["moved_older"] == found["recognised_20"] == "not measured"
    assert found["eyes"] == "pass"


def test_a_list_of_anybody(call: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    cv2.imwrite(str(data / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    (data / "own.csv").write_text(f"name,file,age\nsomebody,{KNOWN}.png,42\nwall,wall.png,50\n")
    done = call("evaluate", data, tmp_path / "out", "--list", data / "own.csv", "--shifts=20", "--size", 256, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert [person["name"] for person in document["people"]["each"]] == ["somebody"]
    assert document["left_out"] == [["wall", "no face was found"]]
    assert document["unjudged"].startswith("no judge was given")


def test_truth(call: Call, data: Path, tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    truth = Reager(engine)(portrait, age=62, source_age=42)
    cv2.imwrite(str(data / "truth.png"), truth[..., ::-1])
    cv2.imwrite(str(data / "skin.png"), np.full(portrait.shape[:2], 255, np.uint8))
    cv2.imwrite(str(data / "half.png"), ((portrait.astype(np.float32) + truth) / 2 + 0.5)[..., ::-1].astype(np.uint8))
    (data / "truth.csv").write_text(
        "name,file,age,target_age,truth,skin,baseline_half\n"
        f"case,{KNOWN}.png,42,62,truth.png,skin.png,half.png\n"
    )
    done = call("evaluate", data, tmp_path / "out", "--shifts", "0", "--size", 256, "--truth", data / "truth.csv",
                "--judge", judge_in(tmp_path, JUDGE), "--json")
    assert done.code == 0, done.err
    (everything, of_request) = json.loads(done.out)["truth"]["parts"]
    assert (everything["years"], of_request["years"]) == ("all", "+20")
    ways = everything["ways"]
    assert list(ways) == ["do nothing", "model", "half"]
    assert ways["model"]["face_rms"] == 0 and ways["do nothing"]["face_rms"] > 3  # truth is what this engine makes
    assert ways["half"]["face_rms_of_nothing"] == pytest.approx(0.5, abs=0.1)
    assert statuses(tmp_path / "out")["truth_error"] == statuses(tmp_path / "out")["truth_baseline"] == "pass"


@pytest.mark.parametrize(("arguments", "complaint"), [
    (("--shifts", "-20", "old"), "unexpected extra argument"), (("--shifts=old",), "'old' is no number of years"),
    (("--shifts", "20", "20"), "one request twice"), (("--shifts", "200"), "nobody is re-aged by more than 80"),
    (("--count", "0"), "0 people cannot be measured"), (("--list", "nowhere.csv"), "nowhere.csv does not exist"),
    (("--judge", "no-such-judge"), "there is no program no-such-judge"),
    (("--judge-weights", "."), "but no --judge"),
    (("--judge", f"{sys.executable} -c 'raise SystemExit(\"no weights here\")'"), "no weights here"),
    (("--truth", "nowhere.csv"), "nowhere.csv does not exist"), (("--size", "300"), "no default network of 300"),
])
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], complaint: str, call: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    given = arguments if "--shifts" in arguments[0] else (*arguments, "--shifts", "0")
    size = () if "--size" in arguments else ("--size", "256")
    done = call("evaluate", data, tmp_path / "out", *given, *size)
    assert done.code == 2
    assert complaint in re.sub(r"[\s│]+", " ", done.err)


def test_a_folder_without_portraits(call: Call, data: Path, tmp_path: Path) -> None:
    done = call("evaluate", tmp_path / "weights", tmp_path / "out")
    assert done.code == 2 and "portraits.csv does not exist" in done.err
    (data / f"{HELD[0]}.png").write_bytes(b"no picture")
    done = call("evaluate", data, tmp_path / "out", "--size", 256)
    assert done.code == 2 and "is not a picture that can be read" in done.err


def test_ctrl_c_ends_the_judge_too_and_keeps_the_pictures(data: Path, tmp_path: Path) -> None:
    slow = "import os, time\nfrom pathlib import Path\n"
    slow += "Path(__file__).with_name('pid').write_text(str(os.getpid()))\ntime.sleep(100)\n"
    out = tmp_path / "out"
    program = start("evaluate", data, out, "--shifts", "20", "--size", 256, "--count", 1,
                    "--judge", judge_in(tmp_path, slow))
    pid = tmp_path / "pid"
    end = time.monotonic() + 240
    while not (pid.exists() and pid.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=120)
    assert program.returncode == 130
    assert "the same command goes on from there" in said and "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert len(list(out.glob("pictures/+20/out/*.png"))) == 1
    assert [path for path in out.rglob("*") if "partial" in path.name] == []
