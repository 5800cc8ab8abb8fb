#!/usr/bin/env python3
"""bench/city.py [MUSTER] [--seconds N] [--rounds N] [--only city|saturation|clients]

Measures cities of real clients (`muster mobility city`, one process for all units) on three real
servers, and prints tables for bench/RESULTS.md:

city        500 cars, 40 ambulances, 6 hospitals, 60 lights, heartbeats every 15 ms, 30 crashes a
            minute: cores of each server and of the clients, traffic over the loopback interface,
            time from a crash until it is acknowledged and until an ambulance was told.
saturation  incidents closed in a second when cars crash faster than that, in a city that lives a
            thousand times faster than real time.
clients     cores of each server with more and more cars at 15 ms.
"""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import time

root = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests" / "process"))
from fan_out import cpu_seconds  # noqa: E402
from measure import memory_megabytes  # noqa: E402
from muster_processes import Failure, Group  # noqa: E402

SETTLE_SECONDS = 3  # After all units were signed on.
PATIENCE_SECONDS = 60


def loopback_bytes():
    """Sent over the loopback interface since the machine started."""
    for line in pathlib.Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[8])
    raise Failure("there is no loopback interface")


def cpu_of(process):
    """Processor seconds that a process of ours has used."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Measured:
    """A city's last figures, and what was used while it lived, after it had settled."""

    def __init__(self, group, options, seconds):
        command = [group.binary, "mobility", "city", "--json", *options, *group.server_options()]
        with subprocess.Popen(command, env=group.environment(), stdout=subprocess.PIPE,
                              text=True) as city:
            settled = before = None
            told = {}
            for line in city.stdout:
                told = json.loads(line)
                now = time.monotonic()
                if settled is None and told["signedOn"] == told["units"]:
                    settled = now
                if before is None and settled is not None and now - settled >= SETTLE_SECONDS:
                    before, self.at_first = self.usage(group, city), told
                elif before is not None and now - before[0] >= seconds:
                    break
                elif settled is None and told["elapsedMs"] > PATIENCE_SECONDS * 1_000:
                    raise Failure(f"not all units are signed on: {told}")
            if before is None:
                raise Failure(f"the city ended too early: {told}")
            after, self.at_last = self.usage(group, city), told
            city.send_signal(signal.SIGINT)
            rest = city.stdout.read().splitlines()
            if city.wait(60) != 0:
                raise Failure(f"the city ended with {city.returncode}")
        self.summary = json.loads(rest[-1])
        self.took = after[0] - before[0]
        self.traffic = (after[1] - before[1]) / self.took
        self.client_cores = (after[2] - before[2]) / self.took
        self.server_cores = [(b - a) / self.took for a, b in zip(before[3], after[3])]

    @staticmethod
    def usage(group, city):
        return (time.monotonic(), loopback_bytes(), cpu_of(city),
                [cpu_seconds(server) for server in group.servers])


def cores(measured):
    return ", ".join(f"{each:.2f}" for each in measured.server_cores)


def measure_city(group, seconds):
    measured = Measured(group, ["--grid", "20x12", "--cars", "500", "--ambulances", "40",
                                "--hospitals", "6", "--lights", "60", "--beds", "60",
                                "--crashes-per-minute", "30", "--pace", "5"], seconds)
    told = measured.summary
    memory = ", ".join(f"{memory_megabytes(each):.0f}" for each in group.servers)
    print(f"| {told['units']} | {cores(measured)} | {measured.client_cores:.2f} "
          f"| {measured.traffic / 1e6:.1f} | {memory} | {told['acknowledgedP50Ms']:.1f} "
          f"| {told['acknowledgedP99Ms']:.1f} | {told['dispatchedP50Ms']:.1f} "
          f"| {told['dispatchedP99Ms']:.1f} | {told['sessionsEnded']} |", flush=True)


def measure_saturation(group, seconds):
    measured = Measured(group, ["--grid", "20x12", "--cars", "2000", "--ambulances", "600",
                                "--hospitals", "40", "--lights", "0", "--beds", "1000",
                                "--crashes-per-minute", "60000", "--pace", "1000",
                                "--heartbeat-interval", "1s"], seconds)
    first, last = measured.at_first["figures"], measured.at_last["figures"]
    span = (measured.at_last["elapsedMs"] - measured.at_first["elapsedMs"]) / 1_000
    print(f"| {(last['closed'] - first['closed']) / span:,.0f} "
          f"| {(last['incidents'] - first['incidents']) / span:,.0f} | {last['waiting']:,} "
          f"| {cores(measured)} | {measured.client_cores:.2f} |", flush=True)


def measure_clients(group, cars, seconds):
    measured = Measured(group, ["--cars", str(cars), "--ambulances", "0", "--hospitals", "0",
                                "--lights", "0", "--crashes-per-minute", "0"], seconds)
    print(f"| {cars:,} | {cars / 3:,.0f} | {cores(measured)} | {measured.client_cores:.2f} "
          f"| {measured.traffic / 1e6:.1f} | {measured.summary['sessionsEnded']} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("--seconds", type=int, default=30, help="of each measurement (30)")
    parser.add_argument("--rounds", type=int, default=3, help="of all of them (3)")
    parser.add_argument("--only", choices=("city", "saturation", "clients"))
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.muster).resolve())

    def rounds(name, heading, run):
        if arguments.only not in (None, name):
            return
        print(f"\n{name}\n\n{heading}\n" + "| --- " * heading.count(" | ") + "| --- |")
        for _ in range(arguments.rounds):
            with Group(3, binary=binary) as group:
                group.start()
                run(group)

    rounds("city", "| units | cores of servers | of clients | MB/s | memory, MB | acknowledged p50, ms "
           "| p99 | ambulance told p50, ms | p99 | sessions ended |",
           lambda group: measure_city(group, arguments.seconds))
    rounds("saturation", "| closed a second | reported a second | waiting | cores of servers "
           "| of clients |", lambda group: measure_saturation(group, arguments.seconds))
    for cars in (500, 1_000, 2_000):
        rounds("clients", "| cars | of one server | cores of servers | of clients | MB/s "
               "| sessions ended |",
               lambda group, cars=cars: measure_clients(group, cars, arguments.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
