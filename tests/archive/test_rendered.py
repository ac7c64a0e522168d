"""Rendered people through the real networks: the performer is followed from one age to another, a stranger is not."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from archive.footage import Permit, titles_of
from playingage.archive import Faceset
from playingage.archive.ingest import Ingest, Person
from playingage.archive.tools import load_tools, read_references
from playingage.runtime import choose_device
from playingage.training.people import People

ADA, BEN = 3, 9


def portrait_of(people: People, path: Path, seed: int, age: float, *, scene: int = 1, yaw: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    setting = replace(
        people.scene(1000 + scene), yaw=yaw, pitch=0.0, roll=0.0, body_yaw=0.0, eye_gap=0.16, occluders=(), glasses=None
    )
    picture = people.render(people.sitter(seed), age, setting, 480).rgb
    assert cv2.imwrite(str(path), (np.clip(picture[..., ::-1], 0, 1) * 255).astype(np.uint8))
    return path


def test_the_performer_is_followed_and_the_stranger_is_not(people: People, tmp_path: Path) -> None:
    device = choose_device("CPU")
    reference = portrait_of(people, tmp_path / "reference.png", ADA, 30)
    for age in (28, 45):
        for i, yaw in enumerate((-20.0, 0.0, 20.0)):
            portrait_of(people, tmp_path / f"{age}" / f"ada-{i}.png", ADA, age, scene=age + i, yaw=yaw)
        portrait_of(people, tmp_path / f"{age}" / "ben.png", BEN, age, scene=age)
    portrait_of(people, tmp_path / "others" / "ben.png", BEN, 40, scene=7)
    person = Person(id="ada", name="Ada", born=None, pictures=read_references([reference], device))
    work = Ingest(tmp_path / "faceset", person, lambda: load_tools(device), Permit())
    outcomes = [
        outcome for folder, age in (("28", 28.0), ("45", 45.0), ("others", 40.0))
        for outcome in work.run(titles_of(tmp_path / folder, age=age), lambda part: None, lambda text: None)
    ]
    assert [(o.title, o.status) for o in outcomes] == [("28", "ingested"), ("45", "ingested"), ("others", "failed")]
    rows = Faceset.load(tmp_path / "faceset").rows
    assert {row.source for row in rows if row.used} == {f"ada-{i}.png" for i in range(3)}
    assert {row.age for row in rows if row.used} == {28.0, 45.0}
    turned = {row.source: row.yaw for row in rows if row.used and row.age == 45}
    assert turned["ada-0.png"] < -10 < turned["ada-1.png"] < 10 < turned["ada-2.png"]
    assert all(abs(row.yaw) < 60 and row.occlusion < 0.2 and row.distance < 0.5 for row in rows if row.used)
