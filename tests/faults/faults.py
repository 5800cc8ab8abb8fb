"""Real faults on real processes: servers of registers, ten clients, and all that goes wrong with
machines and networks; then whether what the clients saw could have been so.

    faults.py [long] [--seed N] [--seconds N]

Without an argument 60 s of faults; `long`: 10 minutes. Without a seed a new one, which is printed:
the same seed draws the same troubles, though real time never passes the same way twice. Needs root's
rights and network namespaces; without them it ends with 77. docs/simulation.md says what is done and
what is checked.
"""

import argparse
import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

from field import CLIENTS, MACHINES, SERVERS, Field, registers
from muster_processes import Failure, default_binary, wait_until
from nemesis import TROUBLES, Nemesis, draw_plan
from networks import why_not

SECONDS, LONG_SECONDS = 60, 600
WHOLE_WITHIN_SECONDS = 60


def tell(text):
    print(text, flush=True)


def kinds_possible():
    kinds = list(TROUBLES)
    if not pathlib.Path("/dev/net/tun").exists():
        tell("there is no /dev/net/tun: nothing is delayed")
        kinds.remove("delay")
    return kinds


def wait_whole(field):
    """Until all servers are in one group, vote, are led by one, and take commands; how long it took."""
    begin = time.monotonic()
    for each in field.group.servers:
        each.wait_ready(WHOLE_WITHIN_SECONDS)

    def led_by_one():
        statuses = field.group.statuses()
        return all(each and each["writable"] for each in statuses) and \
            len({(each["groupId"], each["leader"]) for each in statuses}) == 1
    wait_until(led_by_one, WHOLE_WITHIN_SECONDS, lambda: f"one leader: {field.group.statuses()}")
    field.group.wait_voters(SERVERS, WHOLE_WITHIN_SECONDS)
    return time.monotonic() - begin


def end_clients(field):
    """Each has its last answer. How often the group gave up a session that it may, and in words which
    it gave up that it must not."""
    for each in field.clients:
        each.process.signal(signal.SIGTERM)
    ended = 0
    complaints = []
    for number, each in enumerate(field.clients, start=1):
        lost = int(re.fullmatch(r"sessions-ended=(\d+)", each.wait_end(60)).group(1))
        if number % 3 == 0:
            ended += lost
        elif lost:
            complaints.append(f"{each.name} lost its session {lost} times")
    return ended, complaints


def judge(field, histories):
    """What the judge says of these histories, and whether it finds nothing."""
    told = [field.path(f"told{machine}") for machine in MACHINES[len(SERVERS):]]
    begin = time.monotonic()
    done = subprocess.run([registers(), "judge", *histories, "--told", *told], check=False,
                          capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1):
        raise Failure(f"the judge ended with {done.returncode}: {done.stderr}")
    first, _, rest = done.stdout.partition("\n")
    figures = json.loads(first)
    figures["pauseEnded"] = round(figures.pop("pauseEndedMs") / 1000 - field.troubled_since, 1)
    figures["judgedSeconds"] = round(time.monotonic() - begin, 1)
    return figures, rest


def plant_wrong_read(field, histories):
    """A copy of the last history in which one key looks as if it had never been written."""
    written = {}
    for history in histories:
        for line in open(history):
            words = line.split()
            if words[0] == "write" and words[7] == "answered":
                written[words[3]] = True
    lines = open(field.path("history0")).read().splitlines()
    for place, line in enumerate(lines):
        words = line.split()
        if words[0] == "query" and words[3] in written:
            lines[place] = " ".join([*words[:-1], "0"])
            break
    else:
        raise Failure("no key was ever written")
    path = field.path("planted")
    pathlib.Path(path).write_text("\n".join(lines) + "\n")
    return path


def check(field):
    whole = wait_whole(field)
    tell(f"whole again after {whole:.1f} s")
    sessions_ended, complaints = end_clients(field)
    machine = MACHINES[-1]
    end = field.client("end", machine, "end", "--history", field.path("history0"),
                       *field.histories())
    end.wait_end(120)
    for each in field.followers:
        each.wait_end(60)
    field.group.wait_equal()

    verdict, violations = judge(field, [field.path("history0"), *field.histories()])
    tell(f"judged: {json.dumps(verdict)}")
    tell(f"sessions that the group gave up, of the {CLIENTS // 3} clients with a short timeout: "
         f"{sessions_ended}")
    if violations:
        complaints.append(violations)
    if verdict["undecided"]:
        complaints.append("too many orders are possible: the clients are too fast for the judge")
    if complaints:
        raise Failure("\n".join(complaints))
    planted = plant_wrong_read(field, field.histories())
    _, violations = judge(field, [planted, *field.histories()])
    if "is not linearizable" not in violations:
        raise Failure("the judge does not see a wrong read that was planted")


def run(seed, seconds):
    plan = draw_plan(seed, seconds, kinds_possible())
    with Field() as field:
        for each in field.group.servers:
            each.start()
        tell(f"five servers after {wait_whole(field):.1f} s")
        field.start_clients(seed)
        field.troubled_since = time.monotonic()
        nemesis = Nemesis(field, plan, tell)
        nemesis.run(seconds)
        tell(f"troubles: {dict(sorted(nemesis.done.items()))}, passed over {nemesis.passed}; servers "
             f"that ended because their disk was full: {field.ended_for_want_of_space}")
        check(field)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("length", nargs="?", choices=["long"])
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--seconds", type=int)
    options = parser.parse_args()
    reason = why_not()
    if reason:
        tell(f"skipped: {reason}")
        sys.exit(77)
    for program in (default_binary(), registers()):
        if not pathlib.Path(program).is_file():
            sys.exit(f"{program} is not built")
    seconds = options.seconds or (LONG_SECONDS if options.length else SECONDS)
    tell(f"faults.py --seed {options.seed} --seconds {seconds}")
    begin = time.monotonic()
    try:
        run(options.seed, seconds)
    except Failure as failure:
        tell(f"FAILED (--seed {options.seed} --seconds {seconds}): {failure}")
        sys.exit(1)
    tell(f"all of it holds ({time.monotonic() - begin:.0f} s)")


if __name__ == "__main__":
    main()
