"""The operator's word on who a face is: it holds, it is learnt from, and it can be taken back."""

import threading

import numpy as np
import pytest
from scenes import ADA, BEN, STRANGER, Scene, face, off, unit

from playingage.core import SettingError
from playingage.engine import Engine, Part, Session
from playingage.engine.pins import Pins, teaches

WIGGED = off(ADA, 0.75, 7)
"""Ada in a wig and beard, whom no embedding tells: as far away as a stranger."""
DOUBLE = off(ADA, 0.35, 8)
"""Somebody else, who is taken for Ada."""
OTHER = off(ADA, 0.75, 11)


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)




def test_a_pin_acts_in_the_next_frame_and_comes_in_softly(scene: Scene) -> None:
    scene.told.who = {0: WIGGED}
    assert scene.show(face(), frames=24) == (Part(None, 0.0),)
    scene.recogniser.pin(1, 0)
    first, *later = [parts[0] for parts in scene.run([face()], 12)]
    assert first.role == 0 and first.pinned and 0 < first.strength < 0.3
    assert later[-1] == Part(0, 1.0, pinned=True)
    assert later[-1].likeness is not None and later[-1].likeness < 0.1, "learnt"


def test_who_was_pinned_is_known_after_leaving_and_coming_back_as_another_track(scene: Scene) -> None:
    scene.told.who = {0: WIGGED, 1: STRANGER, 2: OTHER}
    scene.show(face(0))
    scene.recogniser.pin(1, 0)
    scene.show(face(0), frames=24)
    scene.show(frames=200)
    scene.told.who = {0: OTHER, 1: STRANGER, 2: WIGGED}
    for _ in range(3):
        parts = scene.show(face(0, id=7), face(1, id=8), face(2, id=9))
    assert [part.role for part in parts] == [None, None, 0], "by what was learnt, not by the place"
    assert [part.pinned for part in parts] == [False, False, True]


def test_a_pin_holds_where_the_face_turns_away_and_blurs(scene: Scene) -> None:
    scene.told.who = {0: WIGGED}
    scene.show(face())
    scene.recogniser.pin(1, 0)
    scene.show(face(), frames=24)
    scene.told.who = {0: STRANGER}
    assert scene.show(face(yaw=65), frames=96) == (Part(0, 1.0, pinned=True),), "not looked at"
    scene.told.who = {0: off(WIGGED, 0.55, 9)}
    assert scene.show(face(yaw=40), frames=96) == (Part(0, 1.0, pinned=True),)


def test_a_pinned_face_that_was_never_seen_well_is_lost_with_its_track(scene: Scene) -> None:
    scene.told.who = {0: WIGGED}
    scene.show(face(yaw=65))
    scene.recogniser.pin(1, 0)
    assert scene.show(face(yaw=65), frames=48) == (Part(0, 1.0, pinned=True),)
    scene.show(frames=4)
    assert {parts[0] for parts in scene.run([face()], 24)} == {Part(None, 0.0)}


def test_a_pinned_track_that_passes_to_another_person_is_let_go(scene: Scene) -> None:
    scene.told.who = {0: WIGGED}
    scene.show(face())
    scene.recogniser.pin(1, 0)
    scene.show(face(), frames=24)
    scene.told.who = {0: OTHER}
    gone = [parts[0] for parts in scene.run([face()], 30)]
    assert gone[-1] == Part(None, 0.0)
    scene.told.who = {0: WIGGED}
    assert scene.show(face(), frames=20)[0] == Part(0, 1.0, pinned=True)


def test_two_tracks_come_out_of_a_crossing_swapped(scene: Scene) -> None:
    scene.told.who = {0: WIGGED, 1: OTHER}
    scene.show(face(0), face(1))
    scene.recogniser.pin(1, 0)
    scene.show(face(0), face(1), frames=24)
    scene.show(face(0, confidence=0.0), face(1), frames=4)
    scene.told.who = {0: OTHER, 1: WIGGED}
    for _ in range(40):
        parts = scene.show(face(0), face(1))
    assert [part.role for part in parts] == [None, 0]
    assert [part.pinned for part in parts] == [False, True]


def test_nobody_is_a_word_too_and_outlives_the_track(scene: Scene) -> None:
    scene.told.who = {0: DOUBLE}
    assert scene.show(face(), frames=6) == (Part(0, 1.0),)
    scene.recogniser.pin(1, None)
    assert {parts[0] for parts in scene.run([face()], 60)} == {Part(None, 0.0, pinned=True)}
    scene.show(frames=200)
    scene.told.who = {0: off(DOUBLE, 0.2, 20), 1: off(ADA, 0.25, 21)}
    for _ in range(24):
        parts = scene.show(face(0, id=5), face(1, id=6))
    assert parts == (Part(None, 0.0, pinned=True), Part(0, 1.0)), "Ada herself is still known"


def test_between_the_performer_and_one_who_is_not_them_is_nobody(scene: Scene) -> None:
    scene.told.who = {0: DOUBLE}
    scene.show(face())
    scene.recogniser.pin(1, None)
    scene.show(face(), frames=24)
    scene.show(frames=200)
    scene.told.who = {0: np.asarray((ADA + DOUBLE) / 2, np.float32)}
    assert {parts[0].role for parts in scene.run([face(id=5)], 48)} == {None}


def test_a_pin_takes_the_role_off_another_face_which_is_then_known_not_to_be_them(scene: Scene) -> None:
    scene.told.who = {0: DOUBLE, 1: WIGGED}
    assert [part.role for part in scene.show(face(0), face(1), frames=12)] == [0, None]
    scene.recogniser.pin(2, 0)
    seen = scene.run([face(0), face(1)], 48)
    assert {tuple(part.role for part in parts) for parts in seen} == {(None, 0)}
    scene.show(frames=200)
    scene.told.who = {0: DOUBLE, 1: WIGGED}
    seen = scene.run([face(0, id=5), face(1, id=6)], 48)
    assert [part.role for part in seen[-1]] == [None, 0]
    assert {parts[0].role for parts in seen} == {None}


def test_a_wrong_pin_is_corrected_with_all_that_it_taught(scene: Scene) -> None:
    scene.told.who = {0: WIGGED, 1: off(BEN, 0.1)}
    scene.show(face(0), face(1))
    scene.recogniser.pin(1, 1)
    scene.show(face(0), face(1), frames=24)
    scene.recogniser.pin(1, 0)
    parts = scene.show(face(0), face(1), frames=48)
    assert [part.role for part in parts] == [0, 1], "Ben is himself again"
    scene.show(frames=200)
    parts = scene.run([face(0, id=5), face(1, id=6)], 24)[-1]
    assert [part.role for part in parts] == [0, 1]
    assert [part.pinned for part in parts] == [True, False]


def test_a_pin_that_is_taken_back_leaves_nothing(scene: Scene) -> None:
    scene.told.who = {0: WIGGED, 1: DOUBLE}
    scene.show(face(0), face(1), frames=6)
    scene.recogniser.pin(1, 0)
    scene.show(face(0), face(1), frames=24)
    scene.recogniser.unpin(1)
    assert scene.show(face(0), face(1), frames=24)[0] == Part(None, 0.0)
    scene.show(frames=200)
    assert {parts[0] for parts in scene.run([face(id=5)], 24)} == {Part(None, 0.0)}


def test_who_is_known_stays_known_when_a_pin_is_taken_back(scene: Scene) -> None:
    scene.told.who = {0: off(ADA, 0.2)}
    scene.show(face(), frames=12)
    scene.recogniser.pin(1, 0)
    scene.show(face(), frames=12)
    scene.recogniser.unpin(1)
    assert {parts[0] for parts in scene.run([face()], 24)} == {Part(0, 1.0)}


def test_a_word_on_a_face_that_is_gone_is_let_be(scene: Scene) -> None:
    scene.recogniser.pin(77, 0)
    scene.recogniser.unpin(78)
    scene.told.who = {0: STRANGER}
    assert scene.show(face(), frames=3) == (Part(None, 0.0),)
    with pytest.raises(ValueError, match="no role 5"):
        scene.recogniser.pin(1, 5)


def test_pins_from_another_thread(scene: Scene) -> None:
    scene.told.who = {0: WIGGED, 1: STRANGER}
    scene.show(face(0), face(1))
    stop = threading.Event()

    def operator() -> None:
        while not stop.wait(0.0005):
            for role in (0, 1, None):
                scene.recogniser.pin(1, role)
            scene.recogniser.unpin(1)

    thread = threading.Thread(target=operator)
    thread.start()
    for _ in range(50):
        scene.show(face(0), face(1))
    stop.set()
    thread.join()
    scene.recogniser.pin(1, 1)
    assert scene.show(face(0), face(1), frames=12) == (Part(1, 1.0, pinned=True), Part(None, 0.0))


def test_few_samples_are_kept_and_only_of_faces_that_show_well() -> None:
    pins = Pins(2)
    ada = pins.tell(0)
    for axis in range(40):
        ada.learn(off(ADA, 0.3, axis + 20))
        ada.learn(off(ADA, 0.3, axis + 20))
    assert len(ada.samples) == 12
    assert np.isinf(pins.near(ADA)[1]) and np.isinf(pins.against(ADA)[0]) and np.isfinite(pins.against(ADA)[1])
    for _ in range(100):
        pins.tell(None).learn(unit(3))
    assert np.isinf(pins.near(ADA)).all(), "the oldest is forgotten first"
    assert teaches(face()) and not teaches(face(size=50)) and not teaches(face(confidence=0.7))


def test_a_session_says_what_cannot_be_pinned(engine: Engine) -> None:
    with pytest.raises(SettingError, match="everybody is re-aged"):
        Session(engine).pin(1, None)


