"""How a change comes back from the crop into the frame."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.engine import Engine, Session
from playingage.engine.composite import add_patch, merge_matte, to_frame
from playingage.engine.heads import HeadMasks, HeldMasks
from playingage.engine.marks import Marks
from playingage.frames import Frame
from playingage.frames.pixels import Plane

SIDE = 128


@pytest.mark.parametrize("scale", [0.7, 1.9])
def test_a_part_of_a_matte_comes_back_as_the_whole_does(scale: float) -> None:
    rng = np.random.default_rng(5)
    delta = rng.normal(0, 0.1, (SIDE, SIDE, 3)).astype(np.float32)
    matte = np.zeros((SIDE, SIDE), np.float32)
    matte[30:90, 40:101] = rng.uniform(0.1, 1, (60, 61))
    turned = scale * np.array([[0.96, -0.28, -20], [0.28, 0.96, -30]], np.float32)
    whole = to_frame(delta, matte, turned, 240, 320)
    part = to_frame(delta, np.ascontiguousarray(matte[20:100, 35:120]), turned, 240, 320, (20, 35))
    assert whole is not None and part is not None and (whole.left, whole.top) == (part.left, part.top)
    assert np.allclose(whole.values, part.values, atol=1e-6) and whole.values[..., 3].max() > 0.3
    assert not whole.values[whole.values[..., 3] == 0].any(), "no change where there is no matte"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_a_patch_changes_its_matte_alone_and_stays_in_range(dtype: str) -> None:
    delta = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    matte = np.zeros((SIDE, SIDE), np.float32)
    matte[40:80, 50:90] = 1
    patch = to_frame(delta, matte, np.eye(2, 3, dtype=np.float32), 200, 200)
    assert patch is not None
    full = np.iinfo(dtype).max if dtype.startswith("u") else 1
    before = (np.linspace(0, full, 200 * 200 * 3).reshape(200, 200, 3)).astype(dtype)
    after, whole = before.copy(), np.zeros((200, 200), np.float32)
    add_patch(after, patch, "bt709")
    merge_matte(whole, patch)
    assert np.array_equal(whole[:SIDE, :SIDE], matte) and not whole[SIDE:].any()
    assert np.array_equal(after[whole == 0], before[whole == 0])
    wanted = before.astype(np.float64) / full + 0.5 * whole[..., None]
    if dtype.startswith("u"):
        wanted = np.clip(wanted, 0, 1)
    assert np.abs(after.astype(np.float64) / full - wanted).max() <= (1 / 255 if dtype == "uint8" else 1e-3)


def test_marks_are_looked_for_as_often_as_the_head_is_parsed(
    engine: Engine, portrait: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Marks] = []
    parsed: list[HeadMasks] = []
    of, keep = Marks.of, HeldMasks.keep

    def looking(crop: Plane, landmarks: Plane, transform: Plane) -> Marks:
        looked.append(of(crop, landmarks, transform))
        return looked[-1]

    def counting(held: HeldMasks, masks: HeadMasks) -> None:
        parsed.append(masks)
        keep(held, masks)

    monkeypatch.setattr(Marks, "of", staticmethod(looking))
    monkeypatch.setattr(HeldMasks, "keep", counting)
    session = Session(engine)
    for number in range(9):
        session.process(Frame(pixels=portrait.copy(), number=number, rate=Fraction(24)), 70)
    assert [masks.marks for masks in parsed] == looked
    assert 2 <= len(looked) <= 4
