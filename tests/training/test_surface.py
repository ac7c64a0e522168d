"""Where the same skin lies in two pictures of a made person."""

from dataclasses import replace

import cv2
import numpy as np

from playingage.training.people import People
from playingage.training.people.surface import facing, skin_places

SIZE = 192


def test_a_turned_face_is_made_of_the_facing_one(people: People) -> None:
    sitter = people.sitter(40)
    scene = replace(facing(people.scene(40)), yaw=30.0)
    front = facing(scene)
    places = skin_places(people, sitter, 40, scene, front, SIZE)
    turned, straight = (people.render(sitter, 40, each, SIZE) for each in (scene, front))
    known = np.isfinite(places).all(axis=-1) & (turned.skin > 0.99)
    assert known.mean() > 0.05
    x, y = (np.nan_to_num(np.ascontiguousarray(places[..., k])) for k in (0, 1))
    moved = cv2.remap(straight.rgb, x, y, cv2.INTER_LINEAR)

    def likeness(picture: np.ndarray) -> float:
        detail = [p.mean(axis=2) - cv2.GaussianBlur(p.mean(axis=2), (0, 0), 4) for p in (picture, turned.rgb)]
        return float(np.corrcoef(detail[0][known], detail[1][known])[0, 1])

    assert likeness(moved) > 0.6 > 2 * likeness(straight.rgb)


def test_the_same_picture_moves_nowhere(people: People) -> None:
    scene = facing(people.scene(41))
    places = skin_places(people, people.sitter(41), 50, scene, scene, SIZE)
    y, x = np.mgrid[:SIZE, :SIZE]
    known = np.isfinite(places).all(axis=-1)
    assert np.abs(places - np.stack([x, y], axis=-1))[known].max() < 0.01
