import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from app import About, Behaviour, Server
from migrate import migrate
from smoke import SmokeError, smoke

ROOT = Path(__file__).resolve().parent.parent


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name)
        self.database = self.data / "visits.db"
        migrate(self.database, ROOT / "migrations")

    def serve(self, behaviour=Behaviour(), about=About("v<1>", "test")):
        server = Server(("127.0.0.1", 0), self.database, about, behaviour)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.stop)
        return server

    def connect(self, server):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        self.addCleanup(connection.close)
        return connection


def get(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


class Answers(Case):
    def test_the_page_shows_version_and_visits_on_one_connection(self):
        connection = self.connect(self.serve())
        status, first = get(connection, "/")
        _, second = get(connection, "/?again")
        self.assertEqual(status, 200)
        self.assertIn("v&lt;1&gt;", first)
        self.assertIn('id="visits">1<', first)
        self.assertIn('id="visits">2<', second)

    def test_visits_outlive_the_process(self):
        get(self.connect(self.serve()), "/")
        _, page = get(self.connect(self.serve()), "/")
        self.assertIn('id="visits">2<', page)

    def test_simultaneous_visits_are_all_counted(self):
        server = self.serve()
        clients = [
            threading.Thread(target=lambda: [get(self.connect(server), "/") for _ in range(5)])
            for _ in range(8)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        _, page = get(self.connect(server), "/")
        self.assertIn('id="visits">41<', page)

    def test_the_version_as_json(self):
        _, body = get(self.connect(self.serve()), "/api/version")
        self.assertEqual(json.loads(body), {"version": "v<1>", "stage": "test"})

    def test_head_has_no_body(self):
        connection = self.connect(self.serve())
        connection.request("HEAD", "/")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b""))

    def test_what_is_not_there(self):
        self.assertEqual(get(self.connect(self.serve()), "/nothing")[0], 404)

    def test_ready_once_the_database_is_migrated(self):
        connection = self.connect(self.serve())
        self.assertEqual(get(connection, "/health/ready")[0], 200)
        self.database.unlink()
        self.assertEqual(get(connection, "/health/ready")[0], 503)
        self.assertEqual(get(connection, "/")[0], 500)
        self.assertFalse(self.database.exists())


class Faults(Case):
    def test_unhealthy(self):
        server = self.serve(Behaviour(healthy=False))
        self.assertEqual(get(self.connect(server), "/health/ready")[0], 503)

    def test_the_smoke_test_passes_and_sees_a_counter_that_stands_still(self):
        smoke(f"http://127.0.0.1:{self.serve().server_port}")
        broken = self.serve(Behaviour(counting=False))
        with self.assertRaisesRegex(SmokeError, "from 0 to 0"):
            smoke(f"http://127.0.0.1:{broken.server_port}")

    def test_every_third_answer_fails_and_the_health_check_does_not(self):
        connection = self.connect(self.serve(Behaviour(fail_every=3)))
        answers = [get(connection, "/api/version")[0] for _ in range(6)]
        self.assertEqual(answers, [200, 200, 500, 200, 200, 500])
        self.assertEqual({get(connection, "/health/ready")[0] for _ in range(6)}, {200})


class Stopping(Case):
    def start(self):
        environment = {**os.environ, "PORT": "0", "SHIPWAY_DATA": str(self.data)}
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        port = int(process.stderr.readline().rsplit(":", 1)[1])
        return process, http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def test_sigterm_ends_it_in_spite_of_an_idle_connection(self):
        process, connection = self.start()
        self.assertEqual(get(connection, "/")[0], 200)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=10), 0)
        connection.close()

    def test_a_request_that_has_arrived_is_answered(self):
        server = self.serve(Behaviour(slow_seconds=0.3))
        connection = self.connect(server)
        get(connection, "/health/ready")
        connection.request("GET", "/")
        server.stop()
        self.assertEqual(connection.getresponse().status, 200)
        with self.assertRaises(ConnectionRefusedError):
            get(self.connect(server), "/")


if __name__ == "__main__":
    unittest.main()
