"""Refuses addresses to which nothing may be sent: those that only this server's own network can reach.

Without it, whoever may add a webhook could make Handout speak to the database, the metadata service of the cloud, or
the printer next door. Only what the name resolves to counts, at the moment of sending; and the connection is made to
the very address that was looked at, so that a name cannot resolve to another one a moment later.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

PORTS = {"http": 80, "https": 443}
SETTING = "The setting WEBHOOKS_MAY_BE_PRIVATE allows it."

# Not private by their numbers, and yet not the world: a cloud's own service, what stands for no single host, what
# carries an IPv4 address in disguise, and what the libraries of some Python versions do not know.
NOT_THE_WORLD = [
    ip_network(text)
    for text in (
        *("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"),
        *(
            "::/96",
            "::ffff:0:0:0/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/32",
            "2002::/16",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
]
NAT64 = ip_network("64:ff9b::/96")
ISATAP = (0x00005EFE, 0x02005EFE)  # before an IPv4 address, in the second half of any IPv6 address


class AddressRefused(Exception):
    """Nothing may be sent there; the message tells staff why."""


class Target(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str  # with its query


def read_url(url: str) -> Target:
    """Splits the address. Raises AddressRefused if it is not an address, or one that is refused whatever it resolves
    to.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("Remove spaces, and write letters outside a to z as %-escapes (in the host name: xn--).")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("This is not a URL. Enter one such as https://shop.example.com/webhooks") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise AddressRefused(
            "Start with https:// (or http://) and a host name, such as https://shop.example.com/webhooks"
        )
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("Leave out the user name and password. The signature proves who is sending.")
    if parts.fragment:
        raise AddressRefused("Remove the # and everything after it; it is never sent.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and port < 1024:
        raise AddressRefused(f"Port {port} belongs to another service. Use 80, 443 or one above 1023.")
    target = Target(
        parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    )
    _refuse_private_name(target.host)
    return target


def resolve(target: Target) -> list[str]:
    """The host's IP addresses, none of them private. Raises AddressRefused even if only one of several is."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"{target.host} was not found in DNS.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if is_private(address) and not settings.WEBHOOKS_MAY_BE_PRIVATE:
            raise AddressRefused(f"{target.host} is {address}, which is a private address. {SETTING}")
    return addresses


def is_private(address: str) -> bool:
    """Whether an IP address is anything but a host of the public internet."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    return (
        not ip.is_global
        or ip.is_multicast
        or any(ip in network for network in NOT_THE_WORLD if network.version == ip.version)
    )


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
        if (int(ip) >> 32) & 0xFFFFFFFF in ISATAP:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _refuse_private_name(host: str) -> None:
    """What is plain from the name already is said while it is typed."""
    if settings.WEBHOOKS_MAY_BE_PRIVATE:
        return
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        raise AddressRefused(f"{host} is this server itself. {SETTING}")
    try:
        private = is_private(host)
    except ValueError:
        return
    if private:
        raise AddressRefused(f"{host} is a private address. {SETTING}")
