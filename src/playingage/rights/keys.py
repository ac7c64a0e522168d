"""The public keys that a production trusts: whose, in which capacity, until when. A value, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from playingage.core import canonical_json
from playingage.rights.documents import Fields, RightsError, check_format, parse_json, parse_moment
from playingage.rights.signing import BadKeyError, Opened, PublicKey

FORMAT, VERSION = "playingage-trusted-keys", 1
OPERATOR = "operator"
CAPACITIES = ("self", "representative", "estate", OPERATOR)
_KNOWN = (
    "keyid", "keytype", "scheme", "public", "holder", "capacity", "performers", "added", "retired", "compromised",
    "reason", "succeeds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key and what it may say.

    capacity: self, representative, estate, or operator, who may revoke and nothing else. performers: IDs for whom it
    speaks; none for an operator. added, retired: ISO times. compromised: nothing it ever signed counts. succeeds: ID of
    the key before it.
    """

    key: PublicKey
    holder: str
    capacity: str
    performers: tuple[str, ...]
    added: str
    retired: str | None = None
    compromised: bool = False
    reason: str | None = None
    succeeds: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.capacity == OPERATOR) == bool(self.performers):
            raise BadKeyError(
                f"key {self.key.id[:16]}: "
                + ("an operator's key speaks for no performer" if self.performers else "no performer is named"),
                "Name the performers that the key speaks for; none for an operator's key.",
            )
        if self.capacity == "self" and len(self.performers) != 1:
            raise BadKeyError(f"key {self.key.id[:16]}: in the capacity 'self' it can speak for one performer only",
                            "Name one performer, or take the capacity 'representative'.")
        if self.compromised and self.retired is None:
            raise BadKeyError(f"key {self.key.id[:16]}: is compromised, but not retired", "Retire it.")

    @property
    def retired_at(self) -> datetime | None:
        """When it was retired."""
        return None if self.retired is None else parse_moment(self.retired, "retired")

    @property
    def document(self) -> dict[str, Any]:
        """As stored."""
        return {
            **self.extra, "keyid": self.key.id, "keytype": "ed25519", "scheme": "ed25519", "public": self.key.public,
            "holder": self.holder, "capacity": self.capacity, "performers": list(self.performers), "added": self.added,
            "retired": self.retired, "compromised": self.compromised, "reason": self.reason,
            "succeeds": self.succeeds,
        }

    @classmethod
    def of(cls, fields: Fields) -> "TrustedKey":
        """From a document. Raises RightsError."""
        key = PublicKey(fields.text("public"))
        if fields.get("keyid") != key.id:
            raise fields.wrong("keyid", "is not that of the key beside it: altered")
        fields.choice("keytype", ("ed25519",))
        fields.choice("scheme", ("ed25519",))

        def maybe(name: str) -> bool:
            return fields.document.get(name) is not None

        return cls(
            key=key, holder=fields.text("holder"), capacity=fields.choice("capacity", CAPACITIES),
            performers=fields.texts("performers", least=0), added=fields.moment("added"),
            retired=fields.moment("retired") if maybe("retired") else None,
            compromised=fields.truth("compromised") if maybe("compromised") else False,
            reason=fields.text("reason", most=2000) if maybe("reason") else None,
            succeeds=fields.hash("succeeds") if maybe("succeeds") else None, extra=fields.rest(*_KNOWN),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKeys:
    """All keys that a production trusts or trusted once, none twice."""

    keys: tuple[TrustedKey, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [each.key.id for each in self.keys]
        if len(set(ids)) != len(ids):
            raise BadKeyError("a key is trusted twice", "Leave one of the two.")

    @classmethod
    def parse(cls, data: bytes, where: str) -> "TrustedKeys":
        """From trusted_keys.json. Raises RightsError."""
        document = parse_json(data, where)
        check_format(document, FORMAT, VERSION, where)
        listed = Fields(document, where).get("keys")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise RightsError(f"{where}: keys is not a list of keys", "Take an undamaged copy.")
        return cls(
            keys=tuple(TrustedKey.of(Fields(each, where, f"keys[{n}].")) for n, each in enumerate(listed)),
            extra=Fields(document, where).rest("format", "version", "keys"),
        )

    @property
    def data(self) -> bytes:
        """As stored."""
        document = {**self.extra, "format": FORMAT, "version": VERSION, "keys": [each.document for each in self.keys]}
        return canonical_json(document)

    def find(self, start: str) -> TrustedKey:
        """The key whose ID begins so. Raises BadKeyError."""
        found = [each for each in self.keys if each.key.id.startswith(start)] if len(start) >= 4 else []
        if len(found) != 1:
            raise BadKeyError(
                f"{len(found) or 'no'} trusted keys have an ID that begins with {start!r}",
                "Give at least 4, and enough, of its first digits: playingage key list.",
            )
        return found[0]

    def plus(self, key: TrustedKey) -> "TrustedKeys":
        """With one more. Raises BadKeyError where it is there already, retired or not."""
        for each in self.keys:
            if each.key.id == key.key.id:
                state = f"was retired on {each.retired}" if each.retired else "is trusted already"
                raise BadKeyError(f"key {each.key.id[:16]} of {each.holder} {state}", "A retired key stays retired."
                                if each.retired else "Nothing has to be done.")
        return replace(self, keys=(*self.keys, key))

    def retire(self, start: str, *, at: str, reason: str, compromised: bool = False) -> "TrustedKeys":
        """With a key retired. Raises BadKeyError where it is retired already; a retired one can become compromised."""
        old = self.find(start)
        if old.retired is not None and (old.compromised or not compromised):
            raise BadKeyError(f"key {old.key.id[:16]} of {old.holder} was retired on {old.retired} already", "")
        new = replace(old, retired=old.retired or at, reason=reason, compromised=compromised)
        return replace(self, keys=tuple(new if each is old else each for each in self.keys))

    def signers(self, envelope: Opened) -> tuple[TrustedKey, ...]:
        """Whose keys signed the envelope: every signature must be of a known key, and fit. Raises RightsError."""
        known = {each.key.id: each for each in self.keys}
        for key in envelope.keys:
            if key not in known:
                raise RightsError(
                    f"{envelope.where}: signed by key {key[:16]}, which this production does not trust",
                    "Check with its holder that the key is theirs, then: playingage key trust KEY.pub.json",
                )
            known[key].key.check(envelope)
        return tuple(known[key] for key in envelope.keys)
