"""Options of commands whose pages others may open, and what they come to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli.output import say
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.production import Production
    from playingage.web import ServerSettings

Tls = Annotated[
    str | None, typer.Option("--tls", metavar="self", help="Encrypt, with a certificate that is made here.")
]
TlsCert = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="Encrypt, with this certificate (PEM).")
]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's private key (PEM).")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="HOST",
                 help="Host name, or https://HOST of a TLS proxy, under which others open the pages; may be repeated."),
]


def server_settings(
    host: str, port: int, *, tls: str | None = None, certificate: Path | None = None, key: Path | None = None,
    names: list[str] | None = None, production: "Production | None" = None,
) -> "ServerSettings":
    """Where and how to serve, with this account's invitations and certificate. Raises PlayingAgeError."""
    from playingage.rights.record import state_folder
    from playingage.web import ServerSettings

    folder = state_folder()
    if tls not in (None, "self"):
        raise SettingError(f"--tls {tls}: there is only --tls self", "For a certificate of your own: --tls-cert FILE "
                                                                     "--tls-key FILE.")
    if tls is not None and (certificate is not None or key is not None):
        raise SettingError("--tls self makes a certificate, and --tls-cert names one", "Choose one of them.")
    plain = ServerSettings(host=host, port=port, names=tuple(names or ()), certificate=certificate, key=key)
    if tls is not None:
        certificate, key = _own(plain, folder / "tls")
    elif certificate is not None and key is not None:
        _check(certificate, key)
    where = "none" if production is None else production.id
    return ServerSettings(
        host=host, port=port, names=plain.names, certificate=certificate, key=key,
        control=folder / "servers",
        invitations=None if port == 0 else folder / "invitations" / f"{where}-{port}.json",
        record=None if production is None else _recorder(production),
    )


def _own(settings: "ServerSettings", folder: Path) -> tuple[Path, Path]:
    from playingage.rights.certificate import own_certificate
    from playingage.web.addresses import own_addresses, own_names

    listened = () if settings.host in ("0.0.0.0", "::") else (settings.host,)
    made = own_certificate(folder, (*settings.hosts, *listened, "localhost", "127.0.0.1", "::1", *own_names(),
                                    *own_addresses()))
    say(f"Certificate: {made.file}{', made just now' if made.made else ''}. Its SHA-256, to compare in the browser:")
    say(f"  {made.shown}")
    return made.file, made.key


def _check(certificate: Path, key: Path) -> None:
    from datetime import UTC, datetime

    from playingage.rights.certificate import read_certificate

    read = read_certificate(certificate, key)
    left = read.ends - datetime.now(UTC)
    if left.total_seconds() <= 0:
        raise SettingError(f"{certificate}: expired on {read.ends:%Y-%m-%d}", "Have it renewed, or use --tls self.")
    if left.days < 14:
        say(f"{certificate} expires on {read.ends:%Y-%m-%d}.")


def _recorder(production: "Production") -> Callable[[str, Mapping[str, Any]], None]:
    def record(event: str, details: Mapping[str, Any]) -> None:
        match event:
            case "invitation-made":
                production.ledger.append("invitation-made", **details)
            case "invitation-used":
                production.ledger.append("invitation-used", **details)
            case "invitation-revoked":
                production.ledger.append("invitation-revoked", **details)
            case other:
                raise AssertionError(f"unknown event {other!r}")

    return record
