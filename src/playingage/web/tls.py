"""TLS of the server: at least version 1.2, with the certificate that the settings name."""

import ssl
from pathlib import Path

from playingage.core import SettingError


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context for the server's side. Raises SettingError where the files do not serve."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    def no_password() -> str:
        raise SettingError(f"{key}: the private key has a password", "Give a key without one.")

    for file in (certificate, key):
        try:
            file.open("rb").close()
        except OSError as error:
            raise SettingError(f"{file}: cannot be read: {error.strerror}", "Check the path.") from error
    try:
        context.load_cert_chain(certificate, key, no_password)
    except ssl.SSLError as error:
        raise SettingError(
            f"{certificate} and {key} are not a certificate and its private key: {error.reason or error}",
            "Give PEM files: the certificate with its chain, and the key that belongs to it.",
        ) from None
    return context
