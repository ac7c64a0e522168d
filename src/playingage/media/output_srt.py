"""SRT by the system's own library, libsrt: FFmpeg's in PyAV's wheel has no SRT.

The C functions are called directly: no second program, and no passphrase in a list of processes.
"""

import ctypes
import socket
import struct
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playingage.core import SettingError, UnwritableError
from playingage.media.output_address import OutputAddress

LIBRARIES = ("libsrt-gnutls.so.1.5", "libsrt-openssl.so.1.5", "libsrt.so.1.5", "libsrt.1.5.dylib", "libsrt.so.1.4")
PACKET = 1316
"""Bytes of a message: seven packets of MPEG-TS, as every receiver expects."""
_SNDTIMEO, _SENDER, _LATENCY, _PASSPHRASE, _PBKEYLEN, _CONNTIMEO, _STREAMID = 13, 21, 23, 26, 27, 36, 45
_RCVSYN, _REUSEADDR = 2, 15
_WISHES = {"latency": "120", "passphrase": "", "pbkeylen": "0", "streamid": "", "mode": "caller"}
_POLL_S = 0.05


class SrtSocket:
    """An SRT connection as something to write to. `error` is why it broke, in words.

    Wishes in the address: `mode=caller|listener`, `latency` in milliseconds, `passphrase` of 10 to 79 characters,
    `pbkeylen` 0, 16, 24 or 32, `streamid`.
    """

    def __init__(self, address: OutputAddress, timeout_s: float) -> None:
        self.error: OSError | None = None
        self._library = _library()
        wishes, parts = _wishes(address), urlsplit(address.target)
        self._left = b""
        self._socket = self._open(wishes, timeout_s)
        try:
            place, length = _place(parts.hostname or "0.0.0.0", parts.port or 0, address)
            if wishes["mode"] == "listener":
                self._accept(place, length, timeout_s)
            elif self._library.srt_connect(self._socket, place, length) < 0:
                raise self._failed()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def check(address: OutputAddress) -> None:
        """Raise SettingError when the library or a sensible wish is missing."""
        _wishes(address)
        if not _found():
            raise SettingError(
                f"{address}: SRT needs the library libsrt 1.4 or newer, which is not on this machine",
                "Install it, on Debian and Ubuntu: apt install libsrt1.5-gnutls",
            )

    def write(self, data: bytes) -> int:
        """Send bytes in messages of one packet size; what is left over goes with the next."""
        waiting = self._left + bytes(data)
        whole = len(waiting) - len(waiting) % PACKET
        for start in range(0, whole, PACKET):
            if self._library.srt_send(self._socket, waiting[start : start + PACKET], PACKET) < 0:
                raise self._failed()
        self._left = waiting[whole:]
        return len(data)

    def close(self) -> None:
        """End the connection; may be called twice."""
        if self._socket >= 0:
            if self._left and self.error is None:
                self._library.srt_send(self._socket, self._left, len(self._left))
            self._library.srt_close(self._socket)
            self._socket = -1

    def _open(self, wishes: dict[str, str], timeout_s: float) -> int:
        made = int(self._library.srt_create_socket())
        self._socket = made
        limit = int(timeout_s * 1000)
        numbers = ((_SENDER, 1), (_LATENCY, int(wishes["latency"])), (_CONNTIMEO, limit), (_SNDTIMEO, limit),
                   (_PBKEYLEN, int(wishes["pbkeylen"])), (_REUSEADDR, 1))
        for option, value in numbers:
            self._set(option, struct.pack("i", value))
        for option, name in ((_PASSPHRASE, "passphrase"), (_STREAMID, "streamid")):
            if wishes[name]:
                self._set(option, wishes[name].encode())
        return made

    def _set(self, option: int, value: bytes) -> None:
        if self._library.srt_setsockflag(self._socket, option, value, len(value)) < 0:
            raise self._failed()

    def _accept(self, place: bytes, length: int, timeout_s: float) -> None:
        waiting = self._socket
        self._set(_RCVSYN, struct.pack("i", 0))
        if self._library.srt_bind(waiting, place, length) < 0 or self._library.srt_listen(waiting, 1) < 0:
            raise self._failed()
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            came = int(self._library.srt_accept(waiting, None, None))
            if came >= 0:
                self._library.srt_close(waiting)
                self._socket = came
                return
            time.sleep(_POLL_S)
        self.error = OSError("no receiver has called yet")
        raise self.error

    def _failed(self) -> OSError:
        words = self._library.srt_getlasterror_str()
        self.error = OSError(words.decode(errors="replace") if words else "SRT failed")
        return self.error


def _wishes(address: OutputAddress) -> dict[str, str]:
    wishes = dict(_WISHES)
    for name, value in parse_qsl(urlsplit(address.target).query):
        if name not in wishes:
            raise SettingError(f"{address}: {name} is not known for SRT", f"Use {', '.join(_WISHES)}.")
        wishes[name] = value
    problem = ""
    if wishes["mode"] not in ("caller", "listener"):
        problem = "mode is caller or listener"
    elif not wishes["latency"].isdecimal() or int(wishes["latency"]) > 60_000:
        problem = "latency is 0 to 60000 milliseconds"
    elif wishes["pbkeylen"] not in ("0", "16", "24", "32"):
        problem = "pbkeylen is 0, 16, 24 or 32"
    elif wishes["passphrase"] and not 10 <= len(wishes["passphrase"].encode()) <= 79:
        problem = "passphrase has 10 to 79 characters"
    elif len(wishes["streamid"].encode()) > 512:
        problem = "streamid has 512 characters at most"
    if problem:
        raise SettingError(f"{address}: {problem}")
    return wishes


def _place(host: str, port: int, address: OutputAddress) -> tuple[bytes, int]:
    """A C socket address."""
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise UnwritableError(f"{address}: no such host: {error.strerror}", "Check the address.") from None
    if family == socket.AF_INET6:
        packed = struct.pack("=HHI16sI", family, socket.htons(port), 0, socket.inet_pton(family, str(found[0])), 0)
    else:
        packed = struct.pack("=HH4s8x", family, socket.htons(port), socket.inet_aton(str(found[0])))
    return packed, len(packed)


def _found() -> str:
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return name
    return ""


@cache
def _library() -> Any:
    """The library, started once; it is never ended, since its threads may still close sockets."""
    name = _found()
    if not name:
        raise UnwritableError("libsrt is not on this machine")
    library = ctypes.CDLL(name)
    library.srt_getlasterror_str.restype = ctypes.c_char_p
    library.srt_connect.argtypes = library.srt_bind.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
    library.srt_setsockflag.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
    library.srt_send.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
    library.srt_accept.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    library.srt_startup()
    library.srt_setloglevel(2)
    return library
