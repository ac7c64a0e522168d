"""`--performer`: whom a command re-ages, by which of their models, under which grant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli.output import say
from playingage.core import ModelError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from playingage.engine import Cast
    from playingage.production import Production
    from playingage.rights import Use
    from playingage.runtime import Device

ALL = "all"
"""As a performer's name: everybody of the production who has a model."""
_CLEARLY_LARGER = 1.5
"""A reference picture shows one face that is this much larger than any other."""
Performers = Annotated[
    list[str] | None,
    typer.Option("--performer", metavar="ID[=AGE]",
                 help="Re-age this performer alone, by their own model; AGE if other than --age. May be repeated; "
                      "'all' is everybody of the production who has a model."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A performer and the playing age asked of them alone. further: more ages that the grant has to cover."""

    performer: str
    age: float | None
    further: tuple[float, ...] = ()


def parse_performers(texts: Iterable[str]) -> tuple[Asked, ...]:
    """As written: ada, or ada=35. Raises SettingError."""
    found: dict[str, Asked] = {}
    for text in texts:
        name, given, age = (part.strip() for part in text.partition("="))
        if name in found:
            raise SettingError(f"--performer {text}: {name!r} is named twice", "Name each performer once.")
        try:
            found[name] = Asked(performer=name, age=float(age) if given else None)
        except ValueError:
            raise SettingError(f"--performer {text}: {age!r} is no age", "Write it like ada=35.") from None
        if not name:
            raise SettingError(f"--performer {text}: that names nobody", "Write it like ada or ada=35.")
    return tuple(found.values())


def asked_age(age: float | None, asked: tuple[Asked, ...]) -> float:
    """The age asked of all. Raises a usage error where there is none for somebody."""
    if age is not None:
        return age
    if not asked or any(each.age is None for each in asked):
        raise typer.BadParameter("Missing; give the playing age in years.", param_hint="--age")
    return asked[0].age or 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GrantedCast:
    """A cast whose every performer granted this use, and the production that records it."""

    cast: "Cast"
    production: "Production"
    use: "Use"

    def record(self, age: float | None, *, source: str, output: str | None = None, **more: object) -> None:
        """A line in the ledger for each performer. Raises PlayingAgeError where that cannot be written."""
        for number, role in enumerate(self.cast.roles):
            self.production.ledger.append(
                str(self.use), performer=role.performer, grant=role.grant, package=role.engine.package.sha256,
                age=role.age if age is None else self.cast.age_of(number, age), source=source, output=output, **more,
            )


def load_cast(
    asked: tuple[Asked, ...], folder: Path | None, use: str, age: float | None, *, regions: Iterable[float] = (),
    source_age: float | None = None, model: str = "default", device: str = "CPU", precision: str | None = None,
    threads: int = 1, size: int | None = None,
) -> GrantedCast:
    """The performers' models, each under a grant that covers use and ages. Says which.

    folder: the production, or a place in it. age: asked of all without one of their own; None where a schedule may ask
    any, and each is held against the grant when it is asked. regions: ages of parts of the face. model: another package
    than the performer's newest. size: of the crop in pixels, where not the package's own. Raises GrantError,
    ProductionError, ModelError, DeviceError, SettingError.
    """
    from playingage.engine import Cast, Role
    from playingage.models import ModelPackage, read_spec
    from playingage.production import Production
    from playingage.rights import Use
    from playingage.runtime import choose_device

    production, wanted = Production.find(folder), Use(use)
    asked = _everybody(asked, production)
    if len(asked) > 1 and model != "default":
        raise SettingError("--model names one package, for one performer", "Leave it out: each has their newest.")
    if len(asked) > 1 and source_age is not None:
        raise SettingError("--source-age is of one performer, and several are named", "Leave it out.")
    chosen = choose_device(device, precision=precision, threads=threads)
    say(f"Device: {chosen}.")
    roles = []
    for each in asked:
        own = age if each.age is None else each.age
        ages = [*([] if own is None else [own]), *regions, *each.further]
        grant = production.grant(each.performer, wanted, ages=ages)
        path = newest_package(production, each.performer) if model == "default" else Path(model)
        spec = read_spec(path)
        if spec.performer != each.performer:
            whose = f"a model of {spec.performer_name} ({spec.performer})" if spec.performer else "nobody's model"
            raise ModelError(f"{path}: is {whose}, not one of performer {each.performer!r}", "Name one of theirs.")
        package = ModelPackage.load(path, grant, use=wanted, known=production.packages(each.performer))
        person, known = production.performer(each.performer), source_age
        if known is None and wanted is Use.LIVE:
            known = _age_today(person.born, package.spec.ages)
        roles.append(Role.of_package(
            package, chosen, grant=grant.sha256, ages=grant.statement.ages, age=each.age, source_age=known,
            likenesses=_likenesses(person.references, chosen), size=size,
        ))
        say(f"{roles[-1].name} ({each.performer}): model {package.spec.name}, {roles[-1].engine.size} px, "
            f"{package.sha256[:12]}; grant {grant.sha256[:12]}.")
    cast = Cast(roles=tuple(roles))
    if age is not None:
        cast.check_age(age)
    return GrantedCast(cast=cast, production=production, use=wanted)


def _everybody(asked: tuple[Asked, ...], production: "Production") -> tuple[Asked, ...]:
    """`all` put as names. Raises SettingError where nobody has a model."""
    if ALL not in {each.performer for each in asked}:
        return asked
    named = {each.performer for each in asked}
    others = [
        person.id for person in production.performers
        if person.id not in named and any(production.models(person.id).glob("*.pamodel"))
    ]
    age = next(each.age for each in asked if each.performer == ALL)
    found = (*(each for each in asked if each.performer != ALL), *(Asked(performer=id, age=age) for id in others))
    if not found:
        raise SettingError(f"{production.folder}: nobody has a model", "Train one: playingage train PERFORMER.")
    return found


def _likenesses(pictures: Iterable[Path], device: "Device") -> "list[NDArray[np.float32]]":
    """Embeddings of reference pictures, by which the performer is recognised as they look now. Says which are of none.

    Raises MediaError for a picture that cannot be read.
    """
    from playingage.engine import view_uint8
    from playingage.faces import FaceFinder, FaceIdentity
    from playingage.media import open_source

    finder, identity = FaceFinder(device), FaceIdentity(device)
    found = []
    for path in pictures:
        with open_source(str(path)) as source:
            frame = source.read()
        view = None if frame is None else view_uint8(frame)
        faces = [] if view is None else sorted(finder.find(view), key=lambda face: -face.size)
        if view is None or not faces or (len(faces) > 1 and faces[0].size < _CLEARLY_LARGER * faces[1].size):
            say(f"Note: {path}: shows {len(faces) or 'no'} faces, so nobody is recognised by it.")
            continue
        found.append(identity.embed(view, faces[0].landmarks))
    return found


def _age_today(born: str | None, ages: tuple[float, float]) -> float | None:
    """Of a performer who stands before the camera now; None where it is not known, or the model does not know it."""
    if born is None:
        return None
    years = (date.today() - date.fromisoformat(born)).days / 365.25
    return round(years, 1) if max(ages[0], 18) <= years <= ages[1] else None


def newest_package(production: "Production", performer: str) -> Path:
    """The performer's package that was made last. Raises ModelError where there is none, or one cannot be read."""
    from playingage.models import read_spec

    folder = production.models(performer)
    packages = sorted(folder.glob("*.pamodel")) if folder.is_dir() else []
    if not packages:
        raise ModelError(f"{folder}: holds no model of performer {performer!r}",
                         f"Train one: playingage train {performer}. Or name one with --model.")
    return max(packages, key=lambda path: (str(read_spec(path).document.get("created") or ""), path.name))
