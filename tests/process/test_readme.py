"""What the README tells a newcomer to type works as it says: three servers, and a load on them."""

import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest

from muster_processes import Process, default_binary, own_environment, own_group_name, wait_until

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def typed_commands():
    """The commands of the README that run `./muster`, in order, with the program under test."""
    lines = README.read_text().splitlines()
    typed = [line.strip() for line in lines if line.startswith("    ./muster ")]
    return [[default_binary(), *shlex.split(line)[1:]] for line in typed]


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="muster_readme_")
        self.environment = own_environment(self.folder, own_group_name())
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.signal(signal.SIGKILL)
            server.wait(10)
        shutil.rmtree(self.folder)

    def test_three_servers_and_a_load_as_typed(self):
        commands = typed_commands()
        serving = [each for each in commands if each[1] == "serve"]
        asking = [each for each in commands if each[1] != "serve"]
        self.assertEqual(len(serving), 3)
        self.assertEqual([each[1] for each in asking], ["status", "members", "bench"])

        for command in serving:
            self.servers.append(Process(command, None, self.environment))
        for server in self.servers:
            wait_until(lambda: any(line.startswith("ready ") for line in list(server.output)), 20,
                       "a ready line; are the ports of the README free?")
        for command in asking:
            done = subprocess.run(command, env=self.environment, timeout=60,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
