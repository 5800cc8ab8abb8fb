"""IRC clients of a group: one order for all, and nothing of it is lost when a server dies."""

import json
import pathlib
import tempfile
import unittest

from free_servers import FreeGroup
from irc_client import IrcClient
from muster_processes import Group, free_ports, wait_until
from networks import Network, why_not

TALKERS = 4
LINES = 200  # Of each talker, pasted at once.
WHY_NOT = why_not()
FROM_AFAR = """
import socket, sys
told = b""
with socket.create_connection((sys.argv[1], 6667), 10) as client:
    try:
        client.sendall(b"NICK ann\\r\\nUSER ann 0 * :Ann\\r\\n")
        while b" 001 " not in told and (more := client.recv(65536)):
            told += more
    except ConnectionError:
        pass  # Closed with what it said unread: that is no answer, too.
print(told.decode(), end="")
"""


class IrcTest(unittest.TestCase):
    def setUp(self):
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()

    def start(self, group, *options):
        """Starts all servers, each with a port for IRC."""
        self.irc_ports = dict(zip((each.name for each in group.servers),
                                  free_ports(len(group.servers))))
        for server in group.servers:
            server.start("--irc-port", str(self.irc_ports[server.name]), *options)
        for server in group.servers:
            server.wait_ready()

    def connect(self, server, nick, *channels, **options):
        client = IrcClient(self.irc_ports[server.name], nick, **options)
        self.clients.append(client)
        client.wait_registered()
        for channel in channels:
            client.join(channel)
        return client

    def run_chat(self, group, *arguments):
        done = group.muster("chat", *arguments, *group.server_options())
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_room_of_the_chat_is_a_channel(self):
        with Group(2) as group:
            self.start(group)
            ann = self.connect(group.servers[0], "ann", "#den")
            bob = self.connect(group.servers[1], "bob", "#den",
                               capabilities=("server-time", "message-tags"))
            ann.wait_told(":bob!bob@", " JOIN ")
            ann.send("PRIVMSG #den :hello there")
            [line] = bob.wait_told(" PRIVMSG #den :hello there")
            self.assertIn("@time=", line)
            self.assertIn(";msgid=", line.split(" ")[0] + ";")
            self.run_chat(group, "cat", "--room", "den", "--send", "from a terminal")
            ann.wait_told(":cat!", " PRIVMSG #den :from a terminal")
            lines = self.run_chat(group, "--room", "den", "--history", "2", "--json").splitlines()
            self.assertEqual([json.loads(line)["text"] for line in lines],
                             ["hello there", "from a terminal"])
            ann.send("QUIT :that is all")
            bob.wait_told(":ann!ann@", " QUIT :")

    def test_all_read_one_order_though_the_leader_dies(self):
        with Group(3) as group:
            self.start(group)
            leader = group.leader()
            others = [each for each in group.servers if each is not leader]
            talkers = [self.connect(others[number % 2], f"t{number}", "#den")
                       for number in range(TALKERS)]
            for client in talkers:
                client.wait_told(f":t{TALKERS - 1}!", " JOIN ")
            watcher = self.connect(others[0], "watcher", "#den")
            for number, client in enumerate(talkers):
                client.send(*(f"PRIVMSG #den :line {number} {count}" for count in range(LINES)))
            wait_until(lambda: len(watcher.said("#den")) > LINES // 2, 30, "the first lines")
            leader.kill()
            wait_until(lambda: len(watcher.said("#den")) >= TALKERS * LINES, 60,
                       lambda: f"all lines; there are {len(watcher.said('#den'))}")
            order = watcher.said("#den")
            self.assertEqual(sorted(order), sorted(f"t{n} line {n} {count}" for n in range(TALKERS)
                                                   for count in range(LINES)))
            for number, client in enumerate(talkers):
                own = f"t{number} line {number} "
                expected = [line for line in order if not line.startswith(own)]
                wait_until(lambda: len(client.said("#den")) >= len(expected), 20, "its lines")
                self.assertEqual(client.said("#den"), expected)
                self.assertEqual([line for line in order if line.startswith(own)],
                                 [f"{own}{count}" for count in range(LINES)])
                self.assertFalse(client.closed.is_set())

    def test_who_comes_back_elsewhere_has_missed_nothing_and_was_never_away(self):
        with Group(3) as group:
            self.start(group)
            home = next(each for each in group.servers if each is not group.leader())
            other = next(each for each in group.servers if each is not home)
            ann = self.connect(home, "ann", "#den", password="a long secret of ann")
            bob = self.connect(other, "bob", "#den")
            bob.send("PRIVMSG #den :before")
            ann.wait_told(" PRIVMSG #den :before")
            home.kill()
            wait_until(ann.closed.is_set, 10, "the connection to break")
            bob.send(*(f"PRIVMSG #den :meanwhile {count}" for count in range(20)))
            bob.send("PRIVMSG ann :and to you alone", "PING done")
            bob.wait_told(" PONG ", "done")
            back = self.connect(other, "ann", password="a long secret of ann")
            back.wait_told(" PRIVMSG ann :and to you alone")
            back.wait_told(" PRIVMSG #den :meanwhile 19")
            texts = [text for text in back.said("#den") if "meanwhile" in text]
            self.assertEqual(texts, [f"bob meanwhile {count}" for count in range(20)])
            self.assertEqual(bob.told(":ann!", " QUIT "), [])
            self.assertEqual(len(bob.told(":ann!", " JOIN ")), 0, "she was there before him")
            back.send("PRIVMSG #den :here again")
            bob.wait_told(":ann!", " PRIVMSG #den :here again")

    def test_a_server_without_a_majority_says_so_at_once(self):
        with Group(3) as group:
            self.start(group)
            ann = self.connect(group.servers[0], "ann", "#den",
                               capabilities=("standard-replies",))
            bob = self.connect(group.servers[0], "bob", "#den")
            for server in group.servers[1:]:
                server.kill()
            ann.send("PRIVMSG #den :sent before it is known")
            ann.wait_told(" NOTICE ann :The group can't decide now: ")
            ann.send("PRIVMSG #den :never said", "JOIN #pub", "NAMES #den")
            ann.wait_told("FAIL PRIVMSG NO_QUORUM :")
            ann.wait_told("FAIL JOIN NO_QUORUM :")
            wait_until(lambda: len(ann.told(" 366 ", " #den ")) == 2, 10, "the answer to NAMES")
            group.servers[1].start()
            ann.wait_told(" NOTICE ann :The group has a leader again")
            ann.send("PRIVMSG #den :heard again")
            bob.wait_told(":heard again")
            self.assertEqual(bob.said("#den"),
                             ["ann sent before it is known", "ann heard again"])
            self.assertFalse(ann.closed.is_set())

    def test_who_does_not_read_is_closed_and_others_do_not_feel_it(self):
        with Group(1) as group:
            self.start(group, "--irc-rate", "1000000", "--irc-burst", "1000000")
            [server] = group.servers
            ann = self.connect(server, "ann", "#den")
            bob = self.connect(server, "bob", "#den")
            slow = self.connect(server, "slow", "#den", buffer_bytes=4096)
            bob.wait_told(":slow!", " JOIN ")
            slow.reads.clear()
            lines = [f"{count} " + "x" * 400 for count in range(10_000)]
            ann.send(*(f"PRIVMSG #den :{line}" for line in lines))
            bob.wait_told(":slow!", " QUIT :SendQ exceeded", seconds=60)
            slow.reads.set()
            wait_until(slow.closed.is_set, 20, "the connection to be closed")
            self.assertRegex(slow.lines[-1], r"^ERROR :Closing Link: .* \(SendQ exceeded\)$")
            wait_until(lambda: len(bob.said("#den")) == len(lines), 60,
                       lambda: f"all lines; there are {len(bob.said('#den'))}")
            self.assertEqual(bob.said("#den"), ["ann " + line for line in lines])
            self.assertFalse(ann.closed.is_set() or bob.closed.is_set())

    def test_a_server_says_what_its_operator_wrote(self):
        with Group(1) as group, tempfile.TemporaryDirectory() as folder:
            motd = pathlib.Path(folder) / "motd"
            motd.write_text("Grüß Gott\n\n" + "x" * 299 + "ü", encoding="utf-8")
            self.start(group, "--irc-motd", str(motd), "--irc-admin", "Köln, cellar",
                       "--irc-admin", "The Lab", "--irc-admin", "ops@lab.example")
            ann = self.connect(group.servers[0], "ann")
            ann.send("ADMIN")
            ann.wait_told(" 259 ")
            texts = [line.split(" :", 1)[1] for number in ("372", "257", "258", "259")
                     for line in ann.told(f" {number} ann :")]
            self.assertEqual(texts, ["- Grüß Gott", "- ", "- " + "x" * 299,
                                     "Köln, cellar", "The Lab", "ops@lab.example"])
            self.assertIn(f"warning: lines of {motd} are cut to 300 bytes",
                          group.servers[0].log.read_text())

    def test_a_message_of_the_day_that_nobody_could_read_keeps_a_server_from_starting(self):
        with Group(1) as group, tempfile.TemporaryDirectory() as folder:
            motd = pathlib.Path(folder) / "motd"
            motd.write_bytes(b"Gr\xfc\xdf Gott\n")
            done = group.muster("serve", "--irc-port", "0", "--irc-motd", str(motd))
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, f"INVALID_ARGUMENT: the message of the day in {motd} can't "
                             "be told: line 1 is not UTF-8: convert it, for instance with iconv\n")

    def test_an_irc_operator_is_one_on_every_server_and_survives_the_leader(self):
        with Group(3) as group:
            self.start(group)
            leader = group.leader()
            set_up = group.muster("rmi", leader.address, "chat.oper", "root", "a-long-password",
                                  *group.server_options())
            self.assertEqual(set_up.returncode, 0, set_up.stderr)
            self.assertIn("who says OPER root PASSWORD is an IRC operator", set_up.stdout)
            home = next(each for each in group.servers if each.name != leader.name)
            ann = self.connect(home, "ann", "#den")
            bob = self.connect(home, "bob", "#den", capabilities=("chghost",))
            ann.send("OPER root a-long-passwore")
            ann.wait_told(" 464 ann ")
            ann.send("OPER root a-long-password")
            ann.wait_told(" 381 ann ")
            leader.kill()
            bob.send("MODE bob +w")
            bob.wait_told(" MODE bob +w")
            ann.send("CHGHOST bob staff.example", "WALLOPS :the leader has gone")
            bob.wait_told(":bob!bob@", " CHGHOST bob staff.example")
            bob.wait_told(":ann!ann@", " WALLOPS :the leader has gone")
            ann.send("KILL bob :enough")
            ann.wait_told(":bob!bob@staff.example QUIT :Killed (ann (enough))")
            wait_until(bob.closed.is_set, 20, "the connection to be closed")
            self.assertEqual(bob.lines[-1],
                             "ERROR :Closing Link: staff.example (Killed (ann (enough)))")

    def test_a_server_that_stops_tells_where_to_go(self):
        with Group(2) as group:
            self.start(group)
            ann = self.connect(group.servers[0], "ann", "#den")
            group.servers[0].terminate()
            ann.wait_told("ERROR :")
            wait_until(ann.closed.is_set, 10, "the connection to be closed")
            self.assertEqual(group.servers[0].process.wait(15), 0)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class OtherMachineTest(unittest.TestCase):
    """A client on another machine says who it is to a server of a group with a secret."""

    def told(self, *options):
        """What the client on `b` is told by the server on `a` until that closes or greets it, and
        the server's log."""
        with Network("ab") as network, FreeGroup("", ["--found", "now"]) as group:
            secret = group.folder / "secret"
            secret.write_text("of one mind\n")
            secret.chmod(0o600)
            server = group.add("a", "--secret-file", str(secret), "--irc-port", "6667", *options,
                               namespace=network.namespace("a"), ports=(8888, 8889),
                               host=network.address("a"))
            server.start()
            server.wait_ready()
            told = network["b"].run("python3", "-c", FROM_AFAR, network.address("a"))
            return told, server.words()

    def test_it_is_not_let_in_though_the_group_is_meant_for_other_machines(self):
        told, log = self.told()
        self.assertEqual(told, "")
        self.assertIn("an IRC client at 10.77.0.2 was not let in: only those of this machine are, "
                      "without --irc-open", log)
        self.assertIn("IRC clients of this machine connect to port 6667; --irc-open lets others in",
                      log)

    def test_it_is_let_in_where_that_was_said(self):
        told, log = self.told("--irc-open")
        self.assertIn(" 001 ann :Welcome to the ", told)
        self.assertIn("IRC clients connect to port 6667, from any machine: whoever reaches it is "
                      "let in", log)


if __name__ == "__main__":
    unittest.main()
