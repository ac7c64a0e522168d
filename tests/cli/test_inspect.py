"""`playingage inspect`: what it tells of clips, pictures and sequences."""

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from render.material import deepened, empty, moving, placed, write_clip, write_pictures

from cli.conftest import Call, left_in
from playingage.cli.output import plain

Portrait = NDArray[np.uint8]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: Portrait) -> Path:
    """Three frames, ProRes with timecode and sound."""
    return write_clip(
        tmp_path_factory.mktemp("clip") / "take.mov", deepened(moving(portrait, 3)), "prores_ks", "yuv422p10le",
        audio="pcm_s16le", metadata={"timecode": "10:00:00:00"},
    )


def test_a_person_is_told(call: Call, clip: Path, tmp_path: Path) -> None:
    done = call("inspect", clip, "--plot", tmp_path / "faces.png")
    assert done.code == 0
    for words in (
        "160x120, 10 bits, yuv422p10le, prores", "3 frames, 23.976 frames a second (24000/1001)", "10:00:00:00",
        "bt709 / bt709 / bt709, video range", "audio pcm_s16le", "cuts      none", "face 1", "3 frames,",
    ):
        assert words in done.out, words
    assert "altered" not in done.out
    picture = cv2.imread(str(tmp_path / "faces.png"))
    assert picture is not None
    assert picture.std() > 5
    assert "Looking" not in done.err


def test_json_is_one_document_of_a_known_form(call: Call, clip: Path) -> None:
    done = call("inspect", clip, "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert set(told) == {"schema", "source", "altered", "streams", "survey"}
    assert told["schema"] == 1
    source = told["source"]
    assert (source["rate"], source["timecode"], source["frames"]) == ("24000/1001", "10:00:00:00", 3)
    assert (source["bits"], source["variable_rate"], source["sample_aspect"]) == (10, False, "1")
    assert source["colour"] == {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": False}
    kinds = [(stream["index"], stream["kind"], stream["rate"]) for stream in told["streams"]]
    assert kinds[:2] == [(0, "video", "24000/1001"), (1, "audio", "48000")]
    survey = told["survey"]
    assert set(survey) == {"frames", "seconds", "cuts", "cut_seconds", "faces"}
    (face,) = survey["faces"]
    assert set(face) == {"id", "age", "frames", "seconds", "sizes", "yaws", "strengths", "refusals"}
    assert face["frames"] == [0, 1, 2]


def test_without_faces(call: Call, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "take.mkv", empty(2))
    assert "none found: nothing would be re-aged" in call("inspect", source).out
    told = json.loads(call("inspect", source, "--no-faces", "--json").out)
    assert told["survey"] is None
    done = call("inspect", source, "--no-faces", "--plot", tmp_path / "a.png")
    assert done.code == 2
    assert left_in(tmp_path) == ["take.mkv"]


def test_pictures_and_sequences(call: Call, tmp_path: Path, portrait: Portrait) -> None:
    source = write_pictures(tmp_path / "plates", moving(portrait, 2), first=1001)
    for address in (source, str(tmp_path / "plates")):
        told = json.loads(call("inspect", address, "--rate", "25", "--json").out)
        assert (told["source"]["frames"], told["source"]["first_number"], told["source"]["rate"]) == (2, 1001, "25")
        assert (told["streams"], len(told["survey"]["faces"])) == ([], 1)
    one = call("inspect", tmp_path / "plates" / "shot.1001.png")
    assert one.code == 0
    assert "1 frame," in one.out


def test_only_sound_is_a_clear_error(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), "s16", "stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    done = call("inspect", path)
    assert done.code == 2
    assert "has no video" in done.err


@pytest.mark.parametrize("name", ["aged.mp4", "aged.mov", "aged.mkv", "aged.%03d.png", "aged.%03d.tif"])
def test_an_altered_file_says_so(name: str, call: Call, tmp_path: Path, portrait: Portrait) -> None:
    source = write_clip(tmp_path / "take.mkv", [placed(portrait)] * 3)
    assert call("render", source, tmp_path / name, "--age", 70, "--size", 256).code == 0
    done = call("inspect", tmp_path / name, "--no-faces")
    assert "altered   Re-aged with Playing Age" in done.out
    assert "digitalSourceType=compositeWithTrainedAlgorithmicMedia; model=" in done.out
    told = json.loads(call("inspect", tmp_path / name, "--no-faces", "--json").out)
    assert len(told["altered"]) == 1


def test_plain_values() -> None:
    value = {"rate": Fraction(24000, 1001), 1: (float("nan"), 2.5, True, None), "path": Path("a/b")}
    assert plain(value) == {"rate": "24000/1001", "1": [None, 2.5, True, None], "path": "a/b"}


@pytest.mark.parametrize("command", ["render", "inspect", "live", "demo"])
def test_help_has_an_example(command: str, call: Call) -> None:
    done = call(command, "--help")
    assert done.code == 0
    assert f"playingage {command}" in done.out
    assert "Examples" in done.out
    assert "--json" in done.out
    assert "--device" in done.out
