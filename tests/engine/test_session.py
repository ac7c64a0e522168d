"""A run of frames as live sees them: nothing steps."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from playingage.engine import Cast, Engine, Role, Session
from playingage.faces import Face, FaceFinder, FaceIdentity
from playingage.frames import Frame
from playingage.models import default_package

RATE = Fraction(24)


def frames(portrait: NDArray[np.uint8], count: int) -> list[Frame]:
    return [Frame(pixels=np.ascontiguousarray(portrait[:320, 60:380]), number=n, rate=RATE) for n in range(count)]


def test_an_age_that_is_read_anew_comes_without_a_step(engine: Engine, portrait: NDArray[np.uint8]) -> None:
    class Wandering(Engine):
        """Reads 30 off the first face, 60 off all later ones."""

        count = 0

        def apparent_age(self, frame: Frame, face: Face) -> float:
            self.count += 1
            return 30.0 if self.count == 1 else 60.0

    session = Session(Wandering(engine.package, engine.device))
    ages = [session.look(frame).ages[0] or 0.0 for frame in frames(portrait, 30)]
    assert ages[0] == 30 and 33 < ages[-1] < 36
    assert min(np.diff(ages)) >= 0 and max(np.diff(ages)) < 0.2


def test_another_size_begins_anew(engine: Engine, portrait: NDArray[np.uint8]) -> None:
    """A camera that comes back in another mode leaves no faces behind where they were in the old picture."""
    session = Session(engine)
    whole = frames(portrait, 3)
    for frame in whole[:2]:
        before = session.process(frame, 30.0)
    small = np.ascontiguousarray(portrait[:320:2, 60:380:2])
    after = session.process(Frame(pixels=small, number=2, rate=whole[0].rate), 30.0)
    assert len(after.faces) == len(before.faces) == 1
    assert after.faces[0].id != before.faces[0].id
    assert after.frame.pixels.shape == small.shape
    assert after.faces[0].box[2] <= small.shape[1]


def test_what_was_looked_at_is_what_is_done(engine: Engine, portrait: NDArray[np.uint8]) -> None:
    session = Session(engine)
    looked = [session.look(frame) for frame in frames(portrait, 3)]
    done = session.reage(looked[0], 70)
    assert done.faces[0].source_age == looked[0].ages[0] and done.frame.number == 0


def test_who_turns_out_to_be_another_performer_is_aged_as_they_are_at_once(
    engine: Engine, portrait: NDArray[np.uint8]
) -> None:
    """The package of one performer is small and that of the other large: nothing goes along from one to the other."""
    large = Engine(default_package(512), engine.device)
    face = FaceFinder(engine.device).find(portrait)[0]
    known = FaceIdentity(engine.device).embed(portrait, face.landmarks)[None]
    cast = Cast(roles=(
        Role(engine=engine, performer="ada", name="Ada", identity=known),
        Role(engine=large, performer="ben", name="Ben", identity=known + 5),
    ))
    frame, session, fresh = frames(portrait, 1)[0], Session(cast), Session(cast)
    looked = session.look(frame)
    assert [plan is not None and plan.role for plan in looked.plans] == [0]
    corrected = replace(looked, plans=tuple(plan and replace(plan, role=1) for plan in looked.plans))
    session.reage(looked, 75)
    assert np.array_equal(session.reage(corrected, 75).frame.pixels, fresh.reage(corrected, 75).frame.pixels)
