"""`playingage render`: what it says, refuses and leaves behind."""

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from render.material import empty, moving, placed, read_all, write_clip, write_pictures

from cli.conftest import CONSENT, Call, left_in
from playingage.cli.options import parse_rate
from playingage.core import SettingError
from playingage.media import open_source
from playingage.models import PACKAGES
from playingage.render import marks_in

Portrait = NDArray[np.uint8]
FAST = ("--size", "256")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: Portrait) -> Path:
    """Four frames of a face, H.264 with sound."""
    return write_clip(tmp_path_factory.mktemp("clip") / "take.mp4", moving(portrait, 4), audio="aac")


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A folder for outputs in which nothing temporary may be left."""
    folder = tmp_path / "out"
    folder.mkdir()
    yield folder
    assert not [name for name in left_in(folder) if name.startswith(".")]


def test_a_person_is_told_what_was_done(call: Call, clip: Path, out: Path, account: Path) -> None:
    done = call("render", clip, out / "aged.mkv", "--age", 70, "--matte", out / "matte.%03d.png", *FAST)
    assert done.code == 0
    assert "4 frames, 4 of them re-aged to 70" in done.out
    assert "Device: CPU" in done.err
    assert "Ages read off the faces" in done.err
    assert "Rendering" not in done.err  # no bar where nobody looks
    assert left_in(out) == ["aged.mkv", *(f"matte.00{n}.png" for n in (1, 2, 3, 4))]
    matte = cv2.imread(str(out / "matte.001.png"), cv2.IMREAD_UNCHANGED)
    assert matte is not None
    assert matte.dtype == np.uint16
    assert matte.max() > 32768
    assert np.array_equal(matte[..., 0], matte[..., 2])
    record = json.loads((account / "playingage" / "consent.jsonl").read_text().splitlines()[-1])
    assert (record["statement"], record["what"], record["age"]) == (CONSENT, "render", 70)


def test_json_is_one_document(call: Call, clip: Path, out: Path) -> None:
    done = call("render", clip, out / "aged.mp4", "--age", 25, "--source-age", 45, "--no-audio", "--json", *FAST)
    assert done.code == 0
    told = json.loads(done.out)
    assert told["frames"] == told["frames_aged"] == 4
    assert (told["out"], told["matte"], told["source_ages"]) == (str(out / "aged.mp4"), None, {"1": 45.0})
    with open_source(str(out / "aged.mp4")) as opened:
        assert opened.info.audio == 0
        assert told["model_sha256"] in marks_in(opened.info.metadata)[0]


def test_parts_of_the_face_have_their_own_age(call: Call, tmp_path: Path, portrait: Portrait, out: Path) -> None:
    source = tmp_path / "one.png"
    cv2.imwrite(str(source), np.ascontiguousarray(portrait[..., ::-1]))
    same = ("--age", 42, "--source-age", 42, *FAST)
    assert call("render", source, out / "same.png", *same).code == 0
    assert call("render", source, out / "eyes.png", *same, "--region", "eyes=75").code == 0
    before, same_eyes, older_eyes = (read_all(path)[0].pixels for path in (source, out / "same.png", out / "eyes.png"))
    assert np.array_equal(same_eyes, before)
    assert (older_eyes != before).any() and np.array_equal(older_eyes[170:], before[170:])


def test_who_reads_as_a_child_is_left_alone_and_that_is_said(call: Call, clip: Path, tmp_path: Path, out: Path) -> None:
    package = tmp_path / "sees-children.pamodel"
    shutil.copytree(PACKAGES / "default-256.pamodel", package)
    document = json.loads((package / "model.json").read_text())
    document["age_estimator"]["child_below"] = 120
    (package / "model.json").write_text(json.dumps(document))
    done = call("render", clip, out / "as-it-is.mkv", "--age", 70, "--model", package)
    assert done.code == 0
    assert "0 of them re-aged" in done.out
    assert "because they read as children: face 1" in done.err
    told = json.loads(call("render", clip, out / "json.mkv", "--age", 70, "--model", package, "--json").out)
    assert (told["frames_aged"], told["faded"], told["children"]) == (0, {"child": 4}, [1])
    pairs = zip(read_all(clip), read_all(out / "json.mkv"), strict=True)
    assert all(np.array_equal(before.pixels, after.pixels) for before, after in pairs)
    stated = call("render", clip, out / "stated.mkv", "--age", 70, "--model", package, "--source-age", 42, "--json")
    assert (json.loads(stated.out)["frames_aged"], json.loads(stated.out)["faded"]) == (4, {})
    assert "reads as a child" in call("inspect", clip, "--model", package).out


def test_nobody_there_is_said_and_nothing_is_changed(call: Call, tmp_path: Path, out: Path) -> None:
    source = write_pictures(tmp_path / "plates", empty(2), first=7)
    done = call("render", source, out / "aged.%04d.png", "--age", 70, "--rate", "25", *FAST)
    assert done.code == 0
    assert "No face was found: every frame is as it was." in done.err
    assert left_in(out) == ["aged.0007.png", "aged.0008.png"]
    after = read_all(out / "aged.%04d.png")
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(read_all(source), after, strict=True))


def test_a_picture_becomes_a_picture(call: Call, tmp_path: Path, portrait: Portrait, out: Path) -> None:
    source = tmp_path / "one.png"
    cv2.imwrite(str(source), np.ascontiguousarray(placed(portrait)[..., ::-1]))
    assert call("render", source, out / "older.png", "--age", 70, *FAST).code == 0
    refused = call("render", source, out / "older.png", "--age", 70, *FAST)
    assert refused.code == 2
    assert "already there" in refused.err
    assert call("render", source, out / "older.png", "--age", 20, "--overwrite", *FAST).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--age", "nan"), "no age"), (("--age", "-3"), "no age"), (("--age", "149"), "outside"),
        (("--age", "inf"), "no age"), (("--age", "70", "--source-age", "149"), "outside"),
        (("--age", "70", "--strength", "1.5"), "strength"), (("--age", "70", "--strength", "nan"), "strength"),
        (("--age", "70", "--region", "nose=40"), "no region 'nose'"),
        (("--age", "70", "--region", "eyes=12"), "region eyes: age 12 is outside"),
        (("--age", "70", "--region", "eyes"), "--region eyes"), (("--age", "70", "--region", "eyes=old"), "--region"),
        (("--age", "70", "--region", "eyes=40", "--region", "eyes=50"), "eyes has an age already"),
        (("--age", "70", "--grey-hair", "1.1"), "grey hair"), (("--age", "70", "--grey-beard", "-1"), "grey beard"),
        (("--age", "70", "--source-age", "12"), "children are out of range"),
        (("--age", "70", "--device", "NPU.7"), "no device"),
        (("--age", "70", "--model", "/no/such.pamodel"), "missing"),
        (("--age", "70", "--size", "300"), "300"), (("--age", "70", "--rate", "fast"), "not a frame rate"),
        (("--age", "70", "--rate", "25"), "its own rate"), (("--age", "70", "--codec", "divx"), "divx"),
        (("--age", "70", "--threads", "0"), "threads"), (("--age", "70", "--precision", "f8"), "precision"),
        (("--age", "70", "--matte", "m.mp4"), "without loss"), (("--age", "seventy"), "--age"), ((), "--age"),
    ],
)
def test_wrong_arguments(call: Call, clip: Path, out: Path, arguments: tuple[str, ...], words: str) -> None:
    done = call("render", clip, out / "aged.mkv", *arguments)
    assert done.code == 2
    assert words in done.err
    assert not left_in(out)
    assert not done.out


@pytest.mark.parametrize("statement", [None, "", "ok", "x" * 3000])
def test_without_consent_nothing_is_opened(
    call: Call, out: Path, account: Path, monkeypatch: pytest.MonkeyPatch, statement: str | None
) -> None:
    monkeypatch.delenv("PLAYINGAGE_CONSENT")
    given = () if statement is None else ("--consent", statement)
    # The source does not exist: had it been opened, that would be the complaint.
    done = call("render", "/no/such/take.mov", out / "aged.mov", "--age", 70, *given)
    assert done.code == 2
    assert "consent" in done.err
    assert "exist" not in done.err
    assert not left_in(out)
    assert not left_in(account)


def test_consent_that_cannot_be_recorded_stops_the_render(
    call: Call, clip: Path, out: Path, account: Path
) -> None:
    (account / "playingage").write_text("a file where the folder should be")
    done = call("render", clip, out / "aged.mkv", "--age", 70, *FAST)
    assert done.code == 2
    assert "cannot be recorded" in done.err
    assert not left_in(out)


def test_input_is_never_written_over(call: Call, clip: Path, tmp_path: Path, portrait: Portrait) -> None:
    take = tmp_path / "take.mkv"
    take.write_bytes(clip.read_bytes())
    (tmp_path / "link.mkv").symlink_to(take)
    plates = write_pictures(tmp_path / "plates", moving(portrait, 2))
    before = take.read_bytes()
    tries = [
        (take, take, ()), (take, tmp_path / "link.mkv", ()), (take, tmp_path / "x" / ".." / "take.mkv", ()),
        (plates, plates, ()), (tmp_path / "plates", plates, ()), (tmp_path / "plates" / "shot.0001.png", plates, ()),
        (take, tmp_path / "new.mkv", ("--matte", take)),
        (take, tmp_path / "new.mkv", ("--matte", tmp_path / "new.mkv")),
    ]
    for source, target, more in tries:
        done = call("render", source, target, "--age", 70, "--overwrite", *more, *FAST)
        assert done.code == 2, (source, target)
        assert "choose another name" in done.err.lower()
    assert take.read_bytes() == before
    assert left_in(tmp_path) == ["link.mkv", "plates", "take.mkv"]


def test_existing_output_is_refused_and_outlives_a_failed_render(
    call: Call, clip: Path, tmp_path: Path, out: Path
) -> None:
    target = out / "aged.mkv"
    target.write_bytes(b"the day's best work")
    done = call("render", clip, target, "--age", 70, *FAST)
    assert done.code == 2
    assert "already there" in done.err
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-900])
    done = call("render", cut, target, "--age", 70, "--overwrite", *FAST)
    assert done.code == 2
    assert target.read_bytes() == b"the day's best work"
    done = call("render", clip, target, "--age", 70, "--overwrite", *FAST)
    assert done.code == 0
    assert len(read_all(target)) == 4


@pytest.mark.parametrize("target", ["/proc/aged.mkv", "/proc/aged.png", "/no/such/folder/aged.mov", "/dev/null/a.mp4"])
def test_folders_that_cannot_be_written(
    call: Call, clip: Path, target: str, tmp_path: Path, portrait: Portrait
) -> None:
    source = clip
    if target.endswith("png"):
        source = tmp_path / "one.png"
        cv2.imwrite(str(source), np.ascontiguousarray(placed(portrait)[..., ::-1]))
    done = call("render", source, target, "--age", 70, *FAST)
    assert done.code == 2
    assert Path(target).name in done.err


def test_names_that_do_not_fit(call: Call, clip: Path, out: Path) -> None:
    for target in ("aged", "aged.gif", "aged.%d.%d.png", "aged.webp", "aged.png", "x" * 300 + ".mkv"):
        done = call("render", clip, out / target, "--age", 70, *FAST)
        if target == "aged":  # a folder of pictures
            assert done.code == 0
            assert len(left_in(out / "aged")) == 4
        else:
            assert done.code == 2
            assert done.err
            assert left_in(out) == ["aged"]
    for source in ("", "ftp://host/take.mov", "/dev/video99", "pattern:64x64@24", "rtsp://127.0.0.1:1/x", "y" * 5000):
        done = call("render", source, out / "b.mkv", "--age", 70, *FAST)
        assert done.code == 2, source
        assert left_in(out) == ["aged"]


@given(st.integers(1, 960_000), st.integers(1, 1001))
def test_rates_are_read_exactly(numerator: int, denominator: int) -> None:
    rate = Fraction(numerator, denominator)
    if rate <= 1000:
        assert parse_rate(f"{numerator}/{denominator}") == rate


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{1,9}[.e/_][0-9]{1,9}", fullmatch=True))
def test_anything_else_is_refused_in_words(text: str) -> None:
    try:
        rate = parse_rate(text)
    except SettingError as error:
        assert "frame rate" in error.what
    else:
        assert rate is not None
        assert 0 < rate <= 1000


@pytest.mark.parametrize(
    ("text", "rate"),
    [("23.976", Fraction(24000, 1001)), ("29.97", Fraction(30000, 1001)), ("59.94", Fraction(60000, 1001)),
     ("24", Fraction(24)), ("25.0", Fraction(25)), ("12.5", Fraction(25, 2)), ("0.001", Fraction(1, 1000)),
     ("30000/1001", Fraction(30000, 1001))],
)
def test_rates_as_people_write_them(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate
