"""`playingage train`: a performer's own model from their archive."""

import logging
import re
from contextlib import AbstractContextManager, ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from playingage.cli import options
from playingage.cli.output import progress_bar, result, result_json, say
from playingage.cli.stopping import Stopped, asked_to_stop, held_back
from playingage.core import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from playingage.training.run.choice import Request
    from playingage.training.run.job import Trained

EXAMPLES = """Examples:

  playingage train ada

  playingage train ada --page --name day-scenes --titles "First Film" --titles "Second Film" --ages 20-45

  playingage train ada --stills --size 256 --device cpu

  playingage train ada --device cuda --devices 2 --precision bf16-mixed --page 8040
"""
_AGES = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*-\s*(\d{1,3}(?:\.\d+)?)")
_FEW = 40
"""So many faces or fewer are taken for stills, unless told."""
_STEPS, _STEPS_OF_STILLS = 1000, 200
_PORT = 8036


class TrainCommand(TyperCommand):
    """Takes `--page` with a port or without."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """A bare `--page` gets its port before the options are read."""
        args = [*args]
        for place in reversed([i for i, word in enumerate(args) if word == "--page"]):
            if place + 1 == len(args) or not args[place + 1].isdecimal():
                args.insert(place + 1, str(_PORT))
        return super().parse_args(ctx, args)


def train(
    performer: Annotated[str, typer.Argument(metavar="PERFORMER", help="Whose model.")],
    name: Annotated[str, typer.Option("--name", help="Of the model and its run: models/PERFORMER/NAME.pamodel.")] = (
        "main"
    ),
    titles: Annotated[
        list[str] | None, typer.Option("--titles", metavar="TITLE", help="Only faces of this title; may be repeated.")
    ] = None,
    ages: Annotated[
        str | None, typer.Option("--ages", metavar="LOW-HIGH", help="Only faces of these ages: 20-45.")
    ] = None,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Leave out titles that the grant does not cover, instead of refusing.")
    ] = False,
    stills: Annotated[
        bool | None, typer.Option("--stills/--film", help=f"A few stills, or film; else up to {_FEW} faces are stills.")
    ] = None,
    size: Annotated[int, typer.Option("--size", help="Native size of the model: 256, 512 or 1024 pixels.")] = 512,
    steps: Annotated[
        int | None, typer.Option("--steps", help=f"Else {_STEPS}, or {_STEPS_OF_STILLS} of stills; it may end earlier.")
    ] = None,
    device: Annotated[
        str, typer.Option("--device", help="cpu or cuda; else a graphics card where there is one.")
    ] = "auto",
    devices: Annotated[int, typer.Option("--devices", help="So many graphics cards, or processes.")] = 1,
    precision: Annotated[str, typer.Option("--precision", help="32-true or bf16-mixed.")] = "32-true",
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")] = 7,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away a run of this name and start anew.")] = False,
    page: Annotated[
        int | None, typer.Option("--page", metavar="[PORT]", help=f"Show the live page on this machine, port {_PORT}.")
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Train a performer's own model under their grant. Goes on with a stopped or killed run of the same name."""
    for module in ("torch", "lightning_fabric", "onnx", "pyarrow"):
        if find_spec(module) is None:
            raise SettingError(
                f"this installation cannot train: {module} is missing", "Install it: pip install 'playingage[train]'"
            )
    from playingage.production import Production
    from playingage.training.run.choice import Request
    from playingage.training.run.launch import first_process
    from playingage.training.run.settings import RunSettings

    opened = Production.find(production)
    few = _few(opened.archive(performer)) if stills is None else stills
    if few and stills is None and first_process():
        say(f"The archive of {performer} holds {_FEW} faces or fewer: taken for stills. Say --film if it is film.")
    settings = RunSettings(
        steps=steps if steps is not None else _STEPS_OF_STILLS if few else _STEPS, accelerator=device, devices=devices,
        precision=precision, seed=seed, size=size, stills=few,
    )
    request = Request(
        production=opened, performer=performer, name=name, settings=settings, titles=tuple(titles or ()),
        ages=_ages(ages), leave_out=leave_out, fresh=fresh,
    )
    done = _run(request, page)
    if done is None:
        return
    if json_output:
        result_json(done)
    else:
        _tell(done)


def _run(request: "Request", port: int | None) -> "Trained | None":
    """What came of it, in the first process; None in the others."""
    from playingage.training.run.job import Speech, train
    from playingage.training.run.launch import first_process
    from playingage.training.run.performers import PerformerMaker

    # Fabric and torch remark on what is chosen; it is said in our own words.
    for name in ("lightning_fabric", "torch.onnx._internal.exporter._registration"):
        logging.getLogger(name).setLevel(logging.ERROR)
    first = first_process()
    with ExitStack() as stack:
        speech = Speech(
            note=say, bar=_bar, asked=asked_to_stop, hold=held_back,
            opened=lambda folder: _serve(stack, folder, port) if port is not None else say(
                f"Live page: {folder / 'index.html'}"),
        )
        try:
            done = train(request, PerformerMaker(), speech)
        except Stopped:
            if first:
                say("What was learned is saved: the same command goes on from there.")
            raise
    return done if first else None


def _bar(what: str, total: int, unit: str) -> "AbstractContextManager[Callable[[int], None]]":
    return progress_bar(what, total, unit=unit)


def _serve(stack: ExitStack, folder: Path, port: int) -> None:
    from playingage.training.run.page import POLICY
    from playingage.web.runs import RunServer
    from playingage.web.settings import ServerSettings

    server = stack.enter_context(RunServer(folder, POLICY, ServerSettings(port=port)))
    say(f"Live page: {server.url}")


def _few(archive: Path) -> bool:
    from playingage.archive import Faceset

    return Faceset.exists(archive) and len(Faceset.load(archive).used) <= _FEW


def _ages(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    found = _AGES.fullmatch(text.strip())
    if found is None or float(found[1]) > float(found[2]):
        raise SettingError(f"--ages: {text!r} are no ages", "Write them like --ages 20-45.")
    return float(found[1]), float(found[2])


def _tell(done: "Trained") -> None:
    best = "" if done.best is None else f", best on held-out frames at step {done.best[0]:,}"
    result(f"{done.package}: a model of {done.performer} from {done.faces:,} faces, {done.step:,} steps{best}.")
    result(f"SHA-256 {done.sha256}; training record {done.record}.")
