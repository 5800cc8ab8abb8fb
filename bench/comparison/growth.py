"""What bench/scaling measures of Muster alone, part by part. Each part is a generator of what was
measured and of words for whoever waits; it starts only processes of its own, and ends them."""

import contextlib
import dataclasses
import json
import subprocess
import threading
import time

from . import groups
from .groups import Failure, cpu_seconds, memory_kilobytes, wait_until
from .program import BINARY, CLIENTS

SIZE = 128  # Bytes of a command, where nothing else is said.
WARM_UP = 1  # Seconds, before each load,
OPEN_WARM_UP = 5  # and before an open loop: what fell due while all came is done by then.
SIZES_IN_FLIGHT = 64
RATE = 2  # Commands a second of each client, in an open loop.
FOLLOWERS = 100
TOPICS_IN_FLIGHT = 512
WRITE_RATE = 300_000  # Commands a second, to fill a log.
WRITE_CLIENTS = 4
WRITTEN_LEAST = 0.95
TIMEOUT = 90  # Seconds, in which all clients of a load must have found their way in.
MORE_SECONDS = 180  # That a program may take beyond its measurement.
IDLE_SECONDS = 1
VOTERS = 3


@dataclasses.dataclass(frozen=True)
class Extent:
    """What is measured."""

    rounds: int
    seconds: int  # Of each load; whole ones.
    servers: tuple
    loads: tuple  # Clients and commands in flight.
    clients: tuple
    sizes: tuple  # Bytes.
    written: tuple  # Megabytes.
    topics: tuple  # Those spoken in, and quiet ones.


USUAL = Extent(rounds=2, seconds=3, servers=(1, 3, 5, 7), loads=((1, 1), (1, 256), (16, 4096)),
               clients=(10, 100, 1_000, 10_000), sizes=(16, 128, 1024, 16_384, 65_536),
               written=(6, 12, 24, 48, 256),
               topics=((1, 0), (10, 0), (100, 0), (1, 9), (1, 99), (1, 999), (1, 9_999)))
QUICK = Extent(rounds=1, seconds=2, servers=(1, 3), loads=((1, 1), (1, 256)), clients=(10, 100),
               sizes=(128, 65_536), written=(6, 12), topics=((1, 0), (10, 0), (1, 99)))


class Cores:
    """How much of a core processes use, from one look at them to another."""

    def __init__(self, pids):
        self.at = time.monotonic()
        self.used = {pid: cpu_seconds(pid) for pid in pids}

    def since(self, before):
        """By process."""
        return {pid: (self.used[pid] - before.used[pid]) / (self.at - before.at)
                for pid in before.used}


@contextlib.contextmanager
def ended_in_time(command, seconds, **options):
    """A process that is killed when it takes longer, or when nobody wants it any more."""
    over = threading.Event()
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True,
                          **options) as process:
        def end():
            over.set()
            process.kill()

        limit = threading.Timer(seconds, end)
        limit.start()
        try:
            yield process
        except Failure as problem:
            if over.is_set():
                raise Failure(f"no end within {seconds} s: {' '.join(process.args)}") from problem
            raise
        finally:
            limit.cancel()
            process.kill()


def finish(process, errors, said=""):
    """Refuses an end that is none in order. `errors`: the file of its standard error."""
    code = process.wait()
    if code != 0:
        raise Failure(f"exit {code}: {' '.join(process.args)}\n{said}"
                      + errors.read_text(errors="replace"))


class Growth:
    """One run over a folder for data."""

    def __init__(self, folder, extent):
        self.folder = folder
        self.extent = extent
        self.errors = folder / "client.log"
        self.parts = {"servers": (self.servers, len(extent.servers) * len(extent.loads)),
                      "clients": (self.clients, 3 * len(extent.clients)),
                      "sizes": (self.sizes, len(extent.sizes)),
                      "restart": (self.restart, 2 * len(extent.written)),
                      "topics": (self.topics, len(extent.topics))}

    @contextlib.contextmanager
    def group(self, servers, *options):
        """A fresh group whose servers all vote and whose leader stays."""
        with groups.Muster(self.folder, BINARY, servers, ["--voters", str(servers), *options]
                           ) as group:
            group.wait_whole()
            leader = group.leader().server
            wait_until(lambda: (leader.status() or {}).get("tolerates") == (servers - 1) // 2, 30,
                       f"all of {servers} servers to vote")
            yield group

    def alone(self):
        return self.group(1, "--found", "now")

    # ---- Parts -------------------------------------------------------------------------------

    def servers(self):
        for count in self.extent.servers:
            with self.group(count) as group:
                for clients, in_flight in self.extent.loads:
                    figures = self.load(group, clients, ["--in-flight", in_flight])
                    yield ({"servers": count, "inFlight": in_flight, **figures},
                           f"{in_words(count, 'server')}, {in_flight:,} in flight: "
                           + load_in_words(figures))

    def clients(self):
        for count in self.extent.clients:
            with self.alone() as group:
                figures = self.idle(group, count)
            yield ({"clients": count, "loop": "none", **figures},
                   f"{count:,} idle clients: {figures['clientKilobytes']:.1f} kB each")
            with self.group(VOTERS) as group:
                for loop, options in (("closed", ["--in-flight", count]),
                                      ("open", ["--rate", RATE * count])):
                    warm_up = OPEN_WARM_UP if loop == "open" else WARM_UP
                    figures = self.load(group, count, options, warm_up=warm_up)
                    yield ({"clients": count, "loop": loop, **figures},
                           f"{count:,} clients, {loop} loop: " + load_in_words(figures))

    def sizes(self):
        with self.group(VOTERS) as group:
            for size in self.extent.sizes:
                figures = self.load(group, 1, ["--in-flight", SIZES_IN_FLIGHT], size)
                yield ({"size": size, "megabytesPerSecond": figures["perSecond"] * size / 1e6,
                        **figures}, f"{size:,} bytes: " + load_in_words(figures))

    def restart(self):
        for megabytes in self.extent.written:
            with self.alone() as group:
                server = group.servers[0].server
                written = self.write(group, megabytes * 1e6) / 1e6
                for kept in ("log", "snapshot"):
                    if kept == "snapshot":
                        take_snapshot(server)
                    figures = start_again(server)
                    yield ({"megabytes": megabytes, "kept": kept, "written": written, **figures},
                           f"{written:.0f} MB written, {kept} kept: ready after "
                           f"{figures['readyMs']:.0f} ms, all applied after "
                           f"{figures['appliedMs']:.0f} ms")

    def topics(self):
        for spoken, quiet in self.extent.topics:
            with self.alone() as group:
                figures = self.fan_out(group, spoken, quiet)
            yield ({"spoken": spoken, "quiet": quiet, **figures},
                   f"{in_words(spoken, 'topic')} spoken in, {quiet:,} quiet: "
                   f"{figures['perSecond']:,.0f} deliveries/s")

    # ---- Loads -------------------------------------------------------------------------------

    def bench(self, group, leader, seconds, *options):
        """The result of `muster bench` with its clients at the leader, its process, and looks once
        a second at what all had used."""
        command = [BINARY, "bench", "--json", "--timeout", f"{TIMEOUT}s",
                   "--server", leader.address, *options]
        looks = []
        result, line = None, ""
        with open(self.errors, "wb") as errors, ended_in_time(
                command, seconds + MORE_SECONDS, stderr=errors, stdin=subprocess.DEVNULL,
                env=group.group.environment()) as client:
            for line in client.stdout:
                told = json.loads(line)
                if told["kind"] == "PROGRESS":
                    looks.append((Cores([*group.pids(), client.pid]),
                                  memory_kilobytes(leader.pid)))
                elif told["kind"] == "RESULT":
                    result = told
            finish(client, self.errors, line)
        if result is None:
            raise Failure(f"no result: {' '.join(client.args)}")
        return result, looks, client.pid

    def load(self, group, clients, options, size=SIZE, warm_up=WARM_UP):
        seconds = self.extent.seconds
        leader = group.leader()
        result, looks, client = self.bench(
            group, leader, seconds, "--clients", clients, "--size", size,
            "--duration", f"{seconds}s", "--warm-up", f"{warm_up}s", *options)
        # The first look is when the warm-up ends; the last may be when the load does.
        (begin, _), (end, memory) = looks[warm_up - 1], looks[-1]
        cores = end.since(begin)
        return {"perSecond": result["commandsPerSecond"], "p50Ms": result["p50Ms"],
                "p99Ms": result["p99Ms"], "errors": result["errors"] + result["unknown"],
                "leaderCores": cores[leader.pid],
                "serverCores": sum(cores.values()) - cores[client],
                "clientCores": cores[client], "leaderMegabytes": memory / 1024}

    def write(self, group, wanted):
        """Puts so many bytes of commands into the log, but for a few; returns how many it were. A
        machine that is too slow for the rate gets more time."""
        written = 0
        while written < wanted * WRITTEN_LEAST:
            written += self.write_more(group, wanted - written)
        return written

    def write_more(self, group, wanted):
        commands = wanted / SIZE
        milliseconds = max(100, round(commands / WRITE_RATE * 1e3))
        result, _, _ = self.bench(
            group, group.leader(), milliseconds / 1e3, "--clients", WRITE_CLIENTS, "--size", SIZE,
            "--rate", f"{commands / milliseconds * 1e3:.3f}", "--duration", f"{milliseconds}ms",
            "--warm-up", "0ms")
        return result["commands"] * SIZE

    def idle(self, group, count):
        """What clients that do nothing cost a server."""
        [server] = group.servers
        before = memory_kilobytes(server.pid)
        command = [CLIENTS / "swarm", "idle", server.address, count]
        with open(self.errors, "wb") as errors, ended_in_time(
                command, MORE_SECONDS, stderr=errors, stdin=subprocess.PIPE) as clients:
            if not clients.stdout.readline():
                finish(clients, self.errors)
            begin = Cores([server.pid])
            time.sleep(IDLE_SECONDS)
            cores = Cores([server.pid]).since(begin)
            after = memory_kilobytes(server.pid)
            clients.stdin.close()
            finish(clients, self.errors)
        return {"clientKilobytes": (after - before) / count, "leaderMegabytes": after / 1024,
                "leaderCores": cores[server.pid]}

    def fan_out(self, group, spoken, quiet):
        """One sender who speaks in topics by turns that all connections follow, while each follows
        its share of quiet ones."""
        [server] = group.servers
        seconds = self.extent.seconds
        command = [CLIENTS / "swarm", "topics", server.address, FOLLOWERS, seconds,
                   TOPICS_IN_FLIGHT, spoken, quiet]
        with open(self.errors, "wb") as errors, ended_in_time(
                command, seconds + MORE_SECONDS, stderr=errors,
                stdin=subprocess.DEVNULL) as clients:
            if not clients.stdout.readline():
                finish(clients, self.errors)
            begin, memory = Cores([server.pid]), memory_kilobytes(server.pid)
            said = clients.stdout.readline()
            cores = Cores([server.pid]).since(begin)
            finish(clients, self.errors, said)
        result = json.loads(said)
        return {"perSecond": result["deliveriesPerSecond"],
                "messagesPerSecond": result["messagesPerSecond"],
                "leaderCores": cores[server.pid], "leaderMegabytes": memory / 1024}


def in_words(count, what):
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def load_in_words(figures):
    return (f"{figures['perSecond']:,.0f} commands/s, p50 {figures['p50Ms']:.2f} ms, "
            f"p99 {figures['p99Ms']:.2f} ms")


# ---- A server and its folder -----------------------------------------------------------------


def applied(server):
    """Index of the last entry; 0 while it does not answer."""
    status = server.status()
    return int(status["appliedIndex"]) if status else 0


def applied_by_now(server):
    return wait_until(lambda: applied(server), 30, f"{server.name} to answer")


def snapshots(server):
    """The indexes of those on disk."""
    return [int(file.name.split("-", 1)[1], 16) for file in server.folder.glob("snapshot-*")
            if file.suffix != ".tmp"]


def take_snapshot(server):
    """Returns when it is on disk."""
    least = applied_by_now(server)
    asked = server.group.muster("snapshot", "--server", server.address)
    if asked.returncode != 0:
        raise Failure(f"no snapshot: {asked.stderr}")
    wait_until(lambda: max(snapshots(server), default=0) >= least, 30,
               f"a snapshot of all up to {least}")


def start_again(server):
    """Kills it and starts it again: how long until it is ready, and has applied what it had."""
    wanted = applied_by_now(server)
    server.kill()
    log = sum(file.stat().st_size for file in server.folder.glob("log-*"))
    begun = time.monotonic()
    server.start()
    server.process.ready.wait(MORE_SECONDS)  # For its first line.
    server.wait_ready()
    ready = time.monotonic()
    wait_until(lambda: applied(server) >= wanted, 60, f"{wanted} to be applied")
    return {"readyMs": (ready - begun) * 1e3, "appliedMs": (time.monotonic() - begun) * 1e3,
            "logMegabytes": log / 1e6}
