"""Who has which role when: with embeddings told beforehand."""

import numpy as np
import pytest
from scenes import ADA, BEN, BETWEEN, STRANGER, Scene, Vector, face, off

from playingage.core import SettingError
from playingage.engine import Cast, Engine, Part, Role
from playingage.engine.recognition import BACK, SURE, Break, Continuity


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)


def test_a_performer_is_there_in_the_first_frame(scene: Scene) -> None:
    scene.told.who = {0: off(BEN, SURE - 0.05)}
    assert scene.show(face()) == (Part(1, 1.0),)


def test_one_who_is_less_like_comes_softly_after_several_looks(scene: Scene) -> None:
    # Each look is off in another direction: their mean is nearer than any.
    scene.told.who = {0: [off(off(ADA, 0.3), 0.33, axis) for axis in range(20, 40)]}
    seen = [parts[0] for parts in scene.run([face()], 12)]
    assert [part.role for part in seen[:3]] == [None, None, 0]
    assert seen[2].strength < 0.5 and seen[-1].strength == 1
    assert max(np.diff([part.strength for part in seen])) < 0.3


@pytest.mark.parametrize("who", [STRANGER, off(ADA, SURE + 0.02), BETWEEN, off(BETWEEN, 0.1)])
def test_a_stranger_and_one_between_two_performers_get_nothing(scene: Scene, who: Vector) -> None:
    scene.told.who = {0: who}
    assert {parts[0] for parts in scene.run([face()], 120)} == {Part(None, 0.0)}
    assert 8 <= len(scene.told.looks) <= 20, "looks go on, but seldom"


def test_one_who_is_known_and_one_who_is_not_are_looked_at_in_a_frame(scene: Scene) -> None:
    scene.told.who = {0: ADA, 1: STRANGER, 2: BEN, 3: STRANGER}
    everybody = [face(place) for place in range(4)]
    before = 0
    for _ in range(240):
        scene.show(*everybody)
        assert len(scene.told.looks) - before <= 2
        before = len(scene.told.looks)
    assert 110 <= scene.told.looks.count(0) <= 130 and 110 <= scene.told.looks.count(2) <= 130, "in turn"
    assert scene.told.looks.count(1) <= 30 and scene.told.looks.count(3) <= 30, "strangers seldom"
    parts = scene.show(*everybody)
    assert [part.role for part in parts] == [0, None, 1, None]


def drift(scene: Scene, *distances: float) -> list[Part]:
    """The part at each of these looks."""
    seen = []
    for distance in distances:
        scene.told.who = {0: off(ADA, distance)}
        seen.append(scene.show(face())[0])
    return seen


def test_one_bad_look_takes_nothing_away_and_three_do(scene: Scene) -> None:
    drift(scene, *[0.2] * 12)
    assert set(drift(scene, 0.3, 0.4, 0.5, 0.55, 0.62, 0.55, 0.62, 0.62, 0.55)) == {Part(0, 1.0)}
    gone = drift(scene, 0.62, 0.62, 0.62, 0.62)
    assert gone == [Part(0, 1.0), Part(0, 1.0), Part(None, 0.0), Part(None, 0.0)]


def test_another_face_in_the_same_track_is_left_alone_in_the_same_frame(scene: Scene) -> None:
    scene.told.who = {0: off(ADA, 0.1)}
    scene.show(face(), frames=12)
    scene.told.who = {0: off(ADA, BACK + 0.08, 9)}
    assert {parts[0] for parts in scene.run([face()], 24)} == {Part(None, 0.0)}
    scene.told.who = {0: off(ADA, BACK - 0.01)}
    assert scene.show(face(), frames=14)[0].role == 0


def test_who_changes_but_is_proven_stays_without_a_gap(scene: Scene) -> None:
    scene.told.who = {0: off(ADA, 0.3, 8)}
    scene.show(face(), frames=12)
    scene.told.who = {0: off(ADA, 0.35, 9)}
    assert {parts[0] for parts in scene.run([face()], 24)} == {Part(0, 1.0)}


def test_all_who_touch_are_looked_at_in_every_frame(scene: Scene) -> None:
    scene.told.who = {0: ADA, 1: BEN}
    together = face(0, size=250), face(1, size=250, shift=-180)
    scene.show(*together, frames=6)
    before = len(scene.told.looks)
    scene.show(*together, frames=10)
    assert len(scene.told.looks) - before == 20


def test_one_under_a_face_that_vanishes_must_be_proven(scene: Scene) -> None:
    scene.told.who = {0: ADA, 1: STRANGER}
    over = face(1, id=2, shift=-300)
    scene.show(face(0), over, frames=12)
    scene.told.who = {0: off(ADA, BACK + 0.02)}
    assert scene.show(face(0)) == (Part(None, 0.0),)


def test_who_turns_away_stays_known_and_who_comes_in_profile_is_not(scene: Scene) -> None:
    scene.told.who = {0: ADA}
    assert scene.show(face(yaw=60), frames=48) == (Part(None, 0.0),)
    assert not scene.told.looks
    scene.show(face(yaw=20), frames=12)
    scene.told.who = {0: STRANGER}
    assert scene.show(face(yaw=60), frames=48) == (Part(0, 1.0),)


def test_a_jump_must_be_proven_in_the_same_frame(scene: Scene) -> None:
    scene.told.who = {0: off(ADA, 0.3)}
    scene.show(face(), frames=12)
    scene.told.who = {0: off(ADA, BACK - 0.01)}
    assert scene.show(face(shift=60)) == (Part(0, 1.0),), "who was known needs less"
    scene.told.who = {0: off(ADA, BACK + 0.02)}
    assert scene.show(face()) == (Part(None, 0.0),)
    scene.told.who = {0: off(ADA, BACK - 0.01)}
    assert scene.show(face(), frames=8) == (Part(0, 1.0),)


def test_who_was_away_is_recognised_anew(scene: Scene) -> None:
    scene.told.who = {0: ADA}
    scene.show(face(), frames=12)
    scene.show(frames=6)
    scene.told.who = {0: STRANGER}
    assert {parts[0] for parts in scene.run([face()], 48)} == {Part(None, 0.0)}


def test_after_being_covered_one_bad_look_is_enough(scene: Scene) -> None:
    scene.told.who = {0: ADA}
    scene.show(face(), frames=12)
    scene.show(face(confidence=0.0), frames=3)
    scene.told.who = {0: STRANGER}
    assert scene.show(face(), frames=2) == (Part(None, 0.0),)


def test_a_performer_is_one_face_at_a_time(scene: Scene) -> None:
    scene.told.who = {0: off(ADA, 0.35), 1: off(ADA, 0.1)}
    seen = scene.run([face(0), face(1)], 48)
    assert all(sum(part.role == 0 for part in parts) <= 1 for parts in seen)
    assert [part.role for part in seen[-1]] == [None, 0], "the likelier one"


def test_the_same_again_gives_the_same(engine: Engine) -> None:
    def run() -> list[tuple[Part, ...]]:
        scene = Scene(engine)
        scene.told.who = {0: [off(ADA, BACK, axis) for axis in range(20, 40)], 1: STRANGER, 2: off(BEN, 0.42)}
        return scene.run([face(0), face(1), face(2)], 60)

    assert run() == run()


def test_breaks_in_a_track() -> None:
    follow = Continuity()
    assert follow.update([face()]) == {1: Break.NEW}
    assert follow.update([face(shift=5)]) == {1: Break.NONE}
    assert follow.update([face(shift=60)]) == {1: Break.NEW}
    assert follow.update([face(shift=60, size=160)]) == {1: Break.NEW}
    assert follow.update([face(confidence=0.0, shift=60, size=160)]) == {1: Break.NONE}
    assert follow.update([face(shift=60, size=160)]) == {1: Break.BACK}
    assert follow.update([face(shift=60, size=160), face(id=2)]) == {1: Break.DOUBT, 2: Break.NEW}
    follow.update([face(), face(id=2)])
    assert follow.update([face(), face(id=2, shift=5)]) == {1: Break.DOUBT, 2: Break.DOUBT}
    assert follow.update([face(id=2, shift=5)]) == {2: Break.NEW}, "another lay over it"


def test_a_cast_says_what_does_not_fit(engine: Engine) -> None:
    ada = Role(engine=engine, performer="ada", name="Ada", identity=ADA[None], ages=(20, 60))
    with pytest.raises(SettingError, match="'ada' is named twice"):
        Cast(roles=(ada, ada))
    with pytest.raises(SettingError, match="Ada: age 70 is not covered"):
        Cast(roles=(ada,)).check_age(70)
    with pytest.raises(SettingError, match="Ada: age 15 is outside"):
        Role(engine=engine, performer="ada", name="Ada", identity=ADA[None], ages=(10, 60), age=15)
    ben = Role(engine=engine, performer="ben", name="Ben", identity=BEN[None], ages=(65, 80))
    with pytest.raises(SettingError, match="no age suits Ada and Ben"):
        _ = Cast(roles=(ada, ben)).ages
    fixed = Role(engine=engine, performer="ben", name="Ben", identity=BEN[None], ages=(65, 80), age=70)
    assert Cast(roles=(ada, fixed)).ages == (20, 60)
    assert Cast(roles=(ada, fixed)).age_of(0, 35) == 35 and Cast(roles=(ada, fixed)).age_of(1, 35) == 70


def test_a_lost_face_is_not_aged_on_one_who_has_come_before_it(scene: Scene) -> None:
    scene.told.who = {0: ADA}
    scene.show(face(), frames=12)
    assert scene.show(face(confidence=0.0)) == (Part(0, 1.0),), "still seen there, a moment's doubt"
    scene.told.who = {0: STRANGER}
    assert scene.show(face(confidence=0.0)) == (Part(0, 0.0),)
    scene.told.who = {0: ADA}
    back = [parts[0] for parts in scene.run([face()], 6)]
    assert {part.role for part in back} == {0} and back[0].strength < 0.5 and back[-1].strength == 1, "comes softly"


def test_one_who_is_being_covered_by_another_is_let_be_until_proven(scene: Scene) -> None:
    scene.told.who = {0: ADA, 1: STRANGER}
    together = face(0, size=250), face(1, size=250, shift=-180)
    scene.show(*together, frames=12)
    scene.told.who = {0: off(ADA, 0.3), 1: STRANGER}
    assert {parts[0].strength for parts in scene.run(together, 9)} == {0.0}
    scene.told.who = {0: ADA, 1: STRANGER}
    assert scene.show(*together, frames=6)[0] == Part(0, 1.0)
    scene.told.who = {0: off(ADA, 0.3), 1: STRANGER}
    stays = [parts[0].strength for parts in scene.run(together, 30)]
    assert stays[0] == 0 and stays[-1] == 1, "who stays so is recognised anew"
