"""Synthetic people: the same person, pose, expression and light at two ages, with exact masks.

    people = People(folder_or_archive, cache)
    younger, older = people.pair(seed=7, age_a=25, age_b=70)

Calls run downward: pairs -> stage -> (body, skins, wrinkles, props) -> assets, and stage -> painter. The painter
needs the package moderngl and an EGL driver (Mesa's llvmpipe will do); importing this package needs neither.
"""

from playingage.training.people.acting import ACTS, Acting
from playingage.training.people.assets import AssetError
from playingage.training.people.painter import PaintError
from playingage.training.people.pairs import OLDEST, YOUNGEST, People, Picture
from playingage.training.people.scene import Scene, scene_of
from playingage.training.people.sitter import Sitter, sitter_of

__all__ = [
    "ACTS", "OLDEST", "YOUNGEST", "Acting", "AssetError", "PaintError", "People", "Picture", "Scene", "Sitter",
    "scene_of", "sitter_of",
]
