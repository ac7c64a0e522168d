"""A package gets its name when it is whole and recorded, and never by halves."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from playingage.core import sha256_bytes  # noqa: E402
from playingage.training.run import TrainingError  # noqa: E402
from playingage.training.run.place import place  # noqa: E402


def package(folder: Path, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text(content, encoding="utf-8")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_package_replaces_the_former_one_and_what_a_kill_left(tmp_path: Path) -> None:
    target = package(tmp_path / "main.pamodel", "old")
    package(tmp_path / ".main.pamodel.0a1b.tmp", "half")
    package(tmp_path / ".main.pamodel.0a1b.former", "older")
    package(tmp_path / ".main2.pamodel.0a1b.tmp", "of another")
    seen: list[str] = []
    assert place(lambda folder: package(folder / "inner", "new"), target, seen.append) == sha256_bytes(b"new")
    assert seen == [sha256_bytes(b"new")]
    assert (target / "model.json").read_text(encoding="utf-8") == "new"
    assert names(tmp_path) == [".main2.pamodel.0a1b.tmp", "main.pamodel"]


def test_what_cannot_be_recorded_does_not_get_the_name(tmp_path: Path) -> None:
    target = package(tmp_path / "main.pamodel", "old")

    def refuse(sha256: str) -> None:
        assert (target / "model.json").read_text(encoding="utf-8") == "old"
        raise TrainingError("the ledger cannot be written")

    with pytest.raises(TrainingError, match="ledger"):
        place(lambda folder: package(folder, "new"), target, refuse)
    assert (target / "model.json").read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["main.pamodel"]


def test_a_full_disk_in_the_export_is_told(tmp_path: Path) -> None:
    def full(folder: Path) -> Path:
        package(folder, "half")
        raise OSError(28, "No space left on device")

    with pytest.raises(TrainingError, match="no space is left on the disk"):
        place(full, tmp_path / "main.pamodel", lambda sha256: None)
    assert not names(tmp_path)
