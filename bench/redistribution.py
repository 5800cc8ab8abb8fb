#!/usr/bin/env python3
"""bench/redistribution.py [MUSTER] [OUTAGE] [--sessions N] [--rate N] [--clients N] [--kills N]
                           [--only steps|outage|join]

What clients notice while their servers come and go, on a group of three servers of this machine; prints
tables for bench/RESULTS.md.

- steps: sessions under load through a drain and an undrain, a restart of each server one after the other,
  and `kill -9` of the leader and of a follower; at the end what was acknowledged is compared with what the
  group and each server has.
- outage: from `kill -9` of a server until the last of its clients, a third of all, has an answer again.
  OUTAGE is the program built from bench/outage.cc with -DMUSTER_BENCH=ON.
- join: how the sessions are spread after a fourth server has come, and how long it took.

Exits 1 if a command failed, was lost or was taken twice.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

root = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests" / "process"))
from free_servers import FreeGroup  # noqa: E402
from muster_processes import Failure, wait_until  # noqa: E402

PATIENCE_SECONDS = 60
PAUSE_MS = 200
TOLD = ("errors", "unknown", "lost", "twice", "different")


def clients_of(server):
    return {name: each["clients"] for name, each in server.members().items()}


def wait_even(group, names, sessions):
    """Until these servers have all sessions, each its share up to a tenth; how many each has."""
    seen = {}
    share = sessions / len(names)

    def even():
        seen.clear()
        seen.update(clients_of(group[names[0]]))
        shares = [seen.get(name, 0) for name in names]
        return sum(shares) == sessions and all(abs(one - share) <= share / 10 + 1
                                               for one in shares)
    wait_until(even, PATIENCE_SECONDS, lambda: f"{sessions} sessions shared by {names}: {seen}")
    return dict(seen)


def drain(group, name, sessions):
    done = group.muster("drain", name)
    if done.returncode != 0:
        raise Failure(done.stderr)
    others = [each.name for each in group.servers if each.name != name]
    wait_until(lambda: clients_of(group[name])[name] == 0, PATIENCE_SECONDS, f"{name} is empty")
    wait_even(group, others, sessions)


def undrain(group, name, sessions):
    done = group.muster("undrain", name)
    if done.returncode != 0:
        raise Failure(done.stderr)
    wait_even(group, "abc", sessions)


def come_back(group, name, sessions):
    group[name].start()
    group[name].wait_ready()
    group.wait_state(name, "ALIVE")
    wait_even(group, "abc", sessions)


def restart(group, name, sessions):
    if group[name].stop() != 0:
        raise Failure(f"{name} did not stop well")
    come_back(group, name, sessions)


def kill(group, name, sessions):
    group[name].kill()
    wait_even(group, [each.name for each in group.running], sessions)
    come_back(group, name, sessions)


def steps_of(group, sessions):
    follower = next(each.name for each in group.servers if each is not group.leader())
    yield f"drain of {follower}", lambda: drain(group, follower, sessions)
    yield f"undrain of {follower}", lambda: undrain(group, follower, sessions)
    for name in "abc":
        what = "leader" if group.leader().name == name else "follower"
        yield f"restart of {name} ({what})", lambda one=name: restart(group, one, sessions)
    leader = group.leader().name
    yield f"`kill -9` of the leader, {leader}, and return", lambda: kill(group, leader, sessions)
    follower = next(each.name for each in group.servers if each is not group.leader())
    yield f"`kill -9` of a follower, {follower}, and return", \
        lambda: kill(group, follower, sessions)


def longest_pause(result, begun, ended):
    """Milliseconds without any acknowledgement, of those that the load has kept."""
    pauses = [gap["ms"] for gap in result["gaps"] if begun <= gap["fromMonotonicMs"] <= ended]
    least = min((gap["ms"] for gap in result["gaps"]), default=0)
    return f"{max(pauses):.0f}" if pauses else f"under {least:.0f}"


def measure_steps(binary, sessions, rate, seconds):
    with FreeGroup(binary=binary) as group:
        group.found()
        load = group.start_load("--verify", "--clients", str(sessions), "--rate", str(rate),
                                "--warm-up", "0", "--duration", f"{seconds}s", "--timeout", "30s")
        wait_even(group, "abc", sessions)
        taken = []
        for what, do in steps_of(group, sessions):
            begun = time.monotonic_ns() / 1e6
            do()
            taken.append((what, begun, time.monotonic_ns() / 1e6))
            print(f"  {what}: {(taken[-1][2] - begun) / 1e3:.1f} s", file=sys.stderr, flush=True)
        if not load.running:
            raise Failure("the load ended before all was done: give more --seconds")
        result, code = group.finish_load(load, seconds + 120)
        group.wait_equal()
    print(f"{sessions:,} sessions, {rate:,} commands a second fell due for "
          f"{result['seconds']:.0f} s, load average {os.getloadavg()[0]:.0f}.\n")
    print("| step | until all is even again, s | longest pause of all acknowledgements, ms |")
    print("| --- | --- | --- |")
    for what, begun, ended in taken:
        print(f"| {what} | {(ended - begun) / 1e3:.1f} | {longest_pause(result, begun, ended)} |")
    print(f"\nAcknowledged {result['commands']:,}; " +
          ", ".join(f"{what} {result[what]}" for what in TOLD) +
          f"; latency from when a command fell due: p50 {result['p50Ms']:.1f} ms, p99 "
          f"{result['p99Ms']:.1f} ms, greatest {result['greatestMs']:.0f} ms.\n", flush=True)
    if code != 0 or any(result[what] for what in TOLD):
        raise Failure(f"exit {code}: {result}")


class Callers:
    """The program that measures outages."""

    def __init__(self, program, group, clients):
        self.process = subprocess.Popen(
            [program, str(clients), str(PAUSE_MS), *[each.address for each in group.servers]],
            env=group.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            raise Failure("the sessions could not be opened")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def finish(self):
        self.process.stdin.close()
        result = json.loads(self.process.stdout.readline())
        if self.process.wait() != 0 or result["failed"]:
            raise Failure(f"commands failed: {result['failed']}")
        return result


def measure_outages(binary, program, clients, kills):
    killed = []
    with FreeGroup(binary=binary) as group:
        group.found()
        with Callers(program, group, 3 * clients) as callers:
            for number in range(2 * kills):
                wait_even(group, "abc", 3 * clients)
                time.sleep(3)
                leader = group.leader()
                victim = leader if number % 2 == 0 else next(
                    each for each in group.servers if each is not leader)
                killed.append(("the leader" if victim is leader else "a follower", victim.kill()))
                time.sleep(3)
                victim.start()
                victim.wait_ready()
                group.wait_state(victim.name, "ALIVE")
            result = callers.finish()
    print(f"\n{3 * clients:,} sessions, each with a command every {PAUSE_MS} ms; "
          f"{result['answered']:,} answered, 0 failed; load average {os.getloadavg()[0]:.0f}.\n")
    print("| `kill -9` of | its clients | served again, median ms | the last, ms |")
    print("| --- | --- | --- | --- |")
    for what, at in killed:
        times = sorted(served - at for lost, served in result["outages"] if at <= lost < at + 3_000)
        if times:
            print(f"| {what} | {len(times):,} | {statistics.median(times):.0f} | "
                  f"{times[-1]:.0f} |", flush=True)


def measure_join(binary, sessions, rate):
    with FreeGroup(binary=binary) as group:
        group.found()
        load = group.start_load("--verify", "--clients", str(sessions), "--rate", str(rate),
                                "--warm-up", "0", "--duration", "40s", "--timeout", "30s")
        before = wait_even(group, "abc", sessions)
        begun = time.monotonic()
        group.add("d").start()
        group["d"].wait_ready()
        ready = time.monotonic() - begun
        after = wait_even(group, "abcd", sessions)
        even = time.monotonic() - begun
        time.sleep(3)
        rest = clients_of(group["a"])
        result, code = group.finish_load(load, 120)
    if code != 0 or any(result[what] for what in TOLD):
        raise Failure(f"exit {code}: {result}")
    print("\n| | a | b | c | d |\n| --- | --- | --- | --- | --- |")
    for what, seen in (("before", before), (f"{even:.1f} s after the start of d", after),
                       ("3 s later", rest)):
        print(f"| {what} | " + " | ".join(str(seen.get(name, "")) for name in "abcd") + " |")
    print(f"\n`ready` after {ready:.2f} s; acknowledged {result['commands']:,}, "
          + ", ".join(f"{what} {result[what]}" for what in TOLD)
          + f"; greatest latency {result['greatestMs']:.0f} ms; load average "
          f"{os.getloadavg()[0]:.0f}.", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("muster", nargs="?", default=str(root / "muster"))
    parser.add_argument("outage", nargs="?", default=str(root / "build/release/bench/outage"))
    parser.add_argument("--sessions", type=int, default=2_000, help="under load (2000)")
    parser.add_argument("--rate", type=int, default=4_000, help="commands a second in all (4000)")
    parser.add_argument("--clients", type=int, default=1_000, help="of the server killed (1000)")
    parser.add_argument("--kills", type=int, default=3, help="of the leader and of a follower (3)")
    parser.add_argument("--seconds", type=int, default=150, help="that the steps have (150)")
    parser.add_argument("--only", choices=["steps", "outage", "join"])
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.muster).resolve())
    try:
        if arguments.only in (None, "steps"):
            measure_steps(binary, arguments.sessions, arguments.rate, arguments.seconds)
        if arguments.only in (None, "outage"):
            measure_outages(binary, str(pathlib.Path(arguments.outage).resolve()),
                            arguments.clients, arguments.kills)
        if arguments.only in (None, "join"):
            measure_join(binary, arguments.sessions, arguments.rate)
    except Failure as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
