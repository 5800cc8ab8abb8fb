"""Servers that are told nothing but their ports and folders: they find each other."""

import json
import re
import subprocess

from muster_processes import (HOST, Failure, Group, Process, Server, free_ports, own_environment,
                              wait_until)

ELECTION = re.compile(
    r"election: cause=(?P<cause>\S+) candidates=(?P<candidates>\S+) leader=(?P<leader>\S+) "
    r"previous=(?P<previous>\S+) rule=(?P<rule>\S+) term=(?P<term>\d+) took=(?P<took>\d+)ms")


def enter(namespace):
    return ["ip", "netns", "exec", namespace] if namespace else []


class FreeServer(Server):
    """A server without a list of others. `namespace`: the network namespace it runs in, where
    it has the address `host`."""

    def __init__(self, group, name, ports, options=(), namespace=None, host=HOST):
        super().__init__(group, name, *ports)
        self.namespace = namespace
        self.host = host
        self.options = list(options)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def command(self):
        return [*enter(self.namespace), self.group.binary, "serve", "--name", self.name,
                "--tcp-port", str(self.port), "--peer-port", str(self.peer_port), "--data",
                str(self.folder), *self.group.discovery, *self.group.options, *self.options]

    def environment(self):
        return self.group.environment(self.name)

    def stop(self, seconds=10):
        """A graceful stop; its exit code."""
        self.terminate()
        return self.process.wait(seconds)

    def muster(self, *arguments, seconds=60):
        """Runs one command beside this server, asking this server."""
        return self.group.muster(*arguments, "--server", self.address, *self.group.client_options,
                                 seconds=seconds, namespace=self.namespace, home=self.name)

    def status(self, seconds=3):
        done = self.muster("status", "--json", "--timeout", f"{seconds}s")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def members(self):
        """Those that belong to the group, by name, as this server sees them."""
        done = self.muster("members", "--json", "--timeout", "3s")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {each["name"]: each for each in lines if each["state"] != "LEFT"}

    def words(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_words(self, text, seconds=20):
        wait_until(lambda: text in self.words(), seconds,
                   lambda: f"{self.name} says '{text}'; its log ends:\n{self.log_tail()}")

    def elections(self):
        """The election lines of its log, in order."""
        return [each.groupdict() for each in ELECTION.finditer(self.words())]


class FreeGroup(Group):
    """`FreeServer`s; those of `names` are there from the beginning."""

    def __init__(self, names="abc", options=(), binary=None, separate_homes=False):
        super().__init__(0, options, binary)
        self.separate_homes = separate_homes
        self.client_options = []
        for name in names:
            self.add(name)

    def add(self, name, *options, namespace=None, ports=None, host=HOST):
        """One more server; it is not started."""
        server = FreeServer(self, name, ports or free_ports(2), options, namespace, host)
        self.servers.append(server)
        return server

    def __getitem__(self, name):
        return next(each for each in self.servers if each.name == name)

    def environment(self, home="shared"):
        """Variables of a process: each server on a machine of its own, or one machine for all."""
        return own_environment(
            self.folder / ("home_" + (home if self.separate_homes else "shared")), self.name)

    def muster(self, *arguments, seconds=60, namespace=None, home="shared"):
        """Runs one command to its end."""
        return subprocess.run([*enter(namespace), self.binary, *arguments], timeout=seconds,
                              env=self.environment(home), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)

    def begin(self, *arguments, log):
        """A command that goes on in the background."""
        process = Process([self.binary, *arguments], self.folder / log, self.environment())
        self.others.append(process)
        return process

    def load_process(self, arguments, beside=None):
        """`beside`: the server in whose namespace the load runs."""
        return Process([*enter(beside.namespace if beside else None), self.binary, *arguments,
                        *self.client_options], self.folder / "load.log",
                       self.environment(beside.name if beside else "shared"))

    @property
    def running(self):
        return [each for each in self.servers if each.running]

    def statuses(self, servers=None):
        return [each.status() for each in servers or self.running]

    def wait_led_by(self, name, servers=None, count=None, seconds=20):
        """Waits until all these servers (else all that run) are in one group, see `name` lead and
        take writes; with `count`, until the group has so many members. Returns what they say."""
        seen = []

        def agreed():
            seen[:] = self.statuses(servers)
            return all(each and each["leader"] == name and each["writable"]
                       and count in (None, each["servers"]) for each in seen) and \
                len({each["groupId"] for each in seen}) == 1
        try:
            wait_until(agreed, seconds, f"{name} leads")
        except Failure as failure:
            raise Failure(f"{failure}; they say {seen}") from None
        return list(seen)

    def wait_led_by_another(self, former, seconds=20):
        """Waits until those that run agree on a leader other than `former`; its name."""
        def name():
            named = {each["leader"] if each and each["writable"] else "" for each in
                     self.statuses()}
            return named.pop() if len(named) == 1 and not named & {"", former} else None
        return wait_until(name, seconds, f"a leader other than {former}")

    def wait_voters(self, names, seconds=20):
        """Waits until exactly these vote, in the eyes of every running server, and are there."""
        seen = {}

        def voting():
            for each in self.running:
                members = each.members()
                seen[each.name] = {n: (m["role"], m["state"]) for n, m in members.items()}
                voters = [n for n, m in members.items() if m["role"] in ("LEADER", "VOTER")]
                if sorted(voters) != sorted(names) or any(
                        members[n]["state"] != "ALIVE" for n in names):
                    return False
            return True
        try:
            wait_until(voting, seconds, f"voters {names}")
        except Failure as failure:
            raise Failure(f"{failure}; they see {seen}") from None

    def wait_state(self, name, state, seconds=20, by=None):
        """Waits until every running server shows the member in this state."""
        wait_until(lambda: all(each.members().get(name, {}).get("state") == state
                               for each in ([by] if by else self.running)),
                   seconds, f"{name} {state}")

    def found(self, *names):
        """Starts these servers (else all) and waits until the highest number leads them."""
        servers = [self[name] for name in names] or self.servers
        for each in servers:
            each.start()
        for each in servers:
            each.wait_ready()
        highest = max(each.status()["number"] for each in servers)
        leader = next(n for n, m in servers[0].members().items() if m["number"] == highest)
        self.wait_led_by(leader, servers)
        return self[leader]
