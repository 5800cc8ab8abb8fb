"""Clients that give a sign of life every 15 ms: datagrams that cease to pass cost no session, and a
client that stops is given up in time though its connection stands."""

import json
import re
import signal
import time
import unittest

from free_servers import FreeGroup
from muster_processes import wait_until
from networks import Network, why_not

WHY_NOT = why_not()
CLIENTS = 20
TOLD = re.compile(r"heartbeats in a second: (\d+) of (\d+) sessions, (\d+) suspected; in all "
                  r"(\d+) by datagram, (\d+) over connections")
LOAD = ["--clients", str(CLIENTS), "--rate", "20", "--in-flight", "200", "--warm-up", "0",
        "--heartbeat", "15ms"]


class Told:
    """What a server's log says of the heartbeats that it heard."""

    def __init__(self, server):
        self.server = server

    def last(self):
        found = TOLD.findall(self.server.words())
        names = ("in_a_second", "sessions", "suspected", "by_datagram", "over_connections")
        return dict(zip(names, map(int, found[-1]))) if found else dict.fromkeys(names, 0)

    def wait_way(self, way, other, seconds=6):
        """Waits for a second in which nearly all came this way."""
        before = [self.last()]

        def comes():
            now = self.last()
            if now == before[0]:
                return None
            came, rest = now[way] - before[0][way], now[other] - before[0][other]
            before[0] = now
            return now if came > 5 * max(rest, 1) and came > CLIENTS * 20 else None
        return wait_until(comes, seconds, lambda: f"heartbeats {way}; it says {self.last()}")


class HeartbeatsTest(unittest.TestCase):
    def one_server(self, namespace=None):
        group = FreeGroup("", ["--log-level", "debug", "--found", "now"])
        server = group.add("a", namespace=namespace)
        server.start()
        server.wait_ready()
        return group, server

    def test_a_client_that_stops_is_suspected_and_then_given_up(self):
        group, server = self.one_server()
        with group:
            load = group.start_load(*LOAD, "--duration", "60s")
            told = Told(server)
            told.wait_way("by_datagram", "over_connections")
            stopped = time.monotonic()
            load.signal(signal.SIGSTOP)
            wait_until(lambda: told.last()["suspected"] == CLIENTS, 4,
                       lambda: f"all are suspected; it says {told.last()}")
            self.assertEqual(server.status()["sessions"], CLIENTS)
            listed = group.muster("sessions", "--json").stdout.splitlines()
            self.assertEqual([json.loads(line)["state"] for line in listed], CLIENTS * ["SUSPECT"])
            wait_until(lambda: server.status()["sessions"] == 0, 6, "all sessions have ended")
            took = time.monotonic() - stopped
            print(f"the sessions of a stopped process had ended after {took:.1f} s", flush=True)
            self.assertGreater(took, 1.9)
            self.assertLess(took, 4)

    def test_who_is_lost_together_with_its_home_is_given_up_in_the_time_it_asked_for(self):
        with FreeGroup(options=["--failure-timeout", "1500ms"]) as group:
            group.found()
            load = group.start_load(*LOAD, "--duration", "60s")
            wait_until(lambda: min(each["clients"] for each in group["a"].members().values()) > 4,
                       10, "each server has its share")
            home = group.followers()[0]
            other = next(each for each in group.followers() if each is not home)
            load.signal(signal.SIGKILL)
            home.kill()
            killed = time.monotonic()
            # The group's own timeout is 10 s.
            wait_until(lambda: other.status()["sessions"] == 0, 8, "all sessions have ended")
            self.assertGreater(time.monotonic() - killed, 3)

    @unittest.skipIf(WHY_NOT, WHY_NOT)
    def test_where_datagrams_cease_to_pass_the_connection_is_used(self):
        with Network() as network:
            group, server = self.one_server(network.namespace("lo"))
            with group:
                load = group.start_load(*LOAD, "--verify", "--duration", "9s", beside=server)
                told = Told(server)
                told.wait_way("by_datagram", "over_connections")
                network["lo"].filter(f"udp dport {server.port} drop")
                told.wait_way("over_connections", "by_datagram")
                network["lo"].pass_all()
                told.wait_way("by_datagram", "over_connections")
                result, code = group.finish_load(load)
                self.assertEqual(code, 0, result)
                self.assertEqual((result["lost"], result["twice"], result["different"]),
                                 (0, 0, 0))
                suspected = [int(each[2]) for each in TOLD.findall(server.words())]
                print(f"suspected while datagrams ceased: at most {max(suspected)} of {CLIENTS}",
                      flush=True)
                self.assertNotIn("no sign of life", server.words())


if __name__ == "__main__":
    unittest.main()
