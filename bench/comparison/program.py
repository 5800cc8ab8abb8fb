"""What the programs of this folder have in common: they build, say how far they are, write results
and end in order."""

import argparse
import contextlib
import datetime
import json
import signal
import subprocess
import sys
import time

from .groups import Failure, root

BUILD = root / "build" / "compare"
BINARY = BUILD / "muster"
CLIENTS = BUILD / "bench"


class Progress:
    """Says on standard error what was measured, how much is left, and about how long it takes."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.begun = time.monotonic()

    def say(self, words):
        self.done += 1
        left = (time.monotonic() - self.begun) / self.done * (self.total - self.done)
        print(f"[{self.done}/{self.total}, about {left / 60:.0f} min left] {words}",
              file=sys.stderr, flush=True)


def run_checked(command, what):
    done = subprocess.run(list(map(str, command)), cwd=root, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise Failure(f"{what} failed: {' '.join(map(str, command))}\n{tail}")


def build(peers, targets):
    """The program and these targets, in a folder of their own. `peers`: makes that get a driver."""
    print("configuring and building", file=sys.stderr, flush=True)
    run_checked(["tools/packages", "build"], "installing what Muster needs")
    run_checked(["cmake", "--preset", "release", "-B", BUILD, "-DMUSTER_TESTS=OFF",
                 f"-DMUSTER_PEERS={';'.join(peers)}"], "configuring")
    command = ["tools/build", str(BUILD), "muster", *targets]
    if subprocess.run(command, cwd=root, check=False).returncode != 0:  # Shows how far it is.
        raise Failure(f"building failed: {' '.join(command)}")


def commit():
    said = subprocess.run(["git", "-C", str(root), "rev-parse", "--short=8", "HEAD"],
                          capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "-C", str(root), "status", "--porcelain", "-uno"],
                             capture_output=True, text=True, check=False)
    if said.returncode != 0:
        return "unversioned"
    return said.stdout.strip() + ("-changed" if changed.stdout else "")


def results_folder():
    return root / "bench" / "results" / f"{datetime.date.today()}-{commit()}"


def write_results(folder, name, words, drawn, measurements):
    """A report in Markdown, its picture if there is one, and every single measurement."""
    folder.mkdir(parents=True, exist_ok=True)
    if drawn:
        (folder / f"{name}.svg").write_text(drawn)
    lines = ",\n".join(json.dumps(each) for each in measurements)
    (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")
    (folder / f"{name}.md").write_text("\n".join(words))
    print(f"written: {folder / f'{name}.md'}")


def positive(convert):
    """The type of an argument that is a number above zero."""
    def parsed(text):
        with contextlib.suppress(ValueError):
            if (number := convert(text)) > 0:
                return number
        raise argparse.ArgumentTypeError(f"{text}: expected a number above zero")
    return parsed


@contextlib.contextmanager
def going_on(part, problems):
    """A part that breaks off is told and noted among `problems`; what comes after it goes on."""
    try:
        yield
    except Failure as problem:
        print(f"{part} broke off: {problem}", file=sys.stderr, flush=True)
        problems.append(f"{part}: {problem}")


def run(name, work):
    """The exit code of `work`, which ends what it started also when it is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        work()
    except Failure as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
