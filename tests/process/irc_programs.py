"""The IRC clients irssi, WeeChat (headless) and ii, as people have them, each in a window of tmux.

Each is typed to as by its user and keeps a log of what it showed; `shown()` reads that. irssi and
WeeChat hold lines back against the flood limits of networks: that is switched off, as it would be
for a network of one's own.
"""

import os
import pathlib
import re
import shlex
import signal
import subprocess

from muster_processes import HOST, wait_until

CHANNEL = "#den"


class Tmux:
    """A tmux server of its own, for as long as a test."""

    def __init__(self, folder, environment):
        self.socket = str(pathlib.Path(folder) / "tmux")
        self.environment = {**environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.run("-f", "/dev/null", "new-session", "-d", "-s", "test", "-x", "200", "-y", "50", "cat")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ends itself and all programs in its windows, though WeeChat would stay."""
        for process in self.run("list-panes", "-s", "-t", "test", "-F", "#{pane_pid}").split():
            os.kill(int(process), signal.SIGKILL)

    def run(self, *arguments, stdin=None):
        done = subprocess.run(["tmux", "-S", self.socket, *arguments], env=self.environment,
                              input=stdin, capture_output=True, text=True, check=False, timeout=20)
        if done.returncode != 0:
            raise RuntimeError(f"tmux {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def open(self, name, command, **environment):
        words = [f"{key}={shlex.quote(value)}" for key, value in environment.items()]
        words += ["exec", *map(shlex.quote, command)]
        self.run("new-window", "-d", "-n", name, "-t", "test:", " ".join(words))

    def paste(self, name, text):
        self.run("load-buffer", "-b", name, "-", stdin=text)
        self.run("paste-buffer", "-d", "-b", name, "-t", f"test:{name}")

    def screen(self, name):
        return self.run("capture-pane", "-p", "-t", f"test:{name}")


class Program:
    """One client, at the first of these ports, and at the next when that one is gone."""

    line = re.compile("(?!)")  # `nick` and `text` of one that the log shows.

    def __init__(self, tmux, folder, nick, ports, password=""):
        self.tmux = tmux
        self.nick = nick
        self.ports = ports
        self.password = password
        self.folder = pathlib.Path(folder) / nick
        self.folder.mkdir()
        self.start()

    def log(self):
        try:
            return self.log_file().read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def shown(self):
        """`NICK TEXT` of all that was said in the channel, in the order of the log."""
        found = filter(None, map(self.line.search, self.log().splitlines()))
        return [f"{each['nick']} {each['text']}" for each in found]

    def wait_shown(self, text, seconds=30):
        wait_until(lambda: text in self.log(), seconds,
                   lambda: f"{text!r} at {self.nick}; its log ends:\n{self.log()[-2000:]}\n"
                   + self.tmux.screen(self.nick))


class Irssi(Program):
    line = re.compile(r"^\d\d:\d\d <.(?P<nick>[^>]+)> (?P<text>.*)$")

    def start(self):
        """Its channel is in its second window."""
        (self.folder / "config").write_text(f"""
servers = ({{ address = "{HOST}"; port = "{self.ports[0]}"; chatnet = "muster"; autoconnect = "yes";
  password = "{self.password}"; }});
chatnets = {{ muster = {{ type = "IRC"; nick = "{self.nick}"; }}; }};
channels = ({{ name = "{CHANNEL}"; chatnet = "muster"; autojoin = "yes"; }});
settings = {{
  core = {{ real_name = "{self.nick} in full"; user_name = "{self.nick}"; nick = "{self.nick}"; }};
  "irc/core" = {{ cmd_queue_speed = "1msec"; cmds_max_at_once = "1000"; }};
  "fe-text" = {{ paste_verify_line_count = "0"; }};
  "fe-common/core" = {{ autolog = "yes"; autolog_path = "{self.folder}/$0.log"; autolog_level = "all"; }};
}};
""")
        self.tmux.open(self.nick, ["irssi", f"--home={self.folder}"])

    def log_file(self):
        return self.folder / f"{CHANNEL}.log"

    def say(self, lines):
        self.tmux.paste(self.nick, "".join(f"{line}\n" for line in ("/window goto 2", *lines)))


class WeeChat(Program):
    line = re.compile(r"^[^\t]*\t[~&@%+]?(?P<nick>\w+)\t(?P<text>.*)$")

    def start(self):
        addresses = ",".join(f"{HOST}/{port}" for port in self.ports)
        commands = [
            "/set fifo.file.enabled on",
            f"/set fifo.file.path {self.folder}/fifo",
            "/fifo enable",
            f"/set logger.file.path {self.folder}",
            "/set logger.file.flush_delay 0",
            f"/server add muster {addresses} -nicks={self.nick} -username={self.nick}"
            f" -autojoin={CHANNEL} -autoreconnect_delay=1"
            " -anti_flood_prio_high=0 -anti_flood_prio_low=0"
            + (f" -password={self.password}" if self.password else ""),
            "/connect muster",
        ]
        options = [word for command in commands for word in ("-r", command)]
        self.tmux.open(self.nick, ["weechat-headless", "--stdout", "-d", str(self.folder), *options])

    def log_file(self):
        return self.folder / f"irc.muster.{CHANNEL}.weechatlog"

    def say(self, lines):
        with open(self.folder / "fifo", "w", encoding="utf-8") as fifo:
            fifo.write("".join(f"irc.muster.{CHANNEL} *{line}\n" for line in lines))


class Ii(Program):
    line = re.compile(r"^\d+ <(?P<nick>[^>]+)> (?P<text>.*)$")

    def start(self):
        self.tmux.open(self.nick, ["ii", "-s", HOST, "-p", str(self.ports[0]), "-n", self.nick,
                                   "-i", str(self.folder), "-f", f"{self.nick} in full"])
        wait_until((self.folder / HOST / "in").exists, 20, lambda: self.tmux.screen(self.nick))
        self.write(self.folder / HOST, [f"/j {CHANNEL}"])
        wait_until((self.folder / HOST / CHANNEL / "in").exists, 20, "the channel of ii")

    def log_file(self):
        return self.folder / HOST / CHANNEL / "out"

    @staticmethod
    def write(folder, lines):
        with open(folder / "in", "w", encoding="utf-8") as fifo:
            fifo.write("".join(line + "\n" for line in lines))

    def say(self, lines):
        self.write(self.folder / HOST / CHANNEL, lines)
