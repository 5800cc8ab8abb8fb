"""Five machines with a server each, two with clients, and all that can be done to them.

Every machine is a network namespace with an address of its own on one bridge. Nothing of the rest of
the machine is touched, and `Field`, used as a context, takes everything away again.
"""

import collections
import os
import pathlib
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
from free_servers import FreeGroup, FreeServer, enter  # noqa: E402
from muster_processes import Failure, Process, default_binary, wait_until  # noqa: E402
from networks import Network, run  # noqa: E402

SERVERS = "abcde"
CLIENT_MACHINES = "xy"
MACHINES = SERVERS + CLIENT_MACHINES
SMALL_DISKS = "de"  # Their data folders are file systems of their own, which can be filled.
SMALL_DISK_BYTES = 256 << 20
CLIENTS = 10
OPTIONS = {"expect": "5", "failure-timeout": "1500", "handover-after": "300",
           "session-timeout": "60000"}
# Clients are of three kinds: every third has a session that the group may give up while it is away,
# every third gives its operations up early.
SHORT_SESSION = ["--heartbeat-interval", "100", "--session-timeout", "2500"]
SHORT_TIMEOUT = ["--timeout", "1000"]
NO_SPACE = "Free space on that disk"


def registers():
    beside = pathlib.Path(default_binary()).resolve().parent / "tests/faults/muster-registers"
    return os.environ.get("MUSTER_REGISTERS", str(beside))


class RegisterServer(FreeServer):
    """A server of the registers, made with libmuster."""

    def command(self):
        options = {"name": self.name, "tcp-port": self.port, "peer-port": self.peer_port,
                   "data": self.folder, **OPTIONS}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return [*enter(self.namespace), registers(), "serve", *self.group.common(), *words]


class RegisterGroup(FreeGroup):
    def __init__(self, network):
        super().__init__("", separate_homes=True)
        secret = self.folder / "secret"
        secret.write_text("five in the field\n")
        secret.chmod(0o600)
        self.client_options = ["--secret-file", str(secret)]
        for name in SERVERS:
            self.servers.append(RegisterServer(self, name, (8888, 8889),
                                               namespace=network.namespace(name),
                                               host=network.address(name)))

    def common(self):
        """Options of every program of the field."""
        return ["--group", self.name, *self.discovery, *self.client_options]


class Client:
    """A process of `muster-registers` that writes down what it sees."""

    def __init__(self, field, name, machine, *words):
        self.name = name
        self.log = field.group.folder / f"{name}.log"
        command = [*enter(field.network.namespace(machine)), registers(), *words, "--name", name,
                   *field.group.common()]
        self.process = Process(command, self.log, field.group.environment(machine))
        field.group.others.append(self.process)

    def wait_end(self, seconds):
        code = self.process.wait(seconds)
        if code != 0:
            raise Failure(f"{self.name} ended with {code}:\n{self.log.read_text()[-2000:]}")
        return self.process.output[-1] if self.process.output else ""


class Field:
    """All of it, whole at first. The functions that do harm may be called by several threads; who
    harms a process or an interface holds it until it is whole again (`hold`)."""

    def __init__(self):
        self.network = Network(MACHINES)
        self.group = None
        self.disks = {}
        self.rules = {name: collections.Counter() for name in MACHINES}
        self.relays = {}
        self.held = set()
        self.lock = threading.RLock()
        self.ended_for_want_of_space = 0
        self.troubled_since = None  # Monotonic.
        self.clients = []
        self.followers = []

    # ---- What is there ---------------------------------------------------------------------------

    def __enter__(self):
        self.network.__enter__()
        try:
            self.group = RegisterGroup(self.network).__enter__()
            self.addresses = {name: self._hardware_address(name) for name in MACHINES}
            for name in SMALL_DISKS:
                self._make_small_disk(name)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        for relay in self.relays.values():
            relay.kill()
            relay.wait()
        if self.group:
            # The servers must be gone before what lies below them is.
            for each in self.group.running:
                each.process.signal(signal.SIGKILL)
                each.process.wait(10)
            for disk in self.disks.values():
                run("umount", "--lazy", str(disk))
            self.group.__exit__(kind, value, trace)
        self.network.__exit__(kind, value, trace)

    def _make_small_disk(self, name):
        disk = self.group.folder / f"disk_{name}"
        disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "none", str(disk))
        self.disks[name] = disk
        self.group[name].folder = disk / "data"

    def _hardware_address(self, name):
        return self.network[name].run("cat", "/sys/class/net/eth0/address").strip()

    def hold(self, *things):
        """Whether these were free: nobody else harms them until they are let go."""
        with self.lock:
            if self.held & set(things):
                return False
            self.held |= set(things)
            return True

    def let_go(self, *things):
        with self.lock:
            self.held -= set(things)

    def leader(self):
        """Who leads, as the first says that answers; nothing while nobody does."""
        for each in self.group.running:
            with self.lock:
                if each.name in self.held:
                    continue
            status = each.status(1)
            if status and status["leader"] and status["writable"]:
                return status["leader"]
        return None

    # ---- Networks --------------------------------------------------------------------------------

    def drop(self, machine, *rules):
        """Has a machine drop what these rules of nft match, besides what it drops already."""
        self._change_rules(machine, lambda all_rules: all_rules.update(rules))

    def pass_again(self, machine, *rules):
        self._change_rules(machine, lambda all_rules: all_rules.subtract(rules))

    def _change_rules(self, machine, change):
        with self.lock:
            change(self.rules[machine])
            wanted = sorted(rule for rule, count in self.rules[machine].items() if count > 0)
            self.network[machine].filter("\n".join(wanted))

    def from_machine(self, name):
        """A rule that matches what comes from this machine, by whatever protocol."""
        return f"ether saddr {self.addresses[name]} drop"

    def limit_rate(self, machine, kilobits):
        self.network[machine].run("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate",
                                  f"{kilobits}kbit", "burst", "16kb", "latency", "300ms")

    def unlimit_rate(self, machine):
        self.network[machine].run("tc", "qdisc", "del", "dev", "eth0", "root")

    def delay(self, machine, delay, jitter, doubled, seed):
        """Puts a relay between a machine and the bridge."""
        switch = self.network["switch"]
        near, far, side = f"near{machine}", f"far{machine}", f"side{machine}"
        relay = subprocess.Popen(
            [*enter(switch.name), sys.executable, "-B",
             str(pathlib.Path(__file__).with_name("relay.py")), near, far, str(delay), str(jitter),
             str(doubled), str(seed)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.relays[machine] = relay
        if relay.stdout.readline() != b"ready\n":
            raise Failure(f"the relay of {machine} did not begin")
        switch.run("ip", "link", "add", side, "type", "bridge", "mcast_snooping", "0")
        for interface, bridge in ((far, "bridge"), (near, side)):
            switch.run("ip", "link", "set", interface, "master", bridge, "up")
        switch.run("ip", "link", "set", side, "up")
        switch.run("ip", "link", "set", "port" + machine, "master", side)

    def undelay(self, machine):
        switch = self.network["switch"]
        switch.run("ip", "link", "set", "port" + machine, "master", "bridge")
        relay = self.relays.pop(machine)
        ended = relay.poll()
        relay.kill()
        relay.wait()
        relay.stdout.close()
        switch.run("ip", "link", "delete", "side" + machine)
        if ended is not None:
            raise Failure(f"the relay of {machine} ended by itself with {ended}")

    # ---- Processes and disks ---------------------------------------------------------------------

    def stop(self, name):
        """In good order; a server takes up to 10 s to hand over. One that has only just been started
        may not have got as far as to catch the signal."""
        server = self.group[name]
        server.terminate()
        code = server.process.wait(15)
        is_new = not server.process.output
        if code != 0 and not (is_new and code == -signal.SIGTERM):
            raise Failure(f"{name} was asked to stop and ended with {code}:\n{server.log_tail()}")

    def fill_disk(self, name):
        with open(self.disks[name] / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * (1 << 20))
            except OSError:
                pass  # It is full.

    def free_disk(self, name):
        (self.disks[name] / "ballast").unlink()

    def has_ended_for_want_of_space(self, name):
        """Whether a server whose disk was full has ended; as the documents say, with a remedy. One
        that ends first says goodbye for up to a second, and answers nobody then."""
        server = self.group[name]
        wait_until(lambda: not server.running or server.status(1), 15,
                   lambda: f"{name} to answer or to end:\n{server.log_tail()}")
        if server.running:
            return False
        code = server.process.wait(1)
        if code != 1 or NO_SPACE not in server.log_tail(5):
            raise Failure(f"{name}, whose disk was full, ended with {code}:\n{server.log_tail()}")
        self.ended_for_want_of_space += 1
        return True

    # ---- Clients ---------------------------------------------------------------------------------

    def path(self, name):
        return str(self.group.folder / name)

    def client(self, name, machine, *words):
        return Client(self, name, machine, *words)

    def start_clients(self, seed):
        for number in range(1, CLIENTS + 1):
            words = ["load", "--number", str(number), "--seed", str(seed + number), "--history",
                     self.path(f"history{number}")]
            words += [SHORT_SESSION, SHORT_TIMEOUT, []][number % 3]
            machine = CLIENT_MACHINES[number % len(CLIENT_MACHINES)]
            self.clients.append(self.client(f"client{number}", machine, *words))
        for machine in CLIENT_MACHINES:
            self.followers.append(self.client(f"follower{machine}", machine, "follow",
                                              "--told-file", self.path(f"told{machine}")))
        for each in self.clients:
            wait_until(lambda each=each: "working" in each.process.output or
                       not each.process.running, 30, f"the first answer to {each.name}")

    def histories(self):
        return [self.path(f"history{number}") for number in range(1, CLIENTS + 1)]

    def check_all_run(self):
        """Nobody has ended that nobody is harming."""
        with self.lock:
            ended = [each for each in self.group.servers
                     if not each.running and each.name not in self.held]
        for each in ended:
            raise Failure(f"{each.name} ended by itself:\n{each.log_tail()}")
        for each in self.clients + self.followers:
            if not each.process.running:
                each.wait_end(1)
                raise Failure(f"{each.name} ended too early")
