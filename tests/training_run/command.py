"""`playingage` as a person calls it, but with the tiny learner: `python -m training_run.command`.

PLAYINGAGE_TEST_PAUSE: seconds that making a batch takes, from that of step 12 on.
"""

import os
from collections.abc import Callable, Sequence

import torch

from playingage.archive import FaceRow, Faceset
from playingage.cli import main
from playingage.rights import Grant
from playingage.training.run import performers
from playingage.training.run.choice import Request
from training_run.tiny import TinyLearner


class TinyMaker:
    """Makes tiny learners, whatever the faces."""

    def rows(self, rows: Sequence[FaceRow]) -> Sequence[FaceRow]:
        return rows

    def learner(self, faceset: Faceset, grant: Grant, request: Request, told: Callable[[int], None]) -> TinyLearner:
        described = {
            "settings": {"kind": "tiny", "size": request.settings.size},
            "coverage": [[age, 1.0] for age in sorted({row.age for row in faceset.rows})], "grant": grant.sha256,
        }
        pause = float(os.environ.get("PLAYINGAGE_TEST_PAUSE", "0"))
        return TinyLearner(seed=request.settings.seed, described=described, pause=pause, slow=12)


if __name__ == "__main__":
    torch.set_num_threads(1)
    vars(performers)["PerformerMaker"] = TinyMaker
    main()
