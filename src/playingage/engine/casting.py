"""Who is to be re-aged, by which model, to which age: performers that are recognised, or everybody in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError
from playingage.engine.engine import Engine
from playingage.engine.look import Look
from playingage.models import Identity, ModelPackage
from playingage.runtime import Device


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Role:
    """A performer's part.

    performer, name: id and what people call them; both empty for everybody. engine: made from their own package.
    identity: N x 128 embeddings by which they are recognised; None for everybody. age: playing age in years; None
    follows the age that is asked for all. source_age: their real one, where known. ages: youngest and oldest playing
    age that may be asked. grant: its hash.
    """

    engine: Engine
    performer: str = ""
    name: str = ""
    identity: NDArray[np.float32] | None = None
    age: float | None = None
    source_age: float | None = None
    ages: tuple[float, float] = (0.0, 0.0)
    grant: str = ""

    def __post_init__(self) -> None:
        if self.ages == (0.0, 0.0):
            object.__setattr__(self, "ages", self.engine.ages)
        if self.source_age is not None:
            self.engine.check_source_age(self.source_age)
        if self.age is not None:
            self.check_age(self.age)

    @classmethod
    def of_package(
        cls, package: ModelPackage, device: Device, *, grant: str, ages: tuple[float, float],
        age: float | None = None, source_age: float | None = None, likenesses: Sequence[NDArray[np.float32]] = (),
        size: int | None = None,
    ) -> "Role":
        """The part that a performer's package plays. Raises ModelError, SettingError.

        ages: what the grant covers. likenesses: embeddings of further pictures of the performer, 128 each.
        size: of the crop in pixels, where not the package's own.
        """
        engine = Engine(package, device, size)
        performer, name = package.spec.performer or "", package.spec.performer_name or ""
        low, high = max(engine.ages[0], ages[0]), min(engine.ages[1], ages[1])
        if low > high:
            raise SettingError(
                f"{name or performer}: the model knows ages {engine.ages[0]:g} to {engine.ages[1]:g}, "
                f"the grant covers {ages[0]:g} to {ages[1]:g}: no age is in both"
            )
        return cls(
            engine=engine, performer=performer, name=name or performer,
            identity=np.stack([*Identity.of(package).embeddings, *likenesses]),
            age=age, source_age=source_age, ages=(low, high), grant=grant,
        )

    def check_age(self, age: float) -> None:
        """Raises SettingError for an age that the model does not know or that may not be asked."""
        try:
            self.engine.check_age(age)
        except SettingError as error:
            raise SettingError(f"{self.name}: {error.what}" if self.name else error.what, error.do) from None
        if not self.ages[0] <= age <= self.ages[1]:
            raise SettingError(
                f"{self.name}: age {age:g} is not covered", f"Give an age from {self.ages[0]:g} to {self.ages[1]:g}."
            )

    @property
    def facts(self) -> dict[str, Any]:
        """What reports say of it."""
        return {
            "performer": self.performer, "name": self.name, "model": self.engine.package.spec.name,
            "model_sha256": self.engine.package.sha256, "grant": self.grant,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cast:
    """The parts of a picture: one or more performers, or everybody as one. All engines are on one device."""

    roles: tuple[Role, ...]
    device: Device = field(init=False)

    def __post_init__(self) -> None:
        if not self.roles:
            raise ValueError("a cast wants at least one role")
        names = [role.performer for role in self.roles]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise SettingError(f"performer {twice!r} is named twice", "Name each performer once.")
        if len(self.roles) > 1 and not self.known:
            raise ValueError("everybody is one role, or each role has an identity")
        if len({role.engine.device for role in self.roles}) > 1:
            raise ValueError("the engines of a cast are on one device")
        object.__setattr__(self, "device", self.roles[0].engine.device)

    @classmethod
    def everybody(cls, engine: Engine, source_age: float | None = None) -> "Cast":
        """Every face, whoever it is, by one engine."""
        return cls(roles=(Role(engine=engine, source_age=source_age),))

    @property
    def known(self) -> bool:
        """Whether faces are told apart: nobody but the performers is touched."""
        return all(role.identity is not None for role in self.roles)

    @property
    def ages(self) -> tuple[float, float]:
        """Youngest and oldest age that may be asked of all who follow the asked age; where none does, any of theirs."""
        following = [role for role in self.roles if role.age is None]
        if not following:
            return min(role.ages[0] for role in self.roles), max(role.ages[1] for role in self.roles)
        low, high = max(role.ages[0] for role in following), min(role.ages[1] for role in following)
        if low > high:
            raise SettingError(
                f"no age suits {' and '.join(role.name for role in following)} alike",
                "Give each performer an age of their own: --performer NAME=AGE.",
            )
        return low, high

    def check_age(self, age: float) -> None:
        """Raises SettingError for an asked age that somebody who follows it cannot have."""
        for role in self.roles:
            if role.age is None:
                role.check_age(age)

    def check_look(self, look: Look) -> None:
        """Raises SettingError for a region's age that a model does not know."""
        for role in self.roles:
            role.engine.check_look(look)

    def age_of(self, role: int, asked: float) -> float:
        """The playing age of a role where `asked` is asked of all."""
        own = self.roles[role].age
        return asked if own is None else own
