"""Includes point down the layers: the table in docs/architecture.md says who may include whom."""

import pathlib
import re

from .tree import Verdict, folder_of, is_test, read_folders, sources, without_comments

# Folders with these names hold what only tests and the simulator use.
TEST_FOLDERS = ("testing", "simulated")

# What programs outside include: every folder may, and these headers include only each other.
PUBLIC = pathlib.Path("include/muster")


def check(root):
    folders = read_folders(root)
    violations = check_table(folders) + check_cmake(root, folders)
    files = [path for path in sources(root) if path.parts[0] in ("src", "sim", "include")]
    for path in files:
        folder = folder_of(path, folders)
        if folder is None and path.parent != PUBLIC:
            violations.append(f"{path}: its folder has no row in docs/architecture.md")
            continue
        text = without_comments((root / path).read_text(), keep_strings=True)
        for number, line in enumerate(text.splitlines(), start=1):
            if match := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
                if problem := judge(root, path, folder, match.group(1), folders):
                    violations.append(f"{path}:{number}: {problem}")
    return Verdict(f"includes of {len(files)} files", violations)


def judge(root, path, folder, included, folders):
    """Why `path` may not include `included`, or None."""
    if (root / PUBLIC.parent / included).is_file():
        return None
    if path.parent == PUBLIC:
        return f'a public header may not include "{included}"'
    target = next((base / included for base in (pathlib.Path("src"), pathlib.Path())
                   if (root / base / included).is_file()), None)
    if included.endswith(".pb.h"):
        target = pathlib.Path("src") / included
    if target is None:
        return f'"{included}" is no file below src/ or the root'
    other = folder_of(target, folders)
    if other is None:
        return f'"{included}" is in a folder without a row in docs/architecture.md'
    if other.name == folder.name:
        return None
    user_is_test = is_test(path) or path.parts[0] == "sim" or folder.name.endswith(TEST_FOLDERS)
    if other.name.endswith(TEST_FOLDERS):
        return None if user_is_test else f'"{included}" is for tests and the simulator only'
    if folder.may_include is None or other.name in folder.may_include:
        return None
    return f"{folder.name} may not include {other.name} (docs/architecture.md)"


def check_table(folders):
    """A row names only rows above it, and a pure folder only pure ones."""
    violations = []
    above = set()
    for folder in folders.values():
        for name in sorted(folder.may_include or ()):
            if name not in above:
                violations.append(f"docs/architecture.md: {folder.name} includes {name}, "
                                  "which is no row above it")
            elif folder.pure and not folders[name].pure:
                violations.append(f"docs/architecture.md: {folder.name} is pure, {name} is not")
        above.add(folder.name)
    return violations


def check_cmake(root, folders):
    """cmake/folders.cmake says the same: purity, and no more uses than the table allows."""
    violations = []
    text = re.sub(r"#[^\n]*", "", (root / "cmake/folders.cmake").read_text())
    for words in re.findall(r"muster_folder\(([^)]*)\)", text):
        name, *rest = words.split()
        if name not in folders:
            violations.append(f"cmake/folders.cmake: {name} has no row in docs/architecture.md")
            continue
        folder = folders[name]
        if folder.pure != ("PURE" in rest):
            violations.append(f"cmake/folders.cmake: {name} is {'not ' * (not folder.pure)}"
                              "pure in docs/architecture.md")
        uses = re.search(r"\bUSES\b(.*?)(?:\b(?:LINKS|PRECOMPILE|PROGRAM|PURE)\b|$)", words, re.DOTALL)
        for use in (uses.group(1).split() if uses else []):
            if folder.may_include is not None and use not in folder.may_include:
                violations.append(f"cmake/folders.cmake: {name} may not use {use}")
    return violations
