"""The on-set state as everybody sees it: slate, performers, what is asked of them. Frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal

from playingage.core import SettingError

AgeFrom = Literal["schedule", "hand", "start", "none"]
_MOST_TAKE = 9999
_MOST_NAME = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """What is shot: scene and shot as the script numbers them, and the take. Raises SettingError.

    scene and shot hold at most 32 printable characters; `shot` may be empty. take: 1 to 9999.
    """

    scene: str = ""
    shot: str = ""
    take: int = 1

    def __post_init__(self) -> None:
        for what, text in (("scene", self.scene), ("shot", self.shot)):
            if not isinstance(text, str) or len(text) > _MOST_NAME or not text.isprintable() or text != text.strip():
                raise SettingError(f"{what} {text!r} is no {what} number", f"Use up to {_MOST_NAME} characters.")
        if isinstance(self.take, bool) or not isinstance(self.take, int) or not 1 <= self.take <= _MOST_TAKE:
            raise SettingError(f"take {self.take!r} is not a whole number from 1 to {_MOST_TAKE}")

    def __str__(self) -> str:
        place = " ".join(part for part in (self.scene, self.shot) if part)
        return f"{place} take {self.take}".strip()

    @property
    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"scene": self.scene, "shot": self.shot, "take": self.take, "words": str(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneNow:
    """A scene that can be picked, and its shots in order."""

    scene: str
    heading: str = ""
    shots: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"scene": self.scene, "heading": self.heading, "shots": list(self.shots)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformerNow:
    """A performer as things stand.

    performer, name: id and what people call them. model, model_sha256, size: of their package; size in pixels. grant:
    hash of the grant in force; empty when there is none. grant_until: ISO time of its end, or empty. ages: youngest and
    oldest playing age that model and grant cover; known, granted: that each of them covers. age: asked now, in years;
    None where none is. age_from: who asks it. planned: what would be asked if no hand did.
    keyed: it changes within the shot. regions: ages of parts of the face, in years. strength: 0..1. on: as switched.
    stopped: why nothing is done although they are on; in words for the pages, empty while something is.
    """

    performer: str
    name: str
    model: str = ""
    model_sha256: str = ""
    size: int = 0
    grant: str = ""
    grant_until: str = ""
    ages: tuple[float, float] = (18.0, 90.0)
    known: tuple[float, float] = (18.0, 90.0)
    granted: tuple[float, float] = (18.0, 90.0)
    age: float | None = None
    age_from: AgeFrom = "none"
    planned: float | None = None
    keyed: bool = False
    regions: Mapping[str, float] = field(default_factory=dict)
    strength: float = 1.0
    on: bool = True
    stopped: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", MappingProxyType(dict(self.regions)))

    @property
    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        spans = {name: list(plain[name]) for name in ("ages", "known", "granted")}
        return {**plain, **spans, "regions": dict(self.regions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState:
    """Everything that was decided on the set. version: grows by one with each change.

    age: asked of everybody where nobody is told from others, in years. rolled_at: number of the first frame of the take
    that rolls, None before it came. schedule: hash of the schedule, or empty. notice: the last thing that happened, in
    words.
    """

    version: int
    slate: Slate
    age: float
    scenes: tuple[SceneNow, ...] = ()
    rolling: bool = False
    rolled_at: int | None = None
    emergency: bool = False
    performers: tuple[PerformerNow, ...] = ()
    schedule: str = ""
    notice: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "version": self.version, "slate": self.slate.document, "age": self.age,
            "scenes": [scene.document for scene in self.scenes], "rolling": self.rolling, "rolled_at": self.rolled_at,
            "emergency": self.emergency, "performers": [each.document for each in self.performers],
            "schedule": self.schedule, "notice": self.notice,
        }
