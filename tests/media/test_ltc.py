"""Linear timecode: read at any speed, level and rate, both ways, through noise; never a label that was not there."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from media.ltc_signal import wave, word_of
from playingage.core import Timecode
from playingage.media.labels import LtcClock
from playingage.media.ltc import Codeword, LtcDecoder

RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30))
COUNT = 40


def labels_at(rate: Fraction, count: int = COUNT) -> list[Timecode]:
    """Labels over a minute, at which drop-frame leaves two out."""
    drop = rate == Fraction(30000, 1001)
    first = Timecode.parse(f"10:00:59{';' if drop else ':'}05", rate)
    return [first + n for n in range(count)]


def decode(
    signal: NDArray[np.float32], *, sample_rate: int = 48000, chunk: int = 1024, start: float = 100.0
) -> list[Codeword]:
    decoder, found = LtcDecoder(sample_rate), []
    for begin in range(0, len(signal), chunk):
        found += decoder.feed(signal[begin : begin + chunk], start + begin / sample_rate)
    return found


def text(word: Codeword) -> str:
    return f"{word.hours:02}:{word.minutes:02}:{word.seconds:02}{';' if word.drop else ':'}{word.frames:02}"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("speed", [0.125, 0.5, 1.0, 2.5, 4.0])
@pytest.mark.parametrize("backwards", [False, True])
def test_labels_are_read_at_any_speed_both_ways(rate: Fraction, speed: float, backwards: bool) -> None:
    labels = labels_at(rate)[:: -1 if backwards else 1]
    found = decode(wave(labels, speed=speed, backwards=backwards, noise=0.05, user=5))
    wanted = [str(label) for label in labels]
    assert set(map(text, found)) <= set(wanted)
    assert len(found) >= COUNT - 8
    assert all(word.backwards is backwards for word in found)
    period = 1 / float(rate) / speed
    for word in found:
        begin = 100 + wanted.index(text(word)) * period
        assert abs(word.start - begin) * 48000 < 4  # samples
        assert word.period == pytest.approx(period, rel=0.02)


@pytest.mark.parametrize(
    "how",
    [
        {"level": 0.0005, "noise": 0.05}, {"level": 1.0, "noise": 0.3}, {"level": 0.2, "offset": 0.3},
        {"rise": 150e-6, "noise": 0.1}, {"user": 15}, {"user": 0}, {"level": 30.0},
    ],
)
@pytest.mark.parametrize("sample_rate", [32000, 44100, 48000, 96000])
def test_labels_are_read_at_any_level_through_noise(how: dict[str, float], sample_rate: int) -> None:
    labels = labels_at(Fraction(25))
    found = decode(wave(labels, sample_rate=sample_rate, **how), sample_rate=sample_rate)  # type: ignore[arg-type]
    assert set(map(text, found)) <= set(map(str, labels))
    assert len(found) >= COUNT - 5


@pytest.mark.parametrize("chunk", [7, 160, 1920, 100000])
def test_the_size_of_the_blocks_does_not_matter(chunk: int) -> None:
    labels = labels_at(Fraction(30000, 1001))
    found = decode(wave(labels), chunk=chunk)
    read, wanted = [text(word) for word in found], [str(label) for label in labels]
    begin = wanted.index(read[0])
    assert read == wanted[begin : begin + len(read)]
    assert len(found) >= COUNT - 2


def test_the_speed_may_change_all_the_time() -> None:
    labels = labels_at(Fraction(25), 200)
    parts = [wave([label], speed=1 + 0.6 * np.sin(n / 15)) for n, label in enumerate(labels)]
    found = decode(np.concatenate(parts))
    assert set(map(text, found)) <= set(map(str, labels))
    assert len(found) > 190


def test_after_a_gap_or_a_jump_labels_are_read_again() -> None:
    first, second = labels_at(Fraction(25), 20), [Timecode.parse("20:00:00:00", Fraction(25)) + n for n in range(20)]
    silence = np.zeros(30000, np.float32)
    found = decode(np.concatenate([wave(first), silence, wave(second), wave(first)]))
    # The last label before silence has no end.
    assert [text(word) for word in found] == [str(label) for label in (*first[:-1], *second, *first[:-1])]
    decoder = LtcDecoder(48000)
    assert len(decoder.feed(wave(first), 5.0)) >= 18
    again = decoder.feed(wave(second), 900.0)
    assert again[0].start == pytest.approx(900.0, abs=1e-3)
    assert len(again) >= 18


@pytest.mark.parametrize("seed", range(4))
def test_noise_speech_and_music_are_no_labels(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = random.standard_normal(480000).astype(np.float32)
    smooth = np.convolve(noise, np.ones(20) / 20, "same").astype(np.float32)
    square = np.sign(np.sin(np.arange(480000) * 0.13)).astype(np.float32)
    for signal in (noise, smooth, square, np.zeros(480000, np.float32), np.full(480000, 0.5, np.float32)):
        assert decode(signal) == []


def test_half_drowned_labels_are_left_out_not_made_up() -> None:
    labels = labels_at(Fraction(25), 250)
    found = decode(wave(labels, noise=0.55))
    wanted = [str(label) for label in labels]
    for word in found:
        assert text(word) in wanted
        assert abs(word.start - 100 - wanted.index(text(word)) / 25) < 1e-3


def test_a_label_that_stands_alone_does_not_count() -> None:
    odd = [Timecode.parse(t, Fraction(25)) for t in ("01:00:00:00", "05:10:00:00", "09:00:20:00")]
    assert decode(wave(odd)) == []


def test_the_word_is_that_of_the_standard() -> None:
    bits = word_of(Timecode.parse("23:45:16;29", Fraction(30000, 1001)))
    assert "".join(map(str, bits[64:])) == "0011111111111101"
    assert bits[0:4] == [1, 0, 0, 1]
    assert bits[8:11] == [0, 1, 1]
    assert (bits[16:20], bits[24:27]) == ([0, 1, 1, 0], [1, 0, 0])
    assert (bits[32:36], bits[40:43]) == ([1, 0, 1, 0], [0, 0, 1])
    assert (bits[48:52], bits[56:58]) == ([1, 1, 0, 0], [0, 1])
    assert bits.count(0) % 2 == 0


@pytest.mark.parametrize("offset", [-0.45, -0.2, 0.0, 0.2, 0.45])
def test_pictures_between_codewords_keep_their_step(offset: float) -> None:
    """Pictures that stand up to half a frame off the codewords, and rounded times, get labels one after the other."""
    rate, random = Fraction(25), np.random.default_rng(3)
    labels = labels_at(rate, 200)
    clock = LtcClock(rate)
    clock.add(decode(wave(labels), start=0.0))
    found = [clock.at((n + offset) / 25 + random.uniform(-0.002, 0.002)) for n in range(4, 190)]
    assert all(a is not None and b == a + 1 for a, b in itertools.pairwise(found))
    first = found[0]
    assert first is not None
    assert abs(first.frame - labels[4].frame) <= 1


def test_a_tape_that_runs_backwards_or_slowly_gives_its_labels() -> None:
    rate = Fraction(25)
    labels = labels_at(rate)
    clock = LtcClock(rate)
    clock.add(decode(wave(labels[::-1], backwards=True), start=0.0))
    found = [clock.at(n / 25) for n in range(2, 36)]
    assert found == labels[::-1][2:36]
    slow = LtcClock(rate)
    slow.add(decode(wave(labels, speed=0.5), start=0.0))
    shown = [slow.at(n / 25 + 0.001) for n in range(10, 70)]
    assert [label.frame for label in shown if label] == [labels[0].frame + n // 2 for n in range(10, 70)]
