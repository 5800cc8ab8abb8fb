"""Single servers of each make that pass one sender's messages on to many, each with its limits on
how fast somebody may be off. As contexts: what they start is ended, and nothing is left."""

import contextlib
import json
import pathlib
import subprocess
import tempfile

from .groups import HOST, Failure, free_ports, listens, memory_kilobytes, processes, wait_until

FOLLOWERS = (100, 1_000)
IN_FLIGHT = (64, 512)
IDLE_CLIENTS = 1_000
SECONDS_MORE = 600  # That a load may take beyond its measurement.

INSPIRCD = """
<server name="irc.local" description="bench" network="bench">
<admin name="a" nick="a" email="a@local">
<bind address="{host}" port="{port}" type="clients">
<connect allow="*" timeout="60" threshold="100000" commandrate="100000000" fakelag="no"
  pingfreq="600" hardsendq="100M" softsendq="100M" recvq="100M" localmax="20000" globalmax="20000"
  maxconnwarn="no" limit="20000" resolvehostnames="no" useident="no">
<performance softlimit="20000" somaxconn="512" netbuffersize="65534" quietbursts="yes">
<options splitwhois="no">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/log">
<pid file="{folder}/pid">
"""

NGIRCD = """
[Global]
Name = irc.local
Info = bench
AdminInfo1 = a
Listen = {host}
Ports = {port}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 600
PongTimeout = 60
[Options]
DNS = no
Ident = no
PAM = no
"""

NATS = """
server_name: bench
listen: {host}:{port}
"""

MOSQUITTO = """
listener {port} {host}
allow_anonymous true
persistence false
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
"""


@contextlib.contextmanager
def foreign(configuration, command):
    """A server of another make: its process id and port."""
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        file = folder / "server.conf"
        file.write_text(configuration.format(host=HOST, port=port, folder=folder))
        file.chmod(0o644)
        with subprocess.Popen([each.format(file=file) for each in command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: listens(port), 20, f"{command[0]} to listen")
                yield process.pid, port
            finally:
                process.kill()


def inspircd():
    return foreign(INSPIRCD, ["/usr/sbin/inspircd", "--runasroot", "--nofork", "--config",
                              "{file}"])


def ngircd():
    return foreign(NGIRCD, ["/usr/sbin/ngircd", "--nodaemon", "--config", "{file}"])


def nats():
    return foreign(NATS, ["/usr/sbin/nats-server", "-c", "{file}"])


def mosquitto():
    return foreign(MOSQUITTO, ["/usr/sbin/mosquitto", "-c", "{file}"])


@contextlib.contextmanager
def muster(binary):
    with processes.Group(1, options=["--found", "now"], binary=binary) as group:
        group.start()
        yield group.servers[0].process.process.pid, group.servers[0].port


@contextlib.contextmanager
def muster_irc(binary):
    [port] = free_ports(1)
    options = ["--found", "now", "--irc-port", str(port), "--irc-rate", "1000000",
               "--irc-burst", "1000000"]
    with processes.Group(1, options=options, binary=binary) as group:
        group.start()
        yield group.servers[0].process.process.pid, port


class Make:
    """How one make is started and by which protocol it is measured."""

    def __init__(self, title, protocol, start):
        self.title = title
        self.start = start  # With the path of the program of Muster, which others ignore.
        self.protocol = protocol  # Of plain_swarm; nothing: Muster's own, by swarm.

    def command(self, swarms, what, port, *numbers):
        address = f"{HOST}:{port}"
        words = list(map(str, numbers))
        if self.protocol is None:
            follows = [address] if what == "fan-out" else []
            return [str(swarms / "swarm"), what, address, *words, *follows]
        return [str(swarms / "plain_swarm"), self.protocol, what, address, *words]


MAKES = {
    "muster": [Make("Muster", None, muster), Make("Muster by IRC", "irc", muster_irc)],
    "nats": [Make("NATS", "nats", lambda _: nats())],
    "mosquitto": [Make("Mosquitto QoS 0", "mqtt-0", lambda _: mosquitto()),
                  Make("Mosquitto QoS 1", "mqtt-1", lambda _: mosquitto())],
    "inspircd": [Make("InspIRCd", "irc", lambda _: inspircd())],
    "ngircd": [Make("ngIRCd", "irc", lambda _: ngircd())],
}
PACKAGES = {"nats": ("nats-server",), "mosquitto": ("mosquitto",), "inspircd": ("inspircd",),
            "ngircd": ("ngircd",)}

KEEPS = {
    "Muster": "delivers to followers what is ordered and, with `fdatasync`, on disk",
    "NATS": "without JetStream, keeps nothing",
    "Mosquitto": "keeps nothing on disk; with QoS 1 each delivery is acknowledged",
    "InspIRCd": "keeps nothing; its limits on floods are off",
    "ngIRCd": "keeps nothing; its limits on floods are off",
}


def deliveries(make, swarms, port, followers, seconds, in_flight):
    """Deliveries per second, until the last follower has the last message."""
    command = make.command(swarms, "fan-out", port, followers, seconds, in_flight)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=seconds + SECONDS_MORE)
    except subprocess.TimeoutExpired:
        raise Failure(f"no end in time: {' '.join(command)}") from None
    if done.returncode != 0:
        raise Failure(f"exit {done.returncode}: {' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)["deliveriesPerSecond"]


def idle_kilobytes(make, swarms, process, port):
    """Memory of the server for each client that does nothing."""
    before = memory_kilobytes(process)
    command = make.command(swarms, "idle", port, IDLE_CLIENTS)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as clients:
        if not clients.stdout.readline():
            raise Failure(f"the clients could not register: {' '.join(command)}")
        after = memory_kilobytes(process)
        clients.stdin.close()
    return (after - before) / IDLE_CLIENTS
