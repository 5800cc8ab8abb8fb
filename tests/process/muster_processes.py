"""Starts, watches, kills and cleans up real `muster` processes on loopback.

Each server has ports and a data folder of its own, and is signalled by its own process id only.
Needs Python 3.9 and its standard library. Where the program is: argument, or MUSTER_BINARY.
"""

import errno
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HOST = "127.0.0.1"
POLL_SECONDS = 0.02


class Failure(Exception):
    """Something did not happen as it must; the message says what."""


def default_binary():
    root = pathlib.Path(__file__).resolve().parents[2]
    return os.environ.get("MUSTER_BINARY", str(root / "muster"))


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")}


def own_environment(home, group):
    """Variables with which a process meets nobody but those of this group and home."""
    run = pathlib.Path(home) / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    variables = clean_environment()
    variables.update(HOME=str(home), XDG_RUNTIME_DIR=str(run), MUSTER_GROUP=group)
    variables.pop("XDG_STATE_HOME", None)
    return variables


def own_group_name():
    return f"test{os.getpid()}x{time.monotonic_ns() % 1_000_000_007}"


RESERVED = []  # Locks of ports, held as long as this process lives.


def is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((HOST, port))
            except OSError as problem:
                if problem.errno != errno.EADDRINUSE:
                    raise
                return False
    return True


def reserve(port):
    """Whether no other test that runs at this time has this port."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"muster_test_ports_{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = os.open(folder / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    RESERVED.append(lock)
    return True


def free_ports(count):
    """Ports that nobody listens on now, nor will another test. They are below those that the system
    gives to outgoing connections, by default from 32768 on: before its server listens, such a one
    may belong to a connection of another server."""
    ports = []
    while len(ports) < count:
        port = random.randrange(10_000, 20_000)
        if is_free(port) and reserve(port):
            ports.append(port)
    return ports


def wait_until(holds, seconds, what):
    """Asks until `holds()` gives something true, and returns it. `what` may be a function: then
    it is asked at the end, for what is known by then."""
    deadline = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds} s in vain for: {what() if callable(what) else what}")
        time.sleep(POLL_SECONDS)


class Process:
    """A process whose output is gathered line by line."""

    def __init__(self, arguments, log, environment, stdin=subprocess.DEVNULL):
        self.arguments = arguments
        self.output = []
        self.ready = threading.Event()
        self.log = open(log, "ab") if log else None
        self.process = subprocess.Popen(
            arguments, env=environment, stdin=stdin,
            stdout=subprocess.PIPE, stderr=self.log or subprocess.DEVNULL)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line.decode(errors="replace").rstrip("\n"))
            self.ready.set()

    def signal(self, number):
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def wait(self, seconds):
        """The exit code; the output is complete then."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"still running after {seconds} s: {' '.join(self.arguments)}") from None
        self.reader.join()
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
        if self.log:
            self.log.close()
        return code

    @property
    def running(self):
        return self.process.poll() is None


class Server:
    """One server of a group; may be started, killed and started again on the same folder."""

    def __init__(self, group, name, port, peer_port):
        self.group = group
        self.name = name
        self.port = port
        self.peer_port = peer_port
        self.folder = group.folder / name
        self.log = group.folder / f"{name}.log"
        self.process = None

    @property
    def address(self):
        return f"{HOST}:{self.port}"

    @property
    def peer_address(self):
        return f"{HOST}:{self.peer_port}"

    def command(self):
        seeds = ",".join(each.peer_address for each in self.group.servers)
        return [self.group.binary, "serve", "--name", self.name, "--bind", HOST,
                "--tcp-port", str(self.port), "--peer-port", str(self.peer_port),
                "--data", str(self.folder), "--seeds", seeds, *self.group.discovery,
                *self.group.options]

    def start(self, *more):
        self.process = Process([*self.command(), *more], self.log, self.environment())

    def environment(self):
        return self.group.environment()

    def wait_ready(self, seconds=20):
        def ready():
            for each in self.group.servers:
                code = each.process.process.poll() if each.process else None
                if code not in (None, 0, -signal.SIGKILL):
                    raise Failure(f"{each.name} ended with {code}:\n{each.log_tail()}")
            return any(line.startswith("ready ") for line in list(self.process.output))
        wait_until(ready, seconds, lambda: f"the ready line of {self.name}; its log ends:\n"
                   + self.log_tail())

    def kill(self):
        """As `kill -9`. Returns the monotonic time of the signal in milliseconds."""
        now = time.monotonic_ns() / 1e6
        self.process.signal(signal.SIGKILL)
        self.process.wait(10)
        return now

    def terminate(self):
        self.process.signal(signal.SIGTERM)

    def pause(self):
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)

    def status(self, seconds=3):
        """What it says of itself and the group, or nothing while it does not answer."""
        done = self.group.muster("status", "--json", "--timeout", f"{seconds}s",
                                 "--server", self.address)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def log_tail(self, lines=15):
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    @property
    def running(self):
        return self.process is not None and self.process.running


class Group:
    """Servers in a temporary folder. Use as a context: whatever happens, nothing is left.

    Each has a group name, a discovery port and a home of its own: groups of tests that run at the
    same time, or of the machine's user, neither see nor disturb each other.
    """

    def __init__(self, count=3, options=(), binary=None, parent=None):
        self.binary = binary or default_binary()
        self.options = list(options)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster_", dir=parent))
        self.name = own_group_name()
        self.discovery = ["--discovery-port", str(random.randrange(20_000, 30_000))]
        ports = free_ports(2 * count)
        names = "abcdefghi"
        self.servers = []
        for i in range(count):
            self.servers.append(Server(self, names[i], ports[2 * i], ports[2 * i + 1]))
        self.others = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in [each.process for each in self.servers if each.process] + self.others:
            if process.running:
                process.signal(signal.SIGCONT)
                process.signal(signal.SIGKILL)
                process.wait(10)
        if kind is not None:
            for each in self.servers:
                print(f"--- log of {each.name}\n{each.log_tail()}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        for each in self.servers:
            each.start()
        for each in self.servers:
            each.wait_ready()

    def environment(self):
        return own_environment(self.folder / "home", self.name)

    def muster(self, *arguments, seconds=60):
        """Runs one command to its end."""
        return subprocess.run([self.binary, *arguments], env=self.environment(), timeout=seconds,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def server_options(self, servers=None):
        options = []
        for each in servers or self.servers:
            options += ["--server", each.address]
        return options

    def start_load(self, *options, servers=None, **more):
        """Begins `muster bench` and returns once commands are being acknowledged."""
        load = self.load_process(["bench", "--json", *self.server_options(servers), *options],
                                 **more)
        self.others.append(load)
        # A short load may be over by the time its first line is read.
        if not load.ready.wait(30) or load.process.poll() not in (None, 0):
            log = (self.folder / "load.log").read_text(errors="replace")
            raise Failure(f"the load did not begin:\n{log}")
        return load

    def load_process(self, arguments):
        return Process([self.binary, *arguments], self.folder / "load.log", self.environment())

    def finish_load(self, load, seconds=90):
        """The result of a load, as `muster bench --json` prints it, and its exit code."""
        code = load.wait(seconds)
        self.others.remove(load)
        results = [line for line in load.output if '"kind":"RESULT"' in line]
        if not results:
            log = (self.folder / "load.log").read_text(errors="replace")
            raise Failure(f"the load gave no result, exit {code}:\n{log}")
        return json.loads(results[-1]), code

    def leader(self, seconds=20):
        """The server that leads, by its own word and that of a majority."""
        def find():
            statuses = [each.status() for each in self.servers if each.running]
            named = [each["leader"] for each in statuses if each and each["writable"]]
            for each in self.servers:
                if 2 * named.count(each.name) > len(self.servers) and each.running:
                    return each
            return None
        return wait_until(find, seconds, "a leader that a majority agrees on")

    def followers(self):
        leader = self.leader()
        return [each for each in self.servers if each is not leader]

    def wait_equal(self, seconds=30):
        """Waits until all servers have applied equally much, and compares their digests there."""
        def same_index():
            statuses = [each.status() for each in self.servers]
            if not all(statuses):
                return None
            indexes = {each["appliedIndex"] for each in statuses}
            committed = {each["commitIndex"] for each in statuses}
            return statuses if len(indexes) == 1 and indexes == committed else None
        statuses = wait_until(same_index, seconds, "all servers at one applied index")
        digests = {each["server"]: each["digest"] for each in statuses}
        if len(set(digests.values())) != 1:
            raise Failure(f"digests differ at index {statuses[0]['appliedIndex']}: {digests}")
        return statuses[0]["appliedIndex"]
