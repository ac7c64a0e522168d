"""Real people: nobody is taken for a performer, and most performers are known after eight to ten years."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.engine import Cast, Engine, Recogniser, Role
from playingage.faces import FaceFinder, FaceIdentity

COUNT, LOOKS = 40, 4


@pytest.fixture(scope="module")
def people(data_dir: Path) -> list[str]:
    with (data_dir / "earlier.csv").open(encoding="utf-8") as file:
        return [row["person"] for row in csv.DictReader(file)]


def picture(file: Path) -> NDArray[np.uint8]:
    read = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    assert read is not None, file
    return np.asarray(read, np.uint8)


def test_strangers_are_left_alone_and_performers_are_found(data_dir: Path, people: list[str], engine: Engine) -> None:
    finder, identity = FaceFinder(engine.device), FaceIdentity(engine.device)

    def known(person: str) -> NDArray[np.float32]:
        shown = picture(data_dir / "earlier" / f"{person}_grey.jpg")
        return identity.embed(shown, max(finder.find(shown), key=lambda face: face.size).landmarks)[None]

    cast = Cast(roles=tuple(
        Role(engine=engine, performer=person, name=person, identity=known(person)) for person in people[:COUNT]
    ))
    recogniser, numbers = Recogniser(cast), iter(range(1, 100000))

    def role_in(file: Path) -> int | None:
        """After a few looks at one still, as of a face that keeps still."""
        shown, id = picture(file), next(numbers)
        faces = [replace(face, id=id) for face in sorted(finder.find(shown), key=lambda face: -face.size)[:1]]
        parts = [recogniser.update(shown, faces, id + look / 24) for look in range(LOOKS)][-1]
        return parts[0].role if parts else None

    def strangers() -> Iterator[Path]:
        yield from sorted((data_dir / "wild").glob("*.jpg"))[:60]
        named = set(people[:COUNT])
        yield from [file for file in sorted((data_dir / "portraits").glob("*.jpg")) if file.stem not in named][:60]

    assert [file.name for file in strangers() if role_in(file) is not None] == []
    roles = [role_in(data_dir / "portraits" / f"{person}.jpg") for person in people[:COUNT]]
    assert all(role in (None, number) for number, role in enumerate(roles)), "taken for one another"
    assert sum(role is not None for role in roles) > 0.5 * COUNT
