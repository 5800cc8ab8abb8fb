"""The console: every command through a pipe, and on a terminal what is typed there survives."""

import json
import re
import subprocess
import unittest

from free_servers import FreeGroup
from muster_processes import Group, wait_until
from terminals import Terminal

COMMANDS = ["report", "find", "server", "client", "queue", "history", "rmi", "leave", "bid", "bit",
            "start", "end", "join", "udp_listen", "clear", "help", "exit"]


def console(group, lines, *options, seconds=30, environment=None):
    """Runs these lines; the exit code and what was printed for them."""
    done = subprocess.run([group.binary, "console", *options],
                          env=environment or group.environment(),
                          input="".join(line + "\n" for line in lines), timeout=seconds,
                          capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


class PipeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.group = cls.enterClassContext(FreeGroup("abc"))
        cls.leader = cls.group.found()
        cls.others = [each for each in cls.group.servers if each is not cls.leader]
        cls.server = cls.others[0]

    def console(self, *lines):
        code, text = console(self.group, lines, "--server", self.server.address)
        return code, text.splitlines()

    def one(self, line):
        """What a line that succeeds prints."""
        code, lines = self.console(line)
        self.assertEqual(code, 0, lines)
        return lines

    def test_report_names_the_attached_server(self):
        lines = self.one("report")
        self.assertIn(("server", self.server.name), [tuple(each.split()) for each in lines])
        self.assertIn(("role", "VOTER"), [tuple(each.split()) for each in lines])

    def test_find_lists_each_server_once_and_attaches(self):
        code, text = console(self.group, ["find", "report"])
        self.assertEqual(code, 0, text)
        found, attached = text.split("attached to ")
        names = [line.split()[2] for line in found.splitlines() if self.group.name in line]
        self.assertEqual(sorted(names), ["a", "b", "c"])
        name, number = re.match(r"(\w) \(#(\d+)\)", attached).groups()
        self.assertIn(("server", name), [tuple(each.split()) for each in attached.splitlines()])
        self.assertIn(("number", number), [tuple(each.split()) for each in attached.splitlines()])

    def test_server_and_client_list_those(self):
        lines = self.one("server")
        self.assertEqual(sorted(each.split()[1] for each in lines[1:]), ["a", "b", "c"])
        chat = subprocess.Popen([self.group.binary, "chat", "ann", "--server",
                                 self.server.address], env=self.group.environment(),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: any(each.split()[:2] == ["ann", "chat"]
                                   for each in self.one("client")), 10, "ann in the list")
        finally:
            chat.stdin.close()
            chat.wait(10)
            chat.stdout.close()

    def test_queue_and_history_tell_of_this_server(self):
        self.assertEqual(self.one("queue"), ["nothing is held back"])
        self.assertRegex("\n".join(self.one("history")), "election: cause=founded")
        self.assertEqual(self.one("history chat/none"), ["no event of chat/none is kept here"])
        self.assertEqual(len(self.one("history group 1")), 1)

    def test_all_asks_every_server(self):
        for command in ("report", "server", "client", "queue", "history", "rmi version"):
            lines = self.one("all " + command)
            heads = [each.split()[0] for each in lines if not each.startswith(" ")]
            self.assertEqual(sorted(heads), ["a", "b", "c"], command)
        code, lines = self.console("all leave")
        self.assertEqual(code, 1)
        self.assertIn("leave is for one server", lines[0])

    def test_rmi_calls_a_method_of_whom_is_named(self):
        self.assertIn("schema version", "\n".join(self.one(f"rmi {self.leader.port} version")))
        self.assertIn("log-level [debug", "\n".join(self.one(f"rmi {self.leader.name}")))
        code, lines = self.console("rmi")
        self.assertEqual((code, lines[0].split(":")[0]), (1, "INVALID_ARGUMENT"))

    def test_something_is_sold(self):
        started = self.one("start 10 an old clock")[0]
        self.assertRegex(started, r"^lot \d+\.0 is open")
        lot = started.split()[1]
        bob = self.group.environment() | {"USER": "bob"}
        code, text = console(self.group, [f"bid {lot} 9", f"bid {lot} 12.50", f"bit {lot} 20",
                                          f"history auction/{lot} 1"],
                             "--server", self.server.address, environment=bob)
        self.assertEqual(code, 1)
        lines = text.splitlines()
        self.assertRegex(lines[0], "^FAILED_PRECONDITION: the bid is below what is asked")
        self.assertEqual(lines[1], "accepted")
        self.assertRegex(text, "FAILED_PRECONDITION: your own bid is the one that stands")
        self.assertRegex(lines[-1], f"{lot} BID bob 12.50 EUR; stands at 12.50 EUR by bob")
        self.assertRegex(" ".join(self.one(f"end {lot}")), "sold to bob for 12.50 EUR")

    def test_orders_of_auctions_that_cannot_be(self):
        for line, words in (("bid 17.0", "usage: bid ID PRICE"), ("start 10", "usage: start"),
                            ("end", "a lot's id is two numbers"), ("bid 99.9 5", "NOT_FOUND"),
                            ("start 1.234 clock", "too many decimals")):
            code, lines = self.console(line)
            self.assertEqual(code, 1, line)
            self.assertIn(words, lines[0])

    def test_what_happens_by_itself_says_so(self):
        code, lines = self.console("join", "udp_listen", "clear")
        self.assertEqual((code, len(lines)), (0, 2))
        for line in lines:
            self.assertIn("by themselves", line)

    def test_help_lists_every_command_and_exit_ends_it(self):
        lines = self.one("help")
        self.assertEqual([each.split()[0] for each in lines], [*COMMANDS, "all"])
        code, lines = self.console("exit", "report")
        self.assertEqual((code, lines), (0, []))

    def test_with_json_every_line_is_an_object(self):
        everything = [*COMMANDS[:-2], "nonsense", "history sessions", "all server", "report"]
        code, text = console(self.group, everything, "--json")
        self.assertEqual(code, 1)
        told = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(sorted(each["name"] for each in told if "clientAddress" in each),
                         ["a", "b", "c"])
        [attached, *_] = [each for each in told if "attachedTo" in each]
        self.assertEqual(attached["address"], self.group[attached["attachedTo"]].address)
        self.assertIn({"code": "INVALID_ARGUMENT", "message": "usage: start PRICE TITLE"}, told)

    def test_the_history_of_sessions_reads_as_sentences(self):
        self.one("find")  # Has a session for a moment.
        lines = self.one("history sessions")
        self.assertRegex("\n".join(lines), r"\d+\.\d+ console-\w+ \(console\) came to [abc]")
        self.assertNotIn("bytes", "\n".join(lines))

    def test_without_a_server_and_without_a_word_it_says_so(self):
        code, text = console(self.group, [], "--group", self.group.name + "x",
                             "--discovery-timeout", "300ms")
        self.assertEqual((code, text.split(":")[0]), (1, "UNAVAILABLE"))

    def test_an_unknown_command_names_the_nearest(self):
        code, lines = self.console("reprot", "", "  ")
        self.assertEqual(code, 1)
        self.assertEqual(lines, ["NOT_FOUND: there is no command reprot; did you mean report? "
                                 "help lists them"])

    def test_the_leader_does_not_leave_and_no_means_no(self):
        code, text = console(self.group, ["leave"], "--server", self.leader.address)
        self.assertEqual(code, 1)
        self.assertIn("hand over first, with: muster transfer NAME", text)
        for answers in (["no"], ["yes", "no"]):
            code, lines = self.console("leave", *answers)
            self.assertEqual((code, lines[-1]), (0, self.server.name + " stays"))
        self.assertTrue(self.server.running)


class LeaveTest(unittest.TestCase):
    def test_a_server_leaves_after_two_questions_and_its_data_is_gone(self):
        with FreeGroup("abc") as group:
            leader = group.found()
            server = next(each for each in group.servers if each is not leader)
            code, text = console(group, ["leave", "yes", "yes"], "--server", server.address)
            self.assertEqual(code, 0, text)
            self.assertIn("is moved away. Is that meant?", text)
            self.assertIn("There is no way back", text)
            self.assertIn(server.name + " has left", text)
            self.assertEqual(server.process.wait(10), 0)
            self.assertNotIn(server.name, leader.members())
            self.assertEqual([each for each in server.folder.glob("**/*") if each.is_file()], [])
            self.assertNotEqual(list(group.folder.glob(server.name + ".*")), [])


class TerminalTest(unittest.TestCase):
    def test_words_are_completed_and_lines_recalled(self):
        with Group(1) as group:
            group.start()
            address = group.servers[0].address
            for sitting in range(2):
                terminal = Terminal(group, "console", "--server", address)
                terminal.wait_seen("muster> ")
                if sitting == 0:
                    terminal.type("rep\t\r")
                else:
                    terminal.type("\x1b[A\x1b[A\r")  # Up: before `exit` of the last sitting.
                terminal.wait_seen(r"loop step max us")
                terminal.wait_seen(r"a> ")
                terminal.type("h\t")
                terminal.wait_seen("help  history")
                terminal.type("\x15exit\r")
                self.assertEqual(terminal.close(), 0)
            kept = group.folder / "home" / ".local" / "state" / "muster" / "console-history"
            self.assertEqual(kept.stat().st_mode & 0o077, 0)

    def test_in_the_servers_own_terminal_the_typed_line_survives_its_log(self):
        with Group(2) as group:
            first, second = group.servers
            command = first.command()
            terminal = Terminal(group, *command[1:], "--expect", "2", "--console")
            terminal.wait_seen("clients connect to")
            terminal.type("rep")
            terminal.wait_seen("rep")
            second.start("--expect", "2")
            second.wait_ready()
            terminal.wait_seen("ready group=")
            terminal.wait_seen("info leader is ")
            wait_until(lambda: terminal.screen()[-1].endswith("> rep"), 10, terminal.screen)
            for line in terminal.screen()[:-1]:
                self.assertFalse(line.endswith("rep"), terminal.screen())
            terminal.type("\t\r")
            terminal.wait_seen("loop step max us")
            terminal.type("exit\r")
            self.assertEqual(terminal.close(), 0)
            self.assertIn(b"stopping", terminal.seen)

    def test_an_emptied_line_ends_nothing(self):
        with Group(1) as group:
            [server] = group.servers
            command = server.command()
            serve = Terminal(group, *command[1:], "--console")
            serve.wait_seen("ready group=")
            chat = Terminal(group, "chat", "ann", "--server", server.address)
            chat.wait_seen("lobby> ")
            console = Terminal(group, "console", "--server", server.address)
            console.wait_seen("muster> ")
            # Nothing to recall; then backspace, control-u, and control-a with control-k.
            emptied = ["\x10", "\x12", "ab\x7f\x7f", "ab\x15", "ab\x01\x0b", "\xe4\x7f"]
            for terminal, word in ((chat, "/help"), (console, "queue"), (serve, "queue")):
                for keys in emptied:
                    terminal.type(keys)
                seen = len(terminal.text())
                terminal.type(word + "\r")
                pattern = "/who" if terminal is chat else "nothing is held back"
                wait_until(lambda: pattern in terminal.text()[seen:], 10, terminal.text)
            # Control-r recalls what begins as the line does, and leaves the line without a match.
            console.type("q\x12")
            wait_until(lambda: console.screen()[-1] == "a> queue", 10, console.screen)
            console.type("\x15x\x12")
            wait_until(lambda: console.screen()[-1] == "a> x", 10, console.screen)
            for terminal, word in ((chat, "/quit"), (console, "exit"), (serve, "exit")):
                terminal.type("\x15" + word + "\r")
                self.assertEqual(terminal.close(), 0, word)

    def test_a_server_goes_on_when_its_piped_commands_end(self):
        with Group(1) as group:
            [server] = group.servers
            process = subprocess.Popen([*server.command(), "--console"], env=server.environment(),
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
            try:
                process.stdin.write("rmi %d version\n" % server.port)
                process.stdin.close()
                wait_until(lambda: "schema version" in process.stdout.readline(), 10, "the answer")
                self.assertTrue(wait_until(lambda: server.status(), 10, "it answers")["server"])
            finally:
                process.terminate()
                self.assertEqual(process.wait(15), 0)
                process.stdout.close()


if __name__ == "__main__":
    unittest.main()
