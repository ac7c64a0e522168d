"""Files that are broken, absurd or meant to harm: exit 0 or 2, words, nothing half-written, never a traceback."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from render.material import moving, placed, write_clip
from render.running import render_file

from cli.conftest import Call, left_in
from playingage.core import PlayingAgeError
from playingage.engine import Engine
from playingage.media import open_sink, open_source
from playingage.render import RenderSettings

FAST = ("--age", "70", "--size", "256")
Portrait = NDArray[np.uint8]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: Portrait) -> Path:
    """Twelve frames with sound; about 40 kB."""
    pictures = moving(portrait, 12, (96, 72))
    return write_clip(tmp_path_factory.mktemp("clip") / "take.mp4", pictures, audio="aac", options={"g": "3"})


_UNREADABLE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "text": lambda data: b"This is not a film.\n" * 50,
    "half": lambda data: data[: len(data) // 2],
    "head": lambda data: data[:64],
    "zeros": lambda data: bytes(len(data)),
    "script": lambda data: b"#!/bin/sh\nrm -rf /\n",
    "playlist": lambda data: b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n",
    "concat": lambda data: b"ffconcat version 1.0\nfile /etc/passwd\n",
}


@pytest.mark.parametrize("kind", _UNREADABLE)
@pytest.mark.parametrize("command", ["render", "inspect"])
def test_what_is_no_clip(kind: str, command: str, clip: Path, tmp_path: Path, call: Call) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(_UNREADABLE[kind](clip.read_bytes()))
    target = (tmp_path / "aged.mkv", "--age", "70") if command == "render" else ()
    done = call(command, broken, *target, "--size", "256")
    assert done.code == 2
    assert "broken.mp4" in done.err
    assert not done.out
    assert left_in(tmp_path) == ["broken.mp4"]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.exr", "a.webp"])
def test_what_is_no_picture(name: str, tmp_path: Path, call: Call) -> None:
    png, tiff, jpeg = b"\x89PNG\r\n\x1a\n" + b"\xff" * 60, b"II*\x00\xff\xff\xff\x7f", b"\xff\xd8\xff\xe0"
    for data in (b"", b"no picture", png, tiff, jpeg):
        (tmp_path / name).write_bytes(data)
        for arguments in (("render", tmp_path / name, tmp_path / "b.png", *FAST), ("inspect", tmp_path / name)):
            done = call(*arguments)
            assert done.code == 2
            assert name in done.err
    assert left_in(tmp_path) == [name]


def test_what_is_not_there_or_not_a_file(tmp_path: Path, call: Call) -> None:
    (tmp_path / "empty").mkdir()
    for source in ("none.mov", "none.png", "none.%04d.png", "empty", "../" * 30 + "none.mkv"):
        for arguments in (("render", tmp_path / source, tmp_path / "b.mkv", *FAST), ("inspect", tmp_path / source)):
            done = call(*arguments)
            assert done.code == 2
            assert done.err
    assert left_in(tmp_path) == ["empty"]


def test_damage_in_the_midst_names_the_frame(tmp_path: Path, portrait: Portrait, call: Call) -> None:
    source = write_clip(tmp_path / "take.mov", moving(portrait, 8), "prores_ks", "yuv422p10le")
    with av.open(str(source)) as container:
        fifth = [packet for packet in container.demux(video=0) if packet.size][5]
    assert fifth.pos is not None
    data = bytearray(source.read_bytes())
    place = fifth.pos + fifth.size // 2
    data[place : place + 8] = bytes(byte ^ 0x5A for byte in data[place : place + 8])
    source.write_bytes(bytes(data))
    for target in ("aged.mkv", "aged.%04d.png"):
        done = call("render", source, tmp_path / target, *FAST, "--matte", tmp_path / "matte.mkv")
        assert done.code == 2
        assert "frame 5 cannot be decoded" in done.err
        assert left_in(tmp_path) == ["take.mov"]


def _copy(source: Path, target: Path) -> None:
    with open_source(str(source)) as opened, open_sink(target, opened.info) as sink:
        for frame in opened:
            sink.write(frame)


def test_flipped_bits_are_read_or_refused(clip: Path, tmp_path: Path, engine: Engine) -> None:
    """What the command does, without the command's words: any other exception fails."""
    whole = clip.read_bytes()
    random = np.random.default_rng(20261121)
    refused = 0
    for turn in range(40):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 1 + turn % 8):
            data[place] ^= 1 << int(random.integers(8))
        (tmp_path / "in.mp4").write_bytes(bytes(data))
        (tmp_path / "out").mkdir()
        try:
            if turn % 20 == 0:
                render_file(engine, tmp_path / "in.mp4", tmp_path / "out" / "a.mkv", settings=RenderSettings(age=70))
            else:  # the same files, without the engine: faces do not matter here
                _copy(tmp_path / "in.mp4", tmp_path / "out" / "a.mkv")
        except PlayingAgeError as error:
            assert error.what
            refused += 1
            assert not left_in(tmp_path / "out"), f"turn {turn}: {error.what}"
        else:
            assert left_in(tmp_path / "out")[-1] == "a.mkv"
        for file in (tmp_path / "out").iterdir():
            file.unlink()
        (tmp_path / "out").rmdir()
    assert refused > 0


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (8192, 8192)])
def test_smallest_and_largest_pictures(size: tuple[int, int], tmp_path: Path, call: Call) -> None:
    source = tmp_path / "in.png"
    assert cv2.imwrite(str(source), np.full((size[1], size[0], 3), 90, np.uint8))
    done = call("render", source, tmp_path / "out.png", *FAST)
    assert done.code == 0
    assert "No face was found" in done.err
    after = cv2.imread(str(tmp_path / "out.png"))
    assert after is not None
    assert after.shape == (size[1], size[0], 3)
    assert (after == 90).all()


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path: Path, call: Call) -> None:
    source = tmp_path / "in.png"
    assert cv2.imwrite(str(source), np.zeros((4, 4, 3), np.uint8))
    data = bytearray(source.read_bytes())
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    source.write_bytes(bytes(data))
    done = call("render", source, tmp_path / "out.png", *FAST)
    assert done.code == 2
    assert "100000x100000" in done.err
    assert left_in(tmp_path) == ["in.png"]


def test_pictures_of_a_sequence_must_be_alike_and_complete(tmp_path: Path, portrait: Portrait, call: Call) -> None:
    for number, scale in ((1, 1), (2, 1), (3, 2)):
        picture = placed(portrait, (80 * scale, 60 * scale), scale=0.2)
        assert cv2.imwrite(str(tmp_path / f"s.{number}.png"), np.ascontiguousarray(picture[..., ::-1]))
    done = call("render", tmp_path / "s.%d.png", tmp_path / "o.mkv", *FAST)
    assert done.code == 2
    assert "s.3.png" in done.err
    (tmp_path / "s.2.png").unlink()
    done = call("render", tmp_path / "s.%d.png", tmp_path / "o.mkv", *FAST)
    assert done.code == 2
    assert "missing" in done.err
    assert left_in(tmp_path) == ["s.1.png", "s.3.png"]


def test_names_with_odd_signs(tmp_path: Path, portrait: Portrait, call: Call) -> None:
    folder = tmp_path / "Szene [bold]é 50% 🎬"
    folder.mkdir()
    source = write_clip(folder / "take [1].mkv", moving(portrait, 2))
    done = call("render", source, folder / "aged [1].mkv", *FAST)
    assert done.code == 0
    assert str(folder / "aged [1].mkv") in done.out
    assert call("inspect", folder / "none [red].mkv").err.count("none [red].mkv") == 1
