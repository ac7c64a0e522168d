"""The recipe for people with an earlier photograph: who is taken, what is compared, and that nobody's picture leaks."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.faces import FaceFinder
from recipes.earlier_people import DEFAULT, NOTHING, WAYS, main, people, same_detail, summary


def test_at_least_a_hundred_people_each_younger_in_the_earlier_picture(data_dir: Path) -> None:
    chosen = list(people(data_dir))
    assert len(chosen) >= 100
    assert len({person.later.person for person in chosen}) == len(chosen)
    assert all(p.earlier.person == p.later.person and p.later.age - p.earlier.age >= 3 for p in chosen)
    assert 0 < sum(p.unseen for p in chosen) < len(chosen)


def test_pictures_are_compared_at_the_same_detail(portrait: NDArray[np.uint8]) -> None:
    (face, *_) = FaceFinder.load().find(portrait)
    coarse, fine = (same_detail(portrait, face, eye) for eye in (15.0, 60.0))
    assert coarse.shape == fine.shape

    def detail(picture: NDArray[np.uint8]) -> float:
        return float(np.abs(np.diff(picture.astype(np.float32), axis=1)).mean())

    assert detail(coarse) < 0.8 * detail(fine)


def test_summary_gives_mean_difference_and_its_standard_error() -> None:
    distances = {NOTHING: {"a": 0.4, "b": 0.5}, DEFAULT: {"a": 0.5, "b": 0.55}}
    rows = summary("ours", ["a", "b"], lambda way, name: distances[way][name], (NOTHING, DEFAULT))
    assert [row["distance"] for row in rows] == ["0.4500", "0.5250"]
    assert rows[0]["minus default"] == "-0.0750 ± 0.0250" and rows[0]["nearer than default"] == "2/2"
    assert rows[1]["minus default"] == "" and rows[1]["nearer than as it is"] == "0/2"
    assert WAYS[:2] == (NOTHING, DEFAULT)


def test_a_folder_inside_the_repository_is_refused(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = Path(__file__).parents[2] / "docs" / "earlier"
    assert main([str(data_dir), str(out)]) == 2
    assert "another folder" in capsys.readouterr().err
    assert not out.exists()
