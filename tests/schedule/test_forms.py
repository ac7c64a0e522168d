"""The same schedule in both forms, and whatever bytes there are: a schedule, or an error that says where."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playingage.schedule import Schedule, ScheduleError
from playingage.schedule.document import read_toml, write_toml
from playingage.schedule.files import decoded
from playingage.schedule.table import read_csv, write_csv
from schedule.drawn import schedules

HERE = Path("schedule")


@settings(max_examples=150, deadline=None)
@given(schedules)
def test_both_forms_hold_the_same(schedule: Schedule) -> None:
    as_toml = read_toml(decoded(write_toml(schedule), HERE), "a.toml")
    assert as_toml == schedule
    as_csv = read_csv(decoded(write_csv(schedule), HERE), "a.csv")
    assert as_csv == schedule
    assert read_toml(decoded(write_toml(as_csv), HERE), "b.toml") == schedule
    assert as_csv.sha256 == as_toml.sha256 == schedule.sha256
