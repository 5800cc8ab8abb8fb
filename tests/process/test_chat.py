"""`muster chat`: everybody reads the same, whatever becomes of servers; and what a terminal shows."""

import fcntl
import json
import pathlib
import signal
import struct
import subprocess
import termios
import time
import unittest

from muster_processes import Group, Process, wait_until
from terminals import Terminal

FIELDS = {"index", "ordinal", "room", "from", "to", "text", "time", "kind"}


class Chatter(Process):
    """A chat client on pipes, whose events are read as JSON."""

    def __init__(self, group, name, servers, *options):
        self.name = name
        self.errors = group.folder / f"{name}.errors"
        super().__init__([group.binary, "chat", name, "--json", "--follow",
                          *group.server_options(servers), *options],
                         self.errors, group.environment(), subprocess.PIPE)
        group.others.append(self)

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines).encode())
        self.process.stdin.flush()

    def has_read_and_waits(self):
        """All that was said is out of the pipe, and the process sleeps: it has sent it."""
        unread = struct.unpack("i", fcntl.ioctl(self.process.stdin, termios.FIONREAD, b"1234"))[0]
        status = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        return unread == 0 and status.rsplit(")", 1)[1].split()[0] == "S"

    def lines(self, *kinds):
        told = [json.loads(line) for line in list(self.output)]
        return [each for each in told if not kinds or each["kind"] in kinds]

    def texts(self):
        return [each["text"] for each in self.lines("MESSAGE")]


class ChatTest(unittest.TestCase):
    def wait_joined(self, chatters):
        for chatter in chatters:
            chatter.say(f"{chatter.name} is here")
            wait_until(lambda: f"{chatter.name} is here" in chatter.texts(), 20,
                       lambda: f"{chatter.name} to be in the room: {chatter.errors.read_text()}")

    def wait_texts(self, chatters, count, seconds=60):
        for chatter in chatters:
            wait_until(lambda: len([each for each in chatter.texts() if each[0] == "m"]) >= count,
                       seconds, lambda: f"{count} messages at {chatter.name}, which has "
                       f"{len(chatter.texts())}; {chatter.errors.read_text()[-500:]}")

    def check_all_read_the_same(self, chatters, expected):
        """Each message once, in one order, and those of one person in theirs."""
        orders = [[each for each in chatter.lines("MESSAGE") if each["text"][0] == "m"]
                  for chatter in chatters]
        for chatter, order in zip(chatters, orders):
            self.assertEqual(sorted(each["text"] for each in order), sorted(expected),
                             chatter.name)
            self.assertEqual(order, orders[0], chatter.name)
            places = [(each["index"], each["ordinal"]) for each in order]
            self.assertEqual(places, sorted(set(places)))
            for name in {each["from"] for each in order}:
                numbers = [int(each["text"].split()[2]) for each in order if each["from"] == name]
                self.assertEqual(numbers, sorted(numbers))

    def talk(self, chatters, first, last, pace=0.0):
        for number in range(first, last):
            chatters[number % len(chatters)].say(
                f"m {chatters[number % len(chatters)].name} {number}")
            if pace:
                time.sleep(pace)

    def expected(self, chatters, count):
        return [f"m {chatters[number % len(chatters)].name} {number}" for number in range(count)]

    def test_a_thousand_messages_come_in_one_order_through_the_loss_of_leader_and_home(self):
        with Group(options=["--session-timeout", "8s"]) as group:
            group.start()
            # Each has another home.
            chatters = [Chatter(group, f"person{i}", group.servers[i:] + group.servers[:i])
                        for i in range(3)]
            self.wait_joined(chatters)
            self.talk(chatters, 0, 300)
            leader = group.leader()
            self.talk(chatters, 300, 500)
            leader.kill()
            self.talk(chatters, 500, 700, pace=0.002)
            self.wait_texts(chatters, 700)
            leader.start()
            leader.wait_ready()
            # A home that does not lead dies too.
            other = group.followers()[0]
            self.talk(chatters, 700, 800)
            other.kill()
            self.talk(chatters, 800, 1000, pace=0.002)
            self.wait_texts(chatters, 1000)
            self.check_all_read_the_same(chatters, self.expected(chatters, 1000))
            for chatter in chatters:
                self.assertTrue(chatter.running)
                self.assertEqual(chatter.errors.read_text(), "")
            for line in chatters[0].lines():
                self.assertEqual(set(line), FIELDS)

    def test_the_history_is_there_after_all_servers_were_killed_at_once(self):
        with Group(options=["--session-timeout", "8s"]) as group:
            group.start()
            chatters = [Chatter(group, name, group.servers) for name in ("ann", "bob")]
            self.wait_joined(chatters)
            self.talk(chatters, 0, 100)
            self.wait_texts(chatters, 100)
            for server in group.servers:
                server.kill()
            for server in group.servers:
                server.start()
            for server in group.servers:
                server.wait_ready()
            done = group.muster("chat", "--history", "1000", "--json", *group.server_options())
            self.assertEqual(done.returncode, 0, done.stderr)
            kept = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([each for each in kept if each["kind"] == "MESSAGE"],
                             chatters[0].lines("MESSAGE"))
            # And nobody had to start anew.
            self.talk(chatters, 100, 120)
            self.wait_texts(chatters, 120)
            self.check_all_read_the_same(chatters, self.expected(chatters, 120))

    def test_a_session_that_was_ended_is_replaced_and_nothing_is_missed(self):
        with Group(options=["--session-timeout", "1s"]) as group:
            group.start()
            leader, home = group.leader(), group.followers()[0]
            ann = Chatter(group, "ann", [leader])
            bob = Chatter(group, "bob", [home, leader])
            self.wait_joined([ann, bob])
            joined = len(ann.lines("JOIN"))
            # Its home is gone and it can't look for another one.
            bob.signal(signal.SIGSTOP)
            home.kill()
            wait_until(lambda: any(each["from"] == "bob" for each in ann.lines("QUIT")), 20,
                       "bob's session to end")
            ann.say(*(f"m ann {number}" for number in range(50)))
            self.wait_texts([ann], 50)
            bob.signal(signal.SIGCONT)
            self.wait_texts([bob], 50)
            wait_until(lambda: [each["from"] for each in ann.lines("JOIN")[joined:]] == ["bob"], 20,
                       "bob to be back")
            bob.say("m bob 50")
            self.wait_texts([ann, bob], 51)
            self.check_all_read_the_same([ann, bob],
                                         [f"m ann {n}" for n in range(50)] + ["m bob 50"])
            self.assertTrue(bob.running)

    def test_what_is_unanswered_when_the_session_ends_is_perhaps_said(self):
        with Group(options=["--session-timeout", "1s"]) as group:
            group.start()
            leader, home = group.leader(), group.followers()[0]
            ann = Chatter(group, "ann", [leader])
            bob = Chatter(group, "bob", [home, leader])
            self.wait_joined([ann, bob])
            home.pause()  # What bob says now is sent, and never read.
            bob.say("did you hear this?")
            wait_until(bob.has_read_and_waits, 10, "bob to send it")
            bob.signal(signal.SIGSTOP)
            home.kill()
            wait_until(lambda: any(each["from"] == "bob" for each in ann.lines("QUIT")), 20,
                       "bob's session to end")
            bob.signal(signal.SIGCONT)
            wait_until(lambda: "perhaps said: did you hear this?" in bob.errors.read_text(), 20,
                       lambda: f"bob to be told: {bob.errors.read_text()}")
            bob.say("m bob 0")
            self.wait_texts([ann, bob], 1)
            self.assertNotIn("did you hear this?", ann.texts())

    def test_what_scripts_rely_on(self):
        with Group(1) as group:
            group.start()
            servers = group.server_options()

            def chat(*arguments, said=None):
                return subprocess.run([group.binary, "chat", *arguments, *servers], input=said,
                                      env=group.environment(), timeout=60, capture_output=True,
                                      text=True)

            sent = chat("ann", "--send", "one", "--send", "two", "--key", "k", "--json")
            self.assertEqual(sent.returncode, 0, sent.stderr)
            again = chat("ann", "--send", "one", "--send", "two", "--key", "k", "--json")
            self.assertEqual(again.returncode, 0, again.stderr)
            receipts = [json.loads(line) for line in (sent.stdout + again.stdout).splitlines()]
            self.assertEqual([each["repeated"] for each in receipts], [False, False, True, True])
            self.assertEqual(receipts[0]["index"], receipts[2]["index"])
            self.assertEqual(set(receipts[0]), FIELDS | {"repeated"})

            lines = "first\nsame\nsame\n/me nods\n"
            for said in ("first\nsame\n", lines, lines + "last\n"):
                done = chat("dora", "--room", "keyed", "--key", "run-1", said=said)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            kept = chat("--room", "keyed", "--history", "20", "--json").stdout.splitlines()
            self.assertEqual([json.loads(each)["text"] for each in kept],
                             ["first", "same", "same", "nods", "last"])

            ann = Chatter(group, "ann", group.servers)
            self.wait_joined([ann])
            taken = chat("Ann", "--send", "three")
            self.assertEqual(taken.returncode, 1)
            self.assertIn("ALREADY_EXISTS: the name Ann is taken; Ann2 is free", taken.stderr)

            piped = chat("bob", "--json",
                         said="three\n/me waves\n/topic cats\n//etc\n/msg ann psst\n/nick zoe\nlast")
            self.assertEqual((piped.returncode, piped.stderr), (0, ""))
            told = [json.loads(line) for line in piped.stdout.splitlines()]
            self.assertEqual([(each["kind"], each["from"], each["text"]) for each in told
                              if each["room"]],
                             [("MESSAGE", "bob", "three"), ("ACTION", "bob", "waves"),
                              ("TOPIC", "bob", "cats"), ("MESSAGE", "bob", "/etc"),
                              ("NICK", "bob", "zoe"), ("MESSAGE", "zoe", "last")])
            wait_until(lambda: ann.lines("DIRECT"), 10, "what bob said to ann")
            direct = [("DIRECT", "bob", "ann", "psst", "")]
            for lines in (told, ann.lines()):
                self.assertEqual([(each["kind"], each["from"], each["to"], each["text"],
                                   each["room"]) for each in lines if each["kind"] == "DIRECT"],
                                 direct)
            wait_until(lambda: ann.lines("QUIT"), 10, "zoe to leave")
            self.assertEqual([(each["kind"], each["from"]) for each in ann.lines("JOIN", "QUIT")],
                             [("JOIN", "bob"), ("QUIT", "zoe")])

            last = chat("--history", "2")
            self.assertRegex(last.stdout, r"^\d\d:\d\d bob: /etc\n\d\d:\d\d zoe: last\n$")
            self.assertNotIn("\x1b", last.stdout)
            wrong = chat("carl", said="/jion den\nhello\n")
            self.assertEqual(wrong.returncode, 1)
            self.assertIn("did you mean /join?", wrong.stderr)
            self.assertIn("carl: hello", wrong.stdout)
            # All of it is answered before it leaves.
            for lines, code, text in (("hello again\n/quit\nnever said\n", 0, "carl: hello again"),
                                      ("/leave den\n", 1, "there is no room den"),
                                      ("/join den\n/rooms\n/who\nhi\n", 0, "carl: hi"),
                                      ("status\nstatus\n", 0, "<- your home")):
                done = chat("carl", said=lines)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stdout + done.stderr)
                self.assertNotIn("never said", done.stdout)
            asked = chat("carl", "--json", said="/who\n/topic\n/help\n/rooms\n/status\n")
            self.assertEqual(asked.returncode, 0, asked.stderr)
            answers = [json.loads(line) for line in asked.stdout.splitlines()]
            self.assertEqual(sorted(each["kind"] for each in answers),
                             ["HELP", "ROOM", "ROOM", "ROOMS", "STATUS"])
            for bad in (["a b", "--send", "x"], ["ann", "--send", ""], ["--room", "a b"],
                        ["ann", "--history", "x"], ["ann", "--key", "k", "--follow"],
                        ["ann", "--key", "k", "--history", "1"]):
                self.assertEqual(chat(*bad).returncode, 2, bad)

    def test_without_a_majority_what_is_said_is_perhaps_said(self):
        with Group(3) as group:
            group.start()
            leader = group.leader()
            for server in group.servers:
                if server is not leader:
                    server.pause()
            done = group.muster("chat", "ann", "--send", "hello", "--timeout", "1500ms",
                                "--server", leader.address)
            self.assertIn(done.returncode, (1, 3), done.stderr)
            self.assertIn("not acknowledged: hello", done.stderr)

    def test_a_half_typed_line_survives_what_others_say(self):
        with Group(1) as group:
            group.start()
            group.muster("chat", "zoe", "--send", "before", *group.server_options())
            terminal = Terminal(group, "chat", *group.server_options(), environment={"USER": "ann"})
            terminal.wait_seen(r"your name \[ann\]: ")
            terminal.type("\n")
            terminal.wait_seen("lobby> ")
            shown = terminal.text()
            for part in ("servers a; leader a; your home is a", "zoe", "before"):
                self.assertIn(part, shown)
            terminal.type("half a gr\u00fc")
            terminal.wait_seen("half a gr\u00fc")
            for number in range(3):
                group.muster("chat", "zoe", "--send", f"over you {number}",
                             *group.server_options())
            terminal.wait_seen("over you 2")
            wait_until(lambda: terminal.screen()[-1] == "lobby> half a gr\u00fc", 5,
                       lambda: "\n".join(terminal.screen()))
            # Lines about the group may come between them.
            self.assertEqual([line[6:] for line in terminal.screen() if "over you" in line],
                             [f"zoe: over you {number}" for number in range(3)],
                             "\n".join(terminal.screen()))
            self.assertIn("\x1b[38;5;", terminal.text())  # Colours.
            terminal.type("n line\n")
            terminal.wait_seen("ann\x1b\\[0m: half a gr\u00fcn line")
            terminal.type("/status\n")
            terminal.wait_seen("<- your home")
            terminal.type("/quit\n")
            self.assertEqual(terminal.close(), 0)
            done = group.muster("chat", "--history", "1", *group.server_options())
            self.assertIn("ann: half a gr\u00fcn line", done.stdout)

    def test_a_terminal_is_told_quietly_of_elections_and_names_may_be_chosen_again(self):
        with Group(3) as group:
            group.start()
            keeper = Chatter(group, "ann", group.servers)
            self.wait_joined([keeper])
            terminal = Terminal(group, "chat", "ann", *group.server_options(group.followers()),
                                environment={"NO_COLOR": "1"})
            terminal.wait_seen("the name ann is taken; ann2 is free")
            terminal.wait_seen(r"your name \[ann2\]: ")
            terminal.type("\n")
            terminal.wait_seen("lobby> ")
            leader = group.leader()
            leader.kill()
            terminal.wait_seen(rf"\u00b7 {leader.name} left us; \w leads now \(\d+ ms\)")
            terminal.type("still here\n")
            wait_until(lambda: "still here" in keeper.texts(), 20, "what was said after it")
            self.assertNotIn("\x1b[38", terminal.text())
            terminal.type("\x04")
            self.assertEqual(terminal.close(), 0)
            wait_until(lambda: keeper.lines("QUIT"), 10, "ann2 to leave")


if __name__ == "__main__":
    unittest.main()
