"""Names of numbered pictures, and what an address means."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import SettingError
from playingage.media import Kind, SequenceName, kind_of

LETTERS = st.text(string.ascii_letters + "._- ()é", max_size=12).filter(lambda t: not t.startswith("."))
SUFFIX = st.sampled_from([".png", ".exr", ".tif", "_v2.png"])


@given(prefix=LETTERS, digits=st.integers(1, 9), suffix=SUFFIX, number=st.integers(0, 10**10), hashes=st.booleans())
def test_a_name_gives_the_number_that_made_it(
    prefix: str, digits: int, suffix: str, number: int, hashes: bool
) -> None:
    field = "#" * digits if hashes else f"%0{digits}d"
    name = SequenceName.parse(f"shots/{prefix}{field}{suffix}")
    assert (name.folder, name.prefix, name.digits, name.suffix) == (Path("shots"), prefix, digits, suffix)
    path = name.path(number)
    assert path.parent == Path("shots")
    assert name.number(path.name) == number
    assert SequenceName.parse(str(name)) == name


@given(prefix=LETTERS, digits=st.integers(1, 6), text=st.text(string.digits + "abc", max_size=8))
def test_only_names_it_would_write_are_its_own(prefix: str, digits: int, text: str) -> None:
    name = SequenceName(Path("x"), prefix, digits, ".png")
    number = name.number(f"{prefix}{text}.png")
    assert (number is not None) == (text.isdigit() and name.path(int(text)).name == f"{prefix}{text}.png")


@given(st.text(string.printable, max_size=30))
def test_any_text_parses_or_is_refused_in_words(text: str) -> None:
    try:
        SequenceName.parse(text)
    except SettingError as error:
        assert error.do


@pytest.mark.parametrize("text", ["a.png", "a.%04d.%02d.png", "a.##.##.png", "a.%099d.png", "a.%00d.png"])
def test_names_without_one_number_are_refused(text: str) -> None:
    with pytest.raises(SettingError):
        SequenceName.parse(text)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("a.mp4", Kind.CLIP), ("a.PNG", Kind.PICTURE), ("a.%04d.exr", Kind.SEQUENCE), ("a.####.dpx", Kind.SEQUENCE),
        ("/dev/video0", Kind.DEVICE), ("/dev/video12?size=1280x720", Kind.DEVICE), ("rtsp://h/x", Kind.STREAM),
        ("udp://@:1234", Kind.STREAM), ("HTTPS://h/x.mp4", Kind.STREAM), ("pattern:", Kind.PATTERN), (".", Kind.FOLDER),
        ("100%.mp4", Kind.CLIP), ("scene#1.mov", Kind.CLIP),
    ],
)
def test_addresses(address: str, kind: Kind) -> None:
    assert kind_of(address) is kind
