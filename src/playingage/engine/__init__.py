"""One frame and a list of (face, source age, target age) to one re-aged frame and its matte.

Calls run downward: session -> engine -> composite -> faces and models. Live and render share it. An engine, a session
and
a reager each belong to one thread.
"""

from playingage.engine.ages import READINGS, AgeBook, CastAges, HeldAges
from playingage.engine.api import Reager, load
from playingage.engine.ask import Ask, RoleAsk
from playingage.engine.borders import ADULT, Outcome, Reason
from playingage.engine.casting import Cast, Role
from playingage.engine.cuts import CutFinder
from playingage.engine.engine import AgeRequest, Engine, Reaged, reage_frame
from playingage.engine.look import REGIONS, Look
from playingage.engine.recogniser import Part, Recogniser
from playingage.engine.session import AgedFace, FacePlan, Looked, Session, SessionResult, SessionSettings
from playingage.engine.view import view_uint8

__all__ = [
    "ADULT", "READINGS", "REGIONS", "AgeBook", "AgeRequest", "AgedFace", "Ask", "Cast", "CastAges", "CutFinder",
    "Engine", "FacePlan", "HeldAges", "Look", "Looked", "Outcome", "Part", "Reaged", "Reager", "Reason",
    "Recogniser", "Role", "RoleAsk", "Session", "SessionResult", "SessionSettings", "load", "reage_frame",
    "view_uint8",
]
