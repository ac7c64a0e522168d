"""What a performer, or who acts for them, agrees to: a value that checks itself. Format: docs/formats/grant.md."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from playingage.core import canonical_json
from playingage.rights.documents import Fields, GrantError, RightsError, check_format, parse_json, parse_moment

FORMAT, VERSION = "playingage-grant", 1
PAYLOAD_TYPE = "application/vnd.playingage.grant+json"
ANY_TITLE = "*"
LEAST_DESCRIPTION = 20
CAPACITIES = ("self", "representative", "estate")
_KNOWN = (
    "format", "version", "id", "performer", "signer", "description", "production", "ages", "uses", "titles",
    "valid_from", "valid_until", "posthumous", "contact", "signed",
)


class Use(StrEnum):
    """What a performer's face is used for. Training covers taking in the footage that it learns from."""

    INGEST = "ingest"
    TRAIN = "train"
    LIVE = "live"
    RENDER = "render"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An ID and the name that people know it by."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs. capacity: self, representative or estate."""

    name: str
    capacity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStatement:
    """What is granted.

    ages: youngest and oldest playing age, years. titles: source material, or ("*",) for any. valid_from, valid_until:
    ISO days or times; a day counts whole, in UTC. signed: ISO time, None before it is signed. extra: unknown fields.
    """

    id: str
    performer: Named
    signer: Signer
    description: str
    production: Named
    ages: tuple[float, float]
    uses: tuple[Use, ...]
    titles: tuple[str, ...]
    valid_from: str
    valid_until: str | None
    posthumous: bool
    contact: str
    signed: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"grant {self.id[:8]}"
        if self.valid_until is not None and self.ends is not None and self.ends < self.starts:
            raise GrantError(f"{where}: valid_until {self.valid_until} lies before valid_from {self.valid_from}",
                             "Correct one of the two.")
        if self.signer.capacity == "estate" and not self.posthumous:
            raise GrantError(f"{where}: an estate signs, but posthumous is false",
                             "Set posthumous to true, or correct the capacity.")
        if ANY_TITLE in self.titles and len(self.titles) > 1:
            raise GrantError(f"{where}: titles name any title (*) and single ones", "Leave one of the two.")

    @property
    def starts(self) -> datetime:
        """From when it is valid."""
        return parse_moment(self.valid_from, "valid_from")

    @property
    def ends(self) -> datetime | None:
        """The last moment at which it is valid."""
        return None if self.valid_until is None else parse_moment(self.valid_until, "valid_until", end=True)

    @classmethod
    def of(cls, document: Mapping[str, Any], where: str) -> "GrantStatement":
        """From a document. Raises GrantError naming the field that is wrong."""
        try:
            check_format(document, FORMAT, VERSION, where)
            fields = Fields(document, where)
            performer, signer, production = map(fields.inside, ("performer", "signer", "production"))
            return cls(
                id=fields.text("id", most=64),
                performer=Named(id=performer.id("id"), name=performer.text("name")),
                signer=Signer(name=signer.text("name"), capacity=signer.choice("capacity", CAPACITIES)),
                description=fields.text("description", least=LEAST_DESCRIPTION, most=4000),
                production=Named(id=production.text("id", most=64), name=production.text("name")),
                ages=fields.pair("ages", 0, 130),
                uses=_uses(fields), titles=fields.texts("titles"), valid_from=fields.day("valid_from"),
                valid_until=None if document.get("valid_until") is None else fields.day("valid_until"),
                posthumous=fields.truth("posthumous"), contact=fields.text("contact", least=3, most=400),
                signed=None if document.get("signed") is None else fields.moment("signed"),
                extra=fields.rest(*_KNOWN),
            )
        except GrantError:
            raise
        except RightsError as error:
            raise GrantError(error.what, error.do) from error

    @classmethod
    def read(cls, data: bytes, where: str) -> "GrantStatement":
        """From a file that a person edited, TOML or JSON. Raises GrantError."""
        if data.lstrip()[:1] == b"{":
            return cls.parse(data, where)
        try:
            document = tomllib.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise GrantError(f"{where}: is neither TOML nor JSON: {error}", "Correct that place.") from error
        return cls.of({key: _plain(value) for key, value in document.items()}, where)

    @classmethod
    def parse(cls, data: bytes, where: str) -> "GrantStatement":
        """From JSON. Raises GrantError."""
        try:
            document = parse_json(data, where)
        except RightsError as error:
            raise GrantError(error.what, error.do) from error
        return cls.of(document, where)

    @property
    def document(self) -> dict[str, Any]:
        """As stored, unknown fields included."""
        return {
            **self.extra, "format": FORMAT, "version": VERSION, "id": self.id,
            "performer": {"id": self.performer.id, "name": self.performer.name},
            "signer": {"name": self.signer.name, "capacity": self.signer.capacity},
            "description": self.description,
            "production": {"id": self.production.id, "name": self.production.name},
            "ages": [int(age) if age == int(age) else age for age in self.ages],
            "uses": [str(use) for use in self.uses], "titles": list(self.titles),
            "valid_from": self.valid_from, "valid_until": self.valid_until, "posthumous": self.posthumous,
            "contact": self.contact, "signed": self.signed,
        }

    def signed_at(self, moment: datetime) -> "GrantStatement":
        """The same, with the time of signing."""
        return replace(self, signed=moment.isoformat("T", "seconds"))

    @property
    def payload(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json(self.document)


def _uses(fields: Fields) -> tuple[Use, ...]:
    known = tuple(str(use) for use in Use)
    wrong = [text for text in fields.texts("uses") if text not in known]
    if wrong:
        raise fields.wrong("uses", f"names {wrong[0]!r}; known are {', '.join(known)}")
    return tuple(Use(text) for text in fields.texts("uses"))


def _plain(value: Any) -> Any:
    """TOML's days and times as ISO text, as JSON has them; numbers that JSON cannot hold as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
