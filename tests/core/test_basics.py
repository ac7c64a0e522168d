"""Hashing, background work, frames and the consent record."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import (
    PlayingAgeError,
    SettingError,
    WriteBehind,
    canonical_json,
    prefetch,
    sha256_bytes,
    sha256_file,
)
from playingage.frames import Colour, Frame, from_view, to_view
from playingage.rights import ConsentStatement, record_statement

_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_hash_of_file_and_bytes(tmp_path: Path) -> None:
    file = tmp_path / "plate.bin"
    file.write_bytes(b"abc")
    assert sha256_file(file) == sha256_bytes(b"abc") == _ABC


def test_canonical_json_knows_one_spelling() -> None:
    assert canonical_json({"b": 1, "a": "ä"}) == '{"a":"ä","b":1}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_prefetch_keeps_order_and_passes_errors_on() -> None:
    def numbers() -> Iterator[int]:
        yield from range(50)
        raise SettingError("the end is bad")

    got = []
    with pytest.raises(SettingError, match="the end is bad"):
        for number in prefetch(numbers(), 3):
            got.append(number)
    assert got == list(range(50))


def test_prefetch_stops_its_thread_when_closed() -> None:
    before = threading.active_count()
    items = prefetch(iter(range(10**9)), 2)
    assert next(items) == 0
    items.close()
    assert threading.active_count() == before


def test_write_behind_raises_what_the_writer_raised() -> None:
    def write(item: int) -> None:
        if item == 3:
            raise OSError("full")

    writer = WriteBehind(write, 2)
    with pytest.raises(OSError, match="full"):
        for item in range(100):
            writer.put(item)
        writer.finish()
    writer.stop()


@pytest.mark.parametrize("transfer", ["bt709", "linear", "pq", "hlg"])
def test_views_invert(transfer: str) -> None:
    values = np.linspace(0.02, 0.9, 200, dtype=np.float32)[:, None, None].repeat(3, axis=2)
    assert np.allclose(from_view(to_view(values, transfer), transfer), values, atol=2e-4)
    assert (np.diff(to_view(values, transfer)[:, 0, 0]) > 0).all()


@given(st.floats(-4, 60, width=32))
def test_linear_view_inverts_beyond_white_and_below_black(value: float) -> None:
    pixel = np.full((1, 1, 3), value, np.float32)
    assert np.allclose(from_view(to_view(pixel, "linear"), "linear"), pixel, rtol=1e-3, atol=1e-5)


def test_frames_check_themselves() -> None:
    good = np.zeros((4, 6, 3), np.uint8)
    frame = Frame(pixels=good, number=12, rate=Fraction(24000, 1001))
    assert frame.seconds == Fraction(12 * 1001, 24000) and (frame.width, frame.height) == (6, 4)
    assert not frame.pixels.flags.writeable
    for bad in (np.zeros((4, 6), np.uint8), np.zeros((4, 6, 4), np.uint8), np.zeros((0, 6, 3), np.uint8)):
        with pytest.raises(ValueError, match="H x W x 3"):
            Frame(pixels=bad, number=0, rate=Fraction(24))
    with pytest.raises(ValueError, match="uint8, uint16"):
        Frame(pixels=good.astype(np.int64), number=0, rate=Fraction(24))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="negative"):
        Frame(pixels=good, number=-1, rate=Fraction(24))
    with pytest.raises(ValueError, match="frame rate"):
        Frame(pixels=good, number=0, rate=Fraction(0))
    with pytest.raises(ValueError, match="primaries"):
        Colour(primaries="red")


def statement(text: str) -> ConsentStatement:
    return ConsentStatement(
        statement=text, operator="op", stated="2026-11-20T10:00:00+00:00", what="render", source="a.mov",
        age=30, model="ab",
    )


def test_consent_is_recorded_in_a_chain(tmp_path: Path) -> None:
    file = tmp_path / "records" / "consent.jsonl"
    first = record_statement(statement("Ada Lovelace, self, 2026"), file)
    record_statement(statement("Ada Lovelace, self, again"), file)
    lines = file.read_bytes().splitlines()
    assert len(lines) == 2 and sha256_bytes(lines[0]) == first and first.encode() in lines[1]


def test_consent_wants_words_and_a_record(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="too little"):
        statement("yes")
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(PlayingAgeError, match="cannot be recorded"):
        record_statement(statement("Ada Lovelace, self"), blocked / "consent.jsonl")
