"""The default re-ager: from real portraits, snapshots and rendered people to the packages that ship with the program.

    python -m playingage.training /tmp/run --recipe recipes/default_reager.py --data ../shared/data
"""

from pathlib import Path

from playingage.training.age_estimator import EstimatorConfig
from playingage.training.data import DataConfig
from playingage.training.loop import LoopConfig
from playingage.training.losses import LossConfig
from playingage.training.network import Emphasis, NetworkConfig
from playingage.training.pairs import PairsConfig
from playingage.training.recipe import Recipe
from playingage.training.teacher.apply import Strength

CARD = Path(__file__).parents[1] / "docs" / "model-card.md"


def recipe() -> Recipe:
    """The configuration of the shipped packages default-256 and default-512."""
    return Recipe(
        name="default", created="2026-11-21", licence="Apache-2.0", card=CARD.read_text(encoding="utf-8"),
        # Evenly lit, without spectacles or fringe, with clear lines (names as in portraits.csv).
        donors={
            "F": ["N000179", "W000187", "S001145", "W000822", "V000081", "S001205"],
            "M": [
                "H000874", "B001307", "D000399", "N000015", "W000816", "B001292", "L000557", "C001055", "L000562",
                "E000296",
            ],
        },
        made=700, made_share=0.3, strength=Strength(), pairs=PairsConfig(ages=6, seed=1),
        made_pairs=PairsConfig(ages=3, seed=2), data=DataConfig(), network=NetworkConfig(), loss=LossConfig(matte=0.1),
        loop=LoopConfig(steps=14000), emphasis=Emphasis(), estimator=EstimatorConfig(),
    )
