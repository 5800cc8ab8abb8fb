"""Fixed peers of an entry file, as real `muster peer` processes on loopback."""

import pathlib
import shutil
import subprocess
import tempfile

from muster_processes import (HOST, Failure, Process, default_binary, free_ports, own_environment,
                              own_group_name, wait_until)


class Peer:
    """One peer; may be started, killed and started again."""

    def __init__(self, peers, number, port):
        self.peers = peers
        self.number = number
        self.port = port
        self.log = peers.folder / f"{number}.log"
        self.process = None
        self.seen = 0  # Lines that `wait_for` has passed.
        self.prefix = []  # What it is started by: a network namespace.

    @property
    def address(self):
        return f"{HOST}:{self.port}"

    def start(self, entry=None):
        self.process = Process(
            [*self.prefix, self.peers.binary, "peer", str(self.number), str(self.peers.port),
             "--entry", str(entry or self.peers.entry),
             "--data", str(self.peers.folder / str(self.number))],
            self.log, self.peers.environment())
        self.seen = 0

    def lines(self):
        return list(self.process.output) if self.process else []

    def wait_for(self, line, seconds=10):
        """Waits for this line, from behind the one that was waited for last."""
        def found():
            lines = self.lines()
            for place in range(self.seen, len(lines)):
                if lines[place] == line:
                    self.seen = place + 1
                    return True
            return False
        wait_until(found, seconds, lambda: f"{line!r} of peer {self.number}, which said\n"
                   + "\n".join(self.lines()) + "\nits log ends:\n" + self.log_tail())

    def log_tail(self):
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def kill(self):
        self.process.signal(9)
        self.process.wait(10)

    def stop(self):
        self.process.signal(15)
        return self.process.wait(10)


class Peers:
    """As many peers as there are ids. Use as a context: whatever happens, nothing is left."""

    def __init__(self, ids):
        self.binary = default_binary()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster_peers_"))
        self.entry = self.folder / "entry"
        self.name = own_group_name()
        ports = free_ports(len(ids))
        self.port = ports[0]
        self.all = {number: Peer(self, number, port) for number, port in zip(ids, ports)}
        self.talkers = 0
        self.write_entry(self.entry)

    def write_entry(self, path, ids=None):
        lines = [f"{number} {self.all[number].address}" for number in ids or self.all]
        path.write_text("\n".join([str(len(lines)), *lines]) + "\n")

    def __getitem__(self, number):
        return self.all[number]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for peer in self.all.values():
            if peer.process and peer.process.running:
                peer.kill()
            if kind is not None:
                print(f"--- peer {peer.number} said\n" + "\n".join(peer.lines())
                      + f"\nand its log ends\n{peer.log_tail()}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        return own_environment(self.folder / "home", self.name)

    def start(self):
        for peer in self.all.values():
            peer.start()

    def wait_for(self, line, ids=None, seconds=10):
        for number in ids or self.all:
            self[number].wait_for(line, seconds)

    def muster(self, *arguments, seconds=30, within=()):
        return subprocess.run([*within, self.binary, *arguments], env=self.environment(), timeout=seconds,
                              cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)

    def say(self, text, peer, timeout="5s"):
        """Says something in the chat by way of this peer."""
        self.talkers += 1
        return self.muster("chat", f"eve{self.talkers}", "--send", text, "--server", peer.address, "--timeout",
                           timeout)

    def said(self, peer):
        done = self.muster("chat", "eve", "--history", "50", "--json", "--server", peer.address)
        if done.returncode != 0:
            raise Failure(done.stderr)
        return done.stdout
