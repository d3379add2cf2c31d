"""A bare Tornado handler that answers with the newest releases as they are stored; for comparison.

The least that a server written by hand for this one purpose would do: one query, one `orjson.dumps`.
"""

from __future__ import annotations

import asyncio
import os
import sys

import orjson
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from storage.comics.planning import BY_TIME, NEWEST
from storage.database import Database

PAGE = 20


class NewestHandler(RequestHandler):
    """The newest releases."""

    def initialize(self, database: Database) -> None:
        """Take the database."""
        self.database = database

    async def get(self) -> None:
        """Query and dump."""
        rows = self.database["comic_releases"].find().sort(list(NEWEST)).limit(PAGE).hint(list(BY_TIME))
        body = orjson.dumps({"objects": await rows.to_list(None)})
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(body)


async def main() -> None:
    """Serve on a free port until stopped."""
    database = Database.connect(os.environ["MONGODB_URI"], os.environ["MONGODB_DATABASE"])
    application = Application([("/", NewestHandler, {"database": database})], log_function=lambda _: None)
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(application).add_sockets(sockets)
    sys.stdout.write(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
