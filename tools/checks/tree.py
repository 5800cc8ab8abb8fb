"""The tree being checked: its files, and the table of folders in docs/architecture.md."""

import dataclasses
import pathlib
import re
import subprocess


@dataclasses.dataclass(frozen=True)
class Folder:
    """A row of the table. `may_include` is None for a folder that may include all others."""

    name: str
    pure: bool
    may_include: frozenset[str] | None


@dataclasses.dataclass
class Verdict:
    """What one check found: a message per violation, and in plain words what was looked at."""

    looked_at: str
    violations: list[str]


def read_folders(root):
    """The rows `| `name` | what | pure | a, b |` of the table, by name, in the table's order."""
    row = re.compile(r"^\| `([a-z/]+)` \|[^|]*\| (yes|no) \| ([^|]+) \|$")
    folders = {}
    for line in (root / "docs/architecture.md").read_text().splitlines():
        if match := row.match(line):
            name, pure, names = match.groups()
            names = names.strip()
            may = None if names == "all" else frozenset(re.findall(r"[a-z/]+", names))
            folders[name] = Folder(name, pure == "yes", may)
    if not folders:
        raise SystemExit("docs/architecture.md has no table of folders that tools/check can read")
    return folders


def sources(root):
    """Every C++ file under version control or new there, relative to the root."""
    if (root / ".git").exists():
        out = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
        paths = [pathlib.Path(line) for line in out]
    else:
        paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return sorted(p for p in paths if p.suffix in (".cc", ".h") and (root / p).is_file())


def is_test(path):
    """Tests and fuzz targets are no part of the product."""
    return re.search(r"_(test|fuzz)\.cc$", path.name) is not None


def folder_of(path, folders):
    """The row for a file: the longest name that its path below src/ (or the root) begins with."""
    parts = path.parts[1:-1] if path.parts[0] == "src" else path.parts[:-1]
    for length in range(len(parts), 0, -1):
        if (name := "/".join(parts[:length])) in folders:
            return folders[name]
    return None


def without_comments(text, keep_strings=False):
    """The code alone; lines keep their numbers. String literals become empty unless kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)

    def replace(match):
        found = match.group()
        if found.startswith('"'):
            return found if keep_strings else '""'
        return "\n" * found.count("\n")

    return pattern.sub(replace, text)
