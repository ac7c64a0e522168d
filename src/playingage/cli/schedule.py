"""`playingage schedule new`, `import`, `convert` and `show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import result, result_json, say
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.schedule import Plan, Schedule
    from playingage.schedule.script import Imported

NEW = """Examples:

  playingage schedule new ages.csv --scenes 40 --performer tom=45 --performer ada

  playingage schedule new --production long-year --scenes 40 --performer tom
"""
IMPORT = """Examples:

  playingage schedule import script.fountain ages.csv --cast "YOUNG RICHARD=tom" --cast MARGARET=ada

  playingage schedule import script.fdx --production long-year --cast RICHARD=tom

  playingage schedule import cut.otio ages.csv --update
"""
CONVERT = """Examples:

  playingage schedule convert ages.csv ages.toml
"""
SHOW = """Examples:

  playingage schedule show ages.csv

  playingage schedule show --production long-year --scene 12 --shot A --take 3 --json
"""
File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="A .csv or .toml file; the production's own, unless told.")
]
Out = Annotated[
    Path | None,
    typer.Argument(metavar="[OUT]", help="A .csv or .toml file; the production's own schedule.toml, unless told."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it is there.")]
_SCRIPTS = (".fountain", ".spmd", ".txt")


def new(
    out: Out = None,
    scenes: Annotated[int, typer.Option("--scenes", metavar="N", help="Scenes, numbered from 1.")] = 0,
    performer: Annotated[
        list[str] | None,
        typer.Option("--performer", metavar="ID[=AGE]",
                     help="With AGE: for all scenes; without: a row in each, to fill in. May be repeated."),
    ] = None,
    overwrite: Overwrite = False,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Begin a schedule: scenes by number, and rows to fill in."""
    from playingage.cli.casting import parse_performers
    from playingage.schedule import Entry, Plan, Scene, Schedule

    if not 0 <= scenes <= 2000:
        raise SettingError(f"--scenes {scenes}: is not between 0 and 2000")
    asked = parse_performers(performer or [])
    listed = tuple(Scene(id=str(number)) for number in range(1, scenes + 1))
    whole = [Entry(performer=each.performer, plan=Plan.of(each.age)) for each in asked if each.age is not None]
    rows = [Entry(performer=each.performer, scene=scene.id) for scene in listed for each in asked if each.age is None]
    _store(Schedule(listed=listed, entries=(*whole, *rows)), _target(out, production, overwrite), (), json_output)


def import_(
    script: Annotated[
        Path, typer.Argument(metavar="SCRIPT", help="Script (.fountain, .fdx) or timeline (.otio).")
    ],
    out: Out = None,
    cast: Annotated[
        list[str] | None,
        typer.Option("--cast", metavar="CHARACTER=ID", help="Who plays a character. May be repeated."),
    ] = None,
    clips: Annotated[
        str | None,
        typer.Option("--clips", metavar="REGEX",
                     help="How clips of a timeline are named: groups scene and shot. 12A-3, SC012_SH010 unless told."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Lay it over OUT, whose ages, shots and notes stay.")
    ] = False,
    overwrite: Overwrite = False,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Make a schedule of a script or a timeline: scenes, who is in them, shots. No age is taken from a script."""
    from playingage.schedule import Schedule
    from playingage.schedule.merging import update as lay_over
    from playingage.schedule.script import parse_cast

    target = _target(out, production, overwrite or update)
    made = _read(script, parse_cast(cast or []), clips)
    if update and target.exists():
        made = lay_over(Schedule.load(target), made)
    _store(made.schedule, target, made.remarks, json_output)


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A .csv or .toml file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .csv or .toml file.")],
    overwrite: Overwrite = False,
    json_output: options.Json = False,
) -> None:
    """Write a schedule in the other form; nothing is lost."""
    from playingage.schedule import Schedule

    _store(Schedule.load(source), _target(target, None, overwrite), (), json_output)


def show(
    file: File = None,
    scene: Annotated[str | None, typer.Option("--scene", help="What counts in this scene.")] = None,
    shot: Annotated[str, typer.Option("--shot", help="... in this shot of it.")] = "",
    take: Annotated[int | None, typer.Option("--take", help="... in this take of it.")] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Tell which age counts for whom, and which entry says so."""
    path, schedule = find(file, production)
    if scene is None and (shot or take is not None):
        raise SettingError("a shot or take is of a scene, and none is named", "Name it with --scene.")
    if scene is not None and schedule.scene(scene) is None:
        say(f"Scene {scene} is not in the schedule: what is said of the whole production counts.")
    rows = [] if scene is None else [_counting(schedule, each, scene, shot, take) for each in schedule.performers]
    if json_output:
        from playingage.schedule.document import document_of

        told = {"file": str(path), "sha256": schedule.sha256}
        result_json({**told, **({"schedule": document_of(schedule)} if scene is None else {"performers": rows})})
        return
    result(f"{path}: {len(schedule.scenes)} scenes, {len(schedule.performers)} performers, "
           f"schedule {schedule.sha256[:12]}")
    for row in rows:
        result(f"{row['performer']:<20}  {row['words']}{'' if row['from'] is None else '  (' + row['from'] + ')'}")
    for entry in () if scene is not None else schedule.entries:
        result(f"{entry.performer:<20}  {entry.place}: {_words(entry.plan)}")


def find(file: Path | None, production: Path | None) -> "tuple[Path, Schedule]":
    """The schedule that is named, else the production's. Raises ScheduleError, ProductionError, SettingError."""
    from playingage.cli.production import find_production
    from playingage.schedule import Schedule, schedule_of

    if file is None:
        here = find_production(production)
        file = schedule_of(here.folder)
        if file is None:
            raise SettingError(f"{here.folder / 'schedule'}: holds no schedule", "Begin with: playingage schedule new")
    return file, Schedule.load(file)


def _read(script: Path, cast: dict[str, str], clips: str | None) -> "Imported":
    from playingage.schedule.files import decoded, read
    from playingage.schedule.script import import_script
    from playingage.schedule.timeline import import_timeline, name_pattern

    suffix = script.suffix.lower()
    if suffix not in (*_SCRIPTS, ".fdx", ".otio"):
        raise SettingError(f"{script}: is no script or timeline that is known",
                           "Give a .fountain, .fdx or .otio file.")
    if clips is not None and suffix != ".otio":
        raise SettingError("--clips says how the clips of a timeline are named, and this is a script", "Leave it out.")
    data = read(script)
    if suffix == ".otio":
        return import_timeline(decoded(data, script), script.name, cast, name_pattern(clips))
    if suffix == ".fdx":
        from playingage.schedule.fdx import parse_fdx

        return import_script(parse_fdx(data, script.name), cast)
    from playingage.schedule.fountain import parse_fountain

    return import_script(parse_fountain(decoded(data, script)), cast)


def _target(out: Path | None, production: Path | None, overwrite: bool) -> Path:
    from playingage.cli.production import find_production
    from playingage.schedule import schedule_of

    if out is None:
        here = find_production(production)
        out = schedule_of(here.folder) or here.folder / "schedule" / "schedule.toml"
    if out.suffix.lower() not in (".csv", ".toml"):
        raise SettingError(f"{out}: is neither .csv nor .toml", "Name it NAME.csv or NAME.toml.")
    if out.exists() and not overwrite:
        raise SettingError(f"{out}: is there already", "Replace it with --overwrite, or name another file.")
    return out


def _store(schedule: "Schedule", target: Path, remarks: tuple[str, ...], json_output: bool) -> None:
    schedule.save(target)
    if json_output:
        result_json({
            "file": str(target), "sha256": schedule.sha256, "scenes": len(schedule.scenes),
            "performers": list(schedule.performers), "remarks": list(remarks),
        })
        return
    for remark in remarks:
        say(f"Note: {remark}.")
    result(f"{target}: {len(schedule.scenes)} scenes, {len(schedule.performers)} performers, "
           f"schedule {schedule.sha256[:12]}")


def _counting(schedule: "Schedule", performer: str, scene: str, shot: str, take: int | None) -> dict[str, Any]:
    entry = schedule.entry(scene, shot, take, performer)
    plan = None if entry is None else entry.plan
    return {
        "performer": performer, "words": _words(plan), "alone": plan is not None and plan.alone,
        "keys": [] if plan is None else [
            {"at": None if key.at is None else str(key.at), "age": key.age, **key.regions} for key in plan.keys
        ],
        "from": None if entry is None else entry.place,
    }


def _words(plan: "Plan | None") -> str:
    from playingage.schedule.chart import told

    return told(plan)
