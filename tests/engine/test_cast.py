"""Two people in one picture: each performer gets their own, nobody else gets anything."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from people import beside, embedding_of, stranger_of

from playingage.engine import Cast, Engine, Reason, Role, Session
from playingage.frames import Frame

Picture = NDArray[np.uint8]
HALF = 300


@pytest.fixture(scope="module")
def other(portrait: Picture) -> Picture:
    return stranger_of(portrait)


@pytest.fixture(scope="module")
def ada(engine: Engine, portrait: Picture) -> Role:
    return Role(engine=engine, performer="ada", name="Ada", identity=embedding_of(portrait)[None])


@pytest.fixture(scope="module")
def ben(engine: Engine, other: Picture) -> Role:
    # An engine of its own, as a performer's package has.
    own = Engine(engine.package, engine.device)
    return Role(engine=own, performer="ben", name="Ben", identity=embedding_of(other)[None], age=25.0, source_age=45.0)


def frames(picture: Picture, count: int) -> Iterator[Frame]:
    for number in range(count):
        yield Frame(pixels=np.roll(picture, number, axis=0), number=number, rate=Fraction(24))


def test_the_performer_is_re_aged_and_the_face_beside_stays_to_the_bit(
    ada: Role, portrait: Picture, other: Picture
) -> None:
    session = Session(Cast(roles=(ada,)))
    for frame in frames(beside(portrait, other), 9):
        done = session.process(frame, 75)
        assert np.array_equal(done.frame.pixels[:, HALF:], frame.pixels[:, HALF:])
        assert not done.matte[:, HALF:].any()
        if frame.number < 6:  # one look a frame: the second face of a shot comes softly
            continue
        notes = {face.name: face for face in done.faces}
        assert notes.keys() == {"Ada", ""}
        assert notes["Ada"].strength == 1 and notes["Ada"].target_age == 75
        assert notes[""].reasons == (Reason.UNKNOWN,) and notes[""].strength == 0 and notes[""].source_age is None
        changed = np.abs(done.frame.pixels[:, :HALF].astype(int) - frame.pixels[:, :HALF])
        assert changed.max() > 30 and (changed.max(axis=2) > 0).mean() > 0.1


def test_a_picture_without_the_performer_is_given_back(ada: Role, other: Picture) -> None:
    session = Session(Cast(roles=(ada,)))
    for frame in frames(beside(other, other), 6):
        done = session.process(frame, 75)
        assert len(done.faces) == 2 and not done.matte.any()
        assert np.array_equal(done.frame.pixels, frame.pixels)


def test_two_performers_get_their_own_wherever_they_are(
    ada: Role, ben: Role, portrait: Picture, other: Picture
) -> None:
    for left, right, swapped in ((portrait, other, False), (other, portrait, True)):
        both, one, two = (Session(Cast(roles=roles)) for roles in ((ada, ben), (ada,), (ben,)))
        for frame in frames(beside(left, right), 3):
            done, only_ada, only_ben = (session.process(frame, 75) for session in (both, one, two))
        targets = [(face.name, face.target_age) for face in sorted(done.faces, key=lambda face: face.box)]
        assert targets == ([("Ben", 25), ("Ada", 75)] if swapped else [("Ada", 75), ("Ben", 25)])
        first, second = (only_ben, only_ada) if swapped else (only_ada, only_ben)
        assert np.array_equal(done.frame.pixels[:, :HALF], first.frame.pixels[:, :HALF])
        assert np.array_equal(done.frame.pixels[:, HALF:], second.frame.pixels[:, HALF:])
        assert not np.array_equal(only_ada.frame.pixels, only_ben.frame.pixels)


def test_everybody_as_a_cast_is_what_the_engine_alone_is(engine: Engine, portrait: Picture, other: Picture) -> None:
    alone, cast = Session(engine), Session(Cast.everybody(engine))
    for frame in frames(beside(portrait, other), 3):
        first, second = alone.process(frame, 70), cast.process(frame, 70)
        assert np.array_equal(first.frame.pixels, second.frame.pixels)
        assert all(face.strength == 1 for face in second.faces) and len(second.faces) == 2


def test_one_who_takes_the_performers_place_is_left_alone_within_a_second(
    ada: Role, portrait: Picture, other: Picture
) -> None:
    """The face changes without a jump, a cut or a gap: the worst that a track can do."""
    session = Session(Cast(roles=(ada,)))
    known, strange = (np.ascontiguousarray(picture[10:350, 75:375]) for picture in (portrait, other))
    shown = [known] * 12 + [strange] * 36
    aged = []
    for number, picture in enumerate(shown):
        done = session.process(Frame(pixels=picture, number=number, rate=Fraction(24)), 75)
        aged.append(bool(done.matte.any()))
    assert all(aged[:12]) and not any(aged[12 + 30 :])
