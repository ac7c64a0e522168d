"""Files that are broken, cut off or hostile: a clear error, never a silent gap, never a hang."""

import random
import struct
import threading
import zlib
from pathlib import Path

import pytest

from media.clips import frames_of, info_of, make_clip
from playingage.core import SettingError, UnreadableError
from playingage.media import open_sink, open_source

COUNT = 24


def spoil(path: Path, start: float, size: int) -> None:
    """Overwrite `size` bytes with zeros from `start` (share of the length), as a bad block of a disk would."""
    data = bytearray(path.read_bytes())
    place = int(len(data) * start)
    data[place : place + size] = bytes(len(data[place : place + size]))
    path.write_bytes(data)


def read_all(path: Path) -> int:
    """Frames read before the error, which is raised with that number as its note."""
    count = 0
    with open_source(str(path)) as source:
        try:
            for frame in source:
                assert frame.number == count
                count += 1
        except UnreadableError as error:
            assert f": frame {count} cannot be decoded" in error.what
            assert source.read() is None
            raise
    return count


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_damage_in_the_middle_is_an_error_that_names_the_frame(tmp_path: Path, name: str, encoder: str) -> None:
    path = make_clip(tmp_path / name, encoder, count=COUNT, size=(128, 96), noise=True)
    assert read_all(path) == COUNT
    spoil(path, 0.5, 12000)
    with pytest.raises(UnreadableError, match=str(path)):
        read_all(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_clip_that_is_cut_off_is_an_error(tmp_path: Path, share: float) -> None:
    path = make_clip(tmp_path / "a.mp4", count=COUNT, size=(128, 96), noise=True, muxing={"movflags": "+faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError, match=str(path)):
        read_all(path)


def test_a_clip_without_its_index_is_unreadable(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=COUNT, noise=True)
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(UnreadableError, match="read"):
        open_source(str(path))


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_picture_that_is_cut_off_is_unreadable(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a.{suffix}"
    with open_sink(path, info_of(1, size=(256, 256))) as sink:
        sink.write(frames_of(1, size=(256, 256))[0])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableError, match=str(path)):
        open_source(str(path))


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims its size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(16385, 8), (8, 16385), (16384, 16384), (2**31 - 1, 2**31 - 1)])
def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(width, height))
    with pytest.raises(UnreadableError, match="larger than"):
        open_source(str(path))


def test_one_pixel_and_a_wide_picture(tmp_path: Path) -> None:
    for size in ((1, 1), (8192, 64), (1, 300)):
        path = tmp_path / f"{size[0]}x{size[1]}.png"
        with open_sink(path, info_of(1, size=size)) as sink:
            sink.write(frames_of(1, size=size)[0])
        with open_source(str(path)) as source:
            frame = source.read()
        assert frame is not None
        assert (frame.width, frame.height) == size


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 3), (17, 1)])
@pytest.mark.parametrize("name", ["o.mp4", "o.mkv"])
def test_tiny_clips(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    with open_sink(tmp_path / name, info_of(2, size=size)) as sink:
        for frame in frames_of(2, size=size):
            sink.write(frame)
    with open_source(str(tmp_path / name)) as source:
        assert [(f.width, f.height) for f in source] == [size, size]


def test_a_playlist_on_disk_opens_no_address(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(UnreadableError):
        open_source(str(path))


def test_a_folder_without_pictures_and_one_with_two_sequences(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no numbered pictures"):
        open_source(str(tmp_path))
    for prefix in "ab":
        with open_sink(tmp_path / f"{prefix}.%04d.png", info_of(2)) as sink:
            for frame in frames_of(2):
                sink.write(frame)
    with pytest.raises(UnreadableError, match="several sequences"):
        open_source(str(tmp_path))


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with open_sink(tmp_path / "a.%04d.png", info_of(5)) as sink:
        for frame in frames_of(5):
            sink.write(frame)
    (tmp_path / "a.0003.png").unlink()
    with pytest.raises(UnreadableError, match=r"1 pictures are missing between 1 and 5, from 3 on"):
        open_source(str(tmp_path / "a.####.png"))


@pytest.mark.parametrize("other", ["size", "depth", "broken"])
def test_a_picture_that_differs_is_named(tmp_path: Path, other: str) -> None:
    with open_sink(tmp_path / "a.%04d.png", info_of(3)) as sink:
        for frame in frames_of(3):
            sink.write(frame)
    bad = tmp_path / "a.0002.png"
    size, bits = ((32, 32), 8) if other == "size" else ((64, 48), 16)
    with open_sink(bad, info_of(1, size=size, bits=bits), overwrite=True) as sink:
        sink.write(frames_of(1, size=size, bits=bits)[0])
    if other == "broken":
        bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    with open_source(str(tmp_path / "a.%04d.png")) as source:
        assert source.read() is not None
        with pytest.raises(UnreadableError, match=str(bad)):
            source.read()


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    import av
    import numpy as np

    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), "s16", "stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadableError, match="no video"):
        open_source(str(path))


@pytest.mark.parametrize("address", ["", "srt://x", "ndi://x", "pattern:0x0", "pattern:64x64@0", "pattern:?frames=x"])
def test_wrong_addresses_are_refused(address: str) -> None:
    with pytest.raises(SettingError) as caught:
        open_source(address)
    assert caught.value.do


def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    path = make_clip(tmp_path / "a.mp4")
    with open_source(str(path), realtime=True, loop=True) as source:
        source.read()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("name", "encoder", "form"),
    [
        ("a.mp4", "libx264", "yuv420p"), ("a.mov", "prores_aw", "yuv422p10le"), ("a.mkv", "ffv1", "gbrp16le"),
        ("a.ts", "libx265", "yuv420p10le"), ("a.avi", "mjpeg", "yuvj420p"), ("a.webm", "libvpx-vp9", "yuv420p"),
    ],
)
def test_random_damage_gives_frames_or_a_clear_error(tmp_path: Path, name: str, encoder: str, form: str) -> None:
    good = make_clip(tmp_path / name, encoder, form, count=3).read_bytes()
    draw = random.Random(name)
    path = tmp_path / f"bad{Path(name).suffix}"
    for _ in range(60):
        data = bytearray(good)
        reach = draw.choice((600, len(data)))
        for _ in range(draw.choice((1, 3, 30))):
            data[draw.randrange(min(len(data), reach))] = draw.randrange(256)
        path.write_bytes(data if draw.random() < 0.7 else data[: draw.randrange(len(data))])
        try:
            with open_source(str(path)) as source:
                for frame in source:
                    assert frame.pixels.shape == (source.info.height, source.info.width, 3)
        except UnreadableError as error:
            assert str(path) in error.what
