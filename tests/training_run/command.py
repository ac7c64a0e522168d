"""`playingage` as a person calls it, but with the tiny learner: `python -m training_run.command`.

PLAYINGAGE_TEST_PAUSE: seconds that making a batch takes.
"""

import os

import torch

from playingage.archive import Faceset
from playingage.cli import main
from playingage.production import Production
from playingage.rights import Grant
from playingage.training import performer
from playingage.training.run import RunSettings
from training_run.tiny import TinyLearner


def make_tiny(faceset: Faceset, grant: Grant, production: Production, settings: RunSettings) -> TinyLearner:
    """The factory of the tiny learner."""
    described = {
        "settings": {"kind": "tiny", "size": settings.size},
        "coverage": [[age, 1.0] for age in sorted({row.age for row in faceset.rows})], "grant": grant.sha256,
    }
    pause = float(os.environ.get("PLAYINGAGE_TEST_PAUSE", "0"))
    return TinyLearner(seed=settings.seed, described=described, pause=pause)


if __name__ == "__main__":
    torch.set_num_threads(1)
    vars(performer)["make_learner"] = make_tiny
    main()
