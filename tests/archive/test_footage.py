"""What a person says of footage is understood or refused, naming line and field."""

from datetime import date
from pathlib import Path

import pytest

from playingage.archive import IngestError
from playingage.archive.dates import When
from playingage.archive.estimate import amount_of
from playingage.archive.footage import Title, footage_in, grouped
from playingage.archive.listing import entries_of

TODAY = date(2026, 11, 1)


def listed(folder: Path, text: str, *footage: str, born: str | None = "1970-03-01") -> tuple[Title, ...]:
    (folder / "list.csv").write_text(text, encoding="utf-8")
    entries = entries_of(list(footage), when=None, title=None, rights=None, listing=folder / "list.csv")
    return grouped(entries, born)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * 10)


@pytest.mark.parametrize(
    ("shot", "born", "age"),
    [("2000-03-01", "1970-03-01", 30.0), ("2000-06", "1970-06-16", 30.0), ("2000", "1970-07-02", 30.0)],
)
def test_a_date_and_the_day_of_birth_give_the_age(shot: str, born: str, age: float) -> None:
    assert When(shot=shot).age_of(born, TODAY, "x") == pytest.approx(age, abs=0.01)


def test_an_age_is_taken_as_it_is_and_may_agree_with_a_date() -> None:
    assert When(age=31).age_of(None, TODAY, "x") == 31
    assert When(shot="2000", age=30).age_of("1970-07-02", TODAY, "x") == pytest.approx(30, abs=0.01)
    assert When(shot="2000", age=30).age_of(None, TODAY, "x") == 30


@pytest.mark.parametrize(
    ("when", "born", "words"),
    [
        (When(), "1970-01-01", "neither its date"), (When(shot="2000"), None, "day of birth"),
        (When(shot="2000", age=40), "1970-01-01", "means an age of 30.5"), (When(shot="1969"), "1970-01-01", "-1"),
        (When(shot="2027-01-02"), "1970-01-01", "has not been yet"),
    ],
)
def test_what_is_unknown_or_contradicts_is_refused(when: When, born: str | None, words: str) -> None:
    with pytest.raises(IngestError, match=words) as found:
        when.age_of(born, TODAY, "film.mov")
    assert found.value.what.startswith("film.mov") and found.value.do


@pytest.mark.parametrize("text", ["94", "1994-13", "1994-02-30", "June 1994", "1994/06", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(IngestError, match="is not a date"):
        When(shot=text)


def test_a_list_gives_title_date_and_rights_to_each_file(tmp_path: Path) -> None:
    touch(tmp_path, "a.mov", "b/c.mp4", "b/d.png", "e.mov")
    titles = listed(
        tmp_path,
        "\ufefffile,title,shot,age,rights\na.mov,First,1994-06,,\"Studio, 2026\"\nb,Second,,31,\n"
        "e.mov,First,1994-08,,x\n",
    )
    assert [(t.name, [e.footage.name for e in t.entries]) for t in titles] == [
        ("First", ["a.mov", "e.mov"]), ("Second", ["c.mp4", "d.png"])
    ]
    assert titles[0].entries[0].rights == "Studio, 2026" and titles[1].entries[0].rights == "not stated"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,title\na.mov,A\n", "line 1: neither a column 'shot' nor 'age'"),
        ("title,age\nA,3\n", "no column 'file'"),
        ("file,title,age,colour\na.mov,A,30,red\n", "unknown column 'colour'"), ("file,title,age\n", "lists nothing"),
        ("file,title,age,age\na.mov,A,30,30\n", "twice"), ("file,title,age\na.mov,A,thirty\n", "line 2, field age"),
        ("file,title,age\na.mov,,30\n", "line 2, field title"), ("file,title,age\n,A,30\n", "line 2, field file"),
        ("file,title,shot\na.mov,A,30\n", "line 2, field shot"), ("file,title,age\nlost.mov,A,30\n", "lost.mov"),
        ("file,title,shot,age\na.mov,A,,\n", "line 2, field shot"), ("file,title,age\na.mov,A,30,x\n", "more fields"),
        ("file,title,age\na.mov,A,400\n", "field age"),
        ("file,title,age\na.mov,A,30\n\na.mov,B,31\n", "line 4: .*named twice"),
        ("file,title,shot\na.mov,A,1994\ne.mov,A,2004\n", "line 3: the title 'A' has mixed dates"),
        ("file,title,shot,age\na.mov,A,1994,\ne.mov,A,,50\n", "mixed dates"),
        ("file,title,age\n\"a.mov,A,30\n", "read"),
    ],
)
def test_errors_of_a_list_name_line_and_field(tmp_path: Path, text: str, words: str) -> None:
    touch(tmp_path, "a.mov", "e.mov")
    with pytest.raises(IngestError, match=words) as found:
        listed(tmp_path, text)
    assert "list.csv" in found.value.what and found.value.do


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(IngestError, match=r"list\.csv"):
        list(entries_of([], when=None, title=None, rights=None, listing=tmp_path / "list.csv"))


def test_a_folder_is_walked_as_it_is_consumed(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{i:03}/{j}.mov" for i in range(50) for j in range(4)), "z/readme.txt", "z/.hidden.mov")
    walk = footage_in(str(tmp_path))
    assert next(walk).name == "000/0.mov"
    touch(tmp_path, "zz/late.mov")  # what comes later is met later
    names = [footage.name for footage in walk]
    assert len(names) == 199 and not any("hidden" in name or "readme" in name for name in names)


def test_pictures_with_running_numbers_are_film_and_single_ones_are_not(tmp_path: Path) -> None:
    touch(tmp_path, *(f"roll/a.{i:04}.dpx" for i in range(86400, 86440)), *(f"few/b{i}.png" for i in range(5)),
          *(f"gap/c.{i}.png" for i in (*range(20), *range(22, 40))), *(f"camera/IMG_{i}.jpg" for i in range(30)))
    found = {f.name: (f.kind.value, f.files, f.size) for f in footage_in(str(tmp_path))}
    assert found.pop("roll/a.%05d.dpx") == ("sequence", 40, 400)
    assert len(found) == 5 + 38 + 30 and {kind for kind, *_ in found.values()} == {"picture"}


def test_each_clip_is_a_title_and_the_pictures_of_a_folder_are_one(tmp_path: Path) -> None:
    touch(tmp_path, "film.mov", "stills/x.jpg", "stills/y.jpg")
    titles = grouped(entries_of([str(tmp_path)], when=When(age=30), title=None, rights=None, listing=None), None)
    assert {t.name: len(t.entries) for t in titles} == {"film": 1, "stills": 2}
    one = grouped(entries_of([str(tmp_path)], when=When(age=30), title="One", rights=None, listing=None), None)
    assert [t.name for t in one] == ["One"] and one[0].size == 30


@pytest.mark.parametrize("path", ["missing.mov", "pattern:320x240@24?frames=3", "rtsp://camera/1", "/dev/video0"])
def test_what_is_no_stored_footage_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(IngestError):
        list(footage_in(str(tmp_path / path) if path.endswith("mov") else path))


def test_the_amount_is_told_before_anything_is_read(tmp_path: Path) -> None:
    touch(tmp_path, "b.mov", *(f"roll/a.{i:04}.dpx" for i in range(48)))
    titles = grouped(entries_of([str(tmp_path)], when=When(age=30), title=None, rights=None, listing=None), None)
    amount = amount_of(titles)
    assert str(amount) == "2 titles, 49 files, 490 bytes, about 0:00:02 of film; expect about 0:00:01 on two cores"
