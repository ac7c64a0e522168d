"""`playingage key`: keys that sign grants, and which of them the production trusts."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli import options
from playingage.cli.output import result, result_json, say
from playingage.cli.passwords import NoPassword, PasswordFile, load_key, new_password
from playingage.cli.production import find_production
from playingage.core import PlayingAgeError, SettingError

if TYPE_CHECKING:
    from playingage.rights import TrustedKey

CREATE = """Examples:

  playingage key create ada.pem --holder "Ada Lovelace"
"""
LIST = """Examples:

  playingage key list --json
"""
TRUST = """Examples:

  playingage key trust ada.pub.json --performer ada

  playingage key trust agency.pub.json --performer ada --performer bob --capacity representative

  playingage key trust producer.pub.json --capacity operator

  playingage key trust ada-2.rotation.dsse.json
"""
ROTATE = """Examples:

  playingage key rotate ada.pem ada-2.pem
"""
RETIRE = """Examples:

  playingage key retire 1b5bc301 --reason "Laptop sold"

  playingage key retire 1b5bc301 --reason "Laptop stolen" --compromised
"""


def create(
    file: Annotated[Path, typer.Argument(metavar="PEM", help="Where the private key goes: NAME.pem.")],
    holder: Annotated[str, typer.Option("--holder", metavar="NAME", help="Whose key it is.")],
    password_file: PasswordFile = None,
    no_password: NoPassword = False,
    json_output: options.Json = False,
) -> None:
    """Make a key: NAME.pem, which its holder keeps secret, and NAME.pub.json, which everybody may have."""
    from playingage.rights import KeyCard, SigningKey
    from playingage.rights.documents import Fields

    public = _beside(file, ".pub.json")
    _check_new(file, public)
    name = Fields({"holder": holder}, "the key").text("holder")
    pem = (key := SigningKey.make()).pem(new_password(password_file, no_password, file.name))
    card = KeyCard(key=key.public, holder=name, created=_now())
    _write_secret(file, pem)
    _write(public, _pretty(card.document))
    if json_output:
        result_json({"private": str(file), "public": str(public), **card.document})
    else:
        result(f"{file}: private key. Its holder alone keeps it, and never in a production's folder.")
        result(f"{public}: public key, for the production. Its number, to compare by telephone:")
        result(f"  {_groups(key.public.id)}")


def list_keys(
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Tell which keys the production trusts, and which it trusted once."""
    keys = find_production(production).filing.keys().keys
    if json_output:
        result_json([each.document for each in keys])
        return
    for each in keys:
        result(f"{each.key.id[:16]}  {each.holder}, {each.capacity}{_speaks(each)}, {_state(each)}")
    if not keys:
        say("No key is trusted yet: playingage key trust KEY.pub.json")


def trust(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="NAME.pub.json, or NAME.rotation.dsse.json.")],
    performers: Annotated[
        list[str] | None, typer.Option("--performer", metavar="ID", help="For whom the key speaks. May be repeated.")
    ] = None,
    capacity: Annotated[
        str, typer.Option("--capacity", help="self, representative, estate; operator may revoke and nothing else.")
    ] = "self",
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Trust a key from now on. First compare its number with the holder, in another way than the file came."""
    from playingage.rights import KeyCard, TrustedKey, rotate
    from playingage.rights.keys import CAPACITIES

    here = find_production(production)
    data = _read(file)
    with here.filing.changing():
        keys = here.filing.keys(here.entries())
        if b'"payloadType"' in data:
            if performers or capacity != "self":
                raise SettingError("a rotated key speaks for the same performers as the old one",
                                   "Leave out --performer and --capacity.")
            changed, new = rotate(keys, data, at=_now(), where=str(file))
            here.filing.set_keys(changed, "key-rotated", key=new.key.id, old=new.succeeds, holder=new.holder)
        else:
            if capacity not in CAPACITIES:
                raise SettingError(f"--capacity {capacity}: there is no such capacity", f"{', '.join(CAPACITIES)}.")
            card = KeyCard.parse(data, str(file))
            ids = tuple(dict.fromkeys(here.performer(each).id for each in performers or ()))
            new = TrustedKey(key=card.key, holder=card.holder, capacity=capacity, performers=ids, added=_now())
            here.filing.set_keys(keys.plus(new), "key-trusted", key=new.key.id, holder=new.holder, capacity=capacity,
                                 performers=list(ids))
    if json_output:
        result_json(new.document)
    else:
        result(f"Trusted: {new.holder}, {new.capacity}{_speaks(new)}.")
        result(f"  {_groups(new.key.id)}")
        say("Compare this number with the holder, by telephone or in person, before anything is signed.")


def rotate_key(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The private key that is in use.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Where the new private key goes: NAME.pem.")],
    password_file: PasswordFile = None,
    new_password_file: Annotated[
        Path | None, typer.Option("--new-password-file", metavar="FILE", help="File with the new key's password.")
    ] = None,
    no_password: NoPassword = False,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="NAME", help="Whose key it is; else as OLD's .pub.json says.")
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Make a new key in place of an old one, which signs that over. In a production it takes effect at once."""
    from playingage.production import ProductionError
    from playingage.rights import KeyCard, SigningKey, rotate, write_rotation

    public, passing = _beside(new, ".pub.json"), _beside(new, ".rotation.dsse.json")
    _check_new(new, public, passing)
    try:
        here = find_production(production)
    except ProductionError:
        if production is not None:
            raise
        here = None
    key, made = load_key(old, password_file), SigningKey.make()
    if holder is None:
        beside = _beside(old, ".pub.json")
        holder = KeyCard.parse(_read(beside), str(beside)).holder
    pem = made.pem(new_password(new_password_file, no_password, new.name))
    card = KeyCard(key=made.public, holder=holder, created=_now())
    envelope = write_rotation(key, made, card, _now())
    with nullcontext() if here is None else here.filing.changing():
        if here is not None:
            changed, trusted = rotate(here.filing.keys(here.entries()), envelope, at=_now(), where=passing.name)
        _write_secret(new, pem)
        _write(public, _pretty(card.document))
        _write(passing, envelope)
        if here is not None:
            here.filing.set_keys(changed, "key-rotated", key=trusted.key.id, old=trusted.succeeds,
                                 holder=trusted.holder)
    if json_output:
        result_json({"private": str(new), "public": str(public), "rotation": str(passing), "keyid": made.public.id,
                     "applied": here is not None})
    else:
        result(f"{new}: new private key, {made.public.id[:16]}")
        if here is not None:
            result(f"{here.name}: trusts it, and no longer {key.public.id[:16]}.")
        else:
            result(f"{passing}: for every production that trusts the old one: playingage key trust {passing.name}")


def retire(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The first digits of the key's number.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. Recorded.")],
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Somebody else may have it: nothing that it ever signed counts.")
    ] = False,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Trust a key no longer. What it signed, and was filed, before now still counts, unless it is compromised."""
    here = find_production(production)
    with here.filing.changing():
        keys = here.filing.keys(here.entries())
        changed = keys.retire(key, at=_now(), reason=reason, compromised=compromised)
        found = changed.find(key)
        here.filing.set_keys(changed, "key-retired", key=found.key.id, holder=found.holder, reason=reason,
                             compromised=compromised)
    if json_output:
        result_json(found.document)
    else:
        result(f"{found.key.id[:16]} of {found.holder}: {_state(found)}.")
        for each in changed.keys:
            if compromised and each.succeeds == found.key.id and each.retired is None:
                say(f"It signed over to {each.key.id[:16]}, still trusted: check with {each.holder} whose that is.")


def _now() -> str:
    return datetime.now(UTC).isoformat("T", "milliseconds")


def _groups(id: str) -> str:
    return " ".join(id[n : n + 4] for n in range(0, len(id), 4))


def _speaks(key: "TrustedKey") -> str:
    return f" for {', '.join(key.performers)}" if key.performers else ""


def _state(key: "TrustedKey") -> str:
    if key.retired is None:
        return f"trusted since {key.added}"
    return f"{'compromised' if key.compromised else 'retired'} on {key.retired}: {key.reason}"


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name.removesuffix(".pem") + suffix)


def _check_new(*files: Path) -> None:
    for each in files:
        if each.exists() or each.is_symlink():
            raise SettingError(f"{each}: is there already", "Keys are never written over: choose another name.")
    if any((folder / "production.json").exists() for folder in files[0].resolve().parents):
        say("A private key does not belong into a production's folder: its holder keeps it elsewhere.")


def _pretty(document: object) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _write_secret(file: Path, data: bytes) -> None:
    _write(file, data, mode=0o600)


def _write(file: Path, data: bytes, mode: int = 0o644) -> None:
    from playingage.core.files import write_whole

    try:
        write_whole(file, data, mode=mode)
    except OSError as error:
        raise PlayingAgeError(f"{file}: cannot be written: {error.strerror}", "Choose another place.") from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PlayingAgeError(f"{file}: cannot be read: {error.strerror}", "Check the path.") from error
