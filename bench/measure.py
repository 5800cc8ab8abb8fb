#!/usr/bin/env python3
"""bench/measure.py [MUSTER] [--seconds N] [--kills N] [--size BYTES] [--only load|failover]

Measures a group of three servers on this machine, in a temporary folder, with `muster bench`, and
prints the figures of bench/RESULTS.md as tables: durable commands per second and latency at 1, 256
and 4,096 commands in flight with the client on the leader and on a follower, memory of a server
afterwards, and the time from `kill -9` of the leader to the next acknowledged command.
"""

import argparse
import pathlib
import statistics
import sys
import time

root = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests" / "process"))
from muster_processes import Failure, Group  # noqa: E402

LOADS = [(1, 1), (1, 256), (16, 4096)]


def memory_megabytes(server):
    """Memory of its own that a server holds, without the files it maps (RssAnon)."""
    status = pathlib.Path(f"/proc/{server.process.process.pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def home_first(group, home):
    return [home] + [each for each in group.servers if each is not home]


def measure_load(group, seconds, size):
    print("| clients | in flight | client on | commands/s | p50 ms | p99 ms | p99.9 ms | errors |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for clients, in_flight in LOADS:
        for place in ("leader", "follower"):
            leader = group.leader()
            home = leader if place == "leader" else group.followers()[0]
            load = group.start_load("--verify", "--clients", str(clients), "--in-flight",
                                    str(in_flight), "--size", str(size), "--duration",
                                    f"{seconds}s", servers=home_first(group, home))
            result, code = group.finish_load(load, seconds + 60)
            if code != 0:
                raise Failure(f"exit {code}: {result}")
            print(f"| {clients} | {in_flight} | {place} | {result['commandsPerSecond']:,.0f} | "
                  f"{result['p50Ms']:.2f} | {result['p99Ms']:.2f} | {result['p999Ms']:.2f} | "
                  f"{result['errors']} |", flush=True)
    memory = ", ".join(f"{memory_megabytes(each):.0f} MB" for each in group.servers)
    print(f"\nMemory per server afterwards (RssAnon): {memory}\n", flush=True)


def kill_once(group, victim_is_home):
    """Milliseconds from the kill of the leader to the next acknowledgement."""
    leader = group.leader()
    home = leader if victim_is_home else group.followers()[0]
    load = group.start_load("--verify", "--in-flight", "1", "--warm-up", "0", "--duration", "4s",
                            "--timeout", "30s", servers=home_first(group, home))
    killed_at = leader.kill()
    time.sleep(1)
    leader.start()
    leader.wait_ready()
    result, code = group.finish_load(load)
    if code != 0:
        raise Failure(f"exit {code}: {result}")
    group.wait_equal()
    time.sleep(2.5)  # The returned server may be handed the leadership; that is another matter.
    for gap in result["gaps"]:
        end = gap["fromMonotonicMs"] + gap["ms"]
        if gap["fromMonotonicMs"] <= killed_at < end:
            return end - killed_at
    return result["gaps"][-1]["ms"]  # It took less than the shortest of the gaps kept.


def measure_failover(group, kills):
    print("| from kill -9 of the leader to the next acknowledgement | median ms | least | greatest |")
    print("| --- | --- | --- | --- |")
    for victim_is_home in (False, True):
        times = [kill_once(group, victim_is_home) for _ in range(kills)]
        home = "the victim" if victim_is_home else "a survivor"
        print(f"| client connected to {home}, {kills} kills | {statistics.median(times):.1f} | "
              f"{min(times):.1f} | {max(times):.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("--seconds", type=int, default=10, help="of each load (10)")
    parser.add_argument("--kills", type=int, default=20, help="of the leader, for each case (20)")
    parser.add_argument("--size", type=int, default=128, help="bytes of a command (128)")
    parser.add_argument("--only", choices=["load", "failover"])
    arguments = parser.parse_args()
    with Group(binary=str(pathlib.Path(arguments.muster).resolve())) as group:
        group.start()
        if arguments.only != "failover":
            measure_load(group, arguments.seconds, arguments.size)
        if arguments.only != "load":
            measure_failover(group, arguments.kills)
    return 0


if __name__ == "__main__":
    sys.exit(main())
