"""Who may change the on-set state, and how: every act of a console goes through here, and is told on."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playingage.live import acts
from playingage.live.stage import Stage
from playingage.live.state import SetState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An act as it was carried out: who did what with which values."""

    act: str
    values: Mapping[str, Any]
    by: str
    state: SetState


class Direction(Stage):
    """A stage under the hands of operators. `tellers` are called with every act, in the thread that asked.

    by: whose the last act was.
    """

    tellers: tuple[Callable[[Told], None], ...] = ()
    by: str = ""

    def act(self, name: str, values: Mapping[str, Any], by: str) -> SetState:
        """Carry out what `by` asks: see `acts`. Raises SettingError, and then nothing was changed."""
        before, self.by = self.by, by  # before anybody is told of the change
        try:
            acts.carry_out(self, name, values)
        except BaseException:
            self.by = before
            raise
        state = self.state
        log.info("%s: %s %s", by, name, {key: value for key, value in values.items() if value is not None})
        for tell in self.tellers:
            tell(Told(act=name, values=values, by=by, state=state))
        return state
