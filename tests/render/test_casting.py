"""Who is who in stored footage: whole tracks, both ways."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from people import beside, embedding_of, stranger_of

from playingage.engine import Cast, Engine, Role
from playingage.render import RenderSettings, recognise, render
from render.test_shots import Kept, Listed

Picture = NDArray[np.uint8]
HALF = 300


@pytest.fixture(scope="module")
def other(portrait: Picture) -> Picture:
    return stranger_of(portrait)


@pytest.fixture(scope="module")
def ada(engine: Engine, portrait: Picture) -> Cast:
    role = Role(engine=engine, performer="ada", name="Ada", identity=embedding_of(portrait)[None], grant="f" * 64)
    return Cast(roles=(role,))


def blurred(picture: Picture, amount: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), amount), np.uint8)


def aged(pictures: Sequence[NDArray[Any]], cast: Cast) -> list[bool]:
    """Which frames are touched, where nothing outside the matte may be."""
    sink, mattes = Kept(), Kept()
    render(Listed(pictures), sink, recognise(Listed(pictures), cast), RenderSettings(age=75), matte=mattes)
    for before, after, matte in zip(pictures, sink.frames, mattes.frames, strict=True):
        outside = matte.pixels[..., 0] == 0
        assert np.array_equal(before[outside], after.pixels[outside])
    return [bool(frame.pixels.any()) for frame in mattes.frames]


def test_first_frames_in_which_nobody_could_tell_are_the_performers_too(ada: Cast, portrait: Picture) -> None:
    one = beside(portrait)
    pictures = [blurred(one, max(0.01, 4 - 0.3 * n)) for n in range(30)]
    assert all(aged(pictures, ada))


def test_a_stranger_stays_as_they_are_in_every_frame(ada: Cast, portrait: Picture, other: Picture) -> None:
    pictures = [np.roll(beside(portrait, other), n, axis=0) for n in range(8)]
    sink = Kept()
    casting = recognise(Listed(pictures), ada)
    report = render(Listed(pictures), sink, casting, RenderSettings(age=75))
    for before, frame in zip(pictures, sink.frames, strict=True):
        assert np.array_equal(before[:, HALF:], frame.pixels[:, HALF:])
        assert not np.array_equal(before[:, :HALF], frame.pixels[:, :HALF])
    assert (report.faces, report.others, report.faded["unknown"], report.frames_aged) == (1, 1, 8, 8)
    assert report.performers == ({
        "performer": "ada", "name": "Ada", "model": "default-256", "model_sha256": report.model_sha256,
        "grant": "f" * 64, "age": 75, "frames": 8,
    },)


def test_where_a_track_passes_to_another_person_the_change_ends(ada: Cast, portrait: Picture, other: Picture) -> None:
    pictures = [beside(portrait)] * 20 + [beside(other)] * 20
    touched = aged(pictures, ada)
    assert all(touched[:17]) and not any(touched[20:])
    touched = aged(pictures[::-1], ada)
    assert not any(touched[:20]) and all(touched[23:])


def test_a_performer_who_is_twice_in_the_picture_is_one_of_the_two(ada: Cast, portrait: Picture) -> None:
    pictures = [beside(portrait, blurred(portrait, 2))] * 10
    casting = recognise(Listed(pictures), ada)
    assert casting.faces == 2 and len(casting.spans) == 1
    sink = Kept()
    render(Listed(pictures), sink, casting, RenderSettings(age=75))
    assert all(np.array_equal(before[:, HALF:], frame.pixels[:, HALF:])
               for before, frame in zip(pictures, sink.frames, strict=True))


def test_progress_is_told_and_the_same_again_is_the_same(ada: Cast, portrait: Picture, other: Picture) -> None:
    pictures, told = [beside(portrait, other)] * 6, list[int]()
    first = recognise(Listed(pictures), ada, told.append)
    second = recognise(Listed(pictures), ada)
    assert told == [1, 2, 3, 4, 5, 6]
    assert first.spans == second.spans and first.embeddings == second.embeddings == 6
