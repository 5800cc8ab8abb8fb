"""What a server or client that cannot go on says, and what it exits with."""

import os
import pathlib
import shutil
import socket
import stat
import subprocess
import tempfile
import unittest

from muster_processes import HOST, Group, Process, free_ports


class RefusalsTest(unittest.TestCase):
    def serve(self, group, *options, seconds=15):
        """Runs a server that is expected to end by itself; returns exit code and its words."""
        log = group.folder / "refused.log"
        log.unlink(missing_ok=True)
        process = Process([group.binary, "serve", "--bind", HOST, *group.discovery, *options],
                          log, group.environment())
        group.others.append(process)
        code = process.wait(seconds)
        group.others.remove(process)
        return code, log.read_text(errors="replace")

    def serve_alone(self, group, data, *options, **more):
        port, peer_port = free_ports(2)
        return self.serve(group, "--tcp-port", str(port), "--peer-port", str(peer_port), "--found",
                          "now", "--data", str(data), *options, **more)

    def test_a_port_that_is_taken_is_named_with_the_next_free_pair(self):
        with Group(1) as group, socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            code, words = self.serve(group, "--tcp-port", str(port), "--data",
                                     str(group.folder / "x"))
            self.assertEqual(code, 1, words)
            self.assertIn(str(port), words)
            self.assertIn("--tcp-port", words)

    def test_a_port_that_a_muster_server_holds_is_told_with_its_name(self):
        with Group(1, options=["--found", "now"]) as group:
            group.start()
            server = group.servers[0]
            code, words = self.serve(group, "--tcp-port", str(server.port), "--data",
                                     str(group.folder / "x"))
            self.assertEqual(code, 1, words)
            self.assertIn(str(server.port), words)
            self.assertIn(f"muster server {server.name}", words.lower())

    def test_a_data_folder_in_use_is_refused(self):
        with Group(1, options=["--found", "now"]) as group:
            group.start()
            code, words = self.serve_alone(group, group.servers[0].folder)
            self.assertEqual(code, 1, words)
            self.assertIn(str(group.servers[0].folder), words)
            self.assertTrue(group.servers[0].running)

    @unittest.skipIf(os.geteuid() == 0 and shutil.which("setpriv") is None,
                     "root may write everywhere")
    def test_a_data_folder_that_cannot_be_read_is_refused(self):
        with Group(1) as group:
            group.folder.chmod(0o755)
            data = group.folder / "private"
            data.mkdir(mode=0)
            command = [group.binary, "serve", "--bind", HOST, "--tcp-port", "0", "--found", "now",
                       "--data", str(data)]
            if os.geteuid() == 0:
                command = ["setpriv", "--reuid", "65534", "--clear-groups", *command]
                if not reachable_by_others(group.binary):
                    self.skipTest("another user cannot reach the program")
            done = subprocess.run(command, capture_output=True, text=True, timeout=15,
                                  stdin=subprocess.DEVNULL, env=group.environment())
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(str(data), done.stderr)
            data.chmod(0o700)

    def test_a_data_folder_without_its_identity_is_refused(self):
        with Group(1, options=["--found", "now"]) as group:
            server = group.servers[0]
            server.start()
            server.wait_ready()
            server.kill()
            (server.folder / "identity").unlink()
            logs = {each: each.read_bytes() for each in server.folder.glob("log-*")}
            code, words = self.serve_alone(group, server.folder)
            self.assertEqual(code, 1, words)
            self.assertIn("identity", words)
            self.assertEqual({each: each.read_bytes() for each in logs}, logs)

    def test_a_full_disk_stops_the_server_with_a_clear_message(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small file system takes root's rights")
        disk = tempfile.mkdtemp(prefix="muster_disk_")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            os.rmdir(disk)
            self.skipTest("cannot mount here: " + mounted.stderr.strip())
        try:
            with Group(1, options=["--found", "now"], parent=disk) as group:
                group.start()
                server = group.servers[0]
                group.muster("bench", "--server", server.address, "--size", "60000", "--in-flight",
                             "32", "--duration", "8s", "--warm-up", "0", "--timeout", "2s")
                self.assertEqual(server.process.wait(20), 1, server.log_tail())
                self.assertIn("no space", server.log_tail().lower())
        finally:
            subprocess.run(["umount", disk], check=True)
            os.rmdir(disk)

    def test_secrets_must_be_equal_on_both_sides(self):
        with Group(1, options=["--found", "now"]) as group:
            secret, wrong = group.folder / "secret", group.folder / "wrong"
            for path, text in ((secret, "correct horse"), (wrong, "battery staple")):
                path.write_text(text + "\n")
                path.chmod(stat.S_IRUSR)
            group.options += ["--secret-file", str(secret)]
            group.start()
            server = ("--server", group.servers[0].address)

            right = group.muster("status", *server, "--secret-file", str(secret))
            self.assertEqual(right.returncode, 0, right.stderr)
            for options in (["--secret-file", str(wrong)], []):
                refused = group.muster("status", *server, *options)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("UNAUTHENTICATED", refused.stderr)
                self.assertIn("secret", refused.stderr)
            missing = group.muster("status", *server, "--secret-file", str(group.folder / "none"))
            self.assertEqual(missing.returncode, 1)
            self.assertIn("none", missing.stderr)

    def test_open_warns_that_anybody_is_let_in(self):
        with Group(1, options=["--found", "now", "--open"]) as group:
            group.start()
            self.assertIn("--open", group.servers[0].log_tail(50))
            self.assertEqual(group.muster("status", *group.server_options()).returncode, 0)

    def test_secret_and_open_together_are_bad_usage(self):
        with Group(1) as group:
            secret = group.folder / "secret"
            secret.write_text("x\n")
            done = group.muster("serve", "--secret-file", str(secret), "--open")
            self.assertEqual(done.returncode, 2, done.stderr)

    def test_no_server_is_exit_1_and_names_the_remedy(self):
        with Group(1) as group:
            for command in ("status", "members", "bench"):
                done = group.muster(command, *group.server_options())
                self.assertEqual(done.returncode, 1, command)
                self.assertIn("--server", done.stderr)
                self.assertIn("muster serve", done.stderr)

    def test_bad_usage_is_exit_2(self):
        with Group(1) as group:
            for arguments in (["nonsense"], ["status", "--nonsense"], ["bench", "--size", "-1"],
                              ["bench", "--in-flight", "5000"], ["status", "--server", "nowhere"],
                              ["bench", "--duration", "3"], ["members", "--group", ""],
                              ["snapshot", "--group=", "--json"], ["set", "--tag", "rack"],
                              ["serve", "--heartbeat-interval", "1s", "--election-timeout", "2s"],
                              ["foo", "--help"], ["help", "foo"], ["watch", "--from", "-1"],
                              ["dissolve", "--into", "foo"], ["rmi", "99999"],
                              ["rmi", "host:99999"], ["snapshot", "99999"],
                              ["wait", "--servers", "-1"], ["chat", "--history", "x"]):
                done = group.muster(*arguments)
                self.assertEqual(done.returncode, 2, (arguments, done.stderr))
                self.assertNotEqual(done.stderr, "", arguments)

    def test_what_serve_cannot_use_is_bad_usage_with_the_remedy(self):
        with Group(1) as group:
            for options, remedy in (
                    (["--tcp-port", "abc"], "write a number from 0 to 65535"),
                    (["--tcp-port", "65535"], "give --peer-port too"),
                    (["--tcp-port", "7100", "--peer-port", "7100"], "for instance 7101"),
                    (["--advertise", "foo:99999"], "--advertise"),
                    (["--multicast-address", "10.0.0.1"], "239.192.77.85"),
                    (["--bind", "nosuch"], "write one of this machine's"),
                    (["--interface", "nosuch0"], "it has lo"),
                    (["--name", "all"], "stands for every server"),
                    (["--name", "7100"], "stands for a port of this machine"),
                    (["--discovery-window", "0"], "at least 1ms")):
                done = group.muster("serve", *options)
                self.assertEqual(done.returncode, 2, (options, done.stderr))
                self.assertIn(remedy, done.stderr, options)

    def test_a_word_that_is_no_command_names_the_nearest(self):
        with Group(1) as group:
            done = group.muster("staus")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr, "there is no command staus; did you mean status? "
                                          "muster --help lists them\n")

    def test_alone_it_prints_five_lines_and_help_is_success(self):
        with Group(1) as group:
            alone = group.muster()
            self.assertEqual((alone.returncode, len(alone.stdout.splitlines())), (0, 5))
            self.assertEqual(group.muster("help").stdout, alone.stdout)
            for arguments in (["--help"], ["bench", "--help"], ["version"], ["help", "bench"]):
                self.assertEqual(group.muster(*arguments).returncode, 0, arguments)
            self.assertEqual(group.muster("--version").stdout, group.muster("version").stdout)
            self.assertNotRegex(group.muster("bench", "--help").stdout, r"UINT|FLOAT| in \[")


def reachable_by_others(path):
    path = pathlib.Path(path).resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in [path, *path.parents])


if __name__ == "__main__":
    unittest.main()
