"""The frame around a training: loop, checkpoints, log, status, live page, record. It knows nothing of faces.

Calls point downward only: job (production, grant, archive, ledger) > loop > trainer, folder, checkpoint, status >
page > curves. What is learned stands behind the port `Learner`. One thread learns and writes; another makes samples.
"""

from playingage.training.run.errors import TrainingError
from playingage.training.run.ports import Batch, Learner
from playingage.training.run.settings import RunSettings

__all__ = ["Batch", "Learner", "RunSettings", "TrainingError"]
