"""`muster demo`: what a newcomer sees, with a terminal and without, and that nothing is left."""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from muster_processes import Failure, default_binary, own_environment, own_group_name

LOSS = re.compile(r"leader [a-i] (killed|paused): next acknowledgement after ([\d.]+) ms; "
                  r"([\d,]+) acknowledged, 0 lost, 0 twice")


def servers_below(folder):
    """The processes whose data lies below a folder."""
    found = []
    for each in pathlib.Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                if str(folder).encode() in (each / "cmdline").read_bytes():
                    found.append(int(each.name))
            except OSError:
                continue  # Gone meanwhile.
    return found


class Screen:
    """A demo on a terminal of its own. What was drawn last is in `picture()`."""

    def __init__(self, arguments, environment, rows=30, columns=110):
        ready, begin = os.pipe()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.close(begin)
            os.read(ready, 1)  # The demo changes the modes, which are to be seen before.
            os.execve(arguments[0], arguments, environment)
        os.close(ready)
        self.resize(rows, columns)
        self.output = b""
        self.code = None
        self.modes = self.local_modes()
        os.close(begin)

    def local_modes(self):
        return termios.tcgetattr(self.terminal)[3]

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """Takes in what was written; false when the demo is over."""
        if self.code is not None:
            return False
        if select.select([self.terminal], [], [], 0.02)[0]:
            try:
                self.output += os.read(self.terminal, 65_536)
            except OSError:  # The other side is closed.
                self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                self.modes = self.local_modes()
                os.close(self.terminal)
                return False
        return True

    def picture(self):
        last = self.output.split(b"\x1b[H")[-1].decode(errors="replace")
        return re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", last)

    def wait(self, pattern, seconds=20):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.picture()):
            if not self.read() or time.monotonic() > deadline:
                raise Failure(f"waited in vain for '{pattern}':\n{self.picture()}")
        return self.picture()

    def press(self, key):
        os.write(self.terminal, key.encode())

    def end(self, seconds=30):
        """The exit code, and what was written behind the last picture."""
        deadline = time.monotonic() + seconds
        while self.read():
            if time.monotonic() > deadline:
                raise Failure(f"it does not end:\n{self.picture()}")
        return self.code, self.output.decode(errors="replace").rsplit("\x1b[?1049l", 1)[-1]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.terminal)


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="muster_test_demo_")
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = own_environment(self.folder, own_group_name())
        self.environment.update(TMPDIR=self.folder, TERM="xterm-256color", LC_ALL="C.UTF-8")
        self.environment.pop("NO_COLOR", None)

    def check_nothing_is_left(self):
        self.assertEqual(servers_below(self.folder), [])
        self.assertEqual(list(pathlib.Path(self.folder).glob("muster_demo_*")), [])

    def screen(self, *options, **more):
        return Screen([default_binary(), "demo", *options], self.environment, **more)

    def test_without_a_terminal_it_kills_the_leader_and_ends_by_itself(self):
        done = subprocess.run([default_binary(), "demo", "--seconds", "6"], timeout=60,
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("\x1b", done.stdout)
        self.assertRegex(done.stdout, LOSS)
        self.assertRegex(done.stdout, r"\n[\d,]+ acknowledged, 0 lost, 0 twice\n")
        self.assertIn("is started again", done.stdout)
        self.assertIn("To try next:", done.stdout)
        acknowledged = int(re.search(r"\n([\d,]+) acknowledged", done.stdout)[1].replace(",", ""))
        self.assertGreater(acknowledged, 0)
        self.check_nothing_is_left()

    def test_the_keys_kill_restart_add_pause_and_quit(self):
        with self.screen() as screen:
            first = screen.wait(r"♛ (\w) +LEADER +running")
            victim = re.search(r"♛ (\w)", first)[1]
            screen.wait(r"chat, room lobby\s[\s\S]*ann")
            self.assertEqual(len(servers_below(self.folder)), 3)

            screen.press("k")
            screen.wait(rf"leader {victim} killed: next acknowledgement after [\d.]+ ms; "
                        r"[\d,]+ acknowledged, 0 lost, 0 twice")
            screen.wait(rf"  {victim} +\w+ +killed")
            self.assertEqual(len(servers_below(self.folder)), 2)

            screen.press("r")
            screen.wait(rf"{victim} is started again")
            screen.wait(rf"  {victim} +\w+ +running +ALIVE")

            screen.press("a")
            screen.wait(r"  d +\w+ +running +ALIVE")
            self.assertEqual(len(servers_below(self.folder)), 4)

            screen.wait(r"♛ d")  # The highest number leads.
            screen.press("p")
            screen.wait(r"  d +\w+ +paused")
            screen.wait(r"leader d paused: next acknowledgement after")
            screen.press("p")
            screen.wait(r"  d +\w+ +running")

            screen.press("q")
            code, words = screen.end()
            self.assertEqual(code, 0, words)
            self.assertRegex(words, r"[\d,]+ acknowledged, 0 lost, 0 twice")
            self.assertIn("To try next:", words)
            self.assertIn("\x1b[1;33m", screen.output.decode(errors="replace"))
        self.check_nothing_is_left()

    def test_it_follows_the_size_of_the_window_and_no_color(self):
        self.environment["NO_COLOR"] = "1"
        with self.screen("--servers", "1", "--seconds", "3", rows=24, columns=80) as screen:
            wide = screen.wait(r"♛ a +LEADER")
            self.assertLessEqual(max(len(line) for line in wide.splitlines()), 80)
            screen.resize(12, 40)
            screen.wait(r"\A[^\r]{0,40}\r")
            code, words = screen.end()
            self.assertEqual(code, 0, words)
            self.assertNotIn(b"\x1b[1m", screen.output)
        self.check_nothing_is_left()

    def test_all_killed_at_once_are_brought_back_for_the_last_comparison(self):
        with self.screen() as screen:
            screen.wait(r"acknowledged [1-9]")
            for _ in range(2):
                screen.wait(r"♛ (\w) +LEADER +running")
                screen.press("k")
                screen.wait(r"killed")
            screen.press("q")
            code, words = screen.end()
            self.assertEqual(code, 0, words)
            self.assertRegex(words, r"0 lost, 0 twice")
        self.check_nothing_is_left()

    def test_a_signal_ends_it_in_good_order_and_gives_the_terminal_back(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name), self.screen("--servers", "1") as screen:
                before = screen.modes
                screen.wait(r"acknowledged [1-9]")
                self.assertFalse(screen.local_modes() & termios.ECHO)
                os.kill(screen.pid, number)
                code, words = screen.end()
                self.assertEqual(code, 0, words)
                self.assertEqual(screen.modes, before)
                self.assertIn("\x1b[?25h", screen.output.decode(errors="replace"))
            self.check_nothing_is_left()

    def test_its_servers_die_with_it_however_it_dies(self):
        with self.screen("--servers", "2") as screen:
            screen.wait(r"acknowledged [1-9]")
            self.assertEqual(len(servers_below(self.folder)), 2)
            os.kill(screen.pid, signal.SIGKILL)
            self.assertEqual(screen.end()[0], -signal.SIGKILL)
        deadline = time.monotonic() + 5
        while servers_below(self.folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(servers_below(self.folder), [])

    def test_bad_usage_is_exit_2(self):
        for options in (["--servers", "0"], ["--servers", "10"], ["--seconds", "0"], ["more"]):
            done = subprocess.run([default_binary(), "demo", *options], env=self.environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
            self.assertEqual(done.returncode, 2, options)


if __name__ == "__main__":
    unittest.main()
