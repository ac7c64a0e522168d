"""The schedule of playing ages: scenes, shots and takes by performers. Decisions, and the reading and writing of files.

    schedule = Schedule.load(Path("schedule.toml"))             # or .csv; ScheduleError names line and field
    plan = schedule.at("12", "A", 3, "tom")                     # the most specific entry, or None
    plan.age(48, Fraction(24))                                  # years, 48 frames after the take began

Calls run downward: files -> document, table -> model -> plan. Scripts and timelines become schedules in `script`,
`fountain`, `fdx`, `timeline`; `coverage` finds what is missing, `chart` draws it.
"""

from playingage.schedule.faults import Fault, FieldError, ScheduleError
from playingage.schedule.files import schedule_of
from playingage.schedule.model import EVERY, Entry, Part, Scene, Schedule, Shot
from playingage.schedule.plan import Key, Offset, Plan
from playingage.schedule.regions import REGIONS

__all__ = [
    "EVERY", "REGIONS", "Entry", "Fault", "FieldError", "Key", "Offset", "Part", "Plan", "Scene", "Schedule",
    "ScheduleError", "Shot", "schedule_of",
]
