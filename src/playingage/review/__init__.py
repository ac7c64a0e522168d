"""Looking at material: what a clip holds and what would become of its faces."""

from playingage.review.survey import FaceSpan, Survey, survey
from playingage.review.timeline import plot_survey

__all__ = ["FaceSpan", "Survey", "plot_survey", "survey"]
