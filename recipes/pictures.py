"""Makes the pictures of README and docs from NASA's portrait: `python recipes/pictures.py docs/images`.

`ages.jpg`: the portrait from 20 to 80. `sweep.gif`: the same in motion. `regions.jpg`: the parts of the face.
`moles.jpg`: painted marks kept and not kept. `monitors.png`: the demo's page in Chromium, which has to be installed.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import sync_playwright

import playingage
from playingage.demo import SITTER_AGE
from playingage.demo.portrait import PORTRAIT
from playingage.engine.regions import region_maps
from playingage.faces import FaceFinder, template_transform, warp_crop

AGES = (20, 30, SITTER_AGE, 50, 57, 65, 72, 80)
_SWEEP = np.linspace(20, 80, 21)
_HEAD = np.s_[0:300, 80:380]
_COLOURS = {  # RGB, and where the name stands in the crop
    "brow": ((255, 178, 25), (205, 120)), "eyes": ((25, 150, 255), (95, 205)), "cheeks": ((50, 200, 75), (85, 300)),
    "mouth": ((240, 65, 90), (215, 415)), "neck": ((150, 90, 230), (215, 470)),
}
_SIDE, _LABEL, _PORT = 380, 44, 8972
Rgb = NDArray[np.uint8]


def ages(path: Path) -> None:
    """A contact sheet of two rows; the picture as it was taken is marked."""
    cells = [_cell(picture, f"{age:.0f}, as taken" if age == SITTER_AGE else f"{age:.0f}", _SIDE)
             for age, picture in zip(AGES, _at(AGES), strict=True)]
    half = len(cells) // 2
    sheet = np.vstack([np.hstack(cells[:half]), np.hstack(cells[half:])])
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])


def sweep(path: Path) -> None:
    """From 20 to 80 and back."""
    there = [cv2.cvtColor(_cell(picture, f"{age:.0f}", 240), cv2.COLOR_RGB2BGR)
             for age, picture in zip(_SWEEP, _at(_SWEEP), strict=True)]
    animation = cv2.Animation()
    animation.frames = [*there, *there[-2:0:-1]]
    animation.durations = np.full(len(animation.frames), 120)
    cv2.imwriteanimation(str(path), animation)


def _at(ages: Iterable[float]) -> list[Rgb]:
    """The portrait's head at each age, 900 px."""
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    head = np.asarray(cv2.resize(portrait[_HEAD], (900, 900), interpolation=cv2.INTER_CUBIC), np.uint8)
    reager = playingage.load()
    return [head if age == SITTER_AGE else reager(head, age=age, source_age=SITTER_AGE) for age in ages]


def _cell(picture: Rgb, label: str, side: int) -> Rgb:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    cell = cv2.copyMakeBorder(small, 0, _LABEL, 2, 2, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    cv2.putText(cell, label, (10, side + 31), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (230, 230, 230), 1, cv2.LINE_AA)
    return np.asarray(cell, np.uint8)


def regions(path: Path) -> None:
    """The canonical crop beside the parts of the face in it."""
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    face = FaceFinder.load().find(portrait)[0]
    transform = template_transform(face.landmarks, 512)
    crop = warp_crop(portrait, transform, 512)
    coloured = crop.copy()
    for name, plane in region_maps(face.landmarks, transform, 512).items():
        coloured += 0.5 * plane[..., None] * (np.array(_COLOURS[name][0], np.float32) - coloured)
    sheet = np.hstack([crop, coloured]).clip(0, 255).astype(np.uint8)
    for name, (_, (x, y)) in _COLOURS.items():
        cv2.putText(sheet, name, (x + 512, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])


def moles(path: Path) -> None:
    """Two painted moles and a scar in the plate; at 20 without and with keeping them; the same at 75."""
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    plate = np.asarray(cv2.resize(portrait[_HEAD], (900, 900), interpolation=cv2.INTER_CUBIC), np.float32)
    ink = np.zeros((900, 900), np.float32)
    cv2.circle(ink, (497, 366), 7, 0.55, -1, cv2.LINE_AA)
    cv2.circle(ink, (340, 345), 4, 0.5, -1, cv2.LINE_AA)
    cv2.line(ink, (455, 475), (478, 508), -0.3, 3, cv2.LINE_AA)
    plate *= 1 - cv2.GaussianBlur(ink, (0, 0), 1.2)[..., None]
    image = plate.clip(0, 255).astype(np.uint8)
    reager = playingage.load()
    rows = []
    for age in (20, 75):
        made = [reager(image, age=age, source_age=SITTER_AGE, keep_moles=keep) for keep in (False, True)]
        rows.append(np.hstack([each[250:550, 270:570] for each in (image, *made)]))
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 90])


def monitors(path: Path) -> None:
    """The monitors' page, some seconds into the demo."""
    command = [sys.executable, "-m", "playingage", "demo", "--no-open", "--port", str(_PORT), "--for", "30"]
    demo = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert demo.stderr is not None
    while not demo.stderr.readline().startswith("Monitors:"):
        pass
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": 1600, "height": 700})
        page.goto(f"http://127.0.0.1:{_PORT}/")
        page.wait_for_timeout(12_000)
        page.screenshot(path=path)
        browser.close()
    demo.terminate()
    demo.communicate()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    ages(folder / "ages.jpg")
    sweep(folder / "sweep.gif")
    regions(folder / "regions.jpg")
    moles(folder / "moles.jpg")
    monitors(folder / "monitors.png")
