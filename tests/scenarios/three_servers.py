"""Three servers that are killed and come back while a service is used: what the auction house and the
city share."""

import dataclasses
import time

from story import expect, free_ports

NAMES = "abc"


@dataclasses.dataclass
class Kills:
    number: int
    every: float        # Seconds from one to the next.
    start_after: float  # Seconds that a killed server is away.


class ThreeServers:
    """Servers a, b and c, ready, each with ports and a data folder that it keeps when it is started
    again."""

    def __init__(self, story):
        self.story = story
        self.ports = free_ports(7)
        self.actors = {}
        for name in NAMES:
            self._serve(name)
            self.actors[name].says("^ready ")
        self.everywhere = " ".join(f"--server 127.0.0.1:{port}" for port in self.ports[0:6:2])

    def _serve(self, name):
        port, peer_port = self.ports[NAMES.index(name) * 2:][:2]
        self.actors[name] = self.story.start(
            name, f"serve --name {name} --tcp-port {port} --peer-port {peer_port} --data {name} "
            f"--discovery-port {self.ports[6]}")

    def leader(self):
        return self.story.eventually(f"status {self.everywhere}", r"^leader +([abc])\b").group(1)

    def kill_in_turn(self, kills, choose):
        """Kills the server `choose(turn, leader)`, and starts it again, turn by turn."""
        begin = time.monotonic()
        for turn in range(kills.number):
            _sleep_until(begin + turn * kills.every)
            victim = choose(turn, self.leader())
            self.actors[victim].kill()
            _sleep_until(begin + turn * kills.every + kills.start_after)
            self._serve(victim)
            self.actors[victim].says("^ready ")

    def expect_alive(self):
        for actor in self.actors.values():
            expect(actor.process.poll() is None, "no server ended by itself")


def _sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))
