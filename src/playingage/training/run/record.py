"""What a run was learned from, with what and how: everything by hash, so that a package's origin can be shown."""

import json
import platform
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from playingage import __version__
from playingage.archive import FaceRow, Faceset
from playingage.core import canonical_json, sha256_bytes, sha256_file
from playingage.production import Performer, Production
from playingage.training.run.errors import TrainingError
from playingage.training.run.settings import RunSettings

RECORD_FORMAT, RECORD_VERSION = "playingage-run-record", 1
SETTINGS_FORMAT, SETTINGS_VERSION = "playingage-run-settings", 1
_LIBRARIES = ("torch", "lightning-fabric", "numpy", "opencv-python-headless", "onnx", "openvino")
_ROOT = Path(__file__).parents[2]


def data_of(faceset: Faceset, told: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """The faces learned from: each by the hash of its cut and of what was measured. Raises TrainingError."""
    faces = {}
    for number, row in enumerate(faceset.rows, 1):
        try:
            cut = sha256_file(faceset.folder / row.file)
        except OSError as error:
            raise TrainingError(
                f"{faceset.folder / row.file}: cannot be read: {error.strerror}", "Ingest that title again."
            ) from error
        faces[row.id] = [cut, _measured(row)]
        told(number)
    ages = [row.age for row in faceset.rows]
    return {
        "faces": len(faces), "faces_sha256": sha256_bytes(canonical_json(faces)),
        "titles": dict(sorted(Counter(row.title for row in faceset.rows).items())),
        "youngest": min(ages), "oldest": max(ages),
    }


def _measured(row: FaceRow) -> str:
    """Hash of what the row says, but for people's decisions, which select it and nothing more."""
    plain = [row.title, row.source, row.frame, row.age, row.left, row.top, row.width, row.height, row.transfer]
    return sha256_bytes(canonical_json(plain) + row.landmarks.tobytes())


def settings_of(
    settings: RunSettings, described: dict[str, Any], data: dict[str, Any], processes: int
) -> dict[str, Any]:
    """What makes this run this one: it only goes on with the same. The content of settings.json."""
    settled = {
        "format": SETTINGS_FORMAT, "version": SETTINGS_VERSION, "run": settings.shaping,
        "learner": described.get("settings", {}), "data": data, "processes": processes,
    }
    return dict(json.loads(canonical_json(settled)))


def differences(before: dict[str, Any], after: dict[str, Any], path: str = "") -> list[str]:
    """Where two settings differ, in words: name, old value, new value."""
    found: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{path}{name}.")
        elif old != new:
            found.append(f"{path}{name} was {_short(old)}, now {_short(new)}")
    return found


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) > 40 else text


def started(
    production: Production, performer: Performer, name: str, settings: dict[str, Any], described: dict[str, Any]
) -> dict[str, Any]:
    """The record of a run that begins. Sessions and the result are added later."""
    return {
        "format": RECORD_FORMAT, "version": RECORD_VERSION, "name": name, "created": _now(),
        "performer": {"id": performer.id, "name": performer.name},
        "production": {"id": production.id, "name": production.name},
        "grant": None, "data": settings["data"],
        "settings": {"run": settings["run"], "processes": settings["processes"]}, "learner": described,
        "sessions": [], "result": None,
    }


def session(device: str, step: int, grant: str) -> dict[str, Any]:
    """One start of a run: from which step, where, under which grant, by which code and versions."""
    code = {path.relative_to(_ROOT).as_posix(): sha256_file(path) for path in sorted(_ROOT.rglob("*.py"))}
    return {
        "began": _now(), "step": step, "device": device, "grant": grant, "program": __version__,
        "code_sha256": sha256_bytes(canonical_json(code)), "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _LIBRARIES},
    }


def result(ended: str, step: int, best: tuple[int, float] | None, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How the run ended."""
    log = canonical_json([{k: v for k, v in row.items() if k != "samples_per_s"} for row in rows])
    return {
        "ended": ended, "steps": step, "log_sha256": sha256_bytes(log),
        "best": None if best is None else {"step": best[0], "held_out": best[1]},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat("T", "seconds")
