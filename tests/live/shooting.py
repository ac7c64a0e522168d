"""Pairs to record, and takes of them: pictures in which the frame number can be read, faces, states."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from live.fakes import FakeFace, write_number
from playingage.core import Timecode
from playingage.frames import Colour, Frame
from playingage.live.pair import Pair, Verdict, View
from playingage.live.state import PerformerNow, SetState, Slate
from playingage.live.takes import RecorderSettings, TakeRecorder
from playingage.media.ports import SourceInfo

WIDTH, HEIGHT, RATE = 320, 180, Fraction(24)
BOX = (100, 40, 200, 140)
GRANT, MODEL = "a" * 64, "b" * 64
SMALL = RecorderSettings(reserve=0)


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A soft picture with its number in it."""
    across = np.linspace(20, 200, width)[None, :, None] + np.array([0, 20, 40])
    pixels = np.broadcast_to(across, (height, width, 3)).astype(np.uint8).copy()
    write_number(pixels, 0, number)
    return pixels


def state(version: int = 1, *, rolling: bool = True, take: int = 1, age: float = 35.0, scene: str = "12") -> SetState:
    ada = PerformerNow(performer="ada", name="Ada", model="ada-1", model_sha256=MODEL, grant=GRANT, age=age)
    return SetState(version=version, slate=Slate(scene=scene, shot="A", take=take), age=age, rolling=rolling,
                    performers=(ada,))


def pair(
    number: int, set_state: SetState | None = None, *, same: bool = False, matte: bool = True, age: float = 35.0,
    size: tuple[int, int] = (WIDTH, HEIGHT), rate: Fraction = RATE, pixels: NDArray[np.uint8] | None = None,
    timecode: Timecode | None = None, view: View = View.AGED, **face: Any,
) -> Pair:
    """The pair of a frame; the aged picture is lighter in a box, which the matte covers."""
    shown = picture(number, *size) if pixels is None else pixels
    clean = Frame(pixels=shown, number=number, rate=rate, colour=Colour(), captured=number / float(rate),
                  timecode=timecode or Timecode(86400 + number, rate))
    covered = np.zeros(shown.shape[:2], np.float32)
    left, top, right, bottom = BOX
    covered[top:bottom, left:right] = 1
    lighter = shown.copy()
    lighter[top:bottom, left:right] += 40
    aged = clean if same else Frame(pixels=lighter, number=number, rate=rate, captured=clean.captured)
    noted: dict[str, Any] = {"performer": "ada", "name": "Ada", "target_age": age, "source_age": 50.0, "box": BOX}
    return Pair(
        serial=number + 1, clean=clean, aged=aged, age=age, verdict=Verdict(view=view, words=f"AT AGE {age:g}"),
        faces=(FakeFace(**{**noted, **face}),), captured=number / float(rate), matte=covered if matte else None,
        state=set_state,
    )


def source(**more: Any) -> SourceInfo:
    return SourceInfo(name="camera", width=WIDTH, height=HEIGHT, rate=RATE, **more)


@contextmanager
def recorder(folder: Path, settings: RecorderSettings = SMALL, **more: Any) -> Iterator[TakeRecorder]:
    with TakeRecorder(folder, source(), settings, **more) as made:
        yield made


def shoot(
    made: TakeRecorder, numbers: range, *, take: int = 1, made_by: Callable[..., Pair] = pair, **more: Any
) -> None:
    """Roll, hand the pairs over as fast as they are taken, cut; returns when the take is closed."""
    rolling = state(2, take=take)
    made.roll(rolling.slate, state(1, rolling=False, take=take))
    for number in numbers:
        wait(lambda: made.waiting < 4)
        made(made_by(number, rolling, **more))
    made.cut()
    made(pair(numbers.stop, state(3, rolling=False, take=take)))
    done(made)


def done(made: TakeRecorder) -> None:
    """Until everything handed over is on the disk and sealed."""
    wait(made.settled)


def wait(until: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
