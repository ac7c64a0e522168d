"""The operator's word in a live picture: NASA's astronaut, and the stranger that a lens makes of her."""

import statistics
import time
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from people import beside, stranger_of
from scenes import unit

from playingage.core import SettingError
from playingage.engine import Cast, Engine, Role, Session, SessionResult
from playingage.frames import Frame

Picture = NDArray[np.uint8]
HALF = 300


class Shoot:
    """A session of one performer whom nobody would recognise, frame by frame."""

    def __init__(self, engine: Engine) -> None:
        unknown = Role(engine=engine, performer="ada", name="Ada", identity=unit(0, 1.4)[None])
        self.session = Session(Cast(roles=(unknown,)))
        self._number = 0

    def show(self, picture: Picture, frames: int = 1) -> SessionResult:
        for _ in range(frames):
            shown = np.roll(picture, self._number % 3, axis=0)
            done = self.session.process(Frame(pixels=shown, number=self._number, rate=Fraction(24)), 75)
            self._number += 1
        return done


@pytest.fixture(scope="module")
def other(portrait: Picture) -> Picture:
    return stranger_of(portrait)


def touched(done: SessionResult) -> tuple[bool, bool]:
    """Whether the left and the right half were changed."""
    return bool(done.matte[:, :HALF].any()), bool(done.matte[:, HALF:].any())


def id_at(done: SessionResult, *, right: bool) -> int:
    return next(face.id for face in done.faces if (face.box[0] > HALF) is right)


def test_who_is_pinned_is_re_aged_and_found_again_on_the_other_side(
    engine: Engine, portrait: Picture, other: Picture
) -> None:
    shoot = Shoot(engine)
    here, swapped = beside(portrait, other), beside(other, portrait)
    before = shoot.show(here, 8)
    assert touched(before) == (False, False)
    shoot.session.pin(id_at(before, right=False), "ada")
    done = shoot.show(here, 8)
    assert touched(done) == (True, False)
    ada, stranger = sorted(done.faces, key=lambda face: face.box)
    assert (ada.name, ada.performer, ada.pinned, ada.target_age) == ("Ada", "ada", True, 75)
    assert ada.likeness is not None and ada.likeness < 0.2
    assert (stranger.performer, stranger.pinned, stranger.strength) == ("", False, 0)
    assert stranger.likeness is not None and stranger.likeness > 0.5
    shoot.show(np.full_like(here, 90), 50)
    done = shoot.show(swapped, 4)
    assert touched(done) == (False, True)
    assert np.array_equal(done.frame.pixels[:, :HALF], np.roll(swapped, (8 + 8 + 50 + 3) % 3, axis=0)[:, :HALF])


def test_nobody_is_left_alone_until_that_is_taken_back(engine: Engine, portrait: Picture, other: Picture) -> None:
    shoot = Shoot(engine)
    picture = beside(portrait, other)
    left = id_at(shoot.show(picture, 2), right=False)
    shoot.session.pin(left, "ada")
    assert touched(shoot.show(picture, 8)) == (True, False)
    shoot.session.pin(left, None)
    done = shoot.show(picture, 24)
    assert touched(done) == (False, False)
    assert {face.pinned for face in done.faces} == {True, False}
    shoot.session.unpin(left)
    assert {face.pinned for face in shoot.show(picture).faces} == {False}


def test_what_cannot_be_said_is_refused(engine: Engine, portrait: Picture) -> None:
    shoot = Shoot(engine)
    with pytest.raises(SettingError, match="no face 1 in the picture"):
        shoot.session.pin(1, "ada")
    face = shoot.show(portrait).faces[0].id
    with pytest.raises(SettingError, match="'ben' is not in the cast"):
        shoot.session.pin(face, "ben")
    with pytest.raises(SettingError, match="no face 99"):
        shoot.session.unpin(99)


def test_what_a_pin_costs(engine: Engine, portrait: Picture, other: Picture) -> None:
    """A pinned face is looked at more often at first; a frame's look stays within a few milliseconds of before."""
    picture = beside(portrait, other)
    shoot = Shoot(engine)
    left = id_at(shoot.show(picture, 30), right=False)

    def look() -> float:
        taken = []
        for number in range(1000, 1060):
            begun = time.thread_time()
            shoot.session.look(Frame(pixels=picture, number=number, rate=Fraction(24)))
            taken.append(time.thread_time() - begun)
        return statistics.median(taken)

    before = look()
    shoot.session.pin(left, "ada")
    assert look() < before + 0.004
