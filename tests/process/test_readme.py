"""What the README tells a newcomer to type works as it says: three servers with no option at all,
three with a shared secret, and three of a list."""

import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest

from muster_processes import (Process, default_binary, free_ports, own_environment, own_group_name,
                              wait_until)

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def typed_commands(heading, folder):
    """What one section of the README says to type: a list of words each, shell lines as one text. The
    secret lies in `folder`, not where the test is run."""
    section = README.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    section = section.replace("group.key", f"{folder}/group.key")
    lines = [line.strip() for line in section.splitlines() if re.match(r"    (\./muster |\()", line)]
    return [line if line.startswith("(") else [default_binary(), *shlex.split(line)[1:]]
            for line in lines]


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

    def serve(self, commands):
        logs = [pathlib.Path(self.folder) / f"{place}.log" for place in range(len(commands))]
        for command, log in zip(commands, logs):
            self.servers.append(Process(command, log, self.environment))
        for server, log in zip(self.servers, logs):
            wait_until(lambda: any(line.startswith("ready ") for line in list(server.output)), 20,
                       lambda: f"a ready line; its log says:\n{log.read_text()}")

    def run_typed(self, command):
        done = subprocess.run(command, env=self.environment, timeout=60,
                              shell=isinstance(command, str), capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_three_servers_and_a_load_as_typed(self):
        commands = typed_commands("Five minutes to three servers", self.folder)
        serving = [each for each in commands if each[1] == "serve"]
        asking = [each for each in commands if each[1] != "serve"]
        self.assertEqual([each[1:] for each in serving], [["serve"]] * 3)
        self.assertEqual([each[1] for each in asking],
                         ["wait", "discover", "status", "members", "bench"])

        self.serve(serving)
        said = {command[1]: self.run_typed(command) for command in asking}
        self.assertEqual(said["discover"].count("RUNNING"), 3, said["discover"])
        self.assertEqual(said["members"].count("ALIVE"), 3, said["members"])
        self.assertIn("writable    yes", said["status"])
        self.assertRegex(said["bench"], r"errors +0, and 0 perhaps applied")

    def test_three_servers_with_a_secret_as_typed(self):
        secret, serving, asking = typed_commands("On three machines", self.folder)
        self.run_typed(secret)
        self.serve([serving] * 3)
        self.assertEqual(self.run_typed(asking).count("ALIVE"), 3)

    def test_three_peers_of_a_list_as_typed(self):
        [peer] = typed_commands("With a list of servers", self.folder)
        section = README.read_text().split("## With a list of servers")[1]
        entry = pathlib.Path(self.folder) / "entry"
        lines = re.findall(r"^    (\d.*)$", section.split("./muster")[0], re.M)
        entry.write_text("\n".join(lines).replace("10.0.0.", "127.0.0.") + "\n")
        self.assertEqual(peer[1:], ["peer", "0", "8888", "--entry", "./entry"])
        port = str(free_ports(1)[0])  # One for all, each on an address of its own.
        for number in "012":
            self.servers.append(Process([peer[0], "peer", number, port, "--entry", str(entry)],
                                        None, self.environment))
        for server in self.servers:
            wait_until(lambda: list(server.output)[-2:] == ["online 0,1,2", "leader 0"], 20,
                       lambda: "\n".join(server.output))


if __name__ == "__main__":
    unittest.main()
