"""The example `examples/counter`: three servers count, one is killed, and the sum is right."""

import pathlib
import signal
import tempfile
import unittest

from muster_processes import Process, default_binary, own_environment, own_group_name, wait_until

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "examples/counter/counter.cc"
COUNTER = pathlib.Path(default_binary()).resolve().parent / "examples/counter"


class CounterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-counter-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.group = own_group_name()
        self.environment = own_environment(self.folder, self.group)

    def run_counter(self, *words):
        return Process([str(COUNTER), self.group, *map(str, words)], self.folder / "log",
                       self.environment)

    def serve(self, name):
        server = self.run_counter("serve", self.folder / name)
        self.addCleanup(self.kill, server)
        wait_until(lambda: server.output or not server.running, 30, f"{name} to be ready")
        self.assertTrue(server.running, self.log())
        return server

    def kill(self, server):
        server.signal(signal.SIGKILL)
        server.wait(10)

    def add(self, number):
        client = self.run_counter("add", number)
        self.assertEqual(client.wait(30), 0, self.log())
        return client.output

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def test_it_is_as_short_as_the_guide_says(self):
        self.assertLess(len(SOURCE.read_text().splitlines()), 80)

    def test_a_server_that_was_suspended_goes_on(self):
        server = self.serve("a")
        server.signal(signal.SIGSTOP)
        stat = pathlib.Path(f"/proc/{server.process.pid}/stat")
        wait_until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", 10, "it stands")
        server.signal(signal.SIGCONT)
        self.assertEqual(self.add(42), ["42"])
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(20), 0, self.log())
        self.assertEqual(self.log().count("stopping, as it was asked to"), 1)

    def test_the_sum_survives_the_death_of_any_server(self):
        servers = [self.serve(name) for name in ("a", "b", "c")]
        self.assertEqual(self.add(40), ["40"])
        self.kill(servers[2])
        self.assertEqual(self.add(2), ["42"])
        self.serve("c")
        self.kill(servers[0])
        self.assertEqual(self.add(1), ["43"])
        servers[1].signal(signal.SIGTERM)
        self.assertEqual(servers[1].wait(20), 0, self.log())


if __name__ == "__main__":
    unittest.main()
