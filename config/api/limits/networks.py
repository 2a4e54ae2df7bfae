"""The networks that an API key may be used from, in CIDR notation: "203.0.113.0/24", "2001:db8::/32"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST = 100
Network = IPv4Network | IPv6Network


class NetworkRefused(ValueError):
    """The message says which line is wrong and why, and what to write instead."""


def networks_of(lines: Iterable[str]) -> list[str]:
    """The networks as they are stored: each once, in the given order. A single address is a network of its own."""
    found: dict[str, None] = {}
    for line in lines:
        if text := line.strip():
            found[str(_network(text))] = None
    if len(found) > MOST:
        raise NetworkRefused(f"A key can have at most {MOST} networks; these are {len(found)}.")
    return list(found)


def _network(text: str) -> Network:
    try:
        wide = ip_network(text, strict=False)
    except ValueError:
        raise NetworkRefused(
            f"“{text[:50]}” is not a network. Write it like 203.0.113.0/24, 2001:db8::/32 or 203.0.113.7."
        ) from None
    address = text.partition("/")[0]
    if ip_address(address) != wide.network_address:  # a slip: which of the two is meant decides who gets in
        raise NetworkRefused(f"“{text}” is an address in the network {wide}. Write {wide}, or {address} for it alone.")
    return wide


def allows(networks: Sequence[str], address: str | None) -> bool:
    """Whether a call from the address may come in. A call without a known address may not, once there are networks."""
    if not networks:
        return True
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped:  # a server that listens on IPv6 sees IPv4 like this
        caller = caller.ipv4_mapped
    return any(caller in network for network in _parsed(tuple(networks)))


@lru_cache(maxsize=1000)
def _parsed(networks: tuple[str, ...]) -> list[Network]:
    return [ip_network(network) for network in networks]
