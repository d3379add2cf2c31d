"""Who is asking and under which name, as far as proxies may be believed."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def host_name(host: str) -> str:
    """Strip the port of a Host header, lower-cased; "" where it is no name and port."""
    found = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@/]+))(?::[0-9]*)?", host.lower(), re.ASCII)
    return (found[1] or found[2]) if found is not None else ""


def read_address(text: str) -> Address | None:
    """Read an IP address; an IPv4 one in IPv6's clothes, as a dual-stack socket gives it, is IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def url_of(address: str, port: int) -> str:
    """Return the URL of a server that listens there."""
    return f"http://{f'[{address}]' if ':' in address else address}:{port}"


class Hosts:
    """Knows which Host headers are meant for this server; links in mails are built from them."""

    def __init__(self, settings: Settings, listening: str = "") -> None:
        self._any = settings.debug and not settings.allowed_hosts
        names = {name.lower() for name in settings.allowed_hosts}
        if not names:
            names = {listening.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
        if settings.base_url:
            names.add((urlsplit(settings.base_url).hostname or "").lower())
        self._names = (names | {"localhost"}) - {""}
        self._domains = tuple(name for name in names if name.startswith("."))

    def allows(self, host: str) -> bool:
        """Tell whether the Host header names this server."""
        name = host_name(host)
        if name in self._names or (self._any and name):
            return True
        if (address := read_address(name)) is not None and address.is_loopback:
            return True
        return any(name == domain[1:] or name.endswith(domain) for domain in self._domains)


class Proxies:
    """Knows which peers may speak for others by X-Forwarded-For and X-Forwarded-Proto."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def trusts(self, address: str) -> bool:
        """Tell whether the peer is one of the trusted proxies."""
        peer = read_address(address)
        return peer is not None and any(peer in network for network in self._networks)

    def client(self, request: HTTPServerRequest) -> str:
        """Return the address of the client: the last one in the chain that no trusted proxy vouches for."""
        address = request.remote_ip or ""
        for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
            named = read_address(host_name(hop.strip())) or read_address(hop.strip())
            if named is None or not self.trusts(address):
                break
            address = str(named)
        return address

    def scheme(self, request: HTTPServerRequest) -> str:
        """Return http or https, as the client sees it."""
        forwarded = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
        if forwarded in {"http", "https"} and self.trusts(request.remote_ip or ""):
            return forwarded
        return request.protocol


class Addressing:
    """Answers who asks, whether they may, and what absolute links begin with.

    `listening` is the address that the process serves at, `own_url` what links begin with where no
    request says under which name the server is known.
    """

    def __init__(self, settings: Settings, listening: str = "", port: int = 0) -> None:
        self._base_url = settings.base_url
        self.own_url = settings.base_url or url_of(listening, port)
        self._origins = frozenset(origin.rstrip("/").lower() for origin in settings.allowed_origins)
        self.hosts = Hosts(settings, listening)
        self.proxies = Proxies(settings.trusted_proxies)

    def base_url(self, request: HTTPServerRequest) -> str:
        """Return scheme and host of absolute links, without a slash at the end."""
        return self._base_url or f"{self.proxies.scheme(request)}://{request.host}"

    def lists_origin(self, origin: str) -> bool:
        """Tell whether ALLOWED_ORIGINS names a browser's origin."""
        return origin.rstrip("/").lower() in self._origins

    def cross_origin(self, request: HTTPServerRequest) -> Mapping[str, str]:
        """Return the CORS headers: a listed origin gets itself back, never with credentials."""
        origin = request.headers.get("Origin", "")
        if not origin or not self.lists_origin(origin):
            return {"Vary": "Origin"} if self._origins else {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}

    def preflight(self, request: HTTPServerRequest, methods: Iterable[str]) -> Mapping[str, str] | None:
        """Return what answers a browser's preflight of a listed origin; None where it is none."""
        headers = request.headers
        if "Access-Control-Request-Method" not in headers or not self.lists_origin(headers.get("Origin", "")):
            return None
        wanted = headers.get("Access-Control-Request-Headers", "Authorization, Content-Type")
        return {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": wanted,
        }

    def accepts_origin(self, request: HTTPServerRequest, origin: str) -> bool:
        """Tell whether a page of this origin may use credentials: the server's own, or a listed one."""
        return self.lists_origin(origin) or origin.rstrip("/").lower() == self.base_url(request).lower()
