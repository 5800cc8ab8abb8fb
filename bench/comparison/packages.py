"""Debian packages of other makes: which are missing, and how they come without their services."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

from .groups import Failure

POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
REFUSES_SERVICES = "#!/bin/sh\nexit 101\n"


def missing(names):
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
                          capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in said.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def as_root(command, **options):
    if os.geteuid() != 0:
        command = ["sudo", *command]
    return subprocess.run(command, check=True, **options)


@contextlib.contextmanager
def no_services():
    """Packages of servers start them when they are installed, unless this file forbids it."""
    if POLICY.exists():  # The administrator's word counts.
        yield
        return
    as_root(["tee", str(POLICY)], input=REFUSES_SERVICES, text=True, stdout=subprocess.DEVNULL)
    as_root(["chmod", "755", str(POLICY)])
    try:
        yield
    finally:
        as_root(["rm", str(POLICY)])


def install(names, asked):
    """Installs what is missing of these. `asked`: it was agreed to on the command line."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        raise Failure("This is no Debian, whose packages the servers compared come from. On "
                      "Debian 12 they are: " + " ".join(names))
    wanted = missing(names)
    if not wanted:
        return
    print(f"Needed and not installed: {' '.join(wanted)}", flush=True)
    if not asked:
        if not sys.stdin.isatty():
            raise Failure("say --yes to have them installed, or type: apt-get install "
                          "--no-install-recommends " + " ".join(wanted))
        if input("Install them, without starting their services? [y/N] ").lower() != "y":
            raise Failure("nothing was installed")
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        raise Failure("installing takes root's rights; as root, type: apt-get install "
                      "--no-install-recommends " + " ".join(wanted))
    try:
        as_root(["apt-get", "update", "-qq"], stdin=subprocess.DEVNULL)
        with no_services():
            as_root(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y",
                     "--no-install-recommends", *wanted], stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as problem:
        raise Failure(f"installing failed: {' '.join(problem.cmd)} exited with "
                      f"{problem.returncode}") from None
