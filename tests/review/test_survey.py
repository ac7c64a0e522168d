"""What is seen of a clip, and how it is drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from render.material import backdrop, placed, write_clip

from playingage.core import SettingError, UnwritableError
from playingage.engine import Engine, Reason
from playingage.faces import Face
from playingage.frames import Frame
from playingage.media import open_source
from playingage.review import FaceSpan, Survey, check_plot_target, plot_survey, refusals_of, survey

Portrait = NDArray[np.uint8]
_FACE = FaceSpan(
    id=1, age=41.0, frames=(0, 1, 2, 10, 11), seconds=(0.0, 0.04, 0.08, 0.4, 0.44), sizes=(60, 61, 62, 30, 31),
    yaws=(0, 10, 20, -60, -80), strengths=(1, 1, 1, 0.3, 0), refusals=(),
)


def test_faces_cuts_and_times(tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    size = (240, 160)
    pictures = [placed(portrait, size, (-60 + n, 0)) for n in range(5)]
    pictures += [placed(portrait, size, (60 + n, 0)) for n in range(5)]
    source = write_clip(tmp_path / "take.mkv", pictures)
    told: list[int] = []
    with open_source(str(source)) as opened:
        found = survey(opened, engine, told.append)
    assert told == list(range(1, 11))
    assert (found.frames, found.cuts) == (10, (5,))
    assert found.cut_seconds[0] == pytest.approx(5 * 1001 / 24000, abs=1e-3)
    assert [face.frames for face in found.faces] == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)]
    for face in found.faces:
        assert len(face.seconds) == len(face.sizes) == len(face.yaws) == len(face.strengths) == 5
        assert all(50 < size < 150 for size in face.sizes)
        assert engine.ages[0] <= face.age <= engine.ages[1]


def test_nobody_there(tmp_path: Path, engine: Engine) -> None:
    source = write_clip(tmp_path / "take.mkv", [backdrop((96, 64), n) for n in range(3)])
    with open_source(str(source)) as opened:
        found = survey(opened, engine)
    assert (found.frames, found.cuts, found.faces) == (3, (), ())


def test_small_faces_and_children_are_named(tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    class SeesChildren(Engine):
        """Reads a child's age off everybody."""

        def apparent_age(self, frame: Frame, face: Face) -> float:
            return 9.0

    source = write_clip(tmp_path / "take.mkv", [placed(portrait, (240, 160), scale=0.17)] * 3)
    with open_source(str(source)) as opened:
        found = survey(opened, SeesChildren(engine.package, engine.device))
    assert len(found.faces) == 1
    refusals = " ".join(found.faces[0].refusals)
    assert "smaller than 40 px in 3 of 3 frames" in refusals
    assert "children are out of range" in refusals


def test_reasons() -> None:
    assert refusals_of([80.0] * 4, [1.0] * 4, ()) == ()
    assert refusals_of([30, 80], [1, 1], ())[0].startswith("smaller than 40 px in 1 of 2 frames")
    away = refusals_of([80.0] * 4, [1, 0, 0, 0], ())
    assert "turned too far, too small or too unsure in 3 of 4 frames" in away[0]
    assert "mostly turned away" in away[1]
    assert "children" in refusals_of([80.0], [1.0], (Reason.CHILD,))[0]
    assert "does not know" in refusals_of([80.0], [1.0], (Reason.AGES,))[0]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_plot(suffix: str, tmp_path: Path) -> None:
    found = Survey(frames=12, seconds=0.5, cuts=(10,), cut_seconds=(0.4,), faces=(_FACE,))
    path = tmp_path / f"faces.{suffix}"
    path.write_bytes(b"old")
    plot_survey(found, "take.mov", path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if suffix == "png":
        empty = tmp_path / "empty.png"
        plot_survey(Survey(frames=12, seconds=0.5, cuts=(), cut_seconds=(), faces=()), "take.mov", empty)
        drawn, bare = (np.asarray(cv2.imread(str(p), cv2.IMREAD_COLOR_RGB)).astype(int) for p in (path, empty))
        assert drawn.shape == bare.shape == (660, 1210, 3)
        blue = (drawn[..., 2] > 150) & (drawn[..., 0] < 100)
        assert blue.sum() > 500  # the face's line
        assert ((bare[..., 2] > 150) & (bare[..., 0] < 100)).sum() == 0
    else:
        assert path.read_bytes()[:5] in (b"<?xml", b"%PDF-")


def test_plot_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no plot of that kind"):
        check_plot_target(tmp_path / "faces.bmp")
    with pytest.raises(UnwritableError, match="does not exist"):
        check_plot_target(tmp_path / "none" / "faces.png")
