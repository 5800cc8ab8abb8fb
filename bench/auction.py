#!/usr/bin/env python3
"""bench/auction.py [MUSTER] [--bidders N] [--lots N] [--seconds N] [--rounds N]

Measures auctions of three real servers, and prints a table for bench/RESULTS.md. `muster auction house`
has real clients, one process for all, each with one bid under way. First as fast as they can, with nine
in ten bids lost on purpose, settled at the homes and all brought to the log, in turn: bids a second,
latency, bids in the log, and the leader's CPU, which is home of a third of the bidders as well. Then the
same with a bid of each every 200 ms, and a house as people are. Each run ends with its own check: every receipt in the record once, equal chains on all servers.
"""

import argparse
import json
import pathlib
import sys
import threading
import time

root = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests" / "process"))
from fan_out import cpu_seconds  # noqa: E402
from muster_processes import Failure, Group  # noqa: E402


class Load:
    """The CPU of a server while the lots are open: opening, closing and checking is not counted."""

    def __init__(self, server, seconds):
        self.server, self.seconds, self.used = server, seconds, 0.0
        self.thread = threading.Thread(target=self.measure)

    def measure(self):
        time.sleep(self.seconds * 0.25)
        before, begun = cpu_seconds(self.server), time.monotonic()
        time.sleep(self.seconds * 0.5)
        self.used = (cpu_seconds(self.server) - before) / (time.monotonic() - begun)


def house(group, options, *more):
    """What the house has to say, and the cores that the leader used in between."""
    leader = group.leader()
    load = Load(leader, options.seconds)
    load.thread.start()
    done = group.muster("auction", "house", "--lots", str(options.lots), "--bidders",
                        str(options.bidders), "--duration", f"{options.seconds}s", "--json",
                        *more, *group.server_options(), seconds=options.seconds + 120)
    load.thread.join()
    told = json.loads(done.stdout)
    if told["lost"] or told["surplus"] or told["faults"]:
        raise Failure(f"the record does not fit: {told}")
    return told, load.used


def row(name, told, cores):
    bids = told["bidsPerSecond"]
    print(f"| {name} | {bids:,.0f} | {told['p50Ms']:.2f} | {told['p99Ms']:.2f} "
          f"| {told['inLog'] / told['bids']:.1%} | {cores:.2f} | {1e6 * cores / bids:.0f} |",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("--bidders", type=int, default=1_000, help="(1,000)")
    parser.add_argument("--lots", type=int, default=20, help="(20)")
    parser.add_argument("--seconds", type=int, default=12, help="that the lots are open (12)")
    parser.add_argument("--rounds", type=int, default=3, help="of all runs (3)")
    options = parser.parse_args()
    print("| bids | per second | p50, ms | p99, ms | in the log | leader's cores "
          "| leader, µs a bid |\n| --- | --- | --- | --- | --- | --- | --- |")
    for _ in range(options.rounds):
        with Group(3, binary=options.muster) as group:
            group.start()
            for name, more in (("90 % lost, settled at home", ["--losing", "90", "--pace", "0ms"]),
                               ("90 % lost, all to the log",
                                ["--losing", "90", "--pace", "0ms", "--no-settle-at-home"]),
                               ("the same every 200 ms, at home", ["--losing", "90"]),
                               ("the same every 200 ms, all to the log",
                                ["--losing", "90", "--no-settle-at-home"]),
                               ("as people are, every 200 ms", [])):
                row(name, *house(group, options, *more))


if __name__ == "__main__":
    main()
