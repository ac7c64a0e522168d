"""What is left alone or done in part, and that it is said."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.core import SettingError
from playingage.engine import AgeBook, AgeRequest, Engine, Reager, Reason, Session, SessionSettings
from playingage.engine.borders import outcome_of
from playingage.faces import Face
from playingage.faces.face import Pose
from playingage.frames import Frame

Portrait = NDArray[np.uint8]


def face_of(*, yaw: float = 0, size: float = 100, strength: float = 1.0) -> Face:
    points = np.random.default_rng(0).uniform(0, size, (478, 3)).astype(np.float32)
    points[:2, 0] = 0, size
    return Face(id=7, landmarks=points, pose=Pose(yaw=yaw, pitch=0, roll=0), confidence=1, strength=strength)


def altered(engine: Engine, **spec: object) -> Engine:
    """The engine with another word of its package on what it knows."""
    package = replace(engine.package, spec=replace(engine.package.spec, **spec))  # type: ignore[arg-type]
    return Engine(package, engine.device)


@pytest.fixture(scope="module")
def sees_children(engine: Engine) -> Engine:
    return altered(engine, child_below=150.0)


@pytest.fixture
def frame(portrait: Portrait) -> Frame:
    return Frame(pixels=portrait, number=0, rate=Fraction(24))


@pytest.mark.parametrize(
    ("face", "taken", "reasons"),
    [
        (face_of(), (1, 1), ()),
        (face_of(yaw=60, strength=0.56), (0.56, 0.56), (Reason.POSE,)),
        (face_of(yaw=80, strength=0.0), (0, 0), (Reason.POSE,)),
        (face_of(size=24), (0.4, 0.6), (Reason.SIZE,)),
        (face_of(size=12), (0, 0), (Reason.SIZE,)),
        (face_of(strength=0.3), (0.3, 0.3), (Reason.UNSURE,)),
        (face_of(yaw=-80, size=10, strength=0.0), (0, 0), (Reason.POSE, Reason.SIZE)),
    ],
)
def test_reasons(face: Face, taken: tuple[float, float], reasons: tuple[Reason, ...]) -> None:
    outcome = outcome_of(face)
    assert outcome.face == 7 and outcome.reasons == reasons
    assert taken[0] <= outcome.taken <= taken[1]


def test_a_child_gets_nothing_whatever_else_holds() -> None:
    assert outcome_of(face_of(), (Reason.CHILD,)).taken == 0
    assert outcome_of(face_of(yaw=60, strength=0.56), (Reason.CHILD,)).reasons == (Reason.CHILD, Reason.POSE)
    assert outcome_of(face_of(), (Reason.AGES,)).taken == 1


def test_the_engine_says_what_each_face_got(engine: Engine, frame: Frame, portrait: Portrait) -> None:
    face = Reager(engine).find(portrait)[0]
    small = replace(face, id=3, landmarks=face.landmarks * np.float32(0.12))
    requests = [AgeRequest(face=each, source_age=42, target_age=75) for each in (small, face)]
    done = engine.apply(frame, requests)
    assert [(each.face, each.reasons) for each in done.outcomes] == [(3, (Reason.SIZE,)), (0, ())]
    assert engine.apply(frame, requests[:1]).outcomes[0].taken == 0
    assert np.array_equal(engine.apply(frame, requests[:1]).frame.pixels, portrait)


def test_a_face_that_reads_as_a_child_is_left_as_it_is(sees_children: Engine, frame: Frame, portrait: Portrait) -> None:
    result = Session(sees_children).process(frame, 70)
    assert np.array_equal(result.frame.pixels, portrait) and not result.matte.any()
    assert result.faces[0].reasons == (Reason.CHILD,) and result.faces[0].strength == 0
    with pytest.warns(UserWarning, match="reads as a child"):
        out = Reager(sees_children)(portrait, age=70)
    assert np.array_equal(out, portrait)


def test_a_stated_age_overrules_what_is_read(sees_children: Engine, frame: Frame, portrait: Portrait) -> None:
    result = Session(sees_children, SessionSettings(source_age=42)).process(frame, 70)
    assert result.faces[0].reasons == () and result.matte.max() > 0.5
    assert (Reager(sees_children)(portrait, age=70, source_age=42) != portrait).any()


def test_an_age_that_reads_beyond_the_model_is_taken_as_the_nearest_and_said(engine: Engine, frame: Frame) -> None:
    knows = altered(engine, ages=(70.0, 85.0))
    face = Reager(engine).find(np.asarray(frame.pixels, np.uint8))[0]
    book = AgeBook(knows)
    book.observe(frame, face)
    assert book.age_of(face) == 70 and book.reasons_of(face) == (Reason.AGES,)
    assert AgeBook(knows, 80).reasons_of(face) == ()


@pytest.mark.parametrize("age", [17.9, 8, 0, -4])
def test_a_child_s_age_is_refused(engine: Engine, frame: Frame, portrait: Portrait, age: float) -> None:
    reager = Reager(engine)
    ages = np.full(portrait.shape[:2], 40, np.float32)
    ages[5, 5] = age
    request = AgeRequest(face=reager.find(portrait)[0], source_age=age, target_age=40)
    for call in (
        lambda: reager(portrait, age=40, source_age=age), lambda: reager(portrait, age=40, source_age=ages),
        lambda: engine.apply(frame, [request]), lambda: Session(engine, SessionSettings(source_age=age)),
    ):
        with pytest.raises(SettingError, match="children are out of range"):
            call()
