"""Who is asking, and under which name."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from handlers.core.client import Addressing, Hosts, Proxies, host_name
from settings import Settings


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def request(peer: str, **headers: str) -> HTTPServerRequest:
    """Make a request that came from a peer."""
    lines = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    lines.setdefault("Host", "folk.example:8888")
    made = HTTPServerRequest(headers=lines, start_line=RequestStartLine("GET", "/", "HTTP/1.1"))
    made.remote_ip, made.protocol = peer, "http"
    return made


@pytest.mark.parametrize(
    ("host", "name"),
    [
        *[("Folk.Example", "folk.example"), ("folk.example:80", "folk.example"), ("[::1]:80", "::1")],
        *[("[::1]", "::1"), ("a:b:80", ""), ("a:b", ""), ("[::1", ""), ("[::1]x", ""), ("u@h", ""), ("", "")],
    ],
)
def test_the_name_of_a_host_has_no_port(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]:1"])
def test_loopback_always_passes(host: str) -> None:
    assert Hosts(settings(allowed_hosts="folk.example")).allows(host)


@pytest.mark.parametrize("host", ["127.evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_what_only_looks_like_loopback_does_not(host: str) -> None:
    assert not Hosts(settings()).allows(host)


def test_own_hosts_are_the_listening_address_and_that_of_base_url() -> None:
    hosts = Hosts(settings(base_url="https://Folk.example:444/"), "10.1.1.1")
    assert [hosts.allows(name) for name in ("folk.example", "10.1.1.1:88", "x.example")] == [
        True,
        True,
        False,
    ]


def test_a_leading_dot_allows_the_names_below() -> None:
    hosts = Hosts(settings(allowed_hosts=".folk.example"))
    names = ("folk.example", "www.folk.example", "evilfolk.example")
    assert [hosts.allows(name) for name in names] == [True, True, False]


def test_debug_allows_every_host_unless_some_are_named() -> None:
    assert Hosts(settings(debug=True)).allows("any.example")
    assert not Hosts(settings(debug=True, allowed_hosts="folk.example")).allows("any.example")


@pytest.mark.parametrize(
    ("peer", "chain", "client"),
    [
        ("9.9.9.9", "1.1.1.1", "9.9.9.9"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, junk\n", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1:5000", "1.1.1.1"),
        ("10.0.0.1", "[2001:db8::1]:5000", "2001:db8::1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "1.1.1.1", ""),
    ],
)
def test_only_trusted_proxies_speak_for_others(peer: str, chain: str, client: str) -> None:
    assert Proxies(["10.0.0.0/8"]).client(request(peer, X_Forwarded_For=chain)) == client


def test_a_forwarded_scheme_counts_from_trusted_proxies_only() -> None:
    addressing = Addressing(settings(trusted_proxies="10.0.0.0/8"))
    links = [
        addressing.base_url(request(peer, X_Forwarded_Proto=scheme))
        for peer, scheme in (("10.0.0.1", "http, HTTPS"), ("9.9.9.9", "https"), ("10.0.0.1", "gopher"))
    ]
    assert links == ["https://folk.example:8888", *["http://folk.example:8888"] * 2]


def test_base_url_begins_every_link_where_it_is_set() -> None:
    addressing = Addressing(settings(base_url="https://folk.example/"))
    assert addressing.base_url(request("9.9.9.9", Host="evil.example")) == "https://folk.example"


def test_own_and_listed_origins_may_use_credentials() -> None:
    addressing = Addressing(settings(allowed_origins="https://friend.example/"))
    asked = request("9.9.9.9")
    origins = ("http://folk.example:8888", "https://FRIEND.example", "http://folk.example", "null")
    assert [addressing.accepts_origin(asked, origin) for origin in origins] == [True, True, False, False]
