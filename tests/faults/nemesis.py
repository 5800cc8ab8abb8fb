"""What goes wrong and when: drawn from a seed, in several tracks side by side.

Each kind of trouble is a context: harm is done when it is entered and undone when it is left. What it
yields says in words what was done. Which kinds there are, and how often, is drawn anew for each
spell of a run (swarm testing): with few kinds at a time a run comes to places that one with all of
them at once does not.
"""

import collections
import contextlib
import dataclasses
import os
import random
import threading
import time

from field import CLIENT_MACHINES, MACHINES, SERVERS, SMALL_DISKS
from muster_processes import Failure

TRACKS = 3
SPELL_SECONDS = 15.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 6.0
BETWEEN_SECONDS = 1.5  # At most.

TROUBLES = {}


class Passed(Exception):
    """It can't be done now: something else is being done to the same thing."""


def trouble(function):
    """A function that yields once becomes a kind of trouble, by its name."""
    TROUBLES[function.__name__.replace("_", " ")] = contextlib.contextmanager(function)
    return function


@contextlib.contextmanager
def holding(field, *things):
    if not field.hold(*things):
        raise Passed
    try:
        yield
    finally:
        field.let_go(*things)


def victim(field, choose):
    """Half of the time whoever leads."""
    name = choose.choice(SERVERS)
    wants_leader = choose.random() < 0.5
    return (field.leader() if wants_leader else None) or name


@contextlib.contextmanager
def dropping(field, rules):
    """`rules`: of each machine those that it drops."""
    for machine, lines in rules.items():
        field.drop(machine, *lines)
    try:
        yield
    finally:
        for machine, lines in rules.items():
            field.pass_again(machine, *lines)


# ---- Networks --------------------------------------------------------------------------------------

def between(field, some, others):
    return {machine: [field.from_machine(each) for each in others] for machine in some}


@trouble
def cut(field, choose):
    """Two servers hear nothing of each other."""
    one, other = choose.sample(SERVERS, 2)
    with dropping(field, {**between(field, one, other), **between(field, other, one)}):
        yield f"{one} and {other} are cut apart"


@trouble
def one_way_cut(field, choose):
    """A server hears nobody, or is heard by nobody, or of two only one hears the other."""
    name = victim(field, choose)
    others = [each for each in MACHINES if each != name]
    what = choose.choice(["hears nobody", "is not heard", "hears one less"])
    if what == "hears one less":
        others = [choose.choice([each for each in SERVERS if each != name])]
        what = f"does not hear {others[0]}"
    rules = between(field, others, name) if what == "is not heard" else between(field, name, others)
    with dropping(field, rules):
        yield f"{name} {what}"


@trouble
def isolation(field, choose):
    name = victim(field, choose)
    with dropping(field, {name: ['iifname "eth0" drop', 'oifname "eth0" drop']}):
        yield f"{name} is alone"


@trouble
def split(field, choose):
    """Servers and clients in two parts."""
    some = choose.sample(SERVERS, choose.choice([1, 2])) + choose.sample(
        CLIENT_MACHINES, choose.choice([0, 1]))
    others = [each for each in MACHINES if each not in some]
    with dropping(field, {**between(field, some, others), **between(field, others, some)}):
        yield f"{''.join(sorted(some))} and {''.join(others)} are cut apart"


@trouble
def clients_cut_off(field, choose):
    machine = choose.choice(CLIENT_MACHINES)
    with dropping(field, {machine: ['iifname "eth0" drop', 'oifname "eth0" drop']}):
        yield f"the clients on {machine} reach nobody"


@trouble
def loss(field, choose):
    machine = choose.choice(MACHINES)
    percent = choose.choice([2, 10, 30])
    with dropping(field, {machine: [f'iifname "eth0" numgen random mod 100 < {percent} drop',
                                    f'oifname "eth0" numgen random mod 100 < {percent} drop']}):
        yield f"{machine} loses {percent} % of what comes and goes"


@trouble
def rate_limit(field, choose):
    name = victim(field, choose)
    kilobits = choose.choice([300, 1000, 4000])
    with holding(field, "rate of " + name):
        field.limit_rate(name, kilobits)
        try:
            yield f"{name} sends {kilobits} kbit/s at most"
        finally:
            field.unlimit_rate(name)


@trouble
def delay(field, choose):
    """Packets late, out of order, some of them twice."""
    name = victim(field, choose)
    milliseconds = choose.choice([1, 10, 60])
    jitter = choose.choice([0, 5, 40, 150])
    doubled = choose.choice([0, 0, 5])
    with holding(field, "path of " + name):
        field.delay(name, milliseconds, jitter, doubled, choose.randrange(1 << 30))
        try:
            yield f"{name} is {milliseconds} ms away, up to {jitter} more, {doubled} % come twice"
        finally:
            field.undelay(name)


# ---- Processes and disks ---------------------------------------------------------------------------

@trouble
def pause(field, choose):
    name = victim(field, choose)
    with holding(field, name):
        field.group[name].pause()
        try:
            yield f"{name} stands still (SIGSTOP)"
        finally:
            field.group[name].resume()


@trouble
def kill(field, choose):
    name = victim(field, choose)
    with holding(field, name):
        field.group[name].kill()
        yield f"kill -9 {name}"
        field.group[name].start()


@trouble
def kill_several(field, choose):
    names = choose.sample(SERVERS, choose.choice([2, 3, 5]))
    with holding(field, *names):
        for name in names:
            field.group[name].kill()
        yield f"kill -9 {' '.join(names)}"
        for name in names:
            field.group[name].start()


@trouble
def orderly_stop(field, choose):
    name = victim(field, choose)
    with holding(field, name):
        field.stop(name)
        yield f"{name} is stopped in good order"
        field.group[name].start()


@trouble
def full_disk(field, choose):
    """Of a server that goes on, or is to write a snapshot there, or is killed and starts there."""
    name = choose.choice(SMALL_DISKS)
    what = choose.choice(["goes on", "is to write a snapshot", "is killed and started again"])
    server = field.group[name]
    with holding(field, name):
        field.fill_disk(name)
        try:
            if what == "is to write a snapshot":
                server.muster("snapshot", name, "--timeout", "2s")
            if what == "is killed and started again":
                server.kill()
                server.start()
            yield f"the disk of {name} is full, and it {what}"
        finally:
            field.free_disk(name)
        if field.has_ended_for_want_of_space(name):
            server.start()


@trouble
def snapshot(field, choose):
    """No trouble by itself, but then who was away may need it."""
    name = victim(field, choose)
    done = field.group[name].muster("snapshot", name, "--timeout", "3s")
    yield f"{name} is asked for a snapshot, exit {done.returncode}"


# ---- The plan --------------------------------------------------------------------------------------

@dataclasses.dataclass
class Planned:
    at: float  # Not before; in seconds from the beginning.
    kind: str
    seconds: float
    seed: int


def draw_plan(seed, seconds, kinds):
    """For each track what happens there, one after the other."""
    choose = random.Random(seed)
    spells = []
    for _ in range(int(seconds / SPELL_SECONDS) + 1):
        chosen = choose.sample(kinds, choose.randint(3, max(3, len(kinds) // 2)))
        spells.append((chosen, [choose.choice([1, 2, 4]) for _ in chosen]))
    tracks = []
    for _ in range(TRACKS):
        track = []
        at = choose.uniform(0, BETWEEN_SECONDS)
        while at < seconds:
            chosen, weights = spells[int(at / SPELL_SECONDS)]
            length = min(SHORTEST_SECONDS * (LONGEST_SECONDS / SHORTEST_SECONDS)
                         ** choose.random(), seconds - at)
            track.append(Planned(at, choose.choices(chosen, weights)[0], length,
                                 choose.randrange(1 << 30)))
            at += length + choose.uniform(0, BETWEEN_SECONDS)
        tracks.append(track)
    return tracks


class Nemesis:
    """Carries a plan out. All is whole again when `run` returns, whatever happened."""

    def __init__(self, field, plan, tell):
        self.field = field
        self.plan = plan
        self.tell = tell
        self.done = collections.Counter()
        self.passed = 0
        self.over = threading.Event()
        self.failures = []

    def run(self, seconds):
        begin = time.monotonic()
        threads = [threading.Thread(target=self._follow, args=(track, begin, begin + seconds))
                   for track in self.plan]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads) and not self.over.wait(0.5):
                self.field.check_all_run()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        if self.failures:
            raise self.failures[0]

    def _follow(self, track, begin, end):
        try:
            for planned in track:
                if self.over.wait(max(0.0, begin + planned.at - time.monotonic())):
                    return
                if time.monotonic() < end:
                    self._do(planned, time.monotonic() - begin)
        except Exception as problem:  # pylint: disable=broad-except
            self.failures.append(problem)
            self.over.set()

    def _do(self, planned, now):
        try:
            with TROUBLES[planned.kind](self.field, random.Random(planned.seed)) as what:
                self.done[planned.kind] += 1
                self.tell(f"  {now:6.1f} s, for {planned.seconds:.1f} s: {what}")
                self.over.wait(planned.seconds)
        except Passed:
            self.passed += 1
