"""The pair of pictures of one frame, and what may be said of the aged one. Decisions only: no clock, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from playingage.core import Timecode
from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live.ports import FaceNote
from playingage.live.state import SetState

_NOTHING, _ALL = 0.02, 0.98
"""Strengths below which a face counts as unchanged and above which as fully changed."""
WORDS = {"child": "READS AS A CHILD", "pose": "TURNED AWAY", "size": "TOO SMALL", "unknown": "NOT RECOGNISED",
         "off": "SWITCHED OFF", "unasked": "NO AGE ASKED", "grant": "NO GRANT"}
"""What the monitors say of a reason; a face that comes or goes says no more than that it fades."""


class View(StrEnum):
    """What the aged picture of a pair shows."""

    AGED = "aged"
    FADING = "fading"
    NO_FACE = "no_face"
    FAILED = "failed"
    LATE = "late"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the aged monitor says: `words` always, `note` when there is more to know."""

    view: View
    words: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Both pictures of one frame; never apart.

    serial: counts pairs of the run from 1 (frame numbers may start anew when a source comes back).
    aged: None is a black picture. After a failure it may be the last good one: then `aged.number` differs from
    `clean.number` and the verdict says FAILED. captured: seconds of the run's clock. matte: H x W, 0..1, where
    the aged picture differs; None where it does not, or is not known. ask, state: what was asked, by
    what.
    """

    serial: int
    clean: Frame
    aged: Frame | None
    age: float
    verdict: Verdict
    faces: tuple[FaceNote, ...] = ()
    captured: float
    matte: NDArray[np.float32] | None = None
    ask: Ask | None = None
    state: SetState | None = None

    @property
    def timecode(self) -> str:
        """The frame's timecode; counted from zero where the source has none."""
        return timecode_of(self.clean)

    @property
    def same(self) -> bool:
        """True when both pictures share their pixels, so that one encoding serves both."""
        return self.aged is not None and self.aged.pixels is self.clean.pixels


def timecode_of(frame: Frame) -> str:
    """The frame's timecode, or its number counted from 00:00:00:00 where it has none."""
    return str(frame.timecode or Timecode(frame.number, frame.rate))


def years(age: float) -> str:
    """An age for people: 35, or 35.5."""
    return f"{age:.1f}".removesuffix(".0")


def judge(faces: Sequence[FaceNote], age: float) -> Verdict:
    """Say honestly what was done to the faces of a frame at the asked `age` in years.

    Only a picture with at least one fully changed face is called aged. A picture in which nothing was changed says so,
    and why. Of faces that were recognised as nobody it is said that they are there.
    """
    strangers = sum("unknown" in face.reasons for face in faces)
    changed = [face for face in faces if face.strength > _NOTHING]
    full = [face for face in changed if face.strength >= _ALL]
    partly = [face for face in faces if face.strength < _ALL and "unknown" not in face.reasons]
    why = list(dict.fromkeys(WORDS[reason] for face in partly for reason in face.reasons if reason in WORDS))
    if strangers:
        why.append(f"{strangers} {WORDS['unknown']}")
    if not changed:
        words = "FACE LEFT AS IT IS" if why else "NO FACE"
        return Verdict(view=View.NO_FACE, words=words, note=", ".join(why) or "NOTHING CHANGED")
    if not full:
        note = ", ".join([at_age(changed, age), *names(changed), *why])
        return Verdict(view=View.FADING, words="FACE FADING", note=note)
    fading = [f"{len(partly)} OF {len(faces)} FACES FADING"] if partly else []
    return Verdict(view=View.AGED, words=at_age(full, age), note=", ".join([*names(full), *fading, *why]))


def at_age(faces: Sequence[FaceNote], age: float) -> str:
    """To which age faces were taken; to which ages, where performers have their own. `age`: asked of all."""
    ages = dict.fromkeys(years(age if face.target_age is None else face.target_age) for face in faces)
    return f"AT AGE {' AND '.join(ages)}"


def names(faces: Sequence[FaceNote]) -> list[str]:
    """Who was recognised; with the age of each where they differ."""
    known = [face for face in faces if face.name]
    alike = len({face.target_age for face in known}) < 2
    return [face.name if alike or face.target_age is None else f"{face.name} {years(face.target_age)}"
            for face in known]


def failed(held: Frame | None, words: str = "ENGINE FAILED") -> Verdict:
    """The verdict on a frame that the engine could not do; `held` is the aged picture shown in its place, if any."""
    note = f"HELD FROM {timecode_of(held)}" if held is not None else "NO AGED PICTURE"
    return Verdict(view=View.FAILED, words=words, note=note)


def late_pair(frame: Frame, before: Pair, after: Pair) -> Pair:
    """Of a frame that the engine had no time for, between two that it did: only recorders get it.

    Its aged picture is the one before it, and the verdict says so; its serial is 0, what was asked is what `after` was
    asked.
    """
    held = before.aged if before.aged is not None and before.aged.pixels.shape == frame.pixels.shape else None
    note = f"HELD FROM {timecode_of(held)}" if held is not None else "NO AGED PICTURE"
    verdict = Verdict(view=View.LATE, words="ENGINE LATE", note=note)
    return Pair(
        serial=0, clean=frame, aged=held, age=after.age, verdict=verdict,
        captured=after.captured if frame.captured is None else frame.captured, ask=after.ask, state=after.state,
    )


def clean_picture() -> Verdict:
    """The verdict on a picture that an operator asked to be left alone."""
    return Verdict(view=View.CLEAN, words="CLEAN PICTURE", note="EMERGENCY: NOTHING IS CHANGED")


def same_picture(clean: Frame, aged: Frame) -> bool:
    """True when both frames hold equal pixels; a cheap look at a few rows comes first."""
    a, b = clean.pixels, aged.pixels
    if a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype or not np.array_equal(a[::64], b[::64]):
        return False
    return bool(np.array_equal(a, b))
