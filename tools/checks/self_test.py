"""Proves that each check can fail: a small tree is sound, and each planted violation is found."""

import json
import pathlib
import shutil
import tempfile

from . import compiled, layers, purity
from .tree import Verdict

TABLE = """
| `base` | types | yes | – |
| `raft` | consensus | yes | base |
| `net` | links | no | base |
| `net/testing` | links for tests | no | net, base |
"""
CMAKE = """
muster_folder(base PURE)
muster_folder(raft PURE USES base)
muster_folder(net USES base)
muster_folder(net/testing USES net base)
"""
FILES = {
    "docs/architecture.md": TABLE,
    "cmake/folders.cmake": CMAKE,
    "src/base/ids.h": "#pragma once\nnamespace muster {\nstruct Term {};\n}  // namespace muster\n",
    "src/raft/raft.h": '#pragma once\n\n#include "base/ids.h"\n\nnamespace muster {\n'
                       "struct Raft {\n  Term term;  // Not std::mutex, no getenv.\n};\n"
                       "}  // namespace muster\n",
    "src/raft/raft.cc": '#include "raft/raft.h"\n\n#include "muster/error.h"\n',
    "include/muster/error.h": "#pragma once\n",
    "src/net/link.h": '#pragma once\n\n#include <mutex>\n\n#include "base/ids.h"\n',
    "src/net/testing/fake.h": '#pragma once\n\n#include "net/link.h"\n',
    "src/net/link_test.cc": '#include "net/testing/fake.h"\n',
}


def append(name, text):
    return {name: FILES[name] + text}


# What is planted, and the one check that must find it.
PLANTED = [
    ("layers", append("src/raft/raft.cc", '#include "net/link.h"\n')),
    ("layers", append("src/base/ids.h", '#include "raft/raft.h"\n')),
    ("layers", append("src/net/link.h", '#include "net/testing/fake.h"\n')),
    ("layers", append("src/raft/raft.cc", '#include "raft/no_such_file.h"\n')),
    ("layers", append("include/muster/error.h", '#include "base/ids.h"\n')),
    ("layers", {"src/stray/stray.h": "#pragma once\n"}),
    ("layers", {"docs/architecture.md": TABLE.replace("yes | base", "yes | base, net")}),
    ("layers", {"docs/architecture.md": TABLE.replace("types | yes", "types | no")}),
    ("layers", {"cmake/folders.cmake": CMAKE.replace("net USES base", "net USES base raft")}),
    ("purity", append("src/raft/raft.cc", "#include <mutex>\n")),
    ("purity", append("src/raft/raft.cc", "auto t = std::chrono::steady_clock::now();\n")),
    ("purity", append("src/raft/raft.cc", "std::random_device device;\n")),
    ("purity", append("src/raft/raft.cc", 'auto home = std::getenv("HOME");\n')),
    ("purity", append("src/raft/raft.cc", "auto x() { co_await y(); }\n")),
    ("purity", append("src/raft/raft.cc", 'void f() { spdlog::info("x"); }\n')),
    ("purity", append("src/raft/raft.cc", 'void f() { std::cout << "x"; }\n')),
    ("purity", append("src/raft/raft.cc", "#include <boost/asio.hpp>\n")),
    ("purity", append("src/raft/raft.cc", "#include <fstream>\n")),
    ("purity", append("src/net/link_test.cc", "void f() { std::this_thread::sleep_for(1s); }\n")),
    ("format", append("src/raft/raft.cc", "int   x ;\n")),
    ("headers", append("src/base/ids.h", "inline std::string name;\n")),
    ("tidy", append("src/raft/raft.cc", "struct bad_name {};\n")),
    ("tidy", append("src/raft/raft.h", "struct bad_name {};\n")),
]


def check(root):
    violations = []
    for number, (expected, changes) in enumerate([(None, {}), *PLANTED]):
        with tempfile.TemporaryDirectory() as name:
            tree = pathlib.Path(name)
            plant(tree, {**FILES, **changes}, root)
            problem = judge(tree, expected)
            if problem:
                violations.append(f"planted violation {number} {list(changes)}: {problem}")
    return Verdict(f"{len(PLANTED)} planted violations", violations)


def judge(tree, expected):
    """The sound tree passes all; a planted violation is found by the check that should."""
    kinds = [expected] if expected else ["layers", "purity", "format", "headers", "tidy"]
    for kind in kinds:
        found = run(kind, tree)
        if expected and not found:
            return f"not found by {kind}"
        if not expected and found:
            return f"{kind} complains about a sound tree: {found}"
    return None


def run(kind, tree):
    files = [pathlib.Path(name) for name in FILES if name.startswith("src/")]
    build = tree / "build"
    if kind == "layers":
        return layers.check(tree).violations
    if kind == "purity":
        return purity.check(tree).violations
    if kind == "format":
        return compiled.format_check(tree, files).violations
    if kind == "headers":
        return compiled.headers_check(tree, files, build, None).violations
    some = [path for path in files if path.parts[1] == "raft"]
    return compiled.tidy_check(tree, some, build, None).violations


def plant(tree, files, root):
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in (".clang-format", ".clang-tidy"):
        shutil.copy(root / name, tree / name)
    (tree / "build").mkdir()
    source = str(tree / "src/raft/raft.cc")
    (tree / "build/compile_commands.json").write_text(json.dumps([{
        "directory": str(tree / "build"), "file": source,
        "command": f"g++ -I{tree / 'include'} -I{tree / 'src'} -Winvalid-pch -include {tree}/cmake_pch.hxx "
                   f"-std=c++20 -o raft.o -c {source}"}]))
