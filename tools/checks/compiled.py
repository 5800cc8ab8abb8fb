"""The checks that run a foreign program per file: format, headers that compile alone, clang-tidy."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import time

from .tree import Verdict

CLANG_FORMAT = "clang-format-14"
CLANG_TIDY = "clang-tidy-14"
# What needs foreign libraries that Muster does not need: only a build that has it can check it.
WHERE_BUILT = pathlib.Path("bench/peers")


def format_check(root, files, fix=False):
    """clang-format leaves every file as it is; with `fix` it makes it so."""
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]
    violations = []
    for first in range(0, len(files), 50):
        some = [str(path) for path in files[first:first + 50]]
        done = subprocess.run([CLANG_FORMAT, "--style=file", *mode, *some], cwd=root,
                              capture_output=True, text=True, check=False)
        bad = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error: code should", done.stderr, re.M)))
        violations += [f"{name}: not formatted; tools/check --fix does it" for name in bad]
        if done.returncode != 0 and not bad:
            violations.append(done.stderr.strip())
    return Verdict(f"{len(files)} files", violations)


def headers_check(root, files, build, deadline):
    """Every header compiles as the only thing that is included."""
    headers = [path for path in files if path.suffix == ".h"]
    commands = read_commands(build)

    def compile_alone(path):
        flags = include_flags(path, root, commands)
        done = subprocess.run(["g++", *flags, "-w", "-fsyntax-only", "-x", "c++", str(path)],
                              cwd=root, capture_output=True, text=True, check=False)
        return done.returncode == 0, f"{path}: does not compile alone\n{done.stderr.strip()}"

    return for_each(headers, compile_alone, deadline, "headers")


def tidy_check(root, files, build, deadline):
    """clang-tidy, with the settings of .clang-tidy, on the sources (a header through a source)."""
    database = write_tidy_database(build)
    units = list(dict.fromkeys(
        unit for path in files if (unit := unit_of(root, path)) is not None))

    commands = read_commands(build)
    built = {pathlib.Path(command["file"]) for command in commands}
    units = [path for path in units if path.parent != WHERE_BUILT or root / path in built]

    def tidy(path):
        how = ["-p", str(database), str(root / path)]
        if root / path not in built:  # As what needs more packages; it is compiled like its like.
            how = [str(root / path), "--", "-std=c++20", *include_flags(path, root, commands)]
        done = subprocess.run([CLANG_TIDY, "--quiet", *how],
                              cwd=root, capture_output=True, text=True, check=False)
        return done.returncode == 0, f"{path}:\n{done.stdout.strip() or done.stderr.strip()}"

    return for_each(units, tidy, deadline, "sources")


def for_each(items, judge, deadline, what):
    """Judges the items side by side, in order, starting none after `deadline` (or None)."""

    def judge_in_time(item):
        if deadline is not None and time.monotonic() > deadline:
            return None
        return judge(item)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(judge_in_time, items))
    done = sum(result is not None for result in results)
    looked_at = f"{done} {what}"
    if done < len(items):
        looked_at += f", newest first, until the time was up ({len(items) - done} not checked)"
    return Verdict(looked_at, [result[1] for result in results if result and not result[0]])


def read_commands(build):
    """A compile command for each file, also where the build compiles several of them at once."""
    commands = []
    for command in json.loads((build / "compile_commands.json").read_text()):
        together = command["file"]
        if "/Unity/unity_" not in together:
            commands.append(command)
            continue
        for name in re.findall(r'^#include "(.+)"', pathlib.Path(together).read_text(), re.M):
            commands.append({**command, "file": name,
                             "command": command["command"].replace(together, name)})
    return commands


def include_flags(path, root, commands):
    """Where a header of this folder finds what it includes: as the sources beside it do."""
    beside = [command for command in commands
              if pathlib.Path(command["file"]).parent == (root / path).parent]
    flags = []
    for command in beside or commands:
        words = iter(shlex.split(command["command"]))
        for word in words:
            if word == "-isystem":
                flags.append(f"-isystem{next(words)}")
            elif word.startswith(("-I", "-D", "-std=")):
                flags.append(word)
    return list(dict.fromkeys([*flags, f"-I{root / 'include'}", f"-I{root / 'src'}", f"-I{root}"]))


def unit_of(root, path):
    """The source through which clang-tidy sees this file, or None for a header nobody includes."""
    if path.suffix == ".cc":
        return path
    for end in (".cc", "_test.cc"):
        beside = path.with_name(path.stem + end)
        if (root / beside).is_file():
            return beside
    name = path.relative_to(path.parts[0]) if path.parts[0] in ("src", "include") else path
    included = f'#include "{name}"'
    below = "src" if path.parts[0] == "include" else path.parts[0]
    for source in sorted((root / below).rglob("*.cc")):
        if included in source.read_text():
            return source.relative_to(root)
    return None


def write_tidy_database(build):
    """The compile commands without what only g++ knows: its precompiled headers and a warning."""
    commands = read_commands(build)
    for command in commands:
        command["command"] = re.sub(r" -include \S*cmake_pch\.hxx", "", command["command"]).replace(
            " -Winvalid-pch", "").replace(" -Wno-maybe-uninitialized", "")
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    kept = [command for command in commands if "cmake_pch" not in command["file"]]
    (folder / "compile_commands.json").write_text(json.dumps(kept, indent=1))
    return folder
