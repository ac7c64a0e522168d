"""A performer: what their archive teaches, on top of what the default re-ager knows of faces.

Calls run downward: making -> learner -> (samples, objective, export) -> network -> (calibrate, atlas) -> (acts, eras,
frames, default).
"""

from playingage.training.performer.export import Subject
from playingage.training.performer.frames import EraFrame, wide_crop
from playingage.training.performer.learner import LearnerConfig, PerformerLearner
from playingage.training.performer.making import learn, make_learner

__all__ = ["EraFrame", "LearnerConfig", "PerformerLearner", "Subject", "learn", "make_learner", "wide_crop"]
