"""A model package put in its place: whole, on the disk, and recorded before it gets its name."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from playingage.core import sha256_file
from playingage.core.files import sync_folder
from playingage.training.run.errors import writing


def place(export: Callable[[Path], Path], target: Path, record: Callable[[str], None]) -> str:
    """Have `export` write a package folder beside `target`, give its hash to `record`, then give it the name `target`.

    Returns the package's SHA-256. What had that name is replaced; it stays where anything before fails.
    """
    hidden = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
    former = hidden.with_suffix(".former")
    with writing(target):
        for left in target.parent.glob(f".{target.name}.*.tmp"):
            shutil.rmtree(left)  # of a session that was killed
        try:
            hidden.mkdir(parents=True)
            package = export(hidden)
            _flush(package)
            sha256 = sha256_file(package / "model.json")
            record(sha256)
            if target.exists():
                target.replace(former)
            package.replace(target)
            sync_folder(target.parent)
        except BaseException:
            if former.exists() and not target.exists():
                former.replace(target)
            raise
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
        for left in target.parent.glob(f".{target.name}.*.former"):
            shutil.rmtree(left)
    return sha256


def _flush(package: Path) -> None:
    for path in package.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
