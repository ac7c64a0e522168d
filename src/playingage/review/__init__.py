"""Looking at material: what a clip holds and what would become of its faces."""

from playingage.review.survey import FaceSpan, Survey, refusals_of, survey
from playingage.review.timeline import check_plot_target, plot_survey

__all__ = ["FaceSpan", "Survey", "check_plot_target", "plot_survey", "refusals_of", "survey"]
