"""`playingage evaluate --clips`: clips re-aged, measured, judged, shown."""

import json
import re
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from render.material import write_clip

from cli.conftest import Call

Portrait = NDArray[np.uint8]
COUNT = 7
# Finds that the judged age wanders by 3 years.
JUDGE = '''
import json, sys
from pathlib import Path
if sys.argv[1] == "stills":
    print(json.dumps({"n": 0}))
else:
    mode, before, after = sys.argv[1:4]
    assert Path(before).is_file() and Path(after).is_file() and sys.argv[4:6] == ["--target-age", "70"]
    with open(Path(__file__).with_name("calls"), "a") as calls:
        calls.write(Path(after).name + "\\n")
    print(json.dumps({"frames_face_both": 7, "age": {"age_in": 44.0, "age_out": 66.0},
                      "summary": {"age_sd_in": 1.0, "age_sd_out": 3.0, "extra_flicker": 0.4, "edit_flicker": 1.2,
                                  "mouth_open_corr": None, "ear_corr": 0.98}}))
'''


@pytest.fixture
def data(tmp_path: Path, portrait: Portrait) -> Path:
    """One portrait, and a clip in which it moves, with itself as its truth."""
    folder = tmp_path / "data"
    folder.mkdir()
    cv2.imwrite(str(folder / "one.png"), portrait[..., ::-1])
    (folder / "own.csv").write_text("name,file,age\none,one.png,42\n")
    head = portrait[20:276, 92:348]
    pictures = [np.asarray(np.roll(head, (n, n), (0, 1))) for n in range(COUNT)]
    write_clip(folder / "shot.mkv", pictures, "ffv1", "bgr0", tags=(1, 1, 0, 2))
    (folder / "clips.csv").write_text("clip,age,target_age,truth\nshot.mkv,42,70,shot.mkv\n")
    (tmp_path / "judge.py").write_text(JUDGE)
    (tmp_path / "weights").mkdir()
    return folder


def test_clips_are_measured_judged_and_shown(call: Call, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = ("evaluate", data, out, "--list", data / "own.csv", "--shifts", "0", "--size", 256, "--clips",
            data / "clips.csv", "--judge", f"{sys.executable} {tmp_path / 'judge.py'}", "--json")
    done = call(*line)
    assert done.code == 0, done.err
    document = json.loads(done.out)
    (clip,) = document["clips"]["each"]
    assert (clip["name"], clip["frames"], clip["judged"]["scatter_out"]) == ("shot@70", COUNT, 3)
    (face,) = clip["faces"]
    assert face["frames"] == COUNT and 0 < face["change_flicker"]["mean"] < 3
    assert clip["nothing"]["mean"] == 0 and clip["error"]["mean"] > 1  # the truth is the clip as it was
    assert clip["exact"]["faces"][0]["change_flicker"]["mean"] == 0
    bars = {bar["key"]: bar for bar in document["bars"]}
    assert bars["flicker"]["value"] == pytest.approx(face["extra_flicker"]["mean"], abs=1e-3)
    assert (bars["age_over_shot"]["status"], bars["age_over_shot"]["value"]) == ("miss", 3)
    page = (out / "report.html").read_text()
    assert "In motion" in page and "shot@70" in page and not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)

    made = out / "clips" / "shot@70.mkv"
    stamp = made.stat().st_mtime_ns
    assert call(*line).code == 0
    assert made.stat().st_mtime_ns == stamp, "nothing is made twice"
    assert (tmp_path / "calls").read_text().split() == ["shot@70.mkv"]
    made.write_bytes(b"damaged")
    assert call(*line[:-3], "--json").code == 0
    assert made.stat().st_size > 10_000


@pytest.mark.parametrize(("text", "complaint"), [
    ("clip,target_age\nnone.mkv,70\n", "none.mkv is not there"), ("clip,age\nshot.mkv,42\n", "no target_age"),
    ("clip,target_age\nshot.mkv,old\n", "no age in years"), ("clip,target_age\n", "no clip is in it"),
    ("clip,target_age\nshot.mkv,70\nshot.mkv,70\n", "twice for one age"),
    ("clip,target_age\nshot.mkv,119\n", "outside what the model"),
    ("clip,target_age,motion\nshot.mkv,70,one.png\n", "holds no motion"),
])
def test_lists_that_cannot_be_measured(text: str, complaint: str, call: Call, data: Path, tmp_path: Path) -> None:
    (data / "clips.csv").write_text(text)
    done = call("evaluate", data, tmp_path / "out", "--list", data / "own.csv", "--shifts", "0", "--size", 256,
                "--clips", data / "clips.csv", "--judge", f"{sys.executable} {tmp_path / 'judge.py'}")
    assert done.code == 2
    assert complaint in re.sub(r"[\s│]+", " ", done.err) and "Traceback" not in done.err
