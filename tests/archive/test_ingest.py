"""Footage into a faceset: the right person, whole pixels, nothing twice, and nothing lost whatever happens."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cv2 import imwrite

from archive.footage import ADA, BEN, EVE, Follower, Permit, Shot, draw, ingest, titles_of, write_clip
from archive.test_faceset import FailingDisk
from playingage.archive import Faceset, FacesetError, IngestError
from playingage.archive.files import Disk
from playingage.archive.settings import IngestSettings
from playingage.archive.watch import Tools
from playingage.media import open_source
from playingage.rights import GrantError

Load = Callable[[], Tools]
FILM = (
    Shot(((ADA, 0.3), (BEN, 0.75)), 18), Shot(((BEN, 0.5),), 14, level=20), Shot(((ADA, 0.6),), 18, level=150),
    Shot(((EVE, 0.4),), 12), Shot(((ADA, 0.5),), 12, level=60),
)


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("shot") / "film.mkv", FILM)


@pytest.fixture
def film(shot: Path, tmp_path: Path) -> Path:
    """A copy of its own."""
    return Path(shutil.copy(shot, tmp_path))


def state_of(folder: Path) -> tuple[list[Any], dict[str, bytes]]:
    """Rows and cuts, to compare two facesets."""
    faceset = Faceset.load(folder)
    rows = [(r.id, r.frame, r.shot, r.track, r.file, r.state, r.sharpness, r.distance) for r in faceset.rows]
    return rows, {r.file: (folder / r.file).read_bytes() for r in faceset.rows}


def files_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def test_the_right_person_is_taken_and_nobody_else(tmp_path: Path, film: Path, tools: Load) -> None:
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(film, rights="Studio A"))
    assert (outcome.status, outcome.title, outcome.doubtful, outcome.people) == ("ingested", "film", 0, 2)
    faceset = Faceset.load(tmp_path / "ada")
    assert {row.shot for row in faceset.rows} == {0, 2, 4} and len(faceset.rows) == outcome.kept >= 3
    assert {(row.title, row.source, row.age, row.rights) for row in faceset.rows} == {
        ("film", "film.mkv", 30.0, "Studio A")
    }
    about = faceset.titles["film"]
    assert about["looked"] == outcome.frames and about["kept"] == outcome.kept and about["people"] == 2
    assert about["files"][0]["size"] == film.stat().st_size and len(about["files"][0]["sha256"]) == 64
    assert files_in(tmp_path / "ada") == {"faceset.json", "faceset.parquet", *(row.file for row in faceset.rows)}


def test_cuts_are_the_frames_own_pixels(tmp_path: Path, film: Path, tools: Load) -> None:
    ingest(tmp_path / "ada", tools, titles_of(film))
    faceset = Faceset.load(tmp_path / "ada")
    with open_source(str(film)) as source:
        frames = {frame.number: frame.pixels for frame in source}
    for row in faceset.rows:
        part = frames[row.frame][row.top : row.top + row.height, row.left : row.left + row.width]
        assert np.array_equal(faceset.picture(row), part)
        assert row.landmarks[1] == pytest.approx([row.width / 2, row.height / 2], abs=0.35 * row.width)
        assert row.width >= 5 * row.eye or row.left == 0 or row.left + row.width == 320


def test_the_format_page_lists_exactly_what_is_said_of_a_title(tmp_path: Path, film: Path, tools: Load) -> None:
    ingest(tmp_path / "ada", tools, titles_of(film))
    about = Faceset.load(tmp_path / "ada").titles["film"]
    page = (Path(__file__).parents[2] / "docs" / "formats" / "faceset.md").read_text(encoding="utf-8")
    for heading, there in (("Fields of a title", about), ("Fields of a source", about["files"][0])):
        section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
        assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == set(there)


def test_a_letterbox_is_cut_away_and_told(tmp_path: Path, tools: Load) -> None:
    clip = write_clip(tmp_path / "wide.mkv", FILM, bars=64)
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(clip))
    assert "letterbox of 64 and 64 lines cut away" in outcome.notes
    faceset = Faceset.load(tmp_path / "ada")
    assert faceset.rows and all((row.top, row.top + row.height) == (64, 176) for row in faceset.rows)
    for row in faceset.rows:
        assert faceset.picture(row)[[0, -1]].max(axis=(1, 2)).min() > 20
        assert 40 < row.landmarks[1, 1] < 80  # the tip of the nose, in pixels of the cut


def test_an_unchanged_title_is_passed_over_and_another_one_leaves_it_alone(
    tmp_path: Path, film: Path, tools: Load
) -> None:
    folder = tmp_path / "ada"
    ingest(folder, tools, titles_of(film))
    before = state_of(folder)
    os.utime(film, (1, 1))  # another time, the same content
    asked: list[Tools] = []

    def counting() -> Tools:
        asked.append(tools())
        return asked[-1]

    assert [o.status for o in ingest(folder, counting, titles_of(film))] == ["unchanged"]
    assert not asked
    second = write_clip(tmp_path / "second.mkv", [Shot(((ADA, 0.5),), 24)], seed=7)
    outcomes = ingest(folder, counting, titles_of(film, second, age=30.0))
    assert [o.status for o in outcomes] == ["unchanged", "ingested"] and len(asked) == 1
    rows, cuts = state_of(folder)
    assert [row for row in rows if row in before[0]] == before[0] and cuts.items() >= before[1].items()
    assert len(rows) > len(before[0])


def test_redo_and_changed_footage_take_a_title_in_again(tmp_path: Path, film: Path, tools: Load) -> None:
    folder = tmp_path / "ada"
    ingest(folder, tools, titles_of(film))
    before = state_of(folder)
    assert ingest(folder, tools, titles_of(film), redo=frozenset({"film"}))[0].status == "ingested"
    assert state_of(folder) == before
    film.unlink()
    write_clip(film, FILM[2:3], seed=9)
    assert ingest(folder, tools, titles_of(film))[0].status == "ingested"
    rows, cuts = state_of(folder)
    assert not {row[0] for row in rows} & {row[0] for row in before[0]}
    assert files_in(folder / "crops") == {file.removeprefix("crops/") for file in cuts}
    with pytest.raises(IngestError, match="another"):
        ingest(folder, tools, titles_of(film), redo=frozenset({"another"}))


def test_what_a_person_decided_stays(tmp_path: Path, film: Path, tools: Load) -> None:
    folder = tmp_path / "ada"
    ingest(folder, tools, titles_of(film))
    faceset = Faceset.load(folder)
    first, second, *rest = faceset.rows
    decided = [replace(first, state="rejected"), replace(second, state="accepted", expression="grin"), *rest]
    faceset.with_rows(decided).save()
    ingest(folder, tools, titles_of(film), redo=frozenset({"film"}))
    found = {row.id: row for row in Faceset.load(folder).rows}
    assert found[first.id].state == "rejected" and found[second.id].expression == "grin"
    ingest(folder, tools, titles_of(film), redo=frozenset({"film"}), settings=IngestSettings(chunk=1.0, most=1))
    found = {row.id: row for row in Faceset.load(folder).rows}
    assert found[second.id].state == "accepted" and (folder / found[second.id].file).exists()


@pytest.mark.parametrize("known", [(EVE,), (BEN, EVE)])
def test_the_wrong_person_is_told_and_nothing_is_stored(tmp_path: Path, tools: Load, known: tuple[object, ...]) -> None:
    clip = write_clip(tmp_path / "other.mkv", [Shot(((ADA, 0.5),), 24)])
    permit = Permit()
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(clip), known=known, permit=permit)  # type: ignore[arg-type]
    assert outcome.status == "failed" and "Ada is not in it" in outcome.what and outcome.do
    assert files_in(tmp_path / "ada") == set()
    assert permit.events == [("start", "other"), ("failed", "other")]


def test_hidden_faces_are_set_aside_with_the_reason(tmp_path: Path, film: Path, tools: Load) -> None:
    (outcome,) = ingest(tmp_path / "ada", lambda: replace(tools(), hidden=lambda *_: 0.43), titles_of(film))
    assert outcome.kept == 0 and outcome.doubtful > 0
    rows = Faceset.load(tmp_path / "ada").rows
    assert {(row.state, row.reason) for row in rows} == {("rejected", "hidden: 43% of it is behind something")}
    assert not any(row.decided for row in rows)


def test_footage_without_faces_is_told(tmp_path: Path, tools: Load) -> None:
    clip = write_clip(tmp_path / "empty.mkv", [Shot((), 12)])
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(clip))
    assert outcome.status == "failed" and "no face was found" in outcome.what
    assert files_in(tmp_path / "ada") == set()


def test_without_references_one_person_is_taken_and_of_two_none(tmp_path: Path, film: Path, tools: Load) -> None:
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(film), known=())
    assert outcome.status == "failed" and "references" in outcome.do
    assert files_in(tmp_path / "ada") == set()
    alone = write_clip(tmp_path / "alone.mkv", [Shot(((ADA, 0.5),), 20), Shot(((ADA, 0.3),), 20, level=20)])
    assert ingest(tmp_path / "ada", tools, titles_of(alone), known=())[0].status == "ingested"
    # and from then on she is known
    assert ingest(tmp_path / "ada", tools, titles_of(film), known=())[0].status == "ingested"
    assert {row.shot for row in Faceset.load(tmp_path / "ada").rows if row.title == "film"} == {0, 2, 4}


def given(made: Tools) -> Load:
    return lambda: made


class Killed(BaseException):
    """Stands for a kill: nothing tidies up."""


class KillingDisk(Disk):
    """The program is killed at the `at`-th step, before it or in the midst of it."""

    def __init__(self, at: int) -> None:
        self.left = at

    def write(self, path: Path, data: bytes) -> None:
        self._count()
        super().write(path, data)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


def test_a_kill_anywhere_loses_nothing_and_changes_nothing(tmp_path: Path, film: Path, tools: Load) -> None:
    ingest(tmp_path / "whole", tools, titles_of(film))
    whole = state_of(tmp_path / "whole")
    killed, looks = 0, []
    for at in range(0, 200, 3):
        folder = tmp_path / f"killed-{at}"
        try:
            ingest(folder, tools, titles_of(film), store=KillingDisk(at))
        except Killed:
            killed += 1
        else:
            break
        made = tools()
        (outcome,) = ingest(folder, given(made), titles_of(film))
        assert outcome.status in ("ingested", "unchanged")
        assert state_of(folder) == whole, f"killed at step {at}"
        assert files_in(folder) == files_in(tmp_path / "whole")
        assert isinstance(made.follow, Follower)
        looks.append(made.follow.looks)
    assert killed > 5 and looks[0] > looks[killed // 2] and looks[-1] == 0  # what was done is not done again


@pytest.mark.parametrize("after", [0, 4, 9, 15])
def test_a_full_disk_is_told_and_the_work_goes_on(tmp_path: Path, film: Path, tools: Load, after: int) -> None:
    folder = tmp_path / "ada"
    other = write_clip(tmp_path / "other.mkv", [Shot(((ADA, 0.5),), 20)], seed=3)
    ingest(folder, tools, titles_of(other))
    before = state_of(folder)
    with pytest.raises(FacesetError, match="disk is full"):
        ingest(folder, tools, titles_of(film), store=FailingDisk(after))
    assert state_of(folder) == before
    assert ingest(folder, tools, titles_of(film))[0].status == "ingested"
    assert state_of(folder)[1].items() >= before[1].items()


def test_a_cut_off_clip_is_told_and_taken_only_if_asked(tmp_path: Path, film: Path, tools: Load) -> None:
    broken = tmp_path / "broken.mkv"
    data = film.read_bytes()
    broken.write_bytes(data[: len(data) * 3 // 4])
    good = write_clip(tmp_path / "good.mkv", [Shot(((ADA, 0.5),), 20)], seed=3)
    outcomes = ingest(tmp_path / "ada", tools, titles_of(broken, good))
    assert [o.status for o in outcomes] == ["failed", "ingested"] and "broken.mkv" in outcomes[0].what
    assert "--despite-damage" in outcomes[0].do
    assert {row.title for row in Faceset.load(tmp_path / "ada").rows} == {"good"}
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(broken), despite_damage=True)
    assert outcome.status == "ingested" and any("what follows is left out" in note for note in outcome.notes)
    nothing = tmp_path / "nothing.mkv"
    nothing.write_bytes(b"no clip")
    both = titles_of(nothing, film, title="Both")
    assert ingest(tmp_path / "ada", tools, both)[0].status == "failed"
    (outcome,) = ingest(tmp_path / "ada", tools, both, despite_damage=True)
    assert outcome.status == "ingested" and any("nothing.mkv" in note for note in outcome.notes)


def test_a_faceset_of_another_version_stops_it_before_anything(tmp_path: Path, film: Path, tools: Load) -> None:
    folder = tmp_path / "ada"
    ingest(folder, tools, titles_of(film))
    document = folder / "faceset.json"
    document.write_bytes(document.read_bytes().replace(b'"version":1', b'"version":2'))
    before = {name: (folder / name).read_bytes() for name in files_in(folder)}
    permit = Permit()
    with pytest.raises(FacesetError, match="version 2"):
        ingest(folder, tools, titles_of(film), permit=permit)
    assert not permit.events and {name: (folder / name).read_bytes() for name in files_in(folder)} == before


def test_without_a_grant_for_every_title_nothing_is_read(tmp_path: Path, film: Path, tools: Load) -> None:
    second = write_clip(tmp_path / "second.mkv", [Shot(((ADA, 0.5),), 12)])
    permit = Permit(forbidden=frozenset({"second"}))
    with pytest.raises(GrantError):
        ingest(tmp_path / "ada", tools, titles_of(film, second), permit=permit)
    assert not permit.events and not (tmp_path / "ada").exists()


def test_two_cannot_work_on_one_faceset(tmp_path: Path, film: Path, tools: Load) -> None:
    second: list[Exception] = []

    def again() -> Tools:
        with pytest.raises(FacesetError, match="another program") as found:
            ingest(tmp_path / "ada", tools, titles_of(film))
        second.append(found.value)
        return tools()

    ingest(tmp_path / "ada", again, titles_of(film))
    assert len(second) == 1


def test_all_footage_of_a_title_is_given_together(tmp_path: Path, film: Path, tools: Load) -> None:
    second = write_clip(tmp_path / "reel2.mkv", [Shot(((ADA, 0.5),), 12)], seed=5)
    ingest(tmp_path / "ada", tools, titles_of(film, title="The Film"))
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(second, title="The Film"))
    assert outcome.status == "failed" and "film.mkv" in outcome.what
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(film, second, title="The Film"))
    assert outcome.status == "ingested"
    assert {row.source for row in Faceset.load(tmp_path / "ada").rows} == {"film.mkv", "reel2.mkv"}


def test_the_same_footage_twice_is_told_within_a_title_and_taken_by_two(
    tmp_path: Path, film: Path, tools: Load
) -> None:
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(film.read_bytes())
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(film, copy, title="Both"))
    assert outcome.status == "failed" and "film.mkv and copy.mkv hold the same" in outcome.what
    assert [o.status for o in ingest(tmp_path / "ada", tools, titles_of(film, copy))] == ["ingested", "ingested"]
    rows = Faceset.load(tmp_path / "ada").rows
    assert {row.title for row in rows} == {"film", "copy"} and len({row.id for row in rows}) == len(rows)


def test_faces_are_bounded_however_long_the_footage(tmp_path: Path, tools: Load) -> None:
    clip = write_clip(tmp_path / "long.mkv", [Shot(((ADA, 0.2 + 0.05 * i),), 12, level=20 * i) for i in range(8)])
    settings = IngestSettings(chunk=1.0, most=3, each=2)
    (outcome,) = ingest(tmp_path / "ada", tools, titles_of(clip), settings=settings)
    assert outcome.kept == 3 == len(Faceset.load(tmp_path / "ada").rows)
    assert len(files_in(tmp_path / "ada" / "crops")) == 3


def test_pictures_and_sequences_of_a_folder(tmp_path: Path, tools: Load) -> None:


    folder = tmp_path / "stills"
    (folder / "roll").mkdir(parents=True)
    for i in range(3):
        still = draw(Shot(((ADA, 0.4 + 0.1 * i),), level=40 * i), i, i)
        imwrite(str(folder / f"portrait-{'abc'[i]}.png"), still[..., ::-1])
    for i in range(30):
        imwrite(str(folder / "roll" / f"a.{i:04}.png"), draw(Shot(((ADA, 0.5),)), i, 4)[..., ::-1])
    (folder / "notes.txt").write_text("no footage")
    titles = titles_of(folder)
    assert {title.name: sum(e.footage.files for e in title.entries) for title in titles} == {"stills": 3, "a": 30}
    outcomes = ingest(tmp_path / "ada", tools, titles)
    assert [o.status for o in outcomes] == ["ingested", "ingested"]
    assert {row.source for row in Faceset.load(tmp_path / "ada").rows} >= {"portrait-a.png", "portrait-c.png"}
