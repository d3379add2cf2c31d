"""The running mongod as its users see it: asked over its port whether it is ours and can be written."""

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .folder import LOOPBACK
from .mongod import REPLICA_SET

OP_MSG = 2013
LARGEST_REPLY = 1 << 20
NOT_YET_INITIALIZED = 94


class Unanswered(Exception):
    """Nothing that speaks MongoDB's protocol answers on the port (yet)."""


def ask(port: int, command: dict[str, Any], timeout: float = 2.0) -> dict[str, Any]:
    """Send one command and return the reply, an error's too.

    Not a MongoClient: its background threads outlive `close` for a while, and the server forks its
    processes soon after this.
    """
    import bson

    body = struct.pack("<iB", 0, 0) + bson.encode({**command, "$db": "admin"})
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as link, link.makefile("rb") as answer:
            link.sendall(struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body)
            (size,) = struct.unpack("<i", answer.read(4))
            if not 21 < size < LARGEST_REPLY:
                raise Unanswered
            return bson.decode(answer.read(size - 4)[17:])
    except (OSError, struct.error, bson.InvalidBSON) as error:
        raise Unanswered from error


@dataclass(frozen=True)
class Member:
    """The only member of the replica set, at a port."""

    port: int
    data: Path

    @property
    def host(self) -> str:
        """The address by which the set's configuration names the member."""
        return f"{LOOPBACK}:{self.port}"

    def settle(self) -> bool:
        """Take one step towards a primary and tell whether it is one now."""
        try:
            # Somebody else's mongod may have the port by now: ours is the one over this folder.
            options = ask(self.port, {"getCmdLineOpts": 1})
            if options.get("parsed", {}).get("storage", {}).get("dbPath") != str(self.data):
                return False
            hello = ask(self.port, {"hello": 1})
            if "setName" not in hello:
                self._configure()
        except Unanswered:
            return False
        return bool(hello.get("isWritablePrimary")) and hello.get("me") == self.host

    def _configure(self) -> None:
        """Make the set, or give it the member's new port; asked too early, it changes nothing."""
        current = ask(self.port, {"replSetGetConfig": 1})
        if current.get("code") == NOT_YET_INITIALIZED:
            fresh = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": self.host}]}
            ask(self.port, {"replSetInitiate": fresh})
        elif (config := current.get("config")) and config["members"][0]["host"] != self.host:
            config["members"][0]["host"] = self.host
            config["version"] += 1
            ask(self.port, {"replSetReconfig": config, "force": True})
