#!/usr/bin/env python3
"""bench/irc.py [MUSTER] [SWARM] [--seconds N] [--rounds N] [--only fan-out|idle]

Deliveries per second to 100 and 1,000 members of one channel on one server, and the memory of an idle
client, over IRC: Muster's gateway beside InspIRCd and ngIRCd (Debian packages inspircd and ngircd,
which must be installed), each with its flood limits off. Rounds take the servers in turn; the table
has medians and ranges for bench/RESULTS.md. SWARM is the program built from bench/plain_swarm.cc with
-DMUSTER_BENCH=ON. What Muster delivers is ordered and on disk before; the others keep nothing.
"""

import argparse
import pathlib
import shutil
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from comparison import fan_out  # noqa: E402
from comparison.fan_out import FOLLOWERS, IDLE_CLIENTS, IN_FLIGHT  # noqa: E402
from comparison.groups import root  # noqa: E402


def spread(figures):
    return f"{statistics.median(figures):,.0f} ({min(figures):,.0f}–{max(figures):,.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("swarm", nargs="?", default=str(root / "build/release/bench/plain_swarm"))
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement (4)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--only", choices=["fan-out", "idle"])
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.muster).resolve())
    swarms = pathlib.Path(arguments.swarm).resolve().parent
    for program in ("inspircd", "ngircd"):
        if shutil.which(f"/usr/sbin/{program}") is None:
            parser.error(f"{program} is not installed: apt-get install {program}")
    makes = [make for key in ("muster", "inspircd", "ngircd") for make in fan_out.MAKES[key]
             if make.protocol == "irc"]

    if arguments.only in (None, "fan-out"):
        print("| members | in flight | " + " | ".join(make.title for make in makes) + " |")
        print("| --- | --- |" + " --- |" * len(makes))
        for followers in FOLLOWERS:
            for in_flight in IN_FLIGHT:
                figures = {make.title: [] for make in makes}
                for _ in range(arguments.rounds):
                    for make in makes:
                        with make.start(binary) as (_, port):
                            figures[make.title].append(fan_out.deliveries(
                                make, swarms, port, followers, arguments.seconds, in_flight))
                cells = " | ".join(spread(each) for each in figures.values())
                print(f"| {followers:,} | {in_flight} | {cells} |", flush=True)
        print()
    if arguments.only in (None, "idle"):
        print(f"Memory of an idle client, of {IDLE_CLIENTS:,} (RssAnon of the server):", end="")
        for make in makes:
            with make.start(binary) as (process, port):
                kilobytes = fan_out.idle_kilobytes(make, swarms, process, port)
                print(f" {make.title} {kilobytes:.1f} kB;", end="", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
