"""Groups of three servers of each make, on loopback, each as durable as the make can be.

A group starts only processes of its own, in a folder of its own, and ends exactly those.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tests" / "process"))
import muster_processes as processes  # noqa: E402
from muster_processes import HOST, Failure, free_ports, wait_until  # noqa: E402

START_SECONDS = 60
SERVERS = 3
CONNECTIONS_MAX = 16


def listens(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


def ask(port, path, question=None):
    """The JSON that a server answers over HTTP, or nothing while it does not answer."""
    request = urllib.request.Request(f"http://{HOST}:{port}{path}",
                                     None if question is None else json.dumps(question).encode())
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            return json.load(answer)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return None


def memory_kilobytes(process):
    """Memory of its own that a process holds, without the files it maps (RssAnon)."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("RssAnon"))
    return int(line.split()[1])


def cpu_seconds(process):
    """User and system time that a process has used."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(each) for each in fields[11:13]) / os.sysconf("SC_CLK_TCK")


class Server:
    """One server of a foreign make; may be killed and started again on the same folder."""

    def __init__(self, name, folder, client_port):
        self.name = name
        self.folder = folder
        self.port = client_port
        self.command = []
        self.process = None

    @property
    def address(self):
        return f"{HOST}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            env=processes.clean_environment())

    def kill(self):
        """As `kill -9`. Returns the monotonic time of the signal in milliseconds."""
        now = time.monotonic_ns() / 1e6
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        return now

    def end(self):
        if self.running:
            self.process.kill()
            self.process.wait(10)

    def log_tail(self, lines=8):
        text = (self.folder / "log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


class Group:
    """Servers of one make. Use as a context: whatever happens, nothing is left but the folder."""

    def __init__(self, folder):
        self.folder = folder
        self.servers = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.end()

    def start(self):
        for each in self.servers:
            each.start()
        self.wait_whole()

    def end(self):
        for each in self.servers:
            each.end()

    def wait_whole(self):
        """Waits until all servers run and follow one leader."""
        wait_until(self.whole, START_SECONDS, lambda: f"{self.title} to be whole; logs end:\n"
                   + "\n".join(each.log_tail() for each in self.servers))

    def whole(self):
        for each in self.servers:
            if not each.running:
                raise Failure(f"{self.title}: {each.name} ended with {each.process.returncode}; "
                              f"its log ends:\n{each.log_tail()}")
        return self.find_leader() is not None

    def leader(self):
        return wait_until(self.find_leader, START_SECONDS, f"{self.title} to have a leader")

    def connections(self, in_flight):
        """As many as serve this make best."""
        return min(max(1, in_flight // self.in_flight_per_connection), CONNECTIONS_MAX)

    def pids(self):
        return [each.pid for each in self.servers if each.running]


class Muster(Group):
    key = "muster"
    title = "Muster"
    in_flight_per_connection = 256
    packages = ()
    syncs = "each server its log, with `fdatasync`, before it counts as having the command"
    writes = "commands of the service `echo`, whose answer is the whole value again"

    def __init__(self, folder, binary, servers=SERVERS, options=()):
        super().__init__(folder)
        self.group = processes.Group(servers, options, binary=str(binary), parent=folder)

    @staticmethod
    def version(binary):
        return subprocess.run([binary, "version"], capture_output=True, text=True,
                              check=True).stdout.split()[1].rstrip(",")

    def start(self):
        self.group.start()
        self.servers = [MusterServer(each) for each in self.group.servers]
        self.leader()

    def end(self):
        self.group.__exit__(None, None, None)

    def whole(self):
        """All have what was committed, and the leadership has gone back to the highest number, as
        it does after 2 s."""
        before = self.statuses()
        after = self.statuses()
        if not all(before) or not all(after):
            return False
        committed = max(int(each["commitIndex"]) for each in before)
        highest = max(each["number"] for each in after)
        return all(int(each["appliedIndex"]) >= committed and each.get("leaderNumber") == highest
                   for each in after)

    def statuses(self):
        return [each.server.status() for each in self.servers]

    def find_leader(self):
        leader = self.group.leader()
        return next(each for each in self.servers if each.server is leader)


class MusterServer:
    """A server of processes.Group under the names of the others."""

    def __init__(self, server):
        self.server = server
        self.name = server.name

    @property
    def address(self):
        return self.server.address

    @property
    def pid(self):
        return self.server.process.process.pid

    @property
    def running(self):
        return self.server.running

    def start(self):
        self.server.start()
        self.server.wait_ready()

    def kill(self):
        return self.server.kill()

    def log_tail(self):
        return self.server.log_tail()


class Etcd(Group):
    key = "etcd"
    title = "etcd"
    in_flight_per_connection = 64
    packages = ("etcd-server", "libgrpc++-dev", "protobuf-compiler-grpc")
    syncs = ("each server its write-ahead log, with `fdatasync`, before it counts as having the "
             "write")
    writes = "`Put` over gRPC"
    times = ()  # Options beside the defaults.

    def __init__(self, folder, _):
        super().__init__(folder)
        ports = free_ports(2 * SERVERS)
        peers = [f"http://{HOST}:{port}" for port in ports[SERVERS:]]
        cluster = ",".join(f"s{i}={peer}" for i, peer in enumerate(peers))
        for i in range(SERVERS):
            home = folder / f"s{i}"
            home.mkdir()
            server = Server(f"s{i}", home, ports[i])
            client = f"http://{server.address}"
            server.command = [
                "etcd", "--name", server.name, "--data-dir", str(home / "data"),
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peers[i], "--initial-advertise-peer-urls", peers[i],
                "--initial-cluster", cluster, "--initial-cluster-state", "new",
                "--initial-cluster-token", folder.name, "--quota-backend-bytes", str(8 << 30),
                "--logger", "zap", "--log-level", "warn", *self.times]
            self.servers.append(server)

    @staticmethod
    def version(_):
        said = subprocess.run(["etcd", "--version"], capture_output=True, text=True, check=True)
        return said.stdout.splitlines()[0].split()[-1]

    def find_leader(self):
        leader, told = None, set()
        for each in self.servers:
            status = ask(each.port, "/v3/maintenance/status", {}) if each.running else None
            if status:
                told.add(status.get("leader"))
                if status["header"]["member_id"] == status.get("leader"):
                    leader = each
        return leader if len(told) == 1 else None

    def whole(self):
        return super().whole() and all(ask(each.port, "/health") for each in self.servers)


class FasterEtcd(Etcd):
    """With shorter times, as its manual allows where the servers are near each other."""

    title = "etcd, heartbeat 50 ms, election 500 ms"
    times = ("--heartbeat-interval", "50", "--election-timeout", "500")


class ZooKeeper(Group):
    key = "zookeeper"
    title = "ZooKeeper"
    in_flight_per_connection = 16
    packages = ("zookeeper", "libzookeeper-mt-dev")
    syncs = "each server its log, with `FileChannel.force`, before it counts as having the write"
    writes = "`set` of nodes by its C library"
    JAR = "/usr/share/java/zookeeper.jar"

    def __init__(self, folder, _):
        super().__init__(folder)
        ports = free_ports(3 * SERVERS)
        members = "".join(
            f"server.{i + 1}={HOST}:{ports[SERVERS + i]}:{ports[2 * SERVERS + i]};"
            f"{HOST}:{ports[i]}\n" for i in range(SERVERS))
        for i in range(SERVERS):
            home = folder / f"s{i + 1}"
            (home / "data").mkdir(parents=True)
            (home / "data" / "myid").write_text(f"{i + 1}\n")
            (home / "zoo.cfg").write_text(
                f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={home / 'data'}\n"
                f"maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\n"
                + members)
            server = Server(f"s{i + 1}", home, ports[i])
            server.command = ["java", "-Dzookeeper.jmx.log4j.disable=true", "-cp", self.JAR,
                              "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                              str(home / "zoo.cfg")]
            self.servers.append(server)

    @staticmethod
    def version(_):
        return package_version("zookeeper")

    @staticmethod
    def mode(server):
        """leader, follower, or nothing while it serves nobody."""
        try:
            with socket.create_connection((HOST, server.port), timeout=3) as connection:
                connection.sendall(b"srvr")
                said = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        except OSError:
            return None
        return next((line.split()[1] for line in said.splitlines() if line.startswith("Mode:")),
                    None)

    def find_leader(self):
        modes = [self.mode(each) for each in self.servers if each.running]
        running = [each for each in self.servers if each.running]
        leaders = [each for each, mode in zip(running, modes) if mode == "leader"]
        return leaders[0] if len(leaders) == 1 and modes.count("follower") >= 1 else None

    def whole(self):
        return super().whole() and all(self.mode(each) for each in self.servers)


class Nats(Group):
    key = "nats"
    title = "NATS JetStream"
    in_flight_per_connection = 64
    packages = ("nats-server", "libnats-dev")
    syncs = "no server anything before it answers: JetStream 2.9 leaves that to the kernel and " \
            "syncs every two minutes"
    writes = "messages to a stream in files with three replicas, each acknowledged"
    STREAM = "bench"

    def __init__(self, folder, _):
        super().__init__(folder)
        ports = free_ports(3 * SERVERS)
        routes = ", ".join(f"nats://{HOST}:{port}" for port in ports[SERVERS:2 * SERVERS])
        for i in range(SERVERS):
            home = folder / f"s{i}"
            home.mkdir()
            (home / "nats.conf").write_text(
                f"server_name: s{i}\nlisten: {HOST}:{ports[i]}\nhttp: {HOST}:"
                f"{ports[2 * SERVERS + i]}\njetstream {{ store_dir: {home / 'data'} }}\n"
                f"cluster {{ name: {folder.name}, listen: {HOST}:{ports[SERVERS + i]}, "
                f"routes: [{routes}] }}\n")
            server = Server(f"s{i}", home, ports[i])
            server.monitor = ports[2 * SERVERS + i]
            server.command = ["/usr/sbin/nats-server", "-c", str(home / "nats.conf")]
            self.servers.append(server)

    @staticmethod
    def version(_):
        return package_version("nats-server")

    def told(self, path):
        return [(each, ask(each.monitor, path)) for each in self.servers if each.running]

    def find_leader(self):
        """That of the stream; before there is one, that of the servers."""
        streams = [(each, stream) for each, state in self.told("/jsz?streams=true&config=true")
                   for stream in self.streams_of(state)]
        for each, stream in streams:
            if stream.get("cluster", {}).get("leader") == each.name:
                return each
        if streams:
            return None
        for each, state in self.told("/jsz"):
            if state and state.get("meta_cluster", {}).get("leader") == each.name:
                return each
        return None

    @classmethod
    def streams_of(cls, state):
        return [stream for account in (state or {}).get("account_details", [])
                for stream in account.get("stream_detail", []) if stream["name"] == cls.STREAM]

    def whole(self):
        if not super().whole():
            return False
        for each, state in self.told("/jsz?streams=true"):
            if not state or state.get("meta_cluster", {}).get("leader") is None:
                return False
            for cluster in (stream.get("cluster", {}) for stream in self.streams_of(state)):
                # Only the leader knows how far the others are.
                if cluster.get("leader") == each.name and not all(
                        other["current"] for other in cluster.get("replicas") or []):
                    return False
        return True


def package_version(name):
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True,
                          text=True, check=True)
    return said.stdout.split("-")[0]
