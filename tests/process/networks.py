"""Network namespaces as machines: each with an address of its own on one bridge.

Needs root's rights, `ip` (iproute2) and, to drop packets, `nft` (nftables). Whatever is made here
is taken away again: a namespace by its name, which no other run has.
"""

import json
import os
import shutil
import subprocess
import time


def why_not():
    """Why namespaces cannot be made here, or nothing."""
    if shutil.which("ip") is None or shutil.which("nft") is None:
        return "needs ip and nft: apt-get install iproute2 nftables"
    name = f"probe{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode != 0:
        return "network namespaces are not permitted here: " + tried.stderr.strip()
    subprocess.run(["ip", "netns", "delete", name], check=True)
    return ""


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """One network stack with loopback up."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command, text=None):
        return run("ip", "netns", "exec", self.name, *command, text=text)

    def filter(self, rules):
        """Replaces what is dropped, in both directions: rules of nft, one a line."""
        chains = "".join(
            f"chain {hook} {{ type filter hook {hook} priority 0; policy accept;\n{rules}\n}}\n"
            for hook in ("input", "output"))
        self.run("nft", "-f", "-", text="table inet test\ndelete table inet test\n"
                 f"table inet test {{\n{chains}}}\n")

    def pass_all(self):
        self.run("nft", "-f", "-", text="table inet test\ndelete table inet test\n")

    def remove(self):
        run("ip", "netns", "delete", self.name)


class Network:
    """Namespaces `names` on one bridge; use as a context. `multicast`: whether their interfaces
    do multicast, else only broadcast is left."""

    def __init__(self, names="", multicast=True):
        self.prefix = f"m{os.getpid()}x{time.monotonic_ns() // 1000 % 100_000}"
        self.names = list(names)
        self.multicast = multicast
        self.spaces = {}

    def __enter__(self):
        try:
            return self._build()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def _build(self):
        if not self.names:
            self.spaces["lo"] = Namespace(self.prefix + "lo")
            return self
        switch = self.spaces["switch"] = Namespace(self.prefix + "sw")
        switch.run("ip", "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
        switch.run("ip", "link", "set", "bridge", "up")
        for i, name in enumerate(self.names):
            space = self.spaces[name] = Namespace(self.prefix + name)
            switch.run("ip", "link", "add", "port" + name, "type", "veth", "peer", "name", "eth0",
                       "netns", space.name)
            switch.run("ip", "link", "set", "port" + name, "master", "bridge", "up")
            space.run("ip", "address", "add", f"10.77.0.{i + 1}/24", "broadcast", "10.77.0.255",
                      "dev", "eth0")
            if not self.multicast:
                space.run("ip", "link", "set", "eth0", "multicast", "off")
            space.run("ip", "link", "set", "eth0", "up")
        return self

    def __exit__(self, kind, value, trace):
        for space in self.spaces.values():
            space.remove()

    def __getitem__(self, name):
        return self.spaces[name]

    def namespace(self, name):
        return self.spaces[name].name

    def address(self, name):
        return f"10.77.0.{self.names.index(name) + 1}"

    def sent(self, name, interface="lo"):
        """Bytes that an interface has sent."""
        shown = json.loads(self.spaces[name].run("ip", "-json", "-statistics", "link", "show",
                                                 interface))
        return shown[0]["stats64"]["tx"]["bytes"]
