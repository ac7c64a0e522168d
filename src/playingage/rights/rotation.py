"""A public key as its holder hands it over, and the passing from an old key to a new one. Values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from playingage.core import canonical_json
from playingage.rights.documents import Fields, RightsError, check_format, parse_json
from playingage.rights.keys import TrustedKey, TrustedKeys
from playingage.rights.signing import BadKeyError, PublicKey, SigningKey, open_envelope

CARD, CARD_VERSION = "playingage-key", 1
ROTATION, ROTATION_VERSION = "playingage-key-rotation", 1
ROTATION_TYPE = "application/vnd.playingage.key-rotation+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCard:
    """`NAME.pub.json`: a public key with the name that its holder gives. Nobody vouches for it yet."""

    key: PublicKey
    holder: str
    created: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes, where: str) -> "KeyCard":
        """From the file. Raises RightsError."""
        document = parse_json(data, where)
        check_format(document, CARD, CARD_VERSION, where)
        return cls.of(Fields(document, where))

    @classmethod
    def of(cls, fields: Fields) -> "KeyCard":
        """From a document. Raises RightsError."""
        fields.choice("keytype", ("ed25519",))
        key = PublicKey(fields.text("public"))
        if fields.get("keyid") != key.id:
            raise fields.wrong("keyid", "is not that of the key beside it: altered")
        known = ("format", "version", "keyid", "keytype", "scheme", "public", "holder", "created")
        return cls(key=key, holder=fields.text("holder"), created=fields.moment("created"), extra=fields.rest(*known))

    @property
    def document(self) -> dict[str, Any]:
        """As stored."""
        return {**self.extra, "format": CARD, "version": CARD_VERSION, "keyid": self.key.id, "keytype": "ed25519",
                "scheme": "ed25519", "public": self.key.public, "holder": self.holder, "created": self.created}


def write_rotation(old: SigningKey, new: SigningKey, card: KeyCard, signed: str) -> bytes:
    """An envelope, signed by both keys, that says: the new key takes the place of the old one."""
    payload = canonical_json({"format": ROTATION, "version": ROTATION_VERSION, "old": old.public.id,
                              "new": card.document, "signed": signed})
    envelope = old.sign(payload, ROTATION_TYPE)
    return new.sign_also(open_envelope(envelope, ROTATION_TYPE, "the rotation"))


def rotate(keys: TrustedKeys, envelope: bytes, *, at: str, where: str) -> tuple[TrustedKeys, TrustedKey]:
    """The keys with the old one retired and the new one trusted for the same; and the new one. Raises RightsError.

    at: ISO time from when the old key is retired: when the production learns of it, whatever the envelope says.
    """
    opened = open_envelope(envelope, ROTATION_TYPE, where)
    document = parse_json(opened.payload, where)
    check_format(document, ROTATION, ROTATION_VERSION, where)
    fields = Fields(document, where)
    card, old_id = KeyCard.of(fields.inside("new")), fields.hash("old")
    fields.moment("signed")
    if set(opened.keys) != {old_id, card.key.id}:
        raise RightsError(f"{where}: is not signed by the old and the new key and by no other",
                          "Make it with: playingage key rotate OLD.pem NEW.pem")
    known = {each.key.id: each for each in keys.keys}
    if old_id not in known:
        raise BadKeyError(f"{where}: the old key {old_id[:16]} is not trusted here",
                          "Trust the new one itself: playingage key trust NEW.pub.json")
    old = known[old_id]
    if old.retired is not None:
        raise BadKeyError(f"{where}: the old key {old_id[:16]} of {old.holder} was retired on {old.retired}",
                          "A retired key hands nothing on. Check the new one with its holder and trust it itself.")
    old.key.check(opened)
    card.key.check(opened)
    new = TrustedKey(key=card.key, holder=old.holder, capacity=old.capacity, performers=old.performers, added=at,
                     succeeds=old_id)
    changed = replace(keys, keys=tuple(
        replace(each, retired=at, reason=f"rotated to {card.key.id[:16]}") if each is old else each
        for each in keys.keys))
    return changed.plus(new), new
