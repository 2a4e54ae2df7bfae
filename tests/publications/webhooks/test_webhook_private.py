"""Webhooks may not reach into this server's own network, whatever a name says and whenever it changes its mind."""

import socket

import pytest

from publications.webhooks.actions.deliver import deliver
from publications.webhooks.check_address import AddressRefused, is_private, read_url, resolve
from tests.support.receiver import Receiver

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254",  # the metadata service of clouds
    "100.64.0.1", "100.100.100.200",  # behind a carrier's NAT
    "168.63.129.16", "192.0.0.192",  # more services of clouds
    "198.18.0.1", "192.0.2.1", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
    "2002:7f00:1::", "2001::1",
    "::ffff:0:7f00:1", "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "::ffff:7f00:1", "64:ff9b::7f00:1", "64:ff9b:1:ffff::7f00:1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:0:7f00:1::", "2002:a00:1::1", "2600::5efe:10.0.0.1", "2600::200:5efe:127.0.0.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


def resolving(monkeypatch, *answers: list[str]) -> list[str]:
    """The DNS answers so, one after the other; the names that were asked for."""
    asked: list[str] = []
    left = list(answers)

    def answer(host, port, *arguments, **options):
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address):
    assert is_private(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert not is_private(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_nothing_is_sent_to_a_name_that_leads_there(address, monkeypatch):
    resolving(monkeypatch, [address])

    sent = deliver("https://intern.example.com/", b"{}", headers={})

    assert sent.error == (
        f"intern.example.com is {address}, which is a private address. The setting WEBHOOKS_MAY_BE_PRIVATE allows it."
    )


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    resolving(monkeypatch, ["8.8.8.8", "10.0.0.1"])

    with pytest.raises(AddressRefused, match=r"is 10\.0\.0\.1"):
        resolve(read_url("https://shop.example.com/"))


def test_a_setting_allows_it(monkeypatch, settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True
    resolving(monkeypatch, ["10.0.0.1"])

    assert resolve(read_url("https://shop.example.com/")) == ["10.0.0.1"]


def test_a_name_that_changes_its_mind_is_asked_once(monkeypatch):
    """DNS rebinding: public when it is looked at, private when the connection is made. There is no second question."""
    connected = []

    def connect(address, timeout):
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    asked = resolving(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "create_connection", connect)

    deliver("http://rebinding.example.com/", b"{}", headers={})

    assert (asked, connected) == (["rebinding.example.com"], [("8.8.8.8", 80)])


def test_the_host_is_told_by_its_name_and_found_by_the_address_that_was_looked_at(monkeypatch, settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True
    with Receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        connect = socket.create_connection
        monkeypatch.setattr(
            socket, "create_connection", lambda address, timeout: connect((address[0], int(port)), timeout)
        )
        resolving(monkeypatch, ["127.0.0.1"])

        deliver(f"http://shop.example.com:{port}/hook", b"{}", headers={})

    assert receiver.got[0].headers["host"] == f"shop.example.com:{port}"


def test_the_next_address_is_tried_when_one_does_not_answer(settings, monkeypatch):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True
    with Receiver() as receiver:
        resolved = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **options: (
                resolved("127.0.0.9" if host == "two" else host, *rest, **options)
                + (resolved("127.0.0.1", *rest, **options) if host == "two" else [])
            ),
        )

        sent = deliver(receiver.url.replace("127.0.0.1", "two"), b"{}", headers={})

    assert sent.delivered


def test_a_name_that_nobody_knows(monkeypatch):
    def fails(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)

    assert deliver("https://nowhere.example.com/", b"{}", headers={}).error == (
        "nowhere.example.com was not found in DNS."
    )


@pytest.mark.parametrize(
    "url, why",
    [
        ("http://localhost/hook", "this server itself"),
        ("http://LOCALHOST./hook", "this server itself"),
        ("http://shop.localhost/hook", "this server itself"),
        ("http://127.0.0.1/hook", "a private address"),
        ("http://[::1]/hook", "a private address"),
        ("http://[::ffff:10.0.0.1]/hook", "a private address"),
        ("ftp://shop.example.com/", "Start with https"),
        ("file:///etc/passwd", "Start with https"),
        ("shop.example.com/hook", "Start with https"),
        ("https:///hook", "Start with https"),
        ("https://user:pass@shop.example.com/", "Leave out the user name and password"),
        ("https://shop.example.com/#part", "Remove the #"),
        ("https://shop.example.com:22/", "Port 22 belongs to another service"),
        ("https://shop.example.com:0/", "Port 0 belongs to another service"),
        ("https://shop.example.com:99999/", "not a URL"),
        ("https://shop.example.com:port/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://shop.example.com/a b", "Remove spaces"),
        ("https://shop.example.com/a\r\nX-Header: 1", "Remove spaces"),
        ("https://bücher.example.com/", "xn--"),
    ],
)
def test_what_is_refused_while_it_is_typed(url, why):
    with pytest.raises(AddressRefused, match=why):
        read_url(url)


@pytest.mark.parametrize(
    "url, target",
    [
        ("https://shop.example.com", ("https", "shop.example.com", 443, "/")),
        ("http://shop.example.com/a?b=c&d", ("http", "shop.example.com", 80, "/a?b=c&d")),
        ("HTTPS://Shop.Example.Com:8443/Hook", ("https", "shop.example.com", 8443, "/Hook")),
        ("https://[2606:4700::1111]:8443/", ("https", "2606:4700::1111", 8443, "/")),
    ],
)
def test_what_is_taken(url, target):
    assert read_url(url) == target


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_other_spellings_of_a_private_address_are_resolved_before_they_are_looked_at(host):
    assert not deliver(f"http://{host}/", b"{}", headers={}).delivered
    assert "private address" in deliver(f"http://{host}/", b"{}", headers={}).error
