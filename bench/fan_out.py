#!/usr/bin/env python3
"""bench/fan_out.py [MUSTER] [SWARM] [--seconds N] [--only fan-out|latency|idle]

Measures on real servers, in a temporary folder, and prints tables for bench/RESULTS.md: messages
of the chat from one sender to 100 and 1,000 followers of one server, how long a message is under way
to followers at each of three servers, and the memory of 1,000 and 10,000 sessions that do nothing.
SWARM is the program built from bench/swarm.cc with -DMUSTER_BENCH=ON.
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
from measure import memory_megabytes  # noqa: E402
from muster_processes import Failure, Group  # noqa: E402

IDLE_SECONDS = 5


def cpu_seconds(server):
    """User and system time that a server has used."""
    fields = pathlib.Path(f"/proc/{server.process.process.pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(int(each) for each in fields.split()[11:13]) / 100


def swarm(program, group, *arguments, seconds=120):
    done = subprocess.run([program, *map(str, arguments)], env=group.environment(), timeout=seconds,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def measure_fan_out(program, binary, seconds):
    print("| followers | in flight | messages/s | deliveries/s | server's CPU |")
    print("| --- | --- | --- | --- | --- |")
    for followers in (100, 1_000):
        for in_flight in (64, 512, 1_000):
            with Group(1, options=["--found", "now"], binary=binary) as group:
                group.start()
                server = group.servers[0]
                before = cpu_seconds(server)
                result = swarm(program, group, "fan-out", server.address, followers, seconds,
                               in_flight, server.address)
                used = (cpu_seconds(server) - before) / result["seconds"]
                print(f"| {followers:,} | {in_flight} | {result['messagesPerSecond']:,.0f} | "
                      f"{result['deliveriesPerSecond']:,.0f} | {used:.2f} |", flush=True)
    print()


def measure_latency(program, binary, seconds):
    print("| followers | at | p50 ms | p99 ms | greatest ms |")
    print("| --- | --- | --- | --- | --- |")
    for followers in (1, 100, 1_000):
        with Group(3, binary=binary) as group:
            group.start()
            leader = group.leader()
            other = group.followers()[0]
            for place, servers in (("the leader", [leader]), ("a follower", [other]),
                                   ("all three", group.servers)):
                if followers == 1 and place == "all three":
                    continue
                result = swarm(program, group, "fan-out", leader.address, followers, seconds, 0,
                               *[each.address for each in servers])
                print(f"| {followers:,} | {place} | {result['p50Ms']:.2f} | "
                      f"{result['p99Ms']:.2f} | {result['greatestMs']:.1f} |", flush=True)
    print()


def measure_idle(program, binary):
    print("| idle sessions | server before | with them | each | server's CPU |")
    print("| --- | --- | --- | --- | --- |")
    for sessions in (1_000, 10_000):
        with Group(1, options=["--found", "now"], binary=binary) as group:
            group.start()
            server = group.servers[0]
            before = memory_megabytes(server)
            with subprocess.Popen([program, "idle", server.address, str(sessions)],
                                  env=group.environment(), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True) as clients:
                if not clients.stdout.readline():
                    raise Failure("the sessions could not be opened")
                used = cpu_seconds(server)
                time.sleep(IDLE_SECONDS)
                used = (cpu_seconds(server) - used) / IDLE_SECONDS
                after = memory_megabytes(server)
                clients.stdin.close()
                if clients.wait() != 0:
                    raise Failure("a session was lost")
            print(f"| {sessions:,} | {before:.1f} MB | {after:.1f} MB | "
                  f"{(after - before) * 1_024 / sessions:.2f} kB | {used:.2f} |", flush=True)
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("swarm", nargs="?", default=str(root / "build/release/bench/swarm"))
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement (5)")
    parser.add_argument("--only", choices=["fan-out", "latency", "idle"])
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.muster).resolve())
    program = str(pathlib.Path(arguments.swarm).resolve())
    if arguments.only in (None, "fan-out"):
        measure_fan_out(program, binary, arguments.seconds)
    if arguments.only in (None, "latency"):
        measure_latency(program, binary, arguments.seconds)
    if arguments.only in (None, "idle"):
        measure_idle(program, binary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
