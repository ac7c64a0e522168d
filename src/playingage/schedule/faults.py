"""What is wrong in a schedule: which file, line and field, and what to do. All of a file at once."""

from dataclasses import dataclass, field

from playingage.core import PlayingAgeError

_MOST_TOLD = 40


class FieldError(PlayingAgeError):
    """A field that does not fit. `field` names it."""

    def __init__(self, field: str, what: str, do: str = "") -> None:
        super().__init__(what, do)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong. line counts from 1; 0 means the file as a whole. field may be empty."""

    line: int
    field: str
    what: str
    do: str = ""

    def told(self, file: str) -> str:
        """For people."""
        place = file + (f" line {self.line}" if self.line else "") + (f", field {self.field}" if self.field else "")
        return f"{place}: {self.what}" + (f". {self.do}" if self.do else "")


class ScheduleError(PlayingAgeError):
    """A schedule, script or timeline cannot be used: `faults` are all that was found in the file."""

    def __init__(self, file: str, faults: tuple[Fault, ...], do: str = "Correct what is named, and try again.") -> None:
        told = [fault.told(file) for fault in faults[:_MOST_TOLD]]
        if len(faults) > _MOST_TOLD:
            told.append(f"and {len(faults) - _MOST_TOLD} more")
        super().__init__("\n".join(told), do)
        self.file, self.faults = file, faults


@dataclass(slots=True)
class Faults:
    """Collects what is wrong in one file."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, error: FieldError, before: str = "") -> None:
        """Note a field's error. `before` goes before the field's name."""
        self.found.append(Fault(line=line, field=before + error.field, what=error.what, do=error.do))

    def say(self, line: int, field: str, what: str, do: str = "") -> None:
        """Note something else."""
        self.found.append(Fault(line=line, field=field, what=what, do=do))

    def settle(self) -> None:
        """Raises ScheduleError where anything was noted, in the order of lines."""
        if self.found:
            raise ScheduleError(self.file, tuple(sorted(self.found, key=lambda fault: fault.line)))
