"""The self-made certificate: kept while it serves, made anew when it must, secret where it must be."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playingage.core import PlayingAgeError
from playingage.rights.certificate import own_certificate, read_certificate

NAMES = ("cart", "cart.local", "localhost", "127.0.0.1", "::1", "10.0.0.5")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    made = own_certificate(folder, NAMES, now=NOW)
    assert made.made and set(made.names) == set(NAMES)
    assert made.ends - NOW < timedelta(days=398), "browsers take none that lasts longer"
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    again = own_certificate(folder, NAMES[:3], now=NOW + timedelta(days=300))
    assert not again.made and again.fingerprint == made.fingerprint
    der = ssl.PEM_cert_to_DER_cert(made.file.read_text())
    assert made.shown.count(":") == 31 and made.shown.replace(":", "").lower() == made.fingerprint
    assert len(der) > 300 and sorted(each.name for each in folder.iterdir()) == ["server.crt", "server.key"]


def test_it_is_made_anew_for_another_name_or_near_its_end_or_for_a_key_that_others_know(tmp_path: Path) -> None:
    made = own_certificate(tmp_path, NAMES, now=NOW)
    moved = own_certificate(tmp_path, ("cart", "192.168.0.9"), now=NOW)
    assert moved.made and moved.fingerprint != made.fingerprint
    assert set(moved.names) == {*NAMES, "192.168.0.9"}, "back on the first network it still serves"
    assert own_certificate(tmp_path, NAMES, now=NOW + timedelta(days=390)).made
    late = NOW + timedelta(days=390)
    (tmp_path / "server.key").chmod(0o644)
    assert own_certificate(tmp_path, NAMES, now=late).made
    assert not own_certificate(tmp_path, NAMES, now=late).made
    (tmp_path / "server.key").write_text("nonsense")
    assert own_certificate(tmp_path, NAMES, now=late).made


def test_key_and_certificate_of_two_makings_are_not_taken(tmp_path: Path) -> None:
    own_certificate(tmp_path / "a", NAMES, now=NOW)
    other = own_certificate(tmp_path / "b", NAMES, now=NOW)
    (tmp_path / "a" / "server.crt").write_bytes(other.file.read_bytes())
    assert own_certificate(tmp_path / "a", NAMES, now=NOW).made


def test_what_is_no_certificate_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    with pytest.raises(PlayingAgeError, match=r"x\.pem.*read"):
        read_certificate(file, file)
    for text in ("", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        file.write_text(text)
        with pytest.raises(PlayingAgeError, match="no certificate"):
            read_certificate(file, file)
    with pytest.raises(PlayingAgeError, match="name"):
        own_certificate(tmp_path, ())
    (tmp_path / "file").write_text("")
    with pytest.raises(PlayingAgeError, match="cannot be kept"):
        own_certificate(tmp_path / "file" / "tls", NAMES)
