"""Who is asking and under which name, as far as proxies may be believed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from settings import Settings

ALWAYS = frozenset({"localhost", "127.0.0.1", "::1"})


def host_name(host: str) -> str:
    """Strip the port of a Host header, lower-cased."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.rpartition(":")[2].isdigit() else host.lower()


class Hosts:
    """Knows which Host headers are meant for this server; links in mails are built from them."""

    def __init__(self, settings: Settings, listening: str = "") -> None:
        self._any = settings.debug and not settings.allowed_hosts
        names = {name.lower() for name in settings.allowed_hosts}
        if not names:
            names = {listening.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
        if settings.base_url:
            names.add((urlsplit(settings.base_url).hostname or "").lower())
        self._names = (names | ALWAYS) - {""}
        self._domains = tuple(name for name in names if name.startswith("."))

    def allows(self, host: str) -> bool:
        """Tell whether the Host header names this server."""
        name = host_name(host)
        if self._any or name in self._names or name.startswith("127."):
            return True
        return any(name == domain[1:] or name.endswith(domain) for domain in self._domains)


class Proxies:
    """Knows which peers may speak for others by X-Forwarded-For and X-Forwarded-Proto."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def trusts(self, address: str) -> bool:
        """Tell whether the peer is one of the trusted proxies."""
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._networks)

    def client(self, request: HTTPServerRequest) -> str:
        """Return the address of the client: the last one in the chain that no trusted proxy vouches for."""
        address = request.remote_ip or ""
        for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
            if not self.trusts(address) or not hop.strip():
                break
            address = hop.strip()
        return address

    def scheme(self, request: HTTPServerRequest) -> str:
        """Return http or https, as the client sees it."""
        forwarded = request.headers.get("X-Forwarded-Proto", "").lower()
        if forwarded in {"http", "https"} and self.trusts(request.remote_ip or ""):
            return forwarded
        return request.protocol


class Addressing:
    """Answers who asks, whether they may, and what absolute links begin with."""

    def __init__(self, settings: Settings, listening: str = "") -> None:
        self._base_url = settings.base_url
        self._origins = frozenset(origin.rstrip("/").lower() for origin in settings.allowed_origins)
        self.hosts = Hosts(settings, listening)
        self.proxies = Proxies(settings.trusted_proxies)

    def base_url(self, request: HTTPServerRequest) -> str:
        """Return scheme and host of absolute links, without a slash at the end."""
        return self._base_url or f"{self.proxies.scheme(request)}://{request.host}"

    def lists_origin(self, origin: str) -> bool:
        """Tell whether ALLOWED_ORIGINS names a browser's origin."""
        return origin.rstrip("/").lower() in self._origins

    def accepts_origin(self, request: HTTPServerRequest, origin: str) -> bool:
        """Tell whether a page of this origin may use credentials: the server's own, or a listed one."""
        return self.lists_origin(origin) or origin.rstrip("/").lower() == self.base_url(request).lower()
