"""The loop: steps, looks at the held-out frames, previews, checkpoints, and an end that can come at any moment.

All processes run it in step; the first one alone writes. The loop is never interrupted in the midst of a step: it asks
whether it is to stop. Samples are made on a thread of their own, a few steps ahead.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lightning_fabric import Fabric

from playingage.core import PlayingAgeError, prefetch
from playingage.training.run import checkpoint
from playingage.training.run.errors import KEPT, TrainingError
from playingage.training.run.folder import Row, RunFolder
from playingage.training.run.page import Facts
from playingage.training.run.ports import Learner
from playingage.training.run.settings import RunSettings
from playingage.training.run.status import Pace, Progress, Reporter
from playingage.training.run.trainer import LOSS, Terms, Trainer

LOG = logging.getLogger(__name__)
_AHEAD = 2
STOPPED, STEPS, EARLY = "stopped", "steps", "early"
"""Why a run ended: somebody stopped it, all steps are done, the held-out frames got no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a session ended. best: step and held-out loss of what is exported."""

    ended: str
    step: int
    best: tuple[int, float] | None
    rows: tuple[Row, ...]


class Loop:
    """One session of a run. `note` is told what a person has to know; `asked` whether to stop."""

    def __init__(
        self, learner: Learner, folder: RunFolder, settings: RunSettings, fabric: Fabric, facts: Facts, *,
        identity: str, note: Callable[[str], None] = LOG.info, asked: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trainer = Trainer(learner, settings, fabric)
        self._learner, self._folder, self._settings, self._fabric = learner, folder, settings, fabric
        self._note, self._asked, self._clock, self._identity = note, asked, clock, identity
        self._writes = fabric.is_global_zero
        self._pace = Pace(clock)
        self._seen = 0
        self._ended = ""
        self._saved = self._clock()
        self._reporter = Reporter(folder, facts, [], clock=clock)

    def begin(self) -> int:
        """Go back to the newest checkpoint, if there is one; the step from which it goes on. Raises TrainingError."""
        with self._reporting():
            return self._begin()

    def run(self, progress: Callable[[int], None] = lambda step: None) -> Outcome:
        """Learn until the end, or until asked to stop. Raises TrainingError; what was saved stays."""
        with self._reporting():
            progress(self.trainer.step)
            if self._learn(progress):
                self._save()
            if self._writes and not self._ended:
                self._tell("stopped", f"Stopped at step {self.trainer.step:,}. The same command goes on.", now=True)
        return Outcome(ended=self._ended or STOPPED, step=self.trainer.step, best=self.trainer.best,
                       rows=tuple(self._reporter.rows))

    @contextmanager
    def exporting(self) -> Iterator[None]:
        """The best averaged weights are in the module, or the last ones where nothing was held out.

        The module is on the processor from then on.
        """
        self._learner.module.to("cpu")
        with self._reporting(), self.trainer.averaged(best=True):
            if self._writes:
                self._tell("exporting", now=True)
            yield

    def finish(self, words: str) -> None:
        """The package is there."""
        if self._writes:
            self._tell("finished", words, now=True)

    def _begin(self) -> int:
        """Read the newest checkpoint, in the first process, and put everything else back to its step."""
        state: dict[str, Any] | None = None
        said: tuple[str, ...] = ()
        wrong: TrainingError | None = None
        if self._writes:
            try:
                state, said = checkpoint.newest(self._folder.path)
                if state is not None and state["identity"] != self._identity:
                    raise TrainingError(
                        f"{self._folder.path}: the checkpoint is of other settings or another archive",
                        "Start anew with --fresh, or under another --name.",
                    )
            except TrainingError as error:
                wrong = error
        state, wrong = self._shared((state, wrong))
        if wrong is not None:
            raise wrong
        for each in said:
            self._note(f"{each}.")
        trainer = self.trainer
        if state is not None:
            trainer.restore(state)
            self._ended = str(state["ended"])
        if self._writes:
            self._reporter.rows = self._folder.cut_log(trainer.step if state is not None else -1)
            self._folder.cut_previews(trainer.step if state is not None else -1)
            if state is not None:
                self._note(f"Going on from step {trainer.step:,}.")
            self._tell("starting", now=True)
        if state is None:
            self._look()
            self._preview()
        return trainer.step

    def _learn(self, progress: Callable[[int], None]) -> bool:
        """Learn on; False where nothing was left to learn."""
        trainer, settings = self.trainer, self._settings
        if self._ended or trainer.step >= settings.steps:
            self._ended = self._ended or STEPS
            return False
        ranks, rank = self._fabric.world_size, self._fabric.global_rank
        numbers = (step * ranks + rank for step in itertools.count(trainer.step))
        stream = prefetch((self._learner.batch(number) for number in numbers), _AHEAD)
        try:
            while not self._ended and not self._stop():
                batch = next(stream)
                trainer.learn(batch)
                self._seen += len(next(iter(batch.values()))) * ranks
                self._pace.mark(trainer.step, self._seen)
                self._after_step()
                progress(trainer.step)
        finally:
            stream.close()
        return True

    def _after_step(self) -> None:
        """What is due after a step, in an order in which the checkpoint comes last."""
        step, settings = self.trainer.step, self._settings
        last = step >= settings.steps
        if step % settings.log_every == 0 or last:
            terms = self.trainer.told()
            self._log({"loss": terms.pop(LOSS), "terms": terms, "rate": self.trainer.rate,
                       "samples_per_s": round(self._pace.samples, 2)})
        if (step % settings.held_out_every == 0 or last) and not self._look():
            self._ended = EARLY
        if last:
            self._ended = self._ended or STEPS
        if step % settings.preview_every == 0 or self._ended:
            self._preview()
        if self._writes:
            self._tell("training")
            if step % settings.save_every == 0 or self._clock() - self._saved >= settings.save_seconds:
                self._save()

    def _look(self) -> bool:
        """Look at the held-out frames; False when it is time to end early."""
        terms: Terms | None = self._shared(self.trainer.look() if self._writes else None)
        if terms is None:
            return True
        loss = terms.pop(LOSS)
        self._log({"held_out": loss, "held_out_terms": terms})
        return self.trainer.judge(loss)

    def _preview(self) -> None:
        if self._writes:
            with self.trainer.averaged():
                sheet = self._learner.preview()
            self._folder.add_preview(self.trainer.step, sheet)

    def _log(self, what: dict[str, Any]) -> None:
        if self._writes:
            row = {"step": self.trainer.step, **what}
            self._folder.log(row)
            self._reporter.rows.append(row)

    def _save(self) -> None:
        if self._writes:
            self._folder.sync_log()
            state = self.trainer.state() | {"identity": self._identity, "ended": self._ended}
            checkpoint.write(self._folder.path, state)
            self._saved = self._clock()

    def _tell(self, state: str, words: str = "", *, now: bool = False) -> None:
        self._reporter.tell(Progress(
            state=state, step=self.trainer.step, samples=self._pace.samples, best=self.trainer.best, words=words,
            seconds_left=self._pace.seconds_left(self._settings.steps),
        ), now=now)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """What fails or is stopped in here is said on the page."""
        try:
            yield
        except Exception as error:
            words = error.what if isinstance(error, PlayingAgeError) else f"{type(error).__name__}: {error}"
            self._ended_badly("failed", f"{words}. {KEPT}")
            raise
        except BaseException:
            self._ended_badly("stopped", KEPT)
            raise

    def _ended_badly(self, state: str, words: str) -> None:
        if self._writes:
            try:
                self._tell(state, words, now=True)
            except TrainingError as further:
                LOG.warning("%s", further.what)

    def _stop(self) -> bool:
        """Whether any process is to stop: they stop together."""
        asked = self._asked()
        if self._fabric.world_size == 1:
            return asked
        import torch

        votes = self._fabric.all_reduce(torch.tensor(float(asked), device=self._fabric.device), reduce_op="sum")
        return bool(torch.as_tensor(votes) > 0)

    def _shared(self, value: Any) -> Any:
        """What the first process found, in all of them."""
        return value if self._fabric.world_size == 1 else self._fabric.broadcast(value)
