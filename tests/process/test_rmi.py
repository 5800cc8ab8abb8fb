"""`muster rmi`: every method on one server and on all, a dead and a stopped one among them."""

import json
import unittest

from muster_processes import Group, wait_until

OF_SERVICES = ["auction.extend", "auction.pause", "auction.resume", "chat.oper",
               "chat.oper.remove", "mobility.cancel"]
METHODS = ["history", "log-level", "queue", "report", "sessions", "snapshot", "stats", "version",
           "view"]


def answers(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


class RmiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.group = cls.enterClassContext(Group(3))
        cls.group.start()
        wait_until(lambda: all(each.status()["writable"] for each in cls.group.servers), 20,
                   "a leader")

    def rmi(self, target, *arguments, **more):
        return self.group.muster("rmi", target, *arguments, "--server",
                                 self.group.servers[0].address, **more)

    def ask(self, target, *arguments):
        """The one answer, which must be a success."""
        done = self.rmi(target, *arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        [answer] = answers(done)
        self.assertEqual(set(answer), {"server", "number", "address", "method", "code", "message",
                                       "tookMs", "type", "result"})
        self.assertEqual((answer["code"], answer["message"]), ("OK", ""))
        return answer

    def test_each_method_answers_on_one_server_and_on_all(self):
        listed = self.ask("a")
        self.assertEqual([each["name"] for each in listed["result"]["methods"]],
                         sorted(OF_SERVICES + METHODS))
        for method in METHODS:
            self.assertEqual(self.ask("a", method)["server"], "a")
            done = self.rmi("all", method, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(each["server"] for each in answers(done)), ["a", "b", "c"])
            for each in answers(done):
                self.assertEqual((each["method"], each["code"]), (method, "OK"))
            text = self.rmi("a", method)
            self.assertEqual((text.returncode, text.stderr), (0, ""))
            self.assertNotEqual(text.stdout, "")

    def test_what_the_auction_does_by_name_is_done_by_the_leader(self):
        group = self.group
        leader = group.leader()
        lot = group.muster("auction", "open", "a clock", "--start", "10", "--as", "sue",
                           *group.server_options()).stdout.split()[0]
        other = group.followers()[0]
        refused = self.rmi(other.name, "auction.pause", lot)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("FAILED_PRECONDITION: only the main server does this: ask "
                      f"{leader.name}, with: muster rmi {leader.address} auction.pause",
                      refused.stderr)
        for method, arguments, state in (("auction.pause", [], "PAUSED"),
                                         ("auction.resume", [], "OPEN"),
                                         ("auction.extend", ["90s"], "OPEN")):
            report = self.ask(leader.name, method, lot, *arguments)["result"]
            self.assertEqual(report["message"], f"lot {lot} is {state}")
            self.assertGreater(report["index"], 0)
        again = self.rmi(leader.name, "auction.resume", lot)
        self.assertEqual(again.returncode, 1)
        self.assertIn("FAILED_PRECONDITION", again.stderr)

    def test_a_target_is_a_name_a_number_an_id_an_address_or_a_port(self):
        server = self.group.servers[1]
        known = self.ask("b", "report")["result"]
        for target in ("b", f"#{known['number']}", known["serverId"], server.address,
                       str(server.port)):
            self.assertEqual(self.ask(target, "report")["result"]["server"], "b")
        done = self.rmi("nobody", "report")
        self.assertEqual(done.returncode, 1)
        self.assertIn("NOT_FOUND: no server is called nobody", done.stderr)

    def test_results_are_true(self):
        server = self.group.servers[0]
        report = self.ask("a", "report")["result"]
        status = server.status()
        self.assertEqual((report["server"], report["group"], report["groupId"], report["leader"]),
                         ("a", self.group.name, status["groupId"], status["leader"]))
        self.assertEqual(report["processId"], server.process.process.pid)
        self.assertEqual(report["dataFolder"], str(server.folder))
        view = self.ask("a", "view")["result"]
        self.assertEqual(sorted(each["name"] for each in view["servers"]), ["a", "b", "c"])
        program = json.loads(self.group.muster("version", "--json").stdout)
        self.assertEqual(self.ask("a", "version")["result"], program)
        history = self.ask("a", "history", "group", "1")["result"]
        self.assertEqual(len(history["events"]), 1)
        self.assertRegex(history["events"][0]["text"], "^election: cause=")
        self.assertEqual(self.ask("a", "history", "chat/none")["result"]["events"], [])

    def test_history_has_words_for_clients_and_rooms_too(self):
        said = self.group.muster("chat", "ann", "--room", "den", "--send", "hello")
        self.assertEqual(said.returncode, 0, said.stderr)
        for topic, words in (("sessions", r"^ann \(chat\) came to [abc]$"), ("chat/den", "^ann: hello$")):
            texts = [each["text"] for each in self.ask("a", "history", topic)["result"]["events"]]
            self.assertRegex("\n".join(texts), f"(?m){words}")
            self.assertNotIn("", texts)

    def test_counters_count(self):
        leader = self.group.servers[0].status()["leader"]
        other = next(each for each in self.group.servers if each.name != leader)
        before = {name: self.ask(name, "stats")["result"] for name in (leader, other.name)}
        load = self.group.start_load("--clients", "2", "--duration", "500ms", servers=[other])
        during = self.ask(other.name, "sessions")["result"]
        self.group.finish_load(load)
        after = {name: self.ask(name, "stats")["result"] for name in (leader, other.name)}

        def grown(name, field):
            return after[name][field] - before[name][field]
        self.assertGreaterEqual(during["total"], 2)
        self.assertIn(other.name, [each["home"] for each in during["sessions"]])
        self.assertGreater(grown(other.name, "batchesFromClients"), 0)
        self.assertEqual(grown(other.name, "batchesForwarded") > 0, True)
        self.assertGreater(grown(leader, "batchesTakenIn"), 0)
        self.assertGreater(grown(leader, "heartbeatsSent"), 0)
        self.assertGreater(grown(other.name, "heartbeatsReceived"), 0)
        for name in (leader, other.name):
            self.assertGreater(grown(name, "bytesReceived"), 1_000)
            self.assertGreater(grown(name, "loopSteps"), 10)
            self.assertGreater(after[name]["loopStepMaxUs"], 0)
        self.assertGreaterEqual(sum(self.ask(each.name, "stats")["result"]["electionsWon"]
                                    for each in self.group.servers), 1)

    def test_the_log_level_changes_while_it_runs(self):
        server = self.group.servers[2]
        self.assertEqual(self.ask("c", "log-level")["result"]["level"], "info")
        self.assertNotIn("append request", server.log.read_text())
        self.assertEqual(self.ask("c", "log-level", "DEBUG")["result"],
                         {"level": "debug", "before": "info"})
        wait_until(lambda: "append re" in server.log.read_text(), 10, "protocol messages in the log")
        self.assertEqual(self.ask("c", "log-level", "info")["result"]["before"], "debug")

    def test_what_makes_no_sense_is_refused_with_what_would(self):
        for arguments, code, words in (
                (["sttas"], "NOT_FOUND", "did you mean stats?"),
                (["log-level", "loud"], "INVALID_ARGUMENT",
                 "usage: log-level [debug|info|warning|error|critical]"),
                (["sessions", "0"], "INVALID_ARGUMENT", "a whole number from 1 to 1000"),
                (["version", "x"], "INVALID_ARGUMENT", "version takes 0 arguments, not 1"),
                (["history", "x" * 2_000], "RESOURCE_EXHAUSTED", "1024 bytes")):
            done = self.rmi("a", *arguments)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertTrue(done.stderr.startswith(code + ": "), done.stderr)
            self.assertIn(words, done.stderr)
            [answer] = answers(self.rmi("a", *arguments, "--json"))
            self.assertEqual((answer["code"], answer["result"]), (code, None))


class DeadServerTest(unittest.TestCase):
    def test_a_dead_and_a_stopped_server_have_an_answer_in_time(self):
        with Group(3) as group:
            group.start()
            a, b, c = group.servers
            b.kill()
            c.pause()
            done = group.muster("rmi", "all", "version", "--json", "--timeout", "1s", "--server",
                                a.address, seconds=20)
            self.assertEqual(done.returncode, 1)
            by_name = {each["server"]: each for each in answers(done)}
            self.assertEqual(by_name["a"]["code"], "OK")
            self.assertEqual(by_name["b"]["code"], "UNAVAILABLE")
            self.assertIn(by_name["c"]["code"], ("DEADLINE_EXCEEDED", "UNAVAILABLE"))
            self.assertLess(max(each["tookMs"] for each in by_name.values()), 3_000)
            text = group.muster("rmi", "all", "version", "--timeout", "1s", "--server", a.address)
            self.assertEqual(text.returncode, 1)
            self.assertIn("schema version", text.stdout)
            self.assertIn(b.address, text.stderr)


if __name__ == "__main__":
    unittest.main()
