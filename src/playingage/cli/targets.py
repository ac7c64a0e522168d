"""What may be read by commands that need an end, and outputs that would fall upon their own input."""

from pathlib import Path

from playingage.core import SettingError


def check_stored(source: str) -> None:
    """Raises SettingError for a source that has no end: a device, a stream, an endless test pattern."""
    from playingage.media import Kind, PatternSettings, kind_of

    kind = kind_of(source)
    endless = kind is Kind.PATTERN and PatternSettings.parse(source).frames is None
    if kind in (Kind.DEVICE, Kind.STREAM) or endless:
        raise SettingError(
            f"{source} has no end, and this command reads to the end",
            "Give a clip, picture or sequence; `playingage live` takes devices and streams.",
        )


def check_distinct(source: str, target: Path, matte: Path | None) -> None:
    """Raises SettingError where an output is the input or the other output, under whatever name."""
    outputs = [("OUT", target)] + ([("the matte", matte)] if matte is not None else [])
    origin = _origin(source)
    for name, path in outputs:
        if _same(Path(source), path) or _same(origin, path):
            raise SettingError(f"{path}: {name} is IN itself", "Originals are never written over: choose another name.")
    if matte is not None and _same(target, matte):
        raise SettingError(f"{matte}: the matte and OUT have one name", "Choose another name for the matte.")


def _origin(source: str) -> Path:
    """The pictures that a folder of them means; else the path itself."""
    from playingage.media import Kind, kind_of
    from playingage.media.address import sequence_in

    return Path(str(sequence_in(Path(source)))) if kind_of(source) is Kind.FOLDER else Path(source)


def _same(a: Path, b: Path) -> bool:
    if a.exists() and b.exists() and a.samefile(b):
        return True
    first, second = _pictures(a), _pictures(b)
    if first is None and second is None:
        return a.resolve() == b.resolve()
    if first is not None and second is not None:
        return first == second
    name, one = (first, b) if first is not None else (second, a)
    assert name is not None
    folder, prefix, suffix = name
    inner = one.name.removeprefix(prefix).removesuffix(suffix)
    return one.parent.resolve() == folder and one.name == prefix + inner + suffix and inner.isdigit()


def _pictures(path: Path) -> tuple[Path, str, str] | None:
    """Folder, prefix and suffix of the numbered pictures that a path stands for; None where it is one file."""
    from playingage.media import SequenceName

    if path.is_dir() or not path.suffix:
        return (path.resolve(), f"{path.name}.", ".png")  # as the sink names them
    if "%" not in path.name and "#" not in path.name:
        return None
    name = SequenceName.parse(str(path))
    return (name.folder.resolve(), name.prefix, name.suffix)
