"""Programs on a terminal of their own."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from muster_processes import wait_until


class Terminal:
    """A `muster` command on a terminal of its own: what it shows, and what is typed."""

    def __init__(self, group, command, *options, environment=None):
        variables = {**group.environment(), "TERM": "xterm", "TZ": "UTC", **(environment or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(group.binary, [group.binary, command, *options], variables)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = b""

    def read(self):
        while select.select([self.fd], [], [], 0)[0]:
            try:
                bytes_read = os.read(self.fd, 65536)
            except OSError:
                return
            if not bytes_read:
                return
            self.seen += bytes_read

    def text(self):
        self.read()
        return self.seen.decode(errors="replace")

    def wait_seen(self, pattern, seconds=10):
        wait_until(lambda: re.search(pattern, self.text()), seconds,
                   lambda: f"'{pattern}' on the terminal:\n{self.text()!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def screen(self):
        """What stands on the screen, line by line: enough of a terminal for what is used here."""
        lines, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f]|[^\x00-\x1f]", self.text()):
            if part.startswith("\x1b["):
                count = int(re.sub(r"\D", "", part) or 1)
                if part[-1] == "A":
                    row -= count
                elif part[-1] == "C":
                    column += count
                elif part[-1] == "D":
                    column -= count
                elif part[-1] == "J":
                    lines = lines[:row] + [lines[row][:column]]
                elif part[-1] == "K":
                    lines[row] = lines[row][:column]
            elif part == "\r":
                column = 0
            elif part == "\n":
                row += 1
            elif part == "\b":
                column -= 1
            elif part >= " ":
                line = lines[row].ljust(column)
                lines[row] = line[:column] + part + line[column + 1:]
                column += 1
            while len(lines) <= row:
                lines.append("")
        return [line.rstrip() for line in lines]

    def close(self):
        """The exit code."""
        deadline = time.monotonic() + 10
        while True:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                break
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                _, status = os.waitpid(self.pid, 0)
                break
            time.sleep(0.02)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)
