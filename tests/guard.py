"""A guard over Python's sockets: loopback and Unix sockets are reached, all else is refused and noted.

`install` replaces `connect`, `connect_ex`, `sendto` and `getaddrinfo`; code in C is not held by it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any

refused: list[str] = []
"""Where somebody wanted to connect since this list was last cleared."""
_originals: dict[tuple[Any, str], Callable[..., Any]] = {}


class NetworkRefused(ConnectionRefusedError):
    """A test tried to reach something beyond this machine."""


def install() -> None:
    """Refuse from now on."""
    for owner, name, replacement in (
        (socket.socket, "connect", _connect),
        (socket.socket, "connect_ex", _connect_ex),
        (socket.socket, "sendto", _sendto),
        (socket, "getaddrinfo", _getaddrinfo),
    ):
        _originals.setdefault((owner, name), getattr(owner, name))
        setattr(owner, name, replacement)


def remove() -> None:
    """Put Python's own functions back."""
    for (owner, name), original in _originals.items():
        setattr(owner, name, original)


@contextlib.contextmanager
def lifted() -> Iterator[None]:
    """Allow every connection inside the block."""
    remove()
    try:
        yield
    finally:
        install()


def is_local(host: object) -> bool:
    """Tell whether a host is this machine: None, "", localhost, or a loopback or unspecified address."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _check(host: object) -> None:
    if not is_local(host):
        refused.append(str(host))
        raise NetworkRefused(f"tests stay on this machine; something tried to reach {host!r} (see tests/guard.py)")


def _check_address(of: socket.socket, address: Any) -> None:
    """Check the host of (host, port, …); other families than the internet's stay on this machine."""
    if of.family in (socket.AF_INET, socket.AF_INET6):
        _check(address[0])


def _connect(self: socket.socket, address: Any) -> None:
    _check_address(self, address)
    return _originals[socket.socket, "connect"](self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    _check_address(self, address)
    return _originals[socket.socket, "connect_ex"](self, address)


def _sendto(self: socket.socket, data: Any, *arguments: Any) -> int:
    _check_address(self, arguments[-1])
    return _originals[socket.socket, "sendto"](self, data, *arguments)


def _getaddrinfo(host: object, *arguments: Any, **options: Any) -> Any:
    _check(host)
    return _originals[socket, "getaddrinfo"](host, *arguments, **options)
