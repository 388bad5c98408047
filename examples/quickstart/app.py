"""A small web service: a page with its version and a counter of visits.

Python's standard library only. It listens on $PORT, keeps its data in the
folder $SHIPWAY_DATA, and ends on SIGTERM once open requests are answered.
"""

import html
import itertools
import json
import os
import signal
import socket
import sqlite3
import string
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Break it: change one of these lines, commit, and run `shipway ship`.
HEALTHY = True  # False: the health check fails, so it never gets a request
COUNTING = True  # False: the counter stands still, which the smoke test sees
FAIL_EVERY = 0  # 10: in production every tenth answer is a 500, after the switch
SLOW_SECONDS = 0.0  # 2.0: in production every answer takes two seconds


@dataclass(frozen=True)
class Behaviour:
    """How the service answers; anything but the defaults is a fault."""

    healthy: bool = True
    counting: bool = True
    fail_every: int = 0
    slow_seconds: float = 0.0


@dataclass(frozen=True)
class About:
    """What this process is, as the page shows it."""

    version: str = "development"
    stage: str = "development"


class Visits:
    """The counter of visits. A connection a call: threads share nothing."""

    def __init__(self, database):
        self.database = database

    def _connect(self):
        # `rw`: a database that nobody migrated is an error, not an empty file.
        return sqlite3.connect(f"{self.database.as_uri()}?mode=rw", uri=True, timeout=5)

    def ready(self):
        """Whether the database is there, with the table that is needed."""
        try:
            with closing(self._connect()) as connection:
                connection.execute("SELECT count FROM visits LIMIT 1")
        except sqlite3.Error:
            return False
        return True

    def add(self):
        """Counts one visit and returns how many there were."""
        with closing(self._connect()) as connection, connection:
            row = connection.execute(
                "INSERT INTO visits (page, count) VALUES ('/', 1) "
                "ON CONFLICT (page) DO UPDATE SET count = count + 1 RETURNING count"
            ).fetchone()
        return row[0]


class Server(ThreadingHTTPServer):
    """A thread a connection; `stop` lets open requests finish."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address, database, about=About(), behaviour=Behaviour()):
        self.visits = Visits(database)
        self.about = about
        self.behaviour = behaviour
        self.page = string.Template(Path(__file__).with_name("page.html").read_text("utf-8"))
        self.answers = itertools.count(1)
        self._connections = set()
        self._lock = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request, client_address):
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def stop(self):
        """Accepts no more, answers what has arrived, and returns then."""
        self.shutdown()
        self.socket.close()
        with self._lock:
            for connection in self._connections:
                try:
                    # An idle connection reads its end; a busy one still answers.
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    pass  # the client was quicker
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection, with keep-alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/health/ready":
            return self.health()
        behaviour = self.server.behaviour
        time.sleep(behaviour.slow_seconds)
        if behaviour.fail_every and next(self.server.answers) % behaviour.fail_every == 0:
            return self.fail("FAIL_EVERY in app.py says so")
        try:
            if path == "/":
                return self.home()
            if path == "/api/version":
                return self.version()
        except sqlite3.Error as error:
            return self.fail(f"database: {error}")
        return self.answer(HTTPStatus.NOT_FOUND, "text/plain", "There is nothing here.\n")

    do_HEAD = do_GET

    def health(self):
        if self.server.behaviour.healthy and self.server.visits.ready():
            return self.answer(HTTPStatus.OK, "text/plain", "ready\n")
        return self.answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", "not ready\n")

    def home(self):
        about = self.server.about
        visits = self.server.visits.add() if self.server.behaviour.counting else 0
        page = self.server.page.substitute(
            version=html.escape(about.version), stage=html.escape(about.stage), visits=visits
        )
        return self.answer(HTTPStatus.OK, "text/html", page)

    def version(self):
        about = self.server.about
        body = json.dumps({"version": about.version, "stage": about.stage}) + "\n"
        return self.answer(HTTPStatus.OK, "application/json", body)

    def fail(self, reason):
        print(f"500 {self.path}: {reason}", file=sys.stderr, flush=True)
        return self.answer(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", "That went wrong.\n")

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        """Shipway's proxy keeps the access log."""


def data_folder():
    """Where data outlives releases; beside the code when run by hand."""
    return Path(os.environ.get("SHIPWAY_DATA") or Path(__file__).with_name("data")).resolve()


def main():
    stage = os.environ.get("STAGE", "development")
    commit = os.environ.get("SHIPWAY_COMMIT", "")
    about = About(version=os.environ.get("SHIPWAY_VERSION") or commit[:8] or "development", stage=stage)
    production = stage == "production"
    behaviour = Behaviour(
        healthy=HEALTHY,
        counting=COUNTING,
        fail_every=FAIL_EVERY if production else 0,
        slow_seconds=SLOW_SECONDS if production else 0.0,
    )
    port = int(os.environ.get("PORT", "8000"))
    server = Server(("127.0.0.1", port), data_folder() / "visits.db", about, behaviour)

    # `shutdown` waits for `serve_forever`, so it cannot run in its thread,
    # where signals are handled.
    stopping = threading.Thread(target=server.stop)
    signal.signal(signal.SIGTERM, lambda *_: stopping.ident or stopping.start())
    print(f"listening on 127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    try:
        server.serve_forever(poll_interval=0.05)
        stopping.join()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
