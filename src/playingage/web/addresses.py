"""The addresses and names under which others reach this machine."""

import ipaddress
import socket

_TOWARDS = ("192.0.2.1", "10.255.255.255", "172.31.255.255", "192.168.255.255", "169.254.255.255", "2001:db8::1")


def own_addresses() -> tuple[str, ...]:
    """IP addresses of this machine, without loopback, the likeliest first. Nothing is sent to find them."""
    found: dict[str, None] = {}
    for towards in _TOWARDS:
        try:
            with socket.socket(socket.AF_INET6 if ":" in towards else socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((towards, 9))
                found[str(probe.getsockname()[0])] = None
        except OSError:
            continue  # no way there
    try:
        for entry in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM):
            found[str(entry[4][0])] = None
    except OSError:
        pass  # the name is known to nobody
    return tuple(each for each in found if _reachable(each))


def own_names() -> tuple[str, ...]:
    """Names of this machine."""
    name = socket.gethostname()
    return (name, f"{name}.local") if "." not in name else (name,)


def _reachable(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_multicast or "%" in address)
