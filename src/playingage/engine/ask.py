"""What is asked of one frame: of everybody, or of each performer. It may be another thing in the next frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from playingage.engine.borders import Reason
from playingage.engine.look import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAsk:
    """What is asked of one performer. age: playing age in years. left: why they are left as the camera gave them."""

    age: float
    look: Look = field(default_factory=Look)
    left: Reason | None = None

    @property
    def on(self) -> bool:
        """Whether anything is to be done."""
        return self.left is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of one frame.

    age: in years, of everybody who has no entry of their own and no age in the cast. look: theirs; None for the
    session's. roles: by performer's id. clean: nothing is done at all, and the picture says so.
    """

    age: float
    look: Look | None = None
    roles: Mapping[str, RoleAsk] = field(default_factory=dict)
    clean: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))

    @classmethod
    def of(cls, asked: "Ask | float") -> "Ask":
        """A bare number asks that age of everybody."""
        return asked if isinstance(asked, Ask) else cls(age=asked)
