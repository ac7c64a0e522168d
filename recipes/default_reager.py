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
from playingage.training.parsing.train import ParsingConfig
from playingage.training.recipe import Recipe
from playingage.training.teacher.apply import Strength

CARD = Path(__file__).parents[1] / "docs" / "model-card.md"
# Who wears a beard, as seen in the pictures (names as in portraits.csv); nobody who is held out.
BEARDS = {
    "full": (
        "B001287", "B001298", "B001314", "C001087", "E000071", "E000246", "F000476", "G000553", "H001052", "H001066",
        "H001077", "L000599", "L000603", "M001137", "M001190", "N000189", "P000595", "R000614", "R000619", "S001214",
        "S001225", "V000131", "V000135",
    ),
    "goatee": ("C001115", "D000096", "F000479", "P000607", "W000790"),
    "moustache": ("B000490", "C001078", "H001061", "K000383", "M000687", "R000609", "S000185"),
}

# Whose hair was cut out wrongly, as seen in the pictures.
BADLY_CUT = (
    "B001236", "B001277", "B001305", "B001310", "C000174", "C000880", "C001088", "C001098", "C001101", "C001127",
    "F000463", "F000479", "G000359", "G000386", "H000273", "H001077", "H001079", "H001093", "K000367", "K000384",
    "K000399", "L000570", "M000639", "M001137", "M001183", "M001190", "M001198", "M001228", "N000147", "O000173",
    "O000174",
    "P000607", "R000615", "S001224", "T000476", "W000437", "W000790", "W000812", "W000817", "R000600",
)
GLASSES = (
    "A000369", "B000490", "B000574", "B001236", "B001248", "B001278", "B001281", "B001310", "C000141", "C001054",
    "C001078", "C001096", "E000246", "F000446", "F000454", "F000470", "G000386", "G000568", "G000576", "H001052",
    "H001068", "H001077", "H001096", "K000367", "K000385", "K000394", "L000397", "L000491", "L000569", "M000639",
    "M001137", "M001156", "M001205", "M001210", "M001215", "N000002", "N000147", "N000189", "P000595", "P000597",
    "R000609", "S000033", "S000185", "S000344", "S001159", "S001172", "S001212", "S001223", "S001226", "T000165",
    "W000437", "W000790", "W000800", "W000817", "W000828",
)


def recipe() -> Recipe:
    """The configuration of the shipped packages default-256 and default-512."""
    return Recipe(
        name="default", created="2026-11-21", licence="Apache-2.0", card=CARD.read_text(encoding="utf-8"),
        # Evenly lit, without spectacles or fringe, with clear lines (names as in portraits.csv).
        donors={
            "F": ["N000179", "W000187", "L000273", "R000600", "F000463", "S001205"],
            "M": [
                "H000874", "B001307", "D000399", "N000015", "W000816", "B001292", "L000557", "C001055", "L000562",
                "E000296",
            ],
        },
        made=700, made_share=0.3, strength=Strength(), pairs=PairsConfig(ages=6, seed=1),
        made_pairs=PairsConfig(ages=3, seed=2), data=DataConfig(), network=NetworkConfig(), loss=LossConfig(matte=0.1),
        loop=LoopConfig(steps=11400),
        emphasis=Emphasis(older=1.9, younger=1.6, lines=0.9, shape=1.2, light=0.85, chroma=1.05, choice=2.0),
        estimator=EstimatorConfig(),
        parsing=ParsingConfig(beards=BEARDS, glasses=GLASSES, left_out=BADLY_CUT),
    )
