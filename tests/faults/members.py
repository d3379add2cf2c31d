"""Real mongod over loopback: a replica set whose primary can be moved, killed, held and misled."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage.embedded.binary import find_mongod
from storage.embedded.member import Unanswered, ask
from tests.realtime.conftest import bind_free_port

NAME = "faults"
LONGEST_WAIT = 30.0  # seconds
# Elections within a second; a killed process's transaction holds nobody up for long.
SETTINGS = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200, "heartbeatTimeoutSecs": 1}
PARAMETERS = ("transactionLifetimeLimitSeconds=3", "diagnosticDataCollectionEnabled=false")


def free_port() -> int:
    """Find a port that nobody listens on."""
    with bind_free_port() as found:
        port: int = found.getsockname()[1]
    return port


class Mongod:
    """One member; with test commands, so that it can be told to fail."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / str(self.port)
        self._folder.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Return its address."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, again where it was."""
        parameters = [
            part for each in (*PARAMETERS, "enableTestCommands=1") for part in ("--setParameter", each)
        ]
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(find_mongod(None)), "--dbpath", str(self._folder), "--replSet", NAME),
                    *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--quiet", "--nounixsocket"),
                    *("--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25", *parameters),
                ],
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it as a power cut would: it has nothing to tidy up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def hold(self) -> None:
        """Let it answer nothing any more, without an end to its connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def ask(self, command: dict[str, Any], timeout: float = 20.0) -> dict[str, Any]:
        """Send a command."""
        return ask(self.port, command, timeout)

    def hello(self) -> dict[str, Any]:
        """Return what it says of itself; nothing while it does not answer."""
        with contextlib.suppress(Unanswered):
            return self.ask({"hello": 1}, 2.0)
        return {}


class ReplicaSet:
    """Some of them."""

    def __init__(self, folder: Path, count: int) -> None:
        self.members = [Mongod(folder) for _ in range(count)]

    @property
    def uri(self) -> str:
        """Return the connection string."""
        return f"mongodb://{','.join(each.host for each in self.members)}/?replicaSet={NAME}"

    def start(self) -> None:
        """Start the set and wait until it is whole."""
        for each in self.members:
            each.start()
        for each in self.members:
            wait_for(lambda each=each: bool(each.hello()), f"{each.host} never answered")
        members = [{"_id": number, "host": each.host} for number, each in enumerate(self.members)]
        config = {"_id": NAME, "members": members, "settings": SETTINGS}
        answer = self.members[0].ask({"replSetInitiate": config})
        assert answer["ok"] == 1, answer
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Wait for a primary that all others follow."""
        whole = ["primary", *["secondary"] * (len(self.members) - 1)]
        wait_for(lambda: sorted(map(role, self.members)) == whole, "the set never was whole")

    def find_primary(self) -> Mongod | None:
        """Return who leads, if anybody does."""
        return next((each for each in self.members if role(each) == "primary"), None)

    @property
    def primary(self) -> Mongod:
        """Return who leads."""
        found = self.find_primary()
        assert found is not None
        return found

    def step_down(self) -> None:
        """Move the primary to another member; returns at once, the election goes on."""
        answer = self.primary.ask({"replSetStepDown": 5, "secondaryCatchUpPeriodSecs": 2})
        assert answer["ok"] == 1, answer

    def fail(self, code: int, namespace: str, *commands: str, times: int = 1) -> None:
        """Have the server answer the next commands of these names with an error."""
        data = {"failCommands": list(commands), "errorCode": code, "namespace": namespace}
        command = {"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data}
        answer = self.primary.ask(command)
        assert answer["ok"] == 1, answer

    def stop(self) -> None:
        """End all of them."""
        for each in self.members:
            each.kill()


def role(member: Mongod) -> str:
    """Name what a member is."""
    hello = member.hello()
    if hello.get("isWritablePrimary"):
        return "primary"
    return "secondary" if hello.get("secondary") else "neither"


def wait_for(condition: Any, failure: str) -> None:
    """Wait for something outside of this process, of which there is no event."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.05)


@contextmanager
def run_members(folder: Path, count: int = 3) -> Iterator[ReplicaSet]:
    """Run a set for as long as the block lasts."""
    members = ReplicaSet(folder, count)
    try:
        members.start()
        yield members
    finally:
        members.stop()
