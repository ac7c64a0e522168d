"""How good a re-ager is: portraits re-aged through the engine, measured, judged, held against the bars.

Calls run downward: run -> report -> (plots, sheets) and run -> (stills, truth) -> (judge, pictures, measures, people),
stills -> summary; every part of the report is a `Section` whose figures are held against the table in `bars`.
"""

from playingage.review.evaluation.judge import Judge, default_judge
from playingage.review.evaluation.people import Person, chosen, people_of
from playingage.review.evaluation.run import Evaluation, EvaluationSettings, evaluate
from playingage.review.evaluation.section import Section
from playingage.review.evaluation.truth import truth_cases

__all__ = [
    "Evaluation", "EvaluationSettings", "Judge", "Person", "Section", "chosen", "default_judge", "evaluate",
    "people_of", "truth_cases",
]
