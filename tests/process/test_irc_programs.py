"""irssi, WeeChat and ii against three servers, two of which die."""

import unittest

from irc_programs import Ii, Irssi, Tmux, WeeChat
from muster_processes import Group, free_ports, wait_until

LINES = 200  # Of each program, pasted at once.


class IrcProgramsTest(unittest.TestCase):
    def start(self, group):
        self.ports = dict(zip((each.name for each in group.servers), free_ports(len(group.servers))))
        for server in group.servers:
            server.start("--irc-port", str(self.ports[server.name]))
        for server in group.servers:
            server.wait_ready()

    def port(self, server):
        return self.ports[server.name]

    def test_four_programs_paste_while_the_leader_dies_and_show_one_order(self):
        with Group(3) as group, Tmux(group.folder, group.environment()) as tmux:
            self.start(group)
            leader = group.leader()
            one, two = (each for each in group.servers if each is not leader)
            programs = [Irssi(tmux, group.folder, "iris", [self.port(one)]),
                        WeeChat(tmux, group.folder, "wendy", [self.port(two)]),
                        Ii(tmux, group.folder, "ivo", [self.port(one)]),
                        Irssi(tmux, group.folder, "isaac", [self.port(two)])]
            for program in programs:
                program.wait_shown(program.nick)
            for program in programs:
                program.say(f"line {count} of {program.nick}" for count in range(LINES))
            wait_until(lambda: any(program.shown() for program in programs), 30, "the first line")
            leader.kill()
            for program in programs:
                wait_until(lambda: len(program.shown()) >= len(programs) * LINES, 60,
                           lambda: f"all lines at {program.nick}, which shows "
                           f"{len(program.shown())}:\n{program.log()[-2000:]}")
            # A program shows its own lines when they are typed, those of others in the group's order.
            for program in programs:
                for other in programs:
                    said = [line for line in program.shown() if line.startswith(other.nick + " ")]
                    self.assertEqual(said, [f"{other.nick} line {count} of {other.nick}"
                                            for count in range(LINES)], program.nick)
            for first in programs:
                for second in programs:
                    own = (first.nick + " ", second.nick + " ")
                    self.assertEqual([line for line in first.shown() if not line.startswith(own)],
                                     [line for line in second.shown() if not line.startswith(own)])
            for program in programs:
                self.assertNotRegex(program.log().lower(), r"has quit|disconnect", program.nick)

    def test_weechat_goes_to_its_second_address_and_misses_nothing(self):
        with Group(3) as group, Tmux(group.folder, group.environment()) as tmux:
            self.start(group)
            home = next(each for each in group.servers if each is not group.leader())
            other = next(each for each in group.servers if each is not home)
            wendy = WeeChat(tmux, group.folder, "wendy", [self.port(home), self.port(other)],
                            password="a long secret of wendy")
            wendy.wait_shown("wendy")
            ivo = Ii(tmux, group.folder, "ivo", [self.port(other)])
            wendy.wait_shown("ivo")
            ivo.say(["before"])
            wendy.wait_shown("\tbefore")
            home.kill()
            ivo.say(f"meanwhile {count}" for count in range(LINES))
            wendy.wait_shown(f"\tmeanwhile {LINES - 1}", 60)
            said = [line for line in wendy.shown() if line.startswith("ivo meanwhile ")]
            self.assertEqual(sorted(set(said), key=said.index),
                             [f"ivo meanwhile {count}" for count in range(LINES)])
            wendy.say(["here again"])
            wait_until(lambda: "wendy here again" in ivo.shown(), 20, ivo.log)
            self.assertNotRegex(ivo.log(), r"wendy.* has (quit|joined)")


if __name__ == "__main__":
    unittest.main()
