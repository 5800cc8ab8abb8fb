"""What the machine is that was measured on, in words for the report."""

import contextlib
import os
import pathlib
import platform
import statistics
import tempfile
import time

from .groups import Failure

SYNCS = 300


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gigabytes():
    line = next(each for each in pathlib.Path("/proc/meminfo").read_text().splitlines()
                if each.startswith("MemTotal"))
    return int(line.split()[1]) / (1 << 20)


def file_system(folder):
    """Its kind, of the mount that lies deepest above the folder."""
    mounts = [line.split()[1:3] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    above = {str(folder), *map(str, folder.parents)}
    return max((each for each in mounts if each[0] in above), key=lambda each: len(each[0]))[1]


@contextlib.contextmanager
def folder_on_disk(parent, prefix):
    """A folder for data that is measured, which is removed afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as name:
        folder = pathlib.Path(name)
        if file_system(folder.resolve()) == "tmpfs":
            raise Failure(f"{folder} is memory, not a disk; name a --folder on a disk")
        yield folder


def sync_microseconds(folder):
    """Median of a small append with `fdatasync`: what a durable write costs at the least."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            begun = time.monotonic_ns()
            os.write(file.fileno(), b"x" * 128)
            os.fdatasync(file.fileno())
            times.append((time.monotonic_ns() - begun) / 1e3)
    return statistics.median(times)


def describe(folder):
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} cores ({processor()}), {memory_gigabytes():.0f} GB, Linux "
            f"{platform.release().split('-')[0]}, data on {file_system(folder.resolve())}, where a "
            f"small append with `fdatasync` takes {sync_microseconds(folder):.0f} µs; load average "
            f"at the start {load:.1f}")
