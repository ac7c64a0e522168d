"""A made person's shot: smooth, the same for every age, and the same again."""

from itertools import pairwise

import numpy as np
import pytest

from playingage.training.people import ACTS, Acting, scene_of

TIMES = np.arange(72) / 24


@pytest.mark.parametrize("act", ACTS)
def test_paths_are_smooth_and_repeat(act: str) -> None:
    acting, still = Acting(act=act, seed=4, length=3.0), scene_of(4)
    scenes = [acting.at(still, float(t)) for t in TIMES]
    assert scenes == [acting.at(still, float(t)) for t in TIMES]
    for before, after in pairwise(scenes):
        assert abs(after.yaw - before.yaw) < 5 and abs(after.pitch - before.pitch) < 2
        assert np.hypot(*np.subtract(after.shift, before.shift)) < 0.005
        names = [name for name, _ in before.expression]
        assert names == [name for name, _ in after.expression], "teeth would come and go"
    assert all(scene.lights == still.lights and scene.seed == still.seed for scene in scenes)


def test_what_each_act_shows() -> None:
    def of(act: str) -> list[dict[str, float]]:
        return [dict(Acting(act=act, seed=9, length=3.0).at(scene_of(9), float(t)).expression) for t in TIMES]

    yaws = [Acting(act="turn", seed=9, length=3.0).at(scene_of(9), float(t)).yaw for t in TIMES]
    assert min(yaws) < -30 and max(yaws) > 30
    lids = [units["eye-left-closure"] for units in of("talk")]
    assert max(lids) == 1 and min(lids) < 0.1, "blinks close the eyes and open them"
    mouth = [units["mouth-open"] for units in of("talk")]
    assert max(mouth) > 0.3 and min(mouth) < 0.05
    assert max(units["mouth-corner-puller"] for units in of("express")) > 0.7
    for act in ("hand", "thing"):
        places = [Acting(act=act, seed=9, length=3.0).at(scene_of(9), float(t)).occluders[0].place[0] for t in TIMES]
        assert min(places) < -0.9 < 0.9 < max(places), "it crosses the face"


def test_unknown_acts_are_refused() -> None:
    with pytest.raises(ValueError, match="acts are turn"):
        Acting(act="dance", seed=1, length=3.0)
