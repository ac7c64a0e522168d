"""Shows what each part of the default re-ager's change does to NASA's portrait, for the decision that explains it.

    python recipes/parts.py OUT/checkpoint.pt docs/images/parts.jpg
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from playingage.demo import SITTER_AGE
from playingage.demo.portrait import PORTRAIT
from playingage.faces import template_transform, warp_crop
from playingage.faces.finder import FaceFinder
from playingage.training.__main__ import load_recipe
from playingage.training.network import Emphasis, Reager, at_size

_NONE = 1e-6
_PARTS = {"shape": "warp", "light": "shade", "chroma": "colour", "fill": "own lines", "lines": "lent lines"}
_SIDE = 230


def main(checkpoint: Path, path: Path) -> None:
    """A row for 75 and one for 22: as taken, each part alone, all together."""
    portrait = np.asarray(cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB), np.uint8)
    face = FaceFinder.load().find(portrait)[0]
    crop = warp_crop(portrait, template_transform(face.landmarks, 512), 512) / np.float32(255)
    recipe = load_recipe(Path(__file__).parent / "default_reager.py")
    trained = Reager(recipe.network)
    trained.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    e = recipe.emphasis
    both = {"older": e.older, "younger": e.younger}
    own = {part: getattr(e, part) for part in _PARTS}
    looks = {label: Emphasis(**both, **{p: own[p] if p == part else _NONE for p in own})
             for part, label in _PARTS.items()} | {"together": e}
    rows = []
    for age in (75.0, 22.0):
        cells = [_cell(crop, f"{SITTER_AGE:.0f}, as taken")]
        cells += [_cell(_aged(at_size(trained, 512, look), crop, age), f"{age:.0f}: {label}")
                  for label, look in looks.items()]
        rows.append(np.hstack(cells))
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])


def _aged(network: Reager, crop: NDArray[np.float32], age: float) -> NDArray[np.float32]:
    given = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))[None]
    source = torch.full((1, 1, 512, 512), SITTER_AGE / 100)
    with torch.inference_mode():
        delta, matte = network.eval()(given, source, torch.full_like(source, age / 100))
    changed: NDArray[np.float32] = (given + delta * matte).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    return changed


def _cell(picture: NDArray[np.float32], label: str) -> NDArray[np.uint8]:
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    cell = cv2.copyMakeBorder(np.round(small * 255).astype(np.uint8), 0, 26, 1, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    cv2.putText(cell, label, (6, _SIDE + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    return np.asarray(cell, np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
