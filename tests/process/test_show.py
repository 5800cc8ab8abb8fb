"""`tools/show`: writes, kills the leader, starts it again, and finds everything on all servers."""

import pathlib
import re
import subprocess
import sys
import unittest

from muster_processes import clean_environment, default_binary

SHOW = pathlib.Path(__file__).resolve().parents[2] / "tools" / "show"


class ShowTest(unittest.TestCase):
    def test_everything_acknowledged_is_on_all_servers_once(self):
        done = subprocess.run([sys.executable, "-B", str(SHOW), default_binary(), "--seconds", "3"],
                              env=clean_environment(), stdin=subprocess.DEVNULL, timeout=55,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"of these lost +0\n")
        self.assertRegex(done.stdout, r"of these taken twice +0\n")
        self.assertRegex(done.stdout, r"all three servers at entry \d+: equal digests")
        self.assertGreater(int(re.search(r"acknowledged +([\d,]+)\n", done.stdout)[1]
                               .replace(",", "")), 1_000)


if __name__ == "__main__":
    unittest.main()
