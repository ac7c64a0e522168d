"""The same schedule in both forms, and whatever bytes there are: a schedule, or an error that says where."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playingage.schedule import FieldError, Scene, Schedule, ScheduleError, schedule_of
from playingage.schedule.document import read_toml, write_toml
from playingage.schedule.files import decoded
from playingage.schedule.table import read_csv, write_csv
from schedule.drawn import schedules

HERE = Path("schedule")
Reader = Callable[[str, str], Schedule]


@settings(max_examples=60, deadline=None)
@given(schedules)
def test_both_forms_hold_the_same(schedule: Schedule) -> None:
    as_toml = read_toml(decoded(write_toml(schedule), HERE), "a.toml")
    assert as_toml == schedule
    as_csv = read_csv(decoded(write_csv(schedule), HERE), "a.csv")
    assert as_csv == schedule
    assert read_toml(decoded(write_toml(as_csv), HERE), "b.toml") == schedule
    assert as_csv.sha256 == as_toml.sha256 == schedule.sha256


@settings(max_examples=60, deadline=None)
@given(st.text(), st.sampled_from([read_csv, read_toml]))
def test_any_text_is_a_schedule_or_named_wrong(text: str, reader: Reader) -> None:
    try:
        reader(text, "a")
    except ScheduleError as error:
        assert error.what.startswith("a")


MUTATED = [*",;\t\"\n\r[]{}=#'*:\0", "-1", "nan", "1e9", "true", "é"]


@settings(max_examples=60, deadline=None)
@given(schedules, st.booleans(), st.integers(0), st.sampled_from(MUTATED), st.integers(0, 3))
def test_a_damaged_file_is_a_schedule_or_named_wrong(
    schedule: Schedule, toml: bool, place: int, sign: str, cut: int
) -> None:
    text = (write_toml if toml else write_csv)(schedule).decode().removeprefix("\ufeff")
    place %= len(text) + 1
    try:
        (read_toml if toml else read_csv)(text[:place] + sign + text[place + cut :], "a")
    except (ScheduleError, FieldError) as error:
        assert error.what


@settings(max_examples=30, deadline=None)
@given(st.binary())
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("bytes") / "a.csv"
    file.write_bytes(data)
    with pytest.raises(ScheduleError, match=r"a\.csv"):
        Schedule.load(file)


def faults_of(text: str, reader: Reader = read_csv) -> list[tuple[int, str, str]]:
    with pytest.raises(ScheduleError) as error:
        reader(text, "ages.csv")
    return [(fault.line, fault.field, fault.what) for fault in error.value.faults]


def test_all_that_is_wrong_in_a_table_is_told_with_line_and_field() -> None:
    told = faults_of(
        "scene,shot,take,performer,at,age,eyes\n"
        "1,,,tom,,17,\n"
        "1,,,TOM,,18,\n"
        '"2",,,tom,0,"17\n",200\n'
        "2,,,tom,4s,30,\n"
        "2,,,tom,48,31,\n"
        "4,A,x,tom,,alone,3\n"
        "5,B,,,,20,\n"
        "6,,,Tom Hanks,,20,\n"
        ",A,,tom,,20,\n"
        "7,,,tom,,17,5,6\n"
        "8,,,tom,1:30,40s,\n"
        "9,A,,tom,,,\n"
    )
    assert [(line, field) for line, field, _ in told] == [
        (3, "performer"), (4, "eyes"), (7, "at"), (8, "age"), (8, "take"), (9, "performer"), (10, "performer"),
        (11, "scene"), (12, "column 8"), (13, "age"), (13, "at"), (14, "age"),
    ]
    assert "line 2" in told[0][2]


def test_all_that_is_wrong_in_toml_is_told_with_line_and_field() -> None:
    told = faults_of(
        'format = "playingage-schedule"\n'  # 1
        "version = 1\n"
        'cast = [{ character = "ANN", performer = "ada" },\n'
        '  { character = "ann", performer = "ben" }]\n'
        "[[ages]]\n"  # 5
        'performer = "tom"\n'
        'age = "x"\n'
        'words = """\n'
        "[[ages]]\n"
        'age = 1"""\n'  # 10
        "[[ages]]\n"
        'performer = "Tom Hanks"\n'
        "scene = 2\n"
        "keys = [\n"
        ' { at = "0", age = 3 },\n'  # 15
        ' { at = "1", age = 300, eyes = true },\n'
        "]\n"
        "[[scenes]]\n"
        'id = "1"\n'
        "[[scenes.shots]]\n"  # 20
        'id = "A"\n'
        "frames = 1.5\n"
        "[[scenes.shots]]\n"
        'id = "B"\n'
        'rate = "x"\n',  # 25
        read_toml,
    )
    assert [(line, field) for line, field, _ in told] == [
        (4, "cast[2].characters"), (7, "ages[1].age"), (12, "ages[2].performer"), (16, "ages[2].keys[2].age"),
        (16, "ages[2].keys[2].eyes"), (22, "scenes[1].shots[1].frames"), (25, "scenes[1].shots[2].rate"),
    ]


def test_another_version_is_refused() -> None:
    told = faults_of('version = 2\nformat = "playingage-schedule"\n', read_toml)
    assert told == [(1, "version", "is 2; this program reads 1")]
    assert faults_of("version = 1\n", read_toml)[0][1] == "format"
    assert faults_of("a = \n", read_toml)[0][0] == 1


TABLE = [["Scene", "PERFORMER", " Age ", "My own", ""], ["1", "Tom", "17,5", "x;y", ""], ["", "", "", "", ""],
         ["1a", "tom", "17 years", "", ""], ["*", "tom", "40", "", ""]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_write_them(tmp_path: Path, delimiter: str, end: str, encoding: str) -> None:
    file = tmp_path / "ages.csv"
    lines = [delimiter.join(f'"{cell}"' if set(cell) & {",", ";"} else cell for cell in row) for row in TABLE]
    file.write_bytes((end.join(lines) + end).encode(encoding))
    schedule = Schedule.load(file)
    ages = {entry.scene: entry.plan.span for entry in schedule.entries if entry.plan is not None}
    assert ages == {"1": (17.5, 17.5), "1a": (17, 17), "*": (40, 40)}
    assert schedule.entries[0].extra == {"My own": "x;y"}
    assert schedule.performers == ("tom",)


def test_text_that_is_not_utf8_is_named_by_line(tmp_path: Path) -> None:
    file = tmp_path / "ages.csv"
    file.write_bytes("performer,age,note\ntom,17,\ntom,18,Zoë\n".encode("latin-1"))
    with pytest.raises(ScheduleError, match=r"ages\.csv line 3: is not text in UTF-8"):
        Schedule.load(file)


def test_a_heading_beside_ages_is_the_scenes() -> None:
    schedule = read_csv("scene,heading,performer,age\n1,INT. HOUSE,tom,17\n1,INT. HOUSE,ada,18\n2,,tom,3\n", "a.csv")
    assert [(scene.id, scene.heading) for scene in schedule.scenes] == [("1", "INT. HOUSE"), ("2", "")]
    assert faults_of("scene,heading,performer,age\n1,INT. HOUSE,tom,17\n1,EXT. HOUSE,ada,18\n")[0][:2] == (3, "heading")


def test_the_hash_is_of_what_is_said_not_of_its_order() -> None:
    one = read_csv("scene,performer,age\n1,tom,17\n2,tom,18\n", "a.csv")
    other = read_csv("performer;age;scene\ntom;18.0;2\ntom;17;1\n", "a.csv")
    third = read_csv("scene,performer,age\n1,tom,17\n2,tom,19\n", "a.csv")
    assert one.sha256 == other.sha256 != third.sha256


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match="cannot be written"):
        Schedule().save(tmp_path / "absent" / "a.toml")
    with pytest.raises(ScheduleError, match=r"neither \.csv nor \.toml"):
        Schedule().save(tmp_path / "a.txt")
    Schedule().save(tmp_path / "a.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_one_of_two_schedules_of_a_production_is_too_many(tmp_path: Path) -> None:
    (tmp_path / "schedule").mkdir()
    assert schedule_of(tmp_path) is None
    Schedule().save(tmp_path / "schedule" / "schedule.csv")
    assert schedule_of(tmp_path) == tmp_path / "schedule" / "schedule.csv"
    Schedule().save(tmp_path / "schedule" / "schedule.toml")
    with pytest.raises(ScheduleError, match="only one can count"):
        schedule_of(tmp_path)


def test_no_cell_is_a_formula() -> None:
    texts = ["=HYPERLINK(1)", "+1", "-1", "@x", "'=1", "''-2", "'quoted'"]
    listed = tuple(Scene(id=str(n), heading=text) for n, text in enumerate(texts))
    schedule = Schedule(listed=listed, extra={"own": "=2"})
    written = write_csv(schedule).decode()
    assert not [cell for row in csv.reader(written.splitlines()) for cell in row if cell[:1] in ("=", "+", "-", "@")]
    assert read_csv(written.removeprefix("\ufeff"), "a.csv") == schedule
