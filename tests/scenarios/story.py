"""The little that the scenarios share: actors that are started as one would type them, and what they
are heard to say.

A scenario is a script that reads like the story it tells. It runs on real processes with a group and
a home of their own, prints what happens, and ends with 1 at the first thing that does not. Where it
needs network namespaces and may not have them it ends with 77: skipped.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
from muster_processes import (default_binary, own_environment, own_group_name,  # noqa: E402
                              free_ports, wait_until, Failure)
from networks import Network, why_not  # noqa: E402

__all__ = ["Story", "Failure", "expect", "free_ports", "tell"]


class Actor:
    """A `muster` process on the stage; all it prints, and logs, is heard line by line."""

    def __init__(self, name, command, environment, folder):
        self.name = name
        self.said = []
        self.heard = 0  # Lines that `says` has passed.
        self.process = subprocess.Popen(command, env=environment, cwd=folder,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def _listen(self):
        for line in self.process.stdout:
            self.said.append(line.decode(errors="replace").rstrip("\n"))

    def says(self, pattern, seconds=15):
        """Waits for a line that matches, behind the one that was waited for last; returns it."""
        def heard():
            for place in range(self.heard, len(self.said)):
                found = re.search(pattern, self.said[place])
                if found:
                    self.heard = place + 1
                    print(f"    {self.name}: {self.said[place]}", flush=True)
                    return found
            return None
        return wait_until(heard, seconds, lambda: f"{pattern!r} from {self.name}, who said\n"
                          + "\n".join(self.said[-25:]))

    def type(self, line):
        print(f"    {self.name} types: {line}", flush=True)
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def kill(self):
        print(f"  kill -9 {self.name}", flush=True)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        """As Ctrl-C does; returns the exit code."""
        print(f"  {self.name} is asked to stop", flush=True)
        os.kill(self.process.pid, signal.SIGINT)
        return self.process.wait(12)

    def freeze(self):
        print(f"  {self.name} freezes (SIGSTOP)", flush=True)
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        print(f"  {self.name} goes on (SIGCONT)", flush=True)
        os.kill(self.process.pid, signal.SIGCONT)


class Story:
    """The stage: a folder, a group's name, and who is on it. `ports_of_its_own`: in a network
    namespace, so that no port of the machine is in the way."""

    def __init__(self, ports_of_its_own=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster_scenario_"))
        self.group = own_group_name()
        self.actors = []
        self.network = Network().__enter__() if ports_of_its_own else None

    def chapter(self, text):
        print(f"\n== {text}", flush=True)

    def command(self, words):
        within = ["ip", "netns", "exec", self.network.namespace("lo")] if self.network else []
        return [*within, default_binary(), *shlex.split(words)]

    def environment(self):
        return own_environment(self.folder / "home", self.group)

    def start(self, name, words):
        """Starts `muster WORDS` as the actor `name`."""
        print(f"  {name}$ muster {words}", flush=True)
        actor = Actor(name, self.command(words), self.environment(), self.folder)
        self.actors.append(actor)
        return actor

    def run(self, words, code=0, seconds=30, lines_shown=200):
        """Runs `muster WORDS` to its end, which must be with this exit code."""
        print(f"  $ muster {words}", flush=True)
        done = subprocess.run(self.command(words), env=self.environment(), cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds)
        text = done.stdout + done.stderr
        lines = text.rstrip().splitlines()
        for line in lines[:lines_shown]:
            print(f"    {line}", flush=True)
        if len(lines) > lines_shown:
            print(f"    and {len(lines) - lines_shown} lines more", flush=True)
        if done.returncode != code:
            raise Failure(f"muster {words} ended with {done.returncode}, not {code}")
        return text

    def eventually(self, words, pattern, seconds=15):
        """Asks `muster WORDS` until what it prints matches; returns the match."""
        print(f"  $ muster {words}    (until it shows {pattern!r})", flush=True)
        last = [""]

        def shown():
            done = subprocess.run(self.command(words), env=self.environment(), cwd=self.folder,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=30)
            last[0] = done.stdout + done.stderr
            return re.search(pattern, last[0], re.M)
        found = wait_until(shown, seconds, lambda: f"{pattern!r} in\n{last[0]}")
        print("    " + found.group(0), flush=True)
        return found

    def end(self):
        for actor in self.actors:
            if actor.process.poll() is None:
                os.kill(actor.process.pid, signal.SIGCONT)
                os.kill(actor.process.pid, signal.SIGKILL)
                actor.process.wait(10)
        if self.network:
            self.network.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)


def expect(holds, what):
    if not holds:
        raise Failure(f"this does not hold: {what}")


def tell(scenario, ports_of_its_own=False):
    """Runs a scenario as a program."""
    reason = why_not() if ports_of_its_own else ""
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    begin = time.monotonic()
    story = Story(ports_of_its_own)
    try:
        scenario(story)
    except Failure as failure:
        print(f"\nFAILED: {failure}", flush=True)
        for actor in story.actors:
            print(f"--- {actor.name}\n" + "\n".join(actor.said[-20:]), flush=True)
        sys.exit(1)
    finally:
        story.end()
    print(f"\nThe story holds ({time.monotonic() - begin:.0f} s).", flush=True)
