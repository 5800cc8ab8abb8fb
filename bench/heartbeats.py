#!/usr/bin/env python3
"""bench/heartbeats.py [MUSTER] [HEARTBEATS] [--seconds N] [--rounds N]

Measures a real server whose clients give signs of life, and prints a table for bench/RESULTS.md: the
server's CPU and memory, and how many heartbeats it heard in a second, with 2,000 clients every 15 ms,
by datagram and over their connections, and with 10,000 clients every second. HEARTBEATS is the program
built from bench/heartbeats.cc with -DMUSTER_BENCH=ON; all clients are in that one process.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

root = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests" / "process"))
from fan_out import cpu_seconds  # noqa: E402
from measure import memory_megabytes  # noqa: E402
from muster_processes import Failure, Group  # noqa: E402

SETTLE_SECONDS = 3
CASES = ((2_000, 15, "datagrams"), (2_000, 15, "connections"), (10_000, 1_000, "connections"))
COUNTS = ("clientHeartbeatsByDatagram", "clientHeartbeatsOverConnection")


def heard(group, server):
    """How many heartbeats of clients it has heard since it started."""
    asked = group.muster("rmi", server.address, "stats", "--json")
    if asked.returncode != 0:
        raise Failure("the server does not say what it heard: " + asked.stderr)
    stats = json.loads(asked.stdout)["result"]
    return sum(int(stats.get(each, 0)) for each in COUNTS)


def measure(program, binary, clients, interval, way, seconds):
    """Cores used, heartbeats heard in a second, megabytes."""
    with Group(1, options=["--found", "now"], binary=binary) as group:
        group.start()
        server = group.servers[0]
        with subprocess.Popen([program, server.address, str(clients), str(interval), way],
                              env=group.environment(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as senders:
            if not senders.stdout.readline():
                raise Failure("the sessions could not be opened")
            time.sleep(SETTLE_SECONDS)
            counted_at, counted = time.monotonic(), heard(group, server)
            begun, before = time.monotonic(), cpu_seconds(server)
            time.sleep(seconds)
            used = (cpu_seconds(server) - before) / (time.monotonic() - begun)
            rate = (heard(group, server) - counted) / (time.monotonic() - counted_at)
            memory = memory_megabytes(server)
            senders.stdin.close()
            if not json.loads(senders.stdout.readline()) or senders.wait() != 0:
                raise Failure("a session was lost")
        return used, rate, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("heartbeats", nargs="?",
                        default=str(root / "build/release/bench/heartbeats"))
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement (10)")
    parser.add_argument("--rounds", type=int, default=3, help="of all of them (3)")
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.muster).resolve())
    program = str(pathlib.Path(arguments.heartbeats).resolve())
    print("| clients | every | way | heard per s | server's CPU | memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    for _ in range(arguments.rounds):
        for clients, interval, way in CASES:
            used, rate, memory = measure(program, binary, clients, interval, way,
                                         arguments.seconds)
            print(f"| {clients:,} | {interval} ms | {way} | {rate:,.0f} | {used:.2f} | "
                  f"{memory:.1f} MB |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
