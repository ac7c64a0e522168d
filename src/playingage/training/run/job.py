"""A performer's training from grant to package: what `playingage train` does, but for talking to people.

Every process checks the grant and reads the archive; the first one alone writes, speaks and keeps the ledger.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric

from playingage.archive import FaceRow, Faceset
from playingage.core import canonical_json, sha256_bytes
from playingage.rights import Grant, GrantError, Use
from playingage.training.run import record
from playingage.training.run.choice import Request, choose
from playingage.training.run.errors import TrainingError
from playingage.training.run.folder import RECORD, SETTINGS, STATUS, RunFolder
from playingage.training.run.launch import first_process, launched
from playingage.training.run.loop import EARLY, STEPS, STOPPED, Loop, Outcome
from playingage.training.run.page import Facts
from playingage.training.run.place import place
from playingage.training.run.ports import Learner
from playingage.training.run.status import Progress, Reporter

Bar = Callable[[str, int, str], AbstractContextManager[Callable[[int], None]]]
"""A progress bar: what is done, how many there are, of what."""
_WORDS = {STEPS: "all steps are done", EARLY: "the held-out frames got no better"}


class Maker(Protocol):
    """Makes learners."""

    def rows(self, rows: Sequence[FaceRow]) -> Sequence[FaceRow]:
        """Which of the faces are learned from, where there are more than help."""
        ...

    def learner(self, faceset: Faceset, grant: Grant, request: Request, told: Callable[[int], None]) -> Learner:
        """The learner of a faceset, whose rows are the faces to learn from. `told`: the number of faces made ready.

        Raises PlayingAgeError where the archive does not suffice.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How the job speaks. note: to a person; bar: work that takes time; asked: whether to stop.

    hold: around what asks by itself whether to stop; a stop may be raised at its end. opened: the run's folder.
    """

    note: Callable[[str], None]
    bar: Bar
    asked: Callable[[], bool] = lambda: False
    hold: Callable[[], AbstractContextManager[None]] = nullcontext
    opened: Callable[[Path], None] = lambda folder: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of it. package, sha256, record: None where the run was stopped, and in all processes but the first."""

    performer: str
    name: str
    run: Path
    ended: str
    step: int
    steps: int
    best: tuple[int, float] | None
    device: str
    faces: int
    record: str | None = None
    package: Path | None = None
    sha256: str | None = None


def train(request: Request, maker: Maker, speech: Speech) -> Trained:
    """Train to the end, or until asked to stop, and export. Goes on with a run of that name. Raises PlayingAgeError."""
    if not first_process():
        speech = Speech(note=_silent, bar=lambda what, total, unit: nullcontext(_silent), asked=speech.asked,
                        hold=speech.hold)
    offered, grant = choose(request, speech.note)
    faceset = offered.with_rows(maker.rows(offered.rows))
    fabric, device = launched(request.settings)
    ages = [row.age for row in faceset.rows]
    some = "" if len(ages) == len(offered.rows) else f" (of {len(offered.rows):,})"
    titles = len({row.title for row in faceset.rows})
    speech.note(f"Device: {device}. {len(ages):,} faces{some} of {titles} title{'s' if titles > 1 else ''}, "
                f"ages {min(ages):.0f} to {max(ages):.0f}. {grant.name.capitalize()}.")
    folder = RunFolder(request.production.runs(request.performer) / request.name)
    try:
        with ExitStack() as stack:
            if fabric.is_global_zero:
                stack.enter_context(folder.alone())
                speech.opened(folder.path)
            return _Job(request, faceset, grant, fabric, device, folder, speech).run(maker)
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {each}" for name, each in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _silent(said: object) -> None:
    pass


class _Job:
    """One session of a run, in one process."""

    def __init__(
        self, request: Request, faceset: Faceset, grant: Grant, fabric: Fabric, device: str, folder: RunFolder,
        speech: Speech,
    ) -> None:
        self._request, self._faceset, self._grant = request, faceset, grant
        self._fabric, self._device, self._folder, self._speech = fabric, device, folder, speech
        self._first = fabric.is_global_zero
        self._performer = request.production.performer(request.performer)
        self._record: dict[str, Any] = {}

    def run(self, maker: Maker) -> Trained:
        """From the archive to the package."""
        request, speech, faces, identity, data = self._request, self._speech, len(self._faceset.rows), "", {}
        if self._first:
            with speech.bar("Reading the archive", faces, "faces") as told:
                data = record.data_of(self._faceset, told)
            if self._folder.read_json(STATUS) is None:
                begun = Reporter(self._folder, self._facts({}, data), [])
                begun.tell(Progress(state="starting", step=0, words="Faces are made ready."), now=True)
        with speech.bar("Making faces ready", faces, "faces") as told:
            learner = maker.learner(self._faceset, self._grant, request, told)
        described = learner.describe()
        if self._first:
            identity = self._opened(described, data)
        loop = Loop(learner, self._folder, request.settings, self._fabric, self._facts(described, data),
                    identity=identity, note=speech.note, asked=speech.asked)
        with speech.bar(f"Training {request.performer}", request.settings.steps, "steps") as told, speech.hold():
            step = loop.begin()
            if self._first:
                self._begun(step, identity)
            outcome = loop.run(told)
            if self._first and outcome.ended == STOPPED:
                self._ledger("stopped", step=outcome.step)
        done = self._done(outcome)
        if not self._first or outcome.ended == STOPPED:
            return done
        return self._exported(loop, learner, outcome, done)

    def _opened(self, described: dict[str, Any], data: dict[str, Any]) -> str:
        """What names the run's settings and data; it is new, or it is the same. Raises TrainingError."""
        request, folder = self._request, self._folder
        if request.fresh:
            folder.clear()
        settings = record.settings_of(request.settings, described, data, self._fabric.world_size)
        before = folder.read_json(SETTINGS)
        if before is None:
            folder.write_json(SETTINGS, settings)
        different = record.differences(before or settings, settings)
        if different:
            raise TrainingError(
                f"{folder.path}: holds a run of other settings or of another archive: {'; '.join(different[:6])}",
                "Give the same settings to go on with it, train under another --name, or throw it away with --fresh.",
            )
        self._record = (None if before is None else folder.read_json(RECORD)) or record.started(
            request.production, self._performer, request.name, settings, described
        )
        return sha256_bytes(canonical_json(settings))

    def _begun(self, step: int, identity: str) -> None:
        self._record["grant"] = self._grant.sha256
        self._record["sessions"].append(record.session(self._device, step, self._grant.sha256))
        self._folder.write_json(RECORD, self._record)
        self._ledger("started", settings=identity, step=step, faces=len(self._faceset.rows),
                     titles=sorted({row.title for row in self._faceset.rows}))

    def _exported(self, loop: Loop, learner: Learner, outcome: Outcome, done: Trained) -> Trained:
        """The package in its place. The grant has to stand still."""
        request = self._request
        self._check_grant()
        self._speech.note(f"The training has ended: {_WORDS[outcome.ended]}. Exporting.")
        self._record["result"] = record.result(outcome.ended, outcome.step, outcome.best, outcome.rows)
        digest = self._folder.write_json(RECORD, self._record)
        target = request.production.models(request.performer) / f"{request.name}.pamodel"
        with loop.exporting():
            sha256 = place(
                partial(learner.export, record=digest), target,
                lambda package: self._ledger("exported", package=package, record=digest, step=outcome.step),
            )
        loop.finish(f"The model is {target.name}, {sha256[:12]}.")
        return replace(done, record=digest, package=target, sha256=sha256)

    def _check_grant(self) -> None:
        """It may have been revoked, or have expired, while the training went on. Raises GrantError."""
        production, grant = self._request.production, self._grant
        production.entries()
        titles = sorted({row.title for row in self._faceset.rows})
        lacking = grant.lacks(
            use=Use.TRAIN, performer=self._request.performer, production=production.id, at=datetime.now(UTC),
            titles=titles, died=production.performer(self._request.performer).died_at,
        )
        filed = any(each.grant is not None and each.grant.sha256 == grant.sha256 for each in production.filing.all())
        if lacking or not filed:
            raise GrantError(
                f"{grant.name} no longer stands: {'; '.join(lacking) or 'it was revoked or taken away'}",
                "Nothing was exported. With another grant, the same command exports.",
            )

    def _ledger(self, stage: str, **details: Any) -> None:
        request = self._request
        request.production.ledger.append(
            "train", performer=request.performer, grant=self._grant, stage=stage, name=request.name, **details
        )

    def _facts(self, described: dict[str, Any], data: dict[str, Any]) -> Facts:
        request, rows = self._request, self._faceset.rows
        shown = {**request.settings.shaping, **described.get("settings", {}), "grant": self._grant.name}
        return Facts(
            performer=self._performer.name, name=request.name, steps=request.settings.steps, device=self._device,
            settings={name.replace("_", " "): _readable(value) for name, value in shown.items()},
            faces=dict(sorted(Counter(int(row.age) for row in rows).items())), titles=data.get("titles", {}),
            coverage=tuple((float(age), float(weight)) for age, weight in described.get("coverage", ())),
        )

    def _done(self, outcome: Outcome) -> Trained:
        return Trained(
            performer=self._request.performer, name=self._request.name, run=self._folder.path, ended=outcome.ended,
            step=outcome.step, steps=self._request.settings.steps, best=outcome.best, device=self._device,
            faces=len(self._faceset.rows),
        )
