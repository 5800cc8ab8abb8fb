"""What `cmake --install` puts somewhere is all that a program outside needs.

MUSTER_BUILD is the built folder; MUSTER_CMAKE and MUSTER_CXX are the tools that built it.
"""

import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("MUSTER_BUILD", ROOT / "build/test"))
CMAKE = os.environ.get("MUSTER_CMAKE", "cmake")
CXX = os.environ.get("MUSTER_CXX", "g++")
VERSION = re.search(r"project\(muster VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="muster-install-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.prefix = cls.folder / "prefix"
        cls.run_program(CMAKE, "--install", BUILD, "--prefix", cls.prefix)

    @staticmethod
    def run_program(*words, **more):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                              check=False, timeout=120, **more)
        if done.returncode != 0:
            raise AssertionError(f"{words} exits with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_a_project_that_finds_the_package_is_built_and_runs(self):
        build = self.folder / "outside"
        self.run_program(CMAKE, "-G", "Ninja", "-S", HERE / "outside", "-B", build,
                         f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={CXX}")
        self.run_program(CMAKE, "--build", build)
        self.assertEqual(self.run_program(build / "outside", self.folder / "data"),
                         f"{VERSION} muster\n")

    def test_a_program_that_asks_pkg_config_is_built_and_runs(self):
        variables = {**os.environ, "PKG_CONFIG_PATH": str(
            next(self.prefix.rglob("muster.pc")).parent)}
        flags = shlex.split(self.run_program("pkg-config", "--cflags", "--libs", "muster",
                                             env=variables))
        program = self.folder / "counter"
        self.run_program(CXX, "-std=c++20", ROOT / "examples/counter/counter.cc", "-o", program,
                         *flags)
        done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("usage: counter"), done.stderr)

    def test_the_program_its_library_headers_and_licence_are_installed(self):
        self.assertEqual(self.run_program(self.prefix / "bin/muster", "version").split(",")[0],
                         f"muster {VERSION}")
        headers = {path.name for path in (self.prefix / "include/muster").iterdir()}
        self.assertEqual(headers, {path.name for path in (ROOT / "include/muster").iterdir()})
        self.assertEqual([path.name for path in self.prefix.rglob("libmuster*")], ["libmuster.a"])
        for name in ("LICENSE", "README.md", "library.md"):
            self.assertTrue((self.prefix / "share/doc/muster" / name).is_file(), name)


if __name__ == "__main__":
    unittest.main()
