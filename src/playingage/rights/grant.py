"""Grants and their revocations: `issue` alone makes a Grant. Decisions, no I/O; time is passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playingage.core import canonical_json, sha256_bytes
from playingage.rights.documents import Fields, GrantError, RightsError, check_format, parse_json, parse_moment
from playingage.rights.keys import OPERATOR, TrustedKey, TrustedKeys
from playingage.rights.signing import open_envelope
from playingage.rights.statement import ANY_TITLE, PAYLOAD_TYPE, GrantStatement, Use

REVOCATION, REVOCATION_VERSION = "playingage-revocation", 1
REVOCATION_TYPE = "application/vnd.playingage.revocation+json"
_ISSUED = object()
_RENEW = "Ask the performer, or who acts for them, for a grant that covers it: playingage grant create."


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A grant taken back. grant: its hash. by: who says so. signed: ISO time."""

    grant: str
    performer: str
    production: str
    by: str
    reason: str
    signed: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json({
            **self.extra, "format": REVOCATION, "version": REVOCATION_VERSION, "grant": self.grant,
            "performer": self.performer, "production": self.production, "by": self.by, "reason": self.reason,
            "signed": self.signed,
        })

    @classmethod
    def of(cls, envelope: bytes, keys: TrustedKeys, where: str = "the revocation") -> "Revocation":
        """Check signatures and rule. Raises RightsError.

        The rule: signed by a key that speaks for the performer, or by an operator's; not after that key was retired.
        """
        opened = open_envelope(envelope, REVOCATION_TYPE, where)
        signers = keys.signers(opened)
        document = parse_json(opened.payload, where)
        check_format(document, REVOCATION, REVOCATION_VERSION, where)
        fields = Fields(document, where)
        known = ("format", "version", "grant", "performer", "production", "by", "reason", "signed")
        made = cls(
            grant=fields.hash("grant"), performer=fields.id("performer"), production=fields.text("production"),
            by=fields.text("by"), reason=fields.text("reason", most=4000), signed=fields.moment("signed"),
            extra=fields.rest(*known),
        )
        for key in signers:
            if key.capacity != OPERATOR and made.performer not in key.performers:
                raise RightsError(
                    f"{where}: key {key.key.id[:16]} of {key.holder} speaks for {', '.join(key.performers)}, "
                    f"not for {made.performer}", "Revoke with the performer's key or the operator's.")
            if key.retired_at is not None and parse_moment(made.signed, where) > key.retired_at:
                raise RightsError(f"{where}: key {key.key.id[:16]} of {key.holder} was retired on {key.retired}",
                                  "Revoke with a key that is in use.")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A statement whose signatures were checked and which nobody has revoked. Only `issue` makes one.

    sha256: of the envelope's payload, "the grant's hash" everywhere else. key_id: of its first signature.
    """

    statement: GrantStatement
    sha256: str
    key_id: str
    proof: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.proof is not _ISSUED:
            raise GrantError("a grant is made by rights.issue alone", "Pass the signed envelope to rights.issue.")

    def require(
        self, *, use: Use | None, performer: str, production: str, at: datetime, age: float | None = None,
        title: str | None = None, died: datetime | None = None,
    ) -> None:
        """Raises GrantError listing everything that is not covered. Without `use`, any use will do.

        age: playing age in years. title: of source material. died: when the performer did.
        """
        missing = self.lacks(use=use, performer=performer, production=production, at=at,
                             ages=() if age is None else (age,), titles=() if title is None else (title,), died=died)
        if missing:
            raise GrantError(f"{self.name} does not cover this: {'; '.join(missing)}", _RENEW)

    @property
    def name(self) -> str:
        """For people: short hash and whose."""
        return f"grant {self.sha256[:12]} of {self.statement.performer.name}"

    def lacks(
        self, *, use: Use | None, performer: str, production: str, at: datetime, ages: Sequence[float] = (),
        titles: Sequence[str] = (), died: datetime | None = None,
    ) -> tuple[str, ...]:
        """Everything that is not covered, in words; nothing where all is."""
        said, missing = self.statement, []
        if said.performer.id != performer:
            missing.append(f"it is of performer {said.performer.id!r}, not {performer!r}")
        if said.production.id != production:
            missing.append(f"it is for another production, {said.production.name!r} ({said.production.id[:8]})")
        if at < said.starts:
            missing.append(f"it is not yet valid, only from {said.valid_from}")
        if said.ends is not None and at > said.ends:
            missing.append(f"it expired on {said.valid_until}")
        if use is not None and use not in said.uses and not (use is Use.INGEST and Use.TRAIN in said.uses):
            missing.append(f"use {str(use)!r} is not in it ({', '.join(said.uses)})")
        low, high = said.ages
        missing += [f"age {age:g} is not in it ({low:g} to {high:g})" for age in ages if not low <= age <= high]
        if ANY_TITLE not in said.titles:
            missing += [f"title {title!r} is not in it ({', '.join(said.titles)})" for title in titles
                        if title not in said.titles]
        if died is not None and at >= died and not said.posthumous:
            missing.append("the performer has died, and it covers no posthumous use")
        return tuple(missing)


def issue(
    envelope: bytes, keys: TrustedKeys, revocations: Sequence[bytes], *, filed: datetime | None = None,
    where: str = "the grant",
) -> Grant:
    """A Grant from a signed envelope, or GrantError saying why not.

    Every signature must fit and be of a trusted key that speaks for the performer in the capacity stated. A retired
    key counts for what is dated, and by the production's own ledger was `filed`, before its retirement. A revocation
    that is itself damaged or of an unknown key is an error too, as it may be of this grant; one that names another
    performer than the grant is of is not theirs to give, and counts for nothing.
    """
    try:
        opened = open_envelope(envelope, PAYLOAD_TYPE, where)
        signers = keys.signers(opened)
        statement = GrantStatement.parse(opened.payload, where)
        for key in signers:
            _check_signer(key, statement, filed, where)
        sha256 = sha256_bytes(opened.payload)
        for number, data in enumerate(revocations, 1):
            revocation = Revocation.of(data, keys, f"revocation {number}")
            if revocation.grant == sha256 and revocation.performer == statement.performer.id:
                raise GrantError(
                    f"{where}: was revoked on {revocation.signed} by {revocation.by}: {revocation.reason}", _RENEW)
    except GrantError:
        raise
    except RightsError as error:
        raise GrantError(error.what, error.do) from error
    return Grant(statement=statement, sha256=sha256, key_id=signers[0].key.id, proof=_ISSUED)


def _check_signer(key: TrustedKey, statement: GrantStatement, filed: datetime | None, where: str) -> None:
    whose = f"key {key.key.id[:16]} of {key.holder}"
    if key.capacity == OPERATOR or statement.performer.id not in key.performers:
        speaks = "is an operator's" if key.capacity == OPERATOR else f"speaks for {', '.join(key.performers)}"
        raise GrantError(f"{where}: {whose} {speaks}, so it cannot grant for {statement.performer.id}",
                         "Let the performer, or who acts for them, sign.")
    if key.capacity != statement.signer.capacity:
        raise GrantError(
            f"{where}: is signed as {statement.signer.capacity!r}, but {whose} is trusted as {key.capacity!r}",
            "Correct the statement and sign it again.")
    if statement.signed is None:
        raise GrantError(f"{where}: does not say when it was signed", "Sign it with: playingage grant sign.")
    if key.compromised:
        raise GrantError(f"{where}: {whose} is compromised: nothing that it signed counts", _RENEW)
    retired = key.retired_at
    if retired is not None:
        if parse_moment(statement.signed, where) > retired:
            raise GrantError(f"{where}: {whose} was retired on {key.retired}, before this was signed", _RENEW)
        if filed is None or filed > retired:
            seen = "never" if filed is None else f"only on {filed.astimezone(UTC).isoformat('T', 'seconds')}"
            raise GrantError(
                f"{where}: {whose} was retired on {key.retired}; the ledger {seen} recorded this grant, so its date "
                f"{statement.signed} proves nothing", _RENEW)
