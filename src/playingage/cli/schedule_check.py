"""`playingage schedule check`: the production as a strip of scenes, performers and ages, and what is missing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import result, result_json, say
from playingage.cli.schedule import File, find
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.production import Production
    from playingage.rights import Grant, Use
    from playingage.schedule import Schedule
    from playingage.schedule.coverage import Cell, Facts, Kind, Slot, Strip

EXAMPLES = """Examples:

  playingage schedule check --production long-year --chart ages.html

  playingage schedule check ages.csv --json
"""
_COLUMN, _NAME, _LINE = 8, 16, 112
_SIGNS: "dict[Kind, str]" = {"unknown": "!", "grant": "!", "model": "x", "weak": "~"}


def check(
    file: File = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="HTML", help="Also draw the strip as a page. Overwrites.")
    ] = None,
    use: Annotated[
        list[str] | None, typer.Option("--use", help="Uses that grants have to cover; live and render unless told.")
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Show scenes by performers by ages, and what has no age, no grant or no model for it. Exit code 1 where that is.

    In a production, grants in force and the performers' newest models are held against every age.
    """
    from playingage.schedule.coverage import lay_out

    if chart is not None and chart.suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"{chart}: is no .html", "Name the page NAME.html.")
    uses = _uses(use)
    path, schedule = find(file, production)
    here = _production(production)
    facts = None if here is None else {
        each.id: _facts(here, each.id, each.name, uses) for each in here.performers if each.id in schedule.performers
    }
    strip = lay_out(schedule, facts)
    if chart is not None:
        _draw(strip, schedule, here, facts, path, chart)
    if json_output:
        result_json(_document(strip, schedule, path, here))
    else:
        _tell(strip, schedule, path, here)
        if chart is not None:
            say(f"Chart: {chart}")
    if strip.failing:
        raise typer.Exit(1)


def _uses(names: list[str] | None) -> "list[Use]":
    from playingage.rights import Use

    try:
        return [Use(name) for name in names or ("live", "render")]
    except ValueError as error:
        raise SettingError(f"--use: {error}", f"Known: {', '.join(Use)}.") from None


def _production(folder: Path | None) -> "Production | None":
    from playingage.production import Production, ProductionError

    try:
        return Production.find(folder)
    except ProductionError:
        if folder is not None:
            raise
        say("Not in a production: grants and models are not looked at. Name it with --production.")
        return None


def _facts(here: "Production", performer: str, name: str, uses: "list[Use]") -> "Facts":
    """What grants and models say of a performer."""
    from playingage.cli.casting import newest_package
    from playingage.core import ModelError
    from playingage.models import read_spec
    from playingage.rights import GrantError
    from playingage.schedule.coverage import Facts

    granted, refused = {}, {}
    for use in uses:
        try:
            here.grant(performer, use)
            granted[str(use)] = [grant.statement.ages for grant in _in_force(here, performer, use)]
        except GrantError as error:
            refused[str(use)] = error.what
    try:
        spec, no_model = read_spec(newest_package(here, performer)), ""
    except ModelError as error:
        return Facts(name=name, granted=granted, refused=refused, no_model=error.what)
    return Facts(name=name, granted=granted, refused=refused, model=spec.ages, no_model=no_model,
                 coverage=spec.coverage)


def _in_force(here: "Production", performer: str, use: "Use") -> "list[Grant]":
    now, died = datetime.now(UTC), here.performer(performer).died_at
    return [filed.grant for filed in here.filing.all(performer) if filed.grant is not None and not filed.grant.lacks(
        use=use, performer=performer, production=here.id, at=now, died=died)]


def _draw(
    strip: "Strip", schedule: "Schedule", here: "Production | None", facts: "dict[str, Facts] | None", path: Path,
    chart: Path,
) -> None:
    from playingage.schedule.chart import Heading, draw_page
    from playingage.schedule.files import write

    lines = [f"{path.name}, schedule {schedule.sha256[:12]}, {len(schedule.scenes)} scenes, "
             f"{len(schedule.performers)} performers; looked at on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"]
    if here is None:
        lines.append("Grants and models were not looked at.")
    names = {id: known.name for id, known in (facts or {}).items()}
    title = f"{here.name if here is not None else path.stem}: playing ages"
    write(chart, draw_page(strip, Heading(title=title, facts=lines, names=names)).encode())


def _document(strip: "Strip", schedule: "Schedule", path: Path, here: "Production | None") -> dict[str, Any]:
    from playingage.schedule.chart import told

    return {
        "file": str(path), "sha256": schedule.sha256, "production": None if here is None else here.id,
        "ready": not strip.failing, "performers": list(strip.performers),
        "strip": [
            {"scene": slot.scene, "shot": slot.shot, "take": slot.take, "performers": {
                id: {"age": None if cell.plan is None or cell.plan.span is None else list(cell.plan.span),
                     "words": told(cell.plan), "found": list(cell.kinds)} for id, cell in slot.cells.items()
            }} for slot in strip.slots
        ],
        "findings": [{"kind": each.kind, "performer": each.performer, "scenes": list(each.scenes),
                      "words": each.words, "failing": each.failing} for each in strip.findings],
    }


def _tell(strip: "Strip", schedule: "Schedule", path: Path, here: "Production | None") -> None:
    for start in range(0, len(strip.slots), per_line := (_LINE - _NAME) // _COLUMN):
        _tell_block(strip.performers, strip.slots[start : start + per_line])
    if any(_SIGNS.get(kind) or kind == "gap" for slot in strip.slots for cell in slot.cells.values()
           for kind in cell.kinds):
        result("?: no age   !: no grant   x: not by the model   ~: little own footage\n")
    for finding in strip.findings:
        result(f"{finding.kind:<8}{finding.told}")
    count = sum(finding.failing for finding in strip.findings)
    verdict = f"{count} thing{'s'[: count != 1]} to mend" if count else "nothing to mend"
    result(f"{path}: {len(schedule.scenes)} scenes, {len(strip.performers)} performers, {verdict}"
           + (" (grants and models were not looked at)" if here is None else ""))


def _tell_block(performers: tuple[str, ...], slots: "tuple[Slot, ...]") -> None:
    heads = ["all" if slot.scene == "*" else f"{slot.scene}{slot.label and ' '}{slot.label}" for slot in slots]
    result((" " * _NAME + "".join(f"{head[: _COLUMN - 1]:<{_COLUMN}}" for head in heads)).rstrip())
    for performer in performers:
        cells = [_sign(slot.cells.get(performer)) for slot in slots]
        if any(cells):
            line = f"{performer[: _NAME - 1]:<{_NAME}}" + "".join(f"{cell:<{_COLUMN}}" for cell in cells)
            result(line.rstrip())
    result("")


def _sign(cell: "Cell | None") -> str:
    from playingage.schedule.chart import label_of

    if cell is None:
        return ""
    if cell.plan is None:
        return "?"
    return label_of(cell.plan) + "".join(dict.fromkeys(_SIGNS[kind] for kind in cell.kinds if kind in _SIGNS))
