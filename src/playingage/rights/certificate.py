"""A self-made certificate for TLS on set: made once, kept with its key in the account's state, made anew when it must.

It vouches for nobody: who opens the page compares its fingerprint, or trusts the certificate file on that device.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from playingage.core import PlayingAgeError
from playingage.core.files import write_whole

_LASTS = timedelta(days=397)
"""Browsers take none that lasts longer."""
_RENEW = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A server's certificate as it lies in a file. fingerprint: SHA-256 of the first one. made: anew, just now."""

    file: Path
    key: Path
    names: tuple[str, ...]
    ends: datetime
    fingerprint: str
    made: bool = False

    @property
    def shown(self) -> str:
        """The fingerprint as browsers show it."""
        digits = self.fingerprint.upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def own_certificate(folder: Path, names: Sequence[str], *, now: datetime | None = None) -> Certificate:
    """The certificate in `folder`, for these names and addresses; made where there is none that serves.

    One made anew also holds the names of the one before. Raises PlayingAgeError.
    """
    now = now or datetime.now(UTC)
    file, key = folder / "server.crt", folder / "server.key"
    wanted = tuple(dict.fromkeys(name.lower() for name in names))
    if not wanted:
        raise PlayingAgeError("a certificate needs a name or an address")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = _kept(file, key)
        if before is not None and set(wanted) <= set(before.names) and before.ends - now > _RENEW:
            return before
        kept = () if before is None else tuple(name for name in before.names if name not in wanted)[:32]
        _make(file, key, (*wanted, *kept), now)
    except OSError as error:
        raise PlayingAgeError(f"{folder}: the certificate cannot be kept: {error.strerror}",
                              "Make the folder writable, or set XDG_STATE_HOME to one that is.") from error
    return read_certificate(file, key, made=True)


def read_certificate(file: Path, key: Path, *, made: bool = False) -> Certificate:
    """What a certificate's file says. Raises PlayingAgeError."""
    try:
        first = x509.load_pem_x509_certificates(file.read_bytes())[0]
        found = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise PlayingAgeError(f"{file}: the certificate names no host", "Have one made with subject alternative names."
                              ) from None
    except OSError as error:
        raise PlayingAgeError(f"{file}: cannot be read: {error.strerror}", "Check the path.") from error
    except (ValueError, IndexError):
        raise PlayingAgeError(f"{file}: holds no certificate", "Give a PEM file.") from None
    names = (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))
    return Certificate(file=file, key=key, names=names, ends=first.not_valid_after_utc,
                       fingerprint=first.fingerprint(hashes.SHA256()).hex(), made=made)


def _kept(file: Path, key: Path) -> Certificate | None:
    """The one from before, unless it is damaged, its key is another's, or others can read that."""
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        first = x509.load_pem_x509_certificates(file.read_bytes())[0]
        if key.stat().st_mode & 0o077 or key.stat().st_uid != os.getuid() or first.public_key() != private.public_key():
            return None
        return read_certificate(file, key)
    except (FileNotFoundError, ValueError, TypeError, PlayingAgeError):
        return None


def _make(file: Path, key: Path, names: Sequence[str], now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Playing Age on this set")])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )
    public = private.public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(public).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + _LASTS - timedelta(hours=2))
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_whole(key, pem, mode=0o600)
    write_whole(file, made.public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
