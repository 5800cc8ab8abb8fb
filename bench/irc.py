#!/usr/bin/env python3
"""bench/irc.py [MUSTER] [SWARM] [--seconds N] [--rounds N] [--only fan-out|idle]

Deliveries per second to 100 and 1,000 members of one channel on one server, and the memory of an idle
client, over IRC: Muster's gateway beside InspIRCd and ngIRCd (Debian packages inspircd and ngircd,
which must be installed), each with its flood limits off. Rounds take the servers in turn; the table
has medians and ranges for bench/RESULTS.md. SWARM is the program built from bench/irc_swarm.cc with
-DMUSTER_BENCH=ON. What Muster delivers is ordered and on disk before; the others keep nothing.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests" / "process"))
from muster_processes import HOST, Failure, Group, free_ports, wait_until  # noqa: E402

FOLLOWERS = (100, 1_000)
IN_FLIGHT = (64, 512)
IDLE_CLIENTS = 1_000

INSPIRCD = """
<server name="irc.local" description="bench" network="bench">
<admin name="a" nick="a" email="a@local">
<bind address="{host}" port="{port}" type="clients">
<connect allow="*" timeout="60" threshold="100000" commandrate="100000000" fakelag="no"
  pingfreq="600" hardsendq="100M" softsendq="100M" recvq="100M" localmax="20000" globalmax="20000"
  maxconnwarn="no" limit="20000" resolvehostnames="no" useident="no">
<performance softlimit="20000" somaxconn="512" netbuffersize="10240" quietbursts="yes">
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


def listens(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


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
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: listens(port), 20, f"{command[0]} to listen")
                yield process.pid, port
            finally:
                process.kill()


def inspircd():
    return foreign(INSPIRCD, ["inspircd", "--runasroot", "--nofork", "--config", "{file}"])


def ngircd():
    return foreign(NGIRCD, ["ngircd", "--nodaemon", "--config", "{file}"])


@contextlib.contextmanager
def muster(binary):
    [port] = free_ports(1)
    options = ["--found", "now", "--irc-port", str(port), "--irc-rate", "1000000",
               "--irc-burst", "1000000"]
    with Group(1, options=options, binary=binary) as group:
        group.start()
        yield group.servers[0].process.process.pid, port


def memory_kilobytes(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("RssAnon"))
    return int(line.split()[1])


def deliveries(swarm, port, followers, seconds, in_flight):
    done = subprocess.run([swarm, "fan-out", f"{HOST}:{port}", str(followers), str(seconds),
                           str(in_flight)], capture_output=True, text=True, check=False, timeout=180)
    if done.returncode != 0:
        raise Failure(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["deliveriesPerSecond"]


def idle_kilobytes(swarm, process, port):
    before = memory_kilobytes(process)
    with subprocess.Popen([swarm, "idle", f"{HOST}:{port}", str(IDLE_CLIENTS)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        if not clients.stdout.readline():
            raise Failure("the clients could not register")
        after = memory_kilobytes(process)
        clients.stdin.close()
    return (after - before) / IDLE_CLIENTS


def spread(figures):
    return f"{statistics.median(figures):,.0f} ({min(figures):,.0f}–{max(figures):,.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("swarm", nargs="?", default=str(root / "build/release/bench/irc_swarm"))
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement (4)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--only", choices=["fan-out", "idle"])
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.muster).resolve())
    swarm = str(pathlib.Path(arguments.swarm).resolve())
    # Debian has both servers where only root's path leads.
    os.environ["PATH"] += ":/usr/sbin"
    makes = {"Muster": lambda: muster(binary), "InspIRCd": inspircd, "ngIRCd": ngircd}
    for program in ("inspircd", "ngircd"):
        if shutil.which(program) is None:
            parser.error(f"{program} is not installed: apt-get install {program}")

    if arguments.only in (None, "fan-out"):
        print("| members | in flight | " + " | ".join(makes) + " |")
        print("| --- | --- |" + " --- |" * len(makes))
        for followers in FOLLOWERS:
            for in_flight in IN_FLIGHT:
                figures = {name: [] for name in makes}
                for _ in range(arguments.rounds):
                    for name, start in makes.items():
                        with start() as (_, port):
                            figures[name].append(deliveries(swarm, port, followers,
                                                            arguments.seconds, in_flight))
                cells = " | ".join(spread(each) for each in figures.values())
                print(f"| {followers:,} | {in_flight} | {cells} |", flush=True)
        print()
    if arguments.only in (None, "idle"):
        print(f"Memory of an idle client, of {IDLE_CLIENTS:,} (RssAnon of the server):", end="")
        for name, start in makes.items():
            with start() as (process, port):
                print(f" {name} {idle_kilobytes(swarm, process, port):.1f} kB;", end="", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
