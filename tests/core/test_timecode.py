"""Timecode: text and back, drop-frame counting, order."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playingage.core import Timecode

RATES = [
    Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(48), Fraction(50),
    Fraction(60), Fraction(60000, 1001), Fraction(120),
]
DROP = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}


@st.composite
def timecodes(draw: st.DrawFn) -> Timecode:
    """Any timecode within 24 hours."""
    rate = draw(st.sampled_from(RATES))
    drop = draw(st.booleans()) if rate in DROP else False
    base = round(rate)
    day = base * 86400 - (DROP[rate] * (1440 - 144) if drop else 0)
    return Timecode(draw(st.integers(0, day - 1)), rate, drop)


@given(timecodes())
def test_text_and_back(timecode: Timecode) -> None:
    assert Timecode.parse(str(timecode), timecode.rate) == timecode


@given(timecodes(), st.integers(1, 20000))
def test_later_is_a_later_label_until_midnight(timecode: Timecode, more: int) -> None:
    later = timecode + more
    assert later.frame == timecode.frame + more
    plain = [str(t).replace(";", ":") for t in (timecode, later)]
    day = round(timecode.rate) * 86400 - (DROP[timecode.rate] * 1296 if timecode.drop else 0)
    if later.frame < day:
        assert plain[0] < plain[1] or len(plain[0]) != len(plain[1])


@given(timecodes())
def test_a_day_later_is_the_same_label(timecode: Timecode) -> None:
    day = round(timecode.rate) * 86400 - (DROP[timecode.rate] * 1296 if timecode.drop else 0)
    assert str(timecode + day) == str(timecode)


@given(st.sampled_from(list(DROP)), st.integers(0, 2_500_000))
def test_drop_frame_follows_the_clock(rate: Fraction, frame: int) -> None:
    """Labels stay near real time: one drop's labels (1/15 s) and the 86.4 ms a day that ST 12-1 leaves uncorrected."""
    text = str(Timecode(frame % (round(rate) * 86400 - DROP[rate] * 1296), rate, True)).replace(";", ":")
    hours, minutes, seconds, label = map(int, text.split(":"))
    said = hours * 3600 + minutes * 60 + seconds + Fraction(label, round(rate))
    real = frame % (round(rate) * 86400 - DROP[rate] * 1296) / rate
    assert abs(said - real) < Fraction(1, 15) + Fraction(88, 1000)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (0, "00:00:00;00"), (1799, "00:00:59;29"), (1800, "00:01:00;02"), (17981, "00:09:59;29"),
        (17982, "00:10:00;00"), (107892, "01:00:00;00"),
    ],
)
def test_labels_of_29_97_drop(frame: int, text: str) -> None:
    assert str(Timecode(frame, Fraction(30000, 1001), True)) == text


@pytest.mark.parametrize(
    "text", ["", "1:2:3:4", "24:00:00:00", "00:60:00:00", "00:00:00:24", "00:01:00;00", "00:00:00,00", "aa:bb:cc:dd"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"timecode|range|leaves out|needs"):
        Timecode.parse(text, Fraction(24))


def test_a_label_that_drop_frame_leaves_out_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves out"):
        Timecode.parse("00:01:00;01", Fraction(30000, 1001))
