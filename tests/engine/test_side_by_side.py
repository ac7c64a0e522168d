"""What makes several faces quick: engines side by side, heads that are not parsed in every frame."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from people import beside, stranger_of

from playingage.core import SettingError
from playingage.engine import AgeRequest, Engine, Session, reage_frame
from playingage.engine.heads import HeadMasks, HeldMasks
from playingage.faces import FaceFinder
from playingage.frames import Frame
from playingage.runtime import keep_memory

Picture = NDArray[np.uint8]
Keep = Callable[[HeldMasks, HeadMasks], None]


@pytest.fixture(scope="module")
def wanted(engine: Engine, portrait: Picture) -> tuple[Frame, list[tuple[Engine, AgeRequest]]]:
    """Three faces: two by one engine, one by another."""
    picture = beside(portrait, stranger_of(portrait), portrait)
    frame = Frame(pixels=picture, number=0, rate=Fraction(24))
    other = Engine(engine.package, engine.device)
    faces = sorted(FaceFinder(engine.device).find(picture), key=lambda face: face.box)
    assert len(faces) == 3
    ages = (75, 70, 20)
    asked = [AgeRequest(face=face, source_age=35, target_age=age) for face, age in zip(faces, ages, strict=True)]
    return frame, list(zip((engine, other, engine), asked, strict=True))


def test_engines_side_by_side_give_the_same_to_the_bit(
    wanted: tuple[Frame, list[tuple[Engine, AgeRequest]]]
) -> None:
    alone = reage_frame(*wanted)
    with ThreadPoolExecutor(2) as helpers:
        for _ in range(5):
            together = reage_frame(*wanted, helpers)
            assert np.array_equal(alone.frame.pixels, together.frame.pixels)
            assert np.array_equal(alone.matte, together.matte)
            assert alone.outcomes == together.outcomes


def test_what_one_of_the_engines_fails_with_is_raised(
    wanted: tuple[Frame, list[tuple[Engine, AgeRequest]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, asked = wanted

    def broken(*_: object) -> None:
        raise RuntimeError("no more")

    with ThreadPoolExecutor(2) as helpers:
        for place in (0, 1):
            with monkeypatch.context() as patch:
                patch.setattr(asked[place][0], "patches", broken)
                with pytest.raises(RuntimeError, match="no more"):
                    reage_frame(frame, asked, helpers)
        with pytest.raises(SettingError, match="age 300 is outside"):
            reage_frame(frame, [*asked[:1], (asked[1][0], replace(asked[1][1], target_age=300))], helpers)


@pytest.fixture
def head(portrait: Picture) -> NDArray[np.float32]:
    return np.asarray(portrait[:256, 96:352] / 255, np.float32)


def kept(head: NDArray[np.float32], sooner: int = 0) -> HeldMasks:
    """Masks that were found in this head crop."""
    held = HeldMasks(sooner=sooner)
    assert held.serve(head) is None
    held.keep(HeadMasks(np.zeros((6, 256, 256), np.float32)))
    return held


def test_masks_serve_three_more_frames_while_nothing_moves(head: NDArray[np.float32]) -> None:
    held = kept(head)
    masks = held.masks
    rng = np.random.default_rng(1)
    for _ in range(3):
        assert held.serve(head + rng.normal(0, 4 / 255, head.shape).astype(np.float32)) is masks, "grain moves nothing"
    assert held.serve(head) is None, "only three"
    assert held.masks is None, "what was not found anew is not served again"


def test_a_hand_that_comes_in_is_seen_at_once(head: NDArray[np.float32]) -> None:
    for width in range(24, 90, 6):  # from the border towards the mouth
        reached = head.copy()
        reached[150:180, 60 : 60 + width] = (0.62, 0.46, 0.38)
        assert kept(head).serve(reached) is None
        further = head.copy()
        further[150:180, 60 : 60 + width + 14] = (0.62, 0.46, 0.38)
        assert kept(reached).serve(further) is None, "a third of an eye's distance"


def test_a_head_that_turns_or_shifts_is_seen_at_once(head: NDArray[np.float32]) -> None:
    for shift in (3, 8):
        assert kept(head).serve(np.roll(head, shift, axis=0)) is None
    narrow = cv2.resize(head, (236, 256))  # by the cosine of 23 degrees
    turned = cv2.copyMakeBorder(narrow, 0, 0, 10, 10, cv2.BORDER_REPLICATE)
    assert kept(head).serve(np.asarray(turned, np.float32)) is None


def test_heads_that_moved_together_are_parsed_in_turn_again(head: NDArray[np.float32]) -> None:
    faces = [kept(head, sooner=face) for face in range(4)]
    parsed = []
    for number in range(9):
        crop = np.roll(head, 8, axis=0) if number else head
        parsed.append(0)
        for held in faces:
            if held.serve(crop) is None:
                parsed[-1] += 1
                held.keep(HeadMasks(np.zeros((6, 256, 256), np.float32)))
    assert parsed[1] == 4 and parsed[2:] == [1] * 7


def test_the_heads_of_a_picture_are_parsed_in_turn(
    engine: Engine, portrait: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []
    monkeypatch.setattr(HeldMasks, "keep", _counted(HeldMasks.keep, parsed))
    session = Session(engine)
    picture = beside(portrait, stranger_of(portrait))
    each: list[int] = []
    for number in range(10):
        session.process(Frame(pixels=picture, number=number, rate=Fraction(24)), 70)
        each.append(len(parsed) - sum(each))
    assert each[0] == 2 and max(each[1:]) == 1 and sum(each[1:]) == 4


def test_memory_is_kept_where_that_can_be_asked() -> None:
    assert keep_memory() in (True, False)


def _counted(keep: Keep, parsed: list[int]) -> Keep:
    def counting(held: HeldMasks, masks: HeadMasks) -> None:
        parsed.append(1)
        keep(held, masks)

    return counting
