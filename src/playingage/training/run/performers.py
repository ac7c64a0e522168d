"""The learner of a performer, as the job asks for one: where the frame around the training meets the learning."""

from collections.abc import Callable, Sequence

from playingage.archive import FaceRow, Faceset
from playingage.rights import Grant
from playingage.training.performer import LearnerConfig, Subject, make_learner
from playingage.training.performer.making import chosen_rows
from playingage.training.run.choice import Request
from playingage.training.run.ports import Learner


class PerformerMaker:
    """Makes learners of performers."""

    def rows(self, rows: Sequence[FaceRow]) -> Sequence[FaceRow]:
        """Which of the faces are learned from."""
        return chosen_rows(rows)

    def learner(self, faceset: Faceset, grant: Grant, request: Request, told: Callable[[int], None]) -> Learner:
        """See `job.Maker`."""
        performer = request.production.performer(request.performer)
        subject = Subject(
            performer=performer.id, name=performer.name, production=request.production.id, grant=grant.sha256
        )
        config = LearnerConfig(size=request.settings.size, seed=request.settings.seed)
        return make_learner(faceset, faceset.rows, subject, f"{performer.id}-{request.name}", config, told)
