"""A production made in the test: keys, signed grants, reference pictures where wanted."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from playingage.production import Production
from playingage.rights import GrantStatement, Named, Signer, SigningKey, TrustedKey, Use, issue


def make_production(
    folder: Path,
    performers: Iterable[str] = ("ada",),
    uses: Iterable[str] = tuple(Use),
    *,
    ages: tuple[float, float] = (18, 85),
    titles: Iterable[str] = ("*",),
    references: Mapping[str, Iterable[Path]] | None = None,
    valid_from: str = "2020-01-01",
    valid_until: str | None = None,
    keys: dict[str, SigningKey] | None = None,
) -> Production:
    """A production whose performers have a trusted key and a filed grant each; `keys` receives the keys."""
    made = Production.create(folder, "The Long Year")
    for performer in performers:
        made.add_performer(performer, performer.capitalize(), references=(references or {}).get(performer, ()))
        key = SigningKey.make()
        trust(made, key, performer)
        grant(made, key, performer, uses, ages=ages, titles=titles, valid_from=valid_from, valid_until=valid_until)
        if keys is not None:
            keys[performer] = key
    return made


def trust(production: Production, key: SigningKey, performer: str | None, capacity: str = "self") -> None:
    """Trust a key."""
    trusted = TrustedKey(
        key=key.public, holder=(performer or "Operator").capitalize(), capacity=capacity,
        performers=() if performer is None else (performer,), added=stamp(),
    )
    production.filing.set_keys(production.filing.keys().plus(trusted), "key-trusted", key=key.public.id)


def statement(
    production: Production, performer: str, uses: Iterable[str] = tuple(Use), *, ages: tuple[float, float] = (18, 85),
    titles: Iterable[str] = ("*",), valid_from: str = "2020-01-01", valid_until: str | None = None,
    capacity: str = "self", posthumous: bool = False, signed: str | None = None,
) -> GrantStatement:
    """A statement, dated now unless told."""
    return GrantStatement(
        id=uuid.uuid4().hex, performer=Named(id=performer, name=performer.capitalize()),
        signer=Signer(name=performer.capitalize(), capacity=capacity),
        description="Re-aged between the ages below in scenes of this production, as discussed and shown.",
        production=Named(id=production.id, name=production.name), ages=ages,
        uses=tuple(Use(use) for use in uses), titles=tuple(titles), valid_from=valid_from, valid_until=valid_until,
        posthumous=posthumous, contact=f"{performer}@example.org", signed=stamp() if signed is None else signed,
    )


def grant(
    production: Production, key: SigningKey, performer: str, uses: Iterable[str] = tuple(Use), *,
    ages: tuple[float, float] = (18, 85), titles: Iterable[str] = ("*",), valid_from: str = "2020-01-01",
    valid_until: str | None = None, posthumous: bool = False,
) -> Path:
    """Sign and file a grant; its envelope's file."""
    said = statement(production, performer, uses, ages=ages, titles=titles, valid_from=valid_from,
                     valid_until=valid_until, posthumous=posthumous)
    envelope = key.sign(said.payload, "application/vnd.playingage.grant+json")
    issued = issue(envelope, production.filing.keys(), [])
    return production.filing.file(envelope, issued)


def stamp() -> str:
    """Now."""
    return datetime.now(UTC).isoformat("T", "milliseconds")
