"""Who a face is: held to dlib's own numbers, and to people."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.faces import FaceFinder
from playingage.faces.identity import CHIP, LENGTH, SAME, FaceIdentity, distance, identity_chip
from playingage.runtime import Network, choose_device

DLIB = json.loads((Path(__file__).parent / "identity.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder.load()


@pytest.fixture(scope="module")
def identity() -> FaceIdentity:
    return FaceIdentity(choose_device("CPU"))


def embedding(finder: FaceFinder, identity: FaceIdentity, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = max(finder.find(picture), key=lambda face: face.size)
    return identity.embed(picture, found.landmarks)


@pytest.mark.parametrize(("precision", "limit"), [("f32", 0.002), (None, 0.02)])
def test_the_network_says_of_a_chip_what_dlib_says(
    portrait: NDArray[np.uint8], precision: str | None, limit: float
) -> None:
    from playingage.faces.detector import network_file

    network = Network(network_file("identity.onnx"), choose_device("CPU", precision=precision))
    top, left = DLIB["cut"]
    chip = portrait[top : top + CHIP, left : left + CHIP].transpose(2, 0, 1)[None]
    found = network.run([np.ascontiguousarray(chip, np.float32)])[0][0]
    assert found.shape == (LENGTH,)
    assert distance(found, np.array(DLIB["cut_embedding"])) < limit


def test_our_alignment_leads_to_dlibs_embedding(
    finder: FaceFinder, identity: FaceIdentity, portrait: NDArray[np.uint8]
) -> None:
    assert distance(embedding(finder, identity, portrait), np.array(DLIB["face_embedding"])) < 0.15


@pytest.mark.parametrize("change", ["small", "turned", "mirrored", "dark", "blurred"])
def test_a_face_stays_itself(
    finder: FaceFinder, identity: FaceIdentity, portrait: NDArray[np.uint8], change: str
) -> None:
    turn = cv2.getRotationMatrix2D((224, 130), 35, 1)
    made = {
        "small": cv2.resize(portrait, (192, 192), interpolation=cv2.INTER_AREA),
        "turned": cv2.warpAffine(portrait, turn, (512, 512)),
        "mirrored": portrait[:, ::-1],
        "dark": portrait // 2,
        "blurred": cv2.GaussianBlur(portrait, (0, 0), 1.5),
    }[change]
    picture = np.ascontiguousarray(made, np.uint8)
    assert distance(embedding(finder, identity, picture), embedding(finder, identity, portrait)) < 0.4


def test_a_chip_reaches_beyond_the_frame(finder: FaceFinder, portrait: NDArray[np.uint8]) -> None:
    found = finder.find(portrait)[0]
    left, top, right, bottom = (round(side) for side in found.box)
    cut = np.ascontiguousarray(portrait[top:bottom, left:right])
    chip = identity_chip(cut, found.landmarks[:, :2] - np.array([left, top], np.float32))
    whole = identity_chip(portrait, found.landmarks)
    assert chip.shape == whole.shape == (CHIP, CHIP, 3) and chip.dtype == np.float32
    assert np.abs(chip - whole)[50:110, 50:100].max() < 1


def test_people_are_told_apart(data_dir: Path, finder: FaceFinder, identity: FaceIdentity) -> None:
    """Thirty people, each with two photographs mostly eight to ten years apart."""

    def read(name: str) -> NDArray[np.float32]:
        picture = cv2.imread(str(data_dir / name), cv2.IMREAD_COLOR_RGB)
        assert picture is not None, name
        return embedding(finder, identity, np.asarray(picture, np.uint8))

    with (data_dir / "earlier.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:30]
    later = np.stack([read(f"portraits/{row['person']}.jpg") for row in rows])
    earlier = np.stack([read(row["grey_file"]) for row in rows])
    apart = np.linalg.norm(later[:, None] - earlier[None], axis=2)
    same, others = np.diag(apart), apart[~np.eye(len(rows), dtype=bool)]
    assert (same < SAME).mean() > 0.95 and (others < SAME).mean() < 0.01
    assert (apart.argmin(axis=1) == np.arange(len(rows))).mean() > 0.95
