"""Measures a parsing network on heads that it never saw: rendered people, and portraits whose cut was checked by eye.

    python recipes/held_out_heads.py RUN --data ../shared/data

RUN is the folder of a training run that holds parse.pt. Prints the overlap (intersection over union, masks cut at one
half) of all pixels of all heads together, for each mask.
"""

import argparse
from pathlib import Path

from playingage.faces import FaceFinder
from playingage.models import MASKS
from playingage.training.parsing.cut import cut
from playingage.training.parsing.examples import Example
from playingage.training.parsing.made import made
from playingage.training.parsing.network import ParseNetwork
from playingage.training.parsing.train import load, overlap, parsed
from playingage.training.portraits import entries
from playingage.training.split import held_out

# Held-out portraits on which the cut's hair follows the hair all around (names as in portraits.csv).
CHECKED = (
    "A000375", "B001230", "B001282", "B001291", "B001295", "B001316", "C001119", "C001126", "D000618", "G000555",
    "G000597", "H001085", "J000289", "J000294", "J000298", "L000571", "L000577", "L000595", "L000601", "M001157",
    "M001195", "M001211", "M001220", "N000026", "S000510", "S001213", "S001217", "V000137", "W000814",
)
# Held-out portraits with a beard. Below the jaw the cut does not look for it, so that long ones overlap less.
BEARDS = {"C001061": "moustache", "C001091": "full", "G000597": "full", "L000578": "full", "V000137": "full"}


def overlaps(network: ParseNetwork, examples: list[Example]) -> dict[str, float]:
    """Intersection over union by mask; masks that no example has are left out."""
    found = parsed(network, examples)
    result = {}
    for k, name in enumerate(MASKS):
        counts = [overlap(masks[..., k], example, name) for masks, example in zip(found, examples, strict=True)]
        if any((example.masks[..., k] > 127).any() for example in examples):
            result[name] = sum(both for both, _ in counts) / max(sum(either for _, either in counts), 1)
    return result


def portraits(data: Path, beards: dict[str, str]) -> list[Example]:
    """The checked portraits, or those with beards, cut."""
    finder = FaceFinder.load()
    listed = [e for e in entries(data) if e.name in (beards or CHECKED) and e.kind == "portrait"]
    assert all(held_out(e.person) for e in listed)
    cuts = (cut(e, finder, beard=beards.get(e.name, "none")) for e in listed)
    return [example for example in cuts if example is not None]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Measure a parsing network on heads that it never saw.")
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("--data", type=Path, required=True, help="folder with portraits.csv and makehuman.tar.xz")
    parser.add_argument("--seeds", type=int, default=300, help="seeds of rendered people; a fifth is held out")
    given = parser.parse_args()
    network = load(given.run / "parse.pt")
    rendered = made(given.data / "makehuman.tar.xz", given.run / "heads", range(given.seeds), unseen=True)
    groups = {"rendered": rendered, "portraits": portraits(given.data, {}), "beards": portraits(given.data, BEARDS)}
    for name, heads in groups.items():
        figures = ", ".join(f"{mask} {value:.3f}" for mask, value in overlaps(network, heads).items())
        print(f"{name} ({len(heads)}): {figures}")


if __name__ == "__main__":
    main()
