"""Ed25519 keys and DSSE envelopes: the one place that knows securesystemslib and cryptography.

Both are loaded when something is signed or checked, not by `--help`.
"""

import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playingage.core import canonical_json
from playingage.rights.documents import RightsError, parse_canonical

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer._crypto_signer import CryptoSigner
    from securesystemslib.signer._key import SSlibKey

LEAST_PASSWORD = 8
_ALTERED = "Take an undamaged copy, as it was signed."


class BadKeyError(RightsError):
    """A key cannot be read, used or trusted."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public Ed25519 key. `public`: 32 bytes in hex. `id` names it: SHA-256, as DSSE and TUF tools compute it."""

    public: str
    id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self._key().keyid)

    def check(self, envelope: "Opened") -> None:
        """Raises RightsError where the envelope's signature of this key is not of these bytes."""
        from securesystemslib.exceptions import UnverifiedSignatureError

        signature = envelope.signed.signatures[self.id]
        try:
            self._key().verify_signature(signature, envelope.signed.pae())
        except UnverifiedSignatureError as error:
            raise RightsError(
                f"{envelope.where}: is altered: the signature of key {self.id[:16]} does not fit its content", _ALTERED
            ) from error

    def _key(self) -> "SSlibKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

        try:
            raw = bytes.fromhex(self.public)
            if raw.hex() != self.public:
                raise ValueError("not in lower-case hex")
            return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw))
        except ValueError as error:
            raise BadKeyError(f"a public key is damaged: {error}", "Take an undamaged copy.") from error


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope whose form was checked; no signature yet. `payload`: what was signed. `keys`: whose signatures."""

    where: str
    signed: "Envelope"

    @property
    def payload(self) -> bytes:
        """What was signed."""
        return self.signed.payload

    @property
    def keys(self) -> tuple[str, ...]:
        """IDs of the keys that signed, or pretend to have."""
        return tuple(self.signed.signatures)


class SigningKey:
    """A private key in memory."""

    def __init__(self, signer: "CryptoSigner") -> None:
        self._signer = signer
        self.public = PublicKey(str(signer.public_key.keyval["public"]))

    @classmethod
    def make(cls) -> "SigningKey":
        """A new key."""
        from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

        return cls(CryptoSigner.generate_ed25519())

    @classmethod
    def read(cls, pem: bytes, password: bytes | None, where: str) -> "SigningKey":
        """From PEM (PKCS8). Raises BadKeyError: wrong or missing password, damaged file, another kind of key."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

        locked = is_locked(pem)
        if locked and password is None:
            raise BadKeyError(f"{where}: the key is protected by a password, and none was given", "Give its password.")
        try:
            key = load_pem_private_key(pem, password if locked else None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            why = "wrong password, or a damaged key" if locked else "not a private key in PEM form, or damaged"
            raise BadKeyError(f"{where}: {why}", "Check the password and the file.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKeyError(f"{where}: not an Ed25519 key", "Make one with: playingage key create NAME.pem")
        return cls(CryptoSigner(key))

    def pem(self, password: bytes | None) -> bytes:
        """PEM (PKCS8), encrypted unless the password is None. Raises BadKeyError for a password that is too short."""
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
            load_pem_private_key,
        )

        if password is None:
            return self._signer.private_bytes
        if len(password) < LEAST_PASSWORD:
            raise BadKeyError(f"a password of {len(password)} characters protects nothing",
                            f"Take one of at least {LEAST_PASSWORD}.")
        key = load_pem_private_key(self._signer.private_bytes, None)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))

    def sign(self, payload: bytes, payload_type: str) -> bytes:
        """An envelope with this key's signature alone, as stored."""
        from securesystemslib.dsse import Envelope

        return self._signed(Envelope(payload, payload_type, {}))

    def sign_also(self, envelope: Opened) -> bytes:
        """The same envelope with this key's signature added, as stored."""
        from securesystemslib.dsse import Envelope

        old = envelope.signed
        return self._signed(Envelope(old.payload, old.payload_type, dict(old.signatures)))

    def _signed(self, envelope: "Envelope") -> bytes:
        envelope.sign(self._signer)
        return canonical_json(envelope.to_dict())


def is_locked(pem: bytes) -> bool:
    """Whether a private key's file is protected by a password."""
    return b"ENCRYPTED PRIVATE KEY" in pem


def open_envelope(data: bytes, payload_type: str, where: str) -> Opened:
    """Read an envelope's form, strictly: any byte other than as written is refused. Raises RightsError.

    Nothing is known of its signatures yet.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import Error

    document: dict[str, Any] = parse_canonical(data, where)
    try:
        envelope = Envelope.from_dict(document)
        written = canonical_json(envelope.to_dict())
    except (KeyError, ValueError, TypeError, AttributeError, binascii.Error, Error, RecursionError) as error:
        raise RightsError(f"{where}: is altered or damaged, it is no signed envelope (DSSE)", _ALTERED) from error
    if written != data or any(each.unrecognized_fields for each in envelope.signatures.values()):
        raise RightsError(f"{where}: is altered or damaged: more or other fields than a signed envelope has", _ALTERED)
    if envelope.payload_type != payload_type:
        raise RightsError(f"{where}: holds {envelope.payload_type!r}, not {payload_type!r}", "Give the right file.")
    if not envelope.signatures:
        raise RightsError(f"{where}: nobody has signed it", "Sign it with: playingage grant sign")
    return Opened(where, envelope)
